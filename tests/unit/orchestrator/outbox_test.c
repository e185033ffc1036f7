/* outbox_test.c -- fresh, ready, sending, sent, trimming, gone; and the ways out of it. */
#include "orchestrator/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct oc_outbox outbox;
    struct mr_topics topics;
    struct asl_arena arena;
    struct mr_batch_op *ops;
    size_t count, cap;
};

static void setup(struct fixture *f)
{
    *f = (struct fixture){0};
    mr_topics_init(&f->topics, "millrace");
    oc_outbox_init(&f->outbox, NULL);
}

static void teardown(struct fixture *f)
{
    oc_outbox_release(&f->outbox);
    asl_arena_release(&f->arena);
    free(f->ops);
}

static void add_task(struct fixture *f, const char *field)
{
    const struct oc_new_effect task = {OC_EFFECT_TASK, field, "image", "j", "{}", 2};

    assert_int_equal(oc_outbox_add(&f->outbox, &task, &f->topics, NULL), MR_OK);
}

static size_t write_all(struct fixture *f)
{
    f->count = 0;
    assert_int_equal(oc_outbox_write(&f->outbox, &f->arena, &f->ops, &f->count, &f->cap, NULL),
                     MR_OK);
    return f->count;
}

static struct oc_effect *ready_task(struct fixture *f)
{
    struct oc_class *class_of = f->outbox.classes;

    return class_of ? class_of->ready : NULL;
}

static void an_effect_is_written_sent_and_trimmed_once_each(void **state)
{
    struct fixture f;
    struct oc_effect *effect;

    (void)state;
    setup(&f);
    add_task(&f, "t:j:1:1");
    add_task(&f, "t:j:1:1"); /* there already */
    assert_int_equal(f.outbox.fresh_count, 1);
    assert_int_equal(f.outbox.fresh_bytes, 2);
    assert_null(ready_task(&f)); /* not before Redis has it */
    assert_int_equal(write_all(&f), 1);
    assert_int_equal(f.ops[0].kind, MR_BATCH_OUT);
    oc_outbox_commit(&f.outbox);
    assert_int_equal(f.outbox.fresh_bytes, 0);
    effect = ready_task(&f);
    assert_non_null(effect);
    assert_string_equal(effect->class_of->topic, "millrace.tasks.image");
    oc_outbox_sending(effect);
    assert_int_equal(f.outbox.classes->outstanding, 1);
    assert_int_equal(write_all(&f), 0);
    oc_outbox_sent(effect, 5);
    assert_int_equal(f.outbox.sent_since_ms, 5);
    assert_false(oc_outbox_has(&f.outbox, "t:j:1:1"));
    assert_int_equal(write_all(&f), 1);
    assert_int_equal(f.ops[0].kind, MR_BATCH_OUT_DEL);
    oc_outbox_commit(&f.outbox);
    assert_null(f.outbox.by_field);
    oc_outbox_end_task(&f.outbox, "t:j:1:1");
    oc_outbox_end_task(&f.outbox, "t:j:1:1"); /* a result that came twice */
    assert_int_equal(f.outbox.classes->outstanding, 0);
    teardown(&f);
}

static void a_task_that_ends_before_it_is_sent_leaves_unsent(void **state)
{
    struct fixture f;

    (void)state;
    setup(&f);
    add_task(&f, "t:j:1:1");
    oc_outbox_end_task(&f.outbox, "t:j:1:1"); /* never written: no trace */
    assert_null(f.outbox.by_field);
    assert_int_equal(f.outbox.fresh_bytes, 0);
    assert_int_equal(write_all(&f), 0);
    add_task(&f, "t:j:2:1");
    assert_int_equal(write_all(&f), 1);
    oc_outbox_commit(&f.outbox);
    oc_outbox_end_task(&f.outbox, "t:j:2:1");
    assert_null(ready_task(&f));
    assert_int_equal(write_all(&f), 1);
    assert_int_equal(f.ops[0].kind, MR_BATCH_OUT_DEL);
    oc_outbox_commit(&f.outbox);
    assert_null(f.outbox.by_field);
    teardown(&f);
}

static void a_send_that_failed_is_ready_again_unless_nobody_wants_it(void **state)
{
    struct fixture f;
    struct oc_effect *effect;

    (void)state;
    setup(&f);
    add_task(&f, "t:j:1:1");
    (void)write_all(&f);
    oc_outbox_commit(&f.outbox);
    effect = ready_task(&f);
    oc_outbox_sending(effect);
    oc_outbox_again(effect);
    assert_ptr_equal(ready_task(&f), effect);
    assert_int_equal(f.outbox.classes->outstanding, 0);
    oc_outbox_sending(effect);
    oc_outbox_end_task(&f.outbox, "t:j:1:1");
    oc_outbox_again(effect);
    assert_null(ready_task(&f));
    assert_int_equal(write_all(&f), 1);
    assert_int_equal(f.ops[0].kind, MR_BATCH_OUT_DEL);
    teardown(&f);
}

static void what_is_under_way_when_its_shard_is_dropped_is_freed_by_its_report(void **state)
{
    struct fixture f;

    (void)state;
    for (int failed = 0; failed < 2; failed++) {
        struct oc_effect *effect;

        setup(&f);
        add_task(&f, "t:j:1:1");
        (void)write_all(&f);
        oc_outbox_commit(&f.outbox);
        effect = ready_task(&f);
        oc_outbox_sending(effect);
        oc_outbox_release(&f.outbox);
        assert_null(effect->outbox);
        if (failed)
            oc_outbox_again(effect);
        else
            oc_outbox_sent(effect, 1);
        teardown(&f);
    }
}

static void what_redis_gives_back_is_what_was_written(void **state)
{
    struct fixture f, again;
    struct mr_error err;
    struct oc_effect *effect;

    (void)state;
    setup(&f);
    setup(&again);
    add_task(&f, "t:j:1:1");
    assert_int_equal(write_all(&f), 1);
    assert_int_equal(
        oc_outbox_load(&again.outbox, "t:j:1:1", f.ops[0].a, f.ops[0].a_len, &f.topics, NULL),
        MR_OK);
    effect = ready_task(&again);
    assert_non_null(effect);
    assert_string_equal(effect->class_of->name, "image");
    assert_string_equal(effect->key, "j");
    assert_int_equal(effect->payload_len, 2);
    assert_memory_equal(effect->payload, "{}", 2);
    for (size_t len = 0; len < strlen("image") + 1 + strlen("j") + 1; len++)
        assert_int_equal(oc_outbox_load(&again.outbox, "t:x:1:1", f.ops[0].a, len, &f.topics, &err),
                         MR_CORRUPT);
    teardown(&f);
    teardown(&again);
}

static void add_to_child(struct fixture *f, char kind, const char *field, const char *child)
{
    const struct oc_new_effect word = {kind, field, "", child, "{}", 2};

    assert_int_equal(oc_outbox_add(&f->outbox, &word, &f->topics, NULL), MR_OK);
}

static void assert_ready(const struct fixture *f, const char *expected)
{
    struct mr_buf fields = {0};

    for (const struct oc_effect *effect = f->outbox.ready; effect; effect = effect->next)
        (void)mr_buf_addf(&fields, "%s ", effect->field);
    assert_string_equal(fields.len ? fields.data : "", expected);
    mr_buf_release(&fields);
}

static void a_child_is_told_one_thing_at_a_time(void **state)
{
    struct fixture f;
    struct oc_effect *submit, *end, *other;

    (void)state;
    setup(&f);
    add_to_child(&f, OC_EFFECT_CHILD, "j:p:1:1:0", "c0");
    add_to_child(&f, OC_EFFECT_WORD, "w:p:1:1:0:end", "c0");
    add_to_child(&f, OC_EFFECT_CHILD, "j:p:1:1:1", "c1");
    (void)write_all(&f);
    oc_outbox_commit(&f.outbox);
    submit = f.outbox.ready;
    end = submit->next;
    other = end->next;
    assert_false(oc_outbox_waits(submit));
    oc_outbox_sending(submit);
    assert_true(oc_outbox_waits(end));
    assert_false(oc_outbox_waits(other));
    oc_outbox_again(submit); /* not stored: it is before the word again */
    assert_ready(&f, "j:p:1:1:0 w:p:1:1:0:end j:p:1:1:1 ");
    assert_false(oc_outbox_waits(submit));
    oc_outbox_sending(submit);
    oc_outbox_sent(submit, 1);
    assert_false(oc_outbox_waits(end));
    oc_outbox_sending(end);
    oc_outbox_sent(end, 2);
    assert_null(f.outbox.busy);
    teardown(&f);
}

static void what_a_child_is_told_comes_back_from_redis_in_its_order(void **state)
{
    static const char *const fields[] = {"w:p:1:12:0:end", "w:p:1:2:0:ask", "w:p:1:12:0:again",
                                         "w:p:1:1:0:end", "j:p:1:1:0"};
    struct fixture f;

    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        assert_int_equal(oc_outbox_load(&f.outbox, fields[i], "\0c0\0{}", 6, &f.topics, NULL),
                         MR_OK);
    oc_outbox_loaded(&f.outbox);
    assert_ready(&f, "j:p:1:1:0 w:p:1:1:0:end w:p:1:2:0:ask w:p:1:12:0:again w:p:1:12:0:end ");
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_effect_is_written_sent_and_trimmed_once_each),
        cmocka_unit_test(a_task_that_ends_before_it_is_sent_leaves_unsent),
        cmocka_unit_test(a_send_that_failed_is_ready_again_unless_nobody_wants_it),
        cmocka_unit_test(what_is_under_way_when_its_shard_is_dropped_is_freed_by_its_report),
        cmocka_unit_test(what_redis_gives_back_is_what_was_written),
        cmocka_unit_test(a_child_is_told_one_thing_at_a_time),
        cmocka_unit_test(what_a_child_is_told_comes_back_from_redis_in_its_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

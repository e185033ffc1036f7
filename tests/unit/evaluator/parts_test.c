/* parts_test.c -- the small parts beneath the evaluator: the interpreter's heap, and what the pool
 * remembers of slow requests. */
#include "orchestrator/evaluator/engine.h"
#include "orchestrator/evaluator/engine_heap.h"
#include "orchestrator/evaluator/pool_lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_piece_given_back_counts_no_more(void **state)
{
    struct ev_heap heap = {.max = 1 << 20};
    char *pieces[600];

    (void)state;
    for (size_t size = 1; size <= 600; size++) {
        pieces[size - 1] = ev_heap_malloc(&heap, size);
        assert_non_null(pieces[size - 1]);
        assert_true(ev_heap_size(pieces[size - 1]) >= size);
        memset(pieces[size - 1], (int)size & 127, ev_heap_size(pieces[size - 1]));
    }
    assert_true(heap.used >= 600 * 601 / 2);
    for (size_t size = 1; size <= 600; size++)
        for (size_t i = 0; i < size; i++)
            assert_int_equal(pieces[size - 1][i], (int)size & 127);
    for (size_t i = 0; i < 600; i++)
        ev_heap_free(&heap, pieces[i]);
    assert_int_equal(heap.used, 0);
    ev_heap_release(&heap);
}

/* Whatever sizes come and go, each is as large as was asked for and keeps what is in it. */
static void kept_pieces_hold_what_is_asked_for(void **state)
{
    enum { PIECES = 64, TURNS = 20000 };
    struct ev_heap heap = {.max = 1 << 20};
    struct {
        unsigned char *at;
        size_t len;
    } pieces[PIECES] = {{0}};
    uint32_t random = 7;

    (void)state;
    for (int turn = 0; turn < TURNS; turn++) {
        const size_t i = (random = random * 1664525 + 1013904223) >> 26;
        const size_t len = ((random = random * 1664525 + 1013904223) >> 20) % 700;
        for (size_t n = 0; n < pieces[i].len; n++)
            assert_int_equal(pieces[i].at[n], (unsigned char)i);
        if (turn % 3 == 0) {
            pieces[i].at = ev_heap_realloc(&heap, pieces[i].at, len);
        } else {
            ev_heap_free(&heap, pieces[i].at);
            pieces[i].at = ev_heap_malloc(&heap, len);
        }
        pieces[i].len = len;
        assert_true(len == 0 || ev_heap_size(pieces[i].at) >= len);
        if (len > 0)
            memset(pieces[i].at, (int)i, len);
    }
    for (size_t i = 0; i < PIECES; i++)
        ev_heap_free(&heap, pieces[i].at);
    assert_int_equal(heap.used, 0);
    ev_heap_release(&heap);
}

/* New texts for ever: what is kept of the old ones stays little, and they leave one by one, for
 * whoever had to give up all of them would be slow. */
static void parsed_expressions_are_kept_while_they_are_few(void **state)
{
    const struct ev_child_settings settings = {
        .memory_max = 64 << 20, .stack_max = 4 << 20, .depth_max = 1000, .text_max = 1 << 20};
    struct ev_engine *engine = ev_engine_new(&settings);
    const size_t empty = ev_engine_kept(engine);
    struct mr_buf answer = {0};
    char text[400], want[64];
    size_t most = 0, dropped = 0, before = empty;

    (void)state;
    assert_non_null(engine);
    for (int i = 0; i < 2500; i++) {
        const int len = snprintf(
            text, sizeof text,
            "{\"now_ms\":1,\"seed\":\"0000000000000001\",\"states\":{\"input\":1},\"variables\":{},"
            "\"conditions\":[],\"groups\":[[{\"field\":\"a\",\"text\":\"$states.input + %d%s\"}]]}",
            i, " + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0");

        assert_int_equal(ev_engine_run(engine, text, (size_t)len, INT64_MAX / 2, &answer),
                         EV_LIMIT_NONE);
        (void)snprintf(want, sizeof want, "{\"chosen\":0,\"values\":[%d]}", i + 1);
        assert_int_equal(answer.len, strlen(want));
        assert_memory_equal(answer.data, want, answer.len);
        most = ev_engine_kept(engine) > most ? ev_engine_kept(engine) : most;
        if (before > ev_engine_kept(engine) + dropped)
            dropped = before - ev_engine_kept(engine);
        before = ev_engine_kept(engine);
    }
    assert_true(most > 2 * empty); /* they are kept */
    assert_true(most < (size_t)settings.memory_max / 16 + (1 << 20));
    assert_true(dropped < 400 * 1024);
    mr_buf_release(&answer);
    ev_engine_free(engine);
}

static uint64_t key_of(const char *request)
{
    return ev_known_expressions(request, strlen(request));
}

static void the_same_expressions_on_other_data_are_the_same(void **state)
{
    static const char one[] =
        "{\"now_ms\":1,\"seed\":\"0\",\"states\":{\"input\":1},\"conditions\":[],"
        "\"groups\":[[{\"field\":\"a\",\"text\":\"$f\"}]]}";
    static const char other[] =
        "{\"now_ms\":2,\"seed\":\"9\",\"states\":{\"input\":{\"x\":[1],\"conditions\":[]}},"
        "\"conditions\":[],\"groups\":[[{\"field\":\"a\",\"text\":\"$f\"}]]}";
    static const char third[] =
        "{\"now_ms\":1,\"seed\":\"0\",\"states\":{\"input\":1},"
        "\"conditions\":[],\"groups\":[[{\"field\":\"a\",\"text\":\"$g\"}]]}";

    (void)state;
    assert_true(key_of(one) == key_of(other));
    assert_true(key_of(one) != key_of(third));
    assert_true(key_of("") == key_of(""));
    assert_true(key_of("{") != key_of("}"));
}

/* A Map's selector is the same for whatever items stand behind it. */
static void the_items_of_a_map_are_no_part_of_its_expressions(void **state)
{
    static const char selector[] = "{\"states\":1,\"conditions\":[],\"groups\":[[{\"field\":\"a\","
                                   "\"text\":\"%s\"}]],\"items\":{\"first\":%d,\"values\":[%d]}}";
    char one[256], other[256], third[256];

    (void)state;
    (void)snprintf(one, sizeof one, selector, "$f", 0, 1);
    (void)snprintf(other, sizeof other, selector, "$f", 7, 2);
    (void)snprintf(third, sizeof third, selector, "$g", 0, 1);
    assert_true(key_of(one) == key_of(other));
    assert_true(key_of(one) != key_of(third));
}

static void what_is_known_is_known_for_a_while(void **state)
{
    static struct ev_known known;

    (void)state;
    assert_false(ev_known_has(&known, 5, 1));
    ev_known_add(&known, 5, 1000);
    assert_true(ev_known_has(&known, 5, 999));
    assert_false(ev_known_has(&known, 5, 1000));
    assert_false(ev_known_has(&known, 5 + EV_KNOWN_MAX, 1));
    ev_known_add(&known, 5 + EV_KNOWN_MAX, 2000);
    assert_false(ev_known_has(&known, 5, 1));
    ev_known_forget(&known, 5);
    assert_true(ev_known_has(&known, 5 + EV_KNOWN_MAX, 1));
    ev_known_forget(&known, 5 + EV_KNOWN_MAX);
    assert_false(ev_known_has(&known, 5 + EV_KNOWN_MAX, 1));
}

/* ---- who is next
 * --------------------------------------------------------------------------------------- */

enum { MANY = 4000 };

struct lane_fixture {
    struct ev_lane lane;
    struct ev_knowledge knowledge;
    struct ev_lane_request requests[MANY + 200];
    size_t count;
};

static struct lane_fixture lane_of;

static struct lane_fixture *begin(void)
{
    memset(&lane_of, 0, sizeof lane_of);
    lane_of.lane.doubtful_max = 1;
    return &lane_of;
}

static struct ev_lane_request *add(struct lane_fixture *fixture, uint64_t group,
                                   uint64_t expressions)
{
    struct ev_lane_request *request = &fixture->requests[fixture->count++];

    *request = (struct ev_lane_request){
        .waiter.group = group, .job = fixture->count, .expressions = expressions};
    ev_lane_add(&fixture->lane, request, &fixture->knowledge, 1);
    return request;
}

static struct ev_lane_request *take(struct lane_fixture *fixture, int64_t now_us)
{
    return ev_lane_next(&fixture->lane, &fixture->knowledge, now_us);
}

static void groups_have_turns_and_a_group_its_order(void **state)
{
    static const uint64_t groups[] = {1, 1, 1, 2, 1, 3, 2}, order[] = {0, 3, 5, 1, 6, 2, 4};
    struct lane_fixture *fixture = begin();

    (void)state;
    for (size_t i = 0; i < 7; i++)
        (void)add(fixture, groups[i], 100 + i);
    for (size_t i = 0; i < 7; i++)
        assert_ptr_equal(take(fixture, 1), &fixture->requests[order[i]]);
    assert_null(take(fixture, 1));
}

/* A flood of texts that nobody knows, four thousand of them: once one has passed a limit the rest
 * are suspects, behind what is new, and that behind what is proven. */
static void a_flood_stands_behind_what_is_proven_and_what_is_new(void **state)
{
    struct lane_fixture *fixture = begin();
    struct ev_lane_request *first, *proven, *fresh, *own, *next;

    (void)state;
    ev_knowledge_quick(&fixture->knowledge, &(struct ev_lane_request){.expressions = 51}, 1);
    for (size_t i = 0; i < MANY; i++)
        (void)add(fixture, 9, 10000 + i);
    first = take(fixture, 1);
    assert_int_equal(first->waiter.group, 9);
    fresh = add(fixture, 2, 52);
    proven = add(fixture, 1, 51);
    own = add(fixture, 9, 51); /* of the flood's own workflow, but proven */
    ev_knowledge_slow(&fixture->knowledge, first, 2);
    assert_ptr_equal(take(fixture, 3), proven);
    assert_ptr_equal(take(fixture, 3), own);
    assert_null(
        take(fixture, 3)); /* the flood's first still has its child: no other doubt beside */
    ev_lane_ended(&fixture->lane, first);
    assert_ptr_equal(take(fixture, 3), fresh);
    assert_null(take(fixture, 3));
    ev_lane_ended(&fixture->lane, fresh);
    next = take(fixture, 3);
    assert_int_equal(next->waiter.group, 9);
    assert_null(take(fixture, 3)); /* one at a time */
}

/* Nothing has passed a limit for a second: what is new may have every child. */
static void what_is_new_may_run_everywhere_while_all_is_well(void **state)
{
    struct lane_fixture *fixture = begin();

    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        (void)add(fixture, i, 100 + i);
    assert_non_null(take(fixture, 1));
    assert_non_null(take(fixture, 1));
    ev_knowledge_slow(&fixture->knowledge, &(struct ev_lane_request){.expressions = 7}, 1);
    assert_null(take(fixture, 2));
    assert_non_null(take(fixture, 1000001)); /* careful for a second */
}

static void nobody_waits_for_ever(void **state)
{
    struct lane_fixture *fixture = begin();
    struct ev_lane_request *fresh, *suspect, *request;
    int fresh_at = 0, suspect_at = 0;

    (void)state;
    fixture->lane.doubtful_max = 4;
    ev_knowledge_quick(&fixture->knowledge, &(struct ev_lane_request){.expressions = 51}, 1);
    ev_knowledge_slow(&fixture->knowledge, &(struct ev_lane_request){.expressions = 53}, 1);
    fresh = add(fixture, 1, 52);
    suspect = add(fixture, 1, 53);
    for (int i = 0; i < 150; i++)
        (void)add(fixture, 2, 51);
    for (int i = 1; i <= 150; i++) {
        request = take(fixture, 2);
        fresh_at = request == fresh ? i : fresh_at;
        suspect_at = request == suspect ? i : suspect_at;
    }
    assert_int_equal(fresh_at, 8);
    assert_int_equal(suspect_at, 64);
}

static void what_passed_a_limit_is_proven_no_more(void **state)
{
    struct lane_fixture *fixture = begin();
    const struct ev_lane_request once = {.waiter.group = 1, .expressions = 51};
    struct ev_lane_request *suspect, *fresh;

    (void)state;
    ev_knowledge_quick(&fixture->knowledge, &once, 1);
    suspect = add(fixture, 1, 51);
    ev_knowledge_slow(&fixture->knowledge, &once, 2);
    ev_knowledge_quick(&fixture->knowledge, &once, 3); /* on other data: for a minute no proof */
    fresh = add(fixture, 2, 52);
    assert_ptr_equal(take(fixture, 4), fresh);
    ev_lane_ended(&fixture->lane, fresh);
    assert_ptr_equal(take(fixture, 4), suspect);
}

/* Suspects that follow each other hold what is new up for little. */
static void suspects_have_less_time(void **state)
{
    struct lane_fixture *fixture = begin();
    struct ev_lane_request *fresh, *suspect;

    (void)state;
    ev_knowledge_slow(&fixture->knowledge, &(struct ev_lane_request){.expressions = 53}, 1);
    suspect = add(fixture, 3, 53);
    fresh = add(fixture, 2, 52);
    assert_ptr_equal(take(fixture, 2), fresh);
    assert_int_equal(ev_lane_time_ms(fresh, 25), 25);
    ev_lane_ended(&fixture->lane, fresh);
    assert_ptr_equal(take(fixture, 2), suspect);
    assert_int_equal(ev_lane_time_ms(suspect, 25), 5);
    assert_int_equal(ev_lane_time_ms(suspect, 2), 1);
    ev_lane_ended(&fixture->lane, suspect);
    assert_int_equal(ev_lane_time_ms(suspect, 1000), 1000); /* in the slow lane it has all of it */
}

static void a_lane_that_is_drained_gives_all_back(void **state)
{
    struct lane_fixture *fixture = begin();
    int drained = 0;

    (void)state;
    ev_knowledge_slow(&fixture->knowledge, &(struct ev_lane_request){.waiter.group = 3}, 1);
    for (uint64_t i = 0; i < 30; i++)
        (void)add(fixture, i % 7, i);
    while (ev_lane_drain(&fixture->lane))
        drained++;
    assert_int_equal(drained, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_given_back_counts_no_more),
        cmocka_unit_test(kept_pieces_hold_what_is_asked_for),
        cmocka_unit_test(the_same_expressions_on_other_data_are_the_same),
        cmocka_unit_test(parsed_expressions_are_kept_while_they_are_few),
        cmocka_unit_test(the_items_of_a_map_are_no_part_of_its_expressions),
        cmocka_unit_test(what_is_known_is_known_for_a_while),
        cmocka_unit_test(groups_have_turns_and_a_group_its_order),
        cmocka_unit_test(a_flood_stands_behind_what_is_proven_and_what_is_new),
        cmocka_unit_test(what_is_new_may_run_everywhere_while_all_is_well),
        cmocka_unit_test(nobody_waits_for_ever),
        cmocka_unit_test(what_passed_a_limit_is_proven_no_more),
        cmocka_unit_test(suspects_have_less_time),
        cmocka_unit_test(a_lane_that_is_drained_gives_all_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

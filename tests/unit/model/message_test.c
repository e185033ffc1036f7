/* message_test.c -- each message says what it means, both ways, and refuses what it does not. */
#include "common/model/message.h"
#include "common/model/topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_says(const struct mr_error *err, const char *words)
{
    if (!strstr(err->text, words))
        fail_msg("\"%s\" does not say \"%s\"", err->text, words);
}

static void a_job_needs_exactly_one_of_workflow_definition_recipe(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"workflow\":\"a\",\"recipe\":{}}",
        "{\"workflow\":\"a\",\"definition\":{}}",
    };
    struct mr_job job = {0};
    struct mr_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mr_job_parse(bad[i], strlen(bad[i]), &job, &err), MR_INVALID);
        assert_says(&err, "exactly one of");
        assert_null(job.root);
    }
}

static void a_misspelt_field_of_a_job_is_named(void **state)
{
    static const char text[] = "{\"workflow\":\"a\",\"inputs\":{}}";
    struct mr_job job = {0};
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_job_parse(text, sizeof text - 1, &job, &err), MR_INVALID);
    assert_says(&err, "/inputs");
}

static void an_unknown_version_is_unsupported(void **state)
{
    static const char text[] = "{\"v\":2,\"workflow\":\"a\"}";
    struct mr_job job = {0};
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_job_parse(text, sizeof text - 1, &job, &err), MR_UNSUPPORTED);
    assert_says(&err, "/v: version 2");
}

static void a_job_id_of_other_letters_is_refused(void **state)
{
    static const char *const bad[] = {"a b", "a/b", "", "a.b", "\\u00e4"};
    struct mr_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct mr_job job = {0};
        char text[128];

        (void)snprintf(text, sizeof text, "{\"id\":\"%s\",\"workflow\":\"a\"}", bad[i]);
        assert_int_equal(mr_job_parse(text, strlen(text), &job, &err), MR_INVALID);
        assert_says(&err, "/id");
    }
}

static void too_large_a_job_is_refused_before_it_is_parsed(void **state)
{
    const size_t len = MR_JOB_MESSAGE_MAX + 1;
    char *text = malloc(len);
    struct mr_job job = {0};
    struct mr_error err;

    (void)state;
    memset(text, ' ', len);
    assert_int_equal(mr_job_parse(text, len, &job, &err), MR_TOO_LARGE);
    free(text);
}

static void a_printed_job_reads_back(void **state)
{
    static const char text[] =
        "{\"v\":1,\"id\":\"a-1\",\"tenant\":\"shop\",\"workflow\":\"thumbs\","
        "\"input\":{\"b\":[1,2.5],\"a\":\"x\"}}";
    struct mr_job job = {0}, again = {0};
    struct mr_buf printed = {0}, one = {0}, two = {0};

    (void)state;
    assert_int_equal(mr_job_parse(text, sizeof text - 1, &job, NULL), MR_OK);
    assert_int_equal(mr_job_print(&job, &printed), MR_OK);
    assert_string_equal(printed.data, text);
    assert_int_equal(mr_job_parse(printed.data, printed.len, &again, NULL), MR_OK);
    assert_int_equal(mr_job_canonical(&job, &one), MR_OK);
    assert_int_equal(mr_job_canonical(&again, &two), MR_OK);
    assert_string_equal(one.data, two.data);
    mr_buf_release(&printed);
    mr_buf_release(&one);
    mr_buf_release(&two);
    mr_job_release(&job);
    mr_job_release(&again);
}

static void the_order_of_members_does_not_make_another_job(void **state)
{
    static const char a[] = "{\"workflow\":\"w\",\"input\":{\"x\":1,\"y\":2}}";
    static const char b[] = "{\"input\":{\"y\":2,\"x\":1},\"workflow\":\"w\",\"id\":\"other\"}";
    static const char c[] = "{\"workflow\":\"w\",\"input\":{\"x\":1,\"y\":3}}";
    const char *texts[] = {a, b, c};
    struct mr_buf sums[3] = {{0}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct mr_job job = {0};

        assert_int_equal(mr_job_parse(texts[i], strlen(texts[i]), &job, NULL), MR_OK);
        assert_int_equal(mr_job_canonical(&job, &sums[i]), MR_OK);
        mr_job_release(&job);
    }
    assert_string_equal(sums[0].data, sums[1].data);
    assert_string_not_equal(sums[0].data, sums[2].data);
    for (size_t i = 0; i < 3; i++)
        mr_buf_release(&sums[i]);
}

static void a_token_is_read_in_its_one_form(void **state)
{
    static const char good[] = "job_1.12.3.0123456789abcdef0123456789abcdef";
    static const char *const bad[] = {
        "",
        "job",
        "job.1.1",
        "job.0.1.0123456789abcdef0123456789abcdef",
        "job.01.1.0123456789abcdef0123456789abcdef",
        "job.1.-1.0123456789abcdef0123456789abcdef",
        "job.1.4294967296.0123456789abcdef0123456789abcdef",
        "job.9999999999999999999.1.0123456789abcdef0123456789abcdef",
        "job.1.1.0123456789ABCDEF0123456789abcdef",
        "job.1.1.0123456789abcdef0123456789abcde",
        "job.1.1.0123456789abcdef0123456789abcdef0",
        "j b.1.1.0123456789abcdef0123456789abcdef",
    };
    struct mr_token token;
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_token_parse(good, &token, &err), MR_OK);
    assert_string_equal(token.job, "job_1");
    assert_int_equal(token.seq, 12);
    assert_int_equal(token.attempt, 3);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (mr_token_parse(bad[i], &token, &err) != MR_INVALID)
            fail_msg("\"%s\" passes for a token", bad[i]);
}

static void a_result_has_an_output_or_an_error_not_both(void **state)
{
#define TOKEN "\"token\":\"j.1.1.0123456789abcdef0123456789abcdef\""
    static const char *const bad[] = {
        "{" TOKEN "}",
        "{" TOKEN ",\"output\":1,\"error\":\"x\"}",
        "{\"output\":1}",
        "{" TOKEN ",\"output\":1,\"status\":\"ok\"}",
        "{" TOKEN ",\"heartbeat\":false}",
        "{" TOKEN ",\"heartbeat\":1}",
        "{" TOKEN ",\"heartbeat\":true,\"output\":1}",
        "{" TOKEN ",\"heartbeat\":true,\"error\":\"x\"}",
        "{" TOKEN ",\"heartbeat\":true,\"cause\":\"x\"}",
    };
    static const char alive[] = "{" TOKEN ",\"heartbeat\":true}";
    static const char null_output[] = "{" TOKEN ",\"output\":null}";
    struct mr_result result = {0};
    struct mr_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(mr_result_parse(bad[i], strlen(bad[i]), &result, &err), MR_INVALID);
    assert_int_equal(mr_result_parse(null_output, sizeof null_output - 1, &result, &err), MR_OK);
    assert_true(cJSON_IsNull(result.output));
    assert_false(result.heartbeat);
    mr_result_release(&result);
    assert_int_equal(mr_result_parse(alive, sizeof alive - 1, &result, &err), MR_OK);
    assert_true(result.heartbeat);
    mr_result_release(&result);
}

/* Prints, parses and prints again: the same text, for one event of every kind. */
static void every_event_reads_back_as_it_was_written(void **state)
{
    static const char def[] = "{\"StartAt\":\"A\",\"States\":{}}";
    cJSON *input = cJSON_Parse("{\"a\":[1,2,{\"b\":null}]}");
    const struct mr_event events[] = {
        {.kind = MR_EVENT_TAKEOVER, .owner = "host-1"},
        {.kind = MR_EVENT_DEFINITION,
         .def = "abc",
         .definition_text = def,
         .definition_len = sizeof def - 1},
        {.kind = MR_EVENT_SUBMIT,
         .job = "j1",
         .tenant = "t",
         .workflow = "w",
         .def = "abc",
         .nonce = "00112233445566778899aabbccddeeff",
         .sum = "ff",
         .engine = 1,
         .from = "a/0/1",
         .input = input},
        {.kind = MR_EVENT_RESULT,
         .token_text = "j1.1.1.0123456789abcdef0123456789abcdef",
         .output = input,
         .worker = "w1"},
        {.kind = MR_EVENT_RESULT,
         .token_text = "j1.1.1.0123456789abcdef0123456789abcdef",
         .error = "Image.Corrupt",
         .cause = "it \"broke\"\n"},
        {.kind = MR_EVENT_TIMER,
         .job = "j1",
         .seq = 7,
         .attempt = 2,
         .timer = 'w',
         .due_ms = 1700000000000},
        {.kind = MR_EVENT_HEARTBEAT,
         .token_text = "j1.1.1.0123456789abcdef0123456789abcdef",
         .worker = "w1"},
        {.kind = MR_EVENT_EVALUATED,
         .job = "j1",
         .seq = 7,
         .attempt = 2,
         .number = 3,
         .answer = input},
        {.kind = MR_EVENT_CANCEL, .job = "j1", .cause = "no longer wanted"},
        {.kind = MR_EVENT_REDRIVE, .job = "j1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        struct mr_buf one = {0}, two = {0};
        struct mr_event event = {0};
        struct mr_error err;

        assert_int_equal(mr_event_print(&events[i], &one), MR_OK);
        if (mr_event_parse(one.data, one.len, &event, &err))
            fail_msg("%s: %s", one.data, err.text);
        assert_int_equal(event.kind, events[i].kind);
        assert_int_equal(mr_event_print(&event, &two), MR_OK);
        assert_string_equal(one.data, two.data);
        if (events[i].job || events[i].token_text)
            assert_string_equal(event.job, "j1");
        mr_event_release(&event);
        mr_buf_release(&one);
        mr_buf_release(&two);
    }
    cJSON_Delete(input);
}

static void an_unknown_kind_of_event_is_unsupported_not_skipped(void **state)
{
    static const char text[] = "{\"v\":1,\"k\":\"snapshot\",\"job\":\"j\"}";
    struct mr_event event = {0};
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_event_parse(text, sizeof text - 1, &event, &err), MR_UNSUPPORTED);
    assert_says(&err, "snapshot");
}

static void a_quarantine_names_the_log_and_the_offset(void **state)
{
    static const char *const bad[] = {
        "{\"offset\":1}",
        "{\"log\":\"a\"}",
        "{\"log\":\"a\",\"offset\":-1}",
        "{\"log\":\"a\",\"offset\":\"1\"}",
        "{\"v\":2,\"log\":\"a\",\"offset\":1}",
        "{\"log\":\"0123456789012345678901234567890123456789012345678901234567890123\",\"offset\":"
        "1}",
    };
    const struct mr_config_quarantine record = {.log_id = "log-1", .offset = 77, .at_ms = 5};
    struct mr_config_quarantine back = {0};
    struct mr_buf text = {0};
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_config_quarantine_print(&record, &text), MR_OK);
    assert_int_equal(mr_config_quarantine_parse(text.data, text.len, &back, &err), MR_OK);
    assert_string_equal(back.log_id, "log-1");
    assert_int_equal(back.offset, 77);
    assert_int_equal(back.at_ms, 5);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (mr_config_quarantine_parse(bad[i], strlen(bad[i]), &back, &err) == MR_OK)
            fail_msg("%s passes", bad[i]);
    mr_buf_release(&text);
}

static void a_dead_letter_holds_the_bytes_as_base64(void **state)
{
    static const struct {
        const char *bytes, *coded;
    } vectors[] = {{"", ""},
                   {"f", "Zg=="},
                   {"fo", "Zm8="},
                   {"foo", "Zm9v"},
                   {"foob", "Zm9vYg=="},
                   {"fooba", "Zm9vYmE="},
                   {"foobar", "Zm9vYmFy"}};

    (void)state; /* vectors: RFC 4648, section 10 */
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct mr_buf text = {0};
        cJSON *letter;

        assert_int_equal(mr_dead_print("MR_INVALID", "why", "millrace.jobs", 3, 17,
                                       vectors[i].bytes, strlen(vectors[i].bytes), &text),
                         MR_OK);
        letter = cJSON_Parse(text.data);
        assert_string_equal(cJSON_GetObjectItem(letter, "bytes")->valuestring, vectors[i].coded);
        assert_int_equal(cJSON_GetObjectItem(letter, "offset")->valueint, 17);
        cJSON_Delete(letter);
        mr_buf_release(&text);
    }
}

static void too_long_a_dead_letter_is_cut_and_says_so(void **state)
{
    const size_t len = MR_DEAD_BYTES_MAX + 100;
    char *bytes = calloc(1, len);
    struct mr_buf text = {0};

    (void)state;
    assert_int_equal(mr_dead_print("MR_TOO_LARGE", "why", "t", 0, 0, bytes, len, &text), MR_OK);
    assert_true(text.len < MR_BUS_MESSAGE_MAX);
    {
        cJSON *letter = cJSON_Parse(text.data);

        assert_int_equal(cJSON_GetObjectItem(letter, "bytes_total")->valueint, len);
        cJSON_Delete(letter);
    }
    mr_buf_release(&text);
    free(bytes);
}

static void topics_are_named_by_their_prefix(void **state)
{
    struct mr_topics topics;
    char name[MR_TOPIC_MAX];

    (void)state;
    mr_topics_init(&topics, "shop");
    assert_string_equal(topics.log, "shop.log");
    mr_topic_of_class(&topics, "image", name);
    assert_string_equal(name, "shop.tasks.image");
    assert_true(mr_class_valid("a-b_1", 5));
    assert_false(mr_class_valid("-a", 2));
    assert_false(mr_class_valid("a.b", 3));
    assert_false(mr_class_valid("", 0));
}

static void the_log_is_kept_for_ever_and_config_is_compacted(void **state)
{
    const struct mr_cluster_config config = {
        .shards = 5, .task_partitions = 3, .jobs_keep_ms = 1000};
    struct mr_topic_spec specs[MR_TOPICS_COUNT];
    struct mr_topics topics;
    int seen = 0;

    (void)state;
    mr_topics_init(&topics, "m");
    mr_topics_specs(&topics, &config, specs);
    for (size_t i = 0; i < MR_TOPICS_COUNT; i++) {
        if (strcmp(specs[i].name, "m.log") == 0) {
            assert_int_equal(specs[i].retention_ms, -1);
            assert_int_equal(specs[i].partitions, 5);
            seen++;
        }
        if (strcmp(specs[i].name, "m.config") == 0) {
            assert_true(specs[i].compacted);
            seen++;
        }
    }
    assert_int_equal(seen, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_needs_exactly_one_of_workflow_definition_recipe),
        cmocka_unit_test(a_misspelt_field_of_a_job_is_named),
        cmocka_unit_test(an_unknown_version_is_unsupported),
        cmocka_unit_test(a_job_id_of_other_letters_is_refused),
        cmocka_unit_test(too_large_a_job_is_refused_before_it_is_parsed),
        cmocka_unit_test(a_printed_job_reads_back),
        cmocka_unit_test(the_order_of_members_does_not_make_another_job),
        cmocka_unit_test(a_token_is_read_in_its_one_form),
        cmocka_unit_test(a_result_has_an_output_or_an_error_not_both),
        cmocka_unit_test(every_event_reads_back_as_it_was_written),
        cmocka_unit_test(an_unknown_kind_of_event_is_unsupported_not_skipped),
        cmocka_unit_test(a_quarantine_names_the_log_and_the_offset),
        cmocka_unit_test(a_dead_letter_holds_the_bytes_as_base64),
        cmocka_unit_test(too_long_a_dead_letter_is_cut_and_says_so),
        cmocka_unit_test(topics_are_named_by_their_prefix),
        cmocka_unit_test(the_log_is_kept_for_ever_and_config_is_compacted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

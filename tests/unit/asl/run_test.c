/* run_test.c -- runs as text: what is kept apart, what is refused, what is told. */
#include "tests/unit/asl/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASK(name, rest) "\"" name "\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\"," rest "}"

static const char three_tasks[] =
    "{\"StartAt\":\"A\",\"States\":{" TASK("A", "\"ResultPath\":\"$.a\",\"Next\":\"B\"") "," TASK(
        "B", "\"ResultPath\":null,\"Next\":\"C\"") "," TASK("C", "\"End\":true") "}}";

static char *large(char c)
{
    char *text = malloc(ASL_VALUE_INLINE_MAX + 64);

    assert_non_null(text);
    (void)snprintf(text, 16, "{\"v\":\"%c", c);
    memset(text + 7, c, ASL_VALUE_INLINE_MAX);
    memcpy(text + 7 + ASL_VALUE_INLINE_MAX, "\"}", 3);
    return text;
}

static void large_data_are_written_once_and_dropped_when_they_are_not_needed(void **state)
{
    struct play play;
    char *input = large('i'), *answer = large('a');

    (void)state;
    play_begin(&play, three_tasks);
    play_start(&play, input);
    assert_int_equal(play.store.puts, 1); /* the input, which is the context's too */
    assert_true(play.text.len < 512);
    play_ok(&play, "A", answer);
    assert_int_equal(play.store.puts, 2); /* merged */
    assert_int_equal(play.store.drops, 0);
    play_ok(&play, "B", answer); /* discarded: nothing is written */
    assert_int_equal(play.store.puts, 2);
    play_ok(&play, "C", "{}");
    assert_int_equal(play.store.puts, 2);
    assert_int_equal(play.store.drops, 1);
    assert_int_equal(play.store.count, 1);
    play_end(&play);
    free(input);
    free(answer);
}

static void branches_share_their_input(void **state)
{
    struct play play;
    char *input = large('i');

    (void)state;
    play_begin(
        &play,
        "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
        "{\"StartAt\":\"A\",\"States\":{" TASK(
            "A", "\"End\":true") "}},"
                                 "{\"StartAt\":\"B\",\"States\":{" TASK("B",
                                                                        "\"End\":true") "}}]}}}");
    play_start(&play, input);
    assert_int_equal(play.store.puts, 1);
    play_end(&play);
    free(input);
}

static bool no_values(void *ctx, uint32_t id, const char **json, size_t *len)
{
    (void)ctx, (void)id, (void)json, (void)len;
    return false;
}

static enum mr_code try_decode(struct play *play, const char *text, size_t len)
{
    struct asl_run *run = NULL;
    struct mr_error err = {0};
    enum mr_code rc = asl_run_decode(play->machine, text, len, no_values, NULL, &run, &err);

    if (rc)
        assert_true(strlen(err.text) > 0);
    asl_run_free(run);
    return rc;
}

static void what_encode_did_not_write_is_corrupt(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"v\":1}",
        "{\"v\":2,\"e\":1,\"job\":\"j\",\"wf\":\"w\",\"seed\":\"0\"}",
        "{\"v\":1,\"e\":99,\"job\":\"j\",\"wf\":\"w\",\"seed\":\"0\"}",
        "{\"v\":1,\"e\":1,\"job\":\"j\",\"wf\":\"w\",\"seed\":\"0\"}",
    };
    struct play play;

    (void)state;
    play_begin(&play, three_tasks);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(try_decode(&play, texts[i], strlen(texts[i])), MR_CORRUPT);
    play_end(&play);
}

static void a_value_that_is_not_there_is_corrupt(void **state)
{
    struct play play;
    char *input = large('i');

    (void)state;
    play_begin(&play, three_tasks);
    play_start(&play, input);
    assert_int_equal(try_decode(&play, play.text.data, play.text.len), MR_CORRUPT);
    play_end(&play);
    free(input);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Changed texts are refused or make a run that steps; nothing crashes. */
static void change_texts(struct play *play, uint64_t go_on)
{
    static const char alphabet[] = "0123456789-,[]{}\":";
    struct asl_env quiet = {.entries_max = 1000, .step_entries = play->env.step_entries};
    uint64_t seed = 88172645463325252u;
    unsigned decoded = 0;

    for (int i = 0; i < 20000; i++) {
        char *text = strdup(play->text.data);
        struct asl_run *run = NULL;
        assert_non_null(text);
        for (uint64_t n = 1 + next_random(&seed) % 3; n > 0; n--)
            text[next_random(&seed) % play->text.len] =
                alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
        if (asl_run_decode(play->machine, text, play->text.len, no_values, NULL, &run, NULL) ==
            MR_OK) {
            struct asl_effects effects = {0};
            struct asl_event event = {.seq = 3, .attempt = 1, .time_ms = 100000};
            bool changed;
            decoded++;
            for (uint64_t seq = 0; seq < 12; seq++) {
                event.kind = seq % 3 ? ASL_EVENT_TASK_OK : ASL_EVENT_TIMER;
                event.timer = "wrthmg"[seq % 6];
                event.seq = event.timer == ASL_TIMER_GO_ON ? go_on : seq;
                assert_int_equal(asl_step(run, &event, &quiet, &effects, &changed, NULL), MR_OK);
            }
            asl_effects_release(&effects);
            asl_run_free(run);
        }
        free(text);
    }
    assert_true(decoded > 100); /* not everything is caught by the first check */
}

static const char map_of_branches[] =
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{\"StartAt\":\"P\","
    "\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":[{\"StartAt\":\"A\","
    "\"States\":{" TASK("A", "\"TimeoutSeconds\":5,\"Retry\":[{\"ErrorEquals\":[\"E\"]}],\"End\":"
                             "true") "}},{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\","
                                     "\"Seconds\":5,\"End\":true}}}]}}},"
                                     "\"End\":true}}}";

static void a_changed_text_never_crashes(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, map_of_branches);
    play_start(&play, "[1,2,3]");
    play_ok(&play, "A", "1");
    play_fail(&play, "A", "E", NULL);
    change_texts(&play, 0);
    play_end(&play);
}

/* The step before stopped with an item, its Map and the state around them still to go on. */
static void a_changed_text_of_an_unfinished_step_never_crashes(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, map_of_branches);
    play.env.step_entries = 6;
    play_start(&play, "[1,2,3]");
    assert_non_null(strstr(play.text.data, "\"rdy\":["));
    change_texts(&play, asl_run_entered(play.run));
    play_end(&play);
}

static void a_ready_list_that_does_not_fit_is_corrupt(void **state)
{
    static const char *const lists[] = {"[]", "[9]", "[0,0]", "[-1]", "[1,2]", "{}", "0"};
    struct mr_buf text = {0};
    struct play play;
    const char *ready, *end;

    (void)state;
    play_begin(&play, map_of_branches);
    play.env.step_entries = 2;
    play_start(&play, "[1,2]");
    assert_int_equal(try_decode(&play, play.text.data, play.text.len), MR_OK);
    ready = strstr(play.text.data, "\"rdy\":") + strlen("\"rdy\":");
    end = strchr(ready, ']') + 1;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        mr_buf_reset(&text);
        mr_buf_add(&text, play.text.data, (size_t)(ready - play.text.data));
        mr_buf_add_str(&text, lists[i]);
        mr_buf_add_str(&text, end);
        if (try_decode(&play, text.data, text.len) != MR_CORRUPT)
            fail_msg("%s for %.*s", lists[i], (int)(end - ready), ready);
    }
    mr_buf_release(&text);
    play_end(&play);
}

static void where_a_run_is_names_each_state_once_and_no_half(void **state)
{
    struct play play;
    char where[8];

    (void)state;
    play_begin(&play,
               "{\"StartAt\":\"Map\",\"States\":{\"Map\":{\"Type\":\"Map\",\"ItemProcessor\":{"
               "\"StartAt\":\"First\",\"States\":{" TASK("First", "\"Next\":\"Last\"") "," TASK(
                   "Last", "\"End\":true") "}},\"End\":true}}}");
    assert_where(&play, "");
    play_start(&play, "[1,2,3]");
    assert_where(&play, "First");
    play_ok(&play, "First", "1");
    assert_where(&play, "Last,First");
    asl_run_where(play.run, where, sizeof(where));
    assert_string_equal(where, "Last");
    assert_true(asl_run_bytes(play.run) > 1000);
    play_run(&play);
    assert_where(&play, "");
    play_end(&play);
}

static void a_task_made_once_more_is_the_same_task(void **state)
{
    struct play play;
    struct asl_effects effects = {0};
    struct mr_error err = {0};

    (void)state;
    play_begin(&play,
               "{\"StartAt\":\"A\",\"States\":{" TASK(
                   "A", "\"TimeoutSeconds\":9,\"HeartbeatSecondsPath\":\"$.h\",\"Parameters\":"
                        "{\"n.$\":\"$$.State.RetryCount\",\"u.$\":\"States.UUID()\"},\"Retry\":"
                        "[{\"ErrorEquals\":[\"E\"]}],\"End\":true") "}}");
    play_start(&play, "{\"h\":3}");
    play_fail(&play, "A", "E", NULL);
    play_timer(&play, 0);
    assert_int_equal(asl_resend(play.run, 1, 1, &play.env, &effects, &err), MR_OK);
    assert_int_equal(effects.count, 0); /* that attempt is over */
    assert_int_equal(asl_resend(play.run, 1, 2, &play.env, &effects, &err), MR_OK);
    assert_int_equal(effects.count, 1);
    assert_int_equal(effects.items[0].kind, ASL_EFFECT_TASK);
    assert_int_equal(effects.items[0].seq, play.tasks[0].seq);
    assert_int_equal(effects.items[0].attempt, 2);
    assert_int_equal(effects.items[0].entry, play.tasks[0].entry);
    assert_int_equal(effects.items[0].timeout_ms, play.tasks[0].timeout_ms);
    assert_int_equal(effects.items[0].heartbeat_ms, play.tasks[0].heartbeat_ms);
    assert_string_equal(effects.items[0].input, play.tasks[0].input);
    asl_effects_release(&effects);
    play_end(&play);
}

static void statuses_have_names(void **state)
{
    (void)state;
    assert_string_equal(asl_status_name(ASL_RUNNING), "RUNNING");
    assert_string_equal(asl_status_name(ASL_TIMED_OUT), "TIMED_OUT");
    assert_string_equal(asl_status_name(ASL_ABORTED), "ABORTED");
    asl_run_free(NULL);
    asl_effects_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_data_are_written_once_and_dropped_when_they_are_not_needed),
        cmocka_unit_test(branches_share_their_input),
        cmocka_unit_test(what_encode_did_not_write_is_corrupt),
        cmocka_unit_test(a_value_that_is_not_there_is_corrupt),
        cmocka_unit_test(a_changed_text_never_crashes),
        cmocka_unit_test(a_changed_text_of_an_unfinished_step_never_crashes),
        cmocka_unit_test(a_ready_list_that_does_not_fit_is_corrupt),
        cmocka_unit_test(where_a_run_is_names_each_state_once_and_no_half),
        cmocka_unit_test(a_task_made_once_more_is_the_same_task),
        cmocka_unit_test(statuses_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

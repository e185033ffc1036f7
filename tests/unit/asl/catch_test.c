/* catch_test.c -- an error is taken by the names that stand for it, where it happened or around
 * that, and goes on there; else it ends the run. */
#include "tests/unit/asl/failure_kit.h"

#include <stdio.h>
#include <string.h>

static void a_catcher_takes_the_error_and_goes_on_elsewhere(void **state)
{
    struct play play;

    (void)state;
    begin(&play, CAUGHT(",\"Catch\":[{\"ErrorEquals\":[\"X\",\"E\"],\"Next\":\"C\"}]"));
    play_fail(&play, "T", "E", "why");
    assert_output(&play, "{\"Error\":\"E\",\"Cause\":\"why\"}");
    play_end(&play);
    begin(&play,
          CAUGHT(",\"Catch\":[{\"ErrorEquals\":[\"States.TaskFailed\"],\"ResultPath\":\"$.e\","
                 "\"Next\":\"C\"}]"));
    play_fail(&play, "T", NULL, NULL);
    assert_output(&play, "{\"in\":1,\"e\":{\"Error\":null,\"Cause\":null}}");
    play_end(&play);
    begin(&play,
          CAUGHT(",\"Catch\":[{\"ErrorEquals\":[\"E\"],\"ResultPath\":null,\"Next\":\"C\"}]"));
    play_fail(&play, "T", "E", "why");
    assert_output(&play, "{\"in\":1}");
    play_end(&play);
}

static void an_error_that_nothing_takes_ends_the_run(void **state)
{
    struct play play;

    (void)state;
    begin(&play, CAUGHT(",\"Catch\":[{\"ErrorEquals\":[\"X\"],\"Next\":\"C\"}]"));
    play_fail(&play, "T", "E", NULL);
    assert_string_equal(asl_run_error(play.run), "E");
    assert_string_equal(play.history.data,
                        "ExecutionStarted,TaskStateEntered,TaskScheduled,TaskStarted,TaskFailed,"
                        "ExecutionFailed");
    play_end(&play);
}

/* A task fails so; is it taken by a catcher, and likewise by a retrier, of that name? */
static bool takes(const char *field, const char *name, const char *error)
{
    char definition[512];
    struct play play;
    bool taken;

    (void)snprintf(definition, sizeof(definition),
                   "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
                   "\"millrace:x.y\",\"TimeoutSeconds\":9,\"HeartbeatSeconds\":5,\"%s\":[{"
                   "\"ErrorEquals\":[\"%s\"]%s}],\"Next\":\"C\"},\"C\":{\"Type\":\"Succeed\"}}}",
                   field, name, field[0] == 'C' ? ",\"Next\":\"C\"" : "");
    play_begin(&play, definition);
    play_start(&play, "{}");
    if (error && strcmp(error, "timeout") == 0) {
        play.now_ms += 9000;
        play_timer(&play, play.timers[0].kind == 't' ? 0 : 1);
    } else if (error && strcmp(error, "heartbeat") == 0) {
        play_timer(&play, play.timers[0].kind == 'h' ? 0 : 1);
    } else {
        play_fail(&play, "T", error, "why");
    }
    taken = asl_run_status(play.run) != ASL_FAILED;
    play_end(&play);
    return taken;
}

static void each_error_is_taken_by_the_names_that_stand_for_it(void **state)
{
    static const char *const names[] = {"States.ALL",     "States.TaskFailed",
                                        "States.Timeout", "States.HeartbeatTimeout",
                                        "itself",         "Another"};
    static const struct {
        const char *error;
        bool taken[6];
    } rows[] = {
        {"My.Error", {true, true, false, false, true, false}},
        {NULL, {true, true, false, false, false, false}}, /* a failure without a name */
        {"timeout", {true, false, true, false, false, false}},
        {"heartbeat", {true, false, true, true, false, false}},
        {"States.Timeout", {true, false, true, false, true, false}},
        {"States.TaskFailed", {true, true, false, false, true, false}},
        {"States.Permissions", {true, true, false, false, true, false}},
        {"States.DataLimitExceeded", {true, true, false, false, true, false}},
        {"States.IntrinsicFailure", {true, true, false, false, true, false}},
        {"States.ResultPathMatchFailure", {true, true, false, false, true, false}},
        {"States.Runtime", {false, false, false, false, false, false}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
            const char *name = j == 4 ? rows[i].error ? rows[i].error : "null" : names[j];
            if (takes("Catch", name, rows[i].error) != rows[i].taken[j])
                fail_msg("Catch of %s by %s", rows[i].error ? rows[i].error : "no name", name);
            if (takes("Retry", name, rows[i].error) != rows[i].taken[j])
                fail_msg("Retry of %s by %s", rows[i].error ? rows[i].error : "no name", name);
        }
    }
}

static void what_fails_inside_is_taken_by_the_state_around_it(void **state)
{
    static const char *const names[] = {"States.ALL", "States.BranchFailed",
                                        "States.NoChoiceMatched", "States.TaskFailed"};
    char definition[512];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(
            definition, sizeof(definition),
            "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[{"
            "\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[{"
            "\"Variable\":\"$.n\",\"NumericEquals\":1,\"Next\":\"S\"}]},\"S\":{\"Type\":"
            "\"Succeed\"}}}],\"Catch\":[{\"ErrorEquals\":[\"%s\"],\"Next\":\"X\"}],"
            "\"End\":true},\"X\":{\"Type\":\"Pass\",\"Result\":\"taken\",\"End\":true}}}",
            names[i]);
        play_expect(definition, "{\"n\":2}", "\"taken\"");
    }
    /* a path that names nothing ends the run, however deep */
    play_expect_error(
        "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[{"
        "\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"InputPath\":\"$.no\","
        "\"End\":true}}}],\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"X\"}],"
        "\"End\":true},\"X\":{\"Type\":\"Succeed\"}}}",
        "{}", "States.Runtime");
}

static void runtime_errors_are_neither_retried_nor_caught(void **state)
{
    struct play play;

    (void)state;
    begin(&play, CAUGHT(",\"ResultSelector\":{\"a.$\":\"$.nothing\"},\"Retry\":[{\"ErrorEquals\":"
                        "[\"States.ALL\"]}],\"Catch\":[{\"ErrorEquals\":[\"States.Runtime\"],"
                        "\"Next\":\"C\"},{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"C\"}]"));
    play_ok(&play, "T", "{}");
    assert_string_equal(asl_run_error(play.run), "States.Runtime");
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_catcher_takes_the_error_and_goes_on_elsewhere),
        cmocka_unit_test(an_error_that_nothing_takes_ends_the_run),
        cmocka_unit_test(each_error_is_taken_by_the_names_that_stand_for_it),
        cmocka_unit_test(what_fails_inside_is_taken_by_the_state_around_it),
        cmocka_unit_test(runtime_errors_are_neither_retried_nor_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

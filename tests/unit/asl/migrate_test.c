/* migrate_test.c -- redrive in a corrected definition: states are found again by name, only what
 * failed runs again, and what is gone is named. */
#include "tests/unit/asl/play.h"

#include <string.h>

#define T(name, more) "\"" name "\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\"" more "}"

static struct asl_machine *parse(const char *definition)
{
    struct asl_machine *machine;
    struct mr_error err;

    if (asl_machine_parse(definition, strlen(definition), NULL, &machine, &err))
        fail_msg("%s", err.text);
    return machine;
}

static enum mr_code migrate(struct play *play, const char *definition, struct mr_error *err)
{
    struct asl_machine *machine = parse(definition);
    struct asl_values_fn none = {0};
    enum mr_code rc = asl_run_migrate(play->run, machine, 0, err);

    if (rc) {
        asl_machine_unref(machine);
        return rc;
    }
    asl_machine_unref(play->machine);
    play->machine = machine;
    mr_buf_reset(&play->text); /* what the twin of the next event is decoded from */
    assert_int_equal(asl_run_encode(play->run, &none, &play->text, err), MR_OK);
    return MR_OK;
}

static void a_failed_state_runs_again_as_it_is_written_now(void **state)
{
    struct mr_error err = {0};
    struct play play;

    (void)state;
    play_begin(
        &play, "{\"StartAt\":\"A\",\"States\":{" T("A", ",\"Next\":\"B\"") "," //
        T("B", ",\"Retry\":[{\"ErrorEquals\":[\"E\"],\"MaxAttempts\":1}],\"End\":true") "}}");
    play_start(&play, "{}");
    play_ok(&play, "A", "{\"a\":1}");
    play_fail(&play, "B", "E", NULL);
    play_next_timer(&play);
    play_fail(&play, "B", "E", NULL);
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_int_equal(
        migrate(
            &play,
            "{\"StartAt\":\"First\",\"States\":{\"First\":{\"Type\":\"Pass\",\"Next\":\"B\"}," T(
                "B",
                ",\"Parameters\":{\"fixed\":true},\"Retry\":[{\"ErrorEquals\":[\"F\"]},"
                "{\"ErrorEquals\":[\"E\"],\"MaxAttempts\":1}],\"Next\":\"C\"") ","
                                                                               "\"C\":{\"Type\":"
                                                                               "\"Pass\","
                                                                               "\"Result\":7,"
                                                                               "\"End\":true}}}",
            &err),
        MR_OK);
    play_redrive(&play);
    assert_where(&play, "B");
    assert_string_equal(play.tasks[0].input, "{\"fixed\":true}");
    assert_int_equal(play.tasks[0].entry, 2); /* of a state of this name, in this run */
    play_fail(&play, "B", "E", NULL);         /* its counters start again */
    play_next_timer(&play);
    play_ok(&play, "B", "{}");
    assert_output(&play, "7");
    play_end(&play);
}

/* The old machine, and the names in it, are gone by then. */
static void variables_and_the_query_language_go_over_too(void **state)
{
    struct mr_error err = {0};
    struct play play;

    (void)state;
    play_begin(&play,
               "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":"
               "\"Pass\",\"Assign\":{\"kept\":1,\"left\":2},\"Next\":\"B\"}," //
               T("B", ",\"Arguments\":\"{% $left %}\",\"End\":true") "}}");
    play_start(&play, "{}");
    play_answer(&play, "{\"error\":\"x\",\"cause\":\"c\"}");
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_int_equal(
        migrate(&play,
                "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"}," //
                T("B", ",\"Parameters\":{\"v.$\":\"$kept\"},\"End\":true") "}}",
                &err),
        MR_OK);
    play_redrive(&play);
    assert_string_equal(play.tasks[0].input, "{\"v\":1}");
    play_ok(&play, "B", "3");
    assert_output(&play, "3");
    play_end(&play);
}

#define FORKED(branch, more)                                                                       \
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["      \
    "{\"StartAt\":\"L\",\"States\":{" T("L", ",\"End\":true") "}}," branch "]" more "}}}"
#define RIGHT(name) "{\"StartAt\":\"" name "\",\"States\":{" T(name, ",\"End\":true") "}}"

static void only_the_branch_that_failed_runs_again(void **state)
{
    struct mr_error err = {0};
    struct play play;

    (void)state;
    play_begin(&play, FORKED(RIGHT("R"), ""));
    play_start(&play, "{}");
    play_ok(&play, "L", "1");
    play_fail(&play, "R", "E", NULL);
    assert_int_equal(migrate(&play, FORKED(RIGHT("R"), ",\"ResultPath\":\"$.both\""), &err), MR_OK);
    play_redrive(&play);
    assert_where(&play, "R");
    play_ok(&play, "R", "2");
    assert_output(&play, "{\"both\":[1,2]}");
    play_end(&play);
}

static void what_is_gone_is_named_and_the_run_is_as_it_was(void **state)
{
    static const struct {
        const char *definition, *words;
    } bad[] = {
        {"{\"StartAt\":\"Q\",\"States\":{\"Q\":{\"Type\":\"Succeed\"}}}", "\"P\" is gone"},
        {FORKED(RIGHT("X"), ""), "\"R\" is gone"},
        {FORKED(RIGHT("R") "," RIGHT("S"), ""), "3 branches"},
        {"{\"StartAt\":\"P\",\"States\":{" T("P", ",\"End\":true") "}}", "is a Task now"},
    };
    struct mr_error err = {0};
    struct play play;

    (void)state;
    play_begin(&play, FORKED(RIGHT("R"), ""));
    play_start(&play, "{}");
    assert_int_equal(migrate(&play, FORKED(RIGHT("R"), ""), &err), MR_INVALID); /* it runs */
    play_fail(&play, "R", "E", NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(migrate(&play, bad[i].definition, &err), MR_INVALID);
        if (!strstr(err.text, bad[i].words))
            fail_msg("'%s' is not in '%s'", bad[i].words, err.text);
    }
    play_redrive(&play);
    assert_where(&play, "L,R");
    play_end(&play);
}

#define ITEMS(more)                                                                                \
    "\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\","    \
    "\"ExecutionType\":\"STANDARD\"},\"StartAt\":\"I\",\"States\":{" T(                            \
        "I", ",\"End\":true") "}}" more ",\"End\":true}}}"
#define SPREAD(more) "{\"StartAt\":\"M\",\"States\":{" ITEMS(more)
#define SPREAD_LATER(more)                                                                         \
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[" RIGHT(            \
        "R") "],\"Next\":\"M\"}," ITEMS(more)
#define READER(key)                                                                                \
    ",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\",\"ReaderConfig\":{"           \
    "\"InputType\":\"" key "\"},\"Parameters\":{\"Bucket\":\"b\",\"Key\":\"k\"}}"

static void a_distributed_map_goes_on_with_what_its_items_became(void **state)
{
    struct mr_error err = {0};
    struct play play;

    (void)state;
    play_begin(&play, SPREAD(",\"MaxConcurrency\":1"));
    play_start(&play, "[1,2,3]");
    play_child_ok(&play, 0, "\"a\"");
    play_child_fail(&play, 1, "E");
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_int_equal(
        migrate(&play, SPREAD_LATER(",\"ItemSelector\":{\"v.$\":\"$$.Map.Item.Value\"}"), &err),
        MR_OK);
    play_redrive(&play);
    assert_true(play_child_of(&play, 1)->again); /* the one that failed, and no other */
    assert_int_equal(asl_run_child_flow(play.run, play.children[0].seq), 2);
    play_child_ok(&play, 1, "\"b\"");
    assert_string_equal(play_child_of(&play, 2)->input, "{\"v\":3}");
    play_child_ok(&play, 2, "\"c\"");
    assert_output(&play, "[\"a\",\"b\",\"c\"]");
    play_end(&play);
}

static void a_distributed_map_keeps_its_reader_and_its_writer(void **state)
{
    static const struct {
        const char *definition, *words;
    } bad[] = {
        {SPREAD(READER("JSON")), "ItemReader is another"},
        {SPREAD(""), "ItemReader is another"},
        {SPREAD(
             READER("JSONL") ",\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\"}"),
         "ResultWriter is another"},
        {"{\"StartAt\":\"M\",\"States\":{" T("M", ",\"End\":true") "}}", "no distributed Map"},
    };
    struct mr_error err = {0};
    struct play play;

    (void)state;
    play_begin(&play, SPREAD(READER("JSONL")));
    play_start(&play, "{}");
    play_ok(&play, "M", "{\"items\":[1],\"cursor\":9}");
    play_child_fail(&play, 0, "E");
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(migrate(&play, bad[i].definition, &err), MR_INVALID);
        if (!strstr(err.text, bad[i].words))
            fail_msg("'%s' is not in '%s'", bad[i].words, err.text);
    }
    play_end(&play);
}

static void a_run_that_succeeded_has_nothing_to_go_on_with(void **state)
{
    struct mr_error err = {0};
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"Q\",\"States\":{\"Q\":{\"Type\":\"Succeed\"}}}");
    play_start(&play, "{}");
    assert_int_equal(
        migrate(&play, "{\"StartAt\":\"Q\",\"States\":{\"Q\":{\"Type\":\"Succeed\"}}}", &err),
        MR_INVALID);
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_state_runs_again_as_it_is_written_now),
        cmocka_unit_test(only_the_branch_that_failed_runs_again),
        cmocka_unit_test(variables_and_the_query_language_go_over_too),
        cmocka_unit_test(what_is_gone_is_named_and_the_run_is_as_it_was),
        cmocka_unit_test(a_distributed_map_goes_on_with_what_its_items_became),
        cmocka_unit_test(a_distributed_map_keeps_its_reader_and_its_writer),
        cmocka_unit_test(a_run_that_succeeded_has_nothing_to_go_on_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

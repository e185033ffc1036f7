/* budget_test.c -- what one event may cause: a step enters so many states and leaves the rest to an
 * event of its own.  (play.c checks after every event that a decoded run goes on as the run
 * itself.) */
#include "tests/unit/asl/play.h"

#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOP                                                                                       \
    "\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":[{"           \
    "\"Variable\":\"$.x\",\"IsPresent\":true,\"Next\":\"C\"}],\"Default\":\"A\"},"                 \
    "\"C\":{\"Type\":\"Succeed\"}"

static const char loop[] = "{\"StartAt\":\"A\",\"States\":{" LOOP "}}";

/* One branch goes round for ever, the other has a task. */
static const char beside[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
    "{\"StartAt\":\"A\",\"States\":{" LOOP "}},{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":"
    "\"Task\",\"Resource\":\"millrace:a.b\",\"Next\":\"U\"},\"U\":{\"Type\":\"Task\","
    "\"Resource\":\"millrace:a.b\",\"TimeoutSeconds\":9,\"End\":true}}}]}}}";

static const char items[] =
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{\"StartAt\":\"A\","
    "\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},\"B\":{\"Type\":\"Pass\",\"End\":true}}},"
    "\"End\":true}}}";

static void a_loop_stops_at_its_budget_and_waits_for_one_timer(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, loop);
    play_start(&play, "{}");
    assert_int_equal(asl_run_entered(play.run), ASL_STEP_ENTRIES);
    assert_int_equal(asl_run_status(play.run), ASL_RUNNING);
    assert_int_equal(play.timer_count, 1);
    assert_int_equal(play.timers[0].kind, ASL_TIMER_GO_ON);
    assert_int_equal(play.timers[0].seq, ASL_STEP_ENTRIES);
    assert_int_equal(play.timers[0].due_ms, play.now_ms); /* at once */
    play_timer(&play, 0);
    assert_int_equal(asl_run_entered(play.run), 2 * ASL_STEP_ENTRIES);
    assert_int_equal(play.timer_count, 1);
    assert_int_equal(play.timers[0].seq, 2 * ASL_STEP_ENTRIES);
    play_cancel(&play); /* and it can be cancelled */
    assert_int_equal(asl_run_status(play.run), ASL_ABORTED);
    assert_int_equal(play.timer_count, 0);
    play_end(&play);
}

static void a_timer_that_comes_twice_or_never_was_moves_nothing(void **state)
{
    struct asl_event event = {
        .kind = ASL_EVENT_TIMER, .timer = ASL_TIMER_GO_ON, .seq = ASL_STEP_ENTRIES};
    struct play play;

    (void)state;
    play_begin(&play, loop);
    play_start(&play, "{}");
    play.now_ms--; /* early by the broker's clock */
    play_event(&play, &event);
    assert_false(play.changed);
    play.now_ms++;
    play_event(&play, &event);
    assert_true(play.changed);
    play_event(&play, &event);
    assert_false(play.changed);
    event.seq = 0;
    play_event(&play, &event);
    assert_false(play.changed);
    event.seq = 2 * ASL_STEP_ENTRIES + 1;
    play_event(&play, &event);
    assert_false(play.changed);
    assert_int_equal(asl_run_entered(play.run), 2 * ASL_STEP_ENTRIES);
    play_end(&play);
}

/* Text of so many bytes, as the member "all" beside "n". */
static char *input_of(size_t bytes)
{
    struct mr_buf text = {0};

    mr_buf_add_str(&text, "{\"n\":0,\"all\":\"");
    while (text.len < bytes - 2)
        mr_buf_add_char(&text, 'x');
    mr_buf_add_str(&text, "\"}");
    assert_int_equal(text.len, bytes);
    return mr_buf_detach(&text);
}

/* Three loops over the same data: entered with them, found by a search, held in a variable. */
static void large_data_use_the_budget_up_sooner(void **state)
{
    static const struct {
        const char *states;
        uint64_t entered;
    } loops[] = {
        /* each entry weighs the input */
        {"\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":[{"
         "\"Variable\":\"$.n\",\"NumericEquals\":1,\"Next\":\"Z\"}],\"Default\":\"A\"}",
         21},
        /* every second one searches it besides */
        {"\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":[{"
         "\"Variable\":\"$..n\",\"IsNull\":true,\"Next\":\"Z\"}],\"Default\":\"A\"}",
         14},
        /* 100,000 bytes are found and assigned in each second one, and read in the others; the
         * first has the input besides */
        {"\"A\":{\"Type\":\"Pass\",\"Assign\":{\"v.$\":\"$$.Execution.Input.all\"},\"Result\":1,"
         "\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$v\","
         "\"IsNull\":true,\"Next\":\"Z\"}],\"Default\":\"A\"}",
         13},
    };
    char *input = input_of(100000);

    (void)state;
    for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
        struct mr_buf text = {0};
        struct play play;
        mr_buf_addf(&text, "{\"StartAt\":\"A\",\"States\":{%s,\"Z\":{\"Type\":\"Succeed\"}}}",
                    loops[i].states);
        play_begin(&play, text.data);
        play_start(&play, input);
        assert_int_equal(asl_run_entered(play.run), loops[i].entered);
        for (int k = 0; k < 3; k++)
            play_next_timer(&play);
        assert_int_equal(play.timer_count, 1);
        assert_int_equal(asl_run_status(play.run), ASL_RUNNING);
        play_end(&play);
        mr_buf_release(&text);
    }
    free(input);
}

static void a_chain_that_just_fits_needs_no_timer(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},"
                      "\"B\":{\"Type\":\"Pass\",\"Next\":\"C\"},\"C\":{\"Type\":\"Succeed\"}}}");
    play.env.step_entries = 3;
    play_start(&play, "{}");
    assert_output(&play, "{}");
    assert_int_equal(play.timer_count, 0);
    play_end(&play);
}

static void branches_begin_in_their_order_as_ever(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, beside);
    play.env.step_entries = 10;
    play_start(&play, "{}");
    play_timer(&play, 0);
    assert_int_equal(asl_run_entered(play.run), 20);
    assert_null(play_task_of(&play, "T")); /* each goes as far as it can before the next begins */
    assert_where(&play, "B");
    play_end(&play);
}

static void branches_share_what_a_step_may_do(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,"
               "\"Branches\":[{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
               "\"millrace:a.b\",\"Next\":\"U\"},\"U\":{\"Type\":\"Task\",\"Resource\":"
               "\"millrace:a.b\",\"TimeoutSeconds\":9,\"End\":true}}},{\"StartAt\":\"A\","
               "\"States\":{" LOOP "}}]}}}");
    play.env.step_entries = 10;
    play_start(&play, "{}");
    play_ok(&play, "T", "1"); /* goes before the loop, which has what is left of its event */
    assert_non_null(play_task_of(&play, "U"));
    assert_int_equal(asl_run_entered(play.run), 20);
    assert_int_equal(play.timer_count, 2); /* of the loop, of U */
    play_fail(&play, "U", "E", "no");
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_int_equal(play.timer_count, 0);
    play_redrive(&play);
    assert_non_null(play_task_of(&play, "U"));
    play_end(&play);
}

static void a_map_of_many_items_ends_as_ever(void **state)
{
    struct mr_buf input = {0};
    struct play play;
    unsigned steps = 1;

    (void)state;
    mr_buf_add_char(&input, '[');
    for (int i = 0; i < 200; i++)
        mr_buf_addf(&input, i ? ",%d" : "%d", i);
    mr_buf_add_char(&input, ']');
    play_begin(&play, items);
    play.env.step_entries = 37;
    play_start(&play, input.data);
    for (; !play.closed; steps++)
        play_next_timer(&play);
    assert_output(&play, input.data);
    assert_int_equal(asl_run_entered(play.run), 401);
    assert_int_equal(steps, 11); /* 401 / 37, and the rest */
    play_end(&play);
    mr_buf_release(&input);
}

/* What a run comes to does not depend on where its steps end, but for the times. */
static void the_history_is_the_same_whatever_the_budget(void **state)
{
    char *told[2] = {NULL, NULL};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct play play;
        play_begin(&play, items);
        play.env.step_entries = i ? 1 : 1000;
        play_start(&play, "[[1],{\"a\":2},3]");
        while (!play.closed)
            play_next_timer(&play);
        told[i] = mr_buf_detach(&play.history);
        play_end(&play);
    }
    assert_string_equal(told[0], told[1]);
    free(told[0]);
    free(told[1]);
}

static void a_run_of_the_first_engine_has_no_budget(void **state)
{
    struct asl_start start = {.job = "j", .workflow = "w", .tenant = "t", .engine = 1};
    struct asl_event event = {.kind = ASL_EVENT_START, .time_ms = 5};
    struct asl_env env = {.entries_max = 5000};
    struct asl_effects effects = {0};
    struct asl_machine *machine = NULL;
    struct asl_run *run = NULL;
    struct mr_error err;
    char word[32];
    bool changed;

    (void)state;
    assert_int_equal(asl_machine_parse(loop, strlen(loop), NULL, &machine, NULL), MR_OK);
    assert_int_equal(asl_run_new(machine, &start, &run, NULL), MR_OK);
    assert_int_equal(asl_step(run, &event, &env, &effects, &changed, NULL), MR_OK);
    assert_int_equal(asl_run_status(run), ASL_FAILED);
    assert_int_equal(asl_run_entered(run), 5001);
    asl_run_free(run);
    start.engine = ASL_ENGINE + 1;
    assert_int_equal(asl_run_new(machine, &start, &run, &err), MR_UNSUPPORTED);
    (void)snprintf(word, sizeof word, "engine %d", ASL_ENGINE + 1);
    assert_non_null(strstr(err.text, word));
    asl_effects_release(&effects);
    asl_machine_unref(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_stops_at_its_budget_and_waits_for_one_timer),
        cmocka_unit_test(a_timer_that_comes_twice_or_never_was_moves_nothing),
        cmocka_unit_test(large_data_use_the_budget_up_sooner),
        cmocka_unit_test(a_chain_that_just_fits_needs_no_timer),
        cmocka_unit_test(branches_begin_in_their_order_as_ever),
        cmocka_unit_test(branches_share_what_a_step_may_do),
        cmocka_unit_test(a_map_of_many_items_ends_as_ever),
        cmocka_unit_test(the_history_is_the_same_whatever_the_budget),
        cmocka_unit_test(a_run_of_the_first_engine_has_no_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

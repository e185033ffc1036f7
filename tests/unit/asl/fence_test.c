/* fence_test.c -- an event that comes twice, late or forged changes nothing. */
#include "tests/unit/asl/failure_kit.h"

static void answers_that_come_twice_late_or_forged_change_nothing(void **state)
{
    struct play play;
    cJSON *data = cJSON_Parse("{\"forged\":true}");
    struct asl_event event = {.kind = ASL_EVENT_TASK_OK, .seq = 1, .attempt = 1, .data = data};

    (void)state;
    begin(&play, TASK(",\"TimeoutSeconds\":5,\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]}]"));
    event.attempt = 2;
    play_event(&play, &event); /* not yet */
    assert_false(play.changed);
    event.attempt = 1;
    event.seq = 2;
    play_event(&play, &event);
    assert_false(play.changed);
    event.seq = 0;
    play_event(&play, &event);
    assert_false(play.changed);
    play_timer(&play, 0); /* the first attempt is over */
    event.seq = 1;
    play_event(&play, &event);
    assert_false(play.changed);
    play_timer(&play, 0); /* the back-off */
    play_event(&play, &event);
    assert_false(play.changed);
    event.kind = ASL_EVENT_TIMER;
    for (const char *kind = "wrthm"; *kind; kind++) {
        event.timer = (enum asl_timer) * kind;
        play_event(&play, &event);
        assert_false(play.changed);
    }
    play_ok(&play, "T", "1");
    assert_output(&play, "1");
    event.kind = ASL_EVENT_TASK_OK;
    event.attempt = 2;
    play_event(&play, &event);
    assert_false(play.changed);
    event.kind = ASL_EVENT_START;
    play_event(&play, &event);
    assert_false(play.changed);
    event.kind = ASL_EVENT_CANCEL;
    play_event(&play, &event);
    assert_false(play.changed);
    event.kind = ASL_EVENT_REDRIVE;
    play_event(&play, &event);
    assert_false(play.changed);
    assert_output(&play, "1");
    assert_int_equal(play.closes, 1);
    cJSON_Delete(data);
    play_end(&play);
}

static void a_second_start_changes_nothing(void **state)
{
    struct play play;

    (void)state;
    begin(&play, TASK(""));
    play_start(&play, "{\"other\":1}");
    assert_false(play.changed);
    assert_int_equal(play.task_count, 1);
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_that_come_twice_late_or_forged_change_nothing),
        cmocka_unit_test(a_second_start_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* play_moves.c -- what tests do to a run that plays, a line each, and what they expect of it. */
#include "tests/unit/asl/play.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

void play_start(struct play *play, const char *input)
{
    struct asl_event event = {.kind = ASL_EVENT_START};
    cJSON *data = cJSON_Parse(input);

    assert_non_null(data);
    event.data = data;
    play_event(play, &event);
    cJSON_Delete(data);
}

struct play_task *play_task_of(struct play *play, const char *state)
{
    for (size_t i = 0; i < play->task_count; i++)
        if (strcmp(play->tasks[i].state, state) == 0)
            return &play->tasks[i];
    return NULL;
}

void play_ok(struct play *play, const char *state, const char *json)
{
    struct play_task *task = play_task_of(play, state);
    cJSON *data = cJSON_Parse(json);
    struct asl_event event = {.kind = ASL_EVENT_TASK_OK, .data = data};

    assert_non_null(task);
    assert_non_null(data);
    event.seq = task->seq;
    event.attempt = task->attempt;
    play_event(play, &event);
    cJSON_Delete(data);
}

void play_fail(struct play *play, const char *state, const char *error, const char *cause)
{
    struct play_task *task = play_task_of(play, state);
    struct asl_event event = {.kind = ASL_EVENT_TASK_FAILED, .error = error, .cause = cause};

    assert_non_null(task);
    event.seq = task->seq;
    event.attempt = task->attempt;
    play_event(play, &event);
}

void play_timer(struct play *play, size_t index)
{
    struct play_timer timer;
    struct asl_event event = {.kind = ASL_EVENT_TIMER};

    assert_true(index < play->timer_count);
    timer = play->timers[index];
    if (play->now_ms < timer.due_ms)
        play->now_ms = timer.due_ms;
    event.seq = timer.seq;
    event.attempt = timer.attempt;
    event.timer = (enum asl_timer)timer.kind;
    play_event(play, &event);
}

void play_next_timer(struct play *play)
{
    size_t first = 0;

    for (size_t i = 1; i < play->timer_count; i++)
        if (play->timers[i].due_ms < play->timers[first].due_ms)
            first = i;
    play_timer(play, first);
}

void play_answer(struct play *play, const char *answer)
{
    struct asl_event event = {.kind = ASL_EVENT_EVALUATED};
    cJSON *data = cJSON_Parse(answer);

    assert_true(play->ask_count > 0);
    assert_non_null(data);
    event.seq = play->asks[0].seq;
    event.attempt = play->asks[0].attempt;
    event.number = play->asks[0].number;
    event.data = data;
    play_event(play, &event);
    cJSON_Delete(data);
}

void play_cancel(struct play *play)
{
    struct asl_event event = {
        .kind = ASL_EVENT_CANCEL, .error = "Cancelled", .cause = "somebody asked"};

    play_event(play, &event);
}

void play_redrive(struct play *play)
{
    struct asl_event event = {.kind = ASL_EVENT_REDRIVE};

    play_event(play, &event);
}

void play_run(struct play *play)
{
    while (!play->closed) {
        if (play->task_count > 0) {
            char *input = strdup(play->tasks[0].input);
            play_ok(play, play->tasks[0].state, input);
            free(input);
        } else {
            play_next_timer(play);
        }
    }
    assert_int_equal(play->closes, 1);
}

void assert_json(const cJSON *json, const char *expected)
{
    struct mr_buf got = {0}, want = {0};
    cJSON *tree = cJSON_Parse(expected);

    assert_non_null(json);
    assert_non_null(tree);
    assert_int_equal(mr_json_print_sorted(json, &got), MR_OK);
    assert_int_equal(mr_json_print_sorted(tree, &want), MR_OK);
    assert_string_equal(got.data, want.data);
    mr_buf_release(&got);
    mr_buf_release(&want);
    cJSON_Delete(tree);
}

void assert_output(struct play *play, const char *expected)
{
    if (asl_run_status(play->run) != ASL_SUCCEEDED)
        fail_msg("%s: %s: %s", asl_status_name(asl_run_status(play->run)),
                 asl_run_error(play->run) ? asl_run_error(play->run) : "-",
                 asl_run_cause(play->run) ? asl_run_cause(play->run) : "-");
    assert_json(asl_run_output(play->run), expected);
}

void assert_where(struct play *play, const char *expected)
{
    char where[256];

    asl_run_where(play->run, where, sizeof(where));
    assert_string_equal(where, expected);
}

void play_expect(const char *definition, const char *input, const char *output)
{
    struct play play;

    play_begin(&play, definition);
    play_start(&play, input);
    play_run(&play);
    assert_output(&play, output);
    play_end(&play);
}

void play_expect_error(const char *definition, const char *input, const char *error)
{
    struct play play;

    play_begin(&play, definition);
    play_start(&play, input);
    play_run(&play);
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    if (error)
        assert_string_equal(asl_run_error(play.run), error);
    else
        assert_null(asl_run_error(play.run));
    play_end(&play);
}

static void end_child(struct play *play, uint32_t index, enum asl_event_kind kind, const char *json,
                      const char *error)
{
    const struct play_child *child = play_child_of(play, index);
    struct asl_event event = {.kind = kind, .error = error, .cause = error};
    cJSON *data = json ? cJSON_Parse(json) : NULL;

    assert_non_null(child);
    event.seq = child->seq;
    event.attempt = child->attempt;
    event.index = index;
    event.items = child->items;
    event.data = data;
    play_event(play, &event);
    assert_true(play->changed);
    cJSON_Delete(data);
}

void play_child_ok(struct play *play, uint32_t index, const char *json)
{
    end_child(play, index, ASL_EVENT_CHILD_OK, json, NULL);
}

void play_child_fail(struct play *play, uint32_t index, const char *error)
{
    end_child(play, index, ASL_EVENT_CHILD_FAILED, NULL, error);
}

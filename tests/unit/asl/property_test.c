/* property_test.c -- random machines under random events: nothing crashes, no branch is lost, every
 * run ends once, and a second play of the same events gives the same bytes.  (play.c also checks
 * after every event that a run decoded from its text goes on as the run itself.) */
#include "tests/unit/asl/play.h"
#include "tests/unit/asl/recorded.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 250, EVENTS_MAX = 400, DEPTH_MAX = 3 };

static uint64_t seed;

static unsigned pick(unsigned count)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 11) % count);
}

/* ---- machines ----------------------------------------------------------------------------- */

static unsigned names;

static void add_flow(struct mr_buf *buf, unsigned depth);

static void add_retry(struct mr_buf *buf, const char *catch_at)
{
    static const char *const errors[] = {"A", "B", "States.ALL", "States.TaskFailed",
                                         "States.Timeout"};

    if (pick(2))
        mr_buf_addf(
            buf,
            ",\"Retry\":[{\"ErrorEquals\":[\"%s\"],\"MaxAttempts\":%u,\"IntervalSeconds\":%u"
            "%s}]",
            errors[pick(5)], pick(3), 1 + pick(3), pick(2) ? ",\"JitterStrategy\":\"FULL\"" : "");
    if (pick(2))
        mr_buf_addf(buf, ",\"Catch\":[{\"ErrorEquals\":[\"%s\"],\"Next\":\"%s\"%s}]",
                    errors[pick(5)], catch_at, pick(2) ? ",\"ResultPath\":\"$.e\"" : "");
}

static void add_paths(struct mr_buf *buf)
{
    static const char *const paths[] = {"null", "\"$\"", "\"$.r\"", "\"$.x.y\"", "\"$.list[0]\""};

    if (pick(2))
        mr_buf_addf(buf, ",\"ResultPath\":%s", paths[pick(5)]);
    if (pick(6) == 0)
        mr_buf_add_str(buf, ",\"OutputPath\":\"$\"");
}

/* Variables; some states read what nobody has assigned, or assign what an outer scope has. */
static void add_assign(struct mr_buf *buf)
{
    static const char *const values[] = {"\"v.$\":\"$\"", "\"v\":1,\"w.$\":\"$.list\"",
                                         "\"w.$\":\"$v\"", "\"n.$\":\"$$.State.Name\""};

    if (pick(3) == 0)
        mr_buf_addf(buf, ",\"Assign\":{%s}", values[pick(4)]);
}

/* A state that speaks JSONata: what its expressions come to is another event. */
static void add_query(struct mr_buf *buf, const char *next, const char *catch_at)
{
    static const char *const expressions[] = {"$states.input", "$v", "$states.input.list",
                                              "$uuid()"};
    const bool task = pick(2);

    mr_buf_addf(buf, "\"Type\":\"%s\",\"QueryLanguage\":\"JSONata\"", task ? "Task" : "Pass");
    if (task)
        mr_buf_add_str(buf, ",\"Resource\":\"millrace:j.s\"");
    if (task && pick(2))
        mr_buf_addf(buf, ",\"Arguments\":{\"a\":\"{%% %s %%}\",\"b\":2}", expressions[pick(4)]);
    if (task && pick(3) == 0)
        mr_buf_add_str(buf, ",\"TimeoutSeconds\":\"{% 5 %}\"");
    if (pick(2))
        mr_buf_addf(buf, ",\"Output\":\"{%% %s %%}\"", expressions[pick(4)]);
    if (pick(3) == 0)
        mr_buf_addf(buf, ",\"Assign\":{\"v\":\"{%% %s %%}\"}", expressions[pick(4)]);
    if (task && pick(2))
        mr_buf_addf(buf,
                    ",\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"%s\","
                    "\"Output\":\"{%% $states.errorOutput %%}\"}]",
                    catch_at);
    mr_buf_addf(buf, ",\"Next\":\"%s\"}", next);
}

/* What makes a Map a distributed one: its flow is the children's business. */
static void add_spread(struct mr_buf *buf, unsigned depth)
{
    struct mr_buf flow = {0};

    if (pick(2))
        mr_buf_add_str(buf, ",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\","
                            "\"ReaderConfig\":{\"InputType\":\"JSON\"},\"Parameters\":{\"k.$\":"
                            "\"$.x\"}}");
    if (pick(3) == 0)
        mr_buf_add_str(buf, ",\"ItemBatcher\":{\"MaxItemsPerBatch\":2}");
    if (pick(2))
        mr_buf_add_str(buf, ",\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\"}");
    if (pick(2))
        mr_buf_addf(buf, ",\"ToleratedFailureCount\":%u", pick(3));
    if (pick(3) == 0)
        mr_buf_addf(buf, ",\"ToleratedFailurePercentage\":%u", pick(101));
    add_flow(&flow, depth + 1);
    mr_buf_addf(buf,
                ",\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\","
                "\"ExecutionType\":\"STANDARD\"},%s",
                flow.data + 1);
    mr_buf_release(&flow);
}

static void add_fork(struct mr_buf *buf, unsigned depth)
{
    if (pick(2)) {
        unsigned count = 1 + pick(3);
        mr_buf_add_str(buf, "\"Type\":\"Parallel\",\"Branches\":[");
        for (unsigned i = 0; i < count; i++) {
            mr_buf_add_str(buf, i ? "," : "");
            add_flow(buf, depth + 1);
        }
        mr_buf_add_str(buf, "]");
        return;
    }
    mr_buf_addf(buf,
                "\"Type\":\"Map\",\"MaxConcurrency\":%u,\"ItemsPath\":\"$$.Execution.Input.list\"",
                pick(4));
    if (pick(2))
        mr_buf_add_str(buf, ",\"ItemSelector\":{\"item.$\":\"$$.Map.Item.Value\",\"list\":[1],"
                            "\"in.$\":\"$\"}");
    if (pick(2)) {
        mr_buf_add_str(buf, ",\"ItemProcessor\":");
        add_flow(buf, depth + 1);
        return;
    }
    add_spread(buf, depth);
}

/* State number i of a flow with count states, the last of which succeeds. */
static void add_state(struct mr_buf *buf, unsigned base, unsigned i, unsigned count, unsigned depth)
{
    unsigned kind = pick(depth < DEPTH_MAX ? 9 : 7);
    char next[32], last[32];

    (void)snprintf(next, sizeof(next), "S%u", base + i + 1);
    (void)snprintf(last, sizeof(last), "S%u", base + count - 1);
    mr_buf_addf(buf, "\"S%u\":{", base + i);
    switch (kind) {
    case 0:
        mr_buf_add_str(buf, "\"Type\":\"Pass\",\"Result\":{\"list\":[1,2],\"n\":3}");
        if (pick(8) == 0)
            mr_buf_add_str(buf, ",\"InputPath\":\"$v\"");
        add_paths(buf);
        add_assign(buf);
        break;
    case 1:
        mr_buf_addf(buf, "\"Type\":\"Wait\",\"Seconds\":%u", pick(4));
        break;
    case 2: /* forwards, or a while back; the entries end it */
        mr_buf_addf(buf,
                    "\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.r\",\"IsPresent\":true,"
                    "\"Next\":\"S%u\"}],\"Default\":\"%s\"}",
                    base + pick(count), next);
        return;
    case 6:
        add_query(buf, next, last);
        return;
    case 7:
    case 8:
        add_fork(buf, depth);
        add_paths(buf);
        add_retry(buf, last);
        break;
    default:
        mr_buf_add_str(buf, "\"Type\":\"Task\",\"Resource\":\"millrace:a.b\"");
        if (pick(2))
            mr_buf_add_str(buf, ",\"TimeoutSeconds\":20,\"HeartbeatSeconds\":7");
        if (pick(3) == 0)
            mr_buf_add_str(buf, ",\"Parameters\":{\"p.$\":\"$\",\"list\":[3,4]}");
        add_paths(buf);
        add_assign(buf);
        add_retry(buf, last);
        break;
    }
    mr_buf_addf(buf, ",\"Next\":\"%s\"}", next);
}

static void add_flow(struct mr_buf *buf, unsigned depth)
{
    unsigned count = 2 + pick(4), base = names;

    names += count;
    mr_buf_addf(buf, "{\"StartAt\":\"S%u\",\"States\":{", base);
    for (unsigned i = 0; i + 1 < count; i++) {
        add_state(buf, base, i, count, depth);
        mr_buf_add_char(buf, ',');
    }
    mr_buf_addf(buf, "\"S%u\":{\"Type\":\"%s\"}}}", base + count - 1, pick(8) ? "Succeed" : "Fail");
}

static char *random_machine(void)
{
    struct mr_buf buf = {0};

    names = 0;
    mr_buf_add_str(&buf, "{\"TimeoutSeconds\":60,");
    add_flow(&buf, 0);
    /* the flow brings its own brace: leave out the second */
    memmove(strstr(buf.data, ",{") + 1, strstr(buf.data, ",{") + 2,
            strlen(strstr(buf.data, ",{") + 2) + 1);
    return mr_buf_detach(&buf);
}

/* ---- events ------------------------------------------------------------------------------- */

struct log_entry {
    struct asl_event event;
    int64_t now_ms;
};

struct log {
    struct log_entry entries[EVENTS_MAX + 2];
    size_t count;
};

static cJSON *answers[4];
static cJSON *pages[3];  /* of an ItemReader; with the first another follows */
static cJSON *values[5]; /* of expressions: what an evaluator may say, or should not */

static unsigned evaluations; /* answers that moved a run */
static unsigned went_on;     /* steps that went on where a budget was used up */

static void apply(struct play *play, struct log *log, const struct asl_event *event)
{
    assert_true(log->count < EVENTS_MAX + 2);
    log->entries[log->count++] = (struct log_entry){*event, play->now_ms};
    play_event(play, event);
    evaluations += event->kind == ASL_EVENT_EVALUATED && play->changed;
    went_on += event->kind == ASL_EVENT_TIMER && event->timer == ASL_TIMER_GO_ON && play->changed;
}

static struct asl_event random_event(struct play *play, const struct log *log)
{
    static const char *const errors[] = {"A", "B", NULL, "States.Runtime"};
    struct asl_event event = {.kind = ASL_EVENT_TASK_OK};
    unsigned what = pick(20);

    if (what == 0 && log->count > 0) /* something that was there already */
        return log->entries[pick((unsigned)log->count)].event;
    if (what == 1) { /* something that never was */
        event.seq = pick(30);
        event.attempt = pick(3);
        event.timer = "wrthmcg"[pick(7)];
        event.number = pick(3);
        event.data = values[pick(5)];
        event.kind = pick(3) == 0 ? ASL_EVENT_EVALUATED
                     : pick(2)    ? ASL_EVENT_TIMER
                                  : ASL_EVENT_TASK_OK;
        return event;
    }
    if (what == 2 && pick(10) == 0) {
        event.kind = ASL_EVENT_CANCEL;
        return event;
    }
    if (play->ask_count > 0 && (play->task_count == 0 || pick(3))) {
        const struct play_ask *ask = &play->asks[pick((unsigned)play->ask_count)];
        event.kind = ASL_EVENT_EVALUATED;
        event.seq = ask->seq;
        event.attempt = ask->attempt;
        event.number = ask->number;
        event.data = values[pick(5)];
        return event;
    }
    if (play->child_count > 0 && (play->task_count == 0 || pick(2))) {
        const struct play_child *child = &play->children[pick((unsigned)play->child_count)];
        event.kind = pick(4) ? ASL_EVENT_CHILD_OK : ASL_EVENT_CHILD_FAILED;
        event.seq = child->seq;
        event.attempt = child->attempt;
        event.index = child->index;
        event.items = child->items;
        event.error = event.kind == ASL_EVENT_CHILD_OK ? NULL : errors[pick(3)];
        event.data = event.kind == ASL_EVENT_CHILD_OK || child->record ? answers[pick(4)] : NULL;
        return event;
    }
    if (play->timer_count > 0 && (play->task_count == 0 || pick(4) == 0)) {
        struct play_timer *timer = &play->timers[pick((unsigned)play->timer_count)];
        event.kind = ASL_EVENT_TIMER;
        event.seq = timer->seq;
        event.attempt = timer->attempt;
        event.timer = (enum asl_timer)timer->kind;
        if ((timer->kind != ASL_TIMER_MACHINE || pick(9) == 0) && pick(4) &&
            play->now_ms < timer->due_ms)
            play->now_ms = timer->due_ms;
        return event;
    }
    if (play->task_count > 0) {
        struct play_task *task = &play->tasks[pick((unsigned)play->task_count)];
        unsigned fails = pick(4);
        event.seq = task->seq;
        event.attempt = task->attempt;
        event.kind = fails == 0   ? ASL_EVENT_TASK_FAILED
                     : fails == 1 ? ASL_EVENT_HEARTBEAT
                                  : ASL_EVENT_TASK_OK;
        event.error = errors[pick(40) == 0 ? 3 : pick(3)];
        event.data = answers[pick(4)];
        if (strcmp(task->resource, ASL_RESOURCE_READ) == 0)
            event.data = pages[pick(3)];
    }
    return event;
}

static void set_limits(struct play *play, uint32_t step_entries)
{
    play->env.step_entries = step_entries;
    play->env.step_work = step_entries == 4 ? 100 : 0;
    play->env.entries_max = 60;
    play->env.in_flight_max = 3;
    play->env.data_max = 4000;
}

static void check_end(struct play *play)
{
    enum asl_status status = asl_run_status(play->run);

    assert_true(status != ASL_RUNNING);
    assert_int_equal(play->task_count + play->timer_count + play->child_count, 0);
    assert_int_equal(play->sent, play->answered + play->stopped);
    assert_int_equal(asl_run_output(play->run) != NULL, status == ASL_SUCCEEDED);
}

static void keep_nothing(void *ctx, uint32_t id, const char *json, size_t len)
{
    (void)ctx, (void)id, (void)json, (void)len;
}

static void drop_nothing(void *ctx, uint32_t id)
{
    (void)ctx, (void)id;
}

/* Plays the log without ever looking at the text in between; at the end it is the same. */
static void play_again(const char *definition, const struct log *log, uint32_t step_entries,
                       const char *expected)
{
    struct asl_values_fn fn = {keep_nothing, drop_nothing, NULL};
    struct mr_buf text = {0};
    struct play play;

    play_begin(&play, definition);
    set_limits(&play, step_entries);
    play.no_twin = true;
    for (size_t i = 0; i < log->count; i++) {
        play.now_ms = log->entries[i].now_ms;
        play_event(&play, &log->entries[i].event);
    }
    assert_int_equal(asl_run_encode(play.run, &fn, &text, NULL), MR_OK);
    assert_string_equal(text.data, expected);
    mr_buf_release(&text);
    play_end(&play);
}

/* The round as a log of recorded.h: how the files beside this one were made. */
static void record(FILE *out, const char *definition, const struct log *log, struct play *play)
{
    cJSON *line = cJSON_CreateObject(), *limits, *events;
    char digest[RECORDED_DIGEST], *text;
    struct asl_run *run = NULL;

    (void)cJSON_AddNumberToObject(line, "engine", ASL_ENGINE);
    (void)cJSON_AddItemToObject(line, "definition", cJSON_Parse(definition));
    limits = cJSON_AddObjectToObject(line, "limits");
    (void)cJSON_AddNumberToObject(limits, "entries", play->env.entries_max);
    (void)cJSON_AddNumberToObject(limits, "step", play->env.step_entries);
    (void)cJSON_AddNumberToObject(limits, "work", play->env.step_work);
    (void)cJSON_AddNumberToObject(limits, "in_flight", play->env.in_flight_max);
    (void)cJSON_AddNumberToObject(limits, "data", (double)play->env.data_max);
    events = cJSON_AddArrayToObject(line, "events");
    for (size_t i = 0; i < log->count; i++) {
        struct asl_event event = log->entries[i].event;
        event.time_ms = log->entries[i].now_ms;
        (void)cJSON_AddItemToArray(events, recorded_event(&event));
    }
    assert_int_equal(recorded_replay(line, digest, &run, NULL), MR_OK);
    (void)cJSON_AddStringToObject(line, "status", asl_status_name(asl_run_status(run)));
    (void)cJSON_AddStringToObject(line, "digest", digest);
    asl_run_free(run);
    text = cJSON_PrintUnformatted(line);
    (void)fprintf(out, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(line);
}

static void one_round(uint64_t round, unsigned *ended, FILE *out)
{
    char *definition;
    struct play play;
    struct log log = {.count = 0};
    struct asl_event start = {.kind = ASL_EVENT_START}, redrive = {.kind = ASL_EVENT_REDRIVE};
    cJSON *input = cJSON_Parse("{\"list\":[1,{\"a\":2},[3]],\"x\":{}}");
    const uint32_t step_entries = round % 3 ? 1 + (uint32_t)(round % 4) : 0; /* 0: as everywhere */

    seed = (round + 1) * 0x9E3779B97F4A7C15u;
    definition = random_machine();
    play_begin(&play, definition);
    set_limits(&play, step_entries);
    start.data = input;
    apply(&play, &log, &start);
    while (!play.closed && log.count < EVENTS_MAX) {
        struct asl_event event = random_event(&play, &log);
        if (pick(10) == 0)
            play.now_ms -= pick(3000);
        apply(&play, &log, &event);
        if (play.closed && log.count < EVENTS_MAX / 2 &&
            asl_run_status(play.run) != ASL_SUCCEEDED && pick(2)) {
            check_end(&play);
            apply(&play, &log, &redrive);
            if (!play.changed)
                break;
        }
    }
    if (play.closed) {
        check_end(&play);
        ended[asl_run_status(play.run)]++;
    }
    play_again(definition, &log, step_entries, play.text.data);
    if (out)
        record(out, definition, &log, &play);
    play_end(&play);
    cJSON_Delete(input);
    free(definition);
}

static void random_machines_end_once_whatever_comes_in_whatever_order(void **state)
{
    unsigned ended[5] = {0};
    uint64_t rounds = ROUNDS;
    const char *path = getenv("MILLRACE_RECORD"); /* a file for the logs */
    FILE *out = path ? fopen(path, "w") : NULL;

    (void)state;
    answers[0] = cJSON_Parse("{\"list\":[1,2,3],\"r\":1}");
    answers[1] = cJSON_Parse("5");
    answers[2] = cJSON_Parse("{\"x\":{\"y\":[]},\"list\":[{}]}");
    answers[3] = cJSON_CreateObject();
    cJSON_AddItemToObject(answers[3], "large", cJSON_CreateString("0123456789abcdef"));
    values[0] = cJSON_Parse("{\"values\":[{\"list\":[1,2]}]}");
    values[1] = cJSON_Parse("{\"values\":[5,{\"r\":1}],\"chosen\":0}");
    values[2] = cJSON_Parse("{\"values\":[[1],2,3]}");
    values[3] = cJSON_Parse("{\"error\":\"States.QueryEvaluationError\",\"cause\":\"no\","
                            "\"field\":\"Output\"}");
    values[4] = cJSON_Parse("{}");
    pages[0] = cJSON_Parse("{\"items\":[1,{\"a\":2},[3]],\"cursor\":7}");
    pages[1] = cJSON_Parse("{\"items\":[\"x\"]}");
    pages[2] = cJSON_Parse("{\"items\":{\"k\":1}}");
    if (getenv("MILLRACE_ROUNDS")) /* to search for longer */
        rounds = strtoull(getenv("MILLRACE_ROUNDS"), NULL, 10);
    for (uint64_t round = 0; round < rounds; round++)
        one_round(round, ended, out);
    if (out)
        (void)fclose(out);
    print_message("fact: of %" PRIu64
                  " runs %u succeeded, %u failed, %u timed out, %u were aborted; "
                  "%u steps went on\n",
                  rounds, ended[ASL_SUCCEEDED], ended[ASL_FAILED], ended[ASL_TIMED_OUT],
                  ended[ASL_ABORTED], went_on);
    assert_true(ended[ASL_SUCCEEDED] > 20 && ended[ASL_FAILED] > 20 && evaluations > 100 &&
                went_on > 100);
    for (int i = 0; i < 4; i++)
        cJSON_Delete(answers[i]);
    for (int i = 0; i < 3; i++)
        cJSON_Delete(pages[i]);
    for (int i = 0; i < 5; i++)
        cJSON_Delete(values[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_machines_end_once_whatever_comes_in_whatever_order)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

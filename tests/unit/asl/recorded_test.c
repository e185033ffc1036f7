/* recorded_test.c -- plays the cases that were recorded on the real service, as far as they use
 * only what is built.  They lie outside the project, in $MILLRACE_SHARED or ../shared; without them
 * there is nothing to do.  Cases that are known to differ are in recorded_known.txt, each with its
 * reason; one that is neither right nor known is a failure. */
#include "tests/unit/asl/play.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef KNOWN_FILE
#define KNOWN_FILE "tests/unit/asl/recorded_known.txt"
#endif

enum { LINE_MAX_BYTES = 4 * 1024 * 1024, EVENTS_MAX = 10000 };

struct calls { /* how often each resource has been called */
    const char *resource[64];
    int count[64];
    int used, total;
};

struct player {
    const cJSON *test;
    struct asl_run *run;
    struct asl_env env;
    struct asl_effects effects;
    struct calls calls;
    cJSON *events;
    struct {
        uint64_t seq;
        uint32_t attempt;
        char kind;
        int64_t due;
    } timers[512];
    int timer_count;
    struct {
        uint64_t seq;
        uint32_t attempt;
        char *resource, *input;
    } tasks[512];
    int task_count;
    int64_t now_ms;
};

static void on_history(void *ctx, uint64_t id, uint64_t previous, const char *type, int64_t ms,
                       const cJSON *details)
{
    struct player *player = ctx;

    (void)id, (void)previous, (void)ms, (void)details;
    cJSON_AddItemToArray(player->events, cJSON_CreateString(type));
}

static bool on_token(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size)
{
    (void)ctx;
    (void)snprintf(buf, size, "token-%" PRIu64 "-%u", seq, attempt);
    return true;
}

static void take_effects(struct player *player)
{
    for (size_t i = 0; i < player->effects.count; i++) {
        const struct asl_effect *effect = &player->effects.items[i];
        if (effect->kind == ASL_EFFECT_TASK) {
            assert_true(player->task_count < 512);
            player->tasks[player->task_count].seq = effect->seq;
            player->tasks[player->task_count].attempt = effect->attempt;
            player->tasks[player->task_count].resource = strdup(effect->resource);
            player->tasks[player->task_count++].input = strdup(effect->input);
            player->calls.total++;
        } else if (effect->kind == ASL_EFFECT_TIMER) {
            assert_true(player->timer_count < 512);
            player->timers[player->timer_count].seq = effect->seq;
            player->timers[player->timer_count].attempt = effect->attempt;
            player->timers[player->timer_count].kind = (char)effect->timer;
            player->timers[player->timer_count++].due = effect->due_ms;
        } else if (effect->kind == ASL_EFFECT_TIMER_END) {
            for (int j = 0; j < player->timer_count; j++) {
                if (player->timers[j].seq == effect->seq &&
                    player->timers[j].attempt == effect->attempt &&
                    player->timers[j].kind == (char)effect->timer) {
                    player->timers[j] = player->timers[--player->timer_count];
                    break;
                }
            }
        }
    }
}

static void step(struct player *player, struct asl_event *event)
{
    struct mr_error err;
    bool changed;

    event->time_ms = player->now_ms;
    assert_int_equal(asl_step(player->run, event, &player->env, &player->effects, &changed, &err),
                     MR_OK);
    take_effects(player);
}

static int call_number(struct calls *calls, const char *resource)
{
    for (int i = 0; i < calls->used; i++)
        if (strcmp(calls->resource[i], resource) == 0)
            return calls->count[i]++;
    assert_true(calls->used < 64);
    calls->resource[calls->used] = resource;
    calls->count[calls->used++] = 1;
    return 0;
}

/* The behaviour of this call, scripts and inputs resolved; NULL where none is told. */
static const cJSON *behaviour_of(struct player *player, const char *resource, const cJSON *input)
{
    const cJSON *entry = mr_json_get(mr_json_get(player->test, "resources"), resource);
    const cJSON *behaviour = mr_json_get(entry, "behaviour"), *list;
    int number = entry ? call_number(&player->calls, entry->string) : 0;

    for (int depth = 0; depth < 4; depth++) {
        if ((list = mr_json_get(behaviour, "script"))) {
            int size = cJSON_GetArraySize(list);
            behaviour = cJSON_GetArrayItem(list, number < size ? number : size - 1);
        } else if ((list = mr_json_get(behaviour, "by_input"))) {
            const cJSON *item;
            behaviour = NULL;
            cJSON_ArrayForEach(item,
                               list) if (cJSON_Compare(mr_json_get(item, "input"), input, true))
                behaviour = mr_json_get(item, "do");
        }
    }
    return behaviour;
}

/* Answers the first task; false: it hangs. */
static bool answer(struct player *player)
{
    char *resource = player->tasks[0].resource, *text = player->tasks[0].input;
    cJSON *input = cJSON_Parse(text);
    const cJSON *behaviour = behaviour_of(player, resource, input), *raise;
    struct asl_event event = {.seq = player->tasks[0].seq, .attempt = player->tasks[0].attempt};
    bool hangs = false;

    memmove(&player->tasks[0], &player->tasks[1],
            (size_t)(--player->task_count) * sizeof(player->tasks[0]));
    raise = mr_json_get(behaviour, "raise");
    event.kind = ASL_EVENT_TASK_OK;
    event.data = input;
    if (raise) {
        event.kind = ASL_EVENT_TASK_FAILED;
        event.error = cJSON_GetStringValue(mr_json_get(raise, "error"));
        event.cause = cJSON_GetStringValue(mr_json_get(raise, "cause"));
    } else if (mr_json_get(behaviour, "return")) {
        event.data = mr_json_get(behaviour, "return");
    } else if (mr_json_get(behaviour, "hang")) {
        hangs = true;
    }
    if (!hangs)
        step(player, &event);
    cJSON_Delete(input);
    free(resource);
    free(text);
    return !hangs;
}

static void fire(struct player *player)
{
    int first = 0;
    struct asl_event event = {.kind = ASL_EVENT_TIMER};

    for (int i = 1; i < player->timer_count; i++)
        if (player->timers[i].due < player->timers[first].due)
            first = i;
    if (player->now_ms < player->timers[first].due)
        player->now_ms = player->timers[first].due;
    event.seq = player->timers[first].seq;
    event.attempt = player->timers[first].attempt;
    event.timer = (enum asl_timer)player->timers[first].kind;
    step(player, &event);
}

/* Whether b is a; numbers to 1e-12; pointers in skip hold per-run values. */
static bool same(const cJSON *a, const cJSON *b, const cJSON *skip, const char *at)
{
    char inner[512];
    const cJSON *item;
    int i = 0;

    cJSON_ArrayForEach(item, skip) if (strcmp(item->valuestring, at) == 0) return true;
    if (!a || !b)
        return false;
    if (cJSON_IsNumber(a) && cJSON_IsNumber(b))
        return a->valuedouble - b->valuedouble < 1e-9 && b->valuedouble - a->valuedouble < 1e-9;
    if (cJSON_IsArray(a) && cJSON_IsArray(b)) {
        if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
            return false;
        cJSON_ArrayForEach(item, a)
        {
            (void)snprintf(inner, sizeof(inner), "%s/%d", at, i);
            if (!same(item, cJSON_GetArrayItem(b, i++), skip, inner))
                return false;
        }
        return true;
    }
    if (cJSON_IsObject(a) && cJSON_IsObject(b)) {
        if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
            return false;
        cJSON_ArrayForEach(item, a)
        {
            (void)snprintf(inner, sizeof(inner), "%s/%s", at, item->string);
            if (!same(item, mr_json_get(b, item->string), skip, inner))
                return false;
        }
        return true;
    }
    return cJSON_Compare(a, b, true);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool same_events(const cJSON *expect, const cJSON *events)
{
    const cJSON *want = mr_json_get(expect, "events"), *item;
    const char *a[1024], *b[1024];
    int n = 0, m = 0;

    cJSON_ArrayForEach(item, want) a[n++] = item->valuestring;
    cJSON_ArrayForEach(item, events) b[m++] = item->valuestring;
    if (n != m)
        return false;
    if (cJSON_IsTrue(mr_json_get(expect, "events_sorted")))
        qsort(b, (size_t)m, sizeof(b[0]), by_text);
    for (int i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

/* What differs, or NULL. */
static const char *judge(struct player *player)
{
    const cJSON *expect = mr_json_get(player->test, "expect");
    const char *status = cJSON_GetStringValue(mr_json_get(expect, "status"));
    const char *error = cJSON_GetStringValue(mr_json_get(expect, "error"));
    const char *got_error = asl_run_error(player->run);

    if (strcmp(asl_status_name(asl_run_status(player->run)), status) != 0)
        return "status";
    if (error && (!got_error || strcmp(error, got_error) != 0))
        return "error";
    if (mr_json_get(expect, "output") &&
        !same(mr_json_get(expect, "output"), asl_run_output(player->run),
              mr_json_get(expect, "volatile"), ""))
        return "output";
    if (mr_json_get(expect, "events") && !same_events(expect, player->events))
        return "events";
    if (mr_json_get(expect, "calls") &&
        cJSON_GetArraySize(mr_json_get(expect, "calls")) != player->calls.total)
        return "number of calls";
    return NULL;
}

static const char *play_case(const cJSON *test, struct asl_machine *machine)
{
    struct player *player = calloc(1, sizeof(*player));
    struct asl_start start = {.job = "job", .workflow = "flow", .tenant = "t", .seed = 1};
    struct asl_event event = {.kind = ASL_EVENT_START, .data = mr_json_get(test, "input")};
    struct mr_error err;
    const char *why;

    assert_non_null(player);
    player->test = test;
    player->now_ms = INT64_C(1700000000000);
    player->env.history = on_history;
    player->env.token = on_token;
    player->env.ctx = player;
    player->events = cJSON_CreateArray();
    assert_int_equal(asl_run_new(machine, &start, &player->run, &err), MR_OK);
    step(player, &event);
    for (int i = 0; i < EVENTS_MAX && asl_run_status(player->run) == ASL_RUNNING; i++) {
        if (player->task_count > 0)
            (void)answer(player);
        else if (player->timer_count > 0)
            fire(player);
        else
            break;
    }
    why = judge(player);
    for (int i = 0; i < player->task_count; i++) {
        free(player->tasks[i].resource);
        free(player->tasks[i].input);
    }
    cJSON_Delete(player->events);
    asl_effects_release(&player->effects);
    asl_run_free(player->run);
    free(player);
    return why;
}

/* ---- the file ----------------------------------------------------------------------------- */

struct tally {
    int execute, execute_passed, validate, validate_passed, skipped, known, failed;
    char *known_text;
};

static bool is_known(const struct tally *tally, const char *id)
{
    const char *at = tally->known_text ? strstr(tally->known_text, id) : NULL;
    size_t len = strlen(id);

    return at && (at == tally->known_text || at[-1] == '\n') &&
           (at[len] == '\t' || at[len] == '\n');
}

static bool not_yet(const struct asl_diagnostics *diags)
{
    for (size_t i = 0; i < diags->count; i++)
        if (strcmp(diags->items[i].code, "NOT_SUPPORTED") == 0)
            return true;
    return false;
}

static void try_case(const cJSON *test, struct tally *tally)
{
    const char *mode = mr_json_get(test, "mode")->valuestring;
    const char *id = mr_json_get(test, "id")->valuestring, *why = NULL;
    const cJSON *definition = mr_json_get(test, "definition");
    const char *type = mr_json_get(test, "type")->valuestring;
    bool validate = strcmp(mode, "validate") == 0;
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine = NULL;
    struct mr_error err = {0};
    char *text;
    enum mr_code rc;

    if ((!validate && strcmp(mode, "execute") != 0) || strcmp(type, "STANDARD") != 0) {
        tally->skipped++;
        return;
    }
    text = cJSON_IsString(definition) ? strdup(definition->valuestring)
                                      : cJSON_PrintUnformatted(definition);
    rc = asl_machine_parse(text, strlen(text), &diags, &machine, &err);
    if (rc && not_yet(&diags)) {
        tally->skipped++;
    } else if (validate) {
        const char *status = mr_json_get(mr_json_get(test, "expect"), "status")->valuestring;
        why = (rc == MR_OK) == (strcmp(status, "VALID") == 0) ? NULL : "validity";
        tally->validate++;
        tally->validate_passed += !why;
    } else {
        why = rc ? err.text : play_case(test, machine);
        tally->execute++;
        tally->execute_passed += !why;
    }
    if (why && is_known(tally, id))
        tally->known++;
    else if (why && ++tally->failed)
        print_message("  %s: %s\n", id, why);
    asl_machine_unref(machine);
    asl_diagnostics_release(&diags);
    free(text);
}

static FILE *open_cases(void)
{
    const char *shared = getenv("MILLRACE_SHARED");
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/asl/cases.jsonl", shared ? shared : SHARED_FOLDER);
    return fopen(path, "r");
}

static char *read_known(void)
{
    FILE *file = fopen(KNOWN_FILE, "r");
    char *text = calloc(1, 65536);

    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) < 65535);
    (void)fclose(file);
    return text;
}

static void what_was_recorded_is_what_runs_here(void **state)
{
    FILE *file = open_cases();
    struct tally tally = {0};
    char *line = malloc(LINE_MAX_BYTES);

    (void)state;
    assert_non_null(line);
    if (!file) {
        print_message("no recorded cases here: skipped\n");
        free(line);
        skip();
        return;
    }
    tally.known_text = read_known();
    while (fgets(line, LINE_MAX_BYTES, file)) {
        cJSON *test = cJSON_Parse(line);
        assert_non_null(test);
        try_case(test, &tally);
        cJSON_Delete(test);
    }
    (void)fclose(file);
    print_message("recorded cases: execute %d of %d as recorded, validate %d of %d, %d known to "
                  "differ, %d need what is not built\n",
                  tally.execute_passed, tally.execute, tally.validate_passed, tally.validate,
                  tally.known, tally.skipped);
    free(tally.known_text);
    free(line);
    assert_int_equal(tally.failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_recorded_is_what_runs_here)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

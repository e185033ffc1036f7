/* test_state.c -- see test_state.h.  The real engine runs the state, with a probe in it; it is over
 * once the state is left, would be retried, or has failed the run. */
#include "orchestrator/asl/test_state.h"

#include "common/base/json.h"
#include "orchestrator/asl/probe.h"
#include "orchestrator/asl/test_items.h"
#include "orchestrator/asl/test_request.h"
#include "orchestrator/asl/test_syntax.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tester {
    const struct asl_test *test;
    struct asl_test_request request;
    struct asl_probe probe;
    struct asl_env env;
    struct asl_effects effects;
    struct asl_machine *machine;
    struct asl_run *run;
    cJSON *inspection;         /* what the probe has seen */
    cJSON *details;            /* errorDetails */
    cJSON *variables;          /* that are there behind it */
    cJSON *selected, *batches; /* what a Map's children are given; NULL: nothing was told */
    const char *refused;       /* the request is off, as is seen only once it is run */
    cJSON *output;             /* the state was left with it */
    cJSON *error, *cause;
    char *next;
    int entered;
    bool no_memory;
};

/* ---- what is seen ------------------------------------------------------------------------- */

static void put(struct tester *tester, cJSON *object, const char *name, const cJSON *value)
{
    cJSON *copy = cJSON_Duplicate(value, true);

    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    if (copy && cJSON_AddItemToObject(object, name, copy))
        return;
    cJSON_Delete(copy);
    tester->no_memory = true;
}

static void keep(struct tester *tester, cJSON **slot, const cJSON *value)
{
    cJSON_Delete(*slot);
    *slot = cJSON_Duplicate(value, true);
    tester->no_memory |= !*slot;
}

static void collect(struct tester *tester, cJSON **list, const cJSON *value)
{
    cJSON *copy = cJSON_Duplicate(value, true);

    if (!*list)
        *list = cJSON_CreateArray();
    if (copy && *list && cJSON_AddItemToArray(*list, copy))
        return;
    cJSON_Delete(copy);
    tester->no_memory = true;
}

static void on_seen(void *ctx, const char *what, const cJSON *value)
{
    struct tester *tester = ctx;

    if (tester->output)
        return; /* it is about the next state */
    if (strcmp(what, "error") == 0)
        keep(tester, &tester->error, value);
    else if (strcmp(what, "cause") == 0)
        keep(tester, &tester->cause, value);
    else if (strcmp(what, "selected") == 0)
        collect(tester, &tester->selected, value);
    else if (strcmp(what, "batch") == 0)
        collect(tester, &tester->batches, value);
    else if (strcmp(what, "catchIndex") == 0 || strncmp(what, "retry", 5) == 0)
        put(tester, tester->details, what, value);
    else
        put(tester, tester->inspection, what, value);
}

static void on_assigned(void *ctx, const char *name, const cJSON *value)
{
    struct tester *tester = ctx;

    if (!tester->output)
        put(tester, tester->variables, name, value);
}

static void on_history(void *ctx, uint64_t id, uint64_t previous, const char *type, int64_t ms,
                       const cJSON *details)
{
    struct tester *tester = ctx;
    size_t len = strlen(type);
    const char *text;

    (void)id;
    (void)previous;
    (void)ms;
    if (len > 12 && strcmp(type + len - 12, "StateEntered") == 0 && ++tester->entered == 2) {
        text = cJSON_GetStringValue(mr_json_get(details, "name"));
        tester->next = text ? malloc(strlen(text) + 1) : NULL;
        tester->no_memory |= !tester->next;
        if (tester->next)
            memcpy(tester->next, text, strlen(text) + 1);
    }
    if (len > 11 && strcmp(type + len - 11, "StateExited") == 0 && !tester->output) {
        text = cJSON_GetStringValue(mr_json_get(details, "output"));
        tester->output = text ? cJSON_Parse(text) : cJSON_CreateNull();
        tester->no_memory |= !tester->output;
    }
}

/* ---- what is mocked ----------------------------------------------------------------------- */

static bool passes_threshold(const struct tester *tester, int64_t items)
{
    const cJSON *count = mr_json_get(tester->inspection, "toleratedFailureCount");
    const cJSON *percent = mr_json_get(tester->inspection, "toleratedFailurePercentage");
    double failures = (double)tester->request.failures;

    return (count && failures > count->valuedouble) ||
           (percent && items > 0 && failures * 100 / (double)items > percent->valuedouble);
}

static struct asl_answer mocked(const struct tester *tester)
{
    const struct asl_test_request *request = &tester->request;

    if (request->raised)
        return (struct asl_answer){
            .kind = ASL_ANSWER_FAILED,
            .error = cJSON_GetStringValue(mr_json_get(request->raised, "error")),
            .cause = cJSON_GetStringValue(mr_json_get(request->raised, "cause"))};
    return (struct asl_answer){.kind = ASL_ANSWER_OK,
                               .output = cJSON_Duplicate(request->result, true)};
}

/* Where the items are not known, the mock has as many results. */
static struct asl_answer on_fork(void *ctx, int64_t items)
{
    struct tester *tester = ctx;

    if (tester->selected)
        put(tester, tester->inspection, "afterItemSelector", tester->selected);
    if (tester->batches)
        put(tester, tester->inspection, "afterItemBatcher", tester->batches);
    if (items < 0 && cJSON_IsArray(tester->request.result))
        items = cJSON_GetArraySize(tester->request.result);
    if (items >= 0 && tester->request.failures > items) {
        tester->refused = "Map iteration failure count must be less than or equal to the number of "
                          "Map iterations";
        return (struct asl_answer){.kind = ASL_ANSWER_FAILED};
    }
    if (tester->request.result && passes_threshold(tester, items))
        return (struct asl_answer){.kind = ASL_ANSWER_FAILED,
                                   .error = "States.ExceedToleratedFailureThreshold",
                                   .cause =
                                       "The specified tolerated failure threshold was exceeded"};
    return mocked(tester);
}

static enum mr_code step(struct tester *tester, struct asl_event *event, struct mr_error *err)
{
    bool changed;

    return asl_step(tester->run, event, &tester->env, &tester->effects, &changed, err);
}

/* What an ItemReader's own task is answered. */
static enum mr_code read_items(struct tester *tester, const struct asl_effect *effect,
                               struct mr_error *err)
{
    struct asl_event event = {.kind = ASL_EVENT_TASK_OK,
                              .seq = effect->seq,
                              .attempt = effect->attempt,
                              .time_ms = tester->test->now_ms};
    const cJSON *pointed;
    cJSON *data = NULL;
    enum mr_code rc =
        asl_test_items_answer(tester->request.items, effect->input, &data, &pointed, err);

    if (rc == MR_INVALID) {
        event.kind = ASL_EVENT_TASK_FAILED;
        event.error = "States.ItemReaderFailed";
        event.cause = err->text;
        rc = MR_OK;
    } else if (!rc && pointed) {
        put(tester, tester->inspection, "afterItemsPointer", pointed);
    }
    event.data = data;
    if (!rc)
        rc = step(tester, &event, err);
    cJSON_Delete(data);
    return rc;
}

/* ---- running it --------------------------------------------------------------------------- */

static bool is_over(const struct tester *tester)
{
    return tester->output || mr_json_get(tester->details, "retryIndex") ||
           asl_run_status(tester->run) != ASL_RUNNING;
}

static enum mr_code evaluate(struct tester *tester, const struct asl_effect *effect,
                             struct mr_error *err)
{
    struct asl_event event;
    cJSON *data = NULL;
    enum mr_code rc = asl_evaluate(tester->test->evaluate, tester->test->evaluate_ctx, effect,
                                   &event, &data, err);

    event.time_ms = tester->test->now_ms;
    if (!rc)
        rc = step(tester, &event, err);
    cJSON_Delete(data);
    return rc;
}

/* What the state waits for comes; MR_INTERNAL: it waits for nothing. */
static enum mr_code go_on(struct tester *tester, struct mr_error *err)
{
    struct asl_event event = {.time_ms = tester->test->now_ms};
    struct asl_answer answer;
    enum mr_code rc;

    for (size_t i = 0; i < tester->effects.count; i++) {
        const struct asl_effect *effect = &tester->effects.items[i];
        event.seq = effect->seq;
        event.attempt = effect->attempt;
        if (effect->kind == ASL_EFFECT_TIMER &&
            (effect->timer == ASL_TIMER_WAIT || effect->timer == ASL_TIMER_MORE)) {
            event.kind = ASL_EVENT_TIMER;
            event.timer = effect->timer;
            event.time_ms = effect->due_ms;
            return step(tester, &event, err);
        }
        if (effect->kind == ASL_EFFECT_EVALUATE)
            return evaluate(tester, effect, err);
        if (effect->kind != ASL_EFFECT_TASK)
            continue;
        if (strcmp(effect->resource, ASL_RESOURCE_READ) == 0)
            return read_items(tester, effect, err);
        answer = mocked(tester);
        event.kind = answer.kind == ASL_ANSWER_OK ? ASL_EVENT_TASK_OK : ASL_EVENT_TASK_FAILED;
        event.data = answer.output;
        event.error = answer.error;
        event.cause = answer.cause;
        rc = step(tester, &event, err);
        cJSON_Delete(answer.output);
        return rc;
    }
    return mr_fail(err, MR_INTERNAL, "test-state: the state waits for nothing");
}

static enum mr_code run(struct tester *tester, struct mr_error *err)
{
    struct asl_start start = {.job = "test", .workflow = "test-state", .tenant = "", .seed = 1};
    struct asl_event event = {
        .kind = ASL_EVENT_START, .time_ms = tester->test->now_ms, .data = tester->test->input};
    enum mr_code rc = asl_run_new(tester->machine, &start, &tester->run, err);

    if (!rc)
        rc = step(tester, &event, err);
    while (!rc && !is_over(tester))
        rc = go_on(tester, err);
    return rc;
}

/* MR_INVALID: *why. */
static enum mr_code parse(struct tester *tester, struct asl_rejection *why, struct mr_error *err)
{
    struct mr_buf text = {0};
    enum mr_code rc = mr_json_print(tester->request.machine, &text);

    if (!rc)
        rc = asl_machine_parse_as(text.data, text.len, &(struct asl_parse_options){.partial = true},
                                  NULL, &tester->machine, err);
    if (!rc)
        rc = asl_test_syntax_check(tester->test->evaluate, tester->test->evaluate_ctx,
                                   tester->machine, err);
    if (rc == MR_INVALID || rc == MR_TOO_LARGE) {
        why->error = "InvalidDefinition";
        (void)snprintf(why->cause, sizeof(why->cause), "Invalid State Machine Definition: '%.350s'",
                       err->text);
        rc = MR_INVALID;
    }
    mr_buf_release(&text);
    return rc;
}

/* ---- the answer --------------------------------------------------------------------------- */

static void add(struct tester *tester, cJSON *answer, const char *name, cJSON **item)
{
    if (!*item || tester->no_memory)
        return;
    if (cJSON_AddItemToObject(answer, name, *item))
        *item = NULL;
    else
        tester->no_memory = true;
}

static void add_text(struct tester *tester, cJSON *answer, const char *name, const char *text)
{
    if (text && !cJSON_AddStringToObject(answer, name, text))
        tester->no_memory = true;
}

/* Parallel shows less: what goes into its branches is not shown. */
static void trim(struct tester *tester)
{
    const char *type = cJSON_GetStringValue(mr_json_get(tester->request.state, "Type"));

    if (strcmp(type, "Parallel") != 0)
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(tester->inspection, "afterInputPath");
    cJSON_DeleteItemFromObjectCaseSensitive(tester->inspection, "afterParameters");
    cJSON_DeleteItemFromObjectCaseSensitive(tester->inspection, "afterArguments");
}

static void describe_rejection(struct tester *tester, cJSON *answer, const char *error,
                               const char *cause)
{
    add_text(tester, answer, "status", "REQUEST_REJECTED");
    add_text(tester, answer, "error", error);
    add_text(tester, answer, "cause", cause);
}

static void describe(struct tester *tester, cJSON *answer)
{
    bool caught = mr_json_get(tester->details, "catchIndex");
    bool retried = mr_json_get(tester->details, "retryIndex");
    bool failed = !tester->output && !retried;

    add_text(tester, answer, "status",
             retried  ? "RETRIABLE"
             : failed ? "FAILED"
             : caught ? "CAUGHT_ERROR"
                      : "SUCCEEDED");
    if (failed) {
        add_text(tester, answer, "error", asl_run_error(tester->run));
        add_text(tester, answer, "cause", asl_run_cause(tester->run));
    } else if (caught || retried) {
        add(tester, answer, "error", &tester->error);
        add(tester, answer, "cause", &tester->cause);
    }
    add(tester, answer, "output", &tester->output);
    add_text(tester, answer, "nextState", tester->next);
    if (!tester->request.inspects)
        return;
    trim(tester);
    if (tester->details->child)
        add(tester, tester->inspection, "errorDetails", &tester->details);
    if (tester->variables->child)
        add(tester, tester->inspection, "variables", &tester->variables);
    add(tester, answer, "inspectionData", &tester->inspection);
}

static void tester_release(struct tester *tester)
{
    cJSON_Delete(tester->inspection);
    cJSON_Delete(tester->details);
    cJSON_Delete(tester->variables);
    cJSON_Delete(tester->selected);
    cJSON_Delete(tester->batches);
    cJSON_Delete(tester->output);
    cJSON_Delete(tester->error);
    cJSON_Delete(tester->cause);
    free(tester->next);
    asl_effects_release(&tester->effects);
    asl_run_free(tester->run);
    asl_machine_unref(tester->machine);
    asl_test_request_release(&tester->request);
}

static void begin(struct tester *tester, const struct asl_test *test)
{
    cJSON *empty = test->input ? NULL : cJSON_CreateObject();

    tester->test = test;
    tester->probe = (struct asl_probe){
        .seen = on_seen, .assigned = on_assigned, .fork = on_fork, .ctx = tester};
    tester->env.probe = &tester->probe;
    tester->env.history = on_history;
    tester->env.ctx = tester;
    tester->env.entries_max = 2; /* a state may be its own next one */
    tester->inspection = cJSON_CreateObject();
    tester->details = cJSON_CreateObject();
    tester->variables = cJSON_CreateObject();
    tester->no_memory =
        !tester->inspection || !tester->details || !tester->variables || (!test->input && !empty);
    if (!tester->no_memory)
        put(tester, tester->inspection, "input", empty ? empty : test->input);
    cJSON_Delete(empty);
}

enum mr_code asl_test_state(const struct asl_test *test, cJSON **ret, struct mr_error *err)
{
    struct tester tester = {0};
    struct asl_rejection why = {0};
    struct mr_error own;
    cJSON *answer = cJSON_CreateObject();
    enum mr_code rc;

    if (!err)
        err = &own;
    begin(&tester, test);
    rc = tester.no_memory || !answer ? MR_NO_MEMORY
                                     : asl_test_request_read(test, &tester.request, &why);
    tester.probe.context = tester.request.context;
    tester.probe.reads = tester.request.items != NULL;
    tester.probe.variables = tester.request.variables;
    if (!rc && tester.request.variables)
        keep(&tester, &tester.variables, tester.request.variables);
    tester.probe.tries = tester.request.tries;
    if (!rc)
        rc = parse(&tester, &why, err);
    if (rc == MR_INVALID) {
        describe_rejection(&tester, answer, why.error, why.cause);
        rc = MR_OK;
    } else if (!rc) {
        rc = run(&tester, err);
        if (!rc && tester.refused)
            describe_rejection(&tester, answer, "ValidationException", tester.refused);
        else if (!rc)
            describe(&tester, answer);
    }
    if (rc == MR_NO_MEMORY || tester.no_memory)
        rc = mr_fail(err, MR_NO_MEMORY, "test-state: memory ran out");
    tester_release(&tester);
    if (rc)
        cJSON_Delete(answer);
    else
        *ret = answer;
    return rc;
}

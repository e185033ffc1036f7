/* asl_play.c -- see asl_play.h.  `execute` is a simulation with the case's answers, `validate` a
 * parse, `test_state` one state alone. */
#include "tests/conformance/asl_play.h"

#include "gateway/cli/asl_objects.h"
#include "orchestrator/asl/script.h"
#include "orchestrator/asl/test_state.h"
#include "orchestrator/evaluator/machine_check.h"

#include <string.h>

static const int64_t start_ms = INT64_C(1700000000000);

struct play {
    struct asl_script *script;
    cJSON *path;   /* states in the order they were entered */
    cJSON *events; /* history event types */
    cJSON *calls;  /* of tasks */
    cJSON *stored; /* objects in storage */
};

/* ---- what is noted while it runs ---------------------------------------------------------- */

static void on_history(void *ctx, uint64_t id, uint64_t previous, const char *type, int64_t ms,
                       const cJSON *details)
{
    struct play *play = ctx;
    const char *suffix = strstr(type, "StateEntered");
    const cJSON *name = mr_json_get(details, "name");

    (void)id;
    (void)previous;
    (void)ms;
    cJSON_AddItemToArray(play->events, cJSON_CreateString(type));
    if (suffix && strcmp(suffix, "StateEntered") == 0 && cJSON_IsString(name))
        cJSON_AddItemToArray(play->path, cJSON_CreateString(name->valuestring));
}

static enum mr_code on_task(void *ctx, const struct asl_effect *task, const cJSON *input,
                            struct asl_answer *ret, struct mr_error *err)
{
    struct play *play = ctx;
    cJSON *call;

    if (asl_objects_answer(play->stored, task, input, ret))
        return MR_OK;
    call = cJSON_CreateObject();
    cJSON_AddStringToObject(call, "resource", task->resource);
    cJSON_AddItemToObject(call, "input", cJSON_Duplicate(input, true));
    cJSON_AddItemToArray(play->calls, call);
    return asl_script_answer(play->script, task, input, ret, err);
}

/* JSONata: an evaluator, started by the first case that wants one. */
static struct ev *evaluator(struct mr_error *err)
{
    static struct ev_config config;
    static struct ev *ev;
    static char program[] = EVALUATOR;

    if (ev)
        return ev;
    ev_config_default(&config);
    config.program = program;
    config.time_ms = 10000; /* what a busy machine does must not decide a case */
    return ev_new(&config, &ev, err) ? NULL : ev;
}

static enum mr_code evaluate(void *ctx, const char *request, size_t len, struct mr_buf *ret,
                             struct mr_error *err)
{
    struct ev *ev = evaluator(err);

    (void)ctx;
    return ev ? ev_eval(ev, request, len, ret, err) : err->code;
}

/* ---- the modes ---------------------------------------------------------------------------- */

static void add_text(cJSON *line, const char *name, const char *text)
{
    if (text)
        cJSON_AddStringToObject(line, name, text);
}

static void add_diagnostics(cJSON *line, const struct asl_diagnostics *diags)
{
    struct mr_buf text = {0};

    if (!asl_diagnostics_print(diags, &text)) {
        cJSON *printed = cJSON_Parse(text.data);
        cJSON_AddItemToObject(line, "diagnostics",
                              cJSON_DetachItemFromObject(printed, "diagnostics"));
        cJSON_Delete(printed);
    }
    mr_buf_release(&text);
}

static void add_outcome(cJSON *line, struct asl_run *run)
{
    add_text(line, "status", asl_status_name(asl_run_status(run)));
    if (asl_run_status(run) == ASL_SUCCEEDED)
        cJSON_AddItemToObject(line, "output", cJSON_Duplicate(asl_run_output(run), true));
    add_text(line, "error", asl_run_error(run));
    add_text(line, "cause", asl_run_cause(run));
}

static void execute(const cJSON *test, struct asl_machine *machine, cJSON *line)
{
    struct play play = {.path = cJSON_AddArrayToObject(line, "path"),
                        .events = cJSON_AddArrayToObject(line, "events"),
                        .calls = cJSON_AddArrayToObject(line, "calls")};
    struct asl_simulation plan = {
        .start = {.job = "job", .workflow = "workflow", .tenant = "tenant", .seed = 1},
        .input = mr_json_get(test, "input"),
        .start_ms = start_ms,
        .answer = on_task,
        .evaluate = evaluate,
        .history = on_history,
        .ctx = &play};
    struct asl_run *run = NULL;
    struct mr_error err = {0};
    const cJSON *objects = mr_json_get(test, "objects");
    int64_t end_ms;
    enum mr_code rc = asl_script_new(mr_json_get(test, "resources"), true, &play.script, &err);

    play.stored = objects ? cJSON_Duplicate(objects, true) : cJSON_CreateArray();
    if (!rc)
        rc = asl_simulate(machine, &plan, &run, &end_ms, &err);
    if (rc) {
        add_text(line, "status", mr_code_name(rc));
        add_text(line, "cause", err.text);
    } else {
        add_outcome(line, run);
    }
    cJSON_Delete(play.stored);
    asl_run_free(run);
    asl_script_free(play.script);
}

static void add_references(cJSON *line, const struct asl_machine *machine)
{
    struct mr_buf text = {0};

    if (asl_references_print(machine, &text) == MR_OK)
        cJSON_AddItemToObject(line, "variableReferences", cJSON_Parse(text.data));
    mr_buf_release(&text);
}

static void play_machine(const cJSON *test, bool is_execute, cJSON *line)
{
    const cJSON *definition = mr_json_get(test, "definition");
    const char *type = cJSON_GetStringValue(mr_json_get(test, "type"));
    const struct asl_parse_options options = {.express = type && strcmp(type, "EXPRESS") == 0};
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine = NULL;
    struct mr_buf text = {0};
    struct mr_error err = {0};
    enum mr_code rc = cJSON_IsString(definition) ? mr_buf_add_str(&text, definition->valuestring)
                                                 : mr_json_print(definition, &text);

    if (!rc)
        rc = asl_machine_parse_as(text.data ? text.data : "", text.len, &options, &diags, &machine,
                                  &err);
    if (!rc)
        rc = evaluator(&err) ? ev_machine_check(evaluator(&err), machine, &diags, &err) : err.code;
    if (!rc && is_execute) {
        execute(test, machine, line);
    } else {
        add_text(line, "status", rc ? "INVALID" : "VALID");
        add_text(line, "error", rc ? "InvalidDefinition" : NULL);
        add_text(line, "cause", rc ? err.text : NULL);
        add_diagnostics(line, &diags);
        if (!rc)
            add_references(line, machine);
    }
    asl_machine_unref(machine);
    asl_diagnostics_release(&diags);
    mr_buf_release(&text);
}

static void play_state(const cJSON *test, cJSON *line)
{
    struct asl_test request = {.definition = mr_json_get(test, "definition"),
                               .evaluate = evaluate,
                               .input = mr_json_get(test, "input"),
                               .options = mr_json_get(test, "request"),
                               .now_ms = start_ms};
    static const char *const names[][2] = {
        {"status", "status"}, {"output", "output"},       {"error", "error"},
        {"cause", "cause"},   {"nextState", "nextState"}, {"inspectionData", "inspection"}};
    cJSON *answer = NULL, *item;
    struct mr_error err = {0};

    if (asl_test_state(&request, &answer, &err)) {
        add_text(line, "status", mr_code_name(err.code));
        add_text(line, "cause", err.text);
    }
    for (size_t i = 0; answer && i < sizeof(names) / sizeof(names[0]); i++)
        if ((item = cJSON_DetachItemFromObjectCaseSensitive(answer, names[i][0])))
            cJSON_AddItemToObject(line, names[i][1], item);
    cJSON_Delete(answer);
}

cJSON *asl_play_case(const cJSON *test)
{
    const char *mode = cJSON_GetStringValue(mr_json_get(test, "mode"));
    cJSON *line = cJSON_CreateObject();

    if (!line)
        return NULL;
    cJSON_AddItemToObject(line, "id", cJSON_Duplicate(mr_json_get(test, "id"), true));
    if (mode && strcmp(mode, "execute") == 0)
        play_machine(test, true, line);
    else if (mode && strcmp(mode, "validate") == 0)
        play_machine(test, false, line);
    else if (mode && strcmp(mode, "test_state") == 0)
        play_state(test, line);
    else
        add_text(line, "status", "NOT_PLAYED");
    return line;
}

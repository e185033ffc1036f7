/* workflow_local.c -- what can be asked of a definition without a cluster: is it one, what does one
 * state of it do, what does all of it do. */
#include "gateway/cli/cli.h"

#include "common/base/json.h"
#include "common/ports/clock.h"
#include "gateway/cli/asl_objects.h"
#include "gateway/cli/workflow.h"
#include "orchestrator/asl/script.h"
#include "orchestrator/asl/test_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- validate ----------------------------------------------------------------------------- */

static enum mr_code print_diagnostics(const struct cli *cli, const struct asl_diagnostics *diags)
{
    struct mr_buf text = {0};
    enum mr_code rc = MR_OK;

    if (cli->json) {
        rc = asl_diagnostics_print(diags, &text);
        if (!rc)
            printf("%s\n", text.data);
        mr_buf_release(&text);
        return rc;
    }
    for (size_t i = 0; i < diags->count; i++) {
        const struct asl_diagnostic *diag = &diags->items[i];
        printf("%-7s  %s  %s\n         %s\n",
               diag->severity == ASL_SEVERITY_ERROR ? "error" : "warning", diag->code,
               diag->location, diag->message);
    }
    if (diags->errors > diags->count)
        printf("... and %zu more\n", diags->errors - diags->count);
    return rc;
}

static enum mr_code print_references(const struct asl_machine *machine)
{
    struct mr_buf text = {0};
    enum mr_code rc = asl_references_print(machine, &text);

    if (!rc)
        printf("variableReferences  %s\n", text.data);
    mr_buf_release(&text);
    return rc;
}

enum mr_code cli_workflow_validate(struct cli *cli, struct mr_error *err)
{
    const struct asl_parse_options options = {.express = cli_flag(cli, "express")};
    const bool references = cli_flag(cli, "references");
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine = NULL;
    struct mr_buf text = {0};
    enum mr_code rc =
        cli_words(cli, 1, 1, "workflow validate FILE [--express] [--references]", err);

    if (!rc)
        rc = cli_read_file(cli->argv[0], 4 * ASL_DEFINITION_MAX, &text, err);
    if (rc)
        return rc;
    rc = cli_parse_workflow(text.data ? text.data : "", text.len, &options, &diags, &machine, err);
    if (rc != MR_NO_MEMORY && print_diagnostics(cli, &diags))
        rc = mr_fail(err, MR_NO_MEMORY, "diagnostics");
    if (!rc && !cli->json)
        printf("%s is a workflow of %u states\n", cli->argv[0], asl_machine_states(machine));
    else if (rc == MR_INVALID)
        err->text[0] = '\0'; /* all of it is told already */
    if (!rc && references && print_references(machine))
        rc = mr_fail(err, MR_NO_MEMORY, "references");
    asl_machine_unref(machine);
    asl_diagnostics_release(&diags);
    mr_buf_release(&text);
    return rc;
}

/* ---- test-state --------------------------------------------------------------------------- */

#define TEST_USAGE                                                                                 \
    "workflow test-state FILE [--input JSON|@FILE] [--state NAME] [--result JSON|@FILE | --error " \
    "NAME [--cause TEXT]] [--request JSON|@FILE] [--level INFO|DEBUG|TRACE]"

static bool add_text(cJSON *object, const char *name, const char *text)
{
    if (!text)
        return true;
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

/* --result, or --error and --cause, as AWS's mock. */
static enum mr_code add_mock(cJSON *options, const char *result, const char *error,
                             const char *cause, struct mr_error *err)
{
    cJSON *mock, *said = NULL;
    enum mr_code rc;

    if (!result && !error)
        return cause ? mr_fail(err, MR_INVALID, "usage: --cause goes with --error") : MR_OK;
    mock = mr_json_get(options, "mock"); /* what --request says of it otherwise stays */
    if (!cJSON_IsObject(mock)) {
        cJSON_DeleteItemFromObjectCaseSensitive(options, "mock");
        mock = cJSON_AddObjectToObject(options, "mock");
    }
    if (!mock)
        return mr_fail(err, MR_NO_MEMORY, "request");
    cJSON_DeleteItemFromObjectCaseSensitive(mock, "result");
    cJSON_DeleteItemFromObjectCaseSensitive(mock, "errorOutput");
    if (result) {
        rc = cli_read_json(result, &said, err);
        if (rc)
            return mr_fail_in(err, rc, "--result");
        if (cJSON_IsString(said)) { /* as a value: a bare string would be read as JSON text */
            char *text = cJSON_PrintUnformatted(said);
            cJSON_Delete(said);
            said = text ? cJSON_CreateString(text) : NULL;
            cJSON_free(text);
        }
        if (!said || !cJSON_AddItemToObject(mock, "result", said)) {
            cJSON_Delete(said);
            return mr_fail(err, MR_NO_MEMORY, "request");
        }
    }
    if (error) {
        said = cJSON_AddObjectToObject(mock, "errorOutput");
        if (!said || !add_text(said, "error", error) || !add_text(said, "cause", cause))
            return mr_fail(err, MR_NO_MEMORY, "request");
    }
    return MR_OK;
}

static void print_test(const cJSON *answer)
{
    static const char *const names[] = {"status", "nextState", "error", "cause"};
    static const char *const trees[] = {"output", "inspectionData"};
    const cJSON *item;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if ((item = mr_json_get(answer, names[i])))
            printf("%-10s  %s\n", names[i], item->valuestring);
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        if (!(item = mr_json_get(answer, trees[i])))
            continue;
        printf("%s\n", trees[i]);
        cli_print_json(item);
    }
}

enum mr_code cli_workflow_test_state(struct cli *cli, struct mr_error *err)
{
    const char *input = cli_option(cli, "input"), *state = cli_option(cli, "state");
    const char *result = cli_option(cli, "result"), *error = cli_option(cli, "error");
    const char *cause = cli_option(cli, "cause"), *level = cli_option(cli, "level");
    const char *request = cli_option(cli, "request");
    cJSON *definition = NULL, *data = NULL, *options = NULL, *answer = NULL;
    struct asl_test test = {.evaluate = cli_evaluate, .now_ms = mr_wall_ms()};
    const char *status;
    enum mr_code rc = cli_words(cli, 1, 1, TEST_USAGE, err);

    if (!rc)
        rc = cli_read_json_file(cli->argv[0], &definition, err);
    if (!rc && input && (rc = cli_read_json(input, &data, err)))
        (void)mr_fail_in(err, rc, "--input");
    if (!rc)
        rc = cli_read_json(request ? request : "{}", &options, err);
    if (!rc && !cJSON_IsObject(options))
        rc = mr_fail(err, MR_INVALID, "--request: must be an object");
    if (!rc &&
        ((!mr_json_get(options, "roleArn") && !add_text(options, "roleArn", "none")) ||
         !add_text(options, "stateName", state) || !add_text(options, "inspectionLevel", level)))
        rc = mr_fail(err, MR_NO_MEMORY, "request");
    if (!rc)
        rc = add_mock(options, result, error, cause, err);
    test.definition = definition;
    test.input = data;
    test.options = options;
    if (!rc)
        rc = asl_test_state(&test, &answer, err);
    if (!rc && cli->json)
        cli_print_json(answer);
    status = cJSON_GetStringValue(mr_json_get(answer, "status"));
    if (!rc && strcmp(status, "REQUEST_REJECTED") == 0)
        rc = mr_fail(err, MR_INVALID, "%s: %s", cJSON_GetStringValue(mr_json_get(answer, "error")),
                     cJSON_GetStringValue(mr_json_get(answer, "cause")));
    else if (!rc && !cli->json)
        print_test(answer);
    cJSON_Delete(answer);
    cJSON_Delete(options);
    cJSON_Delete(data);
    cJSON_Delete(definition);
    return rc;
}

/* ---- simulate ----------------------------------------------------------------------------- */

#define SIMULATE_USAGE                                                                             \
    "workflow simulate FILE [--input JSON|@FILE] [--answers JSON|@FILE] [--objects JSON|@FILE] "   \
    "[--echo] [--json]"

struct simulation {
    struct asl_script *script;
    const struct cli *cli;
    cJSON *path, *events, *calls; /* for --json */
    cJSON *objects;               /* in storage: [{bucket, key, body}] */
    int64_t start_ms;
    bool no_memory;
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void add_string(struct simulation *simulation, cJSON *array, const char *text)
{
    cJSON *item = cJSON_CreateString(text);

    if (!item || !cJSON_AddItemToArray(array, item))
        simulation->no_memory = true;
}

static void on_history(void *ctx, uint64_t id, uint64_t previous, const char *type, int64_t ms,
                       const cJSON *details)
{
    struct simulation *simulation = ctx;
    const char *name = cJSON_GetStringValue(mr_json_get(details, "name"));
    const char *error = cJSON_GetStringValue(mr_json_get(details, "error"));

    (void)id;
    (void)previous;
    add_string(simulation, simulation->events, type);
    if (ends_with(type, "StateEntered") && name)
        add_string(simulation, simulation->path, name);
    if (simulation->cli->json)
        return;
    if (ends_with(type, "StateEntered"))
        printf("%9.1f s  %-24s %.*s\n", (double)(ms - simulation->start_ms) / 1000,
               name ? name : "", (int)(strlen(type) - strlen("StateEntered")), type);
    else if (ends_with(type, "Failed") || ends_with(type, "TimedOut"))
        printf("%9.1f s    %s%s%s\n", (double)(ms - simulation->start_ms) / 1000, type,
               error ? " " : "", error ? error : "");
}

static enum mr_code on_task(void *ctx, const struct asl_effect *task, const cJSON *input,
                            struct asl_answer *ret, struct mr_error *err)
{
    struct simulation *simulation = ctx;
    cJSON *call, *copy;

    if (asl_objects_answer(simulation->objects, task, input, ret))
        return MR_OK;
    call = cJSON_CreateObject();
    copy = cJSON_Duplicate(input, true);
    if (!call || !copy || !cJSON_AddStringToObject(call, "state", task->state) ||
        !cJSON_AddStringToObject(call, "resource", task->resource) ||
        !cJSON_AddItemToObject(call, "input", copy)) {
        cJSON_Delete(copy);
        cJSON_Delete(call);
        return mr_fail(err, MR_NO_MEMORY, "simulation");
    }
    (void)cJSON_AddItemToArray(simulation->calls, call);
    return asl_script_answer(simulation->script, task, input, ret, err);
}

static void print_end(const struct cli *cli, struct simulation *simulation, struct asl_run *run,
                      int64_t end_ms, cJSON *answer)
{
    const char *status = asl_status_name(asl_run_status(run));
    const cJSON *output = asl_run_output(run);
    cJSON *copy;

    if (!cli->json) {
        printf("%9.1f s  %s%s%s", (double)(end_ms - simulation->start_ms) / 1000,
               cli_paint(cli, status), status, cli_plain(cli));
        if (asl_run_status(run) == ASL_RUNNING)
            printf(": it waits for what never comes");
        if (asl_run_error(run))
            printf("  %s", asl_run_error(run));
        printf("\n");
        if (asl_run_cause(run))
            printf("%s\n", asl_run_cause(run));
        if (output)
            cli_print_json(output);
        return;
    }
    simulation->no_memory |=
        !add_text(answer, "status", status) || !add_text(answer, "error", asl_run_error(run)) ||
        !add_text(answer, "cause", asl_run_cause(run)) ||
        !cJSON_AddNumberToObject(answer, "seconds", (double)(end_ms - simulation->start_ms) / 1000);
    copy = output ? cJSON_Duplicate(output, true) : NULL;
    if (copy)
        (void)cJSON_AddItemToObject(answer, "output", copy);
    if (!simulation->no_memory)
        cli_print_json(answer);
}

static enum mr_code simulate(struct cli *cli, struct asl_machine *machine, const cJSON *input,
                             const cJSON *answers, cJSON *objects, bool echo, struct mr_error *err)
{
    cJSON *answer = cJSON_CreateObject();
    struct simulation simulation = {.cli = cli,
                                    .path = cJSON_AddArrayToObject(answer, "path"),
                                    .events = cJSON_AddArrayToObject(answer, "events"),
                                    .calls = cJSON_AddArrayToObject(answer, "calls"),
                                    .objects = objects,
                                    .start_ms = mr_wall_ms()};
    struct asl_simulation plan = {
        .start = {.job = "simulation", .workflow = cli->argv[0], .tenant = "default", .seed = 1},
        .input = input,
        .start_ms = simulation.start_ms,
        .answer = on_task,
        .evaluate = cli_evaluate,
        .history = on_history,
        .ctx = &simulation};
    struct asl_run *run = NULL;
    int64_t end_ms = 0;
    enum mr_code rc = simulation.calls && simulation.events && simulation.path
                          ? asl_script_new(answers, echo, &simulation.script, err)
                          : mr_fail(err, MR_NO_MEMORY, "simulation");

    if (!rc)
        rc = asl_simulate(machine, &plan, &run, &end_ms, err);
    if (!rc)
        print_end(cli, &simulation, run, end_ms, answer);
    if (!rc && simulation.no_memory)
        rc = mr_fail(err, MR_NO_MEMORY, "simulation");
    else if (!rc && asl_run_status(run) != ASL_SUCCEEDED) {
        rc = MR_CANCELLED; /* the exit status tells, the words are said */
        err->text[0] = '\0';
    }
    asl_run_free(run);
    asl_script_free(simulation.script);
    cJSON_Delete(answer);
    return rc;
}

enum mr_code cli_workflow_simulate(struct cli *cli, struct mr_error *err)
{
    static const char *const names[] = {"input", "answers", "objects"};
    const char *said[3];
    const struct asl_parse_options options = {0};
    struct asl_diagnostics diags = {0};
    cJSON *trees[3] = {NULL, NULL, NULL};
    const bool echo = cli_flag(cli, "echo");
    struct asl_machine *machine = NULL;
    struct mr_buf text = {0};
    enum mr_code rc;

    for (int i = 0; i < 3; i++)
        said[i] = cli_option(cli, names[i]);
    rc = cli_words(cli, 1, 1, SIMULATE_USAGE, err);
    if (!rc)
        rc = cli_read_file(cli->argv[0], ASL_DEFINITION_MAX, &text, err);
    if (!rc && (rc = cli_parse_workflow(text.data ? text.data : "", text.len, &options, &diags,
                                        &machine, err)))
        (void)mr_fail_in(err, rc, cli->argv[0]);
    for (int i = 0; i < 3 && !rc; i++)
        if (said[i] && (rc = cli_read_json(said[i], &trees[i], err)))
            (void)mr_fail_in(err, rc, names[i]);
    if (!rc && trees[2] && !cJSON_IsArray(trees[2]))
        rc = mr_fail(err, MR_INVALID, "objects: must be an array of {bucket, key, body}");
    if (!rc && !trees[2] && !(trees[2] = cJSON_CreateArray()))
        rc = mr_fail(err, MR_NO_MEMORY, "objects");
    if (!rc)
        rc = simulate(cli, machine, trees[0], trees[1], trees[2], echo, err);
    for (int i = 0; i < 3; i++)
        cJSON_Delete(trees[i]);
    asl_diagnostics_release(&diags);
    asl_machine_unref(machine);
    mr_buf_release(&text);
    return rc;
}

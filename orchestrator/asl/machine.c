/* machine.c -- from any bytes to a machine, or to what is wrong with them. */
#include "orchestrator/asl/machine.h"

#include "common/base/json.h"
#include "orchestrator/asl/parse.h"

#include <stdlib.h>
#include <string.h>

static const struct mr_json_limits definition_limits = {ASL_DEFINITION_MAX, MR_JSON_DEPTH_MAX};

static void read_top(struct asl_parser *parser, const cJSON *json)
{
    static const char *const names[] = {"StartAt",        "States",        "Comment", "Version",
                                        "TimeoutSeconds", "QueryLanguage", NULL};
    const char *text = "1.0";
    int64_t timeout = 0;

    asl_read_known(parser, json, names);
    asl_read_str(parser, json, "Comment", &text);
    text = "1.0";
    if (asl_read_str(parser, json, "Version", &text) && strcmp(text, "1.0") != 0)
        asl_report_at(parser, "Version", ASL_SCHEMA, "'%.40s' is not 1.0", text);
    text = "JSONPath";
    if (asl_read_str(parser, json, "QueryLanguage", &text) && strcmp(text, "JSONPath") != 0 &&
        strcmp(text, "JSONata") != 0)
        asl_report_at(parser, "QueryLanguage", ASL_SCHEMA,
                      "'%.40s' is no query language: JSONPath and JSONata are", text);
    parser->jsonata = strcmp(text, "JSONata") == 0;
    asl_read_int(parser, json, "TimeoutSeconds", 1, ASL_SECONDS_MAX, &timeout);
    parser->machine->timeout_ms = timeout * 1000;
}

static void parse_machine(struct asl_parser *parser, const char *text, size_t len)
{
    struct asl_machine *machine = parser->machine;
    struct mr_error err;
    uint32_t flow;
    enum mr_code rc = mr_json_parse(text, len, &definition_limits, &machine->json, &err);

    if (rc == MR_NO_MEMORY) {
        parser->no_memory = true;
    } else if (rc && len == 0) {
        asl_report(parser, ASL_NOTHING, "there is no definition: it must be an object");
    } else if (rc) {
        asl_report(parser, ASL_BAD_JSON, "%s", err.text);
    } else if (!cJSON_IsObject(machine->json)) {
        asl_report(parser, ASL_SCHEMA, "Expected value of type Object");
    } else {
        read_top(parser, machine->json);
        if (asl_parse_flow(parser, machine->json, ASL_NONE, &flow) && parser->diags->errors == 0 &&
            !parser->no_memory && !parser->options.partial)
            asl_check_machine(parser);
        if (parser->warns && parser->diags->errors == 0 && !parser->no_memory)
            asl_warn_machine(parser);
    }
}

enum mr_code asl_machine_parse(const char *text, size_t len, struct asl_diagnostics *diags,
                               struct asl_machine **ret, struct mr_error *err)
{
    return asl_machine_parse_as(text, len, &(struct asl_parse_options){0}, diags, ret, err);
}

enum mr_code asl_machine_parse_as(const char *text, size_t len,
                                  const struct asl_parse_options *options,
                                  struct asl_diagnostics *diags, struct asl_machine **ret,
                                  struct mr_error *err)
{
    struct asl_diagnostics own = {0};
    struct asl_parser parser = {
        .diags = diags ? diags : &own, .options = *options, .warns = diags != NULL};
    struct asl_machine *machine = calloc(1, sizeof(*machine));
    size_t errors_before = parser.diags->errors, count_before = parser.diags->count;
    enum mr_code rc = MR_OK;

    if (!machine)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a machine");
    machine->refs = 1;
    parser.machine = machine;
    parse_machine(&parser, text, len);
    if (parser.no_memory) {
        rc = mr_fail(err, MR_NO_MEMORY, "no memory for a machine");
    } else if (parser.diags->errors > errors_before) {
        const struct asl_diagnostic *first =
            count_before < parser.diags->count ? &parser.diags->items[count_before] : NULL;
        rc = first ? mr_fail(err, MR_INVALID, "%s: %s at %s", first->code, first->message,
                             first->location)
                   : mr_fail(err, MR_INVALID, "not a valid definition");
    }
    asl_diagnostics_release(&own);
    if (rc) {
        asl_machine_unref(machine);
        return rc;
    }
    machine->bytes = sizeof(*machine) + machine->arena.bytes + asl_json_bytes(machine->json) +
                     machine->state_cap * sizeof(*machine->states) +
                     machine->flow_cap * sizeof(*machine->flows);
    *ret = machine;
    return MR_OK;
}

struct asl_machine *asl_machine_ref(struct asl_machine *machine)
{
    machine->refs++;
    return machine;
}

void asl_machine_unref(struct asl_machine *machine)
{
    if (!machine || --machine->refs > 0)
        return;
    for (uint32_t i = 0; i < machine->state_count; i++)
        if (machine->states[i].type == ASL_PASS)
            asl_value_unref(machine->states[i].result);
    free(machine->states);
    free(machine->flows);
    free(machine->expressions);
    free(machine->variables);
    free(machine->references);
    free(machine->assignments);
    asl_arena_release(&machine->arena);
    cJSON_Delete(machine->json);
    free(machine);
}

const struct asl_expression *asl_machine_expressions(const struct asl_machine *machine,
                                                     size_t *ret_count)
{
    *ret_count = machine->expression_count;
    return machine->expressions;
}

enum mr_code asl_machine_text(const struct asl_machine *machine, struct mr_buf *buf)
{
    return mr_json_print(machine->json, buf);
}

size_t asl_machine_bytes(const struct asl_machine *machine)
{
    return machine->bytes;
}

unsigned asl_machine_states(const struct asl_machine *machine)
{
    return machine->state_count;
}

bool asl_machine_has(const struct asl_machine *machine, const char *name)
{
    for (uint32_t i = 0; i < machine->state_count; i++)
        if (strcmp(machine->states[i].name, name) == 0)
            return true;
    return false;
}

/* parse_state.c -- one state: the fields that several types share.  What a type alone has is in a
 * parser of its own. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <string.h>

#define BIT(type) (1u << (type))

enum {
    EVERY = BIT(ASL_TYPE_COUNT) - 1,
    FORKS = BIT(ASL_PARALLEL) | BIT(ASL_MAP),
    WORKS = BIT(ASL_TASK) | FORKS, /* can fail, so can retry and catch */
    FLOWS = EVERY & ~(BIT(ASL_CHOICE) | BIT(ASL_SUCCEED) | BIT(ASL_FAIL)),
    READS = EVERY & ~BIT(ASL_FAIL),
    TASKS = BIT(ASL_TASK),
    WAITS = BIT(ASL_WAIT),
    FAILS = BIT(ASL_FAIL),
    MAPS = BIT(ASL_MAP),
};

static const char *const type_names[ASL_TYPE_COUNT] = {
    [ASL_PASS] = "Pass",         [ASL_TASK] = "Task",       [ASL_CHOICE] = "Choice",
    [ASL_WAIT] = "Wait",         [ASL_SUCCEED] = "Succeed", [ASL_FAIL] = "Fail",
    [ASL_PARALLEL] = "Parallel", [ASL_MAP] = "Map",
};

/* clang-format off */
static const struct field {
    const char *name;
    unsigned types; /* that may have it */
    bool later;     /* of the language, but not read yet */
} fields[] = {
    {"Type",                     EVERY,                            false},
    {"Comment",                  EVERY,                            false},
    {"QueryLanguage",            EVERY,                            false},
    {"Next",                     FLOWS,                            false},
    {"End",                      FLOWS,                            false},
    {"InputPath",                READS,                            false},
    {"OutputPath",               READS,                            false},
    {"Parameters",               BIT(ASL_PASS) | WORKS,            false},
    {"ResultSelector",           WORKS,                            false},
    {"ResultPath",               BIT(ASL_PASS) | WORKS,            false},
    {"Retry",                    WORKS,                            false},
    {"Catch",                    WORKS,                            false},
    {"Result",                   BIT(ASL_PASS),                    false},
    {"Resource",                 TASKS,                            false},
    {"TimeoutSeconds",           TASKS,                            false},
    {"TimeoutSecondsPath",       TASKS,                            false},
    {"HeartbeatSeconds",         TASKS,                            false},
    {"HeartbeatSecondsPath",     TASKS,                            false},
    {"Choices",                  BIT(ASL_CHOICE),                  false},
    {"Default",                  BIT(ASL_CHOICE),                  false},
    {"Seconds",                  WAITS,                            false},
    {"SecondsPath",              WAITS,                            false},
    {"Timestamp",                WAITS,                            false},
    {"TimestampPath",            WAITS,                            false},
    {"Error",                    FAILS,                            false},
    {"ErrorPath",                FAILS,                            false},
    {"Cause",                    FAILS,                            false},
    {"CausePath",                FAILS,                            false},
    {"Branches",                 BIT(ASL_PARALLEL),                false},
    {"ItemsPath",                MAPS,                             false},
    {"ItemSelector",             MAPS,                             false},
    {"ItemProcessor",            MAPS,                             false},
    {"Iterator",                 MAPS,                             false},
    {"MaxConcurrency",           MAPS,                             false},
    {"MaxConcurrencyPath",       MAPS,                             false},
    {"Assign",                   READS & ~BIT(ASL_SUCCEED),        false},
    {"Output",                   READS,                            true},
    {"Arguments",                TASKS | BIT(ASL_PARALLEL),        true},
    {"Credentials",              TASKS,                            false},
    {"Items",                    MAPS,                             true},
    {"ItemReader",               MAPS,                             false},
    {"ItemBatcher",              MAPS,                             false},
    {"ResultWriter",             MAPS,                             false},
    {"Label",                    MAPS,                             false},
    {"ToleratedFailureCount",           MAPS,                      false},
    {"ToleratedFailureCountPath",       MAPS,                      false},
    {"ToleratedFailurePercentage",      MAPS,                      false},
    {"ToleratedFailurePercentagePath",  MAPS,                      false},
};
/* clang-format on */

const char *asl_type_name(enum asl_type type)
{
    return type_names[type];
}

static bool read_type(struct asl_parser *parser, const cJSON *json, enum asl_type *ret)
{
    const char *name = NULL;

    if (!asl_read_str(parser, json, "Type", &name))
        return false;
    if (!name)
        return asl_report(parser, ASL_SCHEMA, "The field 'Type' is required but was missing");
    for (int i = 0; i < ASL_TYPE_COUNT; i++) {
        if (strcmp(type_names[i], name) == 0) {
            *ret = (enum asl_type)i;
            return true;
        }
    }
    return asl_report_at(parser, "Type", ASL_SCHEMA,
                         "'%.80s' is no type of state: Task, Pass, Choice, Wait, Succeed, Fail, "
                         "Parallel and Map are",
                         name);
}

static void check_fields(struct asl_parser *parser, const cJSON *json, enum asl_type type)
{
    for (const cJSON *item = json->child; item; item = item->next) {
        const struct field *field = NULL;
        for (size_t i = 0; !field && i < sizeof(fields) / sizeof(fields[0]); i++)
            if (strcmp(fields[i].name, item->string) == 0)
                field = &fields[i];
        if (!field || !(field->types & BIT(type)))
            asl_report_at(parser, item->string, ASL_SCHEMA, "Field is not supported in a %s state",
                          type_names[type]);
        else if (field->later)
            asl_report_at(parser, item->string, ASL_NOT_YET, "Field is not supported yet");
    }
}

static void check_language(struct asl_parser *parser, const cJSON *json)
{
    const char *language = NULL;

    if (!asl_read_str(parser, json, "QueryLanguage", &language) || !language)
        return;
    if (strcmp(language, "JSONata") == 0)
        asl_report_at(parser, "QueryLanguage", ASL_NOT_YET, "JSONata is not supported yet");
    else if (strcmp(language, "JSONPath") != 0)
        asl_report_at(parser, "QueryLanguage", ASL_SCHEMA, "must be JSONPath");
}

static void read_transition(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    struct asl_machine *machine = parser->machine;
    struct asl_state *state = &machine->states[index];
    bool end = false;

    if (!(FLOWS & BIT(state->type)))
        return;
    if (!asl_read_bool(parser, json, "End", &end))
        return;
    if (end && mr_json_get(json, "Next"))
        asl_report(parser, ASL_SCHEMA, "Only one of Next and End may be given");
    else if (!end && !mr_json_get(json, "Next"))
        asl_report(parser, ASL_SCHEMA, "One of these fields is required: [Next, End]");
    else
        state->next = asl_read_target(parser, json, "Next", &machine->flows[state->flow]);
}

static void read_common(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    struct asl_state *state = &parser->machine->states[index];
    const char *comment = NULL;

    asl_read_str(parser, json, "Comment", &comment);
    asl_read_assign(parser, json, &state->assign);
    check_language(parser, json);
    read_transition(parser, json, index);
    if (READS & BIT(state->type)) {
        asl_read_path(parser, json, "InputPath", ASL_PATH_NULLABLE, &state->input_path);
        asl_read_path(parser, json, "OutputPath", ASL_PATH_NULLABLE, &state->output_path);
    }
    if ((BIT(ASL_PASS) | WORKS) & BIT(state->type)) {
        asl_read_path(parser, json, "ResultPath", ASL_PATH_NULLABLE | ASL_PATH_REFERENCE,
                      &state->result_path);
        if (state->type != ASL_MAP) /* there it is the old name of ItemSelector */
            asl_read_template(parser, json, "Parameters", &state->parameters);
    }
    if (WORKS & BIT(state->type)) {
        asl_read_template(parser, json, "ResultSelector", &state->result_selector);
        asl_parse_retry(parser, json, index);
    }
}

static void parse_pass(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    struct asl_state *state = &parser->machine->states[index];
    cJSON *result = mr_json_get(json, "Result");

    if (!result)
        return;
    state->result = asl_value_new_take(cJSON_Duplicate(result, true));
    if (!state->result)
        parser->no_memory = true;
}

static void parse(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    enum asl_type type = ASL_PASS;

    if (!cJSON_IsObject(json)) {
        asl_report(parser, ASL_SCHEMA, "Expected value of type Object");
        return;
    }
    if (!read_type(parser, json, &type))
        return;
    parser->machine->states[index].type = type;
    check_fields(parser, json, type);
    read_common(parser, json, index);
    switch (type) {
    case ASL_PASS:
        parse_pass(parser, json, index);
        break;
    case ASL_TASK:
        asl_parse_task(parser, json, index);
        break;
    case ASL_CHOICE:
        asl_parse_choice(parser, json, index);
        break;
    case ASL_WAIT:
        asl_parse_wait(parser, json, index);
        break;
    case ASL_FAIL:
        asl_parse_fail(parser, json, index);
        break;
    case ASL_PARALLEL:
    case ASL_MAP:
        asl_parse_fork(parser, json, index); /* may move machine->states */
        break;
    case ASL_SUCCEED:
    case ASL_TYPE_COUNT:
        break;
    }
}

void asl_parse_state(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    uint32_t outer = parser->state;

    parser->state = index;
    parse(parser, json, index);
    parser->state = outer;
}

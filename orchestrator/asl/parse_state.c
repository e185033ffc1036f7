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
enum { PATH = 1, ATA = 2, BOTH = PATH | ATA };

static const char *const type_names[ASL_TYPE_COUNT] = {
    [ASL_PASS] = "Pass",         [ASL_TASK] = "Task",       [ASL_CHOICE] = "Choice",
    [ASL_WAIT] = "Wait",         [ASL_SUCCEED] = "Succeed", [ASL_FAIL] = "Fail",
    [ASL_PARALLEL] = "Parallel", [ASL_MAP] = "Map",
};

/* clang-format off */
static const struct field {
    const char *name;
    unsigned types;    /* that may have it */
    unsigned languages; /* where it is spoken */
} fields[] = {
    {"Type",                            EVERY,                       BOTH},
    {"Comment",                         EVERY,                       BOTH},
    {"QueryLanguage",                   EVERY,                       BOTH},
    {"Next",                            FLOWS,                       BOTH},
    {"End",                             FLOWS,                       BOTH},
    {"InputPath",                       READS,                       PATH},
    {"OutputPath",                      READS,                       PATH},
    {"Parameters",                      BIT(ASL_PASS) | WORKS,       PATH},
    {"ResultSelector",                  WORKS,                       PATH},
    {"ResultPath",                      BIT(ASL_PASS) | WORKS,       PATH},
    {"Retry",                           WORKS,                       BOTH},
    {"Catch",                           WORKS,                       BOTH},
    {"Result",                          BIT(ASL_PASS),               PATH},
    {"Resource",                        TASKS,                       BOTH},
    {"TimeoutSeconds",                  TASKS,                       BOTH},
    {"TimeoutSecondsPath",              TASKS,                       PATH},
    {"HeartbeatSeconds",                TASKS,                       BOTH},
    {"HeartbeatSecondsPath",            TASKS,                       PATH},
    {"Choices",                         BIT(ASL_CHOICE),             BOTH},
    {"Default",                         BIT(ASL_CHOICE),             BOTH},
    {"Seconds",                         WAITS,                       BOTH},
    {"SecondsPath",                     WAITS,                       PATH},
    {"Timestamp",                       WAITS,                       BOTH},
    {"TimestampPath",                   WAITS,                       PATH},
    {"Error",                           FAILS,                       BOTH},
    {"ErrorPath",                       FAILS,                       PATH},
    {"Cause",                           FAILS,                       BOTH},
    {"CausePath",                       FAILS,                       PATH},
    {"Branches",                        BIT(ASL_PARALLEL),           BOTH},
    {"ItemsPath",                       MAPS,                        PATH},
    {"ItemSelector",                    MAPS,                        BOTH},
    {"ItemProcessor",                   MAPS,                        BOTH},
    {"Iterator",                        MAPS,                        BOTH},
    {"MaxConcurrency",                  MAPS,                        BOTH},
    {"MaxConcurrencyPath",              MAPS,                        PATH},
    {"Assign",                          READS & ~BIT(ASL_SUCCEED),   BOTH},
    {"Output",                          READS,                       ATA},
    {"Arguments",                       TASKS | BIT(ASL_PARALLEL),   ATA},
    {"Credentials",                     TASKS,                       BOTH},
    {"Items",                           MAPS,                        ATA},
    {"ItemReader",                      MAPS,                        BOTH},
    {"ItemBatcher",                     MAPS,                        BOTH},
    {"ResultWriter",                    MAPS,                        BOTH},
    {"Label",                           MAPS,                        BOTH},
    {"ToleratedFailureCount",           MAPS,                        BOTH},
    {"ToleratedFailureCountPath",       MAPS,                        PATH},
    {"ToleratedFailurePercentage",      MAPS,                        BOTH},
    {"ToleratedFailurePercentagePath",  MAPS,                        PATH},
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

static void refuse_field(struct asl_parser *parser, const char *name, enum asl_type type,
                         unsigned language)
{
    struct asl_suggestion suggestion = asl_suggest(parser, name);

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if ((fields[i].types & BIT(type)) && (fields[i].languages & language))
            asl_suggest_offer(&suggestion, fields[i].name);
    asl_report_at(parser, name, ASL_SCHEMA, "Field '%.80s' is not supported in a %s state%s%.80s%s",
                  name, type_names[type], ASL_SUGGESTED(suggestion));
}

/* What does in this language what name does in the other; "": nothing. */
static const char *instead(const char *name, unsigned language)
{
    static const struct {
        const char *name;
        unsigned language;
        const char *text;
    } others[] = {
        {"Arguments", PATH, ": there it is Parameters"},
        {"Items", PATH, ": there it is ItemsPath"},
        {"Output", PATH, ": there it is ResultSelector, ResultPath and OutputPath"},
        {"InputPath", ATA, ": there Arguments and Output say what is taken"},
        {"Parameters", ATA, ": there it is Arguments"},
        {"ResultSelector", ATA, ": there it is Output"},
        {"ResultPath", ATA, ": there it is Output"},
        {"OutputPath", ATA, ": there it is Output"},
        {"Result", ATA, ": there it is Output"},
        {"ItemsPath", ATA, ": there it is Items"},
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i].language == language && strcmp(others[i].name, name) == 0)
            return others[i].text;
    return language == ATA ? ": there it is the field without Path, with an expression" : "";
}

static void check_fields(struct asl_parser *parser, const cJSON *json, enum asl_type type,
                         unsigned language)
{
    for (const cJSON *item = json->child; item; item = item->next) {
        const struct field *field = NULL;
        for (size_t i = 0; !field && i < sizeof(fields) / sizeof(fields[0]); i++)
            if (strcmp(fields[i].name, item->string) == 0)
                field = &fields[i];
        if (!field || !(field->types & BIT(type)))
            refuse_field(parser, item->string, type, language);
        else if (!(field->languages & language))
            asl_report_at(parser, item->string, ASL_SCHEMA,
                          "The field '%.80s' is not supported when using the query language %s%s",
                          item->string, language == ATA ? "JSONata" : "JSONPath",
                          instead(item->string, language));
    }
}

/* The state's own QueryLanguage, else the machine's.  ATA: *ret_queries are made for it. */
static unsigned read_language(struct asl_parser *parser, const cJSON *json,
                              struct asl_queries **ret_queries)
{
    const char *language = parser->jsonata ? "JSONata" : "JSONPath";

    asl_read_str(parser, json, "QueryLanguage", &language);
    if (strcmp(language, "JSONPath") == 0) {
        if (parser->jsonata)
            asl_report_at(parser, "QueryLanguage", ASL_SCHEMA,
                          "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole "
                          "state machine");
        return PATH;
    }
    if (strcmp(language, "JSONata") != 0) {
        asl_report_at(parser, "QueryLanguage", ASL_SCHEMA,
                      "'%.40s' is no query language: JSONPath and JSONata are", language);
        return BOTH;
    }
    *ret_queries = asl_take(parser, sizeof(**ret_queries));
    return ATA;
}

static void read_credentials(struct asl_parser *parser, const cJSON *json,
                             struct asl_queries *queries)
{
    const cJSON *credentials = mr_json_get(json, "Credentials");
    struct asl_template *unused = NULL;
    size_t mark;

    if (!credentials)
        return;
    if (!cJSON_IsObject(credentials)) {
        asl_report_at(parser, "Credentials", ASL_SCHEMA, "Expected value of type Object");
        return;
    }
    mark = asl_at(parser, "Credentials");
    if (!mr_json_get(credentials, "RoleArn") && (queries || !mr_json_get(credentials, "RoleArn.$")))
        asl_report(parser, ASL_SCHEMA, "The field 'RoleArn' is required but was missing");
    asl_read_known(parser, credentials,
                   (const char *const[]){"RoleArn", queries ? NULL : "RoleArn.$", NULL});
    if (!queries)
        asl_read_source(parser, credentials, "RoleArn.$", &unused); /* checked, not followed */
    asl_at_leave(parser, mark);
    if (queries)
        asl_read_query(parser, json, "Credentials", queries, &queries->fields[ASL_Q_CREDENTIALS]);
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
    read_transition(parser, json, index);
    if (TASKS & BIT(state->type))
        read_credentials(parser, json, state->queries);
    if (state->queries) {
        asl_read_way(parser, json, state->queries,
                     (struct asl_way_of){WORKS & BIT(state->type) ? ASL_READS_RESULT : 0, NULL, 0},
                     &state->queries->way);
        asl_read_query(parser, json, "Arguments", state->queries,
                       &state->queries->fields[ASL_Q_ARGUMENTS]);
        if (WORKS & BIT(state->type))
            asl_parse_retry(parser, json, index);
        return;
    }
    asl_read_assign(parser, json, &state->assign);
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
    unsigned language;

    if (!cJSON_IsObject(json)) {
        asl_report(parser, ASL_SCHEMA, "Expected value of type Object");
        return;
    }
    if (!read_type(parser, json, &type))
        return;
    parser->machine->states[index].type = type;
    language = read_language(parser, json, &parser->machine->states[index].queries);
    check_fields(parser, json, type, language);
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

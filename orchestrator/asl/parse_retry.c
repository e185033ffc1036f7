/* parse_retry.c -- Retry and Catch. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <string.h>

enum { RETRY_INTERVAL_S = 1, RETRY_ATTEMPTS = 3 };
static const double retry_backoff = 2.0;

static bool read_errors(struct asl_parser *parser, const cJSON *json, bool last,
                        struct asl_errors *ret)
{
    const cJSON *list = mr_json_get(json, "ErrorEquals");

    if (!list)
        return asl_report(parser, ASL_SCHEMA,
                          "The field 'ErrorEquals' is required but was missing");
    if (!cJSON_IsArray(list) || !list->child)
        return asl_report_at(parser, "ErrorEquals", ASL_SCHEMA,
                             "Expected value of type Array with at least one error name");
    ret->names = asl_take(parser, (uint32_t)cJSON_GetArraySize(list) * sizeof(*ret->names));
    if (!ret->names)
        return false;
    for (const cJSON *item = list->child; item; item = item->next) {
        if (!cJSON_IsString(item))
            return asl_report_at(parser, "ErrorEquals", ASL_SCHEMA, "an error name is a String");
        if (strcmp(item->valuestring, ASL_ALL) == 0 && (list->child->next || !last))
            return asl_report_at(parser, "ErrorEquals", ASL_SCHEMA,
                                 "States.ALL must stand alone, and in the last entry");
        ret->names[ret->count++] = item->valuestring;
    }
    return true;
}

static void read_retrier(struct asl_parser *parser, const cJSON *json, bool last,
                         struct asl_retrier *ret)
{
    static const char *const names[] = {
        "ErrorEquals",     "IntervalSeconds", "MaxAttempts", "BackoffRate",
        "MaxDelaySeconds", "JitterStrategy",  "Comment",     NULL};
    int64_t interval = RETRY_INTERVAL_S, delay_max = 0, attempts = RETRY_ATTEMPTS;
    const cJSON *backoff = mr_json_get(json, "BackoffRate");
    const char *jitter = "NONE";

    asl_read_known(parser, json, names);
    read_errors(parser, json, last, &ret->errors);
    asl_read_int(parser, json, "IntervalSeconds", 1, ASL_SECONDS_MAX, &interval);
    asl_read_int(parser, json, "MaxDelaySeconds", 1, ASL_DELAY_SECONDS_MAX, &delay_max);
    asl_read_int(parser, json, "MaxAttempts", 0, ASL_SECONDS_MAX, &attempts);
    ret->backoff = retry_backoff;
    if (backoff && (!cJSON_IsNumber(backoff) || backoff->valuedouble < 1))
        asl_report_at(parser, "BackoffRate", ASL_SCHEMA, "Expected a number of at least 1.0");
    else if (backoff)
        ret->backoff = backoff->valuedouble;
    if (asl_read_str(parser, json, "JitterStrategy", &jitter) && strcmp(jitter, "FULL") != 0 &&
        strcmp(jitter, "NONE") != 0)
        asl_report_at(parser, "JitterStrategy", ASL_SCHEMA, "'%.80s' is neither FULL nor NONE",
                      jitter);
    ret->interval_ms = interval * 1000;
    ret->delay_max_ms = delay_max * 1000;
    ret->attempts_max = (uint32_t)attempts;
    ret->jitter = strcmp(jitter, "FULL") == 0;
}

static void read_catcher(struct asl_parser *parser, const cJSON *json, uint32_t index, bool last,
                         const struct asl_state *state, struct asl_catcher *ret)
{
    const struct asl_flow *flow = &parser->machine->flows[state->flow];

    for (const cJSON *item = json->child; item; item = item->next) {
        const char *name = item->string;
        if (strcmp(name, "ErrorEquals") != 0 && strcmp(name, "Next") != 0 &&
            strcmp(name, "Assign") != 0 && strcmp(name, "Comment") != 0 &&
            strcmp(name, state->queries ? "Output" : "ResultPath") != 0)
            asl_report_at(parser, name, ASL_SCHEMA, "Field '%.80s' is not supported in a catcher",
                          name);
    }
    read_errors(parser, json, last, &ret->errors);
    if (state->queries) {
        asl_read_way(parser, json, state->queries,
                     (struct asl_way_of){ASL_READS_ERROR, "Catch", index}, &ret->way);
    } else {
        asl_read_path(parser, json, "ResultPath", ASL_PATH_NULLABLE | ASL_PATH_REFERENCE,
                      &ret->result_path);
        asl_read_assign(parser, json, &ret->assign);
    }
    if (!mr_json_get(json, "Next"))
        asl_report(parser, ASL_SCHEMA, "The field 'Next' is required but was missing");
    ret->next = asl_read_target(parser, json, "Next", flow);
}

/* The array at name, or NULL; an absent one is no fault. */
static const cJSON *list_at(struct asl_parser *parser, const cJSON *json, const char *name)
{
    const cJSON *list = mr_json_get(json, name);

    if (list && !cJSON_IsArray(list))
        asl_report_at(parser, name, ASL_SCHEMA, "Expected value of type Array");
    return cJSON_IsArray(list) ? list : NULL;
}

static void parse_retriers(struct asl_parser *parser, const cJSON *list, struct asl_state *state)
{
    uint32_t i = 0;

    state->retrier_count = (uint32_t)cJSON_GetArraySize(list);
    state->retriers = asl_take(parser, state->retrier_count * sizeof(*state->retriers));
    for (const cJSON *item = list->child; state->retriers && item; item = item->next, i++) {
        size_t mark = asl_at_index(parser, i);
        if (cJSON_IsObject(item))
            read_retrier(parser, item, !item->next, &state->retriers[i]);
        else
            asl_report(parser, ASL_SCHEMA, "Expected value of type Object");
        asl_at_leave(parser, mark);
    }
}

static void parse_catchers(struct asl_parser *parser, const cJSON *list, struct asl_state *state)
{
    uint32_t i = 0;

    state->catcher_count = (uint32_t)cJSON_GetArraySize(list);
    state->catchers = asl_take(parser, state->catcher_count * sizeof(*state->catchers));
    for (const cJSON *item = list->child; state->catchers && item; item = item->next, i++) {
        size_t mark = asl_at_index(parser, i);
        if (cJSON_IsObject(item))
            read_catcher(parser, item, i, !item->next, state, &state->catchers[i]);
        else
            asl_report(parser, ASL_SCHEMA, "Expected value of type Object");
        asl_at_leave(parser, mark);
    }
}

void asl_parse_retry(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    struct asl_state *state = &parser->machine->states[index];
    const cJSON *retry = list_at(parser, json, "Retry"), *catch = list_at(parser, json, "Catch");
    size_t mark;

    if (retry) {
        mark = asl_at(parser, "Retry");
        parse_retriers(parser, retry, state);
        asl_at_leave(parser, mark);
    }
    if (catch) {
        mark = asl_at(parser, "Catch");
        parse_catchers(parser, catch, state);
        asl_at_leave(parser, mark);
    }
}

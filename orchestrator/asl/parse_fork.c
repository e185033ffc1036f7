/* parse_fork.c -- what only Parallel and Map have: the flows inside them. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <string.h>

static void parse_branches(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    static const char *const names[] = {"StartAt", "States", "Comment", NULL};
    const cJSON *list = mr_json_get(json, "Branches");
    uint32_t flow = parser->machine->flow_count, count = (uint32_t)cJSON_GetArraySize(list);
    size_t mark;

    if (!cJSON_IsArray(list) || count == 0) {
        asl_report(parser, ASL_SCHEMA,
                   "The field 'Branches' must be an Array with at least one branch");
        return;
    }
    if (!asl_reserve_flows(parser, count))
        return;
    parser->machine->states[index].fork.flow = flow;
    parser->machine->states[index].fork.flows = count;
    parser->machine->states[index].fork.member = "Branches";
    mark = asl_at(parser, "Branches");
    count = 0;
    for (const cJSON *item = list->child; item; item = item->next, flow++, count++) {
        size_t inner = asl_at_index(parser, count);
        parser->machine->flows[flow].owner = (int32_t)index;
        if (cJSON_IsObject(item)) {
            asl_read_known(parser, item, names);
            asl_parse_flow_into(parser, item, (int32_t)index, flow);
        } else {
            asl_report(parser, ASL_SCHEMA, "Expected value of type Object");
        }
        asl_at_leave(parser, inner);
    }
    asl_at_leave(parser, mark);
}

static bool is_distributed(const cJSON *json)
{
    const cJSON *now = mr_json_get(json, "ItemProcessor");
    const cJSON *config = mr_json_get(now ? now : mr_json_get(json, "Iterator"), "ProcessorConfig");
    const cJSON *mode = mr_json_get(config, "Mode");

    return cJSON_IsString(mode) && strcmp(mode->valuestring, "DISTRIBUTED") == 0;
}

static void read_type(struct asl_parser *parser, const cJSON *config, struct asl_spread *spread)
{
    const char *type = NULL;

    if (!asl_read_str(parser, config, "ExecutionType", &type))
        return;
    if (!spread && type)
        asl_report_at(parser, "ExecutionType", ASL_SCHEMA,
                      "Field is supported only with Mode DISTRIBUTED");
    if (!spread)
        return;
    spread->express = type && strcmp(type, "EXPRESS") == 0;
    if (!type)
        asl_report(parser, ASL_SCHEMA, "The field 'ExecutionType' is required with DISTRIBUTED");
    else if (!spread->express && strcmp(type, "STANDARD") != 0)
        asl_report_at(parser, "ExecutionType", ASL_SCHEMA,
                      "'%.80s' is neither STANDARD nor EXPRESS", type);
}

static void read_config(struct asl_parser *parser, const cJSON *processor, uint32_t index)
{
    static const char *const names[] = {"Mode", "ExecutionType", NULL};
    const cJSON *config = mr_json_get(processor, "ProcessorConfig");
    const char *mode = "INLINE";
    size_t mark;

    if (!config)
        return;
    if (!cJSON_IsObject(config)) {
        asl_report_at(parser, "ProcessorConfig", ASL_SCHEMA, "Expected value of type Object");
        return;
    }
    mark = asl_at(parser, "ProcessorConfig");
    asl_read_known(parser, config, names);
    if (asl_read_str(parser, config, "Mode", &mode) && strcmp(mode, "INLINE") != 0 &&
        strcmp(mode, "DISTRIBUTED") != 0)
        asl_report_at(parser, "Mode", ASL_SCHEMA, "'%.80s' is neither INLINE nor DISTRIBUTED",
                      mode);
    read_type(parser, config, parser->machine->states[index].fork.spread);
    asl_at_leave(parser, mark);
}

static void parse_processor(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    static const char *const names[] = {"StartAt", "States", "Comment", "ProcessorConfig", NULL};
    const cJSON *now = mr_json_get(json, "ItemProcessor"), *old = mr_json_get(json, "Iterator");
    const struct asl_spread *spread = parser->machine->states[index].fork.spread;
    const char *name = now ? "ItemProcessor" : "Iterator";
    const bool express = parser->options.express;
    uint32_t flow;
    size_t mark;

    if (!now == !old) {
        asl_report(parser, ASL_SCHEMA, "Exactly one of [ItemProcessor, Iterator] is required");
        return;
    }
    if (!cJSON_IsObject(now ? now : old)) {
        asl_report_at(parser, name, ASL_SCHEMA, "Expected value of type Object");
        return;
    }
    mark = asl_at(parser, name);
    asl_read_known(parser, now ? now : old, names);
    read_config(parser, now ? now : old, index);
    if (spread && express)
        asl_report(parser, ASL_SCHEMA,
                   "Express state machine does not support a Map in DISTRIBUTED mode");
    parser->options.express = express || (spread && spread->express); /* so are its children */
    if (asl_parse_flow(parser, now ? now : old, (int32_t)index, &flow)) {
        parser->machine->states[index].fork.flow = flow;
        parser->machine->states[index].fork.flows = 1;
        parser->machine->states[index].fork.member = name;
    }
    parser->options.express = express;
    asl_at_leave(parser, mark);
}

/* ItemSelector, which was called Parameters once. */
static void read_selector(struct asl_parser *parser, const cJSON *json, struct asl_fork *fork)
{
    if (mr_json_get(json, "ItemSelector") && mr_json_get(json, "Parameters"))
        asl_report(parser, ASL_SCHEMA, "Only one of ItemSelector and Parameters may be given");
    else if (mr_json_get(json, "ItemSelector"))
        asl_read_template(parser, json, "ItemSelector", &fork->selector);
    else
        asl_read_template(parser, json, "Parameters", &fork->selector);
}

/* What a Map has where JSONata is spoken. */
static void read_queries(struct asl_parser *parser, const cJSON *json, struct asl_fork *fork,
                         struct asl_queries *queries)
{
    static const struct {
        const char *name;
        enum asl_query_id id;
    } whole[] = {{"ItemReader", ASL_Q_READER},
                 {"ItemBatcher", ASL_Q_BATCHER},
                 {"ResultWriter", ASL_Q_WRITER},
                 {"ToleratedFailureCount", ASL_Q_TOLERATED_COUNT},
                 {"ToleratedFailurePercentage", ASL_Q_TOLERATED_PERCENTAGE}};
    const cJSON *items = mr_json_get(json, "Items");

    if (items && !cJSON_IsArray(items) && !cJSON_IsObject(items) && !asl_is_expression(items))
        asl_report_at(parser, "Items", ASL_SCHEMA,
                      "Expected value of type Array or Object, or a JSONata expression");
    else
        asl_read_query(parser, json, "Items", queries, &queries->fields[ASL_Q_ITEMS]);
    asl_read_query(parser, json, "ItemSelector", queries, &queries->fields[ASL_Q_SELECTOR]);
    asl_read_query_number(parser, json, "MaxConcurrency", 0, ASL_SECONDS_MAX, queries,
                          ASL_Q_CONCURRENCY, &fork->concurrency);
    if (!is_distributed(json))
        return;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        asl_read_query(parser, json, whole[i].name, queries, &queries->fields[whole[i].id]);
}

void asl_parse_fork(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    struct asl_fork *fork = &parser->machine->states[index].fork;
    struct asl_queries *queries = parser->machine->states[index].queries;

    if (parser->machine->states[index].type == ASL_PARALLEL) {
        parse_branches(parser, json, index);
        return;
    }
    if (queries) {
        read_queries(parser, json, fork, queries);
    } else {
        asl_read_path(parser, json, "ItemsPath", ASL_PATH_ANY, &fork->items_path);
        asl_read_number(parser, json, "MaxConcurrency", 0, &fork->concurrency);
        asl_check_count_path(parser, "MaxConcurrencyPath", fork->concurrency.path);
    }
    if (!queries)
        read_selector(parser, json, fork);
    if (is_distributed(json))
        asl_parse_spread(parser, json, index);
    else
        asl_refuse_spread(parser, json);
    parse_processor(parser, json, index);
}

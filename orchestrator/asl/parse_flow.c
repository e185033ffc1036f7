/* parse_flow.c -- a flow (the machine, a branch, an item processor): StartAt and States. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

bool asl_grow(void **items, uint32_t *cap, uint32_t want, size_t size)
{
    uint32_t more = *cap ? *cap : 8;
    void *bigger;

    while (more < want)
        more *= 2;
    if (more == *cap)
        return true;
    bigger = realloc(*items, more * size);
    if (!bigger)
        return false;
    *items = bigger;
    *cap = more;
    return true;
}

bool asl_reserve_flows(struct asl_parser *parser, uint32_t more)
{
    struct asl_machine *machine = parser->machine;
    void *flows = machine->flows;
    bool ok =
        asl_grow(&flows, &machine->flow_cap, machine->flow_count + more, sizeof(struct asl_flow));

    machine->flows = flows;
    if (!ok) {
        parser->no_memory = true;
        return false;
    }
    memset(machine->flows + machine->flow_count, 0, more * sizeof(struct asl_flow));
    machine->flow_count += more;
    return true;
}

/* The states of one flow stand together, those of flows nested in them behind. */
static bool reserve_states(struct asl_parser *parser, uint32_t more)
{
    struct asl_machine *machine = parser->machine;
    void *states = machine->states;
    bool ok;

    if (machine->state_count + more > ASL_STATES_MAX)
        return asl_report(parser, ASL_SCHEMA, "more than %d states", ASL_STATES_MAX);
    ok = asl_grow(&states, &machine->state_cap, machine->state_count + more,
                  sizeof(struct asl_state));
    machine->states = states;
    if (!ok) {
        parser->no_memory = true;
        return false;
    }
    memset(machine->states + machine->state_count, 0, more * sizeof(struct asl_state));
    machine->state_count += more;
    return true;
}

int32_t asl_find_state(struct asl_parser *parser, const struct asl_flow *flow, const char *name)
{
    const struct asl_state *states = parser->machine->states;

    for (uint32_t i = flow->first; i < flow->first + flow->count; i++)
        if (strcmp(states[i].name, name) == 0)
            return (int32_t)i;
    return ASL_NONE;
}

static bool miss_target(struct asl_parser *parser, const char *field, const struct asl_flow *flow,
                        const char *name)
{
    struct asl_suggestion suggestion = asl_suggest(parser, name);

    for (uint32_t i = flow->first; i < flow->first + flow->count; i++)
        asl_suggest_offer(&suggestion, parser->machine->states[i].name);
    return asl_report_at(parser, field, ASL_TRANSITION, "Missing '%s' target: %.80s%s%.80s%s",
                         field, name, ASL_SUGGESTED(suggestion));
}

int32_t asl_read_target(struct asl_parser *parser, const cJSON *object, const char *field,
                        const struct asl_flow *flow)
{
    const char *name = NULL;
    int32_t found;

    if (!asl_read_str(parser, object, field, &name) || !name)
        return ASL_NONE;
    found = asl_find_state(parser, flow, name);
    if (found == ASL_NONE)
        miss_target(parser, field, flow, name);
    return found;
}

static bool check_name(struct asl_parser *parser, const char *name)
{
    size_t chars = 0;

    for (const char *p = name; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return asl_report(parser, ASL_BAD_NAME,
                              "a state's name may not hold control characters");
        chars += ((unsigned char)*p & 0xC0) != 0x80;
    }
    if (chars == 0 || chars > ASL_STATE_NAME_MAX)
        return asl_report(parser, ASL_BAD_NAME, "a state's name has from 1 to %d characters",
                          ASL_STATE_NAME_MAX);
    return true;
}

static void parse_states(struct asl_parser *parser, const cJSON *states, uint32_t flow)
{
    uint32_t first = parser->machine->state_count;
    uint32_t count = (uint32_t)cJSON_GetArraySize(states), i = first;

    if (!reserve_states(parser, count))
        return;
    parser->machine->flows[flow].first = first;
    parser->machine->flows[flow].count = count;
    for (const cJSON *item = states->child; item; item = item->next, i++) {
        parser->machine->states[i].name = item->string;
        parser->machine->states[i].flow = flow;
        parser->machine->states[i].next = ASL_NONE;
    }
    i = first;
    for (const cJSON *item = states->child; item; item = item->next, i++) {
        size_t mark = asl_at(parser, item->string);
        check_name(parser, item->string);
        asl_parse_state(parser, item, i); /* may move machine->states */
        asl_at_leave(parser, mark);
    }
}

bool asl_parse_flow_into(struct asl_parser *parser, const cJSON *object, int32_t owner,
                         uint32_t flow)
{
    const cJSON *states = mr_json_get(object, "States");
    const char *start = NULL;
    int32_t found;
    size_t mark;

    parser->machine->flows[flow].owner = owner;
    if (!states || !mr_json_get(object, "StartAt"))
        return asl_report(parser, ASL_SCHEMA, "These fields are required: [%s]",
                          states                           ? "StartAt"
                          : mr_json_get(object, "StartAt") ? "States"
                                                           : "StartAt, States");
    if (!asl_read_str(parser, object, "StartAt", &start))
        return false;
    if (!cJSON_IsObject(states) || !states->child)
        return asl_report_at(parser, "States", ASL_SCHEMA,
                             "Expected value of type Object with at least one state");
    mark = asl_at(parser, "States");
    parse_states(parser, states, flow);
    asl_at_leave(parser, mark);
    found = asl_find_state(parser, &parser->machine->flows[flow], start);
    if (found == ASL_NONE)
        return miss_target(parser, "StartAt", &parser->machine->flows[flow], start);
    parser->machine->flows[flow].start = (uint32_t)found;
    return true;
}

bool asl_parse_flow(struct asl_parser *parser, const cJSON *object, int32_t owner, uint32_t *ret)
{
    *ret = parser->machine->flow_count;
    return asl_reserve_flows(parser, 1) && asl_parse_flow_into(parser, object, owner, *ret);
}

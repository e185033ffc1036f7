/* check.c -- what can be said of a definition only once all of it is read: every state can be
 * reached, every flow can end, no name stands twice. */
#include "orchestrator/asl/parse.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    const struct asl_machine *machine;
    bool *reached;
    uint32_t *stack; /* reached, and not yet looked at */
    uint32_t depth;
};

static void reach(struct walk *walk, int32_t state)
{
    if (state == ASL_NONE || walk->reached[state])
        return;
    walk->reached[state] = true;
    walk->stack[walk->depth++] = (uint32_t)state;
}

static bool ends(const struct asl_state *state)
{
    switch (state->type) {
    case ASL_SUCCEED:
    case ASL_FAIL:
        return true;
    case ASL_CHOICE:
        return false;
    case ASL_PASS:
    case ASL_TASK:
    case ASL_WAIT:
    case ASL_PARALLEL:
    case ASL_MAP:
    case ASL_TYPE_COUNT:
        break;
    }
    return state->next == ASL_NONE;
}

static void walk_flow(struct walk *walk, const struct asl_flow *flow)
{
    reach(walk, (int32_t)flow->start);
    while (walk->depth > 0) {
        const struct asl_state *state = &walk->machine->states[walk->stack[--walk->depth]];
        reach(walk, state->next);
        for (uint32_t i = 0; i < state->catcher_count; i++)
            reach(walk, state->catchers[i].next);
        if (state->type != ASL_CHOICE)
            continue;
        reach(walk, state->choices.otherwise);
        for (uint32_t i = 0; i < state->choices.count; i++)
            reach(walk, state->choices.rules[i].next);
    }
}

/* Takes the parser to where the states of flow are. */
static void go_to_flow(struct asl_parser *parser, const struct asl_flow *flow)
{
    const struct asl_machine *machine = parser->machine;
    const struct asl_state *owner;

    if (flow->owner != ASL_NONE) {
        owner = &machine->states[flow->owner];
        go_to_flow(parser, &machine->flows[owner->flow]);
        asl_at(parser, owner->name);
        asl_at(parser, owner->fork.member);
        if (owner->type == ASL_PARALLEL)
            asl_at_index(parser, (uint32_t)(flow - machine->flows) - owner->fork.flow);
    }
    asl_at(parser, "States");
}

static void check_flow(struct asl_parser *parser, struct walk *walk, const struct asl_flow *flow)
{
    bool has_end = false;
    size_t mark;

    walk_flow(walk, flow);
    for (uint32_t i = flow->first; i < flow->first + flow->count; i++) {
        has_end |= ends(&walk->machine->states[i]);
        if (walk->reached[i])
            continue;
        go_to_flow(parser, flow);
        mark = asl_at(parser, walk->machine->states[i].name);
        asl_report(parser, ASL_TRANSITION, "State \"%.80s\" is not reachable",
                   walk->machine->states[i].name);
        asl_at_leave(parser, mark);
        asl_at_leave(parser, 0);
    }
    if (!has_end) {
        go_to_flow(parser, flow);
        asl_report(parser, ASL_NO_END,
                   "No state ends here: a state with End, Succeed or Fail is "
                   "required");
        asl_at_leave(parser, 0);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct asl_state *const *x = a, *const *y = b;
    int order = strcmp((*x)->name, (*y)->name);

    return order ? order : (*x > *y) - (*x < *y);
}

static bool check_names(struct asl_parser *parser)
{
    const struct asl_machine *machine = parser->machine;
    const struct asl_state **states = calloc(machine->state_count, sizeof(*states));

    if (!states)
        return false;
    for (uint32_t i = 0; i < machine->state_count; i++)
        states[i] = &machine->states[i];
    qsort(states, machine->state_count, sizeof(*states), by_name);
    for (uint32_t i = 1; i < machine->state_count; i++) {
        if (strcmp(states[i - 1]->name, states[i]->name) != 0)
            continue;
        go_to_flow(parser, &machine->flows[states[i]->flow]);
        asl_at(parser, states[i]->name);
        asl_report(
            parser, ASL_DUPLICATE_NAME,
            "State \"%.80s\" is there more than once: names are unique over all of a machine",
            states[i]->name);
        asl_at_leave(parser, 0);
    }
    free(states);
    return true;
}

static const char *label_of(const struct asl_state *state)
{
    return state->type == ASL_MAP && state->fork.spread ? state->fork.spread->label : NULL;
}

static int by_label(const void *a, const void *b)
{
    const struct asl_state *const *x = a, *const *y = b;
    int order = strcmp(label_of(*x), label_of(*y));

    return order ? order : (*x > *y) - (*x < *y);
}

/* A label stands for one Map. */
static bool check_labels(struct asl_parser *parser)
{
    const struct asl_machine *machine = parser->machine;
    const struct asl_state **states = calloc(machine->state_count, sizeof(*states));
    uint32_t count = 0;

    if (!states)
        return false;
    for (uint32_t i = 0; i < machine->state_count; i++)
        if (label_of(&machine->states[i]))
            states[count++] = &machine->states[i];
    qsort(states, count, sizeof(*states), by_label);
    for (uint32_t i = 1; i < count; i++) {
        if (strcmp(label_of(states[i - 1]), label_of(states[i])) != 0)
            continue;
        go_to_flow(parser, &machine->flows[states[i]->flow]);
        asl_at(parser, states[i]->name);
        asl_at(parser, "Label");
        asl_report_later(parser, ASL_SAME_LABEL, "Another Map has this label: it must be its own");
        asl_at_leave(parser, 0);
    }
    free(states);
    return true;
}

void asl_check_machine(struct asl_parser *parser)
{
    const struct asl_machine *machine = parser->machine;
    struct walk walk = {.machine = machine};

    walk.reached = calloc(machine->state_count, sizeof(*walk.reached));
    walk.stack = calloc(machine->state_count, sizeof(*walk.stack));
    if (!walk.reached || !walk.stack || !check_names(parser) || !check_labels(parser))
        parser->no_memory = true;
    else
        for (uint32_t i = 0; i < machine->flow_count; i++)
            check_flow(parser, &walk, &machine->flows[i]);
    free(walk.stack);
    free(walk.reached);
}

/* A name and the flow that assigns it. */
struct scoped {
    const char *name;
    uint32_t flow;
};

static int by_scope(const void *a, const void *b)
{
    const struct scoped *x = a, *y = b;

    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    return (x->flow > y->flow) - (x->flow < y->flow);
}

static void warn_scope(struct asl_parser *parser, const struct asl_reference *assignment)
{
    const struct asl_state *state = &parser->machine->states[assignment->state];

    go_to_flow(parser, &parser->machine->flows[state->flow]);
    asl_at(parser, state->name);
    asl_at(parser, "Assign");
    asl_warn(parser, "VARIABLE_OF_OUTER_SCOPE",
             "'%.80s' is assigned outside, too: once it is, assigning to it in here fails",
             assignment->name);
    asl_at_leave(parser, 0);
}

void asl_warn_scopes(struct asl_parser *parser)
{
    const struct asl_machine *machine = parser->machine;
    const uint32_t count = machine->assignment_count;
    struct scoped *all = calloc((size_t)count + 1, sizeof(*all));

    if (!all) {
        parser->no_memory = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        all[i] = (struct scoped){machine->assignments[i].name,
                                 machine->states[machine->assignments[i].state].flow};
    qsort(all, count, sizeof(*all), by_scope);
    for (uint32_t i = 0; i < count; i++) {
        const struct asl_reference *inner = &machine->assignments[i];
        struct scoped outer = {.name = inner->name};
        int32_t owner = machine->flows[machine->states[inner->state].flow].owner;
        for (; owner != ASL_NONE; owner = machine->flows[outer.flow].owner) {
            outer.flow = machine->states[owner].flow;
            if (!bsearch(&outer, all, count, sizeof(*all), by_scope))
                continue;
            warn_scope(parser, inner);
            break;
        }
    }
    free(all);
}

/* migrate.c -- a run that was closed goes on in another machine: a corrected definition.  Each
 * frame is found again by its state's name in the flow that is its own; first all of them are
 * looked for, then all are moved.  A distributed Map's children are runs of their own: those that
 * failed are migrated likewise, where they are. */
#include "orchestrator/asl/spread_turn.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

struct move {
    const struct asl_run *run;
    const struct asl_machine *from, *to;
    uint32_t *states; /* of each live frame, by its slot: where it will be */
    struct mr_error *err;
};

static int32_t find_in_flow(const struct asl_machine *machine, uint32_t flow, const char *name)
{
    const struct asl_flow *in = &machine->flows[flow];

    for (uint32_t i = in->first; i < in->first + in->count; i++)
        if (strcmp(machine->states[i].name, name) == 0)
            return (int32_t)i;
    return ASL_NONE;
}

static enum mr_code look_for(const struct move *move, const struct asl_frame *frame, uint32_t flow);

static enum mr_code look_for_children(const struct move *move, const struct asl_frame *frame,
                                      const struct asl_state *state)
{
    const struct asl_fork_run *fork = frame->fork;
    enum mr_code rc = MR_OK;

    if (state->type == ASL_PARALLEL && state->fork.flows != fork->count)
        return mr_fail(move->err, MR_INVALID,
                       "state \"%.80s\" has %u branches now: it had %u, and they are under way",
                       state->name, state->fork.flows, fork->count);
    for (uint32_t i = 0; i < fork->next && !rc; i++)
        if (fork->children[i].frame)
            rc = look_for(move, fork->children[i].frame,
                          state->fork.flow + (state->type == ASL_PARALLEL ? i : 0));
    return rc;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_json(const cJSON *a, const cJSON *b)
{
    return a && b ? cJSON_Compare(a, b, true) : a == b;
}

/* A distributed Map that is under way: its cursor is its reader's, its files are its writer's, and
 * what its children answered so far has the form that it asked for. */
static enum mr_code check_spread(const struct move *move, const struct asl_spread_run *spread,
                                 const struct asl_state *old, const struct asl_state *new)
{
    const struct asl_spread *was = old->fork.spread, *is = new->fork.spread;

    if (move->run->engine < ASL_ENGINE_SPREAD_MIGRATES)
        return mr_fail(move->err, MR_INVALID,
                       "state \"%.80s\" is a distributed Map that is under way: its items keep the "
                       "definition that they began with",
                       old->name);
    if (new->type != ASL_MAP || !is)
        return mr_fail(move->err, MR_INVALID,
                       "state \"%.80s\" is no distributed Map any more: one is under way in it",
                       old->name);
    if (!same_text(was->reader, is->reader) ||
        (!spread->read_all && !same_json(was->reader_config, is->reader_config)))
        return mr_fail(
            move->err, MR_INVALID,
            "state \"%.80s\": ItemReader is another now: a distributed Map that is under "
            "way keeps its own",
            old->name);
    if (!same_text(was->writer, is->writer) || !same_json(was->writer_config, is->writer_config) ||
        asl_spread_records(was) != asl_spread_records(is))
        return mr_fail(move->err, MR_INVALID,
                       "state \"%.80s\": ResultWriter is another now: a distributed Map that is "
                       "under way keeps its own",
                       old->name);
    return MR_OK;
}

static enum mr_code look_for(const struct move *move, const struct asl_frame *frame, uint32_t flow)
{
    const struct asl_state *old = &move->from->states[frame->state], *new;
    int32_t found = find_in_flow(move->to, flow, old->name);

    if (found == ASL_NONE)
        return mr_fail(move->err, MR_INVALID,
                       "state \"%.80s\" is gone, or stands elsewhere: the job is in it", old->name);
    new = &move->to->states[found];
    move->states[frame->slot] = (uint32_t)found;
    if (!frame->fork && !(frame->spread && frame->spread->begun))
        return MR_OK; /* it is entered anew, whatever it is now */
    if (frame->spread)
        return check_spread(move, frame->spread, old, new);
    if (new->type != old->type)
        return mr_fail(move->err, MR_INVALID,
                       "state \"%.80s\" is a %s now: it is a %s that is under way", old->name,
                       asl_type_name(new->type), asl_type_name(old->type));
    return look_for_children(move, frame, new);
}

struct named {
    const char *name;
    uint32_t entries;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* How often each state was entered; names are unique over all of a machine. */
static uint32_t *move_entries(const struct move *move)
{
    struct named *old = calloc(move->from->state_count, sizeof(*old)), *found;
    uint32_t *entries = calloc(move->to->state_count, sizeof(*entries));

    for (uint32_t i = 0; old && i < move->from->state_count; i++)
        old[i] = (struct named){move->from->states[i].name, move->run->entries[i]};
    if (old)
        qsort(old, move->from->state_count, sizeof(*old), by_name);
    for (uint32_t i = 0; old && entries && i < move->to->state_count; i++) {
        struct named key = {.name = move->to->states[i].name};
        found = bsearch(&key, old, move->from->state_count, sizeof(*old), by_name);
        entries[i] = found ? found->entries : 0;
    }
    if (!old) {
        free(entries);
        entries = NULL;
    }
    free(old);
    return entries;
}

/* Names are their machine's; a variable that the new one neither reads nor assigns is forgotten. */
static void move_variables(const struct move *move, struct asl_run *run, struct asl_frame *frame)
{
    struct asl_variables *scope = &frame->variables;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < scope->count; i++) {
        struct asl_variable *variable = &scope->items[i];
        variable->name = asl_machine_variable(move->to, variable->name);
        if (variable->name) {
            scope->items[kept++] = *variable;
        } else {
            run->variable_bytes -= variable->bytes;
            asl_value_unref(variable->value);
        }
    }
    scope->count = kept;
}

/* What ItemSelector made of items that have not begun: it may make something else now.  A Map that
 * had not begun itself is entered anew. */
static void forget_selected(struct asl_run *run, struct asl_frame *frame)
{
    if (frame->spread && !frame->spread->begun) {
        asl_fork_run_free(run, frame);
    } else if (frame->spread) {
        asl_value_unref(frame->spread->slots[ASL_SLOT_SELECTED]);
        frame->spread->slots[ASL_SLOT_SELECTED] = NULL;
        frame->spread->selected_first = 0;
    }
    if (!frame->fork)
        return;
    asl_value_unref(frame->fork->selected);
    frame->fork->selected = NULL;
    frame->fork->selected_first = 0;
}

enum mr_code asl_run_migrate(struct asl_run *run, struct asl_machine *machine, uint32_t flow,
                             struct mr_error *err)
{
    struct move move = {.run = run, .from = run->machine, .to = machine, .err = err};
    uint32_t *entries;
    enum mr_code rc;

    if (run->status == ASL_RUNNING || run->broken || !run->root)
        return mr_fail(err, MR_INVALID, "run %s has nothing to go on with", run->job);
    if ((run->flow == 0) != (flow == 0) || flow >= machine->flow_count)
        return mr_fail(err, MR_INVALID, "run %s is an item of a Map: its definition is the Map's",
                       run->job);
    move.states = calloc(run->live_count, sizeof(*move.states));
    entries = move_entries(&move);
    rc = move.states && entries ? look_for(&move, run->root, flow)
                                : mr_fail(err, MR_NO_MEMORY, "run %s: no memory", run->job);
    if (rc) {
        free(entries);
        free(move.states);
        return rc;
    }
    for (uint32_t i = 0; i < run->live_count; i++) {
        run->live[i]->state = move.states[i];
        free(run->live[i]->tries); /* counters start again */
        run->live[i]->tries = NULL;
        move_variables(&move, run, run->live[i]);
        forget_selected(run, run->live[i]);
    }
    free(move.states);
    free(run->entries);
    run->entries = entries;
    asl_machine_unref(run->machine);
    run->machine = asl_machine_ref(machine);
    run->flow = flow;
    return MR_OK;
}

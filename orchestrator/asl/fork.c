/* fork.c -- Parallel and Map while they run: children are started one at a time, each goes as far
 * as it can before the next begins, and a bit for each tells when all are done. */
#include "orchestrator/asl/turn.h"

/* What child index begins with; *ret is the caller's. */
static enum mr_code child_input(struct asl_turn *turn, struct asl_frame *frame, uint32_t index,
                                struct asl_value **ret, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_fork_run *fork = frame->fork;
    struct asl_scope scope = {.turn = turn,
                              .frame = frame,
                              .data = fork->input,
                              .item = fork->children[index].item,
                              .item_index = index};
    enum mr_code rc = MR_OK;

    if (state->queries && state->queries->fields[ASL_Q_SELECTOR])
        return asl_query_select(turn, frame, index, ret, fault);
    if (state->fork.selector) {
        rc = asl_io_fill(&scope, state->fork.selector, ret, fault);
        asl_scope_release(&scope);
        return rc;
    }
    *ret = fork->items ? asl_value_view(fork->items, fork->children[index].item)
                       : asl_value_ref(fork->input);
    return *ret ? MR_OK : MR_NO_MEMORY;
}

static enum mr_code start_child(struct asl_turn *turn, struct asl_frame *frame,
                                struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const struct asl_machine *machine = turn->run->machine;
    struct asl_fork_run *fork = frame->fork;
    uint32_t index = fork->next;
    uint32_t flow = state->fork.flow + (state->type == ASL_PARALLEL ? index : 0);
    struct asl_value *input;
    struct asl_frame *child;
    enum mr_code rc = child_input(turn, frame, index, &input, fault);

    if (rc || !input) /* its selector is being evaluated */
        return rc;
    if (turn->env->probe) { /* which looks, and starts nothing */
        fork->next++;
        asl_probe_selected(turn, frame, input);
        asl_value_unref(input);
        asl_run_ready(turn->run, frame);
        return MR_OK;
    }
    child = asl_frame_new(turn->run, frame, index, machine->flows[flow].start);
    if (!child) {
        asl_value_unref(input);
        return MR_NO_MEMORY;
    }
    fork->next++;
    asl_run_hold(turn->run, &child->input, input);
    if (state->type == ASL_MAP)
        asl_history_iteration(turn, frame, child, index, "Started");
    asl_run_ready(turn->run, frame); /* below the child: its turn comes when the child waits */
    asl_run_ready(turn->run, child);
    return MR_OK;
}

/* All children are done: their outputs become the result. */
static enum mr_code join(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    struct asl_fork_run *fork = frame->fork;
    struct asl_value *result;
    cJSON *list = cJSON_CreateArray();

    for (uint32_t i = 0; list && i < fork->count; i++) {
        struct asl_value *output = fork->children[i].output;
        cJSON *item;
        fork->children[i].output = NULL;
        item = asl_value_detach(output);
        if (!item || !cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
            cJSON_Delete(list);
            return MR_NO_MEMORY;
        }
    }
    result = asl_value_new_take(list);
    if (!result)
        return MR_NO_MEMORY;
    asl_history_state(turn, frame, "Succeeded", NULL);
    asl_fork_run_free(turn->run, frame);
    return asl_io_output(turn, frame, result, fault);
}

enum mr_code asl_turn_fork(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    struct asl_fork_run *fork = frame->fork;

    if (turn->env->probe && fork->next == fork->count)
        return asl_probe_fork(turn, frame, fault);
    if (asl_fork_done(fork))
        return join(turn, frame, fault);
    if (fork->next == fork->count || (fork->concurrency && fork->running >= fork->concurrency))
        return MR_OK;
    if (turn->run->in_flight >= turn->in_flight_max) {
        turn->run->starved += !frame->starved;
        frame->starved = true;
        return MR_OK;
    }
    return start_child(turn, frame, fault);
}

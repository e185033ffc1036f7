/* state_fork.c -- entering a Parallel or a Map.  fork.c goes on from there. */
#include "orchestrator/asl/spread_turn.h"

#include "orchestrator/asl/parse.h"

static enum mr_code begin(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    asl_run_phase(turn->run, frame, ASL_PHASE_FORK);
    asl_history_state(turn, frame, "Started", NULL);
    if (turn->env->probe && !asl_probe_items(turn, asl_turn_state(turn, frame)))
        return asl_probe_fork(turn, frame, fault);
    asl_run_ready(turn->run, frame);
    return MR_OK;
}

enum mr_code asl_parallel_begin(struct asl_turn *turn, struct asl_frame *frame,
                                struct asl_value *input, struct asl_fault *fault)
{
    frame->fork = asl_fork_run_new(asl_turn_state(turn, frame)->fork.flows);
    if (!frame->fork) {
        asl_value_unref(input);
        return MR_NO_MEMORY;
    }
    asl_run_hold(turn->run, &frame->fork->input, input);
    return begin(turn, frame, fault);
}

static enum mr_code parallel_enter(struct asl_turn *turn, struct asl_frame *frame,
                                   struct asl_fault *fault)
{
    struct asl_value *input;
    enum mr_code rc = asl_io_input(turn, frame, &input, fault);

    return rc ? rc : asl_parallel_begin(turn, frame, input, fault);
}

/* Whether a path into the input leads nowhere, which the service tells of ItemsPath in words of
 * its own. */
static bool is_stuck(const struct asl_turn *turn, const struct asl_path *path,
                     const struct asl_value *input)
{
    return path && path->reference && !path->variable && !path->context &&
           asl_turn_since(turn, ASL_ENGINE_REVIEW) && asl_path_stuck(path, input->json, false);
}

/* The items, which must be an array; *ret is the caller's. */
static enum mr_code find_items(struct asl_turn *turn, struct asl_frame *frame,
                               struct asl_value *input, struct asl_value **ret,
                               struct asl_fault *fault)
{
    const struct asl_fork *fork = &asl_turn_state(turn, frame)->fork;
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = input};
    struct asl_value *items;
    const char *text;
    size_t len;
    enum mr_code rc = asl_scope_value(&scope, fork->items_path, "ItemsPath", &items, fault);

    asl_scope_release(&scope);
    if (rc == MR_INVALID && is_stuck(turn, fork->items_path, input))
        return asl_io_conflict(fork->items_path, input, false, fault);
    if (rc)
        return rc;
    if (cJSON_IsArray(items->json) || (fork->spread && cJSON_IsObject(items->json))) {
        asl_probe_value(turn, "afterItemsPath", items);
        *ret = items;
        return MR_OK;
    }
    text = asl_value_text(items, &len);
    rc = text ? asl_fault_set(fault, ASL_RUNTIME,
                              "Reference path \"%.120s\" must point to array, but it is %.240s",
                              fork->items_path ? fork->items_path->text : "$", text)
              : MR_NO_MEMORY;
    asl_value_unref(items);
    return rc;
}

static void link_items(struct asl_fork_run *fork)
{
    uint32_t i = 0;

    for (const cJSON *item = fork->items->json->child; item; item = item->next)
        fork->children[i++].item = item;
}

enum mr_code asl_map_begin(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *input,
                           struct asl_value *items, int64_t concurrency, struct asl_fault *fault)
{
    frame->fork = asl_fork_run_new((uint32_t)cJSON_GetArraySize(items->json));
    if (!frame->fork) {
        asl_value_unref(items);
        return MR_NO_MEMORY;
    }
    asl_probe_number(turn, "maxConcurrency", (double)concurrency);
    frame->fork->concurrency = (uint32_t)concurrency;
    asl_run_hold(turn->run, &frame->fork->items, items);
    asl_run_hold(turn->run, &frame->fork->input, asl_value_ref(input));
    link_items(frame->fork);
    return begin(turn, frame, fault);
}

static enum mr_code map_begin(struct asl_turn *turn, struct asl_frame *frame,
                              struct asl_value *input, struct asl_fault *fault)
{
    const struct asl_fork *fork = &asl_turn_state(turn, frame)->fork;
    struct asl_value *items = NULL;
    int64_t concurrency;
    enum mr_code rc = asl_io_number(turn, frame, &fork->concurrency, "MaxConcurrencyPath", 0,
                                    ASL_SECONDS_MAX, input, &concurrency, fault);

    if (!rc && fork->spread && fork->spread->reader)
        return asl_spread_enter(turn, frame, asl_value_ref(input), NULL, concurrency, NULL, fault);
    if (!rc)
        rc = find_items(turn, frame, input, &items, fault);
    if (rc)
        return rc;
    if (fork->spread)
        return asl_spread_enter(turn, frame, asl_value_ref(input), items, concurrency, NULL, fault);
    return asl_map_begin(turn, frame, input, items, concurrency, fault);
}

static enum mr_code map_enter(struct asl_turn *turn, struct asl_frame *frame,
                              struct asl_fault *fault)
{
    struct asl_value *input;
    enum mr_code rc = asl_io_filter(turn, frame, &input, fault);

    if (rc)
        return rc;
    rc = map_begin(turn, frame, input, fault);
    asl_value_unref(input);
    return rc;
}

const struct asl_state_ops asl_parallel_ops = {parallel_enter, NULL};
const struct asl_state_ops asl_map_ops = {map_enter, NULL};

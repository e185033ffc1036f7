/* fail.c -- what becomes of a fault: a retry, a catch, or the end of the branch, of the state
 * around it, and at last of the run. */
#include "orchestrator/asl/turn.h"

#include "orchestrator/asl/probe.h"
#include "orchestrator/asl/retry.h"
#include "orchestrator/asl/spread_turn.h"

#include <stdlib.h>
#include <string.h>

/* A frame's own task and timers, without its children's. */
static enum mr_code stop_one(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_effect *effect;
    enum mr_code rc = MR_OK;

    asl_query_forget(frame);
    asl_value_unref(frame->arguments);
    frame->arguments = NULL;
    if (frame->phase == ASL_PHASE_WAIT)
        rc = asl_effect_timer_end(turn, frame, ASL_TIMER_WAIT);
    if (frame->phase == ASL_PHASE_RETRY)
        rc = asl_effect_timer_end(turn, frame, ASL_TIMER_RETRY);
    if (frame->phase == ASL_PHASE_SPREAD)
        rc = asl_spread_stop(turn, frame);
    if (frame->phase != ASL_PHASE_TASK)
        return rc;
    effect = asl_effect_add(turn->effects, ASL_EFFECT_TASK_END, frame);
    if (!effect)
        return MR_NO_MEMORY;
    effect->resource = asl_turn_state(turn, frame)->task.resource;
    if (frame->timeout_ms != ASL_NEVER)
        rc = asl_effect_timer_end(turn, frame, ASL_TIMER_TIMEOUT);
    if (!rc && frame->heartbeat_ms != ASL_NEVER)
        rc = asl_effect_timer_end(turn, frame, ASL_TIMER_HEARTBEAT);
    return rc;
}

/* Those of the frame's children that neither failed nor are stopped already. */
static enum mr_code stop_children(struct asl_turn *turn, struct asl_frame *frame)
{
    bool map = asl_turn_state(turn, frame)->type == ASL_MAP;
    enum mr_code rc = MR_OK;

    for (uint32_t i = 0; !rc && frame->fork && i < frame->fork->next; i++) {
        struct asl_frame *child = frame->fork->children[i].frame;
        if (!child || child->phase == ASL_PHASE_FAILED || child->phase == ASL_PHASE_STOPPED)
            continue;
        rc = asl_turn_stop(turn, child);
        if (map && !turn->silent)
            asl_history_iteration(turn, frame, child, i, "Aborted");
    }
    return rc;
}

/* Whether the history says that the frame's state was stopped. */
static bool is_told_aborted(const struct asl_turn *turn, const struct asl_frame *frame)
{
    enum asl_type type = asl_turn_state(turn, frame)->type;

    if (!asl_turn_since(turn, ASL_ENGINE_REVIEW))
        return frame->phase == ASL_PHASE_TASK || frame->phase == ASL_PHASE_RETRY;
    return !turn->silent && frame->phase != ASL_PHASE_ENTER &&
           (type == ASL_TASK || type == ASL_WAIT || type == ASL_PARALLEL || type == ASL_MAP);
}

enum mr_code asl_turn_stop(struct asl_turn *turn, struct asl_frame *frame)
{
    enum mr_code rc;

    if (frame->phase == ASL_PHASE_STOPPED || frame->phase == ASL_PHASE_FAILED)
        return MR_OK;
    rc = stop_children(turn, frame);
    if (!rc)
        rc = stop_one(turn, frame);
    if (is_told_aborted(turn, frame))
        asl_history_state(turn, frame, "Aborted", NULL);
    asl_run_unready(turn->run, frame);
    asl_run_phase(turn->run, frame, ASL_PHASE_STOPPED);
    return rc;
}

/* The retrier that takes the fault, its try counted; NULL: none. */
static enum mr_code find_retrier(const struct asl_turn *turn, struct asl_frame *frame,
                                 const struct asl_fault *fault, const struct asl_retrier **ret)
{
    const struct asl_state *state = asl_turn_state(turn, frame);

    *ret = NULL;
    for (uint32_t i = 0; i < state->retrier_count; i++) {
        if (!asl_errors_match(&state->retriers[i].errors, fault))
            continue;
        if (!frame->tries)
            frame->tries = calloc(state->retrier_count, sizeof(*frame->tries));
        if (!frame->tries)
            return MR_NO_MEMORY;
        if (turn->env->probe)
            frame->tries[i] = turn->env->probe->tries;
        if (frame->tries[i] >= state->retriers[i].attempts_max)
            return MR_OK; /* the first that matches decides */
        frame->tries[i]++;
        *ret = &state->retriers[i];
        return MR_OK;
    }
    return MR_OK;
}

static enum mr_code retry(struct asl_turn *turn, struct asl_frame *frame,
                          const struct asl_retrier *retrier)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    uint32_t tries = frame->tries[retrier - state->retriers] - 1;

    asl_fork_run_free(turn->run, frame);
    asl_run_phase(turn->run, frame, ASL_PHASE_RETRY);
    frame->retries++;
    frame->due_ms = turn->now_ms + asl_retry_delay(retrier, tries, turn->run, frame);
    asl_probe_number(turn, "retryIndex", (double)(retrier - state->retriers));
    asl_probe_number(turn, "retryBackoffIntervalSeconds",
                     (double)((frame->due_ms - turn->now_ms) / 1000));
    return asl_effect_timer(turn, frame, ASL_TIMER_RETRY, frame->due_ms);
}

static bool add_text(cJSON *object, const char *name, const char *text)
{
    return text ? cJSON_AddStringToObject(object, name, text) != NULL
                : cJSON_AddNullToObject(object, name) != NULL;
}

static struct asl_value *error_output(const struct asl_turn *turn, const struct asl_fault *fault)
{
    const bool untold = fault->late && asl_turn_since(turn, ASL_ENGINE_REVIEW);
    cJSON *json = cJSON_CreateObject();

    if (json && add_text(json, "Error", fault->error) &&
        add_text(json, "Cause", untold ? "" : fault->cause))
        return asl_value_new_take(json);
    cJSON_Delete(json);
    return NULL;
}

/* MR_INVALID: the error's output itself fails; *fault is then that. */
static enum mr_code take_catch(struct asl_turn *turn, struct asl_frame *frame,
                               const struct asl_catcher *catcher, struct asl_fault *fault)
{
    struct asl_value *error = error_output(turn, fault), *output = NULL;
    struct asl_variables assigned = {0};
    enum mr_code rc;

    if (!error)
        return MR_NO_MEMORY;
    if (asl_turn_state(turn, frame)->queries) {
        asl_fork_run_free(turn->run, frame);
        return asl_query_caught(
            turn, frame, (uint32_t)(catcher - asl_turn_state(turn, frame)->catchers), error, fault);
    }
    asl_fork_run_free(turn->run, frame); /* fault may have lain in there: from here on it is gone */
    rc = asl_io_assign(turn, frame, catcher->assign, error, &assigned, fault);
    if (rc) {
        asl_value_unref(error);
        return rc;
    }
    rc = asl_io_merge(turn, frame, catcher->result_path, true, error, &output, fault);
    if (!rc)
        rc = asl_io_check(turn, frame, output, fault);
    if (!rc) {
        asl_variables_apply(turn, frame, &assigned);
        return asl_turn_leave(turn, frame, output, catcher->next);
    }
    asl_value_unref(output);
    asl_variables_release(&assigned);
    return rc;
}

static const struct asl_catcher *find_catcher(const struct asl_state *state,
                                              const struct asl_fault *fault)
{
    for (uint32_t i = 0; i < state->catcher_count; i++)
        if (asl_errors_match(&state->catchers[i].errors, fault))
            return &state->catchers[i];
    return NULL;
}

/* What the state itself does about the fault; *ret_done: it needs to go no further. */
static enum mr_code handle(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault,
                           bool *ret_done)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const struct asl_retrier *retrier = NULL;
    const struct asl_catcher *catcher;
    enum mr_code rc;

    asl_probe_fault(turn, fault);
    *ret_done = true;
    if (asl_fault_final(fault) || fault->own) {
        *ret_done = false;
        return MR_OK;
    }
    rc = find_retrier(turn, frame, fault, &retrier);
    if (rc || retrier)
        return rc ? rc : retry(turn, frame, retrier);
    catcher = find_catcher(state, fault);
    *ret_done = catcher != NULL;
    if (catcher)
        asl_probe_number(turn, "catchIndex", (double)(catcher - state->catchers));
    return catcher ? take_catch(turn, frame, catcher, fault) : MR_OK;
}

/* The frame is lost: tells the history so, in the words of the state around it. */
static void tell_lost(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_frame *parent = frame->parent;

    if (asl_turn_state(turn, parent)->type == ASL_MAP)
        asl_history_iteration(turn, parent, frame, frame->index, "Failed");
    else if (asl_turn_state(turn, frame)->type == ASL_TASK)
        asl_history_state(turn, frame, "Aborted", NULL);
}

/* A Map that had not begun is not told to have failed, but for its expressions; nor is one that
 * goes with the whole run. */
static bool is_told_failed(const struct asl_turn *turn, const struct asl_frame *frame,
                           const struct asl_fault *fault)
{
    return !turn->silent && (frame->spread || frame->fork ||
                             (fault->error && strcmp(fault->error, ASL_QUERY_ERROR) == 0));
}

enum mr_code asl_turn_fail(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    turn->silent = asl_fault_final(fault) && asl_turn_since(turn, ASL_ENGINE_REVIEW);
    for (;;) {
        enum asl_type type = asl_turn_state(turn, frame)->type;
        struct asl_frame *parent = frame->parent;
        bool done;
        enum mr_code rc;
        if (type == ASL_PARALLEL || type == ASL_MAP) {
            rc = frame->spread ? asl_spread_stop(turn, frame) : stop_children(turn, frame);
            if (rc)
                return rc;
            if (frame->spread)
                asl_history_map_run(turn, frame, "Failed", fault);
            if (type == ASL_MAP && is_told_failed(turn, frame, fault))
                asl_history_state(turn, frame, "Failed", NULL);
        }
        rc = handle(turn, frame, fault, &done);
        if (rc == MR_INVALID) /* the catch failed, and with what no catch takes */
            done = false;
        else if (rc)
            return rc;
        if (done)
            return MR_OK;
        if (type == ASL_PARALLEL && !turn->silent) /* only of one that nothing catches */
            asl_history_state(turn, frame, "Failed", NULL);
        asl_run_phase(turn->run, frame, ASL_PHASE_FAILED);
        asl_run_unready(turn->run, frame);
        if (!parent)
            return asl_turn_close(turn, ASL_FAILED, fault->error, fault->cause);
        if (!turn->silent)
            tell_lost(turn, frame);
        fault->own = false;
        fault->branch = asl_turn_state(turn, parent)->type == ASL_PARALLEL;
        parent->last_event = frame->last_event;
        frame = parent;
    }
}

/* Copies text, cut to at most max bytes between characters.  NULL stays NULL. */
static bool copy_text(char **slot, const char *text, size_t max)
{
    size_t len;

    free(*slot);
    *slot = NULL;
    if (!text)
        return true;
    len = strlen(text);
    if (len > max)
        for (len = max; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80;)
            len--;
    *slot = malloc(len + 1);
    if (!*slot)
        return false;
    memcpy(*slot, text, len);
    (*slot)[len] = '\0';
    return true;
}

static void tell_closed(struct asl_turn *turn)
{
    static const char *const types[] = {
        [ASL_FAILED] = "ExecutionFailed",
        [ASL_TIMED_OUT] = "ExecutionTimedOut",
        [ASL_ABORTED] = "ExecutionAborted",
    };
    struct asl_run *run = turn->run;

    if (run->status == ASL_SUCCEEDED)
        asl_history_run(turn, "ExecutionSucceeded", "output", run->output);
    else
        asl_history_failed(turn, run->root, types[run->status], run->error, run->cause);
}

enum mr_code asl_turn_close(struct asl_turn *turn, enum asl_status status, const char *error,
                            const char *cause)
{
    struct asl_run *run = turn->run;
    enum mr_code rc = MR_OK;

    if (!copy_text(&run->error, error, ASL_ERROR_MAX) ||
        !copy_text(&run->cause, cause, ASL_CAUSE_MAX))
        return MR_NO_MEMORY;
    run->status = status;
    turn->silent = asl_turn_since(turn, ASL_ENGINE_REVIEW);
    if (run->root)
        rc = asl_turn_stop(turn, run->root);
    if (!rc && run->due_ms != ASL_NEVER)
        rc = asl_effect_timer_end(turn, NULL, ASL_TIMER_MACHINE);
    run->due_ms = ASL_NEVER;
    if (!rc && !asl_effect_add(turn->effects, ASL_EFFECT_CLOSED, NULL))
        rc = MR_NO_MEMORY;
    tell_closed(turn);
    return rc;
}

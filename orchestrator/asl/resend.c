/* resend.c -- a task's effect once more, made of what the run still holds: its raw input and the
 * state's fields give the same effective input again. */
#include "orchestrator/asl/spread_turn.h"

#include <string.h>

static enum mr_code task_again(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_value *input = NULL;
    struct asl_fault fault = {0};
    enum mr_code rc;

    if (frame->arguments)
        return asl_effect_task(turn, frame, frame->arguments);
    rc = asl_io_input(turn, frame, &input, &fault);
    if (!rc)
        rc = asl_effect_task(turn, frame, input);
    asl_value_unref(input);
    return rc;
}

enum mr_code asl_resend(struct asl_run *run, uint64_t seq, uint32_t attempt,
                        const struct asl_env *env, struct asl_effects *effects,
                        struct mr_error *err)
{
    struct asl_env quiet = *env; /* no history: nothing happens to the run */
    struct asl_turn turn = {
        .run = run,
        .env = &quiet,
        .effects = effects,
        .data_max = env->data_max > 0 ? (size_t)env->data_max : ASL_DATA_MAX,
    };
    struct asl_frame *frame = asl_run_find(run, seq);
    bool is_task = frame && frame->phase == ASL_PHASE_TASK;
    enum mr_code rc;

    quiet.history = NULL;
    asl_effects_reset(effects);
    if (frame && frame->phase == ASL_PHASE_SPREAD && frame->attempt == attempt &&
        frame->spread->exchange != ASL_EXCHANGE_NONE) {
        rc = asl_spread_ask(&turn, frame);
        if (rc)
            asl_effects_reset(effects);
        return rc ? mr_fail(err, rc, "run %s: no memory for a task of a Map", run->job) : MR_OK;
    }
    if (!frame || (!is_task && !frame->ask) || frame->attempt != attempt)
        return MR_OK;
    turn.now_ms = frame->since_ms;
    rc = is_task ? task_again(&turn, frame) : asl_query_effect(&turn, frame);
    if (!rc)
        return MR_OK;
    asl_effects_reset(effects);
    return mr_fail(err, rc, "run %s: task %llu.%u cannot be made again", run->job,
                   (unsigned long long)seq, attempt);
}

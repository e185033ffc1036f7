/* state_pass.c -- Pass, and Succeed, which is little else. */
#include "orchestrator/asl/turn.h"

static enum mr_code pass_enter(struct asl_turn *turn, struct asl_frame *frame,
                               struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_value *result;
    enum mr_code rc;

    if (state->result) {
        result = asl_value_alias(state->result);
        if (!result)
            return MR_NO_MEMORY;
        asl_probe_value(turn, "result", result);
        return asl_io_output(turn, frame, result, fault);
    }
    rc = asl_io_input(turn, frame, &result, fault);
    return rc ? rc : asl_io_output(turn, frame, result, fault);
}

static enum mr_code succeed_enter(struct asl_turn *turn, struct asl_frame *frame,
                                  struct asl_fault *fault)
{
    struct asl_value *data;
    enum mr_code rc = asl_io_filter(turn, frame, &data, fault);

    return rc ? rc : asl_io_pass_on(turn, frame, data, NULL, ASL_NONE, fault);
}

const struct asl_state_ops asl_pass_ops = {pass_enter, NULL};
const struct asl_state_ops asl_succeed_ops = {succeed_enter, NULL};

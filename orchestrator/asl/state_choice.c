/* state_choice.c -- the first rule that holds says where to go. */
#include "orchestrator/asl/turn.h"

/* Where to go, and what is assigned on the way. */
struct way {
    int32_t next;
    const struct asl_assign *assign;
};

static enum mr_code choose(struct asl_scope *scope, const struct asl_state *state, struct way *ret,
                           struct asl_fault *fault)
{
    const struct asl_choices *choices = &state->choices;

    for (uint32_t i = 0; i < choices->count; i++) {
        bool holds = false;
        enum mr_code rc = asl_rule_test(&choices->rules[i], scope, &holds, fault);
        if (rc)
            return rc;
        if (holds) {
            *ret = (struct way){choices->rules[i].next, choices->rules[i].assign};
            return MR_OK;
        }
    }
    *ret = (struct way){choices->otherwise, state->assign};
    if (ret->next == ASL_NONE)
        return asl_fault_set(fault, ASL_NO_CHOICE_MATCHED,
                             "Failed to transition out of the state '%.80s'. The state does not "
                             "point to a next state.",
                             state->name);
    return MR_OK;
}

static enum mr_code enter(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_scope scope = {.turn = turn, .frame = frame};
    struct way way;
    enum mr_code rc = asl_io_filter(turn, frame, &scope.data, fault);

    if (rc)
        return rc;
    rc = choose(&scope, state, &way, fault);
    asl_scope_release(&scope);
    if (rc) {
        asl_value_unref(scope.data);
        return rc;
    }
    return asl_io_pass_on(turn, frame, scope.data, way.assign, way.next, fault);
}

const struct asl_state_ops asl_choice_ops = {enter, NULL};

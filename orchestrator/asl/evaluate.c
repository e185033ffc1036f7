/* evaluate.c -- an evaluation answered on the spot: simulations, TestState, recorded cases. */
#include "orchestrator/asl/step.h"

#include "common/base/json.h"

enum { ANSWER_MAX = 1 << 28 };

enum mr_code asl_evaluate(asl_evaluate_fn *evaluate, void *ctx, const struct asl_effect *effect,
                          struct asl_event *ret, cJSON **ret_data, struct mr_error *err)
{
    static const struct mr_json_limits limits = {ANSWER_MAX, MR_JSON_DEPTH_MAX};
    struct mr_buf answer = {0};
    enum mr_code rc;

    if (!evaluate)
        return mr_fail(err, MR_UNSUPPORTED, "state '%s': nothing here evaluates JSONata",
                       effect->state);
    rc = evaluate(ctx, effect->input, effect->input_len, &answer, err);
    if (!rc)
        rc = mr_json_parse(answer.data ? answer.data : "", answer.len, &limits, ret_data, err);
    mr_buf_release(&answer);
    if (!rc)
        *ret = (struct asl_event){.kind = ASL_EVENT_EVALUATED,
                                  .seq = effect->seq,
                                  .attempt = effect->attempt,
                                  .number = effect->number,
                                  .data = *ret_data};
    return rc;
}

/* query_stage.c -- a state that speaks JSONata, stage by stage: what it asks for, and where the
 * answer goes.  A stage without expressions goes on at once. */
#include "orchestrator/asl/query_turn.h"

#include "common/base/json.h"

#include <stdlib.h>

/* ---- answers ------------------------------------------------------------------------------------
 */

enum mr_code asl_query_misshapen(struct asl_fault *fault)
{
    return asl_fault_set(fault, ASL_QUERY_ERROR,
                         "The answer of the evaluation is not of its form.");
}

enum mr_code asl_query_fill_in(const struct asl_query *query, const cJSON **values, cJSON **ret,
                               struct asl_fault *fault)
{
    enum mr_code rc = asl_query_fill(query, values, ret);

    return rc == MR_INVALID ? asl_query_misshapen(fault) : rc;
}

/* ---- asking
 * ------------------------------------------------------------------------------------------- */

/* ask, whose value is taken over, is sent to be evaluated; MAP: while the frame's children run. */
static enum mr_code send(struct asl_turn *turn, struct asl_frame *frame, struct asl_ask ask)
{
    asl_query_forget(frame);
    frame->ask = calloc(1, sizeof(*frame->ask));
    if (!frame->ask) {
        asl_value_unref(ask.value);
        return MR_NO_MEMORY;
    }
    *frame->ask = ask;
    frame->ask->number = ++frame->asked;
    frame->ask->since_ms = turn->now_ms;
    if (ask.value) {
        frame->ask->value = NULL;
        asl_run_hold(turn->run, &frame->ask->value, ask.value);
    }
    if (ask.stage != ASL_STAGE_SELECT)
        asl_run_phase(turn->run, frame, ASL_PHASE_EVALUATE);
    return asl_query_effect(turn, frame);
}

/* The stage that ask names, with its values there. */
static enum mr_code go_on(struct asl_turn *turn, struct asl_frame *frame, const struct asl_ask *ask,
                          uint32_t chosen, const cJSON *values, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    enum mr_code rc = MR_OK;

    switch (ask->stage) {
    case ASL_STAGE_ENTER:
        return asl_query_begin(turn, frame, chosen, values, fault);
    case ASL_STAGE_RESULT:
        return asl_query_leave(turn, frame, &state->queries->way,
                               ask->value ? ask->value : frame->input, values, state->next, fault);
    case ASL_STAGE_CAUGHT:
        rc = asl_query_leave(turn, frame, &state->catchers[ask->which].way, ask->value, values,
                             state->catchers[ask->which].next, fault);
        fault->own = rc == MR_INVALID;
        return rc;
    case ASL_STAGE_SELECT:
        return asl_query_take_selected(turn, frame, ask->which, ask->count, values, fault);
    case ASL_STAGE_COUNT:
        break;
    }
    return rc;
}

/* ask's value is taken over. */
enum mr_code asl_query_run(struct asl_turn *turn, struct asl_frame *frame, struct asl_ask ask,
                           struct asl_fault *fault)
{
    enum mr_code rc;

    if (asl_query_expressions(turn, frame, &ask) > 0)
        return send(turn, frame, ask);
    rc = go_on(turn, frame, &ask, 0, NULL, fault);
    asl_value_unref(ask.value);
    return rc;
}

enum mr_code asl_query_enter(struct asl_turn *turn, struct asl_frame *frame,
                             struct asl_fault *fault)
{
    const enum asl_type type = asl_turn_state(turn, frame)->type;

    if (type == ASL_TASK && turn->run->in_flight >= turn->in_flight_max) {
        asl_run_phase(turn->run, frame, ASL_PHASE_QUEUED);
        return MR_OK;
    }
    if (type == ASL_PASS || type == ASL_SUCCEED)
        return asl_query_run(turn, frame, (struct asl_ask){.stage = ASL_STAGE_RESULT}, fault);
    return asl_query_run(turn, frame, (struct asl_ask){.stage = ASL_STAGE_ENTER}, fault);
}

enum mr_code asl_query_result(struct asl_turn *turn, struct asl_frame *frame,
                              struct asl_value *result, struct asl_fault *fault)
{
    return asl_query_run(turn, frame, (struct asl_ask){.stage = ASL_STAGE_RESULT, .value = result},
                         fault);
}

enum mr_code asl_query_caught(struct asl_turn *turn, struct asl_frame *frame, uint32_t catcher,
                              struct asl_value *error, struct asl_fault *fault)
{
    return asl_query_run(
        turn, frame, (struct asl_ask){.stage = ASL_STAGE_CAUGHT, .which = catcher, .value = error},
        fault);
}

enum mr_code asl_query_answered(struct asl_turn *turn, struct asl_frame *frame, const cJSON *answer,
                                struct asl_fault *fault)
{
    const cJSON *error = mr_json_get(answer, "error"), *cause = mr_json_get(answer, "cause");
    const cJSON *values = mr_json_get(answer, "values"), *chosen = mr_json_get(answer, "chosen");
    const cJSON *field = mr_json_get(answer, "field");
    struct asl_ask *ask = frame->ask;
    enum mr_code rc;

    frame->ask = NULL;
    if (ask->stage != ASL_STAGE_SELECT)
        asl_run_phase(turn->run, frame, ASL_PHASE_AGAIN);
    if (error) {
        fault->error = ASL_QUERY_ERROR;
        fault->cause = fault->inside = cJSON_IsString(cause) ? cause->valuestring : "";
        fault->location = cJSON_IsString(field) ? field->valuestring : NULL;
        fault->own = ask->stage == ASL_STAGE_CAUGHT;
        rc = MR_INVALID;
    } else if (!cJSON_IsArray(values) || !cJSON_IsNumber(chosen) || chosen->valuedouble < 0 ||
               chosen->valuedouble > UINT32_MAX) {
        rc = asl_query_misshapen(fault);
    } else {
        rc = go_on(turn, frame, ask, (uint32_t)chosen->valuedouble, values->child, fault);
    }
    asl_value_unref(ask->value);
    free(ask);
    return rc;
}

/* test_state.c -- POST /v1/test-state: one state and one input, mocked, in a thread with an
 * evaluator of its own: JSONata that takes long costs that request, not the loop. */
#include "orchestrator/asl/test_state.h"

#include "common/base/json.h"
#include "common/base/log.h"
#include "gateway/handlers.h"
#include "orchestrator/evaluator/evaluator.h"

#include <stdlib.h>
#include <string.h>

struct trial {
    struct gw_work work;
    cJSON *options; /* the body without definition and input */
    cJSON *definition, *input;
    int64_t now_ms;
    struct ev *ev; /* the thread's */
    struct ev_config config;
    cJSON *answer;
    enum mr_code rc;
    struct mr_error err;
};

/* ---- the thread --------------------------------------------------------------------------- */

static enum mr_code evaluate(void *ctx, const char *request, size_t len, struct mr_buf *ret,
                             struct mr_error *err)
{
    struct trial *trial = ctx;
    enum mr_code rc = MR_OK;

    if (!trial->ev) {
        ev_config_default(&trial->config);
        rc = ev_new(&trial->config, &trial->ev, err);
    }
    return rc ? rc : ev_eval(trial->ev, request, len, ret, err);
}

static void run(struct gw_work *work)
{
    struct trial *trial = (struct trial *)work;
    const struct asl_test test = {.definition = trial->definition,
                                  .input = trial->input,
                                  .options = trial->options,
                                  .evaluate = evaluate,
                                  .evaluate_ctx = trial,
                                  .now_ms = trial->now_ms};

    trial->rc = asl_test_state(&test, &trial->answer, &trial->err);
    ev_free(trial->ev); /* its child ends with this thread */
    trial->ev = NULL;
}

/* ---- the loop ----------------------------------------------------------------------------- */

static void trial_free(struct trial *trial)
{
    cJSON_Delete(trial->options);
    cJSON_Delete(trial->definition);
    cJSON_Delete(trial->input);
    cJSON_Delete(trial->answer);
    free(trial);
}

static void answer(struct trial *trial, struct gw_exchange *ex)
{
    const char *status = cJSON_GetStringValue(mr_json_get(trial->answer, "status"));
    struct mr_buf body = {0};

    if (trial->rc) {
        mr_log_error(MR_WARN, "gateway.test_state", &trial->err, " request=%s", ex->id);
        gw_problem_error(ex, &trial->err);
    } else if (status && strcmp(status, "REQUEST_REJECTED") == 0) {
        gw_problem(ex, 422, cJSON_GetStringValue(mr_json_get(trial->answer, "error")),
                   cJSON_GetStringValue(mr_json_get(trial->answer, "cause")));
    } else {
        (void)mr_json_print(trial->answer, &body);
        gw_exchange_json(ex, 200, &body);
    }
}

static void finish(struct gw_work *work)
{
    struct trial *trial = (struct trial *)work;

    if (work->ex)
        answer(trial, work->ex);
    trial_free(trial);
}

static void gone(struct gw_exchange *ex)
{
    struct trial *trial = ex->work;

    ex->work = NULL;
    gw_work_leave(&trial->work);
}

void gw_test_state(struct gw_app *app, struct gw_exchange *ex)
{
    struct trial *trial = calloc(1, sizeof(*trial));
    struct mr_error err;
    enum mr_code rc = trial ? MR_OK : mr_fail(&err, MR_NO_MEMORY, "test-state: memory ran out");

    if (!rc && gw_works_full(&app->works, GW_WORK_TEST))
        rc = mr_fail(&err, MR_BUSY, "GATEWAY_TESTS_MAX states are being tested");
    if (!rc)
        rc = mr_json_parse(ex->body.data, ex->body.len, &mr_json_limits_message, &trial->options,
                           &err);
    if (!rc && !cJSON_IsObject(trial->options))
        rc = mr_fail(&err, MR_INVALID, "the body must be an object");
    if (!rc) {
        trial->definition = cJSON_DetachItemFromObjectCaseSensitive(trial->options, "definition");
        trial->input = cJSON_DetachItemFromObjectCaseSensitive(trial->options, "input");
        if (!trial->definition)
            rc = mr_fail(&err, MR_INVALID, "/definition: is wanted");
    }
    if (!rc) {
        trial->now_ms = app->ports.clock->wall_ms(app->ports.clock);
        trial->work.kind = GW_WORK_TEST;
        trial->work.ex = ex;
        trial->work.run = run;
        trial->work.finish = finish;
        rc = gw_works_start(&app->works, &trial->work, &err);
    }
    if (rc) {
        if (trial)
            trial_free(trial);
        gw_problem_error(ex, &err);
        return;
    }
    ex->work = trial;
    ex->gone = gone;
}

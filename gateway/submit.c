/* submit.c -- POST /v1/jobs: checks a job as admit will, sends it to millrace.jobs, and answers 202
 * when the broker has it.  What is wrong is told now, not found later in the dead letters. */
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/model/message.h"
#include "common/model/recipe.h"
#include "gateway/handlers.h"
#include "gateway/ids.h"
#include "gateway/metrics.h"
#include "gateway/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 255 };

struct submit {
    struct gw_send send;
    char job[MR_JOB_ID_MAX + 1];
};

static void answer_accepted(struct gw_exchange *ex, const char *job, const char *status)
{
    char headers[MR_JOB_ID_MAX + 64];
    struct mr_buf body = {0};
    struct gw_answer answer = {
        .status = 202, .content_type = "application/json", .headers = headers};

    (void)snprintf(headers, sizeof(headers), "Location: /v1/jobs/%s\r\n", job);
    (void)mr_buf_addf(&body,
                      "{\"id\":\"%s\",\"status\":\"%s\",\"links\":{\"self\":\"/v1/jobs/%s\","
                      "\"outputs\":\"/v1/jobs/%s/outputs\",\"history\":\"/v1/jobs/%s/history\"}}",
                      job, status, job, job, job);
    answer.body = body.data;
    answer.len = body.failed ? 0 : body.len;
    gw_exchange_answer(ex, &answer);
    mr_buf_release(&body);
}

static void on_report(struct gw_send *send, enum mr_code code, int64_t offset, int64_t time_ms)
{
    struct submit *submit = (struct submit *)send;

    (void)offset;
    (void)time_ms;
    if (code == MR_OK)
        gw_count(GW_METRIC_JOBS_ACCEPTED, 1);
    if (send->ex && code)
        gw_send_problem(send->ex, code);
    else if (send->ex)
        answer_accepted(send->ex, submit->job, "ACCEPTED");
}

/* ---- checks
 * ------------------------------------------------------------------------------------------------
 */

static enum mr_code check_recipe(const char *tenant, const cJSON *item, struct mr_error *err)
{
    struct mr_recipe_source sources[MR_RECIPE_SOURCES_MAX];
    struct mr_recipe *recipe = NULL;
    size_t len = strlen(tenant), n;
    enum mr_code rc = mr_recipe_parse(item, &recipe, err);

    if (rc)
        return mr_fail_in(err, rc, "/recipe");
    n = mr_recipe_sources(recipe, sources);
    for (size_t i = 0; i < n && !rc; i++) {
        const char *key = sources[i].key;
        if (key && strncmp(key, "in/", 3) == 0 &&
            (strncmp(key + 3, tenant, len) != 0 || key[3 + len] != '/'))
            rc = mr_fail(err, MR_DENIED, "source %.200s: is another tenant's upload", key);
    }
    mr_recipe_free(recipe);
    return rc;
}

static enum mr_code check_input(const struct mr_job *job, struct mr_error *err)
{
    struct mr_buf text = {0};
    enum mr_code rc = MR_OK;

    if (!job->input)
        return MR_OK;
    if (mr_json_print(job->input, &text))
        rc = mr_fail(err, MR_NO_MEMORY, "input: memory ran out");
    else if (text.len > MR_INPUT_MAX)
        rc = mr_fail(err, MR_TOO_LARGE, "/input: must be at most %d bytes", MR_INPUT_MAX);
    mr_buf_release(&text);
    return rc;
}

static enum mr_code check_workflow(struct gw_app *app, const char *name, struct mr_error *err)
{
    struct mr_workflow_ref ref;
    enum mr_code rc = mr_workflow_ref_parse(name, &ref, err);

    if (rc)
        return mr_fail_in(err, rc, "/workflow");
    if (gw_workflow_find(&app->copy, &ref, ""))
        return MR_OK;
    if (!gw_config_copy_ready(&app->copy))
        return mr_fail(err, MR_UNAVAILABLE, "the workflows are not yet read");
    return mr_fail(err, MR_NOT_FOUND, "/workflow: there is no workflow %s", name);
}

/* false: the exchange has its answer. */
static bool check_job(struct gw_app *app, struct gw_exchange *ex, struct mr_job *job)
{
    struct mr_error err;
    struct mr_buf text = {0};
    enum mr_code rc = MR_OK;
    bool right = true;

    if (mr_json_get(job->root, "tenant") && strcmp(job->tenant, ex->who.tenant) != 0)
        rc = mr_fail(&err, MR_DENIED, "/tenant: must be the key's, or left out");
    job->tenant = ex->who.tenant;
    if (!rc)
        rc = check_input(job, &err);
    if (!rc && job->workflow)
        rc = check_workflow(app, job->workflow, &err);
    if (!rc && job->recipe)
        rc = check_recipe(job->tenant, job->recipe, &err);
    if (!rc && job->definition) {
        if (mr_json_print(job->definition, &text))
            rc = mr_fail(&err, MR_NO_MEMORY, "definition: memory ran out");
        else
            right = gw_definition_check(app, ex, text.data, text.len);
        mr_buf_release(&text);
    }
    if (rc)
        gw_problem_error(ex, &err);
    return right && !rc;
}

/* ---- the id
 * ------------------------------------------------------------------------------------------------
 */

/* *ret_known: the id may have been used before, so that its row must be looked at. */
static enum mr_code find_id(struct gw_app *app, struct gw_exchange *ex, const struct mr_job *job,
                            char ret[MR_JOB_ID_MAX + 1], bool *ret_known, struct mr_error *err)
{
    const char *key = gw_request_header(ex->request, "idempotency-key");

    *ret_known = job->id || key;
    if (job->id && key)
        return mr_fail(err, MR_INVALID, "/id: not allowed beside Idempotency-Key");
    if (job->id) {
        (void)snprintf(ret, MR_JOB_ID_MAX + 1, "%s", job->id);
        return MR_OK;
    }
    if (!key)
        return gw_id_new(app, ex->who.tenant, ret, err);
    if (key[0] == '\0' || strlen(key) > KEY_MAX)
        return mr_fail(err, MR_INVALID, "Idempotency-Key: must have 1 to %d characters", KEY_MAX);
    gw_id_of_key(app, ex->who.tenant, key, ret);
    return MR_OK;
}

static enum mr_code sum_of(const struct mr_job *job, char ret[2 * MR_SHA256_LEN + 1],
                           struct mr_error *err)
{
    struct mr_buf text = {0};
    enum mr_code rc = mr_job_canonical(job, &text);

    if (rc)
        rc = mr_fail(err, rc, "job: memory ran out");
    else
        mr_sha256_hex(text.data, text.len, ret);
    mr_buf_release(&text);
    return rc;
}

/* Has this id been used?  The same job: answered again; another one: 409.  true: go on and send. */
static bool check_used(struct gw_app *app, struct gw_exchange *ex, const struct mr_job *job,
                       const char *id)
{
    char sum[2 * MR_SHA256_LEN + 1];
    struct gw_row row = {0};
    struct mr_error err;
    bool taken = false;
    enum mr_code rc = sum_of(job, sum, &err);

    if (!rc)
        rc = gw_row_get(app, ex->who.tenant, id, &row, &taken, &err);
    if (rc == MR_NOT_FOUND && !taken)
        return true;
    if (rc == MR_NOT_FOUND || (!rc && strcmp(gw_row_field(&row, "sum"), sum) != 0)) {
        (void)mr_fail(&err, MR_CONFLICT, "job %s: is there already, with another body", id);
        rc = MR_CONFLICT;
    }
    if (rc)
        gw_problem_error(ex, &err);
    else
        answer_accepted(ex, id, gw_row_field(&row, "status"));
    gw_row_release(&row);
    return false;
}

static void send_job(struct gw_app *app, struct gw_exchange *ex, const struct mr_job *job)
{
    struct submit *submit = calloc(1, sizeof(*submit));
    struct mr_buf text = {0};

    if (!submit || mr_job_print(job, &text)) {
        free(submit);
        mr_buf_release(&text);
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
        return;
    }
    submit->send.done = on_report;
    (void)snprintf(submit->job, sizeof(submit->job), "%s", job->id);
    gw_send_take(app, ex, &submit->send,
                 &(struct gw_message){.topic = app->topics.jobs,
                                      .partition = -1,
                                      .key = job->id,
                                      .value = text.data,
                                      .len = text.len});
    mr_buf_release(&text);
}

void gw_submit(struct gw_app *app, struct gw_exchange *ex)
{
    char id[MR_JOB_ID_MAX + 1];
    struct mr_job job = {0};
    struct mr_error err;
    bool known = false;

    if (mr_job_parse(ex->body.data, ex->body.len, &job, &err)) {
        gw_problem_error(ex, &err);
        return;
    }
    if (!check_job(app, ex, &job))
        goto done;
    if (find_id(app, ex, &job, id, &known, &err)) {
        gw_problem_error(ex, &err);
        goto done;
    }
    job.id = id;
    if (!known || check_used(app, ex, &job, id))
        send_job(app, ex, &job);
done:
    mr_job_release(&job);
}

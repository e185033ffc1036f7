/* job.c -- what a producer asks for: the message of millrace.jobs. */
#include "common/model/message_read.h"
#include "common/model/workflow_ref.h"

#include <string.h>

/* A bare recipe is this workflow. The manifest's task finds the run's outputs in its input. */
const char mr_definition_recipe[] =
    "{\"Comment\":\"One picture by a recipe, then the manifest of its outputs\","
    "\"StartAt\":\"Render\",\"States\":{"
    "\"Render\":{\"Type\":\"Task\",\"Resource\":\"millrace:image.render\",\"TimeoutSeconds\":600,"
    "\"Retry\":[{\"ErrorEquals\":[\"Image.Crashed\",\"Image.OutOfMemory\",\"Image.Timeout\","
    "\"Blob.Unavailable\",\"States.Timeout\"],\"IntervalSeconds\":1,\"MaxAttempts\":3,"
    "\"BackoffRate\":2}],\"Next\":\"Manifest\"},"
    "\"Manifest\":{\"Type\":\"Task\",\"Resource\":\"millrace:manifest\",\"TimeoutSeconds\":120,"
    "\"Retry\":[{\"ErrorEquals\":[\"Blob.Unavailable\",\"States.Timeout\"],\"IntervalSeconds\":1,"
    "\"MaxAttempts\":5,\"BackoffRate\":2}],\"ResultPath\":\"$.manifest\",\"End\":true}}}";

enum mr_code mr_job_parse(const char *text, size_t len, struct mr_job *ret, struct mr_error *err)
{
    static const char *const known[] = {"v",          "id",     "tenant", "workflow",
                                        "definition", "recipe", "input",  NULL};
    struct mr_job job = {.tenant = "default"};
    struct mr_workflow_ref ref;
    enum mr_code rc;

    rc = mr_message_read(text, len, MR_JOB_MESSAGE_MAX, known, &job.root, err);
    if (rc)
        return rc;
    rc = mr_message_id(job.root, "id", false, &job.id, err);
    if (rc)
        goto failed;
    rc = mr_message_id(job.root, "tenant", false, &job.tenant, err);
    if (rc)
        goto failed;
    rc = mr_json_str_opt(job.root, "", "workflow", MR_WORKFLOW_REF_MAX, &job.workflow, err);
    if (!rc && job.workflow && (rc = mr_workflow_ref_parse(job.workflow, &ref, err)))
        (void)mr_fail_in(err, rc, "/workflow");
    if (rc)
        goto failed;
    job.definition = mr_json_get(job.root, "definition");
    job.recipe = mr_json_get(job.root, "recipe");
    job.input = mr_json_get(job.root, "input");
    if (!!job.workflow + !!job.definition + !!job.recipe != 1) {
        rc =
            mr_fail(err, MR_INVALID, "must have exactly one of /workflow, /definition and /recipe");
        goto failed;
    }
    if ((job.definition && !cJSON_IsObject(job.definition)) ||
        (job.recipe && !cJSON_IsObject(job.recipe))) {
        rc = mr_fail(err, MR_INVALID, "/%s: must be an object",
                     job.definition ? "definition" : "recipe");
        goto failed;
    }
    if (job.recipe && job.input) {
        rc = mr_fail(err, MR_INVALID, "/input: not allowed beside /recipe, which is the input");
        goto failed;
    }
    *ret = job;
    return MR_OK;
failed:
    mr_job_release(&job);
    return rc;
}

void mr_job_release(struct mr_job *job)
{
    if (!job)
        return;
    cJSON_Delete(job->root);
    *job = (struct mr_job){0};
}

static void write_body(const struct mr_job *job, struct mr_jw *w)
{
    mr_jw_str(w, "tenant", job->tenant);
    if (job->workflow)
        mr_jw_str(w, "workflow", job->workflow);
    if (job->definition)
        mr_jw_item(w, "definition", job->definition);
    if (job->recipe)
        mr_jw_item(w, "recipe", job->recipe);
    if (job->input)
        mr_jw_item(w, "input", job->input);
}

enum mr_code mr_job_canonical(const struct mr_job *job, struct mr_buf *buf)
{
    const struct {
        const char *name;
        const cJSON *item;
    } parts[] = {{"definition", job->definition}, {"input", job->input}, {"recipe", job->recipe}};

    (void)mr_buf_add_str(buf, "tenant=");
    (void)mr_buf_add_str(buf, job->tenant);
    (void)mr_buf_add_str(buf, "\nworkflow=");
    (void)mr_buf_add_str(buf, job->workflow ? job->workflow : "");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!parts[i].item)
            continue;
        (void)mr_buf_addf(buf, "\n%s=", parts[i].name);
        (void)mr_json_print_sorted(parts[i].item, buf);
    }
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}

enum mr_code mr_job_print(const struct mr_job *job, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    if (job->id)
        mr_jw_str(&w, "id", job->id);
    write_body(job, &w);
    mr_jw_close(&w, '}');
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}

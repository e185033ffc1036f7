/* admit_job.c -- A2 of docs/lifecycle.md: a message becomes an event that holds all that step
 * needs, or a dead letter that says why not.  Sends nothing but definitions. */
#include "orchestrator/admit.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/model/recipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum mr_code oc_admit_dead(struct oc *oc, struct oc_admit_item *item, const struct mr_msg *msg,
                           const struct mr_error *why, struct mr_error *err)
{
    mr_log_error(MR_WARN, "admit.dead", why, " topic=%s partition=%" PRId32 " offset=%" PRId64,
                 msg->topic, msg->partition, msg->offset);
    mr_buf_reset(&item->bytes);
    if (mr_dead_print(mr_code_name(why->code), why->text, msg->topic, msg->partition, msg->offset,
                      msg->value, msg->value_len, &item->bytes))
        return mr_fail(err, MR_NO_MEMORY, "dead letter");
    item->topic = oc->topics.dlq;
    item->partition = 0;
    item->key[0] = '\0';
    item->state = OC_ADMIT_READY;
    return MR_OK;
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */

struct draft { /* an event in the making */
    struct mr_job job;
    struct mr_event event;
    struct mr_buf text; /* of its definition */
    struct mr_workflow_ref ref;
    char id[MR_JOB_ID_MAX + 1], def[65], sum[65], nonce[2 * MR_NONCE_LEN + 1], from[160];
};

static void draft_release(struct draft *draft)
{
    mr_job_release(&draft->job);
    mr_buf_release(&draft->text);
}

/* stored: it was checked when it was put, and a rule that came later must not refuse it now. */
static enum mr_code check_definition(struct oc *oc, const char *def, const struct mr_buf *text,
                                     bool stored, struct mr_error *err)
{
    struct asl_machine *machine = NULL;
    enum mr_code rc;

    if (text->len > ASL_DEFINITION_MAX)
        return mr_fail(err, MR_TOO_LARGE, "/definition: %zu bytes, at most %d are allowed",
                       text->len, ASL_DEFINITION_MAX);
    rc = oc_machines_add(&oc->machines, def, text->data, text->len, stored, &machine, err);
    asl_machine_unref(machine);
    return rc ? mr_fail_in(err, rc, "/definition") : MR_OK;
}

/* Which definition, by its hash; MR_NOT_FOUND: a name that the config does not know. */
static enum mr_code resolve(struct oc *oc, struct draft *draft, struct mr_error *err)
{
    const struct mr_job *job = &draft->job;
    const struct oc_workflow *workflow;
    struct mr_recipe *recipe = NULL;
    enum mr_code rc;

    if (job->workflow) {
        rc = mr_workflow_ref_parse(job->workflow, &draft->ref, err);
        if (rc)
            return mr_fail_in(err, rc, "/workflow");
        workflow = oc_config_copy_workflow(&oc->workflows, &draft->ref, draft->id);
        if (!workflow)
            return mr_fail(err, MR_NOT_FOUND, "/workflow: there is no workflow \"%s\"",
                           job->workflow);
        (void)mr_buf_add(&draft->text, workflow->text, workflow->text_len);
        (void)snprintf(draft->def, sizeof draft->def, "%s", workflow->def);
        if (draft->text.failed)
            return mr_fail(err, MR_NO_MEMORY, "definition");
        /* One that cannot be parsed must not come into a log: no shard could go on behind it. */
        return check_definition(oc, draft->def, &draft->text, true, err);
    }
    if (job->recipe) {
        rc = mr_recipe_parse(job->recipe, &recipe, err);
        mr_recipe_free(recipe);
        if (rc)
            return mr_fail_in(err, rc, "/recipe");
        (void)mr_buf_add_str(&draft->text, mr_definition_recipe);
    } else if (mr_json_print(job->definition, &draft->text)) {
        return mr_fail(err, MR_NO_MEMORY, "definition");
    }
    if (draft->text.failed)
        return mr_fail(err, MR_NO_MEMORY, "definition");
    mr_sha256_hex(draft->text.data, draft->text.len, draft->def);
    return check_definition(oc, draft->def, &draft->text, false, err);
}

static enum mr_code check_input(const struct mr_job *job, struct mr_error *err)
{
    const cJSON *input = job->recipe ? job->recipe : job->input;
    struct mr_buf text = {0};
    enum mr_code rc = MR_OK;

    if (!input)
        return MR_OK;
    if (mr_json_print(input, &text))
        rc = mr_fail(err, MR_NO_MEMORY, "input");
    else if (text.len > MR_INPUT_MAX)
        rc = mr_fail(err, MR_TOO_LARGE, "/input: %zu bytes, at most %d are allowed", text.len,
                     MR_INPUT_MAX);
    mr_buf_release(&text);
    return rc;
}

/* The id given, or one made of where the message stands: reading it twice gives the same. */
static void name_job(const struct mr_msg *msg, struct draft *draft)
{
    uint8_t sum[MR_SHA256_LEN];
    int len = snprintf(draft->from, sizeof draft->from, "%s/%" PRId32 "/%" PRId64, msg->topic,
                       msg->partition, msg->offset);

    if (draft->job.id) {
        (void)snprintf(draft->id, sizeof draft->id, "%s", draft->job.id);
        return;
    }
    mr_sha256_of(draft->from, (size_t)len, sum);
    draft->id[0] = 'm';
    mr_base32(sum, 15, draft->id + 1);
}

static enum mr_code complete(struct draft *draft, struct mr_error *err)
{
    struct mr_buf canonical = {0};
    uint8_t nonce[MR_NONCE_LEN];
    enum mr_code rc = mr_job_canonical(&draft->job, &canonical);

    if (!rc)
        mr_sha256_hex(canonical.data, canonical.len, draft->sum);
    mr_buf_release(&canonical);
    if (rc)
        return mr_fail(err, rc, "sum of a job");
    rc = mr_random(nonce, sizeof nonce, err);
    if (rc)
        return rc;
    mr_hex(nonce, sizeof nonce, draft->nonce);
    draft->event = (struct mr_event){
        .kind = MR_EVENT_SUBMIT,
        .job = draft->id,
        .tenant = draft->job.tenant,
        .workflow = draft->job.workflow ? draft->ref.name : NULL,
        .def = draft->def,
        .definition = draft->job.definition,
        .nonce = draft->nonce,
        .sum = draft->sum,
        .engine = ASL_ENGINE,
        .from = draft->from,
        .input = draft->job.recipe ? draft->job.recipe : draft->job.input,
    };
    return MR_OK;
}

enum mr_code oc_admit_job(struct oc *oc, struct oc_admit_item *item, const struct mr_msg *msg,
                          struct mr_error *err)
{
    struct draft draft = {0};
    enum mr_code rc = mr_job_parse(msg->value ? msg->value : "", msg->value_len, &draft.job, err);

    if (!rc)
        rc = check_input(&draft.job, err);
    if (!rc)
        name_job(msg, &draft);
    if (!rc)
        rc = resolve(oc, &draft, err);
    if (rc == MR_NOT_FOUND &&
        item->state != OC_ADMIT_NAME) { /* else it has waited: there is none */
        item->state = OC_ADMIT_NAME;
        item->wait_config = -1;
        rc = MR_OK;
        goto done;
    }
    if (!rc)
        rc = complete(&draft, err);
    if (rc == MR_NO_MEMORY || rc == MR_IO)
        goto done;
    if (rc) {
        struct mr_error why = *err;

        rc = oc_admit_dead(oc, item, msg, &why, err);
        goto done;
    }
    item->state = OC_ADMIT_READY;
    item->partition = (int32_t)mr_shard_of(draft.id, strlen(draft.id), (uint32_t)oc->shard_count);
    (void)snprintf(item->key, sizeof item->key, "%s", draft.id);
    (void)snprintf(item->def, sizeof item->def, "%s", draft.def);
    mr_buf_reset(&item->bytes);
    rc = mr_event_print(&draft.event, &item->bytes);
    if (rc)
        (void)mr_fail(err, rc, "submit event");
    else if (!draft.job.definition &&
             !oc_admit_announced(oc, item->partition, draft.def, draft.text.data, draft.text.len))
        item->state = OC_ADMIT_DEFINITION;
done:
    draft_release(&draft);
    return rc;
}

/* ---- results ------------------------------------------------------------------------------------
 */

enum mr_code oc_admit_result(struct oc *oc, struct oc_admit_item *item, const struct mr_msg *msg,
                             struct mr_error *err)
{
    struct mr_result result = {0};
    struct mr_event event = {.kind = MR_EVENT_RESULT};
    struct mr_token token;
    enum mr_code rc = mr_result_parse(msg->value ? msg->value : "", msg->value_len, &result, err);

    if (!rc)
        rc = mr_token_parse(result.token, &token, err);
    if (rc == MR_NO_MEMORY)
        return rc;
    if (rc) {
        struct mr_error why = *err;

        return oc_admit_dead(oc, item, msg, &why, err);
    }
    event.kind = result.heartbeat ? MR_EVENT_HEARTBEAT : MR_EVENT_RESULT;
    event.token_text = result.token;
    event.worker = result.worker;
    event.output = result.output;
    event.error = result.error;
    event.cause = result.cause;
    item->partition = (int32_t)mr_shard_of(token.job, strlen(token.job), oc->shard_count);
    (void)snprintf(item->key, sizeof item->key, "%s", token.job);
    rc = mr_event_print(&event, &item->bytes);
    if (rc)
        (void)mr_fail(err, rc, "result event");
    mr_result_release(&result);
    return rc;
}

/* nested.c -- a Task that starts a workflow: millrace:job.start, states:startExecution.  The job is
 * a child of the task's job (child.h): its id is made of the task, so a repeat names the same job.
 */
#include "orchestrator/child.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "common/model/workflow_ref.h"
#include "orchestrator/named.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64 /* workflows that start one another */ };

/* What the task's input says. */
struct wanted {
    cJSON *root; /* owned */
    char name[MR_WORKFLOW_REF_MAX + 1];
    const char *called; /* Name; NULL: none; in root */
    cJSON *input;       /* owned; NULL: {} */
    bool named;         /* that is its identity */
    char id[MR_JOB_ID_MAX + 1];
};

static void wanted_release(struct wanted *wanted)
{
    cJSON_Delete(wanted->root);
    cJSON_Delete(wanted->input);
}

/* The name of arn:...:stateMachine:NAME[:VERSION or ALIAS], or what is no ARN. */
static const char *name_of(const char *text)
{
    static const char mark[] = ":stateMachine:";
    const char *found = strncmp(text, "arn:", 4) == 0 ? strstr(text, mark) : NULL;

    return found ? found + sizeof mark - 1 : text;
}

/* MR_INVALID: it is no name by AWS's rules. */
static enum mr_code read_called(const cJSON *root, const char **ret, struct mr_error *err)
{
    static const char bad[] = " <>{}[]?*\"#%\\^|~`$&,;:/";
    const cJSON *name = mr_json_get(root, "Name");
    const char *text = cJSON_GetStringValue(name);

    *ret = NULL;
    if (!name)
        return MR_OK;
    for (const unsigned char *p = (const unsigned char *)text; p && *p; p++)
        if (*p <= 0x20 || *p == 0x7f || strchr(bad, (char)*p))
            text = NULL;
    if (!text || !text[0] || strlen(text) > MR_NAME_MAX)
        return mr_fail(err, MR_INVALID,
                       "Invalid Name: 1 to %d bytes without white space and any of %s", MR_NAME_MAX,
                       bad + 1);
    *ret = text;
    return MR_OK;
}

/* {"workflow","input"}, or AWS's {"StateMachineArn","Input","Name"}; an Input that is text is JSON.
 */
static enum mr_code read_wanted(const struct asl_effect *effect, struct wanted *ret,
                                struct mr_error *err)
{
    static const struct mr_json_limits limits = {MR_INPUT_MAX + 4096, MR_JSON_DEPTH_MAX};
    const cJSON *name;
    cJSON *input;
    enum mr_code rc = mr_json_parse(effect->input, effect->input_len, &limits, &ret->root, err);

    if (rc)
        return rc;
    name = mr_json_get(ret->root, "workflow");
    if (!name)
        name = mr_json_get(ret->root, "StateMachineArn");
    if (!cJSON_IsString(name))
        return mr_fail(err, MR_INVALID, "/StateMachineArn: must be a string, or /workflow");
    (void)snprintf(ret->name, sizeof ret->name, "%s", name_of(name->valuestring));
    input = cJSON_DetachItemFromObjectCaseSensitive(ret->root, "input");
    if (!input)
        input = cJSON_DetachItemFromObjectCaseSensitive(ret->root, "Input");
    ret->input = input;
    if (!cJSON_IsString(input) || !mr_json_get(ret->root, "StateMachineArn"))
        return MR_OK;
    ret->input = NULL;
    rc = mr_json_parse(input->valuestring, strlen(input->valuestring), &limits, &ret->input, err);
    cJSON_Delete(input);
    return rc ? mr_fail_in(err, rc, "/Input") : MR_OK;
}

static enum mr_code find(struct oc *oc, const char *name, const char *id,
                         const struct oc_workflow **ret, struct mr_error *err)
{
    struct mr_workflow_ref ref = {0};
    enum mr_code rc = mr_workflow_ref_parse(name, &ref, err);

    if (rc)
        return rc;
    *ret = oc_config_copy_workflow(&oc->workflows, &ref, id);
    return *ret ? MR_OK
                : mr_fail(err, MR_NOT_FOUND, "State Machine Does Not Exist: \"%.100s\"", name);
}

static enum mr_code keep_text(struct oc_shard *shard, const struct oc_workflow *workflow,
                              struct mr_error *err)
{
    struct mr_batch_op op = {.kind = MR_BATCH_DEF, .key_len = strlen(workflow->def)};

    op.key = asl_arena_copy(&shard->arena, workflow->def, op.key_len);
    op.a = asl_arena_copy(&shard->arena, workflow->text, workflow->text_len);
    op.a_len = workflow->text_len;
    return op.key && op.a ? oc_batch_op(shard, &op, err)
                          : mr_fail(err, MR_NO_MEMORY, "definition %s", workflow->def);
}

/* Which job the task starts.  Where its Name is the identity that is kept with the parent, for the
 * end of the task; it does not depend on what is known of the workflow now, so that a replay comes
 * to the same. */
static enum mr_code identify(struct oc_job *job, const struct asl_effect *effect,
                             const struct mr_resource *resource, struct wanted *wanted,
                             struct mr_error *err)
{
    struct mr_workflow_ref ref = {0};

    wanted->named = wanted->called && resource->want != MR_WANT_EXPRESS &&
                    asl_run_engine(job->run) >= ASL_ENGINE_NAMED &&
                    mr_workflow_ref_parse(wanted->name, &ref, NULL) == MR_OK;
    if (!wanted->named) {
        oc_child_id(job->id, effect->seq, effect->attempt, 0, wanted->id);
        return MR_OK;
    }
    oc_named_id(job->tenant, ref.name, wanted->called, wanted->id);
    return oc_named_keep(job, effect->seq, effect->attempt, wanted->id, err);
}

static enum mr_code add_start(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                              const struct asl_effect *effect, const struct wanted *wanted,
                              const struct oc_workflow *workflow,
                              const struct mr_resource *resource, struct mr_error *err)
{
    char token[MR_TOKEN_MAX + 1], field[MR_JOB_ID_MAX + 64], sum[65];
    struct mr_event event = {.kind = MR_EVENT_SUBMIT,
                             .job = wanted->id,
                             .workflow = wanted->name,
                             .name = wanted->called,
                             .def = workflow->def,
                             .input = wanted->input,
                             .parent = {.token_text = token,
                                        .items = 1,
                                        .depth = job->parent.depth + 1,
                                        .want = resource->want,
                                        .named = wanted->named,
                                        .sdk = wanted->named && resource->sdk}};
    enum mr_code rc = MR_OK;

    if (!oc_token_make(job, effect->seq, effect->attempt, token, sizeof token))
        return mr_fail(err, MR_INTERNAL, "token of job %s", job->id);
    if (wanted->named) {
        rc = oc_named_sum(wanted->id, wanted->input, sum, err);
        event.sum = sum;
    }
    oc_child_field(field, sizeof field, job->id, effect->seq, effect->attempt, 0);
    if (!rc)
        rc = keep_text(shard, workflow, err);
    return rc ? rc : oc_child_submit(oc, shard, job, field, &event, err);
}

/* The task fails with one of the errors that StartExecution has. */
static enum mr_code refuse(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                           const struct asl_effect *effect, const struct mr_resource *resource,
                           const char *name, const struct mr_error *why, struct mr_error *err)
{
    char error[64];

    if (!name)
        return oc_effect_refuse(oc, shard, job, effect, "States.Runtime", why->text, err);
    (void)snprintf(error, sizeof error, "%s.%s", resource->sdk ? "Sfn" : "StepFunctions", name);
    return oc_effect_refuse(oc, shard, job, effect, error, why->text, err);
}

enum mr_code oc_nested_start(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                             const struct asl_effect *effect, const struct mr_resource *resource,
                             struct mr_error *err)
{
    const struct oc_workflow *workflow = NULL;
    struct wanted wanted = {0};
    struct mr_error why = {0}, name_why = {0};
    const char *error = NULL;
    enum mr_code rc = read_wanted(effect, &wanted, &why), name_rc = MR_OK;

    if (!rc && job->parent.depth >= DEPTH_MAX)
        rc = mr_fail(&why, MR_INVALID, "workflows start one another more than %d deep", DEPTH_MAX);
    if (!rc) {
        name_rc = read_called(wanted.root, &wanted.called, &name_why);
        rc = identify(job, effect, resource, &wanted, &why);
    }
    if (!rc) {
        rc = find(oc, wanted.name, wanted.id, &workflow, &why);
        error = rc == MR_NOT_FOUND ? "StateMachineDoesNotExistException" : NULL;
    }
    if (!rc && name_rc) {
        rc = name_rc;
        why = name_why;
        error = "InvalidNameException";
    }
    if (rc == MR_NO_MEMORY)
        *err = why;
    else if (rc)
        rc = refuse(oc, shard, job, effect, resource, error, &why, err);
    else
        rc = add_start(oc, shard, job, effect, &wanted, workflow, resource, err);
    wanted_release(&wanted);
    return rc;
}

/* A named child ends only with a task that has started it: its shard knows which have. */
static enum mr_code end_named(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                              const struct asl_effect *effect, const char *id,
                              const struct mr_resource *resource, struct mr_error *err)
{
    char token[MR_TOKEN_MAX + 1], field[MR_JOB_ID_MAX + 64];
    const struct mr_event event = {
        .kind = MR_EVENT_CANCEL,
        .job = id,
        .error = ASL_STOPPED_ERROR,
        .cause = ASL_STOPPED_CAUSE,
        .parent = {.token_text = token, .items = 1, .want = resource->want, .named = true}};

    if (!oc_token_make(job, effect->seq, effect->attempt, token, sizeof token))
        return mr_fail(err, MR_INTERNAL, "token of job %s", job->id);
    (void)snprintf(field, sizeof field, "%c:%s:%" PRIu64 ":%" PRIu32 ":0:end", OC_EFFECT_WORD,
                   job->id, effect->seq, effect->attempt);
    return oc_child_say(oc, shard, OC_EFFECT_WORD, field, id, &event, err);
}

static bool is_waited_for(enum mr_want want)
{
    return want == MR_WANT_SYNC || want == MR_WANT_SYNC2 || want == MR_WANT_EXPRESS;
}

enum mr_code oc_nested_end(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                           const struct asl_effect *effect, const struct mr_resource *resource,
                           const struct mr_msg *msg, struct mr_error *err)
{
    struct asl_effect end = *effect;
    char field[MR_JOB_ID_MAX + 64], id[MR_JOB_ID_MAX + 1];
    const bool named = oc_named_take(job, effect->seq, effect->attempt, id);

    oc_child_field(field, sizeof field, job->id, effect->seq, effect->attempt, 0);
    if (effect->wanted) {
        oc_outbox_end_task(&shard->outbox, field); /* in a replay it may still stand there */
        return MR_OK;
    }
    if (!is_waited_for(resource->want))
        return MR_OK; /* it was started, and goes on by itself */
    if (named)
        return end_named(oc, shard, job, effect, id, resource, err);
    end.born = effect->attempt;
    end.index = 0;
    return oc_child_end(oc, shard, job, &end, msg, err);
}

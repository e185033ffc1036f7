/* apply_machine.c -- which machine a job runs in, and how it comes into another. */
#include "orchestrator/apply.h"

#include "common/base/json.h"

#include <stdio.h>
#include <string.h>

/* The machine of a job that was loaded: from memory, from its own value, or from the shard's. */
enum mr_code oc_apply_machine(struct oc *oc, const struct oc_shard *shard, const struct oc_job *job,
                              const struct mr_job_load *load, struct asl_machine **ret,
                              struct mr_error *err)
{
    struct mr_buf text = {0};
    const char *value = NULL;
    size_t len = 0;
    enum mr_code rc;

    *ret = oc_machines_get(&oc->machines, job->def);
    if (*ret)
        return MR_OK;
    if (job->is_inline && load && oc_job_value(load, OC_VALUE_DEFINITION, &value, &len))
        return oc_machines_add(&oc->machines, job->def, value, len, true, ret, err);
    rc = mr_store_def_get(oc->store, shard->number, job->def, &text, err);
    if (!rc)
        rc = oc_machines_add(&oc->machines, job->def, text.data, text.len, true, ret, err);
    mr_buf_release(&text);
    return rc;
}

enum mr_code oc_apply_machine_of(struct oc *oc, struct oc_shard *shard,
                                 const struct mr_event *event, struct asl_machine **ret,
                                 struct mr_error *err)
{
    struct oc_job job = {0};
    struct mr_buf text = {0};
    enum mr_code rc;

    *ret = oc_machines_get(&oc->machines, event->def);
    if (*ret)
        return MR_OK;
    if (event->definition) {
        rc = mr_json_print(event->definition, &text);
        if (!rc)
            rc = oc_machines_add(&oc->machines, event->def, text.data, text.len, true, ret, err);
        mr_buf_release(&text);
        return rc;
    }
    memcpy(job.def, event->def, strlen(event->def) + 1);
    return oc_apply_machine(oc, shard, &job, NULL, ret, err);
}

enum mr_code oc_apply_definition(struct oc *oc, struct oc_shard *shard,
                                 const struct mr_event *event, struct mr_error *err)
{
    struct asl_machine *machine = NULL;
    struct mr_buf text = {0};
    struct mr_batch_op op = {.kind = MR_BATCH_DEF};
    enum mr_code rc = mr_json_print(event->definition, &text);

    if (!rc)
        rc = oc_machines_add(&oc->machines, event->def, text.data, text.len, true, &machine, err);
    asl_machine_unref(machine);
    if (!rc) {
        op.key_len = strlen(event->def);
        op.key = asl_arena_copy(&shard->arena, event->def, op.key_len);
        op.a = asl_arena_copy(&shard->arena, text.data, text.len);
        op.a_len = text.len;
        rc = op.key && op.a ? oc_batch_op(shard, &op, err)
                            : mr_fail(err, MR_NO_MEMORY, "definition %s", event->def);
    }
    mr_buf_release(&text);
    return rc;
}

static void name_definition(struct oc_job *job, const char *def)
{
    (void)snprintf(job->def, sizeof job->def, "%s", def);
    (void)mr_buf_add(&job->pairs, "def", sizeof "def");
    (void)mr_buf_add(&job->pairs, job->def, strlen(job->def) + 1);
}

/* The job's machine from here on.  MR_INVALID: it cannot be. */
enum mr_code oc_apply_change(struct oc *oc, struct oc_shard *shard, const struct mr_event *event,
                             struct oc_job *job, struct mr_error *err)
{
    struct asl_machine *machine = NULL;
    struct mr_buf text = {0};
    enum mr_code rc = mr_json_print(event->definition, &text);

    if (!rc)
        rc = oc_machines_add(&oc->machines, event->def, text.data, text.len, true, &machine, err);
    if (!rc)
        rc = asl_run_migrate(job->run, machine, 0, err);
    if (!rc)
        rc = oc_batch_value(shard, job, OC_VALUE_DEFINITION, text.data, text.len, err);
    if (!rc) {
        name_definition(job, event->def);
        job->is_inline = true;
        job->def_kept = false;
    }
    asl_machine_unref(machine);
    mr_buf_release(&text);
    return rc;
}

/* Its parent goes on in another definition, and so does the child: its shard has had that before.
 */
enum mr_code oc_apply_follow(struct oc *oc, struct oc_shard *shard, const struct mr_event *event,
                             struct oc_job *job, struct mr_error *err)
{
    struct oc_job named = {0};
    struct asl_machine *machine = NULL;
    enum mr_code rc;

    (void)snprintf(named.def, sizeof named.def, "%s", event->def);
    rc = oc_apply_machine(oc, shard, &named, NULL, &machine, err);
    if (!rc)
        rc = asl_run_migrate(job->run, machine, event->parent.flow, err);
    asl_machine_unref(machine);
    if (rc)
        return rc;
    name_definition(job, event->def);
    job->is_inline = false;
    job->parent.flow = event->parent.flow;
    return MR_OK;
}

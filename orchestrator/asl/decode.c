/* decode.c -- a run from its text: its head, and what must hold between its parts. */
#include "orchestrator/asl/decode.h"
#include "orchestrator/asl/encoding.h"
#include "orchestrator/asl/step.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

static const struct mr_json_limits text_limits = {(size_t)1 << 30, MR_JSON_DEPTH_MAX};

int64_t asl_decode_integer(struct asl_decoder *d, const cJSON *item, int64_t min, int64_t max,
                           const char *what)
{
    double n = item && cJSON_IsNumber(item) ? item->valuedouble : -2.0 * (double)ASL_INTEGER_MAX;

    if (n < (double)min || n > (double)max || n != (double)(int64_t)n) {
        asl_decode_wrong(d, what);
        return min;
    }
    return (int64_t)n;
}

int64_t asl_decode_time(struct asl_decoder *d, const cJSON *item)
{
    return asl_decode_integer(d, item, -ASL_INTEGER_MAX, ASL_INTEGER_MAX, "a time");
}

static int64_t member(struct asl_decoder *d, const char *name, int64_t min, int64_t max)
{
    return asl_decode_integer(d, mr_json_get(d->json, name), min, max, name);
}

static bool copy(struct asl_decoder *d, const char *name, bool required, char **ret)
{
    const cJSON *item = mr_json_get(d->json, name);

    if (!item && !required)
        return true;
    if (!cJSON_IsString(item))
        return asl_decode_wrong(d, name);
    *ret = strdup(item->valuestring);
    d->no_memory |= !*ret;
    return *ret;
}

static bool read_entries(struct asl_decoder *d)
{
    const cJSON *list = mr_json_get(d->json, "n");

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) % 2 != 0)
        return asl_decode_wrong(d, "n");
    for (const cJSON *item = list->child; item; item = item->next->next) {
        int64_t state = asl_decode_integer(d, item, 0, d->run->machine->state_count - 1, "n");
        d->run->entries[state] = (uint32_t)asl_decode_integer(d, item->next, 1, UINT32_MAX, "n");
    }
    return !d->wrong;
}

static bool read_head(struct asl_decoder *d)
{
    struct asl_run *run = d->run;

    run->status = (enum asl_status)member(d, "st", ASL_RUNNING, ASL_ABORTED);
    run->started = member(d, "up", 0, 1) == 1;
    run->redrives = (uint32_t)member(d, "rd", 0, UINT32_MAX);
    if (mr_json_get(d->json, "rt"))
        run->redrive_ms = member(d, "rt", -ASL_INTEGER_MAX, ASL_INTEGER_MAX);
    run->start_ms = member(d, "t0", -ASL_INTEGER_MAX, ASL_INTEGER_MAX);
    run->due_ms = member(d, "due", -ASL_INTEGER_MAX, ASL_INTEGER_MAX);
    run->entered = (uint64_t)member(d, "en", 0, ASL_INTEGER_MAX);
    run->finished = (uint64_t)member(d, "fi", 0, ASL_INTEGER_MAX);
    run->events = (uint64_t)member(d, "ev", 0, ASL_INTEGER_MAX);
    run->value_next = (uint32_t)member(d, "vn", 0, UINT32_MAX - 1);
    return !d->wrong && copy(d, "err", false, &run->error) &&
           copy(d, "cause", false, &run->cause) && read_entries(d) && asl_decode_inline(d) &&
           asl_decode_value(d, mr_json_get(d->json, "in"), false, &run->input) &&
           asl_decode_value(d, mr_json_get(d->json, "out"), false, &run->output);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static bool read_run(struct asl_decoder *d)
{
    struct asl_run *run = d->run;

    if (!read_head(d) || !asl_decode_frames(d))
        return false;
    if (run->started && run->status == ASL_RUNNING && (!run->root || !run->input))
        return asl_decode_wrong(d, "f");
    if (run->root && !run->input)
        return asl_decode_wrong(d, "in");
    if (run->kept.count > 1)
        qsort(run->kept.ids, run->kept.count, sizeof(*run->kept.ids), by_number);
    return true;
}

/* An unstarted run of what the text says of itself. */
static enum mr_code new_run(struct asl_decoder *d, struct asl_machine *machine,
                            struct mr_error *err)
{
    const cJSON *job = mr_json_get(d->json, "job"), *workflow = mr_json_get(d->json, "wf");
    const cJSON *seed = mr_json_get(d->json, "seed");
    struct asl_start start = {0};

    if (member(d, "v", ASL_ENCODING_VERSION, ASL_ENCODING_VERSION),
        start.engine = (uint32_t)member(d, "e", 1, ASL_ENGINE), d->wrong)
        return mr_fail(err, MR_CORRUPT, "a run's text is of version or engine that is not known");
    if (!cJSON_IsString(job) || !cJSON_IsString(workflow) || !cJSON_IsString(seed))
        return mr_fail(err, MR_CORRUPT, "a run's text: job, wf or seed is not there");
    start.job = job->valuestring;
    start.workflow = workflow->valuestring;
    start.name = cJSON_GetStringValue(mr_json_get(d->json, "nm"));
    start.seed = strtoull(seed->valuestring, NULL, 16);
    if (mr_json_get(d->json, "fl"))
        start.flow = (uint32_t)member(d, "fl", 1, machine->flow_count - 1);
    if (d->wrong)
        return mr_fail(err, MR_CORRUPT, "a run's text: fl does not fit");
    return asl_run_new(machine, &start, &d->run, err);
}

enum mr_code asl_run_decode(struct asl_machine *machine, const char *text, size_t len,
                            asl_value_get_fn *get, void *ctx, struct asl_run **ret,
                            struct mr_error *err)
{
    struct asl_decoder d = {.get = get, .get_ctx = ctx};
    cJSON *json = NULL;
    enum mr_code rc = mr_json_parse(text, len, &text_limits, &json, err);

    if (rc)
        return rc == MR_NO_MEMORY ? rc : mr_fail(err, MR_CORRUPT, "a run's text is not JSON");
    d.json = json;
    rc = new_run(&d, machine, err);
    if (!rc && !read_run(&d))
        rc = d.no_memory ? mr_fail(err, MR_NO_MEMORY, "run %s: no memory", d.run->job)
                         : mr_fail(err, MR_CORRUPT, "run %s: %s does not fit", d.run->job,
                                   d.wrong ? d.wrong : "something");
    for (size_t i = 0; i < d.values.count; i++)
        asl_value_unref(d.values.items[i]);
    free(d.values.items);
    free(d.frames);
    cJSON_Delete(json);
    if (rc)
        asl_run_free(d.run);
    else
        *ret = d.run;
    return rc;
}

/* loads.c -- what was read from Redis for the events of one pass, found by job. */
#include "orchestrator/orchestrator.h"

#include <stdlib.h>
#include <string.h>

static int by_job(const void *a, const void *b)
{
    const struct mr_job_load *left = a, *right = b;

    return strcmp(left->job, right->job);
}

struct mr_job_load *oc_loads_find(struct oc_loads *loads, const char *job)
{
    const struct mr_job_load key = {.job = job};

    if (loads->count == 0)
        return NULL;
    return bsearch(&key, loads->items, loads->count, sizeof key, by_job);
}

void oc_loads_sort(struct oc_loads *loads)
{
    size_t kept = 0;

    if (loads->count == 0)
        return;
    qsort(loads->items, loads->count, sizeof *loads->items, by_job);
    for (size_t i = 1; i < loads->count; i++) {
        if (strcmp(loads->items[i].job, loads->items[kept].job) != 0)
            loads->items[++kept] = loads->items[i];
        else if (loads->items[i].want_run)
            loads->items[kept].want_run = true;
    }
    loads->count = kept + 1;
}

enum mr_code oc_loads_want(struct oc_loads *loads, const char *job, bool want_run,
                           struct mr_error *err)
{
    const char *id = asl_arena_copy(&loads->ids, job, strlen(job));

    if (!id)
        return mr_fail(err, MR_NO_MEMORY, "load of job %s", job);
    if (loads->count == loads->cap) {
        size_t cap = loads->cap ? 2 * loads->cap : 64;
        struct mr_job_load *grown = realloc(loads->items, cap * sizeof *grown);

        if (!grown)
            return mr_fail(err, MR_NO_MEMORY, "load of %zu jobs", loads->count);
        loads->items = grown;
        loads->cap = cap;
    }
    loads->items[loads->count++] = (struct mr_job_load){.job = id, .want_run = want_run};
    return MR_OK;
}

void oc_loads_release(struct oc_loads *loads)
{
    for (size_t i = 0; i < loads->count; i++)
        mr_job_load_release(&loads->items[i]);
    free(loads->items);
    asl_arena_release(&loads->ids);
    *loads = (struct oc_loads){0};
}

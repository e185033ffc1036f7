/* work.c -- starts threads, hears of their progress, joins them. */
#include "gateway/work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum mr_code gw_works_setup(struct gw_works *works, struct mr_blob *blob,
                            const size_t limits[GW_WORK_KIND_COUNT], struct mr_error *err)
{
    size_t handles = limits[GW_WORK_UPLOAD] + limits[GW_WORK_DOWNLOAD];

    *works = (struct gw_works){.wake_fd = -1, .blob = blob};
    memcpy(works->limits, limits, sizeof(works->limits));
    works->idle = calloc(handles, sizeof(struct mr_blob *));
    if (!works->idle)
        return mr_fail(err, MR_NO_MEMORY, "works: memory ran out");
    works->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (works->wake_fd < 0) {
        free(works->idle);
        works->idle = NULL;
        return mr_fail(err, MR_IO, "eventfd: %s", strerror(errno));
    }
    return MR_OK;
}

void gw_works_teardown(struct gw_works *works)
{
    if (!works->idle)
        return;
    for (struct gw_work *work = works->active; work; work = work->next)
        gw_work_leave(work);
    while (works->active) {
        struct gw_work *work = works->active;
        works->active = work->next;
        pthread_join(work->thread, NULL);
        work->finish(work);
    }
    for (size_t i = 0; i < works->idle_count; i++)
        mr_blob_free(works->idle[i]);
    free(works->idle);
    close(works->wake_fd);
    *works = (struct gw_works){.wake_fd = -1};
}

bool gw_works_full(const struct gw_works *works, enum gw_work_kind kind)
{
    return works->counts[kind] >= works->limits[kind];
}

static void *run_thread(void *arg)
{
    struct gw_work *work = arg;
    const uint64_t one = 1;
    int wake_fd = work->wake_fd;

    work->run(work);
    atomic_store(&work->done, true); /* the loop may free it from here on */
    (void)!write(wake_fd, &one, sizeof(one));
    return NULL;
}

enum mr_code gw_works_start(struct gw_works *works, struct gw_work *work, struct mr_error *err)
{
    int code;

    work->wake_fd = works->wake_fd;
    code = pthread_create(&work->thread, NULL, run_thread, work);
    if (code)
        return mr_fail(err, MR_BUSY, "thread: %s", strerror(code));
    work->next = works->active;
    works->active = work;
    works->counts[work->kind]++;
    return MR_OK;
}

void gw_works_poll(struct gw_works *works)
{
    struct gw_work **link = &works->active;
    uint64_t count;

    (void)!read(works->wake_fd, &count, sizeof(count));
    while (*link) {
        struct gw_work *work = *link;
        if (!atomic_load(&work->done)) {
            if (work->ex && work->progress)
                work->progress(work); /* may start another one: that goes in front */
            link = &work->next;
            continue;
        }
        *link = work->next;
        works->counts[work->kind]--;
        pthread_join(work->thread, NULL);
        work->finish(work);
        link = &works->active; /* finish may have changed the list's front */
    }
}

void gw_work_leave(struct gw_work *work)
{
    work->ex = NULL;
    atomic_store(&work->stop, true);
    if (work->pipe.data)
        gw_pipe_abort(&work->pipe);
}

struct mr_blob *gw_works_blob(struct gw_works *works, struct mr_error *err)
{
    if (works->idle_count > 0)
        return works->idle[--works->idle_count];
    return mr_blob_dup(works->blob, err);
}

void gw_works_blob_back(struct gw_works *works, struct mr_blob *blob)
{
    if (!blob)
        return;
    blob->stop = NULL;
    if (works->idle_count < works->limits[GW_WORK_UPLOAD] + works->limits[GW_WORK_DOWNLOAD])
        works->idle[works->idle_count++] = blob;
    else
        mr_blob_free(blob);
}

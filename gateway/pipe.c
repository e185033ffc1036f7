/* pipe.c -- a ring with a lock; knows neither sockets nor storage. */
#include "gateway/pipe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum mr_code gw_pipe_init(struct gw_pipe *pipe, size_t size, int wake_fd, struct mr_error *err)
{
    *pipe = (struct gw_pipe){.size = size, .wake_fd = wake_fd};
    pipe->data = malloc(size);
    if (!pipe->data)
        return mr_fail(err, MR_NO_MEMORY, "pipe: memory ran out");
    if (pthread_mutex_init(&pipe->lock, NULL)) {
        free(pipe->data);
        pipe->data = NULL;
        return mr_fail(err, MR_NO_MEMORY, "pipe: no lock");
    }
    if (pthread_cond_init(&pipe->changed, NULL)) {
        pthread_mutex_destroy(&pipe->lock);
        free(pipe->data);
        pipe->data = NULL;
        return mr_fail(err, MR_NO_MEMORY, "pipe: no condition");
    }
    return MR_OK;
}

void gw_pipe_release(struct gw_pipe *pipe)
{
    if (!pipe->data)
        return;
    pthread_cond_destroy(&pipe->changed);
    pthread_mutex_destroy(&pipe->lock);
    free(pipe->data);
    pipe->data = NULL;
}

void gw_pipe_wake(struct gw_pipe *pipe)
{
    const uint64_t one = 1;

    (void)!write(pipe->wake_fd, &one, sizeof(one)); /* full means that a wake is due anyway */
}

/* ---- the ring, under the lock
 * ---------------------------------------------------------------------------- */

static size_t ring_put(struct gw_pipe *pipe, const char *data, size_t len)
{
    size_t n = pipe->size - pipe->len, tail = (pipe->at + pipe->len) % pipe->size, first;

    n = len < n ? len : n;
    first = pipe->size - tail < n ? pipe->size - tail : n;
    memcpy(pipe->data + tail, data, first);
    memcpy(pipe->data, data + first, n - first);
    pipe->len += n;
    return n;
}

static size_t ring_get(struct gw_pipe *pipe, char *data, size_t size)
{
    size_t n = pipe->len < size ? pipe->len : size, first;

    first = pipe->size - pipe->at < n ? pipe->size - pipe->at : n;
    memcpy(data, pipe->data + pipe->at, first);
    memcpy(data + first, pipe->data, n - first);
    pipe->at = (pipe->at + n) % pipe->size;
    pipe->len -= n;
    return n;
}

/* The thread changed something: does the loop wait for it? */
static bool take_wait(struct gw_pipe *pipe)
{
    bool waits = pipe->loop_waits;

    pipe->loop_waits = false;
    return waits;
}

/* ---- the loop's side
 * ------------------------------------------------------------------------------------- */

size_t gw_pipe_room(struct gw_pipe *pipe)
{
    size_t room;

    pthread_mutex_lock(&pipe->lock);
    room = pipe->aborted ? pipe->size : pipe->size - pipe->len;
    pipe->loop_waits = room == 0;
    pthread_mutex_unlock(&pipe->lock);
    return room;
}

void gw_pipe_put(struct gw_pipe *pipe, const char *data, size_t len)
{
    pthread_mutex_lock(&pipe->lock);
    if (!pipe->aborted)
        (void)ring_put(pipe, data, len);
    pthread_cond_signal(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
}

size_t gw_pipe_get(struct gw_pipe *pipe, char *data, size_t size, bool *ret_ended)
{
    size_t n;

    pthread_mutex_lock(&pipe->lock);
    n = ring_get(pipe, data, size);
    *ret_ended = n == 0 && pipe->ended;
    pipe->loop_waits = n == 0 && !pipe->ended;
    pthread_cond_signal(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
    return n;
}

/* ---- the thread's side
 * ------------------------------------------------------------------------------------ */

bool gw_pipe_put_wait(struct gw_pipe *pipe, const char *data, size_t len)
{
    bool right;

    pthread_mutex_lock(&pipe->lock);
    while (len > 0 && !pipe->aborted) {
        size_t n = ring_put(pipe, data, len);
        data += n;
        len -= n;
        if (take_wait(pipe))
            gw_pipe_wake(pipe);
        if (len > 0)
            pthread_cond_wait(&pipe->changed, &pipe->lock);
    }
    right = !pipe->aborted;
    pthread_mutex_unlock(&pipe->lock);
    return right;
}

int64_t gw_pipe_get_wait(struct gw_pipe *pipe, char *data, size_t size)
{
    int64_t n;
    bool wake;

    pthread_mutex_lock(&pipe->lock);
    while (pipe->len == 0 && !pipe->ended && !pipe->aborted)
        pthread_cond_wait(&pipe->changed, &pipe->lock);
    n = pipe->aborted ? -1 : (int64_t)ring_get(pipe, data, size);
    wake = take_wait(pipe);
    pthread_mutex_unlock(&pipe->lock);
    if (wake)
        gw_pipe_wake(pipe);
    return n;
}

/* ---- either side's
 * ----------------------------------------------------------------------------------------- */

void gw_pipe_end(struct gw_pipe *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->ended = true;
    pthread_cond_signal(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
}

void gw_pipe_abort(struct gw_pipe *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->aborted = true;
    pthread_cond_signal(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
}

/* pool.c -- see pool.h.  One lock guards the queues; a thread works outside of it. */
#include "orchestrator/evaluator/pool.h"

#include "common/base/log.h"
#include "orchestrator/evaluator/child.h"
#include "orchestrator/evaluator/pool_lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    POSTED_MAX = 4096,     /* requests under way: the rest waits in Redis */
    START_PAUSE_MS = 1000, /* after a child that did not start */
    SLOW_NICE = 10,        /* what is slow takes no processor from what is quick */
};

enum lane_name { QUICK, SLOW, LANES };
enum end { DONE, TOO_SLOW, AGAIN }; /* of one evaluation */

struct request {
    struct ev_lane_request of_lane; /* first member */
    struct request *next;           /* of those that are done */
    void *ticket;
    const char *text; /* lent */
    size_t len;
    bool is_overdue; /* was given up once for want of a processor, which says nothing of it */
    struct ev_answered answered;
};

struct queue {
    struct request *first, **last;
};

struct lane {
    struct ev_lane waiting;
    pthread_cond_t wanted;
    int64_t time_ms;
};

struct holder { /* of one child */
    struct ev_pool *pool;
    struct lane *lane;
    pthread_t thread;
};

struct ev_pool {
    struct ev_port port;
    const struct ev_config *config;
    pthread_mutex_t lock;
    struct lane lanes[LANES];
    struct queue done;
    size_t posted;
    pthread_cond_t ending; /* for who pauses: requests do not wake it */
    bool stopping, stopped;
    struct ev_knowledge knowledge;
    struct ev_knowledge none; /* for the slow lane, where nobody is judged */
    struct holder *holders;
    size_t holder_count;
    int done_fd, stop_fd; /* eventfd: answers are there; readable for ever: stop */
};

/* ---- queues; under the lock
 * ------------------------------------------------------------------------ */

static void queue_add(struct queue *queue, struct request *request)
{
    request->next = NULL;
    *queue->last = request;
    queue->last = &request->next;
}

static struct request *queue_take(struct queue *queue)
{
    struct request *request = queue->first;

    if (!request)
        return NULL;
    queue->first = request->next;
    if (!queue->first)
        queue->last = &queue->first;
    return request;
}

static const struct ev_knowledge *knowledge_of(const struct ev_pool *pool, const struct lane *lane)
{
    return lane == &pool->lanes[SLOW] ? &pool->none : &pool->knowledge;
}

static void wait_in(struct ev_pool *pool, struct lane *lane, struct request *request)
{
    ev_lane_add(&lane->waiting, &request->of_lane, knowledge_of(pool, lane), ev_now_us());
}

/* The next request that a child of the lane may have now. */
static struct request *next(struct ev_pool *pool, struct lane *lane)
{
    return (struct request *)ev_lane_next(&lane->waiting, knowledge_of(pool, lane), ev_now_us());
}

static void finish(struct ev_pool *pool, struct request *request)
{
    const uint64_t one = 1;

    queue_add(&pool->done, request);
    if (write(pool->done_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        mr_log(MR_ERROR, "evaluator.wake", " errno=%d", errno);
}

/* It passed the quick lane's time. */
static void slow_down(struct ev_pool *pool, struct request *request)
{
    wait_in(pool, &pool->lanes[SLOW], request);
    pthread_cond_signal(&pool->lanes[SLOW].wanted);
}

static void try_again(struct ev_pool *pool, struct lane *lane, struct request *request)
{
    request->is_overdue = true;
    wait_in(pool, lane, request);
}

/* What a turn of time_ms in the lane says of expressions, job and group. */
static void learn(struct ev_pool *pool, const struct lane *lane, const struct request *request,
                  int64_t time_ms, enum end end, enum ev_limit limit)
{
    struct ev_knowledge *knowledge = &pool->knowledge;

    if (end == AGAIN || request->answered.code)
        return;
    if (end == TOO_SLOW && time_ms < lane->time_ms) /* the slow lane will tell */
        ev_knowledge_doubt(knowledge, ev_now_us());
    else if (end == TOO_SLOW || limit)
        ev_knowledge_slow(knowledge, &request->of_lane, ev_now_us());
    else if (lane == &pool->lanes[QUICK])
        ev_knowledge_quick(knowledge, &request->of_lane, ev_now_us());
}

/* ---- threads
 * ------------------------------------------------------------------------------------------ */

static void pause_ms(struct ev_pool *pool, int64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    while (!pool->stopping && pthread_cond_timedwait(&pool->ending, &pool->lock, &until) == 0)
        ;
}

/* Warm before the next request comes; under the lock, which is given up meanwhile. */
static void warm(struct ev_pool *pool, struct ev *ev)
{
    struct mr_error err;
    enum mr_code rc;

    pthread_mutex_unlock(&pool->lock);
    rc = ev_start(ev, &err);
    pthread_mutex_lock(&pool->lock);
    if (!rc || pool->stopping)
        return;
    mr_log_error(MR_ALARM, "evaluator.start", &err, " pause_ms=%d", START_PAUSE_MS);
    pause_ms(pool, START_PAUSE_MS);
}

/* The answer, or what stands for it; not under the lock.  *ret_end: DONE, or where it belongs.
 */
static void evaluate(struct ev_pool *pool, const struct lane *lane, struct ev *ev, int64_t time_ms,
                     struct request *request, enum end *ret_end, enum ev_limit *ret_limit)
{
    struct ev_answered *answered = &request->answered;
    enum ev_limit limit = EV_LIMIT_NONE;
    struct mr_error err;

    answered->code =
        ev_ask(ev, request->text, request->len, time_ms, &answered->text, &limit, &err);
    *ret_limit = limit;
    *ret_end = DONE;
    if (lane == &pool->lanes[QUICK] && limit == EV_LIMIT_WALL && !request->is_overdue)
        *ret_end = AGAIN;
    else if (lane == &pool->lanes[QUICK] && (limit == EV_LIMIT_TIME || limit == EV_LIMIT_WALL))
        *ret_end = TOO_SLOW;
    if (answered->code == MR_TOO_LARGE)
        answered->code = ev_error_answer(err.text, "", &answered->text);
    else if (answered->code)
        mr_log_error(MR_ALARM, "evaluator.failed", &err, " bytes=%zu", request->len);
    else if (limit && *ret_end == DONE)
        answered->code =
            ev_limit_answer(pool->config, limit, time_ms, ev_limit_field(ev), &answered->text);
    if (answered->code == MR_OK && *ret_end == DONE && answered->text.failed)
        answered->code = MR_NO_MEMORY;
}

static void serve(struct ev_pool *pool, struct lane *lane, struct ev *ev)
{
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        struct request *request = NULL;
        enum ev_limit limit;
        int64_t time_ms;
        enum end end;

        warm(pool, ev);
        while (!pool->stopping && !(request = next(pool, lane)))
            pthread_cond_wait(&lane->wanted, &pool->lock);
        if (!request)
            continue;
        time_ms = ev_lane_time_ms(&request->of_lane, lane->time_ms);
        pthread_mutex_unlock(&pool->lock);
        evaluate(pool, lane, ev, time_ms, request, &end, &limit);
        pthread_mutex_lock(&pool->lock);
        ev_lane_ended(&lane->waiting, &request->of_lane);
        if (end != AGAIN) /* which waits for this child: it will be a new one */
            pthread_cond_signal(&lane->wanted); /* what was kept from running may now */
        learn(pool, lane, request, time_ms, end, limit);
        if (pool->stopping)
            request->answered.code = MR_UNAVAILABLE;
        if (end == TOO_SLOW && !pool->stopping)
            slow_down(pool, request);
        else if (end == AGAIN && !pool->stopping)
            try_again(pool, lane, request);
        else
            finish(pool, request);
    }
    pthread_mutex_unlock(&pool->lock);
}

static void *hold(void *arg)
{
    struct holder *holder = arg;
    struct ev *ev = NULL;
    struct mr_error err;

    if (ev_new(holder->pool->config, &ev, &err)) {
        mr_log_error(MR_ALARM, "evaluator.new", &err, " %s", "");
        return NULL;
    }
    ev_stop_with(ev, holder->pool->stop_fd);
    if (holder->lane == &holder->pool->lanes[SLOW])
        ev_be_nice(ev, SLOW_NICE);
    serve(holder->pool, holder->lane, ev);
    ev_free(ev);
    return NULL;
}

/* ---- the port
 * ------------------------------------------------------------------------------------------- */

static enum mr_code pool_post(struct ev_port *port, void *ticket, const char *text, size_t len,
                              const struct ev_asker *asker)
{
    struct ev_pool *pool = (struct ev_pool *)port;
    struct request *request;
    struct lane *lane;

    if (pool->posted == POSTED_MAX)
        return MR_BUSY;
    request = calloc(1, sizeof(*request));
    if (!request)
        return MR_NO_MEMORY;
    *request = (struct request){.of_lane = {.waiter = {.group = asker->group},
                                            .job = asker->job,
                                            .expressions = ev_known_expressions(text, len)},
                                .ticket = ticket,
                                .text = text,
                                .len = len};
    pthread_mutex_lock(&pool->lock);
    lane =
        &pool->lanes[ev_known_has(&pool->knowledge.slow, asker->job, ev_now_us()) ? SLOW : QUICK];
    wait_in(pool, lane, request);
    pthread_cond_signal(&lane->wanted);
    pthread_mutex_unlock(&pool->lock);
    pool->posted++;
    return MR_OK;
}

static bool pool_take(struct ev_port *port, struct ev_answered *ret)
{
    struct ev_pool *pool = (struct ev_pool *)port;
    struct request *request;
    uint64_t count;

    if (pool->posted == 0)
        return false;
    pthread_mutex_lock(&pool->lock);
    request = queue_take(&pool->done);
    if (!request && read(pool->done_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        mr_log(MR_ERROR, "evaluator.wake", " errno=%d", errno);
    pthread_mutex_unlock(&pool->lock);
    if (!request)
        return false;
    pool->posted--;
    *ret = request->answered;
    ret->ticket = request->ticket;
    free(request);
    return true;
}

static int pool_fd(struct ev_port *port)
{
    return ((struct ev_pool *)port)->done_fd;
}

static void pool_stop(struct ev_port *port)
{
    struct ev_pool *pool = (struct ev_pool *)port;
    struct request *request;
    const uint64_t one = 1;

    if (pool->stopped)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    if (write(pool->stop_fd, &one, sizeof(one)) < 0)
        mr_log(MR_ERROR, "evaluator.stop", " errno=%d", errno);
    pthread_cond_broadcast(&pool->ending);
    for (int i = 0; i < LANES; i++)
        pthread_cond_broadcast(&pool->lanes[i].wanted);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->holder_count; i++)
        pthread_join(pool->holders[i].thread, NULL);
    pool->stopped = true;
    for (int i = 0; i < LANES; i++) {
        while ((request = (struct request *)ev_lane_drain(&pool->lanes[i].waiting))) {
            request->answered.code = MR_UNAVAILABLE;
            queue_add(&pool->done, request);
        }
    }
}

static bool start(struct ev_pool *pool)
{
    const size_t quick = (size_t)pool->config->children;
    const size_t count = quick + (size_t)pool->config->slow_children;

    pool->holders = calloc(count, sizeof(*pool->holders));
    if (!pool->holders)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct holder *holder = &pool->holders[i];
        *holder = (struct holder){.pool = pool, .lane = &pool->lanes[i < quick ? QUICK : SLOW]};
        if (pthread_create(&holder->thread, NULL, hold, holder) != 0)
            return false;
        pool->holder_count++;
    }
    return true;
}

enum mr_code ev_pool_new(const struct ev_config *config, struct ev_pool **ret, struct mr_error *err)
{
    struct ev_pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return mr_fail(err, MR_NO_MEMORY, "no memory for evaluators");
    pool->port = (struct ev_port){pool_post, pool_take, pool_stop, pool_fd};
    pool->config = config;
    pool->lanes[QUICK].time_ms =
        config->fast_ms < config->time_ms ? config->fast_ms : config->time_ms;
    pool->lanes[SLOW].time_ms = config->time_ms;
    pool->lanes[QUICK].waiting.doubtful_max =
        config->children > 1 ? (size_t)config->children - 1 : 1;
    pool->lanes[SLOW].waiting.doubtful_max = (size_t)config->slow_children;
    pool->done.last = &pool->done.first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->ending, NULL);
    for (int i = 0; i < LANES; i++) {
        pthread_cond_init(&pool->lanes[i].wanted, NULL);
    }
    pool->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pool->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pool->done_fd < 0 || pool->stop_fd < 0 || !start(pool)) {
        ev_pool_free(pool);
        return mr_fail(err, MR_UNAVAILABLE, "evaluators: no descriptors or threads for them");
    }
    *ret = pool;
    return MR_OK;
}

struct ev_port *ev_pool_port(struct ev_pool *pool)
{
    return &pool->port;
}

void ev_pool_free(struct ev_pool *pool)
{
    struct ev_answered answered;

    if (!pool)
        return;
    pool_stop(&pool->port);
    while (pool_take(&pool->port, &answered))
        mr_buf_release(&answered.text);
    for (int i = 0; i < LANES; i++)
        pthread_cond_destroy(&pool->lanes[i].wanted);
    pthread_cond_destroy(&pool->ending);
    pthread_mutex_destroy(&pool->lock);
    if (pool->done_fd >= 0)
        close(pool->done_fd);
    if (pool->stop_fd >= 0)
        close(pool->stop_fd);
    free(pool->holders);
    free(pool);
}

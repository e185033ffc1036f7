/* pool_lane.c -- see pool_lane.h. */
#include "orchestrator/evaluator/pool_lane.h"

enum {
    CAREFUL_US = 1000000,
    SLOW_US = 60 * 1000000,
    PROVEN_US = 600 * 1000000,
    FRESH_EVERY = 8, /* times one that is unknown goes first */
    SUSPECT_EVERY = 64,
    SUSPECT_SHARE = 5, /* of the time */
};

static enum ev_rank rank_of(const struct ev_lane_request *request,
                            const struct ev_knowledge *knowledge, int64_t now_us)
{
    if (ev_known_has(&knowledge->slow, request->expressions, now_us))
        return EV_SUSPECT;
    if (ev_known_has(&knowledge->proven, request->expressions, now_us))
        return EV_PROVEN;
    return ev_known_has(&knowledge->slow, request->waiter.group, now_us) ? EV_SUSPECT : EV_FRESH;
}

void ev_lane_add(struct ev_lane *lane, struct ev_lane_request *request,
                 const struct ev_knowledge *knowledge, int64_t now_us)
{
    ev_turns_add(&lane->waiting[rank_of(request, knowledge, now_us)], &request->waiter);
}

static bool may_run(const struct ev_lane *lane, enum ev_rank rank,
                    const struct ev_knowledge *knowledge, int64_t now_us)
{
    return rank == EV_PROVEN || lane->doubtful_running < lane->doubtful_max ||
           (rank == EV_FRESH && now_us >= knowledge->careful_until_us);
}

/* The next of a rank, which it may have lost since it came. */
static struct ev_lane_request *next_of(struct ev_lane *lane, enum ev_rank rank,
                                       const struct ev_knowledge *knowledge, int64_t now_us)
{
    struct ev_lane_request *request;

    while (may_run(lane, rank, knowledge, now_us) &&
           (request = (struct ev_lane_request *)ev_turns_take(&lane->waiting[rank]))) {
        if (rank == EV_SUSPECT || rank_of(request, knowledge, now_us) != EV_SUSPECT)
            return request;
        ev_turns_add(&lane->waiting[EV_SUSPECT], &request->waiter);
    }
    return NULL;
}

struct ev_lane_request *ev_lane_next(struct ev_lane *lane, const struct ev_knowledge *knowledge,
                                     int64_t now_us)
{
    enum ev_rank order[EV_RANKS] = {EV_PROVEN, EV_FRESH, EV_SUSPECT};
    struct ev_lane_request *request = NULL;
    enum ev_rank rank = EV_PROVEN;

    if (lane->turn % SUSPECT_EVERY == SUSPECT_EVERY - 1) {
        order[EV_PROVEN] = EV_SUSPECT;
        order[EV_SUSPECT] = EV_PROVEN;
    } else if (lane->turn % FRESH_EVERY == FRESH_EVERY - 1) {
        order[EV_PROVEN] = EV_FRESH;
        order[EV_FRESH] = EV_PROVEN;
    }
    for (int i = 0; i < EV_RANKS && !request; i++) {
        rank = order[i];
        request = next_of(lane, rank, knowledge, now_us);
    }
    if (!request)
        return NULL;
    lane->turn++;
    request->is_doubtful = rank != EV_PROVEN;
    request->is_suspect = rank == EV_SUSPECT;
    lane->doubtful_running += request->is_doubtful;
    return request;
}

int64_t ev_lane_time_ms(const struct ev_lane_request *request, int64_t time_ms)
{
    if (!request->is_suspect)
        return time_ms;
    return time_ms > SUSPECT_SHARE ? time_ms / SUSPECT_SHARE : 1;
}

void ev_lane_ended(struct ev_lane *lane, struct ev_lane_request *request)
{
    lane->doubtful_running -= request->is_doubtful;
    request->is_doubtful = request->is_suspect = false;
}

struct ev_lane_request *ev_lane_drain(struct ev_lane *lane)
{
    struct ev_waiter *waiter = NULL;

    for (int rank = 0; rank < EV_RANKS && !waiter; rank++)
        waiter = ev_turns_take(&lane->waiting[rank]);
    return (struct ev_lane_request *)waiter;
}

void ev_knowledge_slow(struct ev_knowledge *knowledge, const struct ev_lane_request *request,
                       int64_t now_us)
{
    ev_known_add(&knowledge->slow, request->job, now_us + SLOW_US);
    ev_known_add(&knowledge->slow, request->expressions, now_us + SLOW_US);
    ev_known_add(&knowledge->slow, request->waiter.group, now_us + SLOW_US);
    ev_known_forget(&knowledge->proven, request->expressions);
    ev_knowledge_doubt(knowledge, now_us);
}

void ev_knowledge_doubt(struct ev_knowledge *knowledge, int64_t now_us)
{
    knowledge->careful_until_us = now_us + CAREFUL_US;
}

void ev_knowledge_quick(struct ev_knowledge *knowledge, const struct ev_lane_request *request,
                        int64_t now_us)
{
    if (!ev_known_has(&knowledge->slow, request->expressions, now_us))
        ev_known_add(&knowledge->proven, request->expressions, now_us + PROVEN_US);
}

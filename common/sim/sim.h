/* sim.h -- a twin of every adapter: seeded, on virtual time, fails when told to.
 * Twins keep the promises of the port they fill, in memory of this process, so that a whole cluster
 * runs in one thread of one test; the contract tests run the same cases on twin and real server. */
#ifndef MR_SIM_H
#define MR_SIM_H

#include "common/ports/blob.h"
#include "common/ports/bus.h"
#include "common/ports/clock.h"
#include "common/ports/http.h"
#include "common/ports/store.h"

/* When the n-th counted port call of this world comes (from 1), it fails: `before` nothing was
 * done, or `after` it was done and only the answer is lost. 0: never. */
enum mr_sim_fault { MR_SIM_BEFORE, MR_SIM_AFTER };

struct mr_sim_world {
    uint64_t seed;
    int64_t now_ms;   /* virtual time, wall and monotonic */
    uint64_t calls;   /* port calls so far, over all twins of this world */
    uint64_t fail_at; /* 0: never */
    enum mr_sim_fault fault;
};
uint64_t mr_sim_random(struct mr_sim_world *world); /* next of its sequence */
/* For the twins: counts one port call, then asks at its two moments whether it is the one to fail.
 */
void mr_sim_call(struct mr_sim_world *world);
bool mr_sim_fails(struct mr_sim_world *world, enum mr_sim_fault fault);

struct mr_sim_clock {
    struct mr_clock clock;
    struct mr_sim_world *world;
};
void mr_sim_clock_init(struct mr_sim_clock *, struct mr_sim_world *);

/* A broker that outlives the clients of it, as a server would. */
struct mr_sim_broker;
struct mr_sim_broker *mr_sim_broker_new(struct mr_sim_world *);
void mr_sim_broker_free(struct mr_sim_broker *);
/* Forgets what is before an offset, as a retention gone wrong would. */
void mr_sim_broker_truncate(struct mr_sim_broker *, const char *topic, int32_t partition,
                            int64_t before);
struct mr_bus *mr_bus_sim_new(struct mr_sim_broker *, struct mr_error *err);
/* The client's process dies: what it had under way is lost, so are its last releases, and what it
 * took goes to others. Its handles answer MR_UNAVAILABLE from then on; free them as ever. */
void mr_sim_bus_kill(struct mr_bus *);

struct mr_sim_redis;
struct mr_sim_redis *mr_sim_redis_new(struct mr_sim_world *);
void mr_sim_redis_free(struct mr_sim_redis *);
void mr_sim_redis_flushall(struct mr_sim_redis *);
struct mr_store *mr_store_sim_new(struct mr_sim_redis *, struct mr_error *err);

struct mr_sim_bucket;
struct mr_sim_bucket *mr_sim_bucket_new(struct mr_sim_world *);
void mr_sim_bucket_free(struct mr_sim_bucket *);
struct mr_blob *mr_blob_sim_new(struct mr_sim_bucket *, struct mr_error *err);

/* Answers from a script: the n-th request gets the n-th answer, the last repeats. */
struct mr_sim_answer {
    enum mr_code code; /* not MR_OK: the request fails so */
    int status;
    const char *headers; /* "name: value\n" lines */
    const char *body;
};
struct mr_http *mr_http_sim_new(struct mr_sim_world *, const struct mr_sim_answer *, size_t n,
                                struct mr_error *err);
/* The n-th request (from 0) as it came: "PUT http://...\nname: value\n\nbody", NUL-terminated; NULL
 * where there were not so many. The last 64 are kept. Lent. */
const char *mr_http_sim_seen(struct mr_http *, size_t n);

#endif

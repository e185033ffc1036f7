/* stage.h -- one worker on twins: a broker, a bucket, a clock, and who asks it for work. */
#ifndef STAGE_H
#define STAGE_H

#include "common/sim/sim.h"
#include "tests/unit/worker/imaging_twin.h"
#include "worker/worker.h"

#include <setjmp.h> /* cmocka wants these before it */
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { STAGE_TEXTS_MAX = 64 };

struct stage_texts { /* the messages of a topic so far, as text */
    struct mr_log *log;
    char *texts[STAGE_TEXTS_MAX]; /* owned */
    size_t count;
};

struct stage {
    struct mr_sim_world world;      /* of the broker and the clock */
    struct mr_sim_world blob_world; /* storage is used by other threads */
    struct mr_sim_clock clock;
    struct mr_sim_broker *broker;
    struct mr_sim_bucket *bucket;
    struct mr_blob *blob;
    struct wk_config config;
    struct wk_imaging_config imaging;
    struct mr_cluster_config cluster;
    const struct wk_fetch_config *fetch; /* set before stage_start() */
    struct mr_bus *client;               /* who asks */
    struct stage_texts answers, dead;

    bool threads;       /* real slots and the real clock; set before stage_start() */
    struct mr_bus *bus; /* the worker's */
    struct wk wk;
};

void stage_open(struct stage *);
void stage_close(struct stage *);
/* For cmocka: *state is an open stage, with a picture in/a.jpg that stage_recipe makes smaller. */
int stage_setup(void **state);
int stage_teardown(void **state);
#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)
extern const char stage_recipe[];
void stage_has(const char *text, const char *part); /* or the test fails */
void stage_start(struct stage *);                   /* the worker */
void stage_end(struct stage *);                     /* politely */
void stage_kill(struct stage *);                    /* its process dies */

struct stage_task { /* what is NULL or 0 has a default */
    const char *job, *tenant, *type, *class_name, *step, *input;
    int seq, attempt, timeout_ms, heartbeat_ms;
};
void stage_ask(struct stage *, const struct stage_task *);
void stage_ask_raw(struct stage *, const char *class_name, const char *bytes, size_t len);
void stage_cancel(struct stage *, const char *job, int seq, int attempt);
void stage_store(struct stage *, const char *key, const char *text);
char *stage_fetch(struct stage *, const char *key); /* the caller's; NULL: not there */

void stage_turn(struct stage *); /* one pass of the worker, 10 ms later */
/* Turns until so many answers, or dead letters, are there; fails the test where they do not come.
 */
void stage_until(struct stage *, size_t answers, size_t dead);
/* Turns until the decoder's twin was called so often, and no oftener. */
void stage_until_calls(struct stage *, int n);
void stage_turns(struct stage *, int n);
/* Nothing of class is taken and not released: another worker of the group would get nothing. */
bool stage_all_released(struct stage *, const char *class_name);

#endif

/* store_contract.h -- what every implementation of store.h promises, as one set of cases: run
 * against the twin and against a real Redis.  See store_sim_test.c and store_redis_test.c. */
#ifndef STORE_CONTRACT_H
#define STORE_CONTRACT_H

#include "common/ports/store.h"

struct store_contract {
    const char *driver; /* the name in the report */
    /* A new client of the same server. The cases free it. */
    struct mr_store *(*connect)(void *ctx, struct mr_error *err);
    void (*wipe)(void *ctx); /* the server forgets everything */
    void (*pass_time)(void *ctx, int64_t ms);
    int64_t (*now_ms)(void *ctx); /* the server's wall clock */
    void *ctx;
};

/* Runs every case; returns the number that failed, as a main's exit code. */
int store_contract_run(const struct store_contract *contract);

#endif

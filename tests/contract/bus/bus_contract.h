/* bus_contract.h -- what every driver of bus.h promises, as one set of cases: run against the twin,
 * against Kafka and against Redis Streams.  A main of thirty lines fills the struct and calls
 * bus_contract_run(); see bus_sim_test.c and bus_kafka_test.c. */
#ifndef BUS_CONTRACT_H
#define BUS_CONTRACT_H

#include "common/ports/bus.h"

struct bus_contract {
    const char *driver; /* "kafka": the name in the report */
    /* A new client of the same server.  The cases free it. */
    struct mr_bus *(*connect)(void *ctx, struct mr_error *err);
    /* Makes the server forget what is before an offset, without the client's help, as a retention
     * gone wrong would.  NULL: this server cannot, and the cases about it are not run. */
    enum mr_code (*truncate)(void *ctx, const char *topic, int32_t partition, int64_t before,
                             struct mr_error *err);
    /* Called between two tries while a case waits for a message; virtual time moves here.  NULL:
     * the case waits some ms by the wall clock. */
    void (*pass_time)(void *ctx, int64_t ms);
    void *ctx;
    int64_t wait_ms; /* how long a case waits for what must come, before it fails */
    int64_t calm_ms; /* how long a case watches that nothing comes */
    bool fd_wakes;   /* descriptors become readable when there is something to take */
    bool log_trims;  /* mr_log_trim() really forgets */
};

/* Runs every case; returns the number that failed, as a main's exit code. Topic names are new in
 * each run, so a server may be used again and again. */
int bus_contract_run(const struct bus_contract *contract);

#endif

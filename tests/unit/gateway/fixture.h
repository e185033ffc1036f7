/* fixture.h -- a gateway on simulated ports, and a client that speaks raw bytes to it.  Time is
 * virtual but for the sockets: nothing passes unless a test lets it. */
#ifndef GW_FIXTURE_H
#define GW_FIXTURE_H

#include "common/sim/sim.h"
#include "gateway/app.h"
#include "gateway/auth.h"

#include <cjson/cJSON.h>

struct fixture {
    struct mr_sim_world world, blob_world; /* storage's is apart: another thread counts in it */
    struct mr_sim_clock clock;
    struct mr_sim_broker *broker;
    struct mr_sim_redis *redis;
    struct mr_sim_bucket *bucket;
    struct mr_bus *bus, *other; /* the gateway's, and the test's own */
    struct mr_store *store;
    struct mr_blob *blob;
    struct gw_config config;
    struct mr_cluster_config cluster;
    struct gw_app app;
};

#define ADMIN "Authorization: Bearer root\r\n"

/* Definitions, each another one. */
#define MACHINE       "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}"
#define OTHER_MACHINE "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Succeed\"}}}"
#define THIRD_MACHINE "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Succeed\"}}}"

/* changes: pairs of setting and value, ended by NULL.  blob: NULL for the simulated one, else
 * taken. */
struct fixture *fixture_new(const char *const *changes, struct mr_blob *blob);
void fixture_free(struct fixture *);
void fixture_step(struct fixture *, int times);
void fixture_pass(struct fixture *, int64_t ms); /* virtual time */
void fixture_settle(struct fixture *);           /* until no thread is at work */

struct client {
    int fd;
    struct mr_buf in;
    bool ended; /* the gateway has closed */
};
struct response {
    int status;
    char *head; /* all of it */
    char *body;
    size_t body_len;
};
struct client client_open(struct fixture *);
void client_close(struct client *);
void client_send(struct client *, const char *data, size_t len);
bool client_try_send(struct client *, const char *data, size_t len, size_t *ret_sent);
/* The next whole response; status 0: the connection ended, or nothing came in `steps` turns. */
struct response client_read(struct fixture *, struct client *, int steps);
void response_release(struct response *);
/* Has the gateway closed its side? Steps until it does, at most `steps` turns. */
bool client_ended(struct fixture *, struct client *, int steps);

/* One request on a connection of its own; the header lines with their CRLFs, Host and length added.
 */
struct response ask(struct fixture *, const char *method, const char *target, const char *headers,
                    const char *body);
/* Its status alone. */
int ask_status(struct fixture *, const char *method, const char *target, const char *headers,
               const char *body);
cJSON *json_of(const struct response *);
const char *text_of(const cJSON *, const char *name); /* "" where there is none */

/* A row of a job as an orchestrator would write it; fields: pairs ended by NULL. */
void put_row(struct fixture *, const char *job, int64_t created, const char *const *fields);
/* The messages of a topic so far: JSON values, in an array. */
cJSON *messages_of(struct fixture *, const char *topic);
int messages_count(struct fixture *, const char *topic);
/* A key of a tenant with scopes ("\"read\",\"submit\""), as an Authorization line; static buffer.
 */
const char *key_for(struct fixture *, const char *tenant, const char *scopes);

#endif

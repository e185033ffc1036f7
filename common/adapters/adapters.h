/* adapters.h -- how each real implementation of a port is made, with its settings. */
#ifndef MR_ADAPTERS_H
#define MR_ADAPTERS_H

#include "common/base/config.h"
#include "common/ports/blob.h"
#include "common/ports/bus.h"
#include "common/ports/http.h"
#include "common/ports/store.h"

/* ---- Kafka (bus_kafka.c) ---- */
struct mr_kafka_config {
    char *brokers;          /* MILLRACE_KAFKA_BROKERS */
    int64_t linger_ms;      /* MILLRACE_KAFKA_LINGER_MS */
    int64_t replication;    /* MILLRACE_KAFKA_REPLICATION, of topics that we make */
    int64_t send_queue_max; /* messages not yet acknowledged */
    int64_t session_ms;     /* a consumer that is silent so long is taken for dead */
    char *security_protocol, *sasl_mechanism, *sasl_username, *sasl_password, *ca_file;
};
extern const struct mr_setting mr_kafka_settings[];
extern const size_t mr_kafka_settings_count;
MR_MUST_USE struct mr_bus *mr_bus_kafka_new(const struct mr_kafka_config *, struct mr_error *err);

/* ---- Redis (store_redis.c, bus_redis.c) ---- */
struct mr_redis_config {
    char *url;          /* MILLRACE_REDIS_URL redis://[user:password@]host:port/db, unix:///path */
    int64_t timeout_ms; /* of one exchange */
    int64_t reclaim_ms; /* bus: a taken message whose consumer is silent so long goes to another */
    int64_t send_queue_max;
    int64_t unread_max; /* bus: messages kept where no group reads them; 0: all */
};
extern const struct mr_setting mr_redis_settings[];
extern const size_t mr_redis_settings_count;
MR_MUST_USE struct mr_store *mr_store_redis_new(const struct mr_redis_config *, struct mr_error *);
MR_MUST_USE struct mr_bus *mr_bus_redis_new(const struct mr_redis_config *, struct mr_error *err);

/* ---- blobs (blob_s3.c, blob_dir.c) ---- */
struct mr_blob_config {
    int kind;  /* MILLRACE_BLOB: "dir s3" */
    char *dir; /* MILLRACE_BLOB_DIR: the root folder */
    char *endpoint, *region, *bucket, *access_key, *secret_key; /* MILLRACE_S3_... */
    char *session_token; /* MILLRACE_S3_SESSION_TOKEN, of temporary keys; "" or NULL: none */
    char *ca_file;       /* MILLRACE_S3_CA_FILE; "" or NULL: the system's authorities */
    int64_t timeout_ms, stall_ms, connect_ms; /* of one request; 0: http.h's */
    int64_t tries;    /* requests for one call where it is safe to repeat; 0: 1 */
    int64_t retry_ms; /* before the second try, doubled for each next, with jitter */
};
extern const struct mr_setting mr_blob_settings[];
extern const size_t mr_blob_settings_count;
MR_MUST_USE struct mr_blob *mr_blob_s3_new(const struct mr_blob_config *, struct mr_error *err);
MR_MUST_USE struct mr_blob *mr_blob_dir_new(const struct mr_blob_config *, struct mr_error *err);
MR_MUST_USE struct mr_blob *mr_blob_new(const struct mr_blob_config *, struct mr_error *err);

#endif

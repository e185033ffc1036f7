/* bus_kafka_conf.c -- settings of the Kafka driver, what they mean to librdkafka, its errors and
 * its log lines in our words, and the signal that carries its threads' news to the owner's loop. */
#include "common/adapters/bus_kafka.h"

#include "common/base/log.h"
#include "common/ports/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <unistd.h>

enum { LOG_LINES_PER_S = 5 }; /* of librdkafka's, a process */

/* clang-format off */
const struct mr_setting mr_kafka_settings[] = {
    MR_STR(mr_kafka_config, brokers, "MILLRACE_KAFKA_BROKERS", "localhost:9092", "where Kafka is: host:port, more with commas"),
    MR_LONG(mr_kafka_config, linger_ms, "MILLRACE_KAFKA_LINGER_MS", "1", 0, 1000, "ms that a message waits for others, to travel in one batch"),
    MR_LONG(mr_kafka_config, replication, "MILLRACE_KAFKA_REPLICATION", "1", 1, 15, "copies of each topic that is made; from 3 on, two must have a message before it counts as sent"),
    MR_LONG(mr_kafka_config, send_queue_max, "MILLRACE_KAFKA_SEND_QUEUE_MAX", "10000", 100, 1000000, "messages under way to Kafka at a time"),
    MR_LONG(mr_kafka_config, session_ms, "MILLRACE_KAFKA_SESSION_MS", "10000", 1000, 300000, "ms of silence after which a consumer is taken for dead; not below the broker's group.min.session.timeout.ms"),
    MR_STR(mr_kafka_config, security_protocol, "MILLRACE_KAFKA_SECURITY_PROTOCOL", "plaintext", "plaintext, ssl, sasl_plaintext or sasl_ssl"),
    MR_STR(mr_kafka_config, sasl_mechanism, "MILLRACE_KAFKA_SASL_MECHANISM", "", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty without SASL"),
    MR_STR(mr_kafka_config, sasl_username, "MILLRACE_KAFKA_SASL_USERNAME", "", "user of Kafka; empty without SASL"),
    MR_SECRET(mr_kafka_config, sasl_password, "MILLRACE_KAFKA_SASL_PASSWORD", "", "its password; empty without SASL"),
    MR_STR(mr_kafka_config, ca_file, "MILLRACE_KAFKA_CA_FILE", "", "authorities to trust, a PEM file; empty: the system's"),
};
/* clang-format on */
const size_t mr_kafka_settings_count = sizeof(mr_kafka_settings) / sizeof(mr_kafka_settings[0]);

/* ---- the signal -------------------------------------------------------------------------------
 */

enum mr_code mr_kafka_signal_init(struct mr_kafka_signal *signal, struct mr_error *err)
{
    atomic_init(&signal->raised, false);
    signal->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (signal->fd < 0)
        return mr_fail(err, MR_IO, "kafka: eventfd: %s", strerror(errno));
    return MR_OK;
}

void mr_kafka_signal_release(struct mr_kafka_signal *signal)
{
    if (signal->fd >= 0)
        close(signal->fd);
    signal->fd = -1;
}

void mr_kafka_signal_raise(struct mr_kafka_signal *signal)
{
    uint64_t one = 1;

    if (!atomic_exchange(&signal->raised, true))
        while (write(signal->fd, &one, sizeof(one)) < 0 && errno == EINTR)
            ;
}

/* The descriptor is emptied before the flag falls: a raise in between writes nothing, and what it
 * tells of is in the queue already when the caller looks. */
bool mr_kafka_signal_take(struct mr_kafka_signal *signal)
{
    uint64_t count;

    if (!atomic_load_explicit(&signal->raised, memory_order_relaxed))
        return false;
    while (read(signal->fd, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
    atomic_store(&signal->raised, false);
    return true;
}

static void on_queue_event(rd_kafka_t *rk, void *opaque)
{
    (void)rk;
    mr_kafka_signal_raise(opaque);
}

void mr_kafka_signal_watch(struct mr_kafka_signal *signal, rd_kafka_queue_t *queue)
{
    rd_kafka_queue_cb_event_enable(queue, on_queue_event, signal);
}

/* ---- errors and log lines ---------------------------------------------------------------------
 */

enum mr_code mr_kafka_code(rd_kafka_resp_err_t rerr)
{
    switch ((int)rerr) { /* of librdkafka's some 200, those that a caller can tell apart */
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return MR_OK;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return MR_TOO_LARGE;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        return MR_BUSY;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return MR_NOT_FOUND;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR__LOG_TRUNCATION:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return MR_TRUNCATED;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        return MR_UNAUTHENTICATED;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return MR_DENIED;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        return MR_INVALID;
    default:
        return MR_UNAVAILABLE;
    }
}

enum mr_code mr_kafka_fail(struct mr_error *err, rd_kafka_resp_err_t rerr, const char *what)
{
    return mr_fail(err, mr_kafka_code(rerr), "kafka: %s: %s", what, rd_kafka_err2str(rerr));
}

/* While a broker is away librdkafka says so hundreds of times a second. Any thread may ask; two
 * that meet at a second's turn may let a line more pass. */
static bool line_allowed(int *ret_dropped)
{
    static _Atomic int64_t second;
    static atomic_int lines, dropped;
    int64_t now_s = mr_mono_ms() / 1000;

    if (atomic_exchange(&second, now_s) != now_s)
        atomic_store(&lines, 0);
    if (atomic_fetch_add(&lines, 1) >= LOG_LINES_PER_S) {
        atomic_fetch_add(&dropped, 1);
        return false;
    }
    *ret_dropped = atomic_exchange(&dropped, 0);
    return true;
}

/* Comes from librdkafka's own threads. Its errors are news of connections, mostly: what matters
 * to a caller comes back from the call, so that nothing here is above a warning. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    char quoted[768];
    enum mr_log_level to = level <= LOG_WARNING ? MR_WARN : level <= LOG_INFO ? MR_INFO : MR_DEBUG;
    int dropped;

    if (line_allowed(&dropped))
        mr_log(to, "kafka.client", " client=%s facility=%s dropped=%d text=%s",
               rk ? rd_kafka_name(rk) : "new", facility, dropped,
               mr_log_quote(text, quoted, sizeof(quoted)));
}

/* ---- configuration ----------------------------------------------------------------------------
 */

enum mr_code mr_kafka_conf_set(rd_kafka_conf_t *conf, const struct mr_kafka_prop *props, size_t n,
                               struct mr_error *err)
{
    char text[MR_KAFKA_ERRSTR];

    for (size_t i = 0; i < n; i++) {
        if (!props[i].value || !*props[i].value)
            continue;
        if (rd_kafka_conf_set(conf, props[i].name, props[i].value, text, sizeof(text)) !=
            RD_KAFKA_CONF_OK)
            return mr_fail(err, MR_INVALID, "kafka: %s: %s", props[i].name, text);
    }
    return MR_OK;
}

enum mr_code mr_kafka_conf_set_long(rd_kafka_conf_t *conf, const char *name, int64_t value,
                                    struct mr_error *err)
{
    char text[32];
    struct mr_kafka_prop prop = {name, text};

    snprintf(text, sizeof(text), "%" PRId64, value);
    return mr_kafka_conf_set(conf, &prop, 1, err);
}

rd_kafka_conf_t *mr_kafka_conf_new(const struct mr_kafka_config *config, struct mr_error *err)
{
    const struct mr_kafka_prop props[] = {
        {"bootstrap.servers", config->brokers},
        {"client.id", "millrace"},
        {"security.protocol", config->security_protocol},
        {"sasl.mechanism", config->sasl_mechanism},
        {"sasl.username", config->sasl_username},
        {"sasl.password", config->sasl_password},
        {"ssl.ca.location", config->ca_file},
        {"socket.nagle.disable", "true"}, /* small batches must not wait for an ACK */
        {"socket.keepalive.enable", "true"},
        {"socket.timeout.ms", "15000"},
        {"reconnect.backoff.max.ms", "2000"}, /* a broker that is back is used soon */
        {"log.connection.close", "false"},    /* idle connections close every ten minutes */
        {"enable.metrics.push", "false"},     /* it holds up each rd_kafka_destroy() for 1 s */
        {"log_level", "5"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    rd_kafka_conf_set_log_cb(conf, on_log);
    if (mr_kafka_conf_set(conf, props, sizeof(props) / sizeof(props[0]), err)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

rd_kafka_t *mr_kafka_client_take(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct mr_error *err)
{
    char text[MR_KAFKA_ERRSTR];
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof(text));

    if (!rk) {
        rd_kafka_conf_destroy(conf);
        mr_fail(err, MR_INVALID, "kafka: %s", text);
    }
    return rk;
}

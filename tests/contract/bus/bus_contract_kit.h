/* bus_contract_kit.h -- the hands of the bus contract's cases: they ask, wait, copy, and fail the
 * case where what must come does not.  The cases know bus.h and nothing of a driver: offsets only
 * grow, and are asked for, never guessed. */
#ifndef BUS_CONTRACT_KIT_H
#define BUS_CONTRACT_KIT_H

#include "tests/contract/bus/bus_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const struct bus_contract *contract; /* of this run */

/* A file of cases each. */
extern const struct CMUnitTest bus_contract_sends[], bus_contract_topics[], bus_contract_logs[],
    bus_contract_queues[], bus_contract_descriptors[];
extern const size_t bus_contract_sends_count, bus_contract_topics_count, bus_contract_logs_count,
    bus_contract_queues_count, bus_contract_descriptors_count;

enum kit_kind { KIT_LOG, KIT_QUEUE, KIT_COMPACTED };

struct kit_sent { /* the tag of a send */
    int outcomes;
    enum mr_code code;
    int32_t partition;
    int64_t offset, time_ms;
};

struct kit_seen { /* a copy of a message; texts are cut to fit */
    char topic[128], key[64], value[64];
    size_t value_len;
    bool value_null;
    uint64_t hash; /* of the whole value */
    int32_t partition;
    int64_t offset, time_ms;
};

int64_t kit_now_ms(void);
void kit_pause(int fd);   /* until fd is readable, at most some ms */
bool kit_wait_fd(int fd); /* readable within wait_ms? */

struct mr_bus *kit_connect(void);
struct mr_topic_spec kit_spec(const char *topic, int32_t partitions, enum kit_kind kind);
/* A new topic, its name valid until the end of the run. */
const char *kit_topic(struct mr_bus *, const char *word, int32_t partitions, enum kit_kind kind);

/* value NULL: a tombstone. */
void kit_send_start(struct mr_bus *, const char *topic, int32_t partition, const char *key,
                    const char *value, struct kit_sent *sent);
void kit_send(struct mr_bus *, const char *topic, int32_t partition, const char *key,
              const char *value, struct kit_sent *sent); /* and waits until it is stored */
/* Values (and keys) "0", "1" ... "n - 1", value i to partition i % partitions. */
void kit_send_many(struct mr_bus *, const char *topic, int n, int32_t partitions);
void kit_send_from(struct mr_bus *, const char *topic, int from, int to, int32_t partitions);

/* They are the n messages of kit_send_many(), each once, and in each partition in their order. */
void kit_are_all(const struct kit_seen *, int n);

struct mr_log *kit_log(struct mr_bus *, const char *topic);
void kit_start(struct mr_log *, int32_t partition, int64_t from);
void kit_read(struct mr_log *, struct kit_seen *seen, int n);
void kit_read_nothing(struct mr_log *); /* for calm_ms */
void kit_read_fault(struct mr_log *, enum mr_code code, const char *names);

struct mr_queue *kit_queue(struct mr_bus *, const char *topic, const char *group, int window);
void kit_take(struct mr_queue *, struct kit_seen *seen, int n);
void kit_take_raw(struct mr_queue *, struct mr_msg *msgs, int n);
void kit_take_nothing(struct mr_queue *); /* for calm_ms */

#endif

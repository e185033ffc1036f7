/* kafka_kit.h -- what tests on a real Kafka share: its settings, and what only an administrator
 * does. */
#ifndef KAFKA_KIT_H
#define KAFKA_KIT_H

#include "common/adapters/adapters.h"

enum { KAFKA_KIT_SKIPPED = 77 };

/* From the environment. False, with the reason on stderr: there is no Kafka to test on. */
bool kafka_kit_config(struct mr_kafka_config *ret);
void kafka_kit_config_release(struct mr_kafka_config *);
enum mr_code kafka_kit_truncate(const struct mr_kafka_config *, const char *topic,
                                int32_t partition, int64_t before, struct mr_error *err);
/* Sets one setting of a topic. */
enum mr_code kafka_kit_alter(const struct mr_kafka_config *, const char *topic, const char *name,
                             const char *value, struct mr_error *err);

#endif

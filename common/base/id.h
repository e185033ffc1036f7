/* id.h -- names: job ids, tenants, shards, and the hashes that must be the same everywhere.
 * Nothing here is secret or random: what needs a key is in adapters/crypto.h. */
#ifndef MR_ID_H
#define MR_ID_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    MR_JOB_ID_MAX = 64, /* [A-Za-z0-9_-]{1,64} */
    MR_TENANT_MAX = 64, /* same alphabet; "default" where none is given */
    MR_NAME_MAX = 80,   /* workflow, task type: [A-Za-z0-9._-]{1,80}, no leading dot */
    MR_SHARDS_MAX = 1024,
};

bool mr_id_valid(const char *id, size_t len); /* job ids and tenants */
bool mr_name_valid(const char *name, size_t len);
/* Kafka's murmur2 (seed 0x9747b28c), as org.apache.kafka.common.utils.Utils.murmur2. */
uint32_t mr_murmur2(const void *data, size_t len);
/* Where Kafka's default partitioner puts this key: (murmur2 & 0x7fffffff) % partitions. */
uint32_t mr_shard_of(const char *job, size_t len, uint32_t shards);
/* 64-bit mix for ids and jitter inside step(): not for security. (splitmix64 finaliser over FNV-1a)
 */
uint64_t mr_hash64(uint64_t seed, const void *data, size_t len);
/* Lower-case hex of len bytes into ret[2 * len + 1]. */
void mr_hex(const void *data, size_t len, char *ret);
/* Crockford base32, lower case, of len bytes, no padding; ret needs (len * 8 + 4) / 5 + 1 bytes. */
void mr_base32(const void *data, size_t len, char *ret);

#endif

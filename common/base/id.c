/* id.c -- alphabets and hashes.  Every program, in every version, must come to the same answers. */
#include "common/base/id.h"

#include <string.h>

static bool is_alnum(char c) /* isalnum() asks the locale */
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool mr_id_valid(const char *id, size_t len)
{
    if (len < 1 || len > MR_JOB_ID_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(id[i]) && id[i] != '-' && id[i] != '_')
            return false;
    return true;
}

bool mr_name_valid(const char *name, size_t len)
{
    if (len < 1 || len > MR_NAME_MAX || name[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '_' && name[i] != '.')
            return false;
    return true;
}

uint32_t mr_murmur2(const void *data, size_t len)
{
    const uint32_t m = 0x5bd1e995;
    const unsigned char *p = data;
    uint32_t h = 0x9747b28c ^ (uint32_t)len;

    for (; len >= 4; len -= 4, p += 4) {
        uint32_t k =
            (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        k *= m;
        k ^= k >> 24;
        k *= m;
        h *= m;
        h ^= k;
    }
    if (len == 3)
        h ^= (uint32_t)p[2] << 16;
    if (len >= 2)
        h ^= (uint32_t)p[1] << 8;
    if (len >= 1) {
        h ^= p[0];
        h *= m;
    }
    h ^= h >> 13;
    h *= m;
    h ^= h >> 15;
    return h;
}

uint32_t mr_shard_of(const char *job, size_t len, uint32_t shards)
{
    return (mr_murmur2(job, len) & 0x7fffffff) % shards;
}

static uint64_t mix64(uint64_t x) /* the finaliser of splitmix64 */
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

uint64_t mr_hash64(uint64_t seed, const void *data, size_t len)
{
    const unsigned char *p = data;
    /* The seed is mixed first: bare, seed and first byte would cancel each other out. */
    uint64_t h = 0xcbf29ce484222325 ^ mix64(seed + 0x9e3779b97f4a7c15);

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 0x100000001b3;
    return mix64(h);
}

void mr_hex(const void *data, size_t len, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = data;

    for (size_t i = 0; i < len; i++) {
        *ret++ = digits[p[i] >> 4];
        *ret++ = digits[p[i] & 15];
    }
    *ret = '\0';
}

void mr_base32(const void *data, size_t len, char *ret)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* no i l o u */
    const unsigned char *p = data;
    unsigned bits = 0, count = 0; /* count of bits not yet written, the low ones of bits */

    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8 | p[i]) & 0xfff;
        for (count += 8; count >= 5; count -= 5)
            *ret++ = digits[bits >> (count - 5) & 31];
    }
    if (count)
        *ret++ = digits[bits << (5 - count) & 31];
    *ret = '\0';
}

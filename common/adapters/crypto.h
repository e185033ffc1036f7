/* crypto.h -- SHA-256, HMAC and random bytes, from OpenSSL's libcrypto. Any thread may call. */
#ifndef MR_CRYPTO_H
#define MR_CRYPTO_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { MR_SHA256_LEN = 32 };

struct mr_sha256 { /* streaming; ctx is owned */
    void *ctx;
};
MR_MUST_USE enum mr_code mr_sha256_init(struct mr_sha256 *, struct mr_error *err);
void mr_sha256_add(struct mr_sha256 *, const void *data, size_t len);
void mr_sha256_end(struct mr_sha256 *, uint8_t ret[MR_SHA256_LEN]); /* releases too */
void mr_sha256_release(struct mr_sha256 *);                         /* accepts a zeroed one */

void mr_sha256_of(const void *data, size_t len, uint8_t ret[MR_SHA256_LEN]);
void mr_sha256_hex(const void *data, size_t len, char ret[2 * MR_SHA256_LEN + 1]);
/* For ETags alone, as S3 makes them: it keeps nothing safe. */
void mr_md5_hex(const void *data, size_t len, char ret[33]);
void mr_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                    uint8_t ret[MR_SHA256_LEN]);
bool mr_same_bytes(const void *a, const void *b, size_t len); /* in constant time */
MR_MUST_USE enum mr_code mr_random(void *ret, size_t len, struct mr_error *err);

#endif

/* crypto.c -- SHA-256, HMAC and random bytes.
 * The hash uses libcrypto's low-level calls, which OpenSSL 3 marks as deprecated: their state is a
 * plain struct, so a digest can neither fail nor allocate (EVP can do both, and most callers here
 * return void while they hold somebody's job), and a small HMAC costs a third of the EVP one.  Both
 * run the same assembly. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/adapters/crypto.h"

#include "common/base/id.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_LEN = SHA256_CBLOCK };

enum mr_code mr_sha256_init(struct mr_sha256 *sha, struct mr_error *err)
{
    SHA256_CTX *ctx = malloc(sizeof *ctx);
    if (!ctx)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a SHA-256 state");
    SHA256_Init(ctx);
    sha->ctx = ctx;
    return MR_OK;
}

void mr_sha256_add(struct mr_sha256 *sha, const void *data, size_t len)
{
    if (len > 0)
        SHA256_Update(sha->ctx, data, len);
}

void mr_sha256_end(struct mr_sha256 *sha, uint8_t ret[MR_SHA256_LEN])
{
    SHA256_Final(ret, sha->ctx);
    mr_sha256_release(sha);
}

void mr_sha256_release(struct mr_sha256 *sha)
{
    if (!sha)
        return;
    free(sha->ctx);
    sha->ctx = NULL;
}

void mr_sha256_of(const void *data, size_t len, uint8_t ret[MR_SHA256_LEN])
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    if (len > 0)
        SHA256_Update(&ctx, data, len);
    SHA256_Final(ret, &ctx);
}

void mr_md5_hex(const void *data, size_t len, char ret[33])
{
    uint8_t sum[MD5_DIGEST_LENGTH];
    MD5_CTX ctx;
    MD5_Init(&ctx);
    if (len > 0)
        MD5_Update(&ctx, data, len);
    MD5_Final(sum, &ctx);
    mr_hex(sum, sizeof sum, ret);
}

void mr_sha256_hex(const void *data, size_t len, char ret[2 * MR_SHA256_LEN + 1])
{
    uint8_t digest[MR_SHA256_LEN];
    mr_sha256_of(data, len, digest);
    mr_hex(digest, sizeof digest, ret);
}

/* One of HMAC's two passes: H((key xor pad) data). */
static void keyed_hash(const uint8_t key[BLOCK_LEN], uint8_t pad, const void *data, size_t len,
                       uint8_t ret[MR_SHA256_LEN])
{
    uint8_t block[BLOCK_LEN];
    SHA256_CTX ctx;

    for (size_t i = 0; i < BLOCK_LEN; i++)
        block[i] = key[i] ^ pad;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, block, sizeof block);
    if (len > 0)
        SHA256_Update(&ctx, data, len);
    SHA256_Final(ret, &ctx);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(&ctx, sizeof ctx);
}

void mr_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                    uint8_t ret[MR_SHA256_LEN])
{
    uint8_t padded[BLOCK_LEN] = {0};
    uint8_t inner[MR_SHA256_LEN];

    if (key_len > BLOCK_LEN)
        mr_sha256_of(key, key_len, padded);
    else if (key_len > 0)
        memcpy(padded, key, key_len);
    keyed_hash(padded, 0x36, data, len, inner);
    keyed_hash(padded, 0x5c, inner, sizeof inner, ret);
    OPENSSL_cleanse(padded, sizeof padded);
}

bool mr_same_bytes(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

enum mr_code mr_random(void *ret, size_t len, struct mr_error *err)
{
    unsigned char *at = ret;
    while (len > 0) {
        int n = len > INT_MAX ? INT_MAX : (int)len;
        if (RAND_bytes(at, n) != 1)
            return mr_fail(err, MR_IO, "the system gives no random bytes");
        at += n;
        len -= (size_t)n;
    }
    return MR_OK;
}

/* digest.h -- what States.Hash computes.  For fingerprints of data, not for secrets: what needs a
 * key is in adapters/crypto.h.  Of our own, because the language builds with cJSON alone. */
#ifndef ASL_DIGEST_H
#define ASL_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum asl_digest { ASL_MD5, ASL_SHA1, ASL_SHA256, ASL_SHA384, ASL_SHA512 };
enum { ASL_DIGEST_BYTES_MAX = 64 };

/* "MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512" */
bool asl_digest_find(const char *name, enum asl_digest *ret);
/* The number of bytes in ret. */
size_t asl_digest(enum asl_digest, const void *data, size_t len,
                  unsigned char ret[ASL_DIGEST_BYTES_MAX]);

#endif

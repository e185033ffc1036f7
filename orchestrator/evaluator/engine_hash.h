/* engine_hash.h -- the sums that $hash knows, of OpenSSL's libcrypto. */
#ifndef EV_ENGINE_HASH_H
#define EV_ENGINE_HASH_H

#include <stdbool.h>
#include <stddef.h>

enum { EV_HASH_HEX_MAX = 129 };

/* Loads them: what libcrypto reads from the machine it reads now. */
bool ev_hash_setup(void);
/* false: no algorithm of that name (MD5 SHA-1 SHA-256 SHA-384 SHA-512). */
bool ev_hash_hex(const char *algorithm, const void *data, size_t len, char ret[EV_HASH_HEX_MAX]);

#endif

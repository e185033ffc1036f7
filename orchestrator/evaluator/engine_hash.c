/* engine_hash.c -- see engine_hash.h. */
#include "orchestrator/evaluator/engine_hash.h"

#include <openssl/evp.h>
#include <string.h>

static struct {
    const char *name, *fetched_as;
    EVP_MD *md;
} sums[] = {
    {"MD5", "MD5", NULL},        {"SHA-1", "SHA1", NULL},     {"SHA-256", "SHA256", NULL},
    {"SHA-384", "SHA384", NULL}, {"SHA-512", "SHA512", NULL},
};

bool ev_hash_setup(void)
{
    char hex[EV_HASH_HEX_MAX];
    bool ok = true;

    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        if (!sums[i].md)
            sums[i].md = EVP_MD_fetch(NULL, sums[i].fetched_as, NULL);
        ok &= sums[i].md && ev_hash_hex(sums[i].name, "", 0, hex);
    }
    return ok;
}

bool ev_hash_hex(const char *algorithm, const void *data, size_t len, char ret[EV_HASH_HEX_MAX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned sum_len = 0;

    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        if (strcmp(sums[i].name, algorithm) != 0 || !sums[i].md)
            continue;
        if (EVP_Digest(data, len, sum, &sum_len, sums[i].md, NULL) != 1)
            return false;
        for (unsigned j = 0; j < sum_len; j++) {
            ret[2 * j] = digits[sum[j] >> 4];
            ret[2 * j + 1] = digits[sum[j] & 15];
        }
        ret[2 * sum_len] = '\0';
        return true;
    }
    return false;
}

/* json_keys.h -- finds a member's name that an object has twice, for json_check.c.
 * Names are kept on one stack, for the objects that are open: an object inside another one is
 * closed before the outer one gets its next name.  A few names are compared one by one; many are
 * sorted when the object ends, so that a hostile text costs n log n (a hash table would need a
 * secret to promise that, and base has none). */
#ifndef MR_JSON_KEYS_H
#define MR_JSON_KEYS_H

#include "common/base/json.h"

struct mr_json_key {
    uint64_t head; /* first 8 bytes: most names differ here */
    size_t len;    /* unescaped */
    size_t from;   /* offset of its bytes in the text, or in `plain` when escaped */
    size_t at;     /* offset in the text, for the error */
    bool escaped;
};

enum { MR_JSON_KEYS_INLINE = 64 };

struct mr_json_keys {
    struct mr_json_key *keys; /* `own` until it is too small */
    size_t count, cap;
    struct mr_buf plain; /* names with escapes, unescaped */
    struct {
        size_t first;       /* its first name in keys */
        size_t plain_first; /* and in plain */
    } objects[MR_JSON_DEPTH_MAX];
    unsigned open; /* objects and arrays */
    struct mr_json_key own[MR_JSON_KEYS_INLINE];
};

void mr_json_keys_init(struct mr_json_keys *keys);
void mr_json_keys_open(struct mr_json_keys *keys, unsigned depth);
/* The name at offset `at` of the text, len bytes without quotes, of the innermost object. */
MR_MUST_USE enum mr_code mr_json_keys_add(struct mr_json_keys *keys, const char *text, size_t at,
                                          size_t len, bool escaped, struct mr_error *err);
MR_MUST_USE enum mr_code mr_json_keys_close(struct mr_json_keys *keys, const char *text,
                                            unsigned depth, struct mr_error *err);
void mr_json_keys_release(struct mr_json_keys *keys);

#endif

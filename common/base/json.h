/* json.h -- the strict door in front of cJSON, and readers that name what was wrong.
 * cJSON alone changes integers beyond 2^53, and lets duplicate keys, trailing text, NUL, bad UTF-8
 * and a nesting of 1,000 pass.  mr_json_parse() refuses all of these first, in one pass.
 * Errors name the place as a JSON pointer where one is known, else as a byte offset. */
#ifndef MR_JSON_H
#define MR_JSON_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

struct mr_json_limits {
    size_t len_max;     /* bytes of text */
    unsigned depth_max; /* arrays and objects in each other */
};
extern const struct mr_json_limits mr_json_limits_message; /* 2 MiB, 64 */
enum { MR_JSON_DEPTH_MAX = 128 };

/* RFC 8259, UTF-8, one value and nothing behind it, no duplicate keys (compared after unescaping),
 * no \u0000, no lone surrogates, numbers finite as a double and of at most 63 characters; integers
 * (no '.', no exponent) within +-(2^53 - 1).  MR_INVALID with the byte offset and reason;
 * MR_TOO_LARGE for len or depth. */
MR_MUST_USE enum mr_code mr_json_check(const char *text, size_t len,
                                       const struct mr_json_limits *limits, struct mr_error *err);
/* Checks, then parses.  *ret is the caller's, to give back with cJSON_Delete().  No program calls
 * setlocale(): cJSON reads numbers with the locale's point (MR_INTERNAL where that showed). */
MR_MUST_USE enum mr_code mr_json_parse(const char *text, size_t len,
                                       const struct mr_json_limits *limits, cJSON **ret,
                                       struct mr_error *err);
/* Appends item as compact text (integers exact, doubles in the fewest digits that read back, -0 as
 * 0, NaN and infinities as null).  What it prints passes mr_json_check().  MR_TOO_LARGE: nested
 * deeper than MR_JSON_DEPTH_MAX.  On failure buf keeps what it had. */
enum mr_code mr_json_print(const cJSON *item, struct mr_buf *buf);
/* The same with object members sorted by key at every level: equal values give equal bytes. */
enum mr_code mr_json_print_sorted(const cJSON *item, struct mr_buf *buf);

/* Readers of an object's members.  `at` is the JSON pointer of the object ("" for the root), used
 * in the error only: "/source/key: must be a string".  A missing required member is MR_INVALID.
 * Strings returned are lent by the object. */
MR_MUST_USE enum mr_code mr_json_str(const cJSON *object, const char *at, const char *name,
                                     size_t len_max, const char **ret, struct mr_error *err);
MR_MUST_USE enum mr_code mr_json_str_opt(const cJSON *object, const char *at, const char *name,
                                         size_t len_max, const char **ret, /* NULL where absent */
                                         struct mr_error *err);
MR_MUST_USE enum mr_code mr_json_int(const cJSON *object, const char *at, const char *name,
                                     int64_t min, int64_t max, int64_t *ret, struct mr_error *err);
/* Absent: *ret stays as it was. */
MR_MUST_USE enum mr_code mr_json_int_opt(const cJSON *object, const char *at, const char *name,
                                         int64_t min, int64_t max, int64_t *ret,
                                         struct mr_error *err);
MR_MUST_USE enum mr_code mr_json_num_opt(const cJSON *object, const char *at, const char *name,
                                         double min, double max, double *ret, struct mr_error *err);
MR_MUST_USE enum mr_code mr_json_bool_opt(const cJSON *object, const char *at, const char *name,
                                          bool *ret, struct mr_error *err);
/* Every member of object is one of names (NULL-terminated); else MR_INVALID naming the first that
 * is not, with its pointer and what is allowed. */
MR_MUST_USE enum mr_code mr_json_known(const cJSON *object, const char *at,
                                       const char *const *names, struct mr_error *err);
/* Member by exact, case-sensitive name; NULL where absent. O(members). */
cJSON *mr_json_get(const cJSON *object, const char *name);

/* Ordered compact writer for hot paths: no tree.
 *     mr_jw_begin(&w, buf);
 *     mr_jw_open(&w, NULL, '{');
 *     mr_jw_str(&w, "id", id);
 *     mr_jw_close(&w, '}');
 *
 * name NULL inside arrays.  After an allocation failure, or an item nested too deep, buf->failed
 * is set. */
struct mr_jw {
    struct mr_buf *buf;
    bool comma;
};
void mr_jw_begin(struct mr_jw *w, struct mr_buf *buf);
void mr_jw_open(struct mr_jw *w, const char *name, char bracket);
void mr_jw_close(struct mr_jw *w, char bracket);
void mr_jw_str(struct mr_jw *w, const char *name, const char *text); /* text NULL: null */
void mr_jw_int(struct mr_jw *w, const char *name, int64_t n);
void mr_jw_bool(struct mr_jw *w, const char *name, bool b);
void mr_jw_raw(struct mr_jw *w, const char *name, const char *json, size_t len); /* checked JSON */
void mr_jw_item(struct mr_jw *w, const char *name, const cJSON *item);

#endif

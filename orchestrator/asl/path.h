/* path.h -- JSONPath as Step Functions evaluates it: $, $$ or $variable, then .name, ['name'], [n],
 * and where more than one place may be named: wildcards, slices, unions, '..', filters, functions.
 * Read once, when its machine is, and then followed.
 *
 * A path is definite when it can name at most one place.  A definite path that names nothing has no
 * result; any other path has a list, perhaps an empty one. */
#ifndef ASL_PATH_H
#define ASL_PATH_H

#include "common/base/error.h"
#include "orchestrator/asl/arena.h"
#include "orchestrator/asl/fault.h"

#include <cjson/cJSON.h>
#include <stdint.h>

enum {
    ASL_PATH_PARTS_MAX = 64,
    ASL_FILTER_DEPTH_MAX = 16,     /* parentheses, filters in filters, lists in lists */
    ASL_PATH_VISITS_MAX = 2000000, /* values that one path may look at: '..' after '..' is a lot */
};

enum asl_part_kind {
    ASL_PART_KEY,      /* .name */
    ASL_PART_INDEX,    /* [n] */
    ASL_PART_KEYS,     /* ['a','b']: at the end one object, else each of them */
    ASL_PART_INDEXES,  /* [0,2] */
    ASL_PART_SLICE,    /* [from:to] */
    ASL_PART_WILDCARD, /* .* or [*] */
    ASL_PART_SCAN,     /* ..: the next part at this value and at everything below it */
    ASL_PART_FILTER,   /* [?(...)] */
    ASL_PART_FUNCTION, /* .length() */
};

enum asl_path_function {
    ASL_PATH_LENGTH, /* of an array or object; null of anything else */
    ASL_PATH_MIN,    /* these want numbers */
    ASL_PATH_MAX,
    ASL_PATH_AVG,
    ASL_PATH_SUM,
    ASL_PATH_STDDEV,
    ASL_PATH_CONCAT, /* of the texts and numbers in an array */
};

struct asl_filter;
struct asl_part {
    enum asl_part_kind kind;
    const char *key; /* KEY */
    int index;       /* INDEX; below 0: from the end */
    bool counted;    /* INDEX, written (@.length - n) */
    uint32_t count;  /* KEYS, INDEXES */
    const char *const *keys;
    const int *indexes;
    int from, to; /* SLICE */
    bool has_from, has_to;
    const struct asl_filter *filter;
    enum asl_path_function function;
};

struct asl_path {
    const char *text;     /* as written; "null" for a null path */
    bool null;            /* InputPath, OutputPath: {}; ResultPath: the result is discarded */
    bool context;         /* begins with $$ */
    const char *variable; /* begins with $name; NULL: not */
    bool reference;       /* names and indexes alone: it can be written to */
    bool definite;
    uint32_t lead; /* so many parts at its begin are definite */
    uint32_t count;
    const struct asl_part *parts;
};

/* Everything of *ret is in arena.  MR_INVALID: no path; err says what is wrong in words that fit
 * behind the name of a field. */
MR_MUST_USE enum mr_code asl_path_parse(struct asl_arena *arena, const char *text,
                                        struct asl_path *ret, struct mr_error *err);

/* What path names in root; *ret is NULL where a definite path names nothing, or root is NULL.  path
 * is not null.  What is not part of root is hung into made, an array: *ret lives as long as both.
 * MR_TOO_LARGE: more than ASL_PATH_VISITS_MAX.  MR_INVALID: a function does not fit its value. */
MR_MUST_USE enum mr_code asl_path_find(const struct asl_path *path, const cJSON *root, cJSON *made,
                                       const cJSON **ret);
/* The same where path->reference. */
const cJSON *asl_path_get(const struct asl_path *path, const cJSON *root);
/* Of a reference: the part that cannot be followed in root, or where something is to be written
 * cannot be put there.  NULL: none. */
const struct asl_part *asl_path_stuck(const struct asl_path *path, const cJSON *root, bool writing);
/* Whether asl_path_put_take() would find it possible. */
bool asl_path_can_put(const struct asl_path *path, const cJSON *root);
/* Puts item at the place that path (a reference) names in *root, making objects on the way where
 * there is nothing.  item is taken over, also on failure.  MR_INVALID:
 * States.ResultPathMatchFailure. */
MR_MUST_USE enum mr_code asl_path_put_take(const struct asl_path *path, cJSON **root, cJSON *item,
                                           struct asl_fault *fault);

#endif

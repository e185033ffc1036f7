/* intrinsic.h -- the functions that a template may call: States.Format('{} of {}', $.a, $.b).
 * Read once, when its machine is, and called whenever the template is filled in.  What they answer
 * depends on nothing but the run: States.UUID and States.MathRandom hash the run's seed with the
 * state entry, the attempt and the place of the call, so that a replay gives the same. */
#ifndef ASL_INTRINSIC_H
#define ASL_INTRINSIC_H

#include "orchestrator/asl/path.h"

enum {
    ASL_INTRINSIC_DEPTH_MAX = 16,          /* calls in calls */
    ASL_INTRINSIC_ARGS_MAX = 256,          /* of one call */
    ASL_INTRINSIC_BYTES_MAX = 1024 * 1024, /* printed, of what one call makes */
    ASL_INTRINSIC_TEXT_MAX = 10000,        /* characters that are encoded, decoded or hashed */
    ASL_INTRINSIC_RANGE_MAX = 1000,        /* items of States.ArrayRange */
};

struct asl_function; /* a row of the table in intrinsic.c */
/* NULL: none of that name ("Format", len bytes). */
const struct asl_function *asl_function_find(const char *name, size_t len);
/* Whether it can be called with that many arguments; if not, *ret_wanted says what it takes. */
bool asl_function_takes(const struct asl_function *, uint32_t count, const char **ret_wanted);
/* Its first argument is a pattern, whose escapes it reads itself. */
bool asl_function_formats(const struct asl_function *);

struct asl_intrinsic;
struct asl_argument { /* the first of these that is not NULL */
    struct asl_intrinsic *call;
    struct asl_path *path;
    const cJSON *json; /* a literal, in the arena */
};

struct asl_intrinsic {
    const struct asl_function *function;
    const char *text; /* as written, from its name to its ')' */
    uint32_t number;  /* of the machine's calls: no two are alike */
    uint32_t count;
    struct asl_argument *args;
};

/* Whether text is meant as a call: begins with "States.". */
bool asl_intrinsic_is(const char *text);
/* Everything of *ret is in arena.  MR_INVALID: no call; err says what is wrong.  Its paths'
 * variables are as written, and the numbers of its calls 0: asl_parse_intrinsic() sees to both. */
MR_MUST_USE enum mr_code asl_intrinsic_parse(struct asl_arena *arena, const char *text,
                                             struct asl_intrinsic **ret, struct mr_error *err);

struct asl_scope;
/* *ret is the caller's.  MR_INVALID: States.IntrinsicFailure, which can be caught; or
 * States.Runtime, where an argument's path names nothing. */
MR_MUST_USE enum mr_code asl_intrinsic_call(const struct asl_intrinsic *, struct asl_scope *,
                                            cJSON **ret, struct asl_fault *fault);

#endif

/* intrinsic_call.h -- one call while it is answered, for the files that hold the functions. */
#ifndef ASL_INTRINSIC_CALL_H
#define ASL_INTRINSIC_CALL_H

#include "orchestrator/asl/intrinsic.h"

struct asl_call {
    const struct asl_intrinsic *intrinsic;
    struct asl_scope *scope;
    const cJSON **args;
    uint32_t count;
    size_t bytes_left; /* that copies may still take, printed */
    struct asl_fault *fault;
};
/* args have been counted.  *ret is the caller's. */
typedef enum mr_code asl_function_fn(struct asl_call *, cJSON **ret);

/* States.IntrinsicFailure: "The function '...' had the following error: ". */
#define asl_call_fail(call, ...)                                                                   \
    (asl_call_fail_text((call), __VA_ARGS__), mr_code_itself(MR_INVALID))
void asl_call_fail_text(struct asl_call *, const char *fmt, ...) MR_PRINTF(2, 3);

/* Arguments of a type; index from 0. */
MR_MUST_USE enum mr_code asl_call_array(struct asl_call *, uint32_t index, const cJSON **ret);
MR_MUST_USE enum mr_code asl_call_object(struct asl_call *, uint32_t index, const cJSON **ret);
MR_MUST_USE enum mr_code asl_call_string(struct asl_call *, uint32_t index, const char **ret);
/* A text of at most ASL_INTRINSIC_TEXT_MAX characters. */
MR_MUST_USE enum mr_code asl_call_short_string(struct asl_call *, uint32_t index, const char **ret);
/* A number, rounded to an integer: halves go up. */
MR_MUST_USE enum mr_code asl_call_integer(struct asl_call *, uint32_t index, int64_t *ret);
/* A copy of json behind the others in array; MR_INVALID: what is made grows too large. */
MR_MUST_USE enum mr_code asl_call_append(struct asl_call *, cJSON *array, const cJSON *json);
/* A copy of member, under its name, behind the others in object, none of which has that name. */
MR_MUST_USE enum mr_code asl_call_add(struct asl_call *, cJSON *object, const cJSON *member);
/* A hash of the run's seed and of this call; round tells several of one call apart. */
uint64_t asl_call_random(const struct asl_call *, uint32_t round);
/* Ends a function: json, or what became of it. */
enum mr_code asl_call_end(enum mr_code rc, cJSON *json, cJSON **ret);

/* intrinsic_array.c */
asl_function_fn asl_fn_array, asl_fn_array_partition, asl_fn_array_contains, asl_fn_array_range,
    asl_fn_array_get_item, asl_fn_array_length, asl_fn_array_unique;
/* intrinsic_text.c */
asl_function_fn asl_fn_format, asl_fn_string_split, asl_fn_base64_encode, asl_fn_base64_decode,
    asl_fn_hash, asl_fn_uuid;
/* intrinsic_json.c */
asl_function_fn asl_fn_string_to_json, asl_fn_json_to_string, asl_fn_json_merge;
/* intrinsic_math.c */
asl_function_fn asl_fn_math_add, asl_fn_math_random;

#endif

/* intrinsic_math.c -- States.MathAdd and States.MathRandom. */
#include "orchestrator/asl/intrinsic_call.h"

#include <math.h>

enum mr_code asl_fn_math_add(struct asl_call *call, cJSON **ret)
{
    int64_t a, b;
    enum mr_code rc = asl_call_integer(call, 0, &a);

    if (!rc)
        rc = asl_call_integer(call, 1, &b);
    if (!rc && (a + b > 9007199254740991 || a + b < -9007199254740991))
        rc = asl_call_fail(call, "The sum is too large a number");
    return rc ? rc : asl_call_end(MR_OK, cJSON_CreateNumber((double)(a + b)), ret);
}

/* The first number that java.util.Random gives for seed, from 0 to below span: a seed stands for
 * the same number as in the service. */
static int64_t java_random(int64_t seed, int64_t span)
{
    const uint64_t mask = (UINT64_C(1) << 48) - 1;
    uint64_t state = ((uint64_t)seed ^ UINT64_C(0x5DEECE66D)) & mask;
    int32_t bits, n;

    do {
        state = (state * UINT64_C(0x5DEECE66D) + 0xB) & mask;
        bits = (int32_t)(state >> 17);
        if ((span & (span - 1)) == 0)
            return span * (int64_t)bits >> 31;
        n = (int32_t)(bits % span);
    } while ((int64_t)bits - n + (span - 1) > INT32_MAX);
    return n;
}

enum mr_code asl_fn_math_random(struct asl_call *call, cJSON **ret)
{
    int64_t start, end, seed, n;
    enum mr_code rc = asl_call_integer(call, 0, &start);

    if (!rc)
        rc = asl_call_integer(call, 1, &end);
    if (!rc && call->count == 3)
        rc = asl_call_integer(call, 2, &seed);
    if (!rc && end <= start)
        rc = asl_call_fail(call, "The end must be greater than the start");
    if (rc)
        return rc;
    if (call->count == 3 && end - start <= INT32_MAX)
        n = java_random(seed, end - start);
    else
        n = (int64_t)(asl_call_random(call, call->count == 3 ? (uint32_t)seed : 0) %
                      (uint64_t)(end - start));
    return asl_call_end(MR_OK, cJSON_CreateNumber((double)(start + n)), ret);
}

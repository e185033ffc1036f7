/* retry.c -- see retry.h.  The delay is IEEE multiplication and a hash: the same everywhere. */
#include "orchestrator/asl/retry.h"

#include "common/base/id.h"
#include "orchestrator/asl/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const double delay_limit_ms = ASL_SECONDS_MAX * 1000.0;

bool asl_fault_final(const struct asl_fault *fault)
{
    return fault->error && strcmp(fault->error, ASL_RUNTIME) == 0;
}

static bool matches(const char *name, const struct asl_fault *fault)
{
    bool timeout = fault->error && strcmp(fault->error, ASL_TIMEOUT) == 0;

    if (strcmp(name, ASL_ALL) == 0)
        return true;
    if (strcmp(name, ASL_TASK_FAILED) == 0)
        return !timeout;
    if (strcmp(name, ASL_HEARTBEAT_TIMEOUT) == 0 && fault->heartbeat)
        return true;
    if (strcmp(name, ASL_BRANCH_FAILED) == 0 && fault->branch)
        return true;
    if (strcmp(name, ASL_RESULT_PATH_MATCH) == 0 && fault->error &&
        strcmp(fault->error, ASL_REFERENCE_CONFLICT) == 0)
        return true; /* the name that the documents have for it */
    return fault->error && strcmp(name, fault->error) == 0;
}

bool asl_errors_match(const struct asl_errors *errors, const struct asl_fault *fault)
{
    for (uint32_t i = 0; i < errors->count; i++)
        if (matches(errors->names[i], fault))
            return true;
    return false;
}

int64_t asl_retry_delay(const struct asl_retrier *retrier, uint32_t tries,
                        const struct asl_run *run, const struct asl_frame *frame)
{
    double limit = retrier->delay_max_ms ? (double)retrier->delay_max_ms : delay_limit_ms;
    double delay = (double)retrier->interval_ms;
    char key[48];
    int len;

    for (uint32_t i = 0; retrier->backoff > 1 && i < tries && delay < limit; i++)
        delay *= retrier->backoff;
    if (delay > limit)
        delay = limit;
    if (retrier->jitter) {
        len = snprintf(key, sizeof(key), "%" PRIu64 ".%" PRIu32, frame->seq, frame->attempt);
        delay *= (double)(mr_hash64(run->seed, key, (size_t)len) >> 11) / 9007199254740992.0;
    }
    return (int64_t)delay;
}

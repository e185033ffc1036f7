/* retry.h -- which Retry or Catch entry a fault meets, and how long a back-off lasts. */
#ifndef ASL_RETRY_H
#define ASL_RETRY_H

#include "orchestrator/asl/frame.h"

/* States.Runtime ends the run, whatever ErrorEquals says. */
bool asl_fault_final(const struct asl_fault *fault);
bool asl_errors_match(const struct asl_errors *errors, const struct asl_fault *fault);
/* Waiting before the next try, of which tries went before: in ms. */
int64_t asl_retry_delay(const struct asl_retrier *, uint32_t tries, const struct asl_run *,
                        const struct asl_frame *);

#endif

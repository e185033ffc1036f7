/* recorded.h -- logs of runs, as one line of JSON each, and what replaying one comes to.  A log is
 *   {"engine","definition","limits":{"entries","step","work","in_flight","data"},"events":[...],
 *    "status","digest"}
 * and an event has the members of struct asl_event that its kind uses, "k" being its kind's number.
 * The digest is of every answer of every step: effects, values kept apart, the text of the run. */
#ifndef TESTS_ASL_RECORDED_H
#define TESTS_ASL_RECORDED_H

#include "common/base/error.h"
#include "orchestrator/asl/step.h"

#include <cjson/cJSON.h>

enum { RECORDED_DIGEST = 17 };

/* An event as a log has it.  The caller's to delete. */
cJSON *recorded_event(const struct asl_event *event);
/* Plays the log's events by the rules of its engine; *ret_run is the caller's. */
MR_MUST_USE enum mr_code recorded_replay(const cJSON *log, char digest[RECORDED_DIGEST],
                                         struct asl_run **ret_run, struct mr_error *err);

#endif

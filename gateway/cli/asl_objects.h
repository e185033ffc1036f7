/* asl_objects.h -- the storage of a simulation: a list of objects, and what is written to it. */
#ifndef ASL_OBJECTS_H
#define ASL_OBJECTS_H

#include "common/model/items.h"
#include "orchestrator/asl/simulate.h"

/* stored: an array of {bucket, key, body}, which puts are appended to; lent. */
struct mr_objects asl_objects_of(cJSON *stored);
/* Answers the tasks of a distributed Map's pages.  false: another's task. */
bool asl_objects_answer(cJSON *stored, const struct asl_effect *task, const cJSON *input,
                        struct asl_answer *ret);

#endif

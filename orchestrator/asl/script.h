/* script.h -- task answers that somebody wrote down, for simulations: an object whose members are
 * the names of states or resources, and whose values say what a task of it answers:
 *     "echo"                          its effective input
 *     {"return": X}                   X
 *     {"raise": {"error", "cause"}}   it fails; either may be absent
 *     {"hang": true}                  it never answers
 *     {"script": [B, ...]}            one a call, the last one again and again
 *     {"by_input": [{"input", "do": B}, ...]}  the first whose input is the task's
 * "after_seconds" beside any member of these delays the answer.  {"behaviour": B} is B. */
#ifndef ASL_SCRIPT_H
#define ASL_SCRIPT_H

#include "orchestrator/asl/simulate.h"

struct asl_script;

/* json is lent as long as the script lives; NULL: an empty one.  otherwise_echo: a task that the
 * script does not name answers its input; else it is MR_NOT_FOUND, and the error names it. */
MR_MUST_USE enum mr_code asl_script_new(const cJSON *json, bool otherwise_echo,
                                        struct asl_script **ret, struct mr_error *err);
void asl_script_free(struct asl_script *); /* accepts NULL */
/* What the task answers now: each call of it counts. */
MR_MUST_USE enum mr_code asl_script_answer(struct asl_script *, const struct asl_effect *task,
                                           const cJSON *input, struct asl_answer *ret,
                                           struct mr_error *err);

#endif

/* path_regex.h -- regular expressions of filters: [?(@.name =~ /ab+c/i)].  All of the text must
 * match, as with Java's matches().  Run as a set of threads in step, so that no pattern takes
 * longer than its length times the text's: there are no back references and no look-around. */
#ifndef ASL_PATH_REGEX_H
#define ASL_PATH_REGEX_H

#include "orchestrator/asl/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { ASL_REGEX_SIZE_MAX = 1000, ASL_REGEX_DEPTH_MAX = 16 };

struct asl_regex;
/* len bytes of pattern, without its slashes.  NULL: no pattern (*ret_why says what is wrong with
 * it), or out of memory (*ret_why is NULL). */
const struct asl_regex *asl_regex_parse(struct asl_arena *, const char *pattern, size_t len,
                                        bool fold_case, const char **ret_why);
/* *ret_work counts what was looked at. */
bool asl_regex_matches(const struct asl_regex *, const char *text, uint64_t *ret_work);

#endif

/* path_function.h -- what may end a path: .length() and its like. */
#ifndef ASL_PATH_FUNCTION_H
#define ASL_PATH_FUNCTION_H

#include "orchestrator/asl/path.h"

/* false: no function of that name (len bytes). */
bool asl_path_function_find(const char *name, size_t len, enum asl_path_function *ret);
/* *ret is the caller's.  MR_INVALID: node is nothing that the function can be asked of. */
MR_MUST_USE enum mr_code asl_path_function(enum asl_path_function, const cJSON *node, cJSON **ret);

#endif

/* redis_functions.h -- orchestrator/functions as one library of the server's. */
#ifndef MR_REDIS_FUNCTIONS_H
#define MR_REDIS_FUNCTIONS_H

#include "common/base/buf.h"
#include "common/base/error.h"

enum { MR_REDIS_FUNCTION_MAX = 64 };

/* The name `function` has in the server: with the version of the whole library, so that programs of
 * two versions can share a server while one is replaced by the other. */
void mr_redis_function_name(const char *function, char ret[MR_REDIS_FUNCTION_MAX]);
/* Appends the library's text, for FUNCTION LOAD. */
MR_MUST_USE enum mr_code mr_redis_functions_text(struct mr_buf *buf);

#endif

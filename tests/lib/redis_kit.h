/* redis_kit.h -- a real Redis for tests: the one of MILLRACE_REDIS_URL, in its database 9. */
#ifndef REDIS_KIT_H
#define REDIS_KIT_H

#include "common/adapters/adapters.h"

#include <hiredis/hiredis.h>

enum { REDIS_KIT_SKIPPED = 77 };

/* False, and a line that says why, where there is none.  Wipes the database. */
bool redis_kit_config(struct mr_redis_config *ret);
void redis_kit_release(struct mr_redis_config *config);
/* One command, formatted as hiredis's; freeReplyObject() the answer. Fails the test on no answer.
 */
redisReply *redis_kit_command(const char *fmt, ...);
int64_t redis_kit_int(const char *fmt, ...); /* the answer as a number, -1 where it is none */
void redis_kit_wipe(void);                   /* works with FLUSHALL off, too */

#endif

/* redis_functions.c -- makes one library of the files of orchestrator/functions: each file is the
 * body of a function of KEYS and ARGV.  Its version is a hash of all of them. */
#include "common/adapters/redis_functions.h"

#include "common/base/id.h"
#include "functions.h" /* made by deploy/texts.cmake */

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

struct function {
    const char *name;
    const char *text;
    size_t len;
};
static const struct function functions[] = {
#define FUNCTION_ROW(name) {#name, mr_lua_##name, sizeof mr_lua_##name - 1},
    MR_LUA_FUNCTIONS(FUNCTION_ROW)
#undef FUNCTION_ROW
};
enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

static uint64_t version(void)
{
    static _Atomic uint64_t known; /* every thread would come to the same */
    uint64_t hash = known;

    if (hash != 0)
        return hash;
    for (size_t i = 0; i < FUNCTION_COUNT; i++)
        hash = mr_hash64(hash, functions[i].text, functions[i].len);
    known = hash;
    return hash;
}

void mr_redis_function_name(const char *function, char ret[MR_REDIS_FUNCTION_MAX])
{
    (void)snprintf(ret, MR_REDIS_FUNCTION_MAX, "mr_%.40s_%016" PRIx64, function, version());
}

enum mr_code mr_redis_functions_text(struct mr_buf *buf)
{
    mr_buf_addf(buf, "#!lua name=millrace_%016" PRIx64 "\n", version());
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        mr_buf_addf(buf, "redis.register_function('mr_%s_%016" PRIx64 "', function(KEYS, ARGV)\n",
                    functions[i].name, version());
        mr_buf_add(buf, functions[i].text, functions[i].len);
        mr_buf_add_str(buf, "\nend)\n");
    }
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}

/* failure_kit.h -- definitions with a task that is going to fail, for the tests of what comes of
 * it. */
#ifndef TEST_ASL_FAILURE_KIT_H
#define TEST_ASL_FAILURE_KIT_H

#include "tests/unit/asl/play.h"

#define TASK(rest)                                                                                 \
    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\"" rest   \
    ",\"End\":true}}}"
#define CAUGHT(rest)                                                                               \
    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\"" rest   \
    ",\"End\":true},\"C\":{\"Type\":\"Pass\",\"End\":true}}}"

static inline void begin(struct play *play, const char *definition)
{
    play_begin(play, definition);
    play_start(play, "{\"in\":1}");
}

#endif

/* asl_play.h -- one recorded case of the workflow language, played by the real engine. */
#ifndef ASL_PLAY_H
#define ASL_PLAY_H

#include "common/base/json.h"

/* The line of results for it; the caller's.  NULL: memory ran out. */
cJSON *asl_play_case(const cJSON *test);

#endif

/* hostile.h -- what a decoder that was taken over might try; only in the test's own build of it. */
#ifndef DEC_HOSTILE_H
#define DEC_HOSTILE_H

#include "worker/decoder/channel.h"
#include "worker/decoder/load.h"

/* How a source begins that says what to do, and then the deed; to whoever sniffs it, it is a GIF.
 */
#define DEC_HOSTILE_MARK "GIF89a HOSTILE "

/* Deeds that are one system call, hostile_reach.c. */
struct dec_reach {
    const char *deed;
    void (*fn)(void);
};
extern const struct dec_reach dec_reaches[];
extern const size_t dec_reaches_count;

/* Does what the source says, if it begins so.  True: and the reply says what came of it.
 */
bool dec_hostile_act(struct dec_channel *channel, const struct dec_source *source,
                     struct dec_reply *reply);

#endif

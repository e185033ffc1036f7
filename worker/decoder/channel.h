/* channel.h -- the decoder's end of the socket, and the memfds that came over it. */
#ifndef DEC_CHANNEL_H
#define DEC_CHANNEL_H

#include "common/base/buf.h"
#include "worker/decoder/protocol.h"

#include <stdbool.h>

struct dec_slot {
    int fd;          /* -1: never handed */
    const void *map; /* of a source; NULL of an output */
    size_t size;
};

struct dec_channel {
    int sock;
    struct dec_slot slots[DEC_SLOTS];
};

void dec_channel_init(struct dec_channel *channel, int sock);
/* What it was started for.  False: no supervisor of ours is there. */
bool dec_channel_start(struct dec_channel *channel, struct dec_start *ret);
/* Waits for a task; memfds that come before it go into their slots.  False: the supervisor is gone,
 * or says what we do not understand, and there is nothing left to do. */
bool dec_channel_task(struct dec_channel *channel, struct dec_task *ret, struct mr_buf *ret_text);
bool dec_channel_hello(struct dec_channel *channel, const struct sb_report *report);
/* Asks for memory and waits.  False: there is none for this task; or the supervisor is gone, which
 * the next call finds. */
bool dec_channel_ask(struct dec_channel *channel, uint32_t sequence, uint64_t bytes);
bool dec_channel_reply(struct dec_channel *channel, struct dec_reply *reply,
                       const struct mr_buf *text);

#endif

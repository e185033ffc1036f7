/* frames.c -- walks the blocks of a GIF and the chunks of a WebP; pixels are never looked at. */
#include "worker/decoder/frames.h"

#include <stdint.h>
#include <string.h>

enum {
    GIF_HEAD = 13,      /* signature and screen */
    GIF_FRAME_HEAD = 10 /* with its introducer */
};

/* Bytes of the colour table that a packed field tells of. */
static size_t gif_table(unsigned char packed)
{
    return packed & 0x80 ? (size_t)3 << ((packed & 7) + 1) : 0;
}

static size_t gif_blocks_end(const unsigned char *p, size_t len, size_t at)
{
    while (at < len && p[at] != 0)
        at += (size_t)p[at] + 1;
    return at + 1;
}

static int gif_frames(const unsigned char *p, size_t len)
{
    size_t at = GIF_HEAD;
    int frames = 0;

    if (len < GIF_HEAD)
        return 0;
    at += gif_table(p[10]);
    while (at + GIF_FRAME_HEAD < len && p[at] != 0x3b) {
        if (p[at] == 0x2c) {
            frames++;
            at += GIF_FRAME_HEAD + gif_table(p[at + 9]) + 1; /* and the size of a code */
        } else {
            at += 2;
        }
        at = gif_blocks_end(p, len, at);
    }
    return frames;
}

static int webp_frames(const unsigned char *p, size_t len)
{
    int frames = 0;

    for (size_t at = 12; at + 8 <= len;) {
        size_t size = (size_t)p[at + 4] | (size_t)p[at + 5] << 8 | (size_t)p[at + 6] << 16 |
                      (size_t)p[at + 7] << 24;
        if (memcmp(p + at, "ANMF", 4) == 0)
            frames++;
        at += 8 + size + (size & 1);
    }
    return frames;
}

int dec_frames_count(const void *data, size_t len, enum mr_format format)
{
    int frames = format == MR_FORMAT_GIF    ? gif_frames(data, len)
                 : format == MR_FORMAT_WEBP ? webp_frames(data, len)
                                            : 1;

    return frames > 1 ? frames : 1;
}

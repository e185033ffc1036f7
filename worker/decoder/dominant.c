/* dominant.c -- the most frequent colour: a histogram of 16 steps a channel, and the middle of its
 * fullest box; of equals the darkest, blue before green before red, as libvips finds it. */
#include "worker/decoder/tally.h"

void dec_dominant_row(struct dec_dominant *dominant, const uint8_t *row, int width, int bands)
{
    const int green = bands > 2 ? 1 : 0, blue = bands > 2 ? 2 : 0;

    for (int x = 0; x < width; x++, row += bands)
        dominant->boxes[(row[blue] >> 4) << 8 | (row[green] >> 4) << 4 | row[0] >> 4]++;
}

void dec_dominant_color(const struct dec_dominant *dominant, int ret[3])
{
    int most = 0;

    for (int i = 1; i < 4096; i++)
        if (dominant->boxes[i] > dominant->boxes[most])
            most = i;
    ret[0] = (most & 15) * 16 + 8;
    ret[1] = (most >> 4 & 15) * 16 + 8;
    ret[2] = (most >> 8) * 16 + 8;
}

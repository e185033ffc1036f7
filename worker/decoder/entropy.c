/* entropy.c -- C. E. Shannon, "A mathematical theory of communication", 1948, of grey levels. */
#include "worker/decoder/tally.h"

#include <math.h>

void dec_entropy_row(struct dec_entropy *entropy, const uint8_t *grey, int width)
{
    for (int x = 0; x < width; x++)
        entropy->levels[grey[x]]++;
    entropy->pixels += (uint64_t)width;
}

double dec_entropy_bits(const struct dec_entropy *entropy)
{
    double bits = 0;

    for (int i = 0; i < 256; i++)
        if (entropy->levels[i]) {
            double part = (double)entropy->levels[i] / (double)entropy->pixels;
            bits -= part * log2(part);
        }
    return bits;
}

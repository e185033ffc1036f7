/* sharpness.c -- the spread of the Laplacian (J. L. Pech-Pacheco et al., "Diatom autofocusing in
 * brightfield microscopy", 2000), in the form of sharp's stats(): 4 neighbours, divided by 9, edges
 * repeated, the deviation instead of the variance. */
#include "worker/decoder/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCALE = 9 };

bool dec_sharpness_init(struct dec_sharpness *sharpness, int width)
{
    *sharpness = (struct dec_sharpness){.width = width};
    sharpness->lines[0] = malloc((size_t)width * 3);
    if (!sharpness->lines[0])
        return false;
    sharpness->lines[1] = sharpness->lines[0] + width;
    sharpness->lines[2] = sharpness->lines[1] + width;
    return true;
}

static void line(struct dec_sharpness *sharpness, const uint8_t *above, const uint8_t *at,
                 const uint8_t *below)
{
    const int last = sharpness->width - 1;
    int64_t sum = 0, squares = 0;

    for (int x = 0; x <= last; x++) {
        int v =
            above[x] + below[x] + at[x > 0 ? x - 1 : 0] + at[x < last ? x + 1 : last] - 4 * at[x];
        sum += v;
        squares += v * v;
    }
    sharpness->sum += (double)sum;
    sharpness->squares += (double)squares;
}

void dec_sharpness_row(struct dec_sharpness *sharpness, const uint8_t *grey)
{
    const int y = sharpness->rows++;

    memcpy(sharpness->lines[y % 3], grey, (size_t)sharpness->width);
    if (y > 0) /* the row before has both neighbours now */
        line(sharpness, sharpness->lines[(y > 1 ? y - 2 : 0) % 3], sharpness->lines[(y - 1) % 3],
             sharpness->lines[y % 3]);
}

double dec_sharpness_value(struct dec_sharpness *sharpness)
{
    const int last = sharpness->rows - 1;
    double n = (double)sharpness->width * sharpness->rows, spread;

    if (last < 0)
        return 0;
    line(sharpness, sharpness->lines[(last > 0 ? last - 1 : 0) % 3], sharpness->lines[last % 3],
         sharpness->lines[last % 3]);
    spread = sharpness->squares - sharpness->sum * sharpness->sum / n;
    return n > 1 && spread > 0 ? sqrt(spread / (n - 1)) / SCALE : 0;
}

void dec_sharpness_release(struct dec_sharpness *sharpness)
{
    free(sharpness->lines[0]);
    *sharpness = (struct dec_sharpness){0};
}

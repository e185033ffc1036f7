/* grey.c -- luminance: in linear light, with the weights of ITU-R BT.709, and back into sRGB's
 * curve (IEC 61966-2-1), as libvips' b-w. */
#include "worker/decoder/tally.h"

#include <math.h>
#include <string.h>

enum { STEPS = 1 << 14 }; /* of linear light: fine enough that neighbours in the dark differ */

static float linear[256];
static uint8_t curve[STEPS + 1];

static void tables_make(void)
{
    for (int i = 0; i < 256; i++) {
        double v = i / 255.0;
        linear[i] = (float)(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    for (int i = 0; i <= STEPS; i++) {
        double v = (double)i / STEPS;
        double level = v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
        curve[i] = (uint8_t)(level * 255 + 0.5);
    }
}

void dec_grey_row(const uint8_t *row, int width, int bands, uint8_t *ret)
{
    if (curve[STEPS] == 0)
        tables_make();
    for (int x = 0; x < width; x++, row += bands) {
        if (bands < 3) {
            ret[x] = row[0];
            continue;
        }
        float light =
            0.2126f * linear[row[0]] + 0.7152f * linear[row[1]] + 0.0722f * linear[row[2]];
        ret[x] = curve[(int)(light * STEPS + 0.5f)];
    }
}

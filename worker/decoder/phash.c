/* phash.c -- the perceptual hash of N. Krawetz, "Looks Like It" (2011), in the form of Python's
 * ImageHash: 32 x 32 of luma, its cosine transform, and of the 8 x 8 lowest frequencies whether
 * each is above their median. */
#include "worker/decoder/pixels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = DEC_PHASH_SIDE, LOW = 8 };

static const double pi = 3.14159265358979323846;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Down the columns and then along the rows; only what is low in both is needed. */
static void low_frequencies(const uint8_t *luma, double ret[LOW * LOW])
{
    double basis[LOW][SIDE], columns[LOW][SIDE];

    for (int k = 0; k < LOW; k++)
        for (int n = 0; n < SIDE; n++)
            basis[k][n] = 2 * cos(pi * k * (2 * n + 1) / (2 * SIDE));
    for (int k = 0; k < LOW; k++)
        for (int x = 0; x < SIDE; x++) {
            columns[k][x] = 0;
            for (int y = 0; y < SIDE; y++)
                columns[k][x] += luma[y * SIDE + x] * basis[k][y];
        }
    for (int k = 0; k < LOW; k++)
        for (int l = 0; l < LOW; l++) {
            ret[k * LOW + l] = 0;
            for (int x = 0; x < SIDE; x++)
                ret[k * LOW + l] += columns[k][x] * basis[l][x];
        }
}

uint64_t dec_phash(const uint8_t luma[DEC_PHASH_SIDE * DEC_PHASH_SIDE])
{
    double low[LOW * LOW], sorted[LOW * LOW], median;
    uint64_t hash = 0;

    low_frequencies(luma, low);
    memcpy(sorted, low, sizeof(sorted));
    qsort(sorted, LOW * LOW, sizeof(sorted[0]), by_value);
    median = (sorted[LOW * LOW / 2 - 1] + sorted[LOW * LOW / 2]) / 2;
    for (int i = 0; i < LOW * LOW; i++)
        hash = hash << 1 | (low[i] > median);
    return hash;
}

/* dssim.c -- structural dissimilarity of luma.  Z. Wang, A. C. Bovik, H. R. Sheikh, E. P.
 * Simoncelli, "Image quality assessment: from error visibility to structural similarity", 2004. */
#include "worker/decoder/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RADIUS = 5, TAPS = 2 * RADIUS + 1 };

static const double sigma = 1.5, c1 = (0.01 * 255) * (0.01 * 255), c2 = (0.03 * 255) * (0.03 * 255);

static void taps_make(float taps[TAPS])
{
    double sum = 0, weights[TAPS];

    for (int i = 0; i < TAPS; i++) {
        weights[i] = exp(-(i - RADIUS) * (i - RADIUS) / (2 * sigma * sigma));
        sum += weights[i];
    }
    for (int i = 0; i < TAPS; i++)
        taps[i] = (float)(weights[i] / sum);
}

/* Beyond an edge the picture goes on mirrored, the edge itself repeated. */
static int mirrored(int at, int len)
{
    while (at < 0 || at >= len)
        at = at < 0 ? -at - 1 : 2 * len - at - 1;
    return at;
}

static void blur(const float *in, float *out, float *half, int width, int height,
                 const float taps[TAPS])
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float sum = 0;
            for (int i = 0; i < TAPS; i++)
                sum += taps[i] * in[(size_t)y * width + mirrored(x + i - RADIUS, width)];
            half[(size_t)y * width + x] = sum;
        }
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float sum = 0;
            for (int i = 0; i < TAPS; i++)
                sum += taps[i] * half[(size_t)mirrored(y + i - RADIUS, height) * width + x];
            out[(size_t)y * width + x] = sum;
        }
}

static void luma(const uint8_t *rgb, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = 0.299f * rgb[3 * i] + 0.587f * rgb[3 * i + 1] + 0.114f * rgb[3 * i + 2];
}

static void product(const float *a, const float *b, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] * b[i];
}

double dec_dssim(const uint8_t *original, const uint8_t *other, int width, int height)
{
    enum { A, B, MEAN_A, MEAN_B, AA, BB, AB, WORK, HALF, PLANES };
    size_t n = (size_t)width * height;
    float *memory = malloc(n * PLANES * sizeof(float)), *p[PLANES], taps[TAPS];
    double sum = 0;

    if (!memory)
        return NAN;
    for (int i = 0; i < PLANES; i++)
        p[i] = memory + n * i;
    taps_make(taps);
    luma(original, p[A], n);
    luma(other, p[B], n);
    blur(p[A], p[MEAN_A], p[HALF], width, height, taps);
    blur(p[B], p[MEAN_B], p[HALF], width, height, taps);
    product(p[A], p[A], p[WORK], n);
    blur(p[WORK], p[AA], p[HALF], width, height, taps);
    product(p[B], p[B], p[WORK], n);
    blur(p[WORK], p[BB], p[HALF], width, height, taps);
    product(p[A], p[B], p[WORK], n);
    blur(p[WORK], p[AB], p[HALF], width, height, taps);
    for (size_t i = 0; i < n; i++) {
        double ma = p[MEAN_A][i], mb = p[MEAN_B][i];
        double va = p[AA][i] - ma * ma, vb = p[BB][i] - mb * mb, cov = p[AB][i] - ma * mb;
        sum += (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    }
    free(memory);
    return (1 - sum / (double)n) / 2;
}

/* blurhash.c -- BlurHash (Wolt, D. Agren), as github.com/woltapp/blurhash Algorithm.md and its C
 * and Swift encoders have it: the first terms of a cosine transform of linear light, in base 83. */
#include "worker/decoder/pixels.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

struct color {
    double v[3]; /* linear light, red green blue */
};

static double linear_of(int byte)
{
    double v = byte / 255.0;

    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static int byte_of(double linear)
{
    double v = linear < 0 ? 0 : linear > 1 ? 1 : linear;

    return (int)((v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055) * 255 + 0.5);
}

static char *digits(char *at, int value, int count)
{
    static const char alphabet[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

    for (int i = count - 1; i >= 0; i--, value /= 83)
        at[i] = alphabet[value % 83];
    return at + count;
}

static struct color term(const struct dec_pixels *pixels, const double linear[256], int i, int j)
{
    const double weight = (i || j ? 2.0 : 1.0) / ((double)pixels->width * pixels->height);
    const uint8_t *p = pixels->data;
    struct color sum = {0};

    for (int y = 0; y < pixels->height; y++) {
        double down = cos(pi * j * y / pixels->height);
        for (int x = 0; x < pixels->width; x++, p += 4) {
            double basis = cos(pi * i * x / pixels->width) * down;
            for (int band = 0; band < 3; band++)
                sum.v[band] += basis * linear[p[band]];
        }
    }
    for (int band = 0; band < 3; band++)
        sum.v[band] *= weight;
    return sum;
}

/* -1..1 in 19 steps, finer around 0. */
static int quantised(double v)
{
    int n = (int)floor(copysign(sqrt(fabs(v)), v) * 9 + 9.5);

    return n < 0 ? 0 : n > 18 ? 18 : n;
}

void dec_blurhash(const struct dec_pixels *pixels, int across, int down,
                  char ret[DEC_BLURHASH_SIZE])
{
    struct color terms[DEC_BLURHASH_COMPONENTS_MAX * DEC_BLURHASH_COMPONENTS_MAX];
    const int count = across * down;
    double linear[256], most = 0, scale = 1;
    int most_step = 0;
    char *at = ret;

    for (int i = 0; i < 256; i++)
        linear[i] = linear_of(i);
    for (int n = 0; n < count; n++)
        terms[n] = term(pixels, linear, n % across, n / across);
    for (int n = 1; n < count; n++)
        for (int band = 0; band < 3; band++)
            most = fmax(most, fabs(terms[n].v[band]));
    if (count > 1) {
        most_step = (int)floor(most * 166 - 0.5);
        most_step = most_step < 0 ? 0 : most_step > 82 ? 82 : most_step;
        scale = (most_step + 1) / 166.0;
    }
    at = digits(at, across - 1 + (down - 1) * 9, 1);
    at = digits(at, most_step, 1);
    at = digits(
        at, byte_of(terms[0].v[0]) << 16 | byte_of(terms[0].v[1]) << 8 | byte_of(terms[0].v[2]), 4);
    for (int n = 1; n < count; n++)
        at = digits(at,
                    quantised(terms[n].v[0] / scale) * 19 * 19 +
                        quantised(terms[n].v[1] / scale) * 19 + quantised(terms[n].v[2] / scale),
                    2);
    *at = '\0';
}

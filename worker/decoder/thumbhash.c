/* thumbhash.c -- ThumbHash (E. Wallace, github.com/evanw/thumbhash; its JavaScript encoder is the
 * reference): a cosine transform of luminance, two differences of colour and alpha, in 4 bits a
 * term, with the shape of the picture in it. */
#include "worker/decoder/pixels.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { PIXELS_MAX = DEC_PIXELS_SIDE_MAX * DEC_PIXELS_SIDE_MAX, TERMS_MAX = 7 * 7 };

static const double pi = 3.14159265358979323846;
/* What is left of sums that ought to be nothing; the reference writes it out, scaled by zero. */
static const double noise = 1e-12;

struct channel {
    double constant, terms[TERMS_MAX], scale;
    int count;
};

struct planes { /* too large for a stack that is small; this process has one thread at work */
    double l[PIXELS_MAX], p[PIXELS_MAX], q[PIXELS_MAX], a[PIXELS_MAX];
};

static int rounded(double v) /* a half goes up, as in JavaScript */
{
    return (int)floor(v + 0.5);
}

static double one_term(const double *plane, int width, int height, int cx, int cy)
{
    double across[DEC_PIXELS_SIDE_MAX], sum = 0;

    for (int x = 0; x < width; x++)
        across[x] = cos(pi / width * cx * (x + 0.5));
    for (int y = 0; y < height; y++) {
        double down = cos(pi / height * cy * (y + 0.5));
        for (int x = 0; x < width; x++)
            sum += plane[x + y * width] * across[x] * down;
    }
    return sum / ((double)width * height);
}

/* The terms of a triangle: low in one direction where they are high in the other. */
static struct channel transformed(const double *plane, int width, int height, int nx, int ny)
{
    struct channel channel = {0};

    for (int cy = 0; cy < ny; cy++)
        for (int cx = 0; cx * ny < nx * (ny - cy); cx++) {
            double term = one_term(plane, width, height, cx, cy);
            if (cx == 0 && cy == 0) {
                channel.constant = term;
                continue;
            }
            channel.terms[channel.count++] = term;
            channel.scale = fmax(channel.scale, fabs(term));
        }
    if (channel.scale < noise)
        channel.scale = 0;
    for (int i = 0; i < channel.count; i++)
        channel.terms[i] = channel.scale > 0 ? 0.5 + 0.5 / channel.scale * channel.terms[i] : 0;
    return channel;
}

/* Returns the sum of alpha. */
static double average(const struct dec_pixels *pixels, double ret[3])
{
    const size_t count = (size_t)pixels->width * pixels->height;
    double sum[3] = {0}, weight = 0;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = pixels->data + 4 * i;
        double alpha = p[3] / 255.0;
        for (int band = 0; band < 3; band++)
            sum[band] += alpha / 255 * p[band];
        weight += alpha;
    }
    for (int band = 0; band < 3; band++)
        ret[band] = weight > 0 ? sum[band] / weight : 0;
    return weight;
}

static void split(const struct dec_pixels *pixels, const double mean[3], struct planes *planes)
{
    const size_t count = (size_t)pixels->width * pixels->height;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *in = pixels->data + 4 * i;
        double alpha = in[3] / 255.0, rgb[3];
        for (int band = 0; band < 3; band++)
            rgb[band] = mean[band] * (1 - alpha) + alpha / 255 * in[band];
        planes->l[i] = ((rgb[0] + rgb[1] + rgb[2]) / 3);
        planes->p[i] = ((rgb[0] + rgb[1]) / 2 - rgb[2]);
        planes->q[i] = (rgb[0] - rgb[1]);
        planes->a[i] = alpha;
    }
}

static void put(uint8_t *at, int *index, const struct channel *channel)
{
    for (int i = 0; i < channel->count; i++, (*index)++)
        at[*index >> 1] |= (uint8_t)(rounded(15 * channel->terms[i]) << ((*index & 1) << 2));
}

size_t dec_thumbhash(const struct dec_pixels *pixels, uint8_t ret[DEC_THUMBHASH_SIZE])
{
    static struct planes planes;
    const int w = pixels->width, h = pixels->height, longer = w > h ? w : h;
    double mean[3];
    const bool has_alpha = average(pixels, mean)<(double)w * h, landscape = w> h;
    const int limit = has_alpha ? 5 : 7; /* fewer bits of luminance where alpha needs some */
    const int lx =
        rounded((double)limit * w / longer) > 1 ? rounded((double)limit * w / longer) : 1;
    const int ly =
        rounded((double)limit * h / longer) > 1 ? rounded((double)limit * h / longer) : 1;
    struct channel l, p, q, a = {0};
    uint8_t *at = ret + (has_alpha ? 6 : 5);
    int index = 0;
    unsigned head, tail;

    assert(w >= 1 && h >= 1 && longer <= DEC_PIXELS_SIDE_MAX);
    split(pixels, mean, &planes);
    l = transformed(planes.l, w, h, lx > 3 ? lx : 3, ly > 3 ? ly : 3);
    p = transformed(planes.p, w, h, 3, 3);
    q = transformed(planes.q, w, h, 3, 3);
    if (has_alpha)
        a = transformed(planes.a, w, h, 5, 5);
    head = (unsigned)rounded(63 * l.constant) | (unsigned)rounded(31.5 + 31.5 * p.constant) << 6 |
           (unsigned)rounded(31.5 + 31.5 * q.constant) << 12 |
           (unsigned)rounded(31 * l.scale) << 18 | (unsigned)has_alpha << 23;
    tail = (unsigned)(landscape ? ly : lx) | (unsigned)rounded(63 * p.scale) << 3 |
           (unsigned)rounded(63 * q.scale) << 9 | (unsigned)landscape << 15;
    memset(ret, 0, DEC_THUMBHASH_SIZE);
    ret[0] = (uint8_t)head;
    ret[1] = (uint8_t)(head >> 8);
    ret[2] = (uint8_t)(head >> 16);
    ret[3] = (uint8_t)tail;
    ret[4] = (uint8_t)(tail >> 8);
    if (has_alpha)
        ret[5] = (uint8_t)(rounded(15 * a.constant) | rounded(15 * a.scale) << 4);
    put(at, &index, &l);
    put(at, &index, &p);
    put(at, &index, &q);
    put(at, &index, &a);
    return (size_t)(at - ret) + (size_t)(index + 1) / 2;
}

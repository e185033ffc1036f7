/* palette.c -- colours that stand for a picture: median cut (P. Heckbert, "Color image quantization
 * for frame buffer display", 1982), on a histogram of 5 bits a channel.  The box to cut is the one
 * with the largest product of pixels and length, so that a small strong colour gets a place too. */
#include "worker/decoder/pixels.h"

#include <stdlib.h>
#include <string.h>

enum { BITS = 5, LEVELS = 1 << BITS, BINS = LEVELS * LEVELS * LEVELS, ALPHA_MIN = 128 };

struct bin {
    uint64_t sum[3], count;
};

struct box { /* of bins, both ends inside */
    int from[3], to[3];
    uint64_t count;
};

static struct bin *bin_at(struct bin *bins, const int at[3])
{
    return &bins[(at[0] * LEVELS + at[1]) * LEVELS + at[2]];
}

static uint64_t counted(struct bin *bins, const struct dec_pixels *pixels)
{
    const size_t count = (size_t)pixels->width * pixels->height;
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = pixels->data + 4 * i;
        const int at[3] = {p[0] >> (8 - BITS), p[1] >> (8 - BITS), p[2] >> (8 - BITS)};
        struct bin *bin = bin_at(bins, at);
        if (p[3] < ALPHA_MIN)
            continue;
        for (int band = 0; band < 3; band++)
            bin->sum[band] += p[band];
        bin->count++;
        total++;
    }
    return total;
}

/* How many pixels of the box lie at each level of one channel. */
static void profile(struct bin *bins, const struct box *box, int axis, uint64_t ret[LEVELS])
{
    int at[3];

    memset(ret, 0, LEVELS * sizeof(ret[0]));
    for (at[0] = box->from[0]; at[0] <= box->to[0]; at[0]++)
        for (at[1] = box->from[1]; at[1] <= box->to[1]; at[1]++)
            for (at[2] = box->from[2]; at[2] <= box->to[2]; at[2]++)
                ret[at[axis]] += bin_at(bins, at)->count;
}

/* To what is in it. */
static void tighten(struct bin *bins, struct box *box)
{
    uint64_t levels[LEVELS];

    for (int axis = 0; axis < 3; axis++) {
        profile(bins, box, axis, levels);
        while (box->from[axis] < box->to[axis] && levels[box->from[axis]] == 0)
            box->from[axis]++;
        while (box->to[axis] > box->from[axis] && levels[box->to[axis]] == 0)
            box->to[axis]--;
    }
    box->count = 0;
    for (int level = box->from[2]; level <= box->to[2]; level++)
        box->count += levels[level]; /* of the last axis: all of the box */
}

static int longest(const struct box *box)
{
    int axis = 0;

    for (int i = 1; i < 3; i++)
        if (box->to[i] - box->from[i] > box->to[axis] - box->from[axis])
            axis = i;
    return axis;
}

/* In two, each with about half of the pixels; tight, so that both have some. */
static void cut(struct bin *bins, struct box *box, struct box *ret)
{
    const int axis = longest(box);
    uint64_t levels[LEVELS], below = 0;
    int at = box->from[axis];

    profile(bins, box, axis, levels);
    for (; at < box->to[axis] - 1; at++) {
        below += levels[at];
        if (2 * below >= box->count)
            break;
    }
    *ret = *box;
    box->to[axis] = at;
    ret->from[axis] = at + 1;
    tighten(bins, box);
    tighten(bins, ret);
}

static struct dec_swatch swatch_of(struct bin *bins, const struct box *box, uint64_t total)
{
    uint64_t sum[3] = {0}, n = box->count;
    int at[3];

    for (at[0] = box->from[0]; at[0] <= box->to[0]; at[0]++)
        for (at[1] = box->from[1]; at[1] <= box->to[1]; at[1]++)
            for (at[2] = box->from[2]; at[2] <= box->to[2]; at[2]++)
                for (int band = 0; band < 3; band++)
                    sum[band] += bin_at(bins, at)->sum[band];
    return (struct dec_swatch){(uint8_t)((2 * sum[0] + n) / (2 * n)),
                               (uint8_t)((2 * sum[1] + n) / (2 * n)),
                               (uint8_t)((2 * sum[2] + n) / (2 * n)), (double)n / (double)total};
}

static int by_share(const void *a, const void *b)
{
    const struct dec_swatch *x = a, *y = b;

    return (x->share < y->share) - (x->share > y->share);
}

int dec_palette(const struct dec_pixels *pixels, struct dec_swatch ret[DEC_PALETTE_MAX])
{
    struct bin *bins = calloc(BINS, sizeof(*bins));
    struct box boxes[DEC_PALETTE_MAX] = {{.to = {LEVELS - 1, LEVELS - 1, LEVELS - 1}}};
    uint64_t total;
    int count = 1;

    if (!bins)
        return -1;
    total = counted(bins, pixels);
    if (!total)
        count = 0;
    else
        tighten(bins, &boxes[0]);
    while (count > 0 && count < DEC_PALETTE_MAX) {
        uint64_t most = 0;
        int which = -1;
        for (int i = 0; i < count; i++) {
            int axis = longest(&boxes[i]);
            uint64_t worth = boxes[i].count * (uint64_t)(boxes[i].to[axis] - boxes[i].from[axis]);
            if (worth > most) {
                most = worth;
                which = i;
            }
        }
        if (which < 0) /* as many as there are colours */
            break;
        cut(bins, &boxes[which], &boxes[count]);
        count++;
    }
    for (int i = 0; i < count; i++)
        ret[i] = swatch_of(bins, &boxes[i], total);
    qsort(ret, (size_t)count, sizeof(ret[0]), by_share);
    free(bins);
    return count;
}

/* rank.c -- a histogram slides along each row: a column of pixels comes in, one goes out.
 * It has two levels, so that the n-th is found in a few steps at 16 bits too. */
#include "worker/decoder/rank.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { FINE_MAX = 65536, COARSE_MAX = 256 };
enum { SORTED_MAX = 9, EXTREME_MAX = 90 }; /* pixels of a window that libvips gets right */

struct window {
    int width, height, index;
    int shift; /* from a value to its coarse slot */
};

struct histogram {
    unsigned coarse[COARSE_MAX];
    unsigned fine[FINE_MAX];
};

static unsigned value_at(const VipsImage *image, const VipsPel *p)
{
    return image->BandFmt == VIPS_FORMAT_USHORT ? *(const uint16_t *)(const void *)p : *p;
}

/* One column of the window's height, of one band; by: 1 comes in, -1 goes out. */
static void column_count(struct histogram *h, VipsRegion *in, const struct window *window, int x,
                         int y, int band, unsigned by)
{
    size_t size = VIPS_IMAGE_SIZEOF_ELEMENT(in->im), skip = VIPS_REGION_LSKIP(in);
    const VipsPel *p = VIPS_REGION_ADDR(in, x, y) + (size_t)band * size;

    for (int i = 0; i < window->height; i++, p += skip) {
        unsigned value = value_at(in->im, p);
        h->fine[value] += by;
        h->coarse[value >> window->shift] += by;
    }
}

static unsigned nth(const struct histogram *h, const struct window *window)
{
    unsigned left = (unsigned)window->index, slot = 0, value;

    while (left >= h->coarse[slot])
        left -= h->coarse[slot++];
    for (value = slot << window->shift; left >= h->fine[value]; value++)
        left -= h->fine[value];
    return value;
}

static void row_rank(struct histogram *h, VipsRegion *in, VipsRegion *out,
                     const struct window *window, int y, int band)
{
    const VipsRect *r = &out->valid;
    size_t size = VIPS_IMAGE_SIZEOF_ELEMENT(out->im), pel = VIPS_IMAGE_SIZEOF_PEL(out->im);
    VipsPel *q = VIPS_REGION_ADDR(out, r->left, y) + (size_t)band * size;

    memset(h->coarse, 0, sizeof(h->coarse));
    memset(h->fine, 0, sizeof(h->fine[0]) << (8 * size));
    for (int x = r->left; x < r->left + window->width - 1; x++)
        column_count(h, in, window, x, y, band, 1);
    for (int x = r->left; x < r->left + r->width; x++, q += pel) {
        unsigned value;
        column_count(h, in, window, x + window->width - 1, y, band, 1);
        value = nth(h, window);
        if (size == sizeof(uint16_t))
            *(uint16_t *)(void *)q = (uint16_t)value;
        else
            *q = (VipsPel)value;
        column_count(h, in, window, x, y, band, (unsigned)-1);
    }
}

static int generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
    const struct window *window = b;
    VipsRegion *in = sequence;
    const VipsRect *r = &out->valid;
    const VipsRect need = {r->left, r->top, r->width + window->width - 1,
                           r->height + window->height - 1};
    struct histogram *h;

    (void)a, (void)stop;
    if (vips_region_prepare(in, &need))
        return -1;
    h = VIPS_NEW(NULL, struct histogram);
    if (!h)
        return -1;
    for (int y = r->top; y < r->top + r->height; y++)
        for (int band = 0; band < out->im->Bands; band++)
            row_rank(h, in, out, window, y, band);
    g_free(h);
    return 0;
}

/* in has the pixels around it already. */
static int slide(VipsImage *in, VipsImage **ret, const struct window *window)
{
    VipsImage *out = vips_image_new();
    struct window *kept = VIPS_NEW(out, struct window);

    if (!kept || vips_image_pipelinev(out, VIPS_DEMAND_STYLE_FATSTRIP, in, NULL)) {
        g_object_unref(out);
        return -1;
    }
    *kept = *window;
    out->Xsize -= window->width - 1;
    out->Ysize -= window->height - 1;
    if (vips_image_generate(out, vips_start_one, generate, vips_stop_one, in, kept)) {
        g_object_unref(out);
        return -1;
    }
    vips_object_local(out, in);
    g_object_ref(in);
    *ret = out;
    return 0;
}

static int own_rank(VipsImage *in, VipsImage **ret, const struct window *window)
{
    VipsImage *around;
    int rc;

    if (in->BandFmt != VIPS_FORMAT_UCHAR && in->BandFmt != VIPS_FORMAT_USHORT) {
        vips_error("rank", "8 or 16 bits are needed");
        return -1;
    }
    if (vips_embed(in, &around, window->width / 2, window->height / 2,
                   in->Xsize + window->width - 1, in->Ysize + window->height - 1, "extend",
                   VIPS_EXTEND_COPY, NULL))
        return -1;
    rc = slide(around, ret, window);
    g_object_unref(around);
    return rc;
}

int dec_rank(VipsImage *in, VipsImage **ret, int width, int height, int which)
{
    int count = width * height;
    struct window window = {width, height, count / 2, in->BandFmt == VIPS_FORMAT_USHORT ? 8 : 4};
    bool fits = width <= in->Xsize && height <= in->Ysize;

    if (which != DEC_RANK_MEDIAN)
        window.index = which == DEC_RANK_LEAST ? 0 : count - 1;
    if (fits && count <= (which == DEC_RANK_MEDIAN ? SORTED_MAX : EXTREME_MAX))
        return vips_rank(in, ret, width, height, window.index, NULL);
    return own_rank(in, ret, &window);
}

/* measure.c -- see measure.h. */
#include "tests/conformance/images/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

/* ---- pixels ---------------------------------------------------------------------------------- */

static void cell_measure(const uint8_t *rgba, int width, const int x[2], const int y[2],
                         uint8_t ret[4])
{
    uint64_t sum[4] = {0}, n = (uint64_t)(x[1] - x[0]) * (uint64_t)(y[1] - y[0]);

    for (int row = y[0]; row < y[1]; row++)
        for (int column = x[0]; column < x[1]; column++) {
            const uint8_t *p = rgba + 4 * ((size_t)row * (size_t)width + (size_t)column);
            for (int c = 0; c < 3; c++)
                sum[c] += (uint64_t)p[c] * p[3];
            sum[3] += p[3];
        }
    for (int c = 0; c < 3; c++)
        ret[c] = (uint8_t)((2 * sum[c] + 255 * n) / (510 * n));
    ret[3] = (uint8_t)((2 * sum[3] + n) / (2 * n));
}

static void grid_measure(const uint8_t *rgba, int width, int height, uint8_t grid[GRID_BYTES])
{
    for (int j = 0; j < GRID; j++)
        for (int i = 0; i < GRID; i++) {
            int x[2] = {i * width / GRID, (i + 1) * width / GRID};
            int y[2] = {j * height / GRID, (j + 1) * height / GRID};
            x[1] = x[1] > x[0] ? x[1] : x[0] + 1;
            y[1] = y[1] > y[0] ? y[1] : y[0] + 1;
            cell_measure(rgba, width, x, y, grid + (j * GRID + i) * 4);
        }
}

static int bright(const uint8_t *p)
{
    int r = (p[0] * p[3] + 127) / 255, g = (p[1] * p[3] + 127) / 255, b = (p[2] * p[3] + 127) / 255;

    return (77 * r + 150 * g + 29 * b) >> 8;
}

static double mean(uint64_t sum, uint64_t n)
{
    return n ? round((double)sum / (double)n * 1000) / 1000 : 0;
}

void look_measure(const uint8_t *rgba, int width, int height, struct look *ret)
{
    const size_t w = (size_t)width, h = (size_t)height;
    uint64_t across = 0, down = 0;

    grid_measure(rgba, width, height, ret->grid);
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            const uint8_t *p = rgba + 4 * (y * w + x);
            int here = bright(p);
            if (x + 1 < w)
                across += (uint64_t)abs(bright(p + 4) - here);
            if (y + 1 < h)
                down += (uint64_t)abs(bright(p + 4 * w) - here);
        }
    ret->detail[0] = mean(across, (w - 1) * h);
    ret->detail[1] = mean(down, w * (h - 1));
}

/* ---- files ----------------------------------------------------------------------------------- */

/* 8-bit sRGB with alpha, the embedded profile applied, as sharp's toColourspace('srgb') has it. */
static int plain(VipsImage *image, VipsImage **ret)
{
    VipsImage *t[5] = {0};
    VipsImage *at = image;
    int rc = 0;
    bool deep = at->BandFmt == VIPS_FORMAT_USHORT;

    if (vips_image_get_typeof(at, VIPS_META_ICC_NAME) && at->Type != VIPS_INTERPRETATION_GREY16 &&
        at->Type != VIPS_INTERPRETATION_LABS) {
        if (vips_icc_transform(at, &t[0], "srgb", "embedded", TRUE, "depth", deep ? 16 : 8,
                               "intent", VIPS_INTENT_PERCEPTUAL, NULL) == 0)
            at = t[0];
        else
            vips_error_clear();
    } else if (at->Type == VIPS_INTERPRETATION_CMYK) {
        rc = vips_icc_transform(at, &t[0], "srgb", "input_profile", "cmyk", "intent",
                                VIPS_INTENT_PERCEPTUAL, NULL);
        at = t[0];
    }
    rc = rc || vips_colourspace(at, &t[1], VIPS_INTERPRETATION_sRGB, NULL) ||
         vips_cast(t[1], &t[2], VIPS_FORMAT_UCHAR, NULL);
    if (!rc && vips_image_hasalpha(t[2])) {
        t[3] = t[2];
        g_object_ref(t[3]);
    } else if (!rc) {
        rc = vips_bandjoin_const1(t[2], &t[3], 255, NULL);
    }
    if (!rc && t[3]->Bands != 4) {
        vips_error("plain", "decoded to %d bands", t[3]->Bands);
        rc = -1;
    }
    if (!rc) {
        *ret = t[3];
        t[3] = NULL;
    }
    for (size_t i = 0; i < 5; i++)
        g_clear_object(&t[i]);
    return rc;
}

static bool page_look(const void *data, size_t len, int page, struct look *ret)
{
    VipsImage *image = page > 0 ? vips_image_new_from_buffer(data, len, "", "page", page, NULL)
                                : vips_image_new_from_buffer(data, len, "", NULL);
    VipsImage *rgba = NULL;
    size_t size;
    void *pixels = NULL;

    if (image && plain(image, &rgba) == 0)
        pixels = vips_image_write_to_memory(rgba, &size);
    if (pixels)
        look_measure(pixels, rgba->Xsize, rgba->Ysize, ret);
    g_free(pixels);
    g_clear_object(&rgba);
    g_clear_object(&image);
    return pixels != NULL;
}

static void format_name(VipsImage *image, char ret[16])
{
    const char *loader = "", *compression = "";

    (void)vips_image_get_string(image, VIPS_META_LOADER, &loader);
    if (vips_image_get_typeof(image, "heif-compression"))
        (void)vips_image_get_string(image, "heif-compression", &compression);
    snprintf(ret, 16, "%.*s", (int)strcspn(loader, "l"), loader);
    if (strncmp(loader, "jxlload", 7) == 0)
        snprintf(ret, 16, "jxl");
    if (strncmp(loader, "heif", 4) == 0)
        snprintf(ret, 16, "%s", strcmp(compression, "av1") == 0 ? "avif" : "heif");
    vips_error_clear();
}

static double duration(VipsImage *image)
{
    double sum = 0;
    int *delays, n;

    if (vips_image_get_typeof(image, "delay") &&
        vips_image_get_array_int(image, "delay", &delays, &n) == 0)
        for (int i = 0; i < n; i++)
            sum += delays[i];
    return sum;
}

bool file_see(const void *data, size_t len, struct seen *ret, char *why, size_t why_size)
{
    VipsImage *image = vips_image_new_from_buffer(data, len, "", NULL);
    bool good = image != NULL;

    *ret = (struct seen){.bytes = len};
    if (good) {
        format_name(image, ret->format);
        snprintf(ret->depth, sizeof(ret->depth), "%s",
                 vips_enum_nick(VIPS_TYPE_BAND_FORMAT, image->BandFmt));
        snprintf(ret->space, sizeof(ret->space), "%s",
                 vips_enum_nick(VIPS_TYPE_INTERPRETATION, image->Type));
        ret->width = image->Xsize;
        ret->height = vips_image_get_page_height(image);
        ret->pages = vips_image_get_n_pages(image);
        ret->has_alpha = vips_image_hasalpha(image);
        ret->icc = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
        ret->exif = vips_image_get_typeof(image, VIPS_META_EXIF_NAME) != 0;
        ret->duration_ms = duration(image);
        good = page_look(data, len, 0, &ret->first) &&
               (ret->pages == 1 || page_look(data, len, ret->pages - 1, &ret->last));
    }
    if (!good)
        snprintf(why, why_size, "cannot be decoded: %s", vips_error_buffer());
    vips_error_clear();
    g_clear_object(&image);
    return good;
}

/* kit.h -- pictures made by the tests themselves, a decoder to work on them, and eyes to look at
 * what came out.  Every helper fails the test by itself. */
#ifndef DECODER_KIT_H
#define DECODER_KIT_H

#include "common/model/recipe.h"
#include "tests/unit/decoder/hostile.h"
#include "worker/imaging.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <vips/vips.h>

#include <cmocka.h>

enum { KIT_DEADLINE_MS = 60000, KIT_BEST = 1, KIT_STRICT = 0 };

struct kit_file { /* data: g_free() */
    void *data;
    size_t len;
};
struct kit_pixel {
    int r, g, b, a;
};

void kit_setup(const char *program); /* libvips in this process */
struct wk_imaging_config kit_config(void);
struct wk_imaging_config kit_config_hostile(void);
struct wk_decoder *kit_decoder(const struct wk_imaging_config *config);

/* Four quarters: red, green over blue, white.  suffix as libvips has it: ".jpg[Q=95]". */
struct kit_file kit_quarters(int width, int height, const char *suffix);
/* The same stored in one of EXIF's orientations, so that it is upright when that is followed. */
struct kit_file kit_turned(int orientation);
/* Noise: hard to compress, costs what a photo does. */
struct kit_file kit_noise(int width, int height, const char *suffix);
struct kit_file kit_plain(int width, int height, struct kit_pixel color, const char *suffix);
struct kit_file kit_cut(struct kit_file file, double part); /* takes file */
struct kit_file kit_text(const char *text);

struct mr_recipe *kit_recipe(const char *json);
/* {"source", "ops": [ops], "outputs": [{"name":"o", fields}]} on file and layers "b", "c" ... */
enum mr_code kit_try(struct wk_decoder *decoder, const char *json, const struct kit_file *files,
                     size_t n, struct wk_rendered *ret, struct wk_fault *fault);
/* As kit_try(), and must be done. */
void kit_render(struct wk_decoder *decoder, const char *json, const struct kit_file *files,
                size_t n, struct wk_rendered *ret);
/* ops on file into a PNG, looked at. */
VipsImage *kit_done(struct wk_decoder *decoder, const char *ops, const struct kit_file *files,
                    size_t n);
/* Must fail by this name; cause has this in it. */
void kit_fails(struct wk_decoder *decoder, const char *json, const struct kit_file *files, size_t n,
               const char *name, const char *cause);

VipsImage *kit_open(const void *data, size_t len); /* 8-bit sRGB with alpha, in memory */
struct kit_pixel kit_at(VipsImage *image, int x, int y);
void kit_is(VipsImage *image, int x, int y, struct kit_pixel expected, int tolerance);
int64_t kit_rss_bytes(int pid);
int64_t kit_peak_bytes(int pid); /* of its resident set; 0: it is gone */
int64_t kit_cpu_ms(int pid);     /* that it has used so far; 0: it is gone */

extern const struct kit_pixel kit_red, kit_green, kit_blue, kit_white, kit_black;

#endif

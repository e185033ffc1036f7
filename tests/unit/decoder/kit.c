/* kit.c -- see kit.h. */
#include "tests/unit/decoder/kit.h"

#include "common/base/json.h"
#include "common/ports/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct kit_pixel kit_red = {255, 0, 0, 255}, kit_green = {0, 255, 0, 255},
                       kit_blue = {0, 0, 255, 255}, kit_white = {255, 255, 255, 255},
                       kit_black = {0, 0, 0, 255};

void kit_setup(const char *program)
{
    if (vips_init(program))
        fail_msg("libvips: %s", vips_error_buffer());
    vips_concurrency_set(1);
}

/* Strict, as workers are; a platform that lacks a layer is no fault of what is tested. */
static int sandbox_here(const char *decoder_path)
{
    static int found = -1;
    struct wk_imaging_config config = {.sandbox = KIT_STRICT,
                                       .memory_max = INT64_C(1) << 30,
                                       .tasks_max = 1,
                                       .decoder = (char *)(uintptr_t)decoder_path};
    struct wk_decoder *decoder = NULL;
    struct mr_error err;

    if (found >= 0)
        return found;
    found = KIT_STRICT;
    if (wk_decoder_new(&config, &decoder, &err)) {
        print_message("fact: decoders are not caged strictly here: %s\n", err.text);
        found = KIT_BEST;
    }
    wk_decoder_free(decoder);
    return found;
}

struct wk_imaging_config kit_config(void)
{
    static char path[] = DECODER;

    return (struct wk_imaging_config){.decoder = path,
                                      .sandbox = sandbox_here(path),
                                      .memory_max = INT64_C(4) << 30,
                                      .pixels_max = 268402689,
                                      .source_bytes_max = 64 << 20,
                                      .output_bytes_max = 64 << 20,
                                      .tasks_max = 100000};
}

struct wk_imaging_config kit_config_hostile(void)
{
    static char path[] = DECODER_HOSTILE;
    struct wk_imaging_config config = kit_config();

    config.decoder = path;
    return config;
}

struct wk_decoder *kit_decoder(const struct wk_imaging_config *config)
{
    struct wk_decoder *decoder = NULL;
    struct mr_error err = {0};

    if (wk_decoder_new(config, &decoder, &err))
        fail_msg("no decoder: %s", err.text);
    return decoder;
}

/* ---- pictures -----------------------------------------------------------------------------------
 */

static VipsImage *filled(int width, int height, struct kit_pixel color, int bands)
{
    const double values[4] = {color.r, color.g, color.b, color.a}, zero[4] = {0};
    VipsImage *black, *flat, *out;

    if (vips_black(&black, width, height, "bands", bands, NULL) ||
        vips_linear(black, &flat, zero, values, bands, "uchar", TRUE, NULL) ||
        vips_copy(flat, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(black);
    g_object_unref(flat);
    return out;
}

static struct kit_file encoded(VipsImage *image, const char *suffix)
{
    struct kit_file file;

    if (vips_image_write_to_buffer(image, suffix, &file.data, &file.len, NULL))
        fail_msg("libvips: %s: %s", suffix, vips_error_buffer());
    g_object_unref(image);
    return file;
}

static VipsImage *quarters(int width, int height)
{
    VipsImage *parts[] = {
        filled(width / 2, height / 2, kit_red, 3), filled(width / 2, height / 2, kit_green, 3),
        filled(width / 2, height / 2, kit_blue, 3), filled(width / 2, height / 2, kit_white, 3)};
    VipsImage *out;

    if (vips_arrayjoin(parts, &out, 4, "across", 2, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    for (size_t i = 0; i < 4; i++)
        g_object_unref(parts[i]);
    return out;
}

struct kit_file kit_quarters(int width, int height, const char *suffix)
{
    return encoded(quarters(width, height), suffix);
}

struct kit_file kit_turned(int orientation)
{
    /* what undoes the orientation: first the mirroring, then the turn back */
    static const struct {
        VipsAngle turn;
        bool flop;
    } undo[9] = {
        [1] = {VIPS_ANGLE_D0, false},   [2] = {VIPS_ANGLE_D0, true},
        [3] = {VIPS_ANGLE_D180, false}, [4] = {VIPS_ANGLE_D180, true},
        [5] = {VIPS_ANGLE_D270, true},  [6] = {VIPS_ANGLE_D270, false},
        [7] = {VIPS_ANGLE_D90, true},   [8] = {VIPS_ANGLE_D90, false},
    };
    VipsImage *upright = quarters(64, 32), *mirrored = NULL, *out = NULL;

    if (undo[orientation].flop) {
        if (vips_flip(upright, &mirrored, VIPS_DIRECTION_HORIZONTAL, NULL))
            fail_msg("libvips: %s", vips_error_buffer());
        g_object_unref(upright);
        upright = mirrored;
    }
    if (vips_rot(upright, &out, undo[orientation].turn, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(upright);
    vips_image_set_int(out, VIPS_META_ORIENTATION, orientation);
    return encoded(out, ".jpg[Q=100,subsample_mode=off]");
}

struct kit_file kit_noise(int width, int height, const char *suffix)
{
    VipsImage *noise[3], *joined, *bytes, *out;

    for (int i = 0; i < 3; i++)
        if (vips_gaussnoise(&noise[i], width, height, "mean", 128.0, "sigma", 40.0, "seed", i + 1,
                            NULL))
            fail_msg("libvips: %s", vips_error_buffer());
    if (vips_bandjoin(noise, &joined, 3, NULL) ||
        vips_cast(joined, &bytes, VIPS_FORMAT_UCHAR, NULL) ||
        vips_copy(bytes, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    for (int i = 0; i < 3; i++)
        g_object_unref(noise[i]);
    g_object_unref(joined);
    g_object_unref(bytes);
    return encoded(out, suffix);
}

struct kit_file kit_plain(int width, int height, struct kit_pixel color, const char *suffix)
{
    return encoded(filled(width, height, color, color.a < 255 ? 4 : 3), suffix);
}

struct kit_file kit_cut(struct kit_file file, double part)
{
    return (struct kit_file){file.data, (size_t)((double)file.len * part)};
}

struct kit_file kit_text(const char *text)
{
    return (struct kit_file){g_strdup(text), strlen(text)};
}

/* ---- recipes
 * -------------------------------------------------------------------------------------- */

struct mr_recipe *kit_recipe(const char *json)
{
    struct mr_recipe *recipe = NULL;
    struct mr_error err = {0};
    cJSON *item = NULL;

    if (mr_json_parse(json, strlen(json), &mr_json_limits_message, &item, &err) ||
        mr_recipe_parse(item, &recipe, &err))
        fail_msg("%s: %s", json, err.text);
    cJSON_Delete(item);
    return recipe;
}

enum mr_code kit_try(struct wk_decoder *decoder, const char *json, const struct kit_file *files,
                     size_t n, struct wk_rendered *ret, struct wk_fault *fault)
{
    static struct mr_recipe *recipe; /* lends the outputs their names: until the next call */
    struct wk_source sources[MR_RECIPE_SOURCES_MAX];

    mr_recipe_free(recipe);
    recipe = NULL; /* where the next line fails */
    recipe = kit_recipe(json);
    for (size_t i = 0; i < n; i++)
        sources[i] = (struct wk_source){files[i].data, files[i].len};
    return wk_decoder_render(decoder, recipe, sources, n, mr_mono_ms() + KIT_DEADLINE_MS, ret,
                             fault);
}

void kit_render(struct wk_decoder *decoder, const char *json, const struct kit_file *files,
                size_t n, struct wk_rendered *ret)
{
    struct wk_fault fault = {0};

    if (kit_try(decoder, json, files, n, ret, &fault))
        fail_msg("%s\n  %s: %s", json, fault.name, fault.cause);
}

VipsImage *kit_done(struct wk_decoder *decoder, const char *ops, const struct kit_file *files,
                    size_t n)
{
    struct wk_rendered rendered;
    char json[2048];

    snprintf(json, sizeof(json),
             "{\"source\":{\"key\":\"a\"},\"ops\":[%s],\"outputs\":[{\"name\":\"o\",\"format\":"
             "\"png\"}]}",
             ops);
    kit_render(decoder, json, files, n, &rendered);
    return kit_open(rendered.outputs[0].data, rendered.outputs[0].len);
}

void kit_fails(struct wk_decoder *decoder, const char *json, const struct kit_file *files, size_t n,
               const char *name, const char *cause)
{
    struct wk_rendered rendered;
    struct wk_fault fault = {0};
    enum mr_code rc = kit_try(decoder, json, files, n, &rendered, &fault);

    if (rc == MR_OK || strcmp(fault.name, name) != 0 || !strstr(fault.cause, cause))
        fail_msg("%s\n  gave   %s: %s\n  wanted %s: %s", json, rc ? fault.name : "success",
                 fault.cause, name, cause);
}

/* ---- eyes
 * ------------------------------------------------------------------------------------------ */

VipsImage *kit_open(const void *data, size_t len)
{
    VipsImage *image = vips_image_new_from_buffer(data, len, "", NULL), *srgb, *alpha, *memory;

    if (!image || vips_colourspace(image, &srgb, VIPS_INTERPRETATION_sRGB, NULL) ||
        vips_addalpha(srgb, &alpha, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    if (vips_image_hasalpha(srgb)) {
        g_object_unref(alpha);
        alpha = srgb;
        g_object_ref(srgb);
    }
    memory = vips_image_copy_memory(alpha);
    if (!memory)
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(image);
    g_object_unref(srgb);
    g_object_unref(alpha);
    return memory;
}

struct kit_pixel kit_at(VipsImage *image, int x, int y)
{
    double *v = NULL;
    int n;
    struct kit_pixel pixel;

    if (vips_getpoint(image, &v, &n, x, y, NULL) || n != 4)
        fail_msg("no pixel at %d,%d of %dx%d", x, y, image->Xsize, image->Ysize);
    pixel = (struct kit_pixel){(int)v[0], (int)v[1], (int)v[2], (int)v[3]};
    g_free(v);
    return pixel;
}

void kit_is(VipsImage *image, int x, int y, struct kit_pixel expected, int tolerance)
{
    struct kit_pixel p = kit_at(image, x, y);

    if (abs(p.r - expected.r) > tolerance || abs(p.g - expected.g) > tolerance ||
        abs(p.b - expected.b) > tolerance || abs(p.a - expected.a) > tolerance)
        fail_msg("at %d,%d: %d %d %d %d, wanted %d %d %d %d", x, y, p.r, p.g, p.b, p.a, expected.r,
                 expected.g, expected.b, expected.a);
}

/* A line of /proc/PID/status, in KiB; -1: it is gone. */
static int64_t status_kib(int pid, const char *word)
{
    char path[64], line[256];
    int64_t kib = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    file = fopen(path, "r");
    if (!file)
        return -1;
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, word, strlen(word)) == 0)
            kib = strtoll(line + strlen(word), NULL, 10);
    fclose(file);
    return kib;
}

int64_t kit_rss_bytes(int pid)
{
    const int64_t kib = status_kib(pid, "VmRSS:");

    assert_true(kib >= 0);
    return kib * 1024;
}

int64_t kit_peak_bytes(int pid)
{
    const int64_t kib = status_kib(pid, "VmHWM:");

    return kib < 0 ? 0 : kib * 1024;
}

int64_t kit_cpu_ms(int pid)
{
    char path[64], line[512] = "", *word;
    long user = 0, system = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (!file)
        return 0;
    if (fgets(line, sizeof(line), file) && (word = strrchr(line, ')'))) /* behind its name */
        for (int field = 3; (word = strchr(word + 1, ' ')); field++) {
            if (field == 14)
                user = strtol(word, NULL, 10);
            if (field == 15)
                system = strtol(word, NULL, 10);
        }
    fclose(file);
    return (int64_t)(user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

/* search.c -- quality is searched by halving: seven encodings find one of a hundred.  Then, where
 * the least quality is still too many bytes, the size. */
#include "worker/decoder/search.h"

#include "worker/decoder/frames.h"
#include "worker/decoder/load_open.h"
#include "worker/decoder/measure.h"
#include "worker/decoder/pages.h"

#include <inttypes.h>
#include <math.h>

enum {
    SIZES_MAX = 16, /* sizes that are tried */
    QUALITY_TOP = 100,
};

/* Of the room that a smaller size is computed to need, so that its quality is no longer the least.
 */
static const double room_share = 0.7;

struct found {
    struct dec_file file; /* owned */
    enum mr_format format;
    int quality, width, height, pages;
    double score; /* of the target's metric */
};

struct search {
    struct dec_picture *picture;
    const struct dec_order *order;
    VipsImage *original; /* bytes of sRGB to compare with; NULL where there is no target */
};

bool dec_quality_told(const struct mr_recipe_output *output, enum mr_format format)
{
    if (output->lossless && format != MR_FORMAT_JPEG && format != MR_FORMAT_TIFF)
        return false;
    if (format == MR_FORMAT_TIFF && output->tiff != MR_TIFF_JPEG)
        return false;
    return mr_format_quality_default(format) > 0;
}

bool dec_search_needed(const struct mr_recipe_output *output, enum mr_format format)
{
    return format == MR_FORMAT_BEST || output->max_bytes > 0 ||
           (output->target.metric != MR_METRIC_NONE && dec_quality_told(output, format));
}

static int quality_of(const struct mr_recipe_output *output, enum mr_format format)
{
    return output->quality ? output->quality : mr_format_quality_default(format);
}

static void found_release(struct found *found)
{
    dec_file_release(&found->file);
    *found = (struct found){0};
}

static void found_take(struct found *into, struct found *from)
{
    found_release(into);
    *into = *from;
    *from = (struct found){0};
}

static enum dec_failure encode(const struct search *search, enum mr_format format, int quality,
                               struct found *ret, struct dec_fault *fault)
{
    const struct dec_picture *picture = search->picture;
    bool rolled = picture->pages > 1 && (mr_format_animated(format) || format == MR_FORMAT_TIFF);

    *ret = (struct found){.format = format,
                          .quality = quality,
                          .width = picture->image->Xsize,
                          .height = picture->image->Ysize / (rolled ? picture->pages : 1)};
    enum dec_failure failure =
        dec_encode_memory(picture, search->order, format, quality, &ret->file, fault);
    if (failure)
        return failure;
    ret->pages = picture->pages > 1 && format == MR_FORMAT_TIFF
                     ? picture->pages
                     : dec_frames_count(ret->file.data, ret->file.len, format);
    return DEC_OK;
}

/* ---- target --------------------------------------------------------------------------------- */

/* First page, flat on a middle grey, as RGB in bytes. */
static VipsImage *comparable(VipsImage *image, int pages)
{
    VipsImage *t[3] = {0}, *out = NULL;
    const double grey[] = {128};
    VipsArrayDouble *background = vips_array_double_new(grey, 1);
    int rc = vips_extract_area(image, &t[0], 0, 0, image->Xsize, image->Ysize / pages, NULL) ||
             vips_colourspace(t[0], &t[1], VIPS_INTERPRETATION_sRGB, NULL);

    if (!rc && vips_image_hasalpha(t[1]))
        rc = vips_flatten(t[1], &t[2], "background", background, NULL);
    if (!rc)
        out = vips_image_copy_memory(t[2] ? t[2] : t[1]);
    vips_area_unref(VIPS_AREA(background));
    for (size_t i = 0; i < 3; i++)
        g_clear_object(&t[i]);
    return out;
}

static enum dec_failure original_make(struct search *search, struct dec_fault *fault)
{
    struct dec_picture copy = dec_picture_copy(search->picture);
    enum dec_failure failure = dec_picture_srgb(&copy, fault);

    if (!failure) {
        search->original = comparable(copy.image, copy.pages > 1 ? copy.pages : 1);
        if (!search->original || search->original->Bands != 3)
            failure = dec_fail_vips(fault, DEC_UNSUPPORTED, search->order->at);
    }
    dec_picture_release(&copy);
    return failure;
}

static enum dec_failure score(const struct search *search, struct found *found,
                              struct dec_fault *fault)
{
    const struct dec_source source = {
        .data = found->file.data, .len = found->file.len, .format = found->format};
    const uint8_t *original = (const uint8_t *)VIPS_IMAGE_ADDR(search->original, 0, 0);
    const uint8_t *other;
    struct dec_picture copy = {.pages = 1};
    int width = search->original->Xsize, height = search->original->Ysize;
    VipsImage *bytes = NULL;
    enum dec_failure failure;

    if (dec_load_exact(&source, 1, 1, &copy.image))
        return dec_fail_vips(fault, DEC_UNSUPPORTED, search->order->at);
    copy.profiled = vips_image_get_typeof(copy.image, VIPS_META_ICC_NAME) != 0;
    failure = dec_picture_srgb(&copy, fault);
    if (!failure)
        bytes = comparable(copy.image, 1);
    if (!failure &&
        (!bytes || bytes->Bands != 3 || bytes->Xsize != width || bytes->Ysize != height))
        failure = dec_fail_vips(fault, DEC_UNSUPPORTED, search->order->at);
    dec_picture_release(&copy);
    if (!failure) {
        other = (const uint8_t *)VIPS_IMAGE_ADDR(bytes, 0, 0);
        found->score = search->order->output->target.metric == MR_METRIC_DSSIM
                           ? dec_dssim(original, other, width, height)
                           : dec_ssimulacra2(original, other, width, height);
        if (isnan(found->score))
            failure = dec_fail(fault, DEC_NO_MEMORY, "%s/target: no memory to compare %dx%d",
                               search->order->at, width, height);
    }
    g_clear_object(&bytes);
    return failure;
}

static bool reached(const struct mr_target *target, double is)
{
    return target->metric == MR_METRIC_DSSIM ? is <= target->score : is >= target->score;
}

/* The least quality that reaches the target; the highest where none does. */
static enum dec_failure target_search(const struct search *search, enum mr_format format,
                                      struct found *ret, struct dec_fault *fault)
{
    const struct mr_recipe_output *output = search->order->output;
    int low = 1, high = output->quality ? output->quality : QUALITY_TOP, top = high;
    enum dec_failure failure = DEC_OK;

    while (!failure && (low < high || !ret->file.data)) {
        struct found found = {0};
        int middle = low < high ? (low + high) / 2 : high;
        failure = encode(search, format, middle, &found, fault);
        if (!failure)
            failure = score(search, &found, fault);
        if (!failure && (reached(&output->target, found.score) || middle == top)) {
            high = middle;
            found_take(ret, &found);
        } else {
            low = middle + 1;
        }
        found_release(&found);
    }
    return failure;
}

/* ---- max_bytes ------------------------------------------------------------------------------ */

static bool fits(const struct search *search, const struct found *found)
{
    uint64_t max = (uint64_t)search->order->output->max_bytes;

    return max == 0 || found->file.len <= max;
}

/* The highest quality below ret's that fits; ret is what was tried last where none does. */
static enum dec_failure quality_search(const struct search *search, struct found *ret,
                                       struct dec_fault *fault)
{
    enum mr_format format = ret->format;
    int low = 1, high = ret->quality - 1;
    struct found best = {0};
    enum dec_failure failure = DEC_OK;

    if (!dec_quality_told(search->order->output, format))
        return DEC_OK;
    while (!failure && low <= high) {
        struct found found = {0};
        int middle = (low + high) / 2;
        failure = encode(search, format, middle, &found, fault);
        if (!failure && fits(search, &found)) {
            low = middle + 1;
            found_take(&best, &found);
        } else {
            high = middle - 1;
            if (!failure)
                found_take(ret, &found);
        }
        found_release(&found);
    }
    if (!failure && best.file.data)
        found_take(ret, &best);
    found_release(&best);
    return failure;
}

/* The picture by so much smaller, at least a pixel a side. */
static enum dec_failure shrink(const struct search *search, double by, struct dec_fault *fault)
{
    struct dec_picture *picture = search->picture;
    const struct dec_scene scene = {.limits = search->order->limits};
    int width = (int)(picture->width * by), height = (int)(picture->height * by);
    struct mr_op op = {.type = MR_OP_RESIZE,
                       .at = "/max_bytes",
                       .resize = {.width = width > 1 ? width : 1,
                                  .height = height > 1 ? height : 1,
                                  .fit = MR_FIT_FILL,
                                  .kernel = MR_KERNEL_LANCZOS3}};
    const struct mr_ops ops = {&op, 1};
    enum dec_failure failure = dec_pages_run(picture, &ops, &scene, fault);

    if (!failure) {
        picture->streamed = true;
        failure = dec_picture_settle(picture, fault);
    }
    return failure;
}

static enum dec_failure size_search(const struct search *search, int quality, struct found *ret,
                                    struct dec_fault *fault)
{
    uint64_t max = (uint64_t)search->order->output->max_bytes;
    enum mr_format format = ret->format;
    enum dec_failure failure = DEC_OK;

    for (int i = 0; !failure && !fits(search, ret); i++) {
        double by = sqrt((double)max / (double)ret->file.len * room_share);
        if (i == SIZES_MAX || (ret->width == 1 && ret->height == 1))
            return dec_fail(fault, DEC_TOO_LARGE,
                            "%s/max_bytes: %" PRIu64 " is less than the %zu of %dx%d",
                            search->order->at, max, ret->file.len, ret->width, ret->height);
        failure = shrink(search, by < 0.9 ? by : 0.9, fault);
        found_release(ret);
        if (!failure)
            failure = encode(search, format, quality, ret, fault);
        if (!failure && !fits(search, ret))
            failure = quality_search(search, ret, fault);
    }
    return failure;
}

/* ---- one format, and the best of several ---------------------------------------------------- */

static enum dec_failure first_found(const struct search *search, enum mr_format format,
                                    struct found *ret, struct dec_fault *fault)
{
    const struct mr_recipe_output *output = search->order->output;

    if (output->target.metric != MR_METRIC_NONE && dec_quality_told(output, format))
        return target_search(search, format, ret, fault);
    return encode(search, format, quality_of(output, format), ret, fault);
}

/* Formats that browsers show, and that hold what the picture has. */
static enum dec_failure best_found(const struct search *search, struct found *ret,
                                   struct dec_fault *fault)
{
    static const enum mr_format candidates[] = {MR_FORMAT_JPEG, MR_FORMAT_WEBP, MR_FORMAT_PNG,
                                                MR_FORMAT_AVIF, MR_FORMAT_GIF};
    bool alpha = vips_image_hasalpha(search->picture->image), plays = search->picture->pages > 1;
    enum dec_failure failure = DEC_OK;

    for (size_t i = 0; !failure && i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        enum mr_format format = candidates[i];
        struct found found = {0};
        if (mr_format_animated(format) ? format == MR_FORMAT_GIF && !plays : plays)
            continue;
        if ((alpha && format == MR_FORMAT_JPEG) ||
            dec_encode_check(search->picture, format, search->order->at, fault))
            continue;
        failure = first_found(search, format, &found, fault);
        if (!failure && (!ret->file.data || found.file.len < ret->file.len))
            found_take(ret, &found);
        found_release(&found);
    }
    if (!failure && !ret->file.data)
        failure = dec_encode_check(search->picture, MR_FORMAT_WEBP, search->order->at, fault);
    return failure;
}

enum dec_failure dec_search(struct dec_picture *picture, const struct dec_order *order,
                            enum mr_format format, struct dec_written *ret, struct dec_fault *fault)
{
    struct search search = {picture, order, NULL};
    struct found found = {0};
    int quality;
    enum dec_failure failure;

    picture->streamed = true; /* its pixels are needed again and again */
    failure = dec_picture_settle(picture, fault);
    if (!failure && order->output->target.metric != MR_METRIC_NONE)
        failure = original_make(&search, fault);
    if (!failure)
        failure = format == MR_FORMAT_BEST ? best_found(&search, &found, fault)
                                           : first_found(&search, format, &found, fault);
    quality = found.quality;
    if (!failure && !fits(&search, &found))
        failure = quality_search(&search, &found, fault);
    if (!failure && !fits(&search, &found))
        failure = size_search(&search, quality, &found, fault);
    if (!failure && !dec_sink_put(order->sink, found.file.data, found.file.len))
        failure = dec_fail(fault, DEC_TOO_LARGE, "%s: longer than the limit of %" PRIu64 " bytes",
                           order->at, order->sink->len_max);
    *ret = (struct dec_written){
        .len = found.file.len,
        .format = (int32_t)found.format,
        .width = found.width,
        .height = found.height,
        .pages = found.pages,
        .quality = dec_quality_told(order->output, found.format) ? found.quality : 0};
    found_release(&found);
    g_clear_object(&search.original);
    return failure;
}

/* encode.c -- the savers of libvips that we call, each by name, and the target that they write to.
 */
#include "worker/decoder/encode.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

enum { WEBP_EFFORT = 4, AVIF_EFFORT = 3, PNG_EFFORT = 7, EFFORT_DEFAULT = -1 };

struct writing {
    const struct dec_sink *sink;
    uint64_t len;
    bool too_long;
};

static gint64 on_write(VipsTargetCustom *target, const void *data, gint64 len, void *user)
{
    struct writing *writing = user;
    const char *p = data;
    gint64 done = 0;

    (void)target;
    if (writing->len + (uint64_t)len > writing->sink->len_max) {
        writing->too_long = true;
        return -1;
    }
    while (done < len) {
        ssize_t n = pwrite(writing->sink->fd, p + done, (size_t)(len - done),
                           (off_t)(writing->len + (uint64_t)done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        done += n;
    }
    writing->len += (uint64_t)len;
    return len;
}

static unsigned keep_of(const struct mr_recipe_output *output) /* flags of VipsForeignKeep */
{
    unsigned keep = VIPS_FOREIGN_KEEP_NONE;

    if (output->metadata == MR_METADATA_KEEP)
        keep = VIPS_FOREIGN_KEEP_ALL & ~(unsigned)VIPS_FOREIGN_KEEP_ICC;
    if (output->icc == MR_ICC_KEEP)
        keep |= VIPS_FOREIGN_KEEP_ICC;
    return keep;
}

static int effort_of(const struct mr_recipe_output *output, int otherwise, int max)
{
    if (output->effort == EFFORT_DEFAULT)
        return otherwise;
    return output->effort < max ? output->effort : max;
}

static int save(VipsImage *image, VipsTarget *target, const struct mr_recipe_output *output,
                enum mr_format format, int quality)
{
    VipsForeignSubsample subsample =
        output->chroma == MR_CHROMA_444 ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON;
    unsigned keep = keep_of(output);

    switch (format) {
    case MR_FORMAT_JPEG:
        return vips_jpegsave_target(image, target, "Q", quality, "interlace", output->progressive,
                                    "subsample_mode", subsample, "keep", keep, NULL);
    case MR_FORMAT_PNG:
        return vips_pngsave_target(image, target, "compression", output->compression, "interlace",
                                   output->progressive, "filter", VIPS_FOREIGN_PNG_FILTER_NONE,
                                   "effort", effort_of(output, PNG_EFFORT, 10), "keep", keep, NULL);
    case MR_FORMAT_WEBP:
        return vips_webpsave_target(image, target, "Q", quality, "lossless", output->lossless,
                                    "effort", effort_of(output, WEBP_EFFORT, 6), "keep", keep,
                                    NULL);
    case MR_FORMAT_AVIF:
        return vips_heifsave_target(image, target, "Q", quality, "lossless", output->lossless,
                                    "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort",
                                    effort_of(output, AVIF_EFFORT, 9), "subsample_mode",
                                    output->lossless ? VIPS_FOREIGN_SUBSAMPLE_OFF : subsample,
                                    "bitdepth", 8, "keep", keep, NULL);
    case MR_FORMAT_AUTO:
    case MR_FORMAT_HEIC:
    case MR_FORMAT_GIF:
    case MR_FORMAT_TIFF:
    case MR_FORMAT_JXL:
    case MR_FORMAT_JP2:
    case MR_FORMAT_SVG:
    case MR_FORMAT_PDF:
    case MR_FORMAT_COUNT:
        break;
    }
    vips_error("save", "no encoder for %s", mr_format_name(format));
    return -1;
}

static enum dec_failure format_check(const VipsImage *image, enum mr_format format, const char *at,
                                     struct dec_fault *fault)
{
    int side_max = mr_format_side_max(format);

    if (!mr_format_written(format))
        return dec_fail(fault, DEC_RECIPE_INVALID,
                        "%s/format: auto is %s here, which is not "
                        "written yet",
                        at, mr_format_name(format));
    if (image->Xsize > side_max || image->Ysize > side_max)
        return dec_fail(fault, DEC_TOO_LARGE, "%s: %dx%d, %s has at most %d a side", at,
                        image->Xsize, image->Ysize, mr_format_name(format), side_max);
    return DEC_OK;
}

enum dec_failure dec_encode(struct dec_picture *picture, const struct mr_recipe_output *output,
                            enum mr_format source_format, const char *at,
                            const struct dec_sink *sink, struct dec_meter *pulled,
                            struct dec_written *ret, struct dec_fault *fault)
{
    enum mr_format format = output->format == MR_FORMAT_AUTO ? source_format : output->format;
    int quality = output->quality ? output->quality : mr_format_quality_default(format);
    struct writing writing = {.sink = sink};
    VipsTargetCustom *target;
    VipsImage *metered;
    enum dec_failure failure = format_check(picture->image, format, at, fault);
    int rc;

    if (failure)
        return failure;
    if (dec_meter_insert(picture->image, pulled, &metered))
        return dec_fail_vips(fault, DEC_UNSUPPORTED, at);
    if (output->icc == MR_ICC_SRGB) /* `keep` of a saver is not enough for all of them */
        vips_image_remove(metered, VIPS_META_ICC_NAME);
    target = vips_target_custom_new();
    g_signal_connect(target, "write", G_CALLBACK(on_write), &writing);
    rc = save(metered, VIPS_TARGET(target), output, format, quality);
    *ret = (struct dec_written){
        .len = writing.len,
        .format = (int32_t)format,
        .width = metered->Xsize,
        .height = metered->Ysize,
        .pages = 1,
        .quality = output->lossless || !mr_format_quality_default(format) ? 0 : quality};
    g_object_unref(target);
    g_object_unref(metered);
    if (!rc)
        return DEC_OK;
    if (writing.too_long) {
        vips_error_clear();
        return dec_fail(fault, DEC_TOO_LARGE, "%s: longer than the limit of %" PRIu64 " bytes", at,
                        sink->len_max);
    }
    return dec_fail_vips(fault, pulled->failed ? DEC_CORRUPT : DEC_UNSUPPORTED,
                         pulled->failed ? "decode" : at);
}

/* encode.c -- one output: its format found, its picture prepared, written once; or searched for,
 * where its bytes or its look are bounded (search.c). */
#include "worker/decoder/encode.h"

#include "worker/decoder/frames.h"
#include "worker/decoder/prepare.h"
#include "worker/decoder/save.h"
#include "worker/decoder/search.h"

#include <inttypes.h>

enum dec_failure dec_encode_check(const struct dec_picture *picture, enum mr_format format,
                                  const char *at, struct dec_fault *fault)
{
    int side_max = mr_format_side_max(format), width = picture->image->Xsize;
    int height = picture->image->Ysize;

    if (picture->pages > 1 && (mr_format_animated(format) || format == MR_FORMAT_TIFF))
        height /= picture->pages;
    if (width > side_max || height > side_max)
        return dec_fail(fault, DEC_TOO_LARGE, "%s: %dx%d, %s has at most %d a side", at, width,
                        height, mr_format_name(format), side_max);
    return DEC_OK;
}

/* An image that is nobody else's, with all that its file is to say. */
static enum dec_failure ready(struct dec_picture *picture, const struct dec_order *order,
                              enum mr_format format, VipsImage **ret, unsigned *ret_keep,
                              struct dec_fault *fault)
{
    enum dec_failure failure = dec_encode_check(picture, format, order->at, fault);

    if (!failure)
        failure = dec_prepare(picture, order->output, format, order->at, fault);
    if (failure)
        return failure;
    if (dec_meter_insert(picture->image, order->pulled, ret))
        return dec_fail_vips(fault, DEC_UNSUPPORTED, order->at);
    *ret_keep = dec_prepare_words(*ret, picture->pages, order->output, format);
    return DEC_OK;
}

static enum dec_failure save_failed(const struct dec_order *order,
                                    const struct dec_writing *writing, struct dec_fault *fault)
{
    if (writing && writing->too_long) {
        vips_error_clear();
        return dec_fail(fault, DEC_TOO_LARGE, "%s: longer than the limit of %" PRIu64 " bytes",
                        order->at, order->sink->len_max);
    }
    if (order->pulled->failed)
        return dec_fail_vips(fault, DEC_CORRUPT, "decode");
    return dec_fail_vips(fault, DEC_UNSUPPORTED, order->at);
}

enum dec_failure dec_encode_memory(const struct dec_picture *picture, const struct dec_order *order,
                                   enum mr_format format, int quality, struct dec_file *ret,
                                   struct dec_fault *fault)
{
    struct dec_picture copy = dec_picture_copy(picture);
    VipsTarget *target;
    VipsImage *image = NULL;
    unsigned keep;
    enum dec_failure failure = ready(&copy, order, format, &image, &keep, fault);

    if (!failure) {
        VipsBlob *blob = NULL;
        target = vips_target_new_to_memory();
        if (dec_save(image, target, order->output, format, quality, keep))
            failure = save_failed(order, NULL, fault);
        else
            g_object_get(target, "blob", &blob, NULL);
        if (blob)
            *ret = (struct dec_file){blob, VIPS_AREA(blob)->data, VIPS_AREA(blob)->length};
        g_object_unref(target);
        g_object_unref(image);
    }
    dec_picture_release(&copy);
    return failure;
}

void dec_file_release(struct dec_file *file)
{
    if (file->blob)
        vips_area_unref(VIPS_AREA(file->blob));
    *file = (struct dec_file){0};
}

static enum dec_failure encode_straight(struct dec_picture *picture, const struct dec_order *order,
                                        enum mr_format format, int quality, uint64_t *ret_len,
                                        struct dec_fault *fault)
{
    struct dec_writing writing;
    VipsTarget *target;
    VipsImage *image = NULL;
    unsigned keep;
    enum dec_failure failure = ready(picture, order, format, &image, &keep, fault);

    if (failure)
        return failure;
    target = dec_sink_target(order->sink, &writing);
    if (dec_save(image, target, order->output, format, quality, keep))
        failure = save_failed(order, &writing, fault);
    *ret_len = writing.len;
    g_object_unref(target);
    g_object_unref(image);
    return failure;
}

/* Animations go through memory: their frames are counted. */
static enum dec_failure encode_frames(struct dec_picture *picture, const struct dec_order *order,
                                      enum mr_format format, int quality, uint64_t *ret_len,
                                      int *ret_pages, struct dec_fault *fault)
{
    struct dec_file file = {0};
    enum dec_failure failure = dec_encode_memory(picture, order, format, quality, &file, fault);

    if (!failure && !dec_sink_put(order->sink, file.data, file.len))
        failure = dec_fail(fault, DEC_TOO_LARGE, "%s: longer than the limit of %" PRIu64 " bytes",
                           order->at, order->sink->len_max);
    *ret_len = file.len;
    *ret_pages = failure ? 1 : dec_frames_count(file.data, file.len, format);
    dec_file_release(&file);
    return failure;
}

enum dec_failure dec_encode(struct dec_picture *picture, const struct dec_order *order,
                            struct dec_written *ret, struct dec_fault *fault)
{
    const struct mr_recipe_output *output = order->output;
    enum mr_format format =
        output->format == MR_FORMAT_AUTO ? mr_format_auto(order->source_format) : output->format;
    int quality = output->quality ? output->quality : mr_format_quality_default(format);
    int pages = 1;
    bool animated = picture->pages > 1 && mr_format_animated(format);
    uint64_t len = 0;
    enum dec_failure failure;

    if (dec_search_needed(output, format))
        return dec_search(picture, order, format, ret, fault);
    failure = animated ? encode_frames(picture, order, format, quality, &len, &pages, fault)
                       : encode_straight(picture, order, format, quality, &len, fault);
    if (picture->pages > 1 && format == MR_FORMAT_TIFF)
        pages = picture->pages;
    *ret = (struct dec_written){.len = len,
                                .format = (int32_t)format,
                                .width = picture->image->Xsize,
                                .height = animated || format == MR_FORMAT_TIFF
                                              ? picture->image->Ysize /
                                                    (picture->pages > 1 ? picture->pages : 1)
                                              : picture->image->Ysize,
                                .pages = pages,
                                .quality = dec_quality_told(output, format) ? quality : 0};
    return failure;
}

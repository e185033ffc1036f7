/* inspect.c -- a header as JSON.  Of EXIF, what describes camera and exposure; never the place. */
#include "worker/decoder/inspect.h"

#include "common/base/json.h"
#include "common/base/utf8.h"
#include "worker/decoder/analyse.h"

#include <stdio.h>
#include <string.h>

enum { EXIF_VALUE_MAX = 128 };

static const struct {
    const char *name, *field;
} exif_fields[] = {
    {"make", "exif-ifd0-Make"},
    {"model", "exif-ifd0-Model"},
    {"software", "exif-ifd0-Software"},
    {"date_time", "exif-ifd0-DateTime"},
    {"date_time_original", "exif-ifd2-DateTimeOriginal"},
    {"exposure_time", "exif-ifd2-ExposureTime"},
    {"f_number", "exif-ifd2-FNumber"},
    {"iso", "exif-ifd2-ISOSpeedRatings"},
    {"focal_length", "exif-ifd2-FocalLength"},
    {"lens_model", "exif-ifd2-LensModel"},
};

/* libvips has "VALUE (FORMATTED, TYPE, N components, N bytes)"; the formatted one is for people. */
static void exif_value(const char *text, char value[EXIF_VALUE_MAX])
{
    const char *end = strrchr(text, '(');
    int len = end && end > text ? (int)(end - text) - 1 : (int)strlen(text);

    snprintf(value, EXIF_VALUE_MAX, "%.*s", len, text);
    mr_utf8_clean(value, strlen(value));
}

static void exif_print(struct mr_jw *w, VipsImage *image)
{
    char value[EXIF_VALUE_MAX];
    const char *text;

    mr_jw_open(w, "exif", '{');
    for (size_t i = 0; i < sizeof(exif_fields) / sizeof(exif_fields[0]); i++) {
        if (!vips_image_get_typeof(image, exif_fields[i].field) ||
            vips_image_get_string(image, exif_fields[i].field, &text))
            continue;
        exif_value(text, value);
        mr_jw_str(w, exif_fields[i].name, value);
    }
    mr_jw_close(w, '}');
}

enum dec_failure dec_inspect(const struct dec_source *source, const struct dec_limits *limits,
                             unsigned wanted, struct mr_buf *buf, struct dec_fault *fault)
{
    struct dec_header header;
    VipsImage *image;
    struct mr_jw w;
    enum dec_failure failure = dec_load_open(source, limits, &header, &image, fault);

    if (failure)
        return failure;
    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "format", mr_format_name(header.format));
    mr_jw_int(&w, "width", header.width);
    mr_jw_int(&w, "height", header.height);
    mr_jw_int(&w, "pages", header.pages);
    mr_jw_int(&w, "bands", image->Bands);
    mr_jw_str(&w, "depth", vips_enum_nick(VIPS_TYPE_BAND_FORMAT, image->BandFmt));
    mr_jw_str(&w, "colorspace", vips_enum_nick(VIPS_TYPE_INTERPRETATION, image->Type));
    mr_jw_int(&w, "orientation", header.orientation);
    mr_jw_bool(&w, "has_alpha", vips_image_hasalpha(image));
    mr_jw_bool(&w, "has_icc", vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0);
    exif_print(&w, image);
    g_object_unref(image);
    failure = dec_analyse(source, limits, wanted, &w, fault);
    mr_jw_close(&w, '}');
    if (failure)
        return failure;
    if (buf->failed)
        return dec_fail(fault, DEC_NO_MEMORY, "no memory for the answer");
    return DEC_OK;
}

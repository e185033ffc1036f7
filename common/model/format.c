/* format.c -- the table of picture formats. */
#include "common/model/format.h"

/* clang-format off */
static const struct {
    const char *name, *extension, *content_type;
    bool written, animated, untrusted;
    int quality, side_max;
} formats[MR_FORMAT_COUNT] = {
    [MR_FORMAT_AUTO] = {"auto", "bin",  "application/octet-stream", false, false, false, 0, 0},
    [MR_FORMAT_JPEG] = {"jpeg", "jpg",  "image/jpeg", true,  false, false, 80, 65535},
    [MR_FORMAT_PNG]  = {"png",  "png",  "image/png",  true,  false, false, 0,  10000000},
    [MR_FORMAT_WEBP] = {"webp", "webp", "image/webp", true,  true,  false, 80, 16383},
    [MR_FORMAT_AVIF] = {"avif", "avif", "image/avif", true,  false, false, 50, 16384},
    [MR_FORMAT_HEIC] = {"heif", "heic", "image/heic", true,  false, false, 50, 16384},
    [MR_FORMAT_GIF]  = {"gif",  "gif",  "image/gif",  true,  true,  false, 0,  65535},
    [MR_FORMAT_TIFF] = {"tiff", "tiff", "image/tiff", true,  false, false, 80, 10000000},
    [MR_FORMAT_JXL]  = {"jxl",  "jxl",  "image/jxl",  true,  false, true,  75, 10000000},
    [MR_FORMAT_RAW]  = {"raw",  "raw",  "application/octet-stream", true, false, false, 0, 10000000},
    [MR_FORMAT_BEST] = {"best", "bin",  "application/octet-stream", false, false, false, 0, 0},
    [MR_FORMAT_SVG]  = {"svg",  "svg",  "image/svg+xml", false, false, true, 0, 0},
    [MR_FORMAT_PDF]  = {"pdf",  "pdf",  "application/pdf", false, false, true, 0, 0},
    [MR_FORMAT_JP2]  = {"jp2",  "jp2",  "image/jp2",  false, false, true,  0,  0},
};
/* clang-format on */

static bool known(enum mr_format format)
{
    return (unsigned)format < MR_FORMAT_COUNT;
}

const char *mr_format_name(enum mr_format format)
{
    return known(format) ? formats[format].name : "unknown";
}

const char *mr_format_extension(enum mr_format format)
{
    return formats[known(format) ? format : MR_FORMAT_AUTO].extension;
}

const char *mr_format_content_type(enum mr_format format)
{
    return formats[known(format) ? format : MR_FORMAT_AUTO].content_type;
}

bool mr_format_written(enum mr_format format)
{
    return known(format) && formats[format].written;
}

int mr_format_quality_default(enum mr_format format)
{
    return known(format) ? formats[format].quality : 0;
}

int mr_format_side_max(enum mr_format format)
{
    return known(format) ? formats[format].side_max : 0;
}

bool mr_format_animated(enum mr_format format)
{
    return known(format) && formats[format].animated;
}

bool mr_format_untrusted(enum mr_format format)
{
    return known(format) && formats[format].untrusted;
}

enum mr_format mr_format_auto(enum mr_format format)
{
    return mr_format_written(format) ? format : MR_FORMAT_PNG;
}

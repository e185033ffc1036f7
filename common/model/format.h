/* format.h -- the picture formats by name: what is read, what is written, how a file of it is
 * called. */
#ifndef MR_FORMAT_H
#define MR_FORMAT_H

#include <stdbool.h>

enum mr_format {
    MR_FORMAT_AUTO, /* as the source; only in a recipe */
    MR_FORMAT_JPEG,
    MR_FORMAT_PNG,
    MR_FORMAT_WEBP,
    MR_FORMAT_AVIF,
    MR_FORMAT_HEIC,
    MR_FORMAT_GIF,
    MR_FORMAT_TIFF,
    MR_FORMAT_JXL,
    MR_FORMAT_RAW,  /* only written: the pixels, row by row */
    MR_FORMAT_BEST, /* the smallest of several; only in a recipe */
    MR_FORMAT_SVG,  /* these only read */
    MR_FORMAT_PDF,
    MR_FORMAT_JP2,
    MR_FORMAT_COUNT
};

/* All of these accept any number; one that is no format is "unknown" and neither read nor written.
 */
const char *mr_format_name(enum mr_format);         /* "jpeg" */
const char *mr_format_extension(enum mr_format);    /* "jpg" */
const char *mr_format_content_type(enum mr_format); /* "image/jpeg" */
bool mr_format_written(enum mr_format);             /* there is an encoder for it */
int mr_format_quality_default(enum mr_format);      /* 0: the format has no quality */
int mr_format_side_max(enum mr_format);             /* the widest and highest it can hold */
bool mr_format_animated(enum mr_format);            /* a file of it can hold pages that play */
/* Its loader runs only in a decoder of its own, used for one task. */
bool mr_format_untrusted(enum mr_format);
/* What `auto` writes for a source of this format: itself, or PNG where it is not written. */
enum mr_format mr_format_auto(enum mr_format);

#endif

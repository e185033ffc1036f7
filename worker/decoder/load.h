/* load.h -- from bytes to a picture: its header checked, nothing decoded yet. */
#ifndef DEC_LOAD_H
#define DEC_LOAD_H

#include "worker/decoder/picture.h"

struct dec_source { /* bytes of a file, lent for the task, and what is read of them */
    const void *data;
    size_t len;
    enum mr_format format; /* as the supervisor found it: the loader that is called */
    int page;              /* the first, from 0 */
    int pages;             /* so many; -1: all; 0 is 1 */
    double dpi;            /* of drawings; 0: 72 */
};

struct dec_header { /* as the file has it: not turned, one page of it */
    enum mr_format format;
    int width, height;
    int pages;       /* in the file */
    int read;        /* pages of these that are read */
    int orientation; /* EXIF 1..8; 1 where it says none */
};

struct dec_want {      /* what becomes of a picture, as far as its decoding has to know */
    double shrink;     /* at least this much smaller is enough; what the format can leave out on the
                          way in, it does.  Below 1: a drawing is drawn larger */
    bool orient;       /* by its EXIF orientation */
    bool keep_profile; /* not to be made sRGB */
    bool deep;         /* 16 bits stay 16 bits */
};

/* Opens by the exact loader.  Image.Corrupt, Image.TooLarge before any pixel;
 * Recipe.OutOfBounds: no such page. */
enum dec_failure dec_load_open(const struct dec_source *source, const struct dec_limits *limits,
                               struct dec_header *ret, VipsImage **ret_image,
                               struct dec_fault *fault);
/* The picture out of image (moved in). */
enum dec_failure dec_load_picture(const struct dec_source *source, const struct dec_limits *limits,
                                  const struct dec_header *header, VipsImage *image,
                                  const struct dec_want *want, struct dec_meter *meter,
                                  struct dec_picture *ret, struct dec_fault *fault);

/* By how much libjpeg leaves out, 1 2 4 8, of what may be left out. */
int dec_load_jpeg_shrink(double shrink);

#endif

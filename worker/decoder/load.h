/* load.h -- from bytes to a picture: sniffed, its header checked, nothing decoded yet. */
#ifndef DEC_LOAD_H
#define DEC_LOAD_H

#include "worker/decoder/picture.h"

struct dec_source { /* bytes of a file, lent for the task */
    const void *data;
    size_t len;
    enum mr_format format; /* as the supervisor found it: the loader that is called */
};

struct dec_header { /* as the file has it: not turned, one page of it */
    enum mr_format format;
    int width, height, pages;
    int orientation; /* EXIF 1..8; 1 where it says none */
};

/* Opens by the exact loader.  Image.Corrupt, Image.TooLarge before any pixel. */
enum dec_failure dec_load_open(const struct dec_source *source, const struct dec_limits *limits,
                               struct dec_header *ret, VipsImage **ret_image,
                               struct dec_fault *fault);
/* The picture out of image (moved in).  shrink >= 1: at least this much smaller is enough; what the
 * format can leave out on the way in, it does.  orient: by its EXIF orientation.  keep_profile: not
 * to be made sRGB. */
enum dec_failure dec_load_picture(const struct dec_source *source, const struct dec_header *header,
                                  VipsImage *image, double shrink, bool orient, bool keep_profile,
                                  struct dec_meter *meter, struct dec_picture *ret,
                                  struct dec_fault *fault);

#endif

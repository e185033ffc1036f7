/* encode.h -- a picture into the bytes of a file, straight into an output's memfd. */
#ifndef DEC_ENCODE_H
#define DEC_ENCODE_H

#include "worker/decoder/picture.h"
#include "worker/decoder/sink.h"

/* An output to be written, and where its picture comes from. */
struct dec_order {
    const struct mr_recipe_output *output;
    const char *at;               /* its JSON pointer */
    enum mr_format source_format; /* for `auto` */
    const struct dec_limits *limits;
    const struct dec_sink *sink;
    struct dec_meter *pulled; /* adds up what it took to make the pixels */
};

/* May change the picture, which has no further use. */
enum dec_failure dec_encode(struct dec_picture *picture, const struct dec_order *order,
                            struct dec_written *ret, struct dec_fault *fault);

/* ---- for search.c ---------------------------------------------------------------------------- */

struct dec_file {   /* a file in memory */
    VipsBlob *blob; /* owned; holds the others */
    const void *data;
    size_t len;
};
void dec_file_release(struct dec_file *file);

/* The picture, prepared for the format, as a file in memory.  The picture stays as it is. */
enum dec_failure dec_encode_memory(const struct dec_picture *picture, const struct dec_order *order,
                                   enum mr_format format, int quality, struct dec_file *ret,
                                   struct dec_fault *fault);
enum dec_failure dec_encode_check(const struct dec_picture *picture, enum mr_format format,
                                  const char *at, struct dec_fault *fault);

#endif

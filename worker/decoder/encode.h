/* encode.h -- a picture into the bytes of a file, straight into an output's memfd. */
#ifndef DEC_ENCODE_H
#define DEC_ENCODE_H

#include "worker/decoder/picture.h"

struct dec_sink { /* where the bytes go */
    int fd;
    uint64_t len_max;
};

/* pulled: adds up what it took to make the pixels. at: the output's JSON pointer. */
enum dec_failure dec_encode(struct dec_picture *picture, const struct mr_recipe_output *output,
                            enum mr_format source_format, const char *at,
                            const struct dec_sink *sink, struct dec_meter *pulled,
                            struct dec_written *ret, struct dec_fault *fault);

#endif

/* sink.h -- where the bytes of an output go: its memfd, written in any order (TIFF goes back). */
#ifndef DEC_SINK_H
#define DEC_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include <vips/vips.h>

struct dec_sink {
    int fd;
    uint64_t len_max;
};

struct dec_writing {
    const struct dec_sink *sink;
    uint64_t at, len;
    bool too_long; /* it would have been longer than len_max */
};

/* A target of libvips that writes there; *writing lives as long.  g_object_unref() ends it. */
VipsTarget *dec_sink_target(const struct dec_sink *sink, struct dec_writing *writing);
/* The same for bytes that are there already; false: longer than len_max, or not written. */
bool dec_sink_put(const struct dec_sink *sink, const void *data, uint64_t len);

#endif

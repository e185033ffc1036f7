/* inspect.h -- what a picture says about itself, out of its header. */
#ifndef DEC_INSPECT_H
#define DEC_INSPECT_H

#include "common/base/buf.h"
#include "worker/decoder/load.h"

/* Appends a JSON object. */
enum dec_failure dec_inspect(const struct dec_source *source, const struct dec_limits *limits,
                             struct mr_buf *buf, struct dec_fault *fault);

#endif

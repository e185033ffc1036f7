/* inspect.h -- what a picture says about itself: out of its header, and what is asked for beyond.
 */
#ifndef DEC_INSPECT_H
#define DEC_INSPECT_H

#include "common/base/buf.h"
#include "worker/decoder/load.h"

/* Appends a JSON object.  wanted: bits of enum mr_inspect_want; without any nothing is decoded. */
enum dec_failure dec_inspect(const struct dec_source *source, const struct dec_limits *limits,
                             unsigned wanted, struct mr_buf *buf, struct dec_fault *fault);

#endif

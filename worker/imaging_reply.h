/* imaging_reply.h -- what a decoder says that it made, believed as far as it can be checked. */
#ifndef WK_IMAGING_REPLY_H
#define WK_IMAGING_REPLY_H

#include "worker/imaging.h"
#include "worker/imaging_pool.h"

/* False: a number in it cannot be; *ret is then not to be used.  Lends the outputs' bytes from
 * pool. */
bool wk_reply_rendered(const struct dec_reply *, const struct mr_recipe *, const struct wk_pool *,
                       int64_t output_bytes_max, struct wk_rendered *ret);

#endif

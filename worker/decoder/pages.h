/* pages.h -- operations on a picture of many pages: on each page as if it were alone, so that
 * nothing bleeds from one into the next. */
#ifndef DEC_PAGES_H
#define DEC_PAGES_H

#include "worker/decoder/ops.h"

/* As dec_ops_run().  Recipe.Invalid where it would leave the pages unequal in size. */
enum dec_failure dec_pages_run(struct dec_picture *picture, const struct mr_ops *ops,
                               const struct dec_scene *scene, struct dec_fault *fault);
/* Turned as it should be, each page for itself. */
enum dec_failure dec_pages_upright(struct dec_picture *picture, struct dec_fault *fault);

#endif

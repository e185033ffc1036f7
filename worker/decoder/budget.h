/* budget.h -- how much memory a task needs, from the headers of its sources and its recipe, before
 * any pixel.  An estimate from above: what it says is what the kernel then allows. */
#ifndef DEC_BUDGET_H
#define DEC_BUDGET_H

#include "common/model/recipe_ops.h"
#include "worker/decoder/load.h"

/* Bytes beyond what an idle decoder has.  Fails as dec_load_open() does. */
enum dec_failure dec_budget_render(const struct mr_recipe *recipe, const struct dec_source *sources,
                                   size_t source_count, const struct dec_limits *limits,
                                   uint64_t *ret, struct dec_fault *fault);
/* pixels: more than the header is looked at. */
enum dec_failure dec_budget_inspect(const struct dec_source *source, bool pixels,
                                    const struct dec_limits *limits, uint64_t *ret,
                                    struct dec_fault *fault);

#endif

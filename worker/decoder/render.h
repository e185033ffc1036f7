/* render.h -- a recipe, done: one decode for all of its outputs. */
#ifndef DEC_RENDER_H
#define DEC_RENDER_H

#include "worker/decoder/encode.h"
#include "worker/decoder/load.h"

/* Fills the reply's outputs, source and CPU times; sinks has one for each output of the recipe. */
enum dec_failure dec_render(const struct mr_recipe *recipe, const struct dec_source *sources,
                            size_t source_count, const struct dec_limits *limits,
                            const struct dec_sink *sinks, struct dec_reply *reply,
                            struct dec_fault *fault);

#endif

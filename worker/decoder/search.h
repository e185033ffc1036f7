/* search.h -- an output whose bytes or whose look are bounded: encoded a bounded number of times,
 * until the best that keeps the bounds is found. */
#ifndef DEC_SEARCH_H
#define DEC_SEARCH_H

#include "worker/decoder/encode.h"

bool dec_search_needed(const struct mr_recipe_output *output, enum mr_format format);
/* A file of the format has a quality that means something here. */
bool dec_quality_told(const struct mr_recipe_output *output, enum mr_format format);
/* format: of the output, `auto` resolved; `best` is tried as each that could be. Image.TooLarge:
 * max_bytes is less than the smallest it could be. */
enum dec_failure dec_search(struct dec_picture *picture, const struct dec_order *order,
                            enum mr_format format, struct dec_written *ret,
                            struct dec_fault *fault);

#endif

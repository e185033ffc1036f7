/* prepare.h -- a picture as the codec of an output wants it: colours, depth, profile, pages, and
 * what is said beside the pixels. */
#ifndef DEC_PREPARE_H
#define DEC_PREPARE_H

#include "worker/decoder/picture.h"

/* Into colours that format holds and output asks for.  Recipe.Invalid: they do not go together. */
enum dec_failure dec_prepare(struct dec_picture *picture, const struct mr_recipe_output *output,
                             enum mr_format format, const char *at, struct dec_fault *fault);
/* Leaves on image, which is nobody else's, what its file is to say.  Returns how much the saver is
 * to keep of it (flags of VipsForeignKeep). */
unsigned dec_prepare_words(VipsImage *image, int pages, const struct mr_recipe_output *output,
                           enum mr_format format);

#endif

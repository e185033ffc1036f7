/* save.h -- the savers of libvips that we call, each by name, with every option said. */
#ifndef DEC_SAVE_H
#define DEC_SAVE_H

#include "common/model/recipe_ops.h"

#include <vips/vips.h>

/* keep: flags of VipsForeignKeep.  0, or -1 as libvips does. */
int dec_save(VipsImage *image, VipsTarget *target, const struct mr_recipe_output *output,
             enum mr_format format, int quality, unsigned keep);

#endif

/* analyse.h -- what can only be said of a picture once it is decoded: in one pass over all of it,
 * and of a small one made of it. */
#ifndef DEC_ANALYSE_H
#define DEC_ANALYSE_H

#include "common/base/json.h"
#include "worker/decoder/load.h"

/* Adds a member to the object that is open in w for each of wanted (enum mr_inspect_want). */
enum dec_failure dec_analyse(const struct dec_source *source, const struct dec_limits *limits,
                             unsigned wanted, struct mr_jw *w, struct dec_fault *fault);
/* ---- for inspect.c and analyse*.c ------------------------------------------------------------ */

/* The picture in 8-bit sRGB or grey.  side > 0: so many pixels of the shorter side are enough, and
 * the EXIF orientation is to be followed; 0: all of it, as it is stored. */
enum dec_failure dec_analyse_load(const struct dec_source *source, const struct dec_limits *limits,
                                  int side, struct dec_meter *meter, struct dec_picture *ret,
                                  struct dec_fault *fault);
enum dec_failure dec_analyse_small(const struct dec_source *source, const struct dec_limits *limits,
                                   unsigned wanted, struct mr_jw *w, struct dec_fault *fault);
void dec_number_print(struct mr_jw *w, const char *name, double v);           /* 6 digits */
void dec_color_print(struct mr_jw *w, const char *name, int r, int g, int b); /* "#rrggbb" */

#endif

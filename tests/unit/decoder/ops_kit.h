/* ops_kit.h -- what the tests of operations share: one decoder, and a picture of four quarters. */
#ifndef OPS_KIT_H
#define OPS_KIT_H

#include "tests/unit/decoder/kit.h"

extern struct wk_decoder *decoder;
extern struct kit_file quarters; /* 64x32: red, green over blue, white */

int ops_setup(void **state); /* of the group */
int ops_teardown(void **state);

/* A picture of one colour through ops: what one of its pixels became. */
struct kit_pixel ops_pixel(struct kit_pixel color, const char *ops);

#endif

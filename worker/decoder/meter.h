/* meter.h -- whose time it was.  libvips decodes, scales and encodes at once, row by row, so that
 * no clock around a call tells the stages apart.  A meter is an operation that does nothing but
 * pass pixels on, and adds up the CPU time of what lies before it. */
#ifndef DEC_METER_H
#define DEC_METER_H

#include <stdbool.h>
#include <stdint.h>
#include <vips/vips.h>

struct dec_meter {
    int64_t spent_ns; /* by everything before it */
    bool failed;      /* pixels could not be had: the fault lies before it */
};

/* *ret passes image on; meter must live as long.  0, or -1 as libvips does. */
int dec_meter_insert(VipsImage *image, struct dec_meter *meter, VipsImage **ret);
int64_t dec_cpu_ns(void); /* of this process */

#endif

/* measure.h -- what a picture looks like, in few numbers: the rule by which pictures of two engines
 * are compared.  Two engines never agree on every bit; block means see wrong places, colours and
 * alpha, differences of neighbours see a blur that is missing. */
#ifndef CONFORMANCE_MEASURE_H
#define CONFORMANCE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GRID = 16, GRID_BYTES = GRID * GRID * 4 };

struct look {
    uint8_t grid[GRID_BYTES]; /* r, g, b weighted by alpha, alpha; rows from top to bottom */
    double detail[2];         /* mean difference of neighbours in brightness: across, down */
};

struct seen {                              /* a file of a picture */
    char format[16], depth[16], space[16]; /* in sharp's words */
    int width, height, pages;              /* of one page */
    bool has_alpha, icc, exif;
    double duration_ms; /* sum of the delays */
    size_t bytes;
    struct look first, last; /* last: where there are more pages than one */
};

/* rgba: 8-bit, not premultiplied, without gaps. */
void look_measure(const uint8_t *rgba, int width, int height, struct look *ret);
/* False with the reason: no picture that libvips reads. */
bool file_see(const void *data, size_t len, struct seen *ret, char *why, size_t why_size);

#endif

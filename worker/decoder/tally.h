/* tally.h -- what is counted over every pixel of a picture, row by row, so that a picture of any
 * height is read once and never held.  Pure.  Rows are bytes: grey or sRGB, alpha last. */
#ifndef DEC_TALLY_H
#define DEC_TALLY_H

#include <stdbool.h>
#include <stdint.h>

/* ---- stats.c: as sharp's stats() ------------------------------------------------------------- */

struct dec_channel_stats {
    int min, max;
    uint64_t sum, squares;
};
struct dec_stats {
    struct dec_channel_stats channels[4];
    uint64_t pixels;
};
void dec_stats_init(struct dec_stats *stats);
void dec_stats_row(struct dec_stats *stats, const uint8_t *row, int width, int bands);
double dec_stats_mean(const struct dec_stats *stats, int channel);
double dec_stats_stdev(const struct dec_stats *stats,
                       int channel); /* of a sample; 0 of one pixel */

/* ---- dominant.c: the middle of the fullest of 4096 boxes, as sharp's stats().dominant ---------
 */

struct dec_dominant {
    uint64_t boxes[4096];
};
void dec_dominant_row(struct dec_dominant *dominant, const uint8_t *row, int width, int bands);
void dec_dominant_color(const struct dec_dominant *dominant, int ret[3]);

/* ---- of one grey row, which grey.c makes ------------------------------------------------------
 */

/* Luminance in sRGB's curve, as libvips' b-w; alpha is not looked at. */
void dec_grey_row(const uint8_t *row, int width, int bands, uint8_t *ret);

struct dec_entropy { /* entropy.c: Shannon's, of the grey levels, bits */
    uint64_t levels[256], pixels;
};
void dec_entropy_row(struct dec_entropy *entropy, const uint8_t *grey, int width);
double dec_entropy_bits(const struct dec_entropy *entropy);

/* sharpness.c: standard deviation of the Laplacian, 0 where all is flat. */
struct dec_sharpness {
    int width, rows;   /* rows that were given */
    uint8_t *lines[3]; /* owned: the last ones; line y is in lines[y % 3] */
    double sum, squares;
};
bool dec_sharpness_init(struct dec_sharpness *sharpness, int width); /* false: no memory */
void dec_sharpness_row(struct dec_sharpness *sharpness, const uint8_t *grey);
double dec_sharpness_value(struct dec_sharpness *sharpness); /* after the last row, once */
void dec_sharpness_release(struct dec_sharpness *sharpness); /* accepts what is all zero */

#endif

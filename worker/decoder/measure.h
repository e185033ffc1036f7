/* measure.h -- how alike two pictures look.  Pure: bytes in, a number out. */
#ifndef DEC_MEASURE_H
#define DEC_MEASURE_H

#include <stdint.h>

/* Both take two pictures of one size, RGB in bytes, row by row without gaps, in sRGB.  NAN: no
 * memory for the work. */

/* SSIMULACRA 2.1 (J. Sneyers, Cloudinary): 100 the same, 90 visually lossless, 70 high quality, 50
 * medium; may be negative. */
double dec_ssimulacra2(const uint8_t *original, const uint8_t *other, int width, int height);
/* (1 - SSIM) / 2 of luma, SSIM as Wang et al. have it (Gaussian of 1.5, K 0.01 and 0.03), mirrored
 * at the edges: 0 the same, 1 the opposite. */
double dec_dssim(const uint8_t *original, const uint8_t *other, int width, int height);

#endif

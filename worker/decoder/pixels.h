/* pixels.h -- a small picture in memory, as the hashes and the palette see it.  Pure: bytes in, a
 * text or numbers out, no library. */
#ifndef DEC_PIXELS_H
#define DEC_PIXELS_H

#include <stddef.h>
#include <stdint.h>

struct dec_pixels { /* sRGB and alpha, four bytes a pixel, not premultiplied, rows without gaps */
    const uint8_t *data;
    int width, height;
};

enum {
    DEC_PIXELS_SIDE_MAX = 100, /* of what is hashed: more would cost more and say the same */
    DEC_BLURHASH_COMPONENTS_MAX = 9,
    DEC_BLURHASH_SIZE = 6 + 2 * (9 * 9 - 1) + 1, /* bytes of text, with its end */
    DEC_THUMBHASH_SIZE = 64,                     /* bytes, more than any needs */
    DEC_PHASH_SIDE = 32,
    DEC_PALETTE_MAX = 8,
};

/* blurhash.c.  across, down: components, 1..9 each.  Alpha is not looked at. */
void dec_blurhash(const struct dec_pixels *pixels, int across, int down,
                  char ret[DEC_BLURHASH_SIZE]);
/* thumbhash.c.  Sides up to DEC_PIXELS_SIDE_MAX.  Returns how many bytes the hash has. */
size_t dec_thumbhash(const struct dec_pixels *pixels, uint8_t ret[DEC_THUMBHASH_SIZE]);
/* phash.c.  The first of the 64 bits is the highest.  Two pictures look alike where few differ. */
uint64_t dec_phash(const uint8_t luma[DEC_PHASH_SIDE * DEC_PHASH_SIDE]);

struct dec_swatch {
    uint8_t r, g, b;
    double share; /* of the pixels, 0..1 */
};
/* palette.c.  Up to DEC_PALETTE_MAX colours, the most frequent first; transparent pixels are not
 * counted, and of a picture that is transparent all over there are none.  Returns how many; -1: no
 * memory. */
int dec_palette(const struct dec_pixels *pixels, struct dec_swatch ret[DEC_PALETTE_MAX]);

#endif

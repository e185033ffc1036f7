/* main.c -- millrace-sample: draws the pictures that the demo, the tests and the docs use, so that
 * the project ships none.  `photo FILE.jpg [WIDTH HEIGHT]`: a landscape at dusk with fine detail;
 * `mark FILE.png`: a watermark with transparency.  The same bytes every time. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

struct picture {
    int width, height, bands;
    uint8_t *pixels;
};

/* Noise that depends on place alone, 0..1. */
static double noise(int x, int y)
{
    uint32_t n = (uint32_t)x * 374761393u + (uint32_t)y * 668265263u;

    n = (n ^ (n >> 13)) * 1274126177u;
    return (double)((n ^ (n >> 16)) & 0xffff) / 65535.0;
}

static double smooth_noise(double x, double y)
{
    const int ix = (int)floor(x), iy = (int)floor(y);
    const double fx = x - ix, fy = y - iy;
    const double a = noise(ix, iy) * (1 - fx) + noise(ix + 1, iy) * fx;
    const double b = noise(ix, iy + 1) * (1 - fx) + noise(ix + 1, iy + 1) * fx;

    return a * (1 - fy) + b * fy;
}

static uint8_t byte_of(double v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)v;
}

static void sky(double u, double v, double aspect, double rgb[3])
{
    const double dx = (u - 0.68) * aspect, dy = v - 0.42;
    const double sun = exp(-(dx * dx + dy * dy) * 90), glow = exp(-(dx * dx + dy * dy) * 6);
    const double cloud = smooth_noise(u * 9, v * 26) * 0.6 + smooth_noise(u * 31, v * 70) * 0.4;

    rgb[0] = 60 + 150 * v + 110 * glow + 160 * sun + 26 * cloud;
    rgb[1] = 70 + 70 * v + 70 * glow + 150 * sun + 20 * cloud;
    rgb[2] = 120 - 10 * v + 10 * glow + 100 * sun + 24 * cloud;
}

/* Three ridges, the nearer the darker, with grain on them. */
static bool hills(double u, double v, int x, int y, double rgb[3])
{
    for (int ridge = 2; ridge >= 0; ridge--) {
        const double scale = 3.0 + 2.2 * ridge, shift = 7.3 * ridge;
        const double top = 0.52 + 0.13 * ridge - 0.11 * smooth_noise(u * scale + shift, shift) -
                           0.02 * smooth_noise(u * scale * 9 + shift, shift + 3);

        if (v > top) {
            const double grain = (noise(x / 2, y / 2) - 0.5) * (14 + 16 * ridge);
            const double haze = 90.0 / (1 + 1.6 * ridge);

            rgb[0] = haze * 1.05 + grain;
            rgb[1] = haze * 0.85 + 14 * ridge + grain;
            rgb[2] = haze * 1.15 + grain;
            return true;
        }
    }
    return false;
}

static void draw_photo(struct picture *picture)
{
    const double aspect = (double)picture->width / picture->height;

    for (int y = 0; y < picture->height; y++) {
        for (int x = 0; x < picture->width; x++) {
            const double u = (double)x / picture->width, v = (double)y / picture->height;
            uint8_t *p = picture->pixels + ((size_t)y * picture->width + x) * 3;
            double rgb[3];

            if (!hills(u, v, x, y, rgb))
                sky(u, v, aspect, rgb);
            for (int band = 0; band < 3; band++)
                p[band] = byte_of(rgb[band] + (noise(x, y) - 0.5) * 6);
        }
    }
}

/* A mill wheel: a ring with eight spokes. */
static void draw_mark(struct picture *picture)
{
    const double middle = picture->width / 2.0;

    for (int y = 0; y < picture->height; y++) {
        for (int x = 0; x < picture->width; x++) {
            const double dx = x + 0.5 - middle, dy = y + 0.5 - middle;
            const double radius = sqrt(dx * dx + dy * dy) / middle;
            const double turn = fmod(atan2(dy, dx) + 2 * 3.14159265358979 + 0.2, 0.78539816339745);
            const bool ring = (radius > 0.72 && radius < 0.86) || radius < 0.16;
            const bool spoke = radius < 0.97 && fabs(turn - 0.3926990817) * radius < 0.045;
            uint8_t *p = picture->pixels + ((size_t)y * picture->width + x) * 4;

            memset(p, 255, 3);
            p[3] = ring || spoke ? 190 : 0;
        }
    }
}

static int save(const struct picture *picture, const char *file)
{
    const size_t bytes = (size_t)picture->width * picture->height * picture->bands;
    VipsImage *image = vips_image_new_from_memory(
        picture->pixels, bytes, picture->width, picture->height, picture->bands, VIPS_FORMAT_UCHAR);
    VipsImage *srgb = NULL;
    int failed = 1;

    if (image && !vips_copy(image, &srgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
        failed = picture->bands == 3 ? vips_jpegsave(srgb, file, "Q", 90, NULL)
                                     : vips_pngsave(srgb, file, NULL);
    if (failed)
        fprintf(stderr, "millrace-sample: %s", vips_error_buffer());
    if (srgb)
        g_object_unref(srgb);
    if (image)
        g_object_unref(image);
    return failed;
}

int main(int argc, char **argv)
{
    const bool mark = argc >= 3 && strcmp(argv[1], "mark") == 0;
    const bool photo = argc >= 3 && strcmp(argv[1], "photo") == 0;
    struct picture picture = {
        .width = mark ? 256 : 2400, .height = mark ? 256 : 1600, .bands = mark ? 4 : 3};
    int failed;

    if (argc == 5 && photo) {
        picture.width = atoi(argv[3]);
        picture.height = atoi(argv[4]);
    }
    if ((!mark && !photo) || picture.width < 1 || picture.height < 1 || picture.width > 20000 ||
        picture.height > 20000) {
        fprintf(stderr, "Usage: millrace-sample photo FILE.jpg [WIDTH HEIGHT] | mark FILE.png\n"
                        "Sides are 1..20000 pixels.\n");
        return 2;
    }
    if (vips_init(argv[0])) {
        fprintf(stderr, "millrace-sample: %s", vips_error_buffer());
        return 1;
    }
    picture.pixels = malloc((size_t)picture.width * picture.height * picture.bands);
    if (!picture.pixels) {
        fprintf(stderr, "millrace-sample: no memory for %d x %d\n", picture.width, picture.height);
        return 1;
    }
    if (mark)
        draw_mark(&picture);
    else
        draw_photo(&picture);
    failed = save(&picture, argv[2]);
    free(picture.pixels);
    vips_shutdown();
    return failed ? 1 : 0;
}

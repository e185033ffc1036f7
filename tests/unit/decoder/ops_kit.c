/* ops_kit.c -- set-up of the tests of operations. */
#include "tests/unit/decoder/ops_kit.h"

struct wk_decoder *decoder;
struct kit_file quarters;

int ops_setup(void **state)
{
    const struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("ops_test");
    decoder = kit_decoder(&config);
    quarters = kit_quarters(64, 32, ".png");
    return 0;
}

int ops_teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    g_free(quarters.data);
    return 0;
}

struct kit_pixel ops_pixel(struct kit_pixel color, const char *ops)
{
    struct kit_file file = kit_plain(4, 4, color, ".png");
    VipsImage *image = kit_done(decoder, ops, &file, 1);
    struct kit_pixel pixel = kit_at(image, 1, 2);

    g_object_unref(image);
    g_free(file.data);
    return pixel;
}

/* fetch_test.c -- pictures by URL, from the server's bytes to the output's pixels, through the real
 * decoder in its sandbox. */
#include "tests/unit/decoder/fetch_kit.h"
#include "tests/unit/decoder/kit.h"

#include <string.h>

static struct fetch_kit kit;

static int open_all(void **state)
{
    (void)state;
    kit = (struct fetch_kit){.imaging = kit_config()};
    kit.decoder = kit_decoder(&kit.imaging);
    return fetch_kit_open(&kit);
}

static int close_all(void **state)
{
    (void)state;
    fetch_kit_close(&kit);
    return 0;
}

static void serve(struct kit_file file)
{
    kit.server.picture = file.data;
    kit.server.picture_len = file.len;
}

static void done(const char *type, const char *input)
{
    if (fetch_kit_do(&kit, type, input))
        fail_msg("%s: %s", kit.fault.name, kit.fault.cause);
}

static void fails(const char *type, const char *input, const char *name, const char *cause)
{
    assert_int_not_equal(fetch_kit_do(&kit, type, input), MR_OK);
    assert_string_equal(kit.fault.name, name);
    assert_non_null(strstr(kit.fault.cause, cause));
}

static void a_picture_and_a_layer_by_url_become_an_output(void **state)
{
    struct kit_file file = kit_quarters(80, 40, ".png");
    struct mr_buf output;
    VipsImage *image;

    (void)state;
    serve(file);
    done("image.render",
         "{\"source\":{\"url\":\"http://127.0.0.1:PORT/picture?sig=1\"},\"ops\":[{\"op\":"
         "\"composite\",\"layers\":[{\"source\":{\"url\":\"http://127.0.0.1:PORT/picture\"},"
         "\"left\":0,\"top\":0,\"ops\":[{\"op\":\"resize\",\"width\":40},{\"op\":\"flop\"}]}]}],"
         "\"outputs\":[{\"name\":\"a\",\"format\":\"png\",\"key\":\"a.png\"}]}");
    output = fetch_kit_stored(&kit, "a.png");
    image = kit_open(output.data, output.len);
    assert_int_equal(vips_image_get_width(image), 80);
    assert_int_equal(vips_image_get_height(image), 40);
    kit_is(image, 60, 10, kit_green, 2); /* the picture's */
    kit_is(image, 20, 30, kit_blue, 2);
    kit_is(image, 10, 5, kit_green, 2); /* the layer's, turned round */
    kit_is(image, 30, 5, kit_red, 2);
    g_object_unref(image);
    mr_buf_release(&output);
    assert_int_equal(atomic_load(&kit.server.requests), 2);
    assert_non_null(strstr(kit.answer.data, "\"source\":{\"format\":\"png\",\"width\":80"));
    g_free(file.data);
}

static void one_url_is_fetched_once_for_all_its_pages(void **state)
{
    struct kit_file file = kit_quarters(80, 40, ".png");

    (void)state;
    serve(file);
    done("image.render",
         "{\"source\":{\"url\":\"http://127.0.0.1:PORT/picture\"},\"ops\":[{\"op\":"
         "\"composite\",\"layers\":[{\"source\":{\"url\":\"http://127.0.0.1:PORT/picture\","
         "\"dpi\":100}}]}],\"outputs\":[{\"name\":\"a\",\"format\":\"png\"}]}");
    assert_int_equal(atomic_load(&kit.server.requests), 1);
    g_free(file.data);
}

static void an_inspect_looks_at_a_url(void **state)
{
    struct kit_file file = kit_quarters(80, 40, ".webp");

    (void)state;
    serve(file);
    done("image.inspect", "{\"source\":{\"url\":\"http://127.0.0.1:PORT/picture\"}}");
    assert_non_null(strstr(kit.answer.data, "\"format\":\"webp\",\"width\":80,\"height\":40"));
    g_free(file.data);
}

static void what_lies_there_is_read_as_carefully_as_an_upload(void **state)
{
    struct kit_file page = kit_text("<html>no such picture</html>");

    (void)state;
    serve(page);
    fails("image.render",
          "{\"source\":{\"url\":\"http://127.0.0.1:PORT/picture\"},\"outputs\":[{\"name\":\"a\"}]}",
          "Image.Unsupported", "source of 28 bytes");
    kit.imaging.source_bytes_max = 10;
    fails("image.inspect", "{\"source\":{\"url\":\"http://127.0.0.1:PORT/picture\"}}",
          "Image.TooLarge", "/source/url: http://127.0.0.1:");
    g_free(page.data);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(a_picture_and_a_layer_by_url_become_an_output),
        CASE(one_url_is_fetched_once_for_all_its_pages),
        CASE(an_inspect_looks_at_a_url),
        CASE(what_lies_there_is_read_as_carefully_as_an_upload),
    };

    kit_setup("fetch_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* items_object_test.c -- all pages of a Map are of the same object, or it is told that they are
 * not. */
#include "tests/unit/model/items_kit.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- one object from the first page to the last
 * --------------------------------------------------
 */

static void an_object_that_is_overwritten_is_noticed(void **state)
{
    static const struct {
        const char *config, *first, *other;
    } cases[] = {{ITEMS_CSV, "a\n1\n2\n3\n", "a\n1\n9\n3\n"},
                 {"\"InputType\":\"JSON\"", "[1,2,3]", "[1,9,3]"},
                 {"\"InputType\":\"JSONL\"", "1\n2\n3\n", "1\n9\n3\n"}};

    (void)state;
    items_kit.objects.page_max = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *request = items_request(cases[i].config), *page;
        struct mr_buf body = {0};

        (void)mr_buf_add_str(&body, cases[i].first);
        items_put("k", &body);
        page = items_page(request);
        assert_non_null(page);
        assert_true(items_turn(request, page));
        cJSON_Delete(page);
        mr_buf_reset(&body);
        (void)mr_buf_add_str(&body, cases[i].other);
        items_put("k", &body);
        assert_null(items_page(request));
        assert_int_equal(items_kit.err.code, MR_CHANGED);
        assert_non_null(
            strstr(items_kit.err.text, "k: it was overwritten while its items were being read"));
        assert_int_equal(mr_blob_remove(items_kit.blob, "k", &items_kit.err), MR_OK);
        assert_null(items_page(request));
        assert_int_equal(items_kit.err.code, MR_NOT_FOUND);
        assert_non_null(
            strstr(items_kit.err.text, "k: it went away while its items were being read"));
        mr_buf_release(&body);
        cJSON_Delete(request);
    }
}

static void a_manifest_and_its_tables_stay_the_same(void **state)
{
    cJSON *request = items_request("\"InputType\":\"MANIFEST\""), *page;
    struct mr_buf all = {0};

    (void)state;
    items_kit.objects.page_max = 2;
    items_put_text("f1", "b,1\nb,2\nb,3\n");
    items_put_text("f2", "b,4\nb,5\n");
    items_put_text("k",
                   "{\"fileFormat\":\"CSV\",\"fileSchema\":\"B, K\",\"destinationBucket\":\"b\","
                   "\"files\":[{\"key\":\"f1\"},{\"key\":\"f2\"}]}");
    assert_int_equal(items_all("\"InputType\":\"MANIFEST\"", &all), 3);
    assert_string_equal(all.data, "{\"B\":\"b\",\"K\":\"1\"}\n{\"B\":\"b\",\"K\":\"2\"}\n"
                                  "{\"B\":\"b\",\"K\":\"3\"}\n{\"B\":\"b\",\"K\":\"4\"}\n"
                                  "{\"B\":\"b\",\"K\":\"5\"}\n");
    page = items_page(request);
    assert_non_null(page);
    assert_true(items_turn(request, page));
    cJSON_Delete(page);
    items_put_text("f1", "b,1\nb,2\nb,9\n");
    assert_null(items_page(request));
    assert_non_null(strstr(items_kit.err.text, "f1: it was overwritten"));
    items_put_text("f1", "b,1\nb,2\nb,3\n");
    items_put_text("k",
                   "{\"fileFormat\":\"CSV\",\"fileSchema\":\"B, K\",\"destinationBucket\":\"b\","
                   "\"files\":[{\"key\":\"f2\"},{\"key\":\"f1\"}]}");
    assert_null(items_page(request));
    assert_non_null(strstr(items_kit.err.text, "k: it was overwritten"));
    cJSON_Delete(request);
    mr_buf_release(&all);
}

/* A run that was begun by a worker whose pages read whole objects goes on: its cursor has the place
 * and the count, no more. */
static void a_cursor_of_before_goes_on(void **state)
{
    static const struct {
        const char *config, *body, *cursor, *rest;
    } cases[] = {
        {ITEMS_CSV, "a,a2\n1,x\n2,y\n3,z\n", "{\"at\":9,\"n\":1,\"file\":0}",
         "{\"a\":\"2\",\"a2\":\"y\"}\n{\"a\":\"3\",\"a2\":\"z\"}\n"},
        {"\"InputType\":\"JSON\"", "[1, 2, 3]", "{\"at\":4,\"n\":1,\"file\":0}", "2\n3\n"},
        {"\"InputType\":\"JSON\",\"ItemsPointer\":\"/x\"", "{\"x\":{\"k\":1,\"l\":2,\"m\":3}}",
         "{\"at\":12,\"n\":1,\"file\":0}", "\"l\":2\n\"m\":3\n"},
        {"\"InputType\":\"JSON\",\"MaxItems\":2", "[1, 2, 3]", "{\"at\":4,\"n\":1,\"file\":0}",
         "2\n"},
        {"\"InputType\":\"JSONL\"", "1\n2\n3\n", "{\"at\":2,\"n\":1,\"file\":0}", "2\n3\n"},
    };
    struct mr_buf all = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *request = items_request(cases[i].config);

        items_kit.objects.page_max = i % 2; /* the next of its pages has a cursor of now */
        items_put_text("k", cases[i].body);
        cJSON_AddItemToObject(request, "cursor", cJSON_Parse(cases[i].cursor));
        mr_buf_reset(&all);
        if (items_rest(request, &all) == 0)
            fail_msg("%s", items_kit.err.text);
        assert_string_equal(all.data, cases[i].rest);
        cJSON_Delete(request);
    }
    mr_buf_release(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ITEMS_CASE(an_object_that_is_overwritten_is_noticed),
        ITEMS_CASE(a_manifest_and_its_tables_stay_the_same),
        ITEMS_CASE(a_cursor_of_before_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

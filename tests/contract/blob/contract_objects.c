/* contract_objects.c -- the contract of whole objects, and of what is said of them. */
#include "tests/contract/blob/blob_kit.h"

#include "common/adapters/crypto.h"

#include <stdio.h>
#include <string.h>

static void what_is_put_is_got(void **state)
{
    (void)state;
    struct mr_blob_info info;
    struct mr_buf buf = {0};
    const struct mr_blob_put put = {.content_type = "image/png",
                                    .cache_control = "max-age=60",
                                    .content_disposition = "inline; filename=\"a b.png\"",
                                    .tags = "album=summer%202026&kind=thumb"};
    char sha256[MR_SHA256_HEX];

    mr_sha256_hex("hello", 5, sha256);
    assert_ok(mr_blob_put(kit.blob, key("one"), &put, "hello", 5, &info, &kit.err));
    assert_int_equal(info.bytes, 5);
    assert_string_equal(info.sha256, sha256);
    memset(&info, 0, sizeof info);
    assert_ok(mr_blob_get(kit.blob, key("one"), 5, &buf, &info, &kit.err));
    assert_int_equal(buf.len, 5);
    assert_memory_equal(buf.data, "hello", 5);
    assert_int_equal(info.bytes, 5);
    assert_string_equal(info.sha256, sha256);
    assert_string_equal(info.content_type, "image/png");
    memset(&info, 0, sizeof info);
    assert_ok(mr_blob_head(kit.blob, key("one"), &info, &kit.err));
    assert_int_equal(info.bytes, 5);
    assert_string_equal(info.sha256, sha256);
    assert_string_equal(info.content_type, "image/png");
    mr_buf_release(&buf);
}

static void every_byte_comes_back(void **state)
{
    (void)state;
    unsigned char all[3 * 256];
    struct mr_buf buf = {0};

    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (unsigned char)(i * 7);
    assert_ok(mr_blob_put(kit.blob, key("all"), NULL, all, sizeof all, NULL, &kit.err));
    assert_ok(mr_blob_get(kit.blob, key("all"), sizeof all, &buf, NULL, &kit.err));
    assert_int_equal(buf.len, sizeof all);
    assert_memory_equal(buf.data, all, sizeof all);
    mr_buf_release(&buf);
}

static void an_object_may_be_empty(void **state)
{
    (void)state;
    struct mr_blob_info info;
    struct made_body none = {.len = 0};
    struct mr_buf buf = {0};
    char sha256[MR_SHA256_HEX];

    mr_sha256_hex("", 0, sha256);
    assert_ok(mr_blob_put(kit.blob, key("empty"), NULL, NULL, 0, &info, &kit.err));
    assert_string_equal(info.sha256, sha256);
    assert_ok(
        mr_blob_put_stream(kit.blob, key("empty2"), NULL, 0, made_read, &none, &info, &kit.err));
    assert_string_equal(info.sha256, sha256);
    assert_ok(mr_blob_get(kit.blob, key("empty"), 0, &buf, &info, &kit.err));
    assert_int_equal(buf.len, 0);
    assert_int_equal(info.bytes, 0);
    assert_string_equal(info.sha256, sha256);
    assert_ok(mr_blob_head(kit.blob, key("empty2"), &info, &kit.err));
    assert_int_equal(info.bytes, 0);
    mr_buf_release(&buf);
}

static void a_put_replaces_what_was_there(void **state)
{
    (void)state;
    struct mr_blob_info info;

    put_text(key("again"), "first, and longer");
    put_text(key("again"), "second");
    assert_text(key("again"), "second");
    assert_ok(mr_blob_head(kit.blob, key("again"), &info, &kit.err));
    assert_int_equal(info.bytes, 6);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct mr_buf buf = {0};

    assert_code(MR_NOT_FOUND, mr_blob_get(kit.blob, key("nothing"), 10, &buf, NULL, &kit.err));
    assert_non_null(strstr(kit.err.text, "nothing")); /* the message names the thing */
    assert_null(buf.data);
    assert_code(MR_NOT_FOUND,
                mr_blob_get(kit.blob, key("no/such/folder"), 10, &buf, NULL, &kit.err));
    assert_code(MR_NOT_FOUND, mr_blob_head(kit.blob, key("nothing"), NULL, &kit.err));
    assert_ok(mr_blob_remove(kit.blob, key("nothing"), &kit.err));
    assert_ok(mr_blob_remove(kit.blob, key("no/such/folder"), &kit.err));
}

static void what_is_removed_is_gone(void **state)
{
    (void)state;
    put_text(key("deep/er/gone"), "x");
    put_text(key("deep/stays"), "y");
    assert_ok(mr_blob_remove(kit.blob, key("deep/er/gone"), &kit.err));
    assert_absent(key("deep/er/gone"));
    assert_text(key("deep/stays"), "y");
    put_text(key("deep/er/gone"), "back");
    assert_text(key("deep/er/gone"), "back");
}

static void an_object_longer_than_asked_for_is_too_large(void **state)
{
    (void)state;
    struct mr_buf buf = {0};

    put_text(key("ten"), "0123456789");
    assert_code(MR_TOO_LARGE, mr_blob_get(kit.blob, key("ten"), 9, &buf, NULL, &kit.err));
    assert_code(MR_TOO_LARGE, mr_blob_get(kit.blob, key("ten"), 0, &buf, NULL, &kit.err));
    assert_null(buf.data);
    assert_ok(mr_blob_get(kit.blob, key("ten"), 10, &buf, NULL, &kit.err));
    mr_buf_release(&buf);
    assert_code(MR_NOT_FOUND, mr_blob_get(kit.blob, key("eleven"), 0, &buf, NULL, &kit.err));
}

/* ---- what is said of an object ------------------------------------------------------------------
 */

static void header_values_with_control_bytes_are_refused(void **state)
{
    (void)state;
    const struct mr_blob_put puts[] = {{.content_type = "a\r\nx: y"},
                                       {.cache_control = "a\nb"},
                                       {.content_disposition = "\x01"},
                                       {.tags = "a=\x02"},
                                       {.content_type = ""}};
    for (size_t i = 0; i < sizeof puts / sizeof *puts; i++)
        assert_code(MR_INVALID,
                    mr_blob_put(kit.blob, key("header"), &puts[i], "x", 1, NULL, &kit.err));
    assert_absent(key("header"));
}

/* What a recipe may ask for, storage takes. */
static void header_values_may_have_1024_bytes(void **state)
{
    char text[MR_BLOB_HEADER_MAX + 2];
    struct mr_blob_put put = {.cache_control = text};

    (void)state;
    memset(text, 'c', sizeof text);
    text[MR_BLOB_HEADER_MAX] = '\0';
    assert_ok(mr_blob_put(kit.blob, key("cached"), &put, "x", 1, NULL, &kit.err));
    put = (struct mr_blob_put){.content_disposition = text};
    assert_ok(mr_blob_put(kit.blob, key("offered"), &put, "x", 1, NULL, &kit.err));
    text[MR_BLOB_HEADER_MAX] = 'c';
    text[MR_BLOB_HEADER_MAX + 1] = '\0';
    assert_code(MR_INVALID, mr_blob_put(kit.blob, key("cached"), &put, "x", 1, NULL, &kit.err));
}

const struct CMUnitTest blob_contract_objects[] = {
    BLOB_CASE(what_is_put_is_got),
    BLOB_CASE(every_byte_comes_back),
    BLOB_CASE(an_object_may_be_empty),
    BLOB_CASE(a_put_replaces_what_was_there),
    BLOB_CASE(what_is_not_there_is_not_found),
    BLOB_CASE(what_is_removed_is_gone),
    BLOB_CASE(an_object_longer_than_asked_for_is_too_large),
    BLOB_CASE(header_values_with_control_bytes_are_refused),
    BLOB_CASE(header_values_may_have_1024_bytes),
};
const size_t blob_contract_objects_count =
    sizeof blob_contract_objects / sizeof blob_contract_objects[0];

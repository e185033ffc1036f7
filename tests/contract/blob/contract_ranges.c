/* contract_ranges.c -- the contract of pieces of an object. */
#include "tests/contract/blob/blob_kit.h"

#include <stdio.h>
#include <string.h>

static struct mr_blob_info info;

/* The piece, as text; its object's info is then in info. */
static void expect_piece(const char *name, int64_t at, size_t len_max, const char *etag,
                         const char *text)
{
    const struct mr_blob_range range = {at, len_max, etag};
    struct mr_buf buf = {0};

    memset(&info, 0, sizeof info);
    assert_ok(mr_blob_get_range(kit.blob, name, &range, &buf, &info, &kit.err));
    assert_int_equal(buf.len, strlen(text));
    if (buf.len > 0)
        assert_string_equal(buf.data, text);
    mr_buf_release(&buf);
    assert_true(strlen(info.etag) > 2);
}

static void expect_refused(enum mr_code code, const char *name, int64_t at, size_t len_max,
                           const char *etag)
{
    const struct mr_blob_range range = {at, len_max, etag};
    struct mr_buf buf = {0};

    (void)mr_buf_add_str(&buf, "as it was");
    assert_code(code, mr_blob_get_range(kit.blob, name, &range, &buf, NULL, &kit.err));
    assert_string_equal(buf.data, "as it was");
    mr_buf_release(&buf);
}

static void a_range_has_the_bytes_that_are_there(void **state)
{
    (void)state;
    put_text(key("ten"), "0123456789");
    expect_piece(key("ten"), 0, 4, NULL, "0123");
    assert_int_equal(info.bytes, 10);
    expect_piece(key("ten"), 4, 4, "", "4567");
    assert_int_equal(info.bytes, 10);
    expect_piece(key("ten"), 8, 4, NULL, "89");
    expect_piece(key("ten"), 9, 1, NULL, "9");
    expect_piece(key("ten"), 0, 10, NULL, "0123456789");
    expect_piece(key("ten"), 0, MR_BLOB_RANGE_MAX, NULL, "0123456789");
    assert_int_equal(info.bytes, 10);
}

static void nothing_is_at_the_end_and_behind_it(void **state)
{
    (void)state;
    put_text(key("ten"), "0123456789");
    expect_piece(key("ten"), 10, 1, NULL, "");
    assert_int_equal(info.bytes, 10);
    expect_piece(key("ten"), 11, 100, NULL, "");
    expect_piece(key("ten"), INT64_C(1) << 40, 100, info.etag, "");
    assert_int_equal(info.bytes, 10);
    put_text(key("empty"), "");
    expect_piece(key("empty"), 0, 1, NULL, "");
    assert_int_equal(info.bytes, 0);
    expect_piece(key("empty"), 7, MR_BLOB_RANGE_MAX, info.etag, "");
    assert_int_equal(info.bytes, 0);
}

static void ranges_with_one_etag_are_of_one_object(void **state)
{
    char etag[sizeof info.etag];

    (void)state;
    put_text(key("first"), "first content");
    expect_piece(key("first"), 0, 5, NULL, "first");
    memcpy(etag, info.etag, sizeof etag);
    expect_piece(key("first"), 6, 3, etag, "con");
    assert_string_equal(info.etag, etag);
    put_text(key("first"), "other content"); /* of the same length */
    expect_refused(MR_CHANGED, key("first"), 6, 3, etag);
    assert_non_null(strstr(kit.err.text, "first"));        /* the message names the thing */
    expect_refused(MR_CHANGED, key("first"), 13, 3, etag); /* at the end too */
    expect_refused(MR_CHANGED, key("first"), 99, 3, etag);
    expect_piece(key("first"), 0, 5, NULL, "other");
    assert_string_not_equal(info.etag, etag);
    put_text(key("first"), "");
    expect_refused(MR_CHANGED, key("first"), 0, 3, etag);
    assert_ok(mr_blob_remove(kit.blob, key("first"), &kit.err));
    expect_refused(MR_NOT_FOUND, key("first"), 6, 3, etag);
    expect_refused(MR_NOT_FOUND, key("no/such/folder"), 0, 3, NULL);
}

static void an_object_is_the_sum_of_its_ranges(void **state)
{
    enum { LEN = 1000003, STEP = 300000 };
    struct made_body out = {.len = LEN}, back = {.len = LEN};
    char etag[sizeof info.etag] = "";

    (void)state;
    assert_ok(mr_blob_put_stream(kit.blob, key("sum"), NULL, LEN, made_read, &out, NULL, &kit.err));
    while (back.at < LEN) {
        const struct mr_blob_range range = {back.at, STEP, etag};
        struct mr_buf buf = {0};

        assert_ok(mr_blob_get_range(kit.blob, key("sum"), &range, &buf, &info, &kit.err));
        assert_int_equal(buf.len, LEN - back.at < STEP ? LEN - back.at : STEP);
        assert_ok(made_check(&back, buf.data, buf.len, &kit.err));
        memcpy(etag, info.etag, sizeof etag);
        mr_buf_release(&buf);
    }
    assert_int_equal(back.at, LEN);
}

static void a_range_that_is_none_is_refused(void **state)
{
    char etag[sizeof info.etag + 1];

    (void)state;
    put_text(key("ten"), "0123456789");
    expect_refused(MR_INVALID, key("ten"), -1, 1, NULL);
    expect_refused(MR_INVALID, key("ten"), 0, 0, NULL);
    expect_refused(MR_INVALID, key("ten"), 0, (size_t)MR_BLOB_RANGE_MAX + 1, NULL);
    expect_refused(MR_INVALID, key("ten"), INT64_MAX, 1, NULL);
    expect_refused(MR_INVALID, key("ten"), 0, 1, "\"a\r\nb\"");
    memset(etag, 'e', sizeof etag);
    etag[sizeof etag - 1] = '\0';
    expect_refused(MR_INVALID, key("ten"), 0, 1, etag);
    expect_refused(MR_INVALID, "a//b", 0, 1, NULL);
}

static void a_stopped_range_is_cancelled(void **state)
{
    atomic_bool stop = true;

    (void)state;
    put_text(key("stop"), "x");
    kit.blob->stop = &stop;
    expect_refused(MR_CANCELLED, key("stop"), 0, 1, NULL);
    kit.blob->stop = NULL;
    expect_piece(key("stop"), 0, 1, NULL, "x");
}

const struct CMUnitTest blob_contract_ranges[] = {
    BLOB_CASE(a_range_has_the_bytes_that_are_there),
    BLOB_CASE(nothing_is_at_the_end_and_behind_it),
    BLOB_CASE(ranges_with_one_etag_are_of_one_object),
    BLOB_CASE(an_object_is_the_sum_of_its_ranges),
    BLOB_CASE(a_range_that_is_none_is_refused),
    BLOB_CASE(a_stopped_range_is_cancelled),
};
const size_t blob_contract_ranges_count =
    sizeof blob_contract_ranges / sizeof blob_contract_ranges[0];

/* contract_lists.c -- the contract of listings. */
#include "tests/contract/blob/blob_kit.h"

#include <stdio.h>
#include <string.h>

static void assert_list(const char *from, const char *expected)
{
    struct mr_buf list = {0};
    assert_ok(mr_blob_list(kit.blob, key(from), collect, &list, &kit.err));
    assert_string_equal(list.data ? list.data : "", expected);
    mr_buf_release(&list);
}

static void a_list_is_in_the_order_of_bytes(void **state)
{
    (void)state;
    static const char *const names[] = {"l/a/b", "l/a-",       "l/a.b", "l/a0",    "l/B",     "l/b",
                                        "l/a b", "l/\xc3\xa4", "l/a+b", "l/a/b.c", "l/a/c/d", "m"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_text(key(names[i]), "xyz");
    assert_list("l/", "l/B=3\nl/a b=3\nl/a+b=3\nl/a-=3\nl/a.b=3\nl/a/b=3\nl/a/b.c=3\nl/a/c/d=3\n"
                      "l/a0=3\nl/b=3\nl/\xc3\xa4=3\n");
    assert_list("l/a/b", "l/a/b=3\nl/a/b.c=3\n");
    assert_list("l/a",
                "l/a b=3\nl/a+b=3\nl/a-=3\nl/a.b=3\nl/a/b=3\nl/a/b.c=3\nl/a/c/d=3\nl/a0=3\n");
    assert_list("m", "m=3\n");
    assert_list("none", "");
}

static void assert_span(const char *from, const char *after, size_t count_max, const char *expected)
{
    const struct mr_blob_span span = {key(from), after, count_max};
    struct mr_buf list = {0};

    assert_ok(mr_blob_list_span(kit.blob, &span, collect, &list, &kit.err));
    assert_string_equal(list.data ? list.data : "", expected);
    mr_buf_release(&list);
}

static void a_list_may_begin_behind_a_key_and_end_before_its_last(void **state)
{
    static const char *const names[] = {"l/a/b", "l/a-",       "l/a.b", "l/a0",    "l/B",     "l/b",
                                        "l/a b", "l/\xc3\xa4", "l/a+b", "l/a/b.c", "l/a/c/d", "m"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_text(key(names[i]), "xyz");
    assert_span("l/", key("l/a/b"), 0, "l/a/b.c=3\nl/a/c/d=3\nl/a0=3\nl/b=3\nl/\xc3\xa4=3\n");
    assert_span("l/", key("l/a/b"), 2, "l/a/b.c=3\nl/a/c/d=3\n");
    assert_span("l/", key("l/a/b"), 5, "l/a/b.c=3\nl/a/c/d=3\nl/a0=3\nl/b=3\nl/\xc3\xa4=3\n");
    assert_span("l/", key("l/a/"), 1, "l/a/b=3\n"); /* it need not be there */
    assert_span("l/", key("l/a/c"), 2, "l/a/c/d=3\nl/a0=3\n");
    assert_span("l/", key("l/a/c/d"), 1, "l/a0=3\n");
    assert_span("l/", key("l/a/c/d/e"), 1, "l/a0=3\n");
    assert_span("l/a/", key("l/a.b"), 0, "l/a/b=3\nl/a/b.c=3\nl/a/c/d=3\n");
    assert_span("l/a/", key("k"), 1, "l/a/b=3\n"); /* before all of them */
    assert_span("l/a/", key("l/a0"), 0, "");       /* behind all of them */
    assert_span("l/", key("l/\xc3\xa4"), 0, "");
    assert_span("l/", NULL, 1, "l/B=3\n");
    assert_span("", "", 2, "l/B=3\nl/a b=3\n");
}

static void a_list_shows_what_is_below_an_object(void **state)
{
    (void)state;
    put_text(key("a"), "");
    put_text(key("a/b"), "");
    put_text(key("a/b/c"), "");
    put_text(key("a-"), "");
    assert_list("", "a=0\na-=0\na/b=0\na/b/c=0\n");
}

struct counted {
    int count;
    int stop_at;
    char last[MR_BLOB_KEY_MAX + 1];
};

static enum mr_code count_ordered(void *ctx, const char *name, const struct mr_blob_info *info,
                                  struct mr_error *e)
{
    struct counted *counted = ctx;
    (void)info;
    assert_true(strcmp(counted->last, name) < 0);
    snprintf(counted->last, sizeof counted->last, "%s", name);
    return ++counted->count == counted->stop_at ? mr_fail(e, MR_BUSY, "enough") : MR_OK;
}

static void a_list_of_more_than_a_thousand_is_whole(void **state)
{
    (void)state;
    enum { MANY = 1100 };
    struct counted all = {.count = 0}, some = {.stop_at = 7};
    char name[60];

    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "many/%d/%d x", i % 3, i);
        put_text(key(name), "");
    }
    assert_ok(mr_blob_list(kit.blob, key("many/"), count_ordered, &all, &kit.err));
    assert_int_equal(all.count, MANY);
    assert_code(MR_BUSY, mr_blob_list(kit.blob, key("many/"), count_ordered, &some, &kit.err));
    assert_int_equal(some.count, 7);
    some = (struct counted){.count = 0};
    const struct mr_blob_span span = {key("many/"), key("many/0/1"), 1050};
    assert_ok(mr_blob_list_span(kit.blob, &span, count_ordered, &some, &kit.err));
    assert_int_equal(some.count, 1050); /* more than one answer of S3 has */
    assert_ok(
        mr_blob_list(kit.blob, key("many/"), remove_each, NULL, &kit.err)); /* may use the handle */
    all = (struct counted){.count = 0};
    assert_ok(mr_blob_list(kit.blob, key("many/"), count_ordered, &all, &kit.err));
    assert_int_equal(all.count, 0);
}

const struct CMUnitTest blob_contract_lists[] = {
    BLOB_CASE(a_list_is_in_the_order_of_bytes),
    BLOB_CASE(a_list_may_begin_behind_a_key_and_end_before_its_last),
    BLOB_CASE(a_list_of_more_than_a_thousand_is_whole),
};
const size_t blob_contract_lists_count = sizeof blob_contract_lists / sizeof blob_contract_lists[0];

const struct CMUnitTest blob_contract_lists_below[] = {
    BLOB_CASE(a_list_shows_what_is_below_an_object),
};
const size_t blob_contract_lists_below_count =
    sizeof blob_contract_lists_below / sizeof blob_contract_lists_below[0];

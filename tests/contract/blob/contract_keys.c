/* contract_keys.c -- the contract of keys. */
#include "tests/contract/blob/blob_kit.h"

#include <stdio.h>
#include <string.h>

static const char *const odd_keys[] = {
    "with space",
    " lead and trail ",
    "plus+plus",
    "percent%41%",
    "what?yes=no&a=b",
    "hash#tag",
    "equals=sign",
    "amp&;quot\"'",
    "tilde~-_.!*()",
    "colon:semi;comma,",
    "back\\slash",
    "at@dollar$",
    "<angle>^`{|}",
    "b\xc3\xa4r/\xe5\x9b\xbe/\xf0\x9f\x98\x80",
    ".hidden",
    "dots...",
    "a..b",
    "x.d/y.z",
    "no-dot",
    "%2E",
    "%.",
    "a%+/b",
    "%_",
    "a%_/b",
    "trailing.",
    "...",
    ".tmp",
    "tab-like [x]",
};

static void any_key_of_the_right_form_can_be_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof odd_keys / sizeof *odd_keys; i++)
        put_text(key(odd_keys[i]), odd_keys[i]);
    for (size_t i = 0; i < sizeof odd_keys / sizeof *odd_keys; i++)
        assert_text(key(odd_keys[i]), odd_keys[i]);
    struct mr_buf list = {0};
    assert_ok(mr_blob_list(kit.blob, kit.prefix, collect, &list, &kit.err));
    for (size_t i = 0; i < sizeof odd_keys / sizeof *odd_keys; i++) {
        char line[100];
        snprintf(line, sizeof line, "%s=%zu\n", odd_keys[i], strlen(odd_keys[i]));
        if (!strstr(list.data, line))
            fail_msg("%s is not in the list", odd_keys[i]);
    }
    mr_buf_release(&list);
}

/* Fills the key with segments of the given length up to its longest. */
static void long_key(char ret[MR_BLOB_KEY_MAX + 1], size_t segment, char fill)
{
    size_t at = (size_t)snprintf(ret, MR_BLOB_KEY_MAX, "%s", kit.prefix);
    for (size_t in_segment = 0; at < MR_BLOB_KEY_MAX; at++) {
        bool slash = in_segment == segment && at + 1 < MR_BLOB_KEY_MAX;
        ret[at] = slash ? '/' : fill;
        in_segment = slash ? 0 : in_segment + 1;
    }
    ret[at] = '\0';
}

static void a_key_may_have_1024_bytes(void **state)
{
    (void)state;
    char name[MR_BLOB_KEY_MAX + 1];
    static const size_t segments[] = {1, 79, 80, 81, 160, 200};

    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        long_key(name, segments[i], i % 2 ? 'k' : '%');
        assert_int_equal(strlen(name), MR_BLOB_KEY_MAX);
        put_text(name, "long");
        assert_text(name, "long");
        assert_ok(mr_blob_remove(kit.blob, name, &kit.err));
        assert_absent(name);
    }
}

static void a_key_may_go_on_where_another_ends(void **state)
{
    (void)state;
    char name[200];

    put_text(key("a"), "1");
    put_text(key("a/b"), "2");
    put_text(key("a/b/c"), "3");
    assert_text(key("a"), "1");
    assert_text(key("a/b"), "2");
    assert_text(key("a/b/c"), "3");
    for (int len = 78; len < 83; len++) {
        snprintf(
            name, sizeof name, "%.*s", len,
            "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
            "ssss");
        put_text(key(name), name);
        snprintf(name + len, sizeof name - (size_t)len, "/b");
        put_text(key(name), name);
        assert_text(key(name), name);
        name[len] = '\0';
        assert_text(key(name), name);
    }
}

static void a_wrong_key_is_refused_by_every_call(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "/a",
                                        "a//b",
                                        "a/",
                                        ".",
                                        "..",
                                        "a/../b",
                                        "./a",
                                        "a/.",
                                        "a\nb",
                                        "a\x7f"
                                        "b",
                                        "\xff",
                                        "\xc0\xaf"};
    struct mr_buf buf = {0};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_code(MR_INVALID, mr_blob_put(kit.blob, wrong[i], NULL, "x", 1, NULL, &kit.err));
        assert_code(MR_INVALID, mr_blob_get(kit.blob, wrong[i], 1, &buf, NULL, &kit.err));
        assert_code(MR_INVALID, mr_blob_head(kit.blob, wrong[i], NULL, &kit.err));
        assert_code(MR_INVALID, mr_blob_remove(kit.blob, wrong[i], &kit.err));
    }
    char name[MR_BLOB_KEY_MAX + 2];
    memset(name, 'a', sizeof name);
    name[MR_BLOB_KEY_MAX + 1] = '\0';
    assert_code(MR_INVALID, mr_blob_head(kit.blob, name, NULL, &kit.err));
    assert_code(MR_INVALID, mr_blob_head(kit.blob, NULL, NULL, &kit.err));
}

const struct CMUnitTest blob_contract_keys[] = {
    BLOB_CASE(any_key_of_the_right_form_can_be_used),
    BLOB_CASE(a_key_may_have_1024_bytes),
    BLOB_CASE(a_key_may_go_on_where_another_ends),
    BLOB_CASE(a_wrong_key_is_refused_by_every_call),
};
const size_t blob_contract_keys_count = sizeof blob_contract_keys / sizeof blob_contract_keys[0];

/* id_test.c -- the promises of common/base/id.h: the same answers everywhere, for ever. */
#include "common/base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool id_ok(const char *text)
{
    return mr_id_valid(text, strlen(text));
}

static bool name_ok(const char *text)
{
    return mr_name_valid(text, strlen(text));
}

static void an_id_is_1_to_64_letters_digits_dashes_and_underscores(void **state)
{
    char text[66];
    (void)state;
    memset(text, 'a', 65);
    text[65] = '\0';
    assert_true(mr_id_valid(text, 64));
    assert_false(mr_id_valid(text, 65));
    assert_false(mr_id_valid(text, 0));
    assert_true(id_ok("azAZ09-_"));
    assert_true(id_ok("-"));
}

static void an_id_has_no_other_byte(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char id[3] = {'a', (char)c, 'b'};
        bool allowed = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '_';
        assert_int_equal(mr_id_valid(id, 3), allowed);
        assert_int_equal(mr_name_valid(id, 3), allowed || c == '.');
    }
}

static void a_name_may_have_dots_but_not_in_front(void **state)
{
    char text[82];
    (void)state;
    memset(text, 'n', 81);
    text[81] = '\0';
    assert_true(name_ok("image.render"));
    assert_true(name_ok("a..b."));
    assert_false(name_ok(".hidden"));
    assert_false(name_ok(".."));
    assert_false(name_ok(""));
    assert_true(mr_name_valid(text, 80));
    assert_false(mr_name_valid(text, 81));
}

static void murmur2_gives_kafkas_own_test_vectors(void **state)
{
    static const struct {
        const char *text;
        int32_t hash;
    } vectors[] = {
        /* org.apache.kafka.common.utils.UtilsTest.testMurmur2 */
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        assert_int_equal((int32_t)mr_murmur2(vectors[i].text, strlen(vectors[i].text)),
                         vectors[i].hash);
}

static void murmur2_takes_bytes_as_unsigned_at_every_length(void **state)
{
    static const char bytes[] = "\xff\xfe\xfd\xfc\xfb\xfa\xf9";
    (void)state;
    for (size_t len = 0; len < sizeof(bytes); len++)
        for (size_t other = 0; other < len; other++)
            assert_int_not_equal(mr_murmur2(bytes, len), mr_murmur2(bytes, other));
}

static void a_job_goes_where_kafkas_partitioner_puts_it(void **state)
{
    (void)state;
    assert_int_equal(mr_shard_of("foobar", 6, 12), (-790332482 & 0x7fffffff) % 12);
    assert_int_equal(mr_shard_of("abc", 3, 1), 0);
    for (uint32_t shards = 1; shards <= MR_SHARDS_MAX; shards++)
        assert_true(mr_shard_of("job-1", 5, shards) < shards);
}

static void hash64_keeps_the_values_that_ids_were_made_of(void **state)
{
    (void)state; /* from an independent implementation in Python */
    assert_true(mr_hash64(0, "", 0) == 0xaebe53f85cdc3c4c);
    assert_true(mr_hash64(1, "", 0) == 0xd72ac492360993ea);
    assert_true(mr_hash64(0, "a", 1) == 0x66d7010a9a2ca88d);
    assert_true(mr_hash64(42, "job-1/3", 7) == 0xbfb1f25dad102b11);
}

static void a_seed_and_a_first_byte_do_not_cancel_out(void **state)
{
    (void)state;
    assert_true(mr_hash64('a', "b", 1) != mr_hash64('b', "a", 1));
    assert_true(mr_hash64(0, "a", 1) != mr_hash64('a', "\0", 1));
}

static void hex_is_lower_case_and_two_digits_a_byte(void **state)
{
    char text[9];
    (void)state;
    mr_hex("\x00\x7f\xab\xff", 4, text);
    assert_string_equal(text, "007fabff");
    mr_hex("", 0, text);
    assert_string_equal(text, "");
}

static void base32_is_crockfords_without_padding(void **state)
{
    static const unsigned char ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    static const unsigned char rising[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    char text[32];
    (void)state;
    mr_base32("", 0, text);
    assert_string_equal(text, "");
    mr_base32("\0", 1, text);
    assert_string_equal(text, "00");
    mr_base32("\xff", 1, text);
    assert_string_equal(text, "zw");
    mr_base32("foobar", 6, text);
    assert_string_equal(text, "csqpyrk1e8");
    mr_base32(ones, 10, text);
    assert_string_equal(text, "zzzzzzzzzzzzzzzz");
    mr_base32(rising, 16, text);
    assert_string_equal(text, "000g40r40m30e209185gr38e1w");
}

static void base32_needs_no_more_room_than_its_header_says(void **state)
{
    static const unsigned char bytes[40] = {1, 2, 3};
    (void)state;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        char text[80];
        memset(text, '#', sizeof(text));
        mr_base32(bytes, len, text);
        assert_int_equal(strlen(text), (len * 8 + 4) / 5);
        assert_int_equal(text[(len * 8 + 4) / 5 + 1], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_1_to_64_letters_digits_dashes_and_underscores),
        cmocka_unit_test(an_id_has_no_other_byte),
        cmocka_unit_test(a_name_may_have_dots_but_not_in_front),
        cmocka_unit_test(murmur2_gives_kafkas_own_test_vectors),
        cmocka_unit_test(murmur2_takes_bytes_as_unsigned_at_every_length),
        cmocka_unit_test(a_job_goes_where_kafkas_partitioner_puts_it),
        cmocka_unit_test(hash64_keeps_the_values_that_ids_were_made_of),
        cmocka_unit_test(a_seed_and_a_first_byte_do_not_cancel_out),
        cmocka_unit_test(hex_is_lower_case_and_two_digits_a_byte),
        cmocka_unit_test(base32_is_crockfords_without_padding),
        cmocka_unit_test(base32_needs_no_more_room_than_its_header_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

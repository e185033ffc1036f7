/* crypto_test.c -- published vectors of SHA-256 (FIPS 180-4) and HMAC (RFC 4231). */
#include "common/adapters/crypto.h"
#include "common/base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char abc_sha256[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void assert_digest(const uint8_t digest[MR_SHA256_LEN], const char *expected)
{
    char hex[2 * MR_SHA256_LEN + 1];
    mr_hex(digest, MR_SHA256_LEN, hex);
    assert_string_equal(hex, expected);
}

static void a_hash_is_that_of_the_standard(void **state)
{
    char hex[2 * MR_SHA256_LEN + 1];
    (void)state;
    mr_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, abc_sha256);
    mr_sha256_hex(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    mr_sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_hash_may_be_fed_in_pieces(void **state)
{
    struct mr_sha256 sha = {0};
    uint8_t digest[MR_SHA256_LEN];
    (void)state;
    assert_int_equal(mr_sha256_init(&sha, NULL), MR_OK);
    mr_sha256_add(&sha, "a", 1);
    mr_sha256_add(&sha, "", 0);
    mr_sha256_add(&sha, "bc", 2);
    mr_sha256_end(&sha, digest);
    assert_digest(digest, abc_sha256);
    assert_null(sha.ctx);
    mr_sha256_release(&sha); /* ended or never begun: nothing to do */
    mr_sha256_release(NULL);
}

static void an_abandoned_hash_can_be_released(void **state)
{
    struct mr_sha256 sha = {0};
    (void)state;
    assert_int_equal(mr_sha256_init(&sha, NULL), MR_OK);
    mr_sha256_add(&sha, "abc", 3);
    mr_sha256_release(&sha);
    assert_null(sha.ctx);
}

static void an_hmac_is_that_of_rfc_4231(void **state)
{
    uint8_t key[131], data[50], digest[MR_SHA256_LEN];
    static const char long_data[] =
        "This is a test using a larger than block-size key and a larger than block-size data. The "
        "key needs to be hashed before being used by the HMAC algorithm.";
    (void)state;

    memset(key, 0x0b, 20);
    mr_hmac_sha256(key, 20, "Hi There", 8, digest);
    assert_digest(digest, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    mr_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
    assert_digest(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 131);
    memset(data, 0xdd, 50);
    mr_hmac_sha256(key, 20, data, 50, digest);
    assert_digest(digest, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    mr_hmac_sha256(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54, digest);
    assert_digest(digest, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    mr_hmac_sha256(key, 131, long_data, sizeof long_data - 1, digest);
    assert_digest(digest, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static void a_hash_may_be_written_over_its_key(void **state)
{
    uint8_t key[MR_SHA256_LEN] = "key", expected[MR_SHA256_LEN];
    (void)state;
    mr_hmac_sha256(key, sizeof key, "x", 1, expected);
    mr_hmac_sha256(key, sizeof key, "x", 1, key);
    assert_memory_equal(key, expected, sizeof key);
}

static void equal_bytes_are_the_same_and_others_are_not(void **state)
{
    (void)state;
    assert_true(mr_same_bytes("abcd", "abcd", 4));
    assert_false(mr_same_bytes("abcd", "abce", 4));
    assert_true(mr_same_bytes("a", "b", 0));
}

static void random_bytes_differ(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};
    (void)state;
    assert_int_equal(mr_random(a, sizeof a, NULL), MR_OK);
    assert_int_equal(mr_random(b, sizeof b, NULL), MR_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(mr_random(NULL, 0, NULL), MR_OK);
}

/* Says what it costs, for the token of every task is one; judges nothing on a busy machine. */
static void a_small_hmac_is_quick(void **state)
{
    enum { ROUNDS = 100000 };
    uint8_t digest[MR_SHA256_LEN] = {0};
    struct timespec from, to;
    (void)state;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (int i = 0; i < ROUNDS; i++)
        mr_hmac_sha256(digest, sizeof digest, "job/step/attempt", 16, digest);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
    print_message("[ measure  ] HMAC-SHA-256 of 16 bytes: %.0f ns\n", ns / ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_is_that_of_the_standard),
        cmocka_unit_test(a_hash_may_be_fed_in_pieces),
        cmocka_unit_test(an_abandoned_hash_can_be_released),
        cmocka_unit_test(an_hmac_is_that_of_rfc_4231),
        cmocka_unit_test(a_hash_may_be_written_over_its_key),
        cmocka_unit_test(equal_bytes_are_the_same_and_others_are_not),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(a_small_hmac_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

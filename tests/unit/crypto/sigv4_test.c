/* sigv4_test.c -- the signer against what AWS has published: the Signature Version 4 test suite,
 * and the examples of the S3 documentation ("Authenticating Requests: Using the Authorization
 * Header", "Signature calculations for chunked uploads", also with trailers). */
#include "common/adapters/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char empty_sha256[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* ---- the test suite -------------------------------------------------------------------------- */

#define SUITE_MS   INT64_C(1440938160000) /* 2015-08-30 12:36:00 */
#define HOST       {"Host", "example.amazonaws.com"}
#define DATE       {"X-Amz-Date", "20150830T123600Z"}
#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct vector {
    const char *name, *method, *path, *query;
    struct mr_http_header headers[8];
    const char *body;
    const char *signed_headers, *signature;
};

/* clang-format off */
static const struct vector suite[] = {
    {"get-vanilla", "GET", "/", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-empty-query-key", "GET", "/", "Param1=value1", {HOST, DATE}, "",
     "host;x-amz-date", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query", "GET", "/", "", {HOST, DATE}, "",
     "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", {HOST, DATE}, "",
     "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-encoded", "GET", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1", {HOST, DATE}, "",
     "host;x-amz-date", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"get-vanilla-query-unreserved", "GET", "/", UNRESERVED "=" UNRESERVED, {HOST, DATE}, "",
     "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query", "GET", "/", "\xe1\x88\xb4=bar", {HOST, DATE}, "",
     "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-utf8", "GET", "/\xe1\x88\xb4", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-unreserved", "GET", "/" UNRESERVED, NULL, {HOST, DATE}, "",
     "host;x-amz-date", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-space", "GET", "/example space/", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-relative", "GET", "/example/..", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative-relative", "GET", "/example1/example2/../..", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash", "GET", "//", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-dot-slash", "GET", "/./", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-pointless-dot", "GET", "/./example", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes", "GET", "//example//", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"get-header-key-duplicate", "GET", "/", NULL,
     {HOST, {"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}, DATE}, "",
     "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order", "GET", "/", NULL,
     {HOST, {"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}, DATE}, "",
     "host;my-header1;x-amz-date", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim", "GET", "/", NULL,
     {HOST, {"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}, DATE}, "",
     "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-vanilla-with-session-token", "GET", "/", NULL,
     {HOST, DATE, {"X-Amz-Security-Token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"}}, "",
     "host;x-amz-date;x-amz-security-token", "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {"post-vanilla", "POST", "/", NULL, {HOST, DATE}, "",
     "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-header-key-sort", "POST", "/", NULL, {HOST, {"My-Header1", "value1"}, DATE}, "",
     "host;my-header1;x-amz-date", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-x-www-form-urlencoded", "POST", "/", NULL,
     {{"Content-Type", "application/x-www-form-urlencoded"}, HOST, {"Content-Length", "13"}, DATE,
      {"x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"}}, "Param1=value1",
     "content-length;content-type;host;x-amz-content-sha256;x-amz-date", "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
};
/* clang-format on */

static void assert_signed(const struct mr_sigv4_keys *keys, int64_t time_ms,
                          const struct vector *vector, const char *payload_sha256,
                          struct mr_sigv4_chain *chain)
{
    struct mr_buf got = {0}, expected = {0};
    struct mr_sigv4_request request = {.method = vector->method,
                                       .path = vector->path,
                                       .query = vector->query,
                                       .headers = vector->headers,
                                       .payload_sha256 = payload_sha256,
                                       .time_ms = time_ms};
    char date[MR_SIGV4_DATE];

    while (request.header_count < 8 && vector->headers[request.header_count].name)
        request.header_count++;
    mr_sigv4_date(time_ms, date);
    mr_buf_addf(&expected,
                "AWS4-HMAC-SHA256 Credential=%s/%.8s/us-east-1/%s/aws4_request, SignedHeaders=%s, "
                "Signature=%s",
                keys->access_key, date, keys->service, vector->signed_headers, vector->signature);
    assert_int_equal(mr_sigv4_sign(keys, &request, &got, chain, NULL), MR_OK);
    if (strcmp(got.data, expected.data) != 0)
        fail_msg("%s: %s\nexpected %s", vector->name, got.data, expected.data);
    mr_buf_release(&got);
    mr_buf_release(&expected);
}

static void every_vector_of_the_suite_is_signed_as_published(void **state)
{
    const struct mr_sigv4_keys keys = {.access_key = "AKIDEXAMPLE",
                                       .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                       .region = "us-east-1",
                                       .service = "service"};
    (void)state;
    for (size_t i = 0; i < sizeof suite / sizeof *suite; i++) {
        char sha256[MR_SIGV4_SIGNATURE];
        mr_sha256_hex(suite[i].body, strlen(suite[i].body), sha256);
        assert_signed(&keys, SUITE_MS, &suite[i], sha256, NULL);
    }
}

static void a_path_that_must_not_be_normalised_is_signed_as_it_is(void **state)
{
    /* get-slashes-unnormalized of the suite: what S3 does with its paths */
    const struct mr_sigv4_keys keys = {.access_key = "AKIDEXAMPLE",
                                       .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                       .region = "us-east-1",
                                       .service = "service",
                                       .s3 = true};
    const struct vector vector = {
        .name = "get-slashes-unnormalized",
        .method = "GET",
        .path = "//example//",
        .headers = {HOST, DATE},
        .signed_headers = "host;x-amz-date",
        .signature = "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"};
    (void)state;
    assert_signed(&keys, SUITE_MS, &vector, empty_sha256, NULL);
}

/* ---- the examples of S3 ---------------------------------------------------------------------- */

#define S3_MS   INT64_C(1369353600000) /* 2013-05-24 00:00:00 */
#define S3_HOST {"Host", "examplebucket.s3.amazonaws.com"}
#define S3_DATE {"x-amz-date", "20130524T000000Z"}
#define S3_EMPTY                                                                                   \
    {"x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}

static const struct mr_sigv4_keys s3_keys = {.access_key = "AKIAIOSFODNN7EXAMPLE",
                                             .secret_key =
                                                 "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                             .region = "us-east-1",
                                             .service = "s3",
                                             .s3 = true};

/* clang-format off */
static const struct vector s3_examples[] = {
    {"GET Object", "GET", "/test.txt", NULL, {S3_HOST, {"Range", "bytes=0-9"}, S3_EMPTY, S3_DATE}, "",
     "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"PUT Object", "PUT", "/test%24file.text", NULL,
     {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, S3_HOST, S3_DATE, {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
      {"x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"}}, "Welcome to Amazon S3.",
     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"GET Bucket Lifecycle", "GET", "/", "lifecycle", {S3_HOST, S3_EMPTY, S3_DATE}, "",
     "host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"GET Bucket (List Objects)", "GET", "/", "max-keys=2&prefix=J", {S3_HOST, S3_EMPTY, S3_DATE}, "",
     "host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};
/* clang-format on */

static void the_examples_of_s3_are_signed_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s3_examples / sizeof *s3_examples; i++) {
        char sha256[MR_SIGV4_SIGNATURE];
        mr_sha256_hex(s3_examples[i].body, strlen(s3_examples[i].body), sha256);
        assert_signed(&s3_keys, S3_MS, &s3_examples[i], sha256, NULL);
    }
}

static void the_chunks_of_an_upload_are_signed_as_published(void **state)
{
    const struct vector seed = {
        "seed",
        "PUT",
        "/examplebucket/chunkObject.txt",
        NULL,
        {{"Host", "s3.amazonaws.com"},
         S3_DATE,
         {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
         {"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
         {"Content-Encoding", "aws-chunked"},
         {"x-amz-decoded-content-length", "66560"},
         {"Content-Length", "66824"}},
        "",
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
        "x-amz-decoded-content-length;x-amz-storage-class",
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"};
    struct mr_sigv4_chain chain;
    char *data = malloc(65536);
    (void)state;

    assert_non_null(data);
    memset(data, 'a', 65536);
    assert_signed(&s3_keys, S3_MS, &seed, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", &chain);
    mr_sigv4_chunk(&chain, data, 65536);
    assert_string_equal(chain.signature,
                        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
    mr_sigv4_chunk(&chain, data, 1024);
    assert_string_equal(chain.signature,
                        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
    mr_sigv4_chunk(&chain, "", 0);
    assert_string_equal(chain.signature,
                        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");

    /* the same with a trailer: other headers, so another seed */
    memcpy(chain.signature, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e", 64);
    mr_sigv4_chunk(&chain, data, 65536);
    assert_string_equal(chain.signature,
                        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2");
    mr_sigv4_chunk(&chain, data, 1024);
    assert_string_equal(chain.signature,
                        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7");
    mr_sigv4_chunk(&chain, "", 0);
    assert_string_equal(chain.signature,
                        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
    mr_sigv4_trailer(&chain, "x-amz-checksum-crc32c:sOO8/Q==\n", 31);
    assert_string_equal(chain.signature,
                        "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
    free(data);
}

static void what_does_not_fit_is_refused(void **state)
{
    char secret[MR_SIGV4_SECRET_MAX + 2] = {0};
    struct mr_sigv4_keys keys = s3_keys;
    const struct mr_sigv4_request request = {.method = "GET", .path = "/", .payload_sha256 = "x"};
    struct mr_buf buf = {0};
    struct mr_error err;
    (void)state;

    memset(secret, 's', sizeof secret - 1);
    keys.secret_key = secret;
    assert_int_equal(mr_sigv4_sign(&keys, &request, &buf, NULL, &err), MR_INVALID);
    assert_null(strstr(err.text, "sss")); /* the message does not repeat a secret */
    mr_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_of_the_suite_is_signed_as_published),
        cmocka_unit_test(a_path_that_must_not_be_normalised_is_signed_as_it_is),
        cmocka_unit_test(the_examples_of_s3_are_signed_as_published),
        cmocka_unit_test(the_chunks_of_an_upload_are_signed_as_published),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

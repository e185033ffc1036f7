/* s3_kit.c -- see s3_kit.h. */
#include "tests/unit/blob/s3_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct s3_kit s3_kit;

static char endpoint[] = "http://Storage:9000/", region[] = "eu-west-1", bucket[] = "pics",
            access_key[] = "AKID", secret_key[] = S3_SECRET;

struct mr_blob_config s3_config(void)
{
    return (struct mr_blob_config){.endpoint = endpoint,
                                   .region = region,
                                   .bucket = bucket,
                                   .access_key = access_key,
                                   .secret_key = secret_key,
                                   .tries = S3_TRIES,
                                   .retry_ms = 1};
}

void s3_open(const struct mr_sim_answer *answers, size_t n)
{
    struct mr_blob_config config = s3_config();

    mr_blob_free(s3_kit.blob);
    s3_kit.world = (struct mr_sim_world){.seed = 1, .now_ms = INT64_C(1440938160000)};
    mr_sim_clock_init(&s3_kit.clock, &s3_kit.world);
    s3_kit.http = mr_http_sim_new(&s3_kit.world, answers, n, &s3_kit.err);
    assert_non_null(s3_kit.http);
    s3_kit.blob = mr_blob_s3_new_take(&config, s3_kit.http, &s3_kit.clock.clock, &s3_kit.err);
    assert_non_null(s3_kit.blob);
}

int s3_close(void **state)
{
    (void)state;
    mr_blob_free(s3_kit.blob);
    s3_kit.blob = NULL;
    return 0;
}

enum mr_code s3_get(const char *key, struct mr_buf *ret)
{
    return mr_blob_get(s3_kit.blob, key, 1000, ret, NULL, &s3_kit.err);
}

int64_t s3_letters(void *ctx, void *buf, size_t size, struct mr_error *err)
{
    int64_t *left = ctx, n = *left < (int64_t)size ? *left : (int64_t)size;

    (void)err;
    memset(buf, 'a', (size_t)n);
    *left -= n;
    return n;
}

void assert_seen(size_t n, const char *text)
{
    const char *seen = mr_http_sim_seen(s3_kit.http, n);

    assert_non_null(seen);
    if (!strstr(seen, text))
        fail_msg("request %zu does not have \"%s\":\n%s", n, text, seen);
}

void assert_requests(size_t count)
{
    assert_non_null(mr_http_sim_seen(s3_kit.http, count - 1));
    assert_null(mr_http_sim_seen(s3_kit.http, count));
}

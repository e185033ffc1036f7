/* blob_kit.c -- see blob_kit.h. */
#include "tests/contract/blob/blob_kit.h"

#include "common/adapters/crypto.h"
#include "common/base/id.h"

#include <stdio.h>
#include <string.h>

struct blob_kit kit;

/* The key under this run's prefix; four may be in use at a time. */
const char *key(const char *rest)
{
    static char keys[4][MR_BLOB_KEY_MAX + 64];
    static int next;
    char *ret = keys[next++ % 4];
    snprintf(ret, sizeof keys[0], "%s%s", kit.prefix, rest);
    return ret;
}

void put_text(const char *name, const char *text)
{
    assert_ok(mr_blob_put(kit.blob, name, NULL, text, strlen(text), NULL, &kit.err));
}

void assert_text(const char *name, const char *text)
{
    struct mr_buf buf = {0};
    assert_ok(mr_blob_get(kit.blob, name, 1024, &buf, NULL, &kit.err));
    assert_int_equal(buf.len, strlen(text));
    if (buf.len > 0)
        assert_memory_equal(buf.data, text, buf.len);
    mr_buf_release(&buf);
}

void assert_absent(const char *name)
{
    assert_code(MR_NOT_FOUND, mr_blob_head(kit.blob, name, NULL, &kit.err));
}

char made_byte(int64_t i)
{
    return (char)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

int64_t made_read(void *ctx, void *buf, size_t size, struct mr_error *e)
{
    struct made_body *body = ctx;
    int64_t n = body->len - body->at < (int64_t)size ? body->len - body->at : (int64_t)size;

    if (body->fail_at && body->at + n > body->fail_at) {
        mr_fail(e, MR_CORRUPT, "the source broke");
        return -1;
    }
    for (int64_t i = 0; i < n; i++)
        ((char *)buf)[i] = made_byte(body->at + i);
    body->at += n;
    if (body->stop && body->at >= body->stop_at)
        atomic_store(body->stop, true);
    return n;
}

enum mr_code made_check(void *ctx, const void *data, size_t len, struct mr_error *e)
{
    struct made_body *body = ctx;
    for (size_t i = 0; i < len; i++)
        if (((const char *)data)[i] != made_byte(body->at + (int64_t)i))
            return mr_fail(e, MR_CORRUPT, "byte %lld differs", (long long)body->at + (long long)i);
    body->at += (int64_t)len;
    if (body->stop && body->at >= body->stop_at)
        atomic_store(body->stop, true);
    return body->fail_at && body->at >= body->fail_at ? mr_fail(e, MR_BUSY, "enough") : MR_OK;
}

void made_sha256(int64_t len, char ret[MR_SHA256_HEX])
{
    struct mr_sha256 sha;
    uint8_t digest[MR_SHA256_LEN];
    char piece[4096];
    struct made_body body = {.len = len};
    int64_t n;

    assert_ok(mr_sha256_init(&sha, &kit.err));
    while ((n = made_read(&body, piece, sizeof piece, &kit.err)) > 0)
        mr_sha256_add(&sha, piece, (size_t)n);
    mr_sha256_end(&sha, digest);
    mr_hex(digest, sizeof digest, ret);
}

enum mr_code collect(void *ctx, const char *name, const struct mr_blob_info *info,
                     struct mr_error *e)
{
    (void)e;
    mr_buf_addf(ctx, "%s=%lld\n", name + strlen(kit.prefix), (long long)info->bytes);
    return MR_OK;
}

enum mr_code remove_each(void *ctx, const char *name, const struct mr_blob_info *info,
                         struct mr_error *e)
{
    (void)info;
    if (ctx)
        ++*(int *)ctx;
    return mr_blob_remove(kit.blob, name, e);
}

/* ---- a case's own -----------------------------------------------------------------------------
 */

int kit_open(void **state)
{
    uint8_t random[6];
    char hex[13];

    (void)state;
    assert_ok(mr_random(random, sizeof random, &kit.err));
    mr_hex(random, sizeof random, hex);
    snprintf(kit.prefix, sizeof kit.prefix, "contract/%s/", hex);
    kit.blob = kit.under_test->open();
    return kit.blob ? 0 : -1;
}

int kit_close(void **state)
{
    (void)state;
    kit.blob->stop = NULL;
    int removed;
    do { /* again, for what is listed only when the object above it is gone */
        removed = 0;
        assert_ok(mr_blob_list(kit.blob, kit.prefix, remove_each, &removed, &kit.err));
    } while (removed > 0);
    mr_blob_free(kit.blob);
    return 0;
}

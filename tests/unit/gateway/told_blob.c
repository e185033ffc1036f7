/* told_blob.c -- see told_blob.h. */
#include "tests/unit/gateway/told_blob.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct told { /* shared by all handles; outlives them */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;        /* the gate: while true no byte is taken */
    int64_t fail_after; /* bytes; -1: never */
    enum mr_code fail_code;
    int64_t taken, stored; /* bytes seen; objects made */
};

static struct told told = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .fail_after = -1};

void tell(bool closed, int64_t fail_after, enum mr_code fail_code)
{
    pthread_mutex_lock(&told.lock);
    told.closed = closed;
    told.fail_after = fail_after;
    told.fail_code = fail_code;
    if (fail_code != MR_OK || closed)
        told.taken = told.stored = 0;
    pthread_cond_broadcast(&told.changed);
    pthread_mutex_unlock(&told.lock);
}

static int64_t number(const int64_t *counted)
{
    int64_t n;

    pthread_mutex_lock(&told.lock);
    n = *counted;
    pthread_mutex_unlock(&told.lock);
    return n;
}

int64_t told_taken(void)
{
    return number(&told.taken);
}

int64_t told_stored(void)
{
    return number(&told.stored);
}

static enum mr_code pass_gate(int64_t more, struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    pthread_mutex_lock(&told.lock);
    while (told.closed)
        pthread_cond_wait(&told.changed, &told.lock);
    told.taken += more;
    if (told.fail_after >= 0 && told.taken >= told.fail_after)
        rc = mr_fail(err, told.fail_code, "told to fail");
    pthread_mutex_unlock(&told.lock);
    return rc;
}

static enum mr_code told_put(struct mr_blob *blob, const char *key, const struct mr_blob_put *put,
                             int64_t len, mr_blob_read_fn *read, void *ctx,
                             struct mr_blob_info *ret, struct mr_error *err)
{
    char piece[16384];
    enum mr_code rc = MR_OK;

    (void)blob;
    (void)key;
    (void)put;
    for (int64_t had = 0; had < len && !rc;) {
        int64_t n = read(ctx, piece, sizeof(piece), err);
        if (n <= 0)
            return n < 0 ? err->code : mr_fail(err, MR_INVALID, "ended early");
        had += n;
        rc = pass_gate(n, err);
    }
    if (!rc) {
        pthread_mutex_lock(&told.lock);
        told.stored++;
        pthread_mutex_unlock(&told.lock);
        if (ret) {
            *ret = (struct mr_blob_info){.bytes = len};
            memset(ret->sha256, 'a', MR_SHA256_HEX - 1);
        }
    }
    return rc;
}

static enum mr_code told_get(struct mr_blob *blob, const char *key, int64_t len_max,
                             mr_blob_write_fn *write, void *ctx, struct mr_blob_info *ret,
                             struct mr_error *err)
{
    static const char piece[16384];
    enum mr_code rc = MR_OK;

    (void)blob;
    (void)key;
    for (int64_t had = 0; had < len_max && !rc; had += (int64_t)sizeof(piece)) {
        rc = pass_gate((int64_t)sizeof(piece), err);
        if (!rc)
            rc = write(ctx, piece, sizeof(piece), err);
    }
    if (ret)
        *ret = (struct mr_blob_info){.bytes = len_max};
    return rc;
}

static struct mr_blob *told_dup(struct mr_blob *blob, struct mr_error *err);

static void told_free(struct mr_blob *blob)
{
    free(blob);
}

static const struct mr_blob_ops told_ops = {
    .put_stream = told_put, .get_stream = told_get, .dup = told_dup, .free = told_free};

static struct mr_blob *told_dup(struct mr_blob *blob, struct mr_error *err)
{
    struct mr_blob *ret = calloc(1, sizeof(*ret));

    (void)blob;
    (void)err;
    assert_non_null(ret);
    ret->ops = &told_ops;
    return ret;
}

struct mr_blob *told_blob_new(void)
{
    return told_dup(NULL, NULL);
}

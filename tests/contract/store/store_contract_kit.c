/* store_contract_kit.c -- the hands of the store's cases. */
#include "tests/contract/store/store_contract_kit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct store_contract *contract;

int kit_wipe(void **state)
{
    (void)state;
    contract->wipe(contract->ctx);
    return 0;
}

enum { TEXTS_MAX = 64, TEXT_MAX = 256, ALL_MAX = 8192 };

struct texts { /* what a callback was given */
    char items[TEXTS_MAX][TEXT_MAX];
    size_t count;
};

struct mr_store *kit_connect(void)
{
    struct mr_error err;
    struct mr_store *store = contract->connect(contract->ctx, &err);

    if (!store)
        fail_msg("connect: %s", err.text);
    return store;
}

struct mr_batch_op kit_row(const char *job, const char *pairs, size_t len, int64_t expire_ms)
{
    return (struct mr_batch_op){.kind = MR_BATCH_ROW,
                                .key = job,
                                .key_len = strlen(job),
                                .a = pairs,
                                .a_len = len,
                                .n = expire_ms};
}

struct mr_batch_op kit_op(enum mr_batch_op_kind kind, const char *key, const char *a, const char *b,
                          int64_t n)
{
    return (struct mr_batch_op){.kind = kind,
                                .key = key,
                                .key_len = strlen(key),
                                .a = a,
                                .a_len = a ? strlen(a) : 0,
                                .b = b,
                                .b_len = b ? strlen(b) : 0,
                                .n = n};
}

enum mr_code kit_advance(struct mr_store *store, struct kit_batch given, struct mr_batch_op *ops,
                         size_t n)
{
    const struct mr_batch batch = {.shard = given.shard,
                                   .epoch = given.epoch,
                                   .expect = given.expect,
                                   .next = given.next,
                                   .rebuild = given.rebuild,
                                   .log_id = "log-1",
                                   .last_id = "1:abc",
                                   .ops = ops,
                                   .op_count = n};
    struct mr_error err = {MR_OK, ""};
    enum mr_code rc = mr_store_advance_send(store, &batch, &err);

    if (!rc)
        rc = mr_store_advance_wait(store, &err);
    if (rc)
        assert_true(err.text[0] != '\0');
    return rc;
}

void kit_apply(struct mr_store *store, uint32_t shard, struct mr_batch_op *ops, size_t n)
{
    struct kit_batch batch = {.shard = shard, .rebuild = true};
    struct mr_pos pos;
    struct mr_error err;

    if (mr_store_pos_get(store, shard, &pos, &err))
        fail_msg("pos: %s", err.text);
    batch.expect = pos.present ? pos.next : 0;
    batch.next = batch.expect + 1;
    assert_int_equal(kit_advance(store, batch, ops, n), MR_OK);
}

/* ---- readings -----------------------------------------------------------------------------------
 */

static void take_pair(void *ctx, const char *name, const char *value, size_t len)
{
    struct texts *texts = ctx;

    assert_true(texts->count < TEXTS_MAX);
    assert_int_equal(value[len], '\0');
    (void)snprintf(texts->items[texts->count++], TEXT_MAX, "%s=%s", name, value);
}

static void take_member(void *ctx, const char *member, int64_t n)
{
    struct texts *texts = ctx;

    assert_true(texts->count < TEXTS_MAX);
    (void)snprintf(texts->items[texts->count++], TEXT_MAX, "%s=%" PRId64, member, n);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static const char *joined(struct texts *texts, bool sort)
{
    static char all[ALL_MAX];
    size_t len = 0;

    if (sort)
        qsort(texts->items, texts->count, sizeof texts->items[0], by_text);
    all[0] = '\0';
    for (size_t i = 0; i < texts->count && len < sizeof all; i++)
        len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", i ? " " : "", texts->items[i]);
    return all;
}

const char *kit_row_text(struct mr_store *store, uint32_t shard, const char *job)
{
    struct texts texts = {.count = 0};
    struct mr_error err;
    enum mr_code rc = mr_store_row_get(store, shard, job, take_pair, &texts, &err);

    if (rc && rc != MR_NOT_FOUND)
        fail_msg("row: %s", err.text);
    return joined(&texts, true);
}

const char *kit_outbox_text(struct mr_store *store, uint32_t shard)
{
    struct texts texts = {.count = 0};

    assert_int_equal(mr_store_outbox_each(store, shard, take_pair, &texts, NULL), MR_OK);
    return joined(&texts, true);
}

const char *kit_list_text(struct mr_store *store, uint32_t shard, const char *status,
                          int64_t before_ms, int max)
{
    struct texts texts = {.count = 0};

    assert_int_equal(
        mr_store_jobs_list(store, shard, status, before_ms, 0, max, take_member, &texts, NULL),
        MR_OK);
    return joined(&texts, false);
}

const char *kit_due_text(struct mr_store *store, uint32_t shard, int64_t now_ms, int max,
                         int64_t *next_ms)
{
    struct texts texts = {.count = 0};

    assert_int_equal(
        mr_store_timers_due(store, shard, now_ms, max, take_member, &texts, next_ms, NULL), MR_OK);
    return joined(&texts, false);
}

const char *kit_load_text(struct mr_store *store, uint32_t shard, const char *job)
{
    static char text[ALL_MAX];
    struct mr_job_load load = {.job = job, .want_run = true};
    struct texts vals = {.count = 0};
    const char *p, *end;

    assert_int_equal(mr_store_load(store, shard, &load, 1, NULL), MR_OK);
    p = load.vals.data;
    end = p ? p + load.vals.len : p;
    while (p < end) {
        const char *digits = p + strlen(p) + 1;
        const char *bytes = digits + strlen(digits) + 1;
        int len = atoi(digits);

        (void)snprintf(vals.items[vals.count++], TEXT_MAX, "%s:%.*s", p, len, bytes);
        p = bytes + len;
    }
    (void)snprintf(text, sizeof text, "run=%s vals=%s", load.has_run ? load.run.data : "-",
                   joined(&vals, true));
    mr_job_load_release(&load);
    return text;
}

/* store_contract_kit.h -- the hands of the store's cases: batches from short lines, what was read
 * as text to compare.  The cases know store.h, no implementation and no key. */
#ifndef STORE_CONTRACT_KIT_H
#define STORE_CONTRACT_KIT_H

#include "tests/contract/store/store_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const struct store_contract *contract; /* of this run */

int kit_wipe(void **state); /* the server has forgotten all when a case begins */
#define STORE_CASE(name) cmocka_unit_test_setup(name, kit_wipe)

/* A file of cases each. */
extern const struct CMUnitTest store_contract_positions[], store_contract_batches[],
    store_contract_lists[], store_contract_times[], store_contract_shared[];
extern const size_t store_contract_positions_count, store_contract_batches_count,
    store_contract_lists_count, store_contract_times_count, store_contract_shared_count;

struct mr_store *kit_connect(void); /* never NULL */

/* Ops; every text is lent. ROW and beats take "name value name value". */
struct mr_batch_op kit_row(const char *job, const char *pairs, size_t len, int64_t expire_ms);
#define ROW(job, pairs, expire_ms) kit_row(job, pairs "\0", sizeof pairs, expire_ms)
struct mr_batch_op kit_op(enum mr_batch_op_kind kind, const char *key, const char *a, const char *b,
                          int64_t n);

struct kit_batch { /* what a case changes of the usual */
    uint32_t shard;
    int64_t epoch, expect, next;
    bool rebuild;
};
/* Sends one batch and waits for its answer. */
enum mr_code kit_advance(struct mr_store *, struct kit_batch, struct mr_batch_op *ops, size_t n);
/* The same, and it must be applied: the shard's position starts or goes on. */
void kit_apply(struct mr_store *, uint32_t shard, struct mr_batch_op *ops, size_t n);
#define APPLY(store, shard, ...)                                                                   \
    kit_apply(store, shard, (struct mr_batch_op[]){__VA_ARGS__},                                   \
              sizeof((struct mr_batch_op[]){__VA_ARGS__}) / sizeof(struct mr_batch_op))

/* Readings as text, sorted where the port promises no order: "a=1 b=2". Lent until the next call.
 */
const char *kit_row_text(struct mr_store *, uint32_t shard, const char *job); /* "" : not found */
const char *kit_outbox_text(struct mr_store *, uint32_t shard);
const char *kit_list_text(struct mr_store *, uint32_t shard, const char *status, int64_t before_ms,
                          int max);
const char *kit_due_text(struct mr_store *, uint32_t shard, int64_t now_ms, int max,
                         int64_t *next_ms);
/* "run=... vals=id:bytes,..."; "-" for what is not there. */
const char *kit_load_text(struct mr_store *, uint32_t shard, const char *job);

#endif

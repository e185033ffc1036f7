/* blob_kit.h -- what the cases of the contract share.  Each case has a handle and a prefix of its
 * own, and leaves nothing behind. */
#ifndef BLOB_KIT_H
#define BLOB_KIT_H

#include "tests/contract/blob/blob_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct blob_kit { /* of the case that runs */
    const struct blob_under_test *under_test;
    struct mr_blob *blob;
    char prefix[40];
    struct mr_error err;
};
extern struct blob_kit kit;

int kit_open(void **state);
int kit_close(void **state);
#define BLOB_CASE(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)

/* A file of cases each.  Those of the second line are for drivers that promise so much. */
extern const struct CMUnitTest blob_contract_objects[], blob_contract_keys[], blob_contract_once[],
    blob_contract_streams[], blob_contract_ranges[], blob_contract_lists[], blob_contract_handles[],
    blob_contract_races[], blob_contract_big[], blob_contract_lists_below[];
extern const size_t blob_contract_objects_count, blob_contract_keys_count, blob_contract_once_count,
    blob_contract_streams_count, blob_contract_ranges_count, blob_contract_lists_count,
    blob_contract_handles_count, blob_contract_races_count, blob_contract_big_count,
    blob_contract_lists_below_count;

#define assert_ok(call) assert_code(MR_OK, call)
#define assert_code(expected, call)                                                                \
    do {                                                                                           \
        enum mr_code rc_ = (call);                                                                 \
        if (rc_ != (expected))                                                                     \
            fail_msg("%s is %s, not %s: %s", #call, mr_code_name(rc_), mr_code_name(expected),     \
                     kit.err.text);                                                                \
    } while (0)

/* The key under this case's prefix; four may be in use at a time. */
const char *key(const char *rest);
void put_text(const char *name, const char *text);
void assert_text(const char *name, const char *text);
void assert_absent(const char *name);

/* A body made as it is read: byte i is a function of i. */
struct made_body {
    int64_t at, len;
    int64_t fail_at; /* 0: never */
    atomic_bool *stop;
    int64_t stop_at;
};
char made_byte(int64_t i);
int64_t made_read(void *made_body, void *buf, size_t size, struct mr_error *err);
enum mr_code made_check(void *made_body, const void *data, size_t len, struct mr_error *err);
void made_sha256(int64_t len, char ret[MR_SHA256_HEX]);

/* For listings: "name=bytes\n" of each, behind the prefix, into the mr_buf; and each removed,
 * counted in the int (or NULL). */
enum mr_code collect(void *buf, const char *name, const struct mr_blob_info *, struct mr_error *);
enum mr_code remove_each(void *count, const char *name, const struct mr_blob_info *,
                         struct mr_error *);

#endif

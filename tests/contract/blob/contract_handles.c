/* contract_handles.c -- the contract of handles. */
#include "tests/contract/blob/blob_kit.h"

#include <stdio.h>
#include <string.h>

static void a_copy_of_the_handle_sees_the_same(void **state)
{
    (void)state;
    struct mr_buf buf = {0};
    struct mr_blob *copy = mr_blob_dup(kit.blob, &kit.err);

    assert_non_null(copy);
    put_text(key("dup"), "seen");
    assert_ok(mr_blob_get(copy, key("dup"), 10, &buf, NULL, &kit.err));
    assert_memory_equal(buf.data, "seen", 4);
    mr_buf_release(&buf);
    mr_blob_free(copy);
    assert_text(key("dup"), "seen");
}

static enum mr_code count_one(void *ctx, const char *name, const struct mr_blob_info *info,
                              struct mr_error *e)
{
    (void)name, (void)info, (void)e;
    ++*(int *)ctx;
    return MR_OK;
}

static void storage_that_works_passes_its_check(void **state)
{
    (void)state;
    int left = 0;
    assert_ok(mr_blob_check(kit.blob, &kit.err));
    assert_ok(mr_blob_list(kit.blob, "millrace-check/", count_one, &left, &kit.err));
    assert_int_equal(left, 0);
}

const struct CMUnitTest blob_contract_handles[] = {
    BLOB_CASE(a_copy_of_the_handle_sees_the_same),
    BLOB_CASE(storage_that_works_passes_its_check),
};
const size_t blob_contract_handles_count =
    sizeof blob_contract_handles / sizeof blob_contract_handles[0];

/* sim_test.c -- the twin of storage fails when told to, at both moments of a call. */
#include "common/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct mr_sim_world world;
static struct mr_sim_bucket *bucket;
static struct mr_blob *blob;
static struct mr_error err;

static int open_sim(void **state)
{
    (void)state;
    world = (struct mr_sim_world){.seed = 1};
    bucket = mr_sim_bucket_new(&world);
    blob = bucket ? mr_blob_sim_new(bucket, &err) : NULL;
    return blob ? 0 : -1;
}

static int close_sim(void **state)
{
    (void)state;
    mr_blob_free(blob);
    mr_sim_bucket_free(bucket);
    return 0;
}

static enum mr_code put(void)
{
    const struct mr_blob_put once = {.if_absent = true};
    return mr_blob_put(blob, "k", &once, "x", 1, NULL, &err);
}

static void a_fault_before_a_put_stores_nothing(void **state)
{
    (void)state;
    world.fail_at = 1;
    world.fault = MR_SIM_BEFORE;
    assert_int_equal(put(), MR_UNAVAILABLE);
    assert_int_equal(mr_blob_head(blob, "k", NULL, &err), MR_NOT_FOUND);
    assert_int_equal(put(), MR_OK);
}

static void a_fault_after_a_put_has_stored_it(void **state)
{
    (void)state;
    world.fail_at = 1;
    world.fault = MR_SIM_AFTER;
    assert_int_equal(put(), MR_UNAVAILABLE);
    assert_int_equal(mr_blob_head(blob, "k", NULL, &err), MR_OK);
    assert_int_equal(put(), MR_EXISTS);
}

static enum mr_code head_it(void *ctx, const char *key, const struct mr_blob_info *info,
                            struct mr_error *e)
{
    (void)ctx, (void)info;
    return mr_blob_head(blob, key, NULL, e);
}

static void every_call_is_counted_and_can_fail(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    assert_int_equal(put(), MR_OK);
    for (int i = 0; i < 5; i++) {
        enum mr_code rc = MR_OK;
        world.fault = i % 2 ? MR_SIM_AFTER : MR_SIM_BEFORE;
        world.fail_at = world.calls + 1;
        if (i == 0)
            rc = mr_blob_get(blob, "k", 10, &buf, NULL, &err);
        else if (i == 1)
            rc = mr_blob_head(blob, "k", NULL, &err);
        else if (i == 2)
            rc = mr_blob_list(blob, "", head_it, NULL, &err);
        else if (i == 3)
            rc = mr_blob_check(blob, &err);
        else
            rc = mr_blob_remove(blob, "k", &err);
        assert_int_equal(rc, MR_UNAVAILABLE);
        assert_null(buf.data);
    }
    world.fail_at = world.calls + 2; /* inside the list's callback */
    world.fault = MR_SIM_BEFORE;
    assert_int_equal(mr_blob_list(blob, "", head_it, NULL, &err), MR_UNAVAILABLE);
}

static void a_bucket_outlives_its_handles(void **state)
{
    (void)state;
    assert_int_equal(put(), MR_OK);
    mr_blob_free(blob);
    blob = mr_blob_sim_new(bucket, &err);
    assert_int_equal(mr_blob_head(blob, "k", NULL, &err), MR_OK);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_sim, close_sim)
    const struct CMUnitTest tests[] = {
        CASE(a_fault_before_a_put_stores_nothing),
        CASE(a_fault_after_a_put_has_stored_it),
        CASE(every_call_is_counted_and_can_fail),
        CASE(a_bucket_outlives_its_handles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

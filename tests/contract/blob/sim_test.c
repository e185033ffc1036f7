/* sim_test.c -- the contract on the simulated bucket. */
#include "common/sim/sim.h"
#include "tests/contract/blob/blob_contract.h"

static struct mr_sim_world world = {.seed = 1};
static struct mr_sim_bucket *bucket;

static struct mr_blob *open_sim(void)
{
    return mr_blob_sim_new(bucket, NULL);
}

int main(void)
{
    const struct blob_under_test sim = {.name = "blob_sim", .open = open_sim, .lists_below = true};

    bucket = mr_sim_bucket_new(&world);
    int failed = blob_contract_run(&sim);
    mr_sim_bucket_free(bucket);
    return failed;
}

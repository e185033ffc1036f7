/* bus_sim_test.c -- the bus contract on the twin. */
#include "tests/contract/bus/bus_contract.h"

#include "common/sim/sim.h"

static struct mr_sim_world world = {.seed = 1, .now_ms = 1700000000000};

static struct mr_bus *connect_twin(void *ctx, struct mr_error *err)
{
    return mr_bus_sim_new(ctx, err);
}

static enum mr_code truncate_twin(void *ctx, const char *topic, int32_t partition, int64_t before,
                                  struct mr_error *err)
{
    (void)err;
    mr_sim_broker_truncate(ctx, topic, partition, before);
    return MR_OK;
}

static void pass_time(void *ctx, int64_t ms)
{
    (void)ctx;
    world.now_ms += ms;
}

int main(void)
{
    struct mr_sim_broker *broker = mr_sim_broker_new(&world);
    struct bus_contract contract = {
        .driver = "bus contract: twin",
        .connect = connect_twin,
        .truncate = truncate_twin,
        .pass_time = pass_time,
        .ctx = broker,
        .wait_ms = 10000,
        .calm_ms = 1000,
    };
    int failed = broker ? bus_contract_run(&contract) : 1;

    mr_sim_broker_free(broker);
    return failed;
}

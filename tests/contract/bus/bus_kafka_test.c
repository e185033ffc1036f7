/* bus_kafka_test.c -- the bus contract on a real Kafka, the one of MILLRACE_KAFKA_BROKERS. */
#include "tests/contract/bus/bus_contract.h"
#include "tests/contract/bus/kafka_kit.h"

#include <stdio.h>

static struct mr_bus *connect_kafka(void *ctx, struct mr_error *err)
{
    return mr_bus_kafka_new(ctx, err);
}

static enum mr_code truncate_kafka(void *ctx, const char *topic, int32_t partition, int64_t before,
                                   struct mr_error *err)
{
    return kafka_kit_truncate(ctx, topic, partition, before, err);
}

int main(void)
{
    struct mr_kafka_config config = {0};
    struct bus_contract contract = {
        .driver = "bus contract: kafka",
        .connect = connect_kafka,
        .truncate = truncate_kafka,
        .ctx = &config,
        .wait_ms = 30000,
        .calm_ms = 300,
        .fd_wakes = true,
    };
    int failed;

    if (!kafka_kit_config(&config))
        return KAFKA_KIT_SKIPPED;
    failed = bus_contract_run(&contract);
    kafka_kit_config_release(&config);
    return failed;
}

/* bus_contract.c -- see bus_contract.h: its files of cases. */
#include "tests/contract/bus/bus_contract.h"

#include "tests/contract/bus/bus_contract_kit.h"
#include "tests/contract/files.h"

int bus_contract_run(const struct bus_contract *given)
{
#define FILE_OF(name) {#name, bus_contract_##name, bus_contract_##name##_count, true}
    const struct contract_file files[] = {
        FILE_OF(sends), FILE_OF(topics), FILE_OF(logs), FILE_OF(queues), FILE_OF(descriptors),
    };

    contract = given;
    return contract_files_run(given->driver, files, sizeof files / sizeof *files);
}

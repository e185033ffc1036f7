/* store_contract.c -- see store_contract.h: its files of cases. */
#include "tests/contract/store/store_contract.h"

#include "tests/contract/files.h"
#include "tests/contract/store/store_contract_kit.h"

int store_contract_run(const struct store_contract *given)
{
#define FILE_OF(name) {#name, store_contract_##name, store_contract_##name##_count, true}
    const struct contract_file files[] = {
        FILE_OF(positions), FILE_OF(batches), FILE_OF(lists), FILE_OF(times), FILE_OF(shared),
    };

    contract = given;
    return contract_files_run(given->driver, files, sizeof files / sizeof *files);
}

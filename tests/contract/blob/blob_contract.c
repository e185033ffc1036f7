/* blob_contract.c -- see blob_contract.h: its files of cases. */
#include "tests/contract/blob/blob_contract.h"

#include "tests/contract/blob/blob_kit.h"
#include "tests/contract/files.h"

int blob_contract_run(const struct blob_under_test *t)
{
#define FILE_OF(name)           {#name, blob_contract_##name, blob_contract_##name##_count, true}
#define FILE_FOR(name, promise) {#name, blob_contract_##name, blob_contract_##name##_count, promise}
    const struct contract_file files[] = {
        FILE_OF(objects),
        FILE_OF(keys),
        FILE_OF(once),
        FILE_OF(streams),
        FILE_OF(ranges),
        FILE_OF(lists),
        FILE_OF(handles),
        FILE_FOR(races, t->has_threads),
        FILE_FOR(big, t->streams),
        FILE_FOR(lists_below, t->lists_below),
    };

    kit.under_test = t;
    return contract_files_run(t->name, files, sizeof files / sizeof *files);
}

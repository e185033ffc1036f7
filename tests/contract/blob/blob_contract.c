/* blob_contract.c -- see blob_contract.h: the files of cases, one behind the other. */
#include "tests/contract/blob/blob_contract.h"

#include "tests/contract/blob/blob_kit.h"

int blob_contract_run(const struct blob_under_test *t)
{
#define FILE_OF(name)           {#name, blob_contract_##name, blob_contract_##name##_count, true}
#define FILE_FOR(name, promise) {#name, blob_contract_##name, blob_contract_##name##_count, promise}
    const struct {
        const char *name;
        const struct CMUnitTest *cases;
        size_t count;
        bool wanted;
    } files[] = {
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
    int failed = 0;

    kit.under_test = t;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i].wanted) {
            print_message("[ contract ] %s: %s\n", t->name, files[i].name);
            failed +=
                _cmocka_run_group_tests(files[i].name, files[i].cases, files[i].count, NULL, NULL);
        }
    return failed;
}

/* files.h -- a contract is files of cases, which are run one behind the other. */
#ifndef TESTS_CONTRACT_FILES_H
#define TESTS_CONTRACT_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct contract_file {
    const char *name;
    const struct CMUnitTest *cases;
    size_t count;
    bool wanted; /* the driver promises what they ask for */
};

/* Returns the number of cases that failed. */
static inline int contract_files_run(const char *driver, const struct contract_file *files,
                                     size_t count)
{
    int failed = 0;

    for (size_t i = 0; i < count; i++)
        if (files[i].wanted) {
            print_message("[ contract ] %s: %s\n", driver, files[i].name);
            failed +=
                _cmocka_run_group_tests(files[i].name, files[i].cases, files[i].count, NULL, NULL);
        }
    return failed;
}

#endif

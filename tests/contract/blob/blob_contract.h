/* blob_contract.h -- what every driver of blob.h promises, as cases to be run on each of them. */
#ifndef BLOB_CONTRACT_H
#define BLOB_CONTRACT_H

#include "common/ports/blob.h"

struct blob_under_test {
    const char *name;
    struct mr_blob *(*open)(void); /* a new handle to the same storage; fails the test */
    bool has_threads;              /* handles may be used side by side */
    bool streams;                  /* a body need not fit into memory */
    bool lists_below;              /* a list shows "a/b" though there is an "a"; MinIO's does not */
};

/* Runs all cases; the number of those that failed. */
int blob_contract_run(const struct blob_under_test *under_test);

#endif

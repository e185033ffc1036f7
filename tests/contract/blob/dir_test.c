/* dir_test.c -- the contract on a folder. */
#include "common/adapters/adapters.h"
#include "tests/contract/blob/blob_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "blob-contract-XXXXXX"; /* in the build folder, on a real disk */

static struct mr_blob *open_dir(void)
{
    struct mr_error err;
    const struct mr_blob_config config = {.dir = folder};
    struct mr_blob *blob = mr_blob_dir_new(&config, &err);
    if (!blob)
        fprintf(stderr, "%s\n", err.text);
    return blob;
}

int main(void)
{
    const struct blob_under_test dir = {.name = "blob_dir",
                                        .open = open_dir,
                                        .has_threads = true,
                                        .streams = true,
                                        .lists_below = true};
    char tmp[sizeof folder + 8];

    if (!mkdtemp(folder))
        return 1;
    int failed = blob_contract_run(&dir);
    /* every case took away its objects, and with them their folders: only the root is left */
    snprintf(tmp, sizeof tmp, "%s/.tmp", folder);
    if (rmdir(tmp) || rmdir(folder)) {
        fprintf(stderr, "something is left in %s\n", folder);
        failed++;
    }
    return failed;
}

/* s3_test.c -- the contract on real S3-compatible storage, named by the settings of the program:
 * MILLRACE_S3_ENDPOINT, _BUCKET, _ACCESS_KEY, _SECRET_KEY, _REGION. */
#include "common/adapters/adapters.h"
#include "tests/contract/blob/blob_contract.h"

#include <stdio.h>
#include <stdlib.h>

static struct mr_blob_config config;

static struct mr_blob *open_s3(void)
{
    struct mr_error err;
    struct mr_blob *blob = mr_blob_s3_new(&config, &err);
    if (!blob)
        fprintf(stderr, "%s\n", err.text);
    return blob;
}

int main(void)
{
    const struct blob_under_test s3 = {
        .name = "blob_s3", .open = open_s3, .has_threads = true, .streams = true};
    struct mr_settings_part part = {"S3", mr_blob_settings, mr_blob_settings_count, &config};
    struct mr_error err;

    if (!getenv("MILLRACE_S3_ENDPOINT")) {
        fprintf(stderr, "skipped: MILLRACE_S3_ENDPOINT names no storage\n");
        return 77;
    }
    if (mr_config_load(&part, 1, 0, NULL, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    int failed = blob_contract_run(&s3);
    mr_config_release(&part, 1);
    return failed;
}

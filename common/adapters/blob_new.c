/* blob_new.c -- storage by its setting. */
#include "common/adapters/adapters.h"

/* clang-format off */
const struct mr_setting mr_blob_settings[] = {
    MR_CHOICE(mr_blob_config, kind,   "MILLRACE_BLOB",            "dir", "dir s3", "where objects rest: a folder, or S3-compatible storage"),
    MR_STR(mr_blob_config, dir,       "MILLRACE_BLOB_DIR",        "data/blobs", "dir: the folder; made where it is missing"),
    MR_STR(mr_blob_config, endpoint,  "MILLRACE_S3_ENDPOINT",     "https://s3.amazonaws.com", "s3: scheme, host and port; buckets are named in the path"),
    MR_STR(mr_blob_config, region,    "MILLRACE_S3_REGION",       "us-east-1", "s3: the region that requests are signed for"),
    MR_STR(mr_blob_config, bucket,    "MILLRACE_S3_BUCKET",       "millrace", "s3: the bucket; must be there"),
    MR_STR(mr_blob_config, access_key, "MILLRACE_S3_ACCESS_KEY",  "", "s3: the key's id"),
    MR_SECRET(mr_blob_config, secret_key, "MILLRACE_S3_SECRET_KEY", "", "s3: the key"),
    MR_SECRET(mr_blob_config, session_token, "MILLRACE_S3_SESSION_TOKEN", "", "s3: the token of a temporary key"),
    MR_STR(mr_blob_config, ca_file,   "MILLRACE_S3_CA_FILE",      "", "s3: PEM file of trusted authorities; empty: the system's"),
    MR_LONG(mr_blob_config, timeout_ms, "MILLRACE_S3_TIMEOUT_MS", "300000", 100, 86400000, "s3: of one request with its whole body, ms"),
    MR_LONG(mr_blob_config, stall_ms, "MILLRACE_S3_STALL_MS",     "15000", 100, 3600000, "s3: a request on which no byte moves for so long is given up, ms"),
    MR_LONG(mr_blob_config, connect_ms, "MILLRACE_S3_CONNECT_MS", "5000", 10, 600000, "s3: to connect, ms"),
    MR_LONG(mr_blob_config, tries,    "MILLRACE_S3_TRIES",        "4", 1, 20, "s3: requests for one call, where it is safe to repeat"),
    MR_LONG(mr_blob_config, retry_ms, "MILLRACE_S3_RETRY_MS",     "100", 1, 60000, "s3: wait before the second request, ms; doubles, up to 5 s"),
};
/* clang-format on */
const size_t mr_blob_settings_count = sizeof mr_blob_settings / sizeof *mr_blob_settings;

enum kind { KIND_DIR, KIND_S3 };

struct mr_blob *mr_blob_new(const struct mr_blob_config *config, struct mr_error *err)
{
    switch ((enum kind)config->kind) {
    case KIND_DIR:
        return mr_blob_dir_new(config, err);
    case KIND_S3:
        return mr_blob_s3_new(config, err);
    }
    mr_fail(err, MR_INTERNAL, "MILLRACE_BLOB: no kind %d", config->kind);
    return NULL;
}

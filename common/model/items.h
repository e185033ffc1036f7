/* items.h -- what a distributed Map reads and writes: the messages of its two tasks, and the work
 * itself on any storage: pure but for the callbacks of mr_objects.
 *
 * ASL_RESOURCE_READ asks
 *   {"Resource":"arn:aws:states:::s3:getObject" | "...:s3:listObjectsV2", "Parameters":{Bucket, Key
 *    | Prefix}, "ReaderConfig":{InputType, CSVHeaderLocation, CSVHeaders, CSVDelimiter,
 * ItemsPointer, MaxItems, Transformation, ...}, "cursor": as the page before gave it; absent at
 * first} and answers {"items":[...], "cursor": where the next page begins; absent: that was all}.
 * With LOAD_AND_FLATTEN the items are those in the listed objects, a page of one object at a time.
 *
 * ASL_RESOURCE_WRITE asks
 *   {"Resource":"arn:aws:states:::s3:putObject", "Parameters":{Bucket, Prefix}, "WriterConfig":{
 *    OutputType, Transformation}, "dir": a name of this Map run's own, "part":n,
 * "results":[records]} and answers {}; then, once, with "MapRunArn" and "finish":true instead of
 * part and results, and answers {"MapRunArn":..,"ResultWriterDetails":{"Bucket":..,"Key": of the
 * manifest}}. A record is asl_run_record().  Files are <Prefix>/<dir>/SUCCEEDED_<part>.json,
 * FAILED_<part>.json and manifest.json, as AWS writes them.  Asked twice, it writes the same again.
 */
#ifndef MR_ITEMS_H
#define MR_ITEMS_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MR_ITEMS_PAGE_BYTES = 256 * 1024 - 512, /* of the items of a page, and of any one item */
    MR_ITEMS_PAGE_MAX = 10000,              /* items of a page */
    MR_ITEMS_OBJECT_MAX = 64 * 1024 * 1024, /* bytes of an object with items */
};

struct mr_object { /* one of a listing; lent */
    const char *key;
    int64_t bytes;
    int64_t modified_ms; /* 0: storage does not tell */
    const char *etag;    /* with its quotes; "": likewise */
};

struct mr_objects { /* storage as the two tasks see it; each of them may block */
    void *ctx;
    /* The whole object. MR_NOT_FOUND, MR_TOO_LARGE (longer than len_max), MR_DENIED ... */
    enum mr_code (*get)(void *ctx, const char *bucket, const char *key, size_t len_max,
                        struct mr_buf *ret, struct mr_error *err);
    /* Calls each for the keys that begin with prefix, in byte order; anything but MR_OK ends it. */
    enum mr_code (*list)(void *ctx, const char *bucket, const char *prefix,
                         enum mr_code (*each)(void *each_ctx, const struct mr_object *,
                                              struct mr_error *err),
                         void *each_ctx, struct mr_error *err);
    enum mr_code (*put)(void *ctx, const char *bucket, const char *key, const char *type,
                        const void *data, size_t len, struct mr_error *err);
    /* What gzip packed, to at most len_max bytes.  NULL: packed objects are refused. */
    enum mr_code (*unpack)(void *ctx, const void *data, size_t len, size_t len_max,
                           struct mr_buf *ret, struct mr_error *err);
};

/* Appends the answer to buf.  A failure is the task's: err says what was wrong with what. */
MR_MUST_USE enum mr_code mr_items_read(const cJSON *request, const struct mr_objects *,
                                       struct mr_buf *buf, struct mr_error *err);
MR_MUST_USE enum mr_code mr_items_write(const cJSON *request, const struct mr_objects *,
                                        struct mr_buf *buf, struct mr_error *err);

#endif

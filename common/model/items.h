/* items.h -- what a distributed Map reads and writes: the messages of its two tasks, and the work
 * itself on any storage: pure but for the callbacks of mr_objects.
 *
 * ASL_RESOURCE_READ asks
 *   {"Resource":"arn:aws:states:::s3:getObject" | "...:s3:listObjectsV2", "Parameters":{Bucket, Key
 *    | Prefix}, "ReaderConfig":{InputType, CSVHeaderLocation, CSVHeaders, CSVDelimiter,
 * ItemsPointer, MaxItems, Transformation, ...}, "cursor": as the page before gave it; absent at
 * first} and answers {"items":[...], "cursor": where the next page begins; absent: that was all}.
 * With LOAD_AND_FLATTEN the items are those in the listed objects, a page of one object at a time.
 * A page reads its own bytes of the object (items_view.h), and all pages read the same object:
 * the cursor holds on to its etag, and one that was overwritten is MR_CHANGED.  So what is wrong
 * with an object is found by the page that comes to it.  JSON that the first piece holds is checked
 * whole; of longer JSON all that comes before the items is checked for strings and brackets, the
 * items themselves strictly, and what follows them (behind an ItemsPointer) is not read.
 *
 * ASL_RESOURCE_WRITE asks
 *   {"Resource":"arn:aws:states:::s3:putObject", "Parameters":{Bucket, Prefix}, "WriterConfig":{
 *    OutputType, Transformation}, "dir": a name of this Map run's own, "part":n,
 * "results":[records]} and answers {}; then, once, with "MapRunArn" and "finish":true instead of
 * part and results, and answers {"MapRunArn":..,"ResultWriterDetails":{"Bucket":..,"Key": of the
 * manifest}}. A record is asl_run_record(), or {Input, InputDetails, StateMachineArn, "Status":
 * "PENDING"} of what was not started.  Files are <Prefix>/<dir>/SUCCEEDED_<part>.json,
 * FAILED_<part>.json, PENDING_<part>.json and manifest.json, as AWS writes them; with "since":n the
 * manifest names no FAILED and PENDING files of parts before n: those were another attempt's.
 * Asked twice, it writes the same again. */
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
    MR_ITEMS_ROW_MAX = 1024 * 1024, /* bytes that one item, or the row of names, takes in storage */
    MR_ITEMS_WHOLE_MAX = 64 * 1024 * 1024, /* of a manifest, and of a packed table, unpacked too:
                                            * these alone are read whole by each page */
    MR_ITEMS_ETAG_MAX = 72,                /* with its NUL */
};
#define MR_ITEMS_OBJECT_MAX (INT64_C(10) << 30) /* bytes of an object with items, as AWS has it */

struct mr_object { /* one of a listing; lent */
    const char *key;
    int64_t bytes;
    int64_t modified_ms; /* 0: storage does not tell */
    const char *etag;    /* with its quotes; "": likewise */
};

struct mr_objects_span { /* what of a listing is wanted */
    const char *prefix;
    const char *after; /* keys behind this one; "": all */
    size_t count_max;  /* 0: all */
};

struct mr_object_range {
    int64_t at;
    size_t len_max;
    const char *etag; /* of an earlier range: of the same object, or MR_CHANGED; "": of any */
};

struct mr_object_now { /* what a range is of */
    int64_t bytes;
    char etag[MR_ITEMS_ETAG_MAX];
};

struct mr_objects { /* storage as the two tasks see it; each of them may block */
    void *ctx;
    /* As mr_blob_get_range(); *ret is replaced. */
    enum mr_code (*get)(void *ctx, const char *bucket, const char *key,
                        const struct mr_object_range *, struct mr_buf *ret,
                        struct mr_object_now *now, struct mr_error *err);
    /* Calls each for the keys of the span, in byte order; anything but MR_OK ends it. */
    enum mr_code (*list)(void *ctx, const char *bucket, const struct mr_objects_span *,
                         enum mr_code (*each)(void *each_ctx, const struct mr_object *,
                                              struct mr_error *err),
                         void *each_ctx, struct mr_error *err);
    enum mr_code (*put)(void *ctx, const char *bucket, const char *key, const char *type,
                        const void *data, size_t len, struct mr_error *err);
    /* What gzip packed, to at most len_max bytes.  NULL: packed objects are refused. */
    enum mr_code (*unpack)(void *ctx, const void *data, size_t len, size_t len_max,
                           struct mr_buf *ret, struct mr_error *err);
    /* For tests, smaller than what they stand for; 0: that. */
    size_t step;       /* bytes to be asked for at a time */
    uint64_t page_max; /* MR_ITEMS_PAGE_MAX */
};

/* Appends the answer to buf.  A failure is the task's: err says what was wrong with what. */
MR_MUST_USE enum mr_code mr_items_read(const cJSON *request, const struct mr_objects *,
                                       struct mr_buf *buf, struct mr_error *err);
MR_MUST_USE enum mr_code mr_items_write(const cJSON *request, const struct mr_objects *,
                                        struct mr_buf *buf, struct mr_error *err);

#endif

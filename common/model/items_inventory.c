/* items_inventory.c -- an inventory of S3: a manifest that names tables, packed or not, whose rows
 * are the items.  The manifest and a packed table are read whole by each page. */
#include "common/model/items_part.h"

#include <inttypes.h>
#include <string.h>

static enum mr_code read_schema(const char *schema, struct mr_columns *columns,
                                struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    while (!rc && *schema) {
        size_t len;

        schema += strspn(schema, ", ");
        len = strcspn(schema, ",");
        if (len)
            rc = mr_columns_add(columns, schema, len, err);
        schema += len;
    }
    return rc ? rc : mr_columns_settle(columns, err);
}

/* Moves text in. */
static enum mr_code unpack(const struct mr_objects *from, struct mr_buf *text, struct mr_error *err)
{
    struct mr_buf packed = *text;
    enum mr_code rc;

    *text = (struct mr_buf){0};
    if (!from->unpack)
        rc = mr_fail(err, MR_UNSUPPORTED, "it is packed, which cannot be read here");
    else
        rc = from->unpack(from->ctx, packed.data ? packed.data : "", packed.len, MR_ITEMS_WHOLE_MAX,
                          text, err);
    mr_buf_release(&packed);
    return rc;
}

struct table { /* where a page goes on */
    int64_t at, took;
    const char *etag;
};

static enum mr_code open_packed(struct mr_page *page, const char *bucket, const char *key,
                                const struct table *table, struct mr_view *view,
                                struct mr_error *err)
{
    struct mr_object_now now = {0};
    struct mr_buf text = {0};
    enum mr_code rc = mr_items_whole(page->from, bucket, key, table->etag, &text, &now, err);

    if (!rc)
        rc = unpack(page->from, &text, err);
    if (!rc) {
        mr_view_init_take(view, &text, table->at);
        memcpy(view->etag, now.etag, sizeof now.etag);
    }
    mr_buf_release(&text);
    return rc;
}

static enum mr_code open_table(struct mr_page *page, const cJSON *manifest, const char *key,
                               const struct table *table, struct mr_view *view,
                               struct mr_error *err)
{
    static const char arn[] = "arn:aws:s3:::";
    const char *bucket = cJSON_GetStringValue(mr_json_get(manifest, "destinationBucket"));
    const size_t len = strlen(key);

    if (!bucket)
        bucket = "";
    if (strncmp(bucket, arn, sizeof arn - 1) == 0)
        bucket += sizeof arn - 1;
    if (len >= 3 && strcmp(key + len - 3, ".gz") == 0)
        return open_packed(page, bucket, key, table, view, err);
    mr_view_init(view, page->from, bucket, key, table->at, table->etag, table->took);
    return MR_OK;
}

/* The rows of table number next->file that fit; the next table's turn is next where it ends. */
static enum mr_code read_table(struct mr_page *page, const cJSON *manifest,
                               const struct mr_columns *columns, const struct table *table,
                               struct mr_place *next, struct mr_error *err)
{
    const cJSON *files = mr_json_get(manifest, "files");
    const char *key =
        cJSON_GetStringValue(mr_json_get(cJSON_GetArrayItem(files, (int)next->file), "key"));
    struct mr_view view = {0};
    bool more = false;
    enum mr_code rc;

    if (!key)
        return mr_fail(err, MR_INVALID, "the manifest's file %" PRIu64 " has no key", next->file);
    rc = open_table(page, manifest, key, table, &view, err);
    if (!rc)
        rc = mr_items_rows(page, columns, ',', &view, &more, err);
    if (!rc)
        mr_place_set(next, &view, true);
    if (!rc && !more) {
        next->file++;
        next->at = next->took = 0;
        next->etag[0] = '\0';
    }
    mr_view_release(&view);
    return rc && rc != MR_NO_MEMORY ? mr_fail_in(err, rc, key) : rc;
}

static enum mr_code read_tables(struct mr_page *page, const cJSON *manifest, struct mr_place *next,
                                struct mr_error *err)
{
    const char *schema = cJSON_GetStringValue(mr_json_get(manifest, "fileSchema"));
    const char *format = cJSON_GetStringValue(mr_json_get(manifest, "fileFormat"));
    const cJSON *files = mr_json_get(manifest, "files");
    const uint64_t count = (uint64_t)cJSON_GetArraySize(files);
    struct table table = {(int64_t)mr_page_number(page, "at"),
                          (int64_t)mr_page_number(page, "took"), mr_page_text(page, "etag")};
    struct mr_columns columns = {0};
    enum mr_code rc;

    if (!schema || !cJSON_IsArray(files))
        return mr_fail(err, MR_INVALID, "the manifest has no fileSchema or files");
    if (!format || strcmp(format, "CSV") != 0)
        return mr_fail(err, MR_UNSUPPORTED, "the manifest's fileFormat is not CSV");
    rc = read_schema(schema, &columns, err);
    next->file = mr_page_number(page, "file");
    next->in_files = true;
    mr_page_open(page, '[');
    while (!rc && next->file < count && mr_page_has_room(page)) {
        rc = read_table(page, manifest, &columns, &table, next, err);
        table = (struct table){.etag = ""};
    }
    mr_page_shut(page);
    next->more = next->file < count;
    mr_columns_release(&columns);
    return rc;
}

enum mr_code mr_items_manifest(struct mr_page *page, const char *bucket, const char *key,
                               struct mr_place *next, struct mr_error *err)
{
    static const struct mr_json_limits limits = {MR_ITEMS_WHOLE_MAX, MR_JSON_DEPTH_MAX};
    struct mr_object_now now = {0};
    struct mr_buf text = {0};
    cJSON *manifest = NULL;
    enum mr_code rc =
        mr_items_whole(page->from, bucket, key, mr_page_text(page, "list"), &text, &now, err);

    if (!rc)
        rc = mr_json_parse(text.data ? text.data : "", text.len, &limits, &manifest, err);
    mr_buf_release(&text);
    if (!rc) {
        memcpy(next->list_etag, now.etag, sizeof now.etag);
        rc = read_tables(page, manifest, next, err);
    }
    cJSON_Delete(manifest);
    return rc;
}

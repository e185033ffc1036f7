/* items.c -- a page of a distributed Map's items: the page itself, its cursor, and which reader
 * fills it. */
#include "common/model/items.h"

#include "common/model/items_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a request says ------------------------------------------------------------------------
 */

/* 0 where it is none. */
static uint64_t whole(const cJSON *item)
{
    const double number = cJSON_IsNumber(item) ? item->valuedouble : 0;

    return number >= 0 && number < 9007199254740992.0 ? (uint64_t)number : 0;
}

uint64_t mr_page_number(const struct mr_page *page, const char *name)
{
    return whole(mr_json_get(page->cursor, name));
}

const char *mr_page_text(const struct mr_page *page, const char *name)
{
    const char *text = cJSON_GetStringValue(mr_json_get(page->cursor, name));

    return text ? text : "";
}

const char *mr_page_config(const struct mr_page *page, const char *name)
{
    const char *text = cJSON_GetStringValue(mr_json_get(page->config, name));

    return text ? text : "";
}

static enum mr_code parameter(const struct mr_page *page, const char *name, bool required,
                              const char **ret, struct mr_error *err)
{
    const cJSON *item = mr_json_get(page->parameters, name);

    if (!item && !required) {
        *ret = "";
        return MR_OK;
    }
    if (!cJSON_IsString(item))
        return mr_fail(err, MR_INVALID, "/Parameters/%s: must be a string", name);
    *ret = item->valuestring;
    return MR_OK;
}

/* ---- the page ---------------------------------------------------------------------------------
 */

bool mr_page_is_last(const struct mr_page *page)
{
    return page->total_max && page->total >= page->total_max;
}

bool mr_page_has_room(const struct mr_page *page)
{
    return page->count < page->count_max && !page->full && !mr_page_is_last(page);
}

enum mr_code mr_page_add(struct mr_page *page, const char *json, size_t len, struct mr_error *err)
{
    if (len > MR_ITEMS_PAGE_BYTES)
        return mr_fail(err, MR_TOO_LARGE, "item %" PRIu64 ": %zu bytes, at most %d are allowed",
                       page->total, len, MR_ITEMS_PAGE_BYTES);
    if (page->count > 0 && page->bytes + len + 1 > MR_ITEMS_PAGE_BYTES) {
        page->full = true;
        return MR_OK;
    }
    if (page->count > 0)
        (void)mr_buf_add_char(page->buf, ',');
    (void)mr_buf_add(page->buf, json, len);
    page->count++;
    page->total++;
    page->bytes += len + 1;
    return page->buf->failed ? mr_fail(err, MR_NO_MEMORY, "a page of items") : MR_OK;
}

void mr_page_open(struct mr_page *page, char open)
{
    (void)mr_buf_add_str(page->buf, "{\"items\":");
    page->opened = page->buf->len;
    (void)mr_buf_add_char(page->buf, open);
}

void mr_page_shut(struct mr_page *page)
{
    if (!page->buf->failed)
        (void)mr_buf_add_char(page->buf, page->buf->data[page->opened] == '{' ? '}' : ']');
}

void mr_place_release(struct mr_place *place)
{
    mr_buf_release(&place->columns);
}

void mr_place_set(struct mr_place *place, const struct mr_view *view, bool more)
{
    place->more = more;
    place->at = mr_view_at(view);
    place->took = place->at - view->mark;
    memcpy(place->etag, view->etag, sizeof place->etag);
}

static void add_text(struct mr_buf *buf, const char *name, const char *text)
{
    (void)mr_buf_addf(buf, ",\"%s\":", name);
    (void)mr_buf_add_json(buf, text, strlen(text));
}

static void add_place(struct mr_buf *buf, const struct mr_place *place)
{
    const char bracket[] = {place->bracket, '\0'};

    if (place->took > 0)
        (void)mr_buf_addf(buf, ",\"took\":%" PRId64, place->took);
    if (place->etag[0])
        add_text(buf, "etag", place->etag);
    if (bracket[0])
        add_text(buf, "in", bracket);
    if (place->columns.len > 0)
        (void)mr_buf_addf(buf, ",\"columns\":%s", place->columns.data);
}

enum mr_code mr_page_close(struct mr_page *page, const struct mr_place *next, const char *object,
                           bool others, struct mr_error *err)
{
    if ((next->more || others) && !mr_page_is_last(page)) {
        (void)mr_buf_addf(page->buf, ",\"cursor\":{\"at\":%" PRId64 ",\"n\":%" PRIu64,
                          next->more ? next->at : 0, page->total);
        if (next->more)
            add_place(page->buf, next);
        if (object)
            add_text(page->buf, next->more ? "key" : "after", object);
        if (next->more && next->in_files)
            (void)mr_buf_addf(page->buf, ",\"file\":%" PRIu64, next->file);
        if (next->more && next->list_etag[0])
            add_text(page->buf, "list", next->list_etag);
        (void)mr_buf_add_char(page->buf, '}');
    }
    (void)mr_buf_add_char(page->buf, '}');
    return page->buf->failed ? mr_fail(err, MR_NO_MEMORY, "a page of items") : MR_OK;
}

/* ---- a page of one object ----------------------------------------------------------------------
 */

static enum mr_code read_object(struct mr_page *page, const char *bucket, const char *key,
                                struct mr_place *next, struct mr_error *err)
{
    static const struct {
        const char *type;
        mr_items_fn *read;
    } readers[] = {{"CSV", mr_items_csv}, {"JSON", mr_items_json}, {"JSONL", mr_items_jsonl}};
    const char *type = mr_page_config(page, "InputType");

    if (!type[0] && mr_page_config(page, "ManifestType")[0])
        type = "MANIFEST"; /* as AWS's documents have it: an inventory needs no InputType */
    if (strcmp(type, "MANIFEST") == 0)
        return mr_items_manifest(page, bucket, key, next, err);
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        struct mr_view view;
        enum mr_code rc;

        if (strcmp(readers[i].type, type) != 0)
            continue;
        mr_view_init(&view, page->from, bucket, key, (int64_t)mr_page_number(page, "at"),
                     mr_page_text(page, "etag"), (int64_t)mr_page_number(page, "took"));
        rc = readers[i].read(page, &view, next, err);
        mr_view_release(&view);
        return rc;
    }
    return mr_fail(err, MR_UNSUPPORTED, "InputType \"%.40s\" is not read", type);
}

enum mr_code mr_items_object(struct mr_page *page, const char *bucket, const char *key,
                             struct mr_place *next, struct mr_error *err)
{
    enum mr_code rc = read_object(page, bucket, key, next, err);

    return rc && rc != MR_NO_MEMORY ? mr_fail_in(err, rc, key) : rc;
}

/* ---- the request ------------------------------------------------------------------------------
 */

static enum mr_code read_one(struct mr_page *page, const char *bucket, const char *key,
                             struct mr_error *err)
{
    struct mr_place next = {0};
    enum mr_code rc = mr_items_object(page, bucket, key, &next, err);

    if (!rc)
        rc = mr_page_close(page, &next, NULL, false, err);
    mr_place_release(&next);
    return rc;
}

enum mr_code mr_items_read(const cJSON *request, const struct mr_objects *from, struct mr_buf *buf,
                           struct mr_error *err)
{
    const cJSON *resource = mr_json_get(request, "Resource"), *max;
    struct mr_page page = {.buf = buf,
                           .start = buf->len,
                           .parameters = mr_json_get(request, "Parameters"),
                           .config = mr_json_get(request, "ReaderConfig"),
                           .cursor = mr_json_get(request, "cursor"),
                           .from = from,
                           .count_max = from->page_max ? from->page_max : MR_ITEMS_PAGE_MAX};
    const char *bucket = NULL, *key = NULL;
    enum mr_code rc = parameter(&page, "Bucket", true, &bucket, err);
    bool listing, flatten;

    if (rc)
        return rc;
    flatten = strcmp(mr_page_config(&page, "Transformation"), "LOAD_AND_FLATTEN") == 0;
    max = mr_json_get(page.config, "MaxItems");
    page.total = mr_page_number(&page, "n");
    page.total_max = whole(max);
    listing = cJSON_IsString(resource) && strstr(resource->valuestring, ":s3:listObjectsV2");
    rc = parameter(&page, listing ? "Prefix" : "Key", !listing, &key, err);
    if (!rc)
        rc = !listing  ? read_one(&page, bucket, key, err)
             : flatten ? mr_items_flattened(&page, bucket, key, err)
                       : mr_items_listing(&page, bucket, key, err);
    if (rc && buf->data) {
        buf->len = page.start;
        buf->data[buf->len] = '\0';
    }
    return rc;
}

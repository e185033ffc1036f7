/* items_kit.c -- see items_kit.h. */
#include "tests/unit/model/items_kit.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct items_kit items_kit;

/* ---- storage that counts -----------------------------------------------------------------------
 */

static enum mr_code get(void *ctx, const char *from, const char *key,
                        const struct mr_object_range *range, struct mr_buf *ret,
                        struct mr_object_now *now, struct mr_error *e)
{
    const struct mr_blob_range wanted = {range->at, range->len_max, range->etag};
    struct mr_blob_info info;
    enum mr_code rc = mr_blob_get_range(items_kit.blob, key, &wanted, ret, &info, e);

    (void)ctx, (void)from;
    if (rc)
        return rc;
    now->bytes = info.bytes;
    memcpy(now->etag, info.etag, sizeof now->etag);
    items_kit.cost.gets++;
    items_kit.cost.bytes += ret->len;
    if (items_kit.cost.largest < ret->len)
        items_kit.cost.largest = ret->len;
    return MR_OK;
}

struct each {
    enum mr_code (*each)(void *ctx, const struct mr_object *, struct mr_error *);
    void *ctx;
};

static enum mr_code list_one(void *ctx, const char *key, const struct mr_blob_info *info,
                             struct mr_error *e)
{
    const struct each *each = ctx;
    const struct mr_object object = {key, info->bytes, 0, ""};

    items_kit.cost.keys++;
    return each->each(each->ctx, &object, e);
}

static enum mr_code list(void *ctx, const char *from, const struct mr_objects_span *span,
                         enum mr_code (*fn)(void *, const struct mr_object *, struct mr_error *),
                         void *each_ctx, struct mr_error *e)
{
    const struct mr_blob_span wanted = {span->prefix, span->after, span->count_max};
    struct each each = {fn, each_ctx};

    (void)ctx, (void)from;
    return mr_blob_list_span(items_kit.blob, &wanted, list_one, &each, e);
}

int items_open(void **state)
{
    (void)state;
    items_kit.world = (struct mr_sim_world){.seed = 7};
    items_kit.bucket = mr_sim_bucket_new(&items_kit.world);
    items_kit.blob = mr_blob_sim_new(items_kit.bucket, &items_kit.err);
    items_kit.objects = (struct mr_objects){.get = get, .list = list};
    memset(&items_kit.cost, 0, sizeof items_kit.cost);
    return items_kit.blob ? 0 : -1;
}

int items_close(void **state)
{
    (void)state;
    mr_blob_free(items_kit.blob);
    mr_sim_bucket_free(items_kit.bucket);
    return 0;
}

void items_put(const char *key, const struct mr_buf *body)
{
    assert_false(body->failed);
    assert_int_equal(
        mr_blob_put(items_kit.blob, key, NULL, body->data, body->len, NULL, &items_kit.err), MR_OK);
}

void items_put_text(const char *key, const char *text)
{
    const struct mr_buf body = {.data = strdup(text), .len = strlen(text)};

    assert_non_null(body.data);
    items_put(key, &body);
    free(body.data);
}

/* ---- pages -------------------------------------------------------------------------------------
 */

cJSON *items_request(const char *config)
{
    char text[8192];
    cJSON *request;

    (void)snprintf(text, sizeof text,
                   "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
                   "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{%s}}",
                   config);
    request = cJSON_Parse(text);
    assert_non_null(request);
    return request;
}

cJSON *items_page(const cJSON *request)
{
    struct mr_buf text = {0};
    cJSON *page = NULL;

    if (mr_items_read(request, &items_kit.objects, &text, &items_kit.err) == MR_OK) {
        page = cJSON_ParseWithLength(text.data, text.len);
        assert_non_null(page);
    }
    mr_buf_release(&text);
    return page;
}

/* Puts the page's cursor into the request; false where there is none. */
bool items_turn(cJSON *request, cJSON *page)
{
    cJSON *cursor = cJSON_DetachItemFromObject(page, "cursor");

    cJSON_DeleteItemFromObject(request, "cursor");
    if (cursor)
        cJSON_AddItemToObject(request, "cursor", cursor);
    return cursor != NULL;
}

void items_lines(struct mr_buf *all, const cJSON *items)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, items)
    {
        if (item->string) {
            (void)mr_buf_add_json(all, item->string, strlen(item->string));
            (void)mr_buf_add_char(all, ':');
        }
        assert_int_equal(mr_json_print(item, all), MR_OK);
        (void)mr_buf_add_char(all, '\n');
    }
}

/* All items of a request from its cursor on, a line each; how many pages.  0: one failed. */
int items_rest(cJSON *request, struct mr_buf *all)
{
    bool more = true;
    int pages = 0;

    while (more) {
        cJSON *page = items_page(request);

        if (!page)
            return 0;
        pages++;
        items_lines(all, mr_json_get(page, "items"));
        more = items_turn(request, page);
        cJSON_Delete(page);
    }
    return pages;
}

int items_all(const char *config, struct mr_buf *all)
{
    cJSON *request = items_request(config);
    int pages;

    mr_buf_reset(all);
    (void)mr_buf_add_str(all, "");
    pages = items_rest(request, all);
    cJSON_Delete(request);
    return pages;
}

/* items.c -- a request for items, and behind the first NUL what each object of the storage holds.
 * Any request is answered or refused with a reason; its pages come to an end; and in how many
 * pieces an object is read, and how many items a page has, changes no item. */
#include "tests/fuzz/fuzz.h"

#include "common/base/json.h"
#include "common/model/items.h"

enum {
    PAGES_MAX = 20000, /* more than an input has bytes, by far */
    SMALL_STEP = 13,
    SMALL_PAGE = 3,
};

struct body {
    const char *data;
    size_t len;
};

static const char *const keys[] = {"a", "b/c", "b/d.csv"};
enum { KEYS = sizeof keys / sizeof keys[0] };

static enum mr_code get(void *ctx, const char *bucket, const char *key,
                        const struct mr_object_range *range, struct mr_buf *ret,
                        struct mr_object_now *now, struct mr_error *err)
{
    const struct body *body = ctx;
    size_t at, len;

    (void)bucket, (void)key;
    FUZZ_PROMISE(range->at >= 0 && range->len_max > 0, "a range is asked for");
    *now = (struct mr_object_now){.bytes = (int64_t)body->len, .etag = "\"1\""};
    if (range->etag[0] && strcmp(range->etag, now->etag) != 0)
        return mr_fail(err, MR_CHANGED, "another object");
    at = range->at < now->bytes ? (size_t)range->at : body->len;
    len = body->len - at < range->len_max ? body->len - at : range->len_max;
    mr_buf_reset(ret);
    (void)mr_buf_add(ret, body->data + at, len);
    return MR_OK;
}

static enum mr_code list(void *ctx, const char *bucket, const struct mr_objects_span *span,
                         enum mr_code (*each)(void *, const struct mr_object *, struct mr_error *),
                         void *each_ctx, struct mr_error *err)
{
    const struct body *body = ctx;
    enum mr_code rc = MR_OK;
    size_t told = 0;

    (void)bucket;
    for (size_t i = 0; i < KEYS && !rc && (span->count_max == 0 || told < span->count_max); i++) {
        const struct mr_object object = {keys[i], (int64_t)body->len, 1700000000000, "\"1\""};

        if (strncmp(keys[i], span->prefix, strlen(span->prefix)) != 0 ||
            strcmp(keys[i], span->after) <= 0)
            continue;
        told++;
        rc = each(each_ctx, &object, err);
    }
    return rc;
}

/* What is packed is what it is packed in. */
static enum mr_code unpack(void *ctx, const void *data, size_t len, size_t len_max,
                           struct mr_buf *ret, struct mr_error *err)
{
    (void)ctx;
    if (len > len_max)
        return mr_fail(err, MR_TOO_LARGE, "unpacked");
    mr_buf_reset(ret);
    (void)mr_buf_add(ret, data, len);
    return MR_OK;
}

static void add_items(const cJSON *items, struct mr_buf *all)
{
    FUZZ_PROMISE(cJSON_IsArray(items) || cJSON_IsObject(items), "a page has items");
    for (const cJSON *item = items->child; item; item = item->next) {
        if (item->string) {
            (void)mr_buf_add_json(all, item->string, strlen(item->string));
            (void)mr_buf_add_char(all, ':');
        }
        FUZZ_PROMISE(mr_json_print(item, all) == MR_OK, "an item is JSON");
        (void)mr_buf_add_char(all, '\n');
    }
}

/* All pages from the request's cursor on. */
static enum mr_code read_all(const cJSON *request, const struct mr_objects *from,
                             struct mr_buf *all)
{
    cJSON *turn = cJSON_Duplicate(request, true);
    enum mr_code rc = MR_OK;
    bool more = true;

    for (size_t pages = 0; more && !rc; pages++) {
        struct mr_buf text = {0};
        struct mr_error err = {0};
        cJSON *page, *cursor;

        FUZZ_PROMISE(pages < PAGES_MAX, "the pages come to an end");
        rc = mr_items_read(turn, from, &text, &err);
        FUZZ_PROMISE(!rc || err.text[0], "a refusal has its reason: %d", rc);
        FUZZ_PROMISE(!rc || text.len == 0, "a refusal leaves nothing");
        if (!rc) {
            page = cJSON_ParseWithLength(text.data, text.len);
            FUZZ_PROMISE(page, "an answer is JSON: %.*s", (int)text.len, text.data);
            add_items(mr_json_get(page, "items"), all);
            cursor = cJSON_DetachItemFromObject(page, "cursor");
            cJSON_DeleteItemFromObjectCaseSensitive(turn, "cursor");
            more = cursor != NULL;
            if (cursor)
                cJSON_AddItemToObject(turn, "cursor", cursor);
            cJSON_Delete(page);
        }
        mr_buf_release(&text);
    }
    cJSON_Delete(turn);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, 0, len) : NULL;
    const size_t head = end ? (size_t)(end - data) : len;
    char *text = fuzz_text(data, head),
         *kept = fuzz_text(end ? end + 1 : data, end ? len - head - 1 : 0);
    struct body body = {kept, end ? len - head - 1 : 0};
    struct mr_objects from = {.ctx = &body, .get = get, .list = list, .unpack = unpack};
    struct mr_buf whole = {0}, pieces = {0};
    enum mr_code rc, again;
    cJSON *request;

    if (!mr_json_parse(text, head, &mr_json_limits_message, &request, NULL)) {
        const bool begun = mr_json_get(request, "cursor") != NULL;

        rc = read_all(request, &from, &whole);
        from.step = SMALL_STEP;
        from.page_max = SMALL_PAGE;
        again = read_all(request, &from, &pieces);
        /* Only what the first piece holds is checked beyond its items (items.h). */
        FUZZ_PROMISE(begun || rc || !again, "in pieces: %d", again);
        if (!begun && !rc)
            fuzz_same(&whole, &pieces, "in one piece, and in many");
        cJSON_Delete(request);
    }
    mr_buf_release(&whole);
    mr_buf_release(&pieces);
    free(text);
    free(kept);
    return 0;
}

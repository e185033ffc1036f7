/* items_list.c -- a page out of a listing: what it says of the objects, or (LOAD_AND_FLATTEN) the
 * items in them, as if all were one. */
#include "common/model/items_part.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct listing {
    struct mr_page *page;
    const char *after; /* the last key of the page before */
    char *last;        /* of this page, owned */
    bool more;
    struct mr_buf item;
};

static enum mr_code list_one(void *ctx, const struct mr_object *object, struct mr_error *err)
{
    const char *key = object->key;
    struct listing *listing = ctx;
    enum mr_code rc;
    char *copy;

    if (listing->after && strcmp(key, listing->after) <= 0)
        return MR_OK;
    if (!mr_page_has_room(listing->page)) {
        listing->more = true;
        return mr_fail(err, MR_CANCELLED, "the page is full");
    }
    mr_buf_reset(&listing->item);
    (void)mr_buf_add_str(&listing->item, "{\"Etag\":");
    (void)mr_buf_add_json(&listing->item, object->etag, strlen(object->etag));
    (void)mr_buf_add_str(&listing->item, ",\"Key\":");
    (void)mr_buf_add_json(&listing->item, key, strlen(key));
    (void)mr_buf_addf(&listing->item,
                      ",\"LastModified\":%" PRId64 ",\"Size\":%" PRId64
                      ",\"StorageClass\":\"STANDARD\"}",
                      object->modified_ms / 1000, object->bytes);
    copy = malloc(strlen(key) + 1);
    if (!copy || listing->item.failed) {
        free(copy);
        return mr_fail(err, MR_NO_MEMORY, "a listing");
    }
    rc = mr_page_add(listing->page, listing->item.data, listing->item.len, err);
    if (rc || listing->page->full) {
        free(copy);
        listing->more = listing->page->full;
        return rc ? rc : mr_fail(err, MR_CANCELLED, "the page is full");
    }
    memcpy(copy, key, strlen(key) + 1);
    free(listing->last);
    listing->last = copy;
    return MR_OK;
}

enum mr_code mr_items_listing(struct mr_page *page, const char *bucket, const char *prefix,
                              const struct mr_objects *from, struct mr_error *err)
{
    const cJSON *after = mr_json_get(page->cursor, "after");
    struct listing listing = {.page = page,
                              .after = cJSON_IsString(after) ? after->valuestring : NULL};
    enum mr_code rc;

    mr_page_open(page, '[');
    rc = from->list(from->ctx, bucket, prefix, list_one, &listing, err);
    if (listing.more)
        rc = MR_OK;
    (void)mr_buf_add_char(page->buf, ']');
    if (listing.more && !mr_page_is_last(page) && listing.last) {
        (void)mr_buf_add_str(page->buf, ",\"cursor\":{\"after\":");
        (void)mr_buf_add_json(page->buf, listing.last, strlen(listing.last));
        (void)mr_buf_addf(page->buf, ",\"n\":%" PRIu64 "}", page->total);
    }
    (void)mr_buf_add_char(page->buf, '}');
    free(listing.last);
    mr_buf_release(&listing.item);
    if (!rc && page->buf->failed)
        rc = mr_fail(err, MR_NO_MEMORY, "a page of items");
    return rc;
}

/* ---- the items in the objects -----------------------------------------------------------------
 */

struct search {        /* for the first object behind a key, and whether another follows it */
    const char *after; /* NULL: from the first on */
    const char *here;  /* this one itself; NULL: the next */
    char *key;         /* owned */
    bool others;
};

static enum mr_code find_one(void *ctx, const struct mr_object *object, struct mr_error *err)
{
    struct search *search = ctx;
    const size_t size = strlen(object->key) + 1;

    if ((search->after && strcmp(object->key, search->after) <= 0) ||
        (search->here && strcmp(object->key, search->here) < 0))
        return MR_OK;
    if (search->key) {
        search->others = true;
        return mr_fail(err, MR_CANCELLED, "found");
    }
    search->key = malloc(size);
    if (!search->key)
        return mr_fail(err, MR_NO_MEMORY, "a listing");
    memcpy(search->key, object->key, size);
    return MR_OK;
}

/* A page is of one object: from where the page before ended in it, or from the next one's start. */
enum mr_code mr_items_flattened(struct mr_page *page, const char *bucket, const char *prefix,
                                const struct mr_objects *from, struct mr_error *err)
{
    struct search search = {
        .after = cJSON_GetStringValue(mr_json_get(page->cursor, "after")),
        .here = cJSON_GetStringValue(mr_json_get(page->cursor, "key")),
    };
    enum mr_code rc = from->list(from->ctx, bucket, prefix, find_one, &search, err);

    if (search.others)
        rc = MR_OK;
    if (!rc && search.here && (!search.key || strcmp(search.key, search.here) != 0))
        rc = mr_fail(err, MR_CHANGED, "%s was there when its first items were read", search.here);
    if (!rc && search.key) {
        page->object = search.key;
        page->others = search.others;
        rc = mr_items_object(page, bucket, search.key, from, err);
        page->object = NULL;
    } else if (!rc) {
        mr_page_open(page, '[');
        rc = mr_page_close(page, ']', false, 0, 0, err);
    }
    free(search.key);
    return rc;
}

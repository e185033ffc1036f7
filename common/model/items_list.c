/* items_list.c -- a page out of a listing: what it says of the objects, or (LOAD_AND_FLATTEN) the
 * items in them, as if all were one. */
#include "common/model/items_part.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ITEM_MIN = 64 }; /* bytes of an object's item, at the least */

struct listing {
    struct mr_page *page;
    char *last; /* of this page, owned */
    bool more;
    struct mr_buf item;
};

static enum mr_code list_one(void *ctx, const struct mr_object *object, struct mr_error *err)
{
    const char *key = object->key;
    struct listing *listing = ctx;
    enum mr_code rc;
    char *copy;

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
                              struct mr_error *err)
{
    const uint64_t fit = MR_ITEMS_PAGE_BYTES / ITEM_MIN;
    /* one more than a page can hold tells that there is more */
    const struct mr_objects_span span = {prefix, mr_page_text(page, "after"),
                                         (page->count_max < fit ? page->count_max : fit) + 1};
    const struct mr_objects *from = page->from;
    struct listing listing = {.page = page};
    enum mr_code rc;

    mr_page_open(page, '[');
    rc = from->list(from->ctx, bucket, &span, list_one, &listing, err);
    if (listing.more)
        rc = MR_OK;
    mr_page_shut(page);
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

static enum mr_code note_key(void *ctx, const struct mr_object *object, struct mr_error *err)
{
    char **key = ctx;
    const size_t size = strlen(object->key) + 1;

    free(*key);
    *key = malloc(size);
    if (!*key)
        return mr_fail(err, MR_NO_MEMORY, "a listing");
    memcpy(*key, object->key, size);
    return MR_OK;
}

/* The first key behind one; NULL where there is none.  *ret is the caller's to free. */
static enum mr_code next_key(const struct mr_page *page, const char *bucket, const char *prefix,
                             const char *after, char **ret, struct mr_error *err)
{
    const struct mr_objects_span span = {prefix, after, 1};

    *ret = NULL;
    return page->from->list(page->from->ctx, bucket, &span, note_key, ret, err);
}

static enum mr_code read_listed(struct mr_page *page, const char *bucket, const char *prefix,
                                const char *key, struct mr_place *next, struct mr_error *err)
{
    char *other = NULL;
    enum mr_code rc = mr_items_object(page, bucket, key, next, err);

    if (!rc && !next->more && !mr_page_is_last(page))
        rc = next_key(page, bucket, prefix, key, &other, err);
    if (!rc)
        rc = mr_page_close(page, next, key, other != NULL, err);
    free(other);
    return rc;
}

/* A page is of one object: from where the page before ended in it, or from the next one's start. */
enum mr_code mr_items_flattened(struct mr_page *page, const char *bucket, const char *prefix,
                                struct mr_error *err)
{
    const char *begun = mr_page_text(page, "key");
    struct mr_place next = {0};
    char *key = NULL;
    enum mr_code rc = MR_OK;

    if (begun[0]) {
        rc = read_listed(page, bucket, prefix, begun, &next, err);
        if (rc == MR_NOT_FOUND)
            rc = mr_fail(err, MR_CHANGED, "%s was there when its first items were read", begun);
    } else {
        rc = next_key(page, bucket, prefix, mr_page_text(page, "after"), &key, err);
        if (!rc && key) {
            rc = read_listed(page, bucket, prefix, key, &next, err);
        } else if (!rc) {
            mr_page_open(page, '[');
            mr_page_shut(page);
            rc = mr_page_close(page, &next, NULL, false, err);
        }
    }
    free(key);
    mr_place_release(&next);
    return rc;
}

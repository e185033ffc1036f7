/* items_part.h -- a page of items in the making, and the readers of the formats; for items*.c. */
#ifndef MR_ITEMS_PART_H
#define MR_ITEMS_PART_H

#include "common/base/json.h"
#include "common/model/items.h"

struct mr_page {
    struct mr_buf *buf; /* gets {"items":[...  */
    size_t start;       /* length of buf before it */
    const cJSON *config;
    const cJSON *cursor; /* of the request; NULL: the first page */
    uint64_t count;      /* items in this page */
    uint64_t total;      /* items so far, those of earlier pages too */
    uint64_t total_max;  /* 0: all */
    size_t bytes;
    bool full;          /* an item did not fit: it is the next page's first */
    const char *object; /* of a flattened listing: what is read; else NULL */
    bool others;        /* of a flattened listing: objects follow this one */
};

/* Whether one more item may follow in this page; is all that is wanted here? */
bool mr_page_has_room(const struct mr_page *);
bool mr_page_is_last(const struct mr_page *);
/* One item: checked JSON text.  It is not taken where page->full is then set.  MR_TOO_LARGE: larger
 * than any page. */
MR_MUST_USE enum mr_code mr_page_add(struct mr_page *, const char *json, size_t len,
                                     struct mr_error *err);

void mr_page_open(struct mr_page *, char bracket);
/* more: another page follows, from at of the object (of a manifest: number file) on. */
MR_MUST_USE enum mr_code mr_page_close(struct mr_page *, char bracket, bool more, size_t at,
                                       uint64_t file, struct mr_error *err);
/* A whole page, of an object as its InputType says; items_list.c: of a listing, and of the objects
 * in it. */
MR_MUST_USE enum mr_code mr_items_object(struct mr_page *, const char *bucket, const char *key,
                                         const struct mr_objects *, struct mr_error *err);
MR_MUST_USE enum mr_code mr_items_listing(struct mr_page *, const char *bucket, const char *prefix,
                                          const struct mr_objects *, struct mr_error *err);
MR_MUST_USE enum mr_code mr_items_flattened(struct mr_page *, const char *bucket,
                                            const char *prefix, const struct mr_objects *,
                                            struct mr_error *err);

/* Columns of a table, by their names. */
struct mr_columns {
    char **names; /* each owned; NULL: a later column has the same name */
    size_t count;
};
void mr_columns_release(struct mr_columns *);
/* items_csv.c: rows of text from *at on, until the page is full or the text ends; *at is then
 * behind them.  The first row at 0 names the columns where these have no names yet. */
MR_MUST_USE enum mr_code mr_items_csv(struct mr_page *, struct mr_columns *, char delimiter,
                                      const char *text, size_t len, size_t *at,
                                      struct mr_error *err);
/* The first row as names, and where it ends. */
MR_MUST_USE enum mr_code mr_columns_read(struct mr_columns *, char delimiter, const char *text,
                                         size_t len, size_t *at, struct mr_error *err);
/* One more name, copied. */
MR_MUST_USE enum mr_code mr_columns_add(struct mr_columns *, const char *name, size_t len,
                                        struct mr_error *err);

#endif

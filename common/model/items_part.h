/* items_part.h -- a page of items in the making, and the readers of the formats; for items*.c. */
#ifndef MR_ITEMS_PART_H
#define MR_ITEMS_PART_H

#include "common/base/json.h"
#include "common/model/items.h"
#include "common/model/items_view.h"

struct mr_page {
    struct mr_buf *buf;      /* gets {"items":[...  */
    size_t start;            /* length of buf before it */
    const cJSON *parameters; /* of the request, as config */
    const cJSON *config;
    const cJSON *cursor; /* NULL: the first page */
    const struct mr_objects *from;
    size_t opened;  /* where in buf the bracket of the items is */
    uint64_t count; /* items in this page */
    uint64_t count_max;
    uint64_t total;     /* items so far, those of earlier pages too */
    uint64_t total_max; /* 0: all */
    size_t bytes;
    bool full; /* an item did not fit: it is the next page's first */
};

/* Where the next page begins: what its cursor says. */
struct mr_place {
    bool more;     /* false: the object (a manifest: all its tables) ended */
    int64_t at;    /* byte of the object */
    int64_t took;  /* bytes of it that this page took */
    uint64_t file; /* of a manifest: which of its tables */
    bool in_files;
    char bracket;                      /* of JSON: what the items are in; else 0 */
    char etag[MR_ITEMS_ETAG_MAX];      /* of the object that `at` is in; "": none is begun */
    char list_etag[MR_ITEMS_ETAG_MAX]; /* of the manifest */
    struct mr_buf columns; /* of a table with a row of names: those as JSON, where they are short */
};
void mr_place_release(struct mr_place *);
/* From a view that a page ended in. */
void mr_place_set(struct mr_place *, const struct mr_view *, bool more);

/* Whether one more item may follow in this page; is all that is wanted here? */
bool mr_page_has_room(const struct mr_page *);
bool mr_page_is_last(const struct mr_page *);
/* One item: checked JSON text.  It is not taken where page->full is then set.  MR_TOO_LARGE: larger
 * than any page. */
MR_MUST_USE enum mr_code mr_page_add(struct mr_page *, const char *json, size_t len,
                                     struct mr_error *err);
/* What stands around the items; open: '[' or '{'. */
void mr_page_open(struct mr_page *, char open);
void mr_page_shut(struct mr_page *);
/* Ends the answer, with the cursor where there is a next page.  object: that of a flattened
 * listing, or NULL; others: objects follow it. */
MR_MUST_USE enum mr_code mr_page_close(struct mr_page *, const struct mr_place *next,
                                       const char *object, bool others, struct mr_error *err);

/* What the cursor and ReaderConfig say; 0 and "" where they do not. */
uint64_t mr_page_number(const struct mr_page *, const char *name);
const char *mr_page_text(const struct mr_page *, const char *name);
const char *mr_page_config(const struct mr_page *, const char *name);

/* A page out of an object as its InputType says, but for its end; *next is to be released in any
 * case. */
MR_MUST_USE enum mr_code mr_items_object(struct mr_page *, const char *bucket, const char *key,
                                         struct mr_place *next, struct mr_error *err);
/* The same of one InputType each, from the view on. */
typedef enum mr_code mr_items_fn(struct mr_page *, struct mr_view *, struct mr_place *next,
                                 struct mr_error *err);
mr_items_fn mr_items_csv, mr_items_json, mr_items_jsonl;
/* items_inventory.c: of the tables that a manifest names. */
MR_MUST_USE enum mr_code mr_items_manifest(struct mr_page *, const char *bucket, const char *key,
                                           struct mr_place *next, struct mr_error *err);
/* items_list.c: a whole page of a listing, and of the objects in it. */
MR_MUST_USE enum mr_code mr_items_listing(struct mr_page *, const char *bucket, const char *prefix,
                                          struct mr_error *err);
MR_MUST_USE enum mr_code mr_items_flattened(struct mr_page *, const char *bucket,
                                            const char *prefix, struct mr_error *err);

/* Columns of a table, by their names. */
struct mr_columns {
    char **names; /* each owned; NULL: a later column has the same name */
    size_t count;
};
void mr_columns_release(struct mr_columns *);
/* One more name, copied; NULL: the column is left out. */
MR_MUST_USE enum mr_code mr_columns_add(struct mr_columns *, const char *name, size_t len,
                                        struct mr_error *err);
/* After the last of them: where two have one name the later counts. */
MR_MUST_USE enum mr_code mr_columns_settle(struct mr_columns *, struct mr_error *err);
/* items_csv.c: rows from the view on, until the page has no room or the object ends; *more then
 * tells whether anything is left of it. */
MR_MUST_USE enum mr_code mr_items_rows(struct mr_page *, const struct mr_columns *, char delimiter,
                                       struct mr_view *, bool *more, struct mr_error *err);

#endif

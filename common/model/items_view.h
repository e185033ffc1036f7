/* items_view.h -- an object seen through a view that moves over it from a byte on, so that
 * neither its size nor where in it a page begins costs memory or bytes.  For items*.c. */
#ifndef MR_ITEMS_VIEW_H
#define MR_ITEMS_VIEW_H

#include "common/model/items.h"

enum {
    MR_VIEW_FIRST = 256 * 1024, /* bytes that are asked for first where no page tells more */
    MR_VIEW_STEP = 64 * 1024,   /* and then at a time */
    MR_VIEW_STEP_MAX = 1024 * 1024,
};

struct mr_view {
    const struct mr_objects *from; /* lent, as are bucket and key */
    const char *bucket, *key;
    struct mr_buf buf; /* bytes of the object from base on; the next is buf.data[used] */
    size_t used;       /* those before it may go */
    int64_t base;
    int64_t mark;                 /* where in the object the page's items begin */
    int64_t bytes;                /* of the object; -1: not known yet */
    size_t step;                  /* bytes to be asked for next */
    char etag[MR_ITEMS_ETAG_MAX]; /* of the object; "": the first answer says it */
};

/* took: bytes that the page before took of the object; 0: nothing is known. */
void mr_view_init(struct mr_view *, const struct mr_objects *, const char *bucket, const char *key,
                  int64_t at, const char *etag, int64_t took);
/* Over a text that is there, from its byte at on; moved in. */
void mr_view_init_take(struct mr_view *, struct mr_buf *text, int64_t at);
void mr_view_release(struct mr_view *);

/* Drops what is used and reads on behind what is not; to be asked only where it is not the last.
 * MR_TOO_LARGE: MR_ITEMS_ROW_MAX bytes are not used yet.  MR_CHANGED, and all that get() says. */
MR_MUST_USE enum mr_code mr_view_more(struct mr_view *, struct mr_error *err);
/* Does the object end with the view? */
bool mr_view_is_last(const struct mr_view *);
/* Where in the object the next byte is. */
int64_t mr_view_at(const struct mr_view *);
/* Bytes that are not used yet are at least n, or the object ends with them. */
MR_MUST_USE enum mr_code mr_view_need(struct mr_view *, size_t n, struct mr_error *err);

/* A whole object of at most MR_ITEMS_WHOLE_MAX bytes. */
MR_MUST_USE enum mr_code mr_items_whole(const struct mr_objects *, const char *bucket,
                                        const char *key, const char *etag, struct mr_buf *ret,
                                        struct mr_object_now *now, struct mr_error *err);

#endif

/* items_view.c -- see items_view.h. */
#include "common/model/items_view.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MARGIN = 4096 }; /* bytes beyond what the page before took, and a sixteenth of that */

void mr_view_init(struct mr_view *view, const struct mr_objects *from, const char *bucket,
                  const char *key, int64_t at, const char *etag, int64_t took)
{
    *view = (struct mr_view){.from = from,
                             .bucket = bucket,
                             .key = key,
                             .base = at,
                             .mark = at,
                             .bytes = -1,
                             .step = MR_VIEW_FIRST};
    if (took > 0)
        view->step = took < MR_VIEW_STEP_MAX - took / 16 - MARGIN
                         ? (size_t)(took + took / 16 + MARGIN)
                         : MR_VIEW_STEP_MAX;
    if (from->step)
        view->step = from->step;
    (void)snprintf(view->etag, sizeof view->etag, "%s", etag);
}

void mr_view_init_take(struct mr_view *view, struct mr_buf *text, int64_t at)
{
    *view = (struct mr_view){.buf = *text, .bytes = (int64_t)text->len, .mark = at};
    view->used = at < view->bytes ? (size_t)at : text->len;
    *text = (struct mr_buf){0};
}

void mr_view_release(struct mr_view *view)
{
    mr_buf_release(&view->buf);
}

bool mr_view_is_last(const struct mr_view *view)
{
    return view->bytes >= 0 && view->base + (int64_t)view->buf.len >= view->bytes;
}

int64_t mr_view_at(const struct mr_view *view)
{
    return view->base + (int64_t)view->used;
}

static void drop_used(struct mr_view *view)
{
    struct mr_buf *buf = &view->buf;

    if (view->used == 0)
        return;
    buf->len -= view->used;
    memmove(buf->data, buf->data + view->used, buf->len + 1);
    view->base += (int64_t)view->used;
    view->used = 0;
}

/* A refusal in the words of whoever reads items. */
static enum mr_code refused(enum mr_code rc, bool begun, struct mr_error *err)
{
    if (rc == MR_CHANGED)
        return mr_fail_in(err, rc, "it was overwritten while its items were being read");
    if (rc == MR_NOT_FOUND && begun)
        return mr_fail_in(err, rc, "it went away while its items were being read");
    return rc;
}

static enum mr_code add_piece(struct mr_view *view, struct mr_buf *piece, struct mr_error *err)
{
    if (view->buf.len > 0)
        return mr_buf_add(&view->buf, piece->data ? piece->data : "", piece->len)
                   ? mr_fail(err, MR_NO_MEMORY, "a piece of an object")
                   : MR_OK;
    mr_buf_release(&view->buf);
    view->buf = *piece;
    *piece = (struct mr_buf){0};
    return MR_OK;
}

enum mr_code mr_view_more(struct mr_view *view, struct mr_error *err)
{
    struct mr_object_now now = {0};
    struct mr_buf piece = {0};
    size_t wanted = view->step;
    enum mr_code rc;

    assert(!mr_view_is_last(view));
    drop_used(view);
    if (view->buf.len >= MR_ITEMS_ROW_MAX)
        return mr_fail(err, MR_TOO_LARGE, "what begins at byte %" PRId64 " has no end in %d bytes",
                       view->base, MR_ITEMS_ROW_MAX);
    if (wanted < view->buf.len) /* a long one is read in few steps */
        wanted = view->buf.len;
    const struct mr_object_range range = {view->base + (int64_t)view->buf.len, wanted, view->etag};

    rc = view->from->get(view->from->ctx, view->bucket, view->key, &range, &piece, &now, err);
    if (rc)
        return refused(rc, view->etag[0] != '\0', err);
    if (now.bytes > MR_ITEMS_OBJECT_MAX)
        rc = mr_fail(err, MR_TOO_LARGE, "%" PRId64 " bytes, at most %" PRId64 " are read",
                     now.bytes, MR_ITEMS_OBJECT_MAX);
    else if (piece.len == 0 && range.at < now.bytes)
        rc =
            mr_fail(err, MR_INTERNAL, "storage gave nothing of what is at byte %" PRId64, range.at);
    else
        rc = add_piece(view, &piece, err);
    mr_buf_release(&piece);
    if (rc)
        return rc;
    view->bytes = now.bytes;
    memcpy(view->etag, now.etag, sizeof view->etag);
    if (!view->from->step)
        view->step = MR_VIEW_STEP;
    return MR_OK;
}

enum mr_code mr_view_need(struct mr_view *view, size_t n, struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    while (!rc && view->buf.len - view->used < n && !mr_view_is_last(view))
        rc = mr_view_more(view, err);
    return rc;
}

enum mr_code mr_items_whole(const struct mr_objects *from, const char *bucket, const char *key,
                            const char *etag, struct mr_buf *ret, struct mr_object_now *now,
                            struct mr_error *err)
{
    const struct mr_object_range range = {0, MR_ITEMS_WHOLE_MAX, etag};
    enum mr_code rc = from->get(from->ctx, bucket, key, &range, ret, now, err);

    if (rc)
        return refused(rc, etag[0] != '\0', err);
    if (now->bytes > (int64_t)ret->len) {
        mr_buf_reset(ret);
        return mr_fail(err, MR_TOO_LARGE, "%" PRId64 " bytes, at most %d are read whole",
                       now->bytes, MR_ITEMS_WHOLE_MAX);
    }
    return MR_OK;
}

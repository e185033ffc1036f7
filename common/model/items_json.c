/* items_json.c -- items of JSON: the members or elements of a value somewhere in a text that may be
 * far longer than the view over it, and lines that are a value each. */
#include "common/model/items_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A place in the text, n bytes behind what the view holds as used.  Where keep is set those bytes
 * stay in the view, else they go with it. */
struct reader {
    struct mr_view *view;
    size_t n;
    bool keep;
    bool far; /* much may be passed over: in larger and larger steps */
    size_t step;
    struct mr_error *err;
};

static const char *text_of(const struct reader *r)
{
    return r->view->buf.data + r->view->used;
}

static void drop(struct reader *r)
{
    r->view->used += r->n;
    r->n = 0;
}

static enum mr_code bad(const struct reader *r, const char *what)
{
    return mr_fail(r->err, MR_INVALID, "byte %" PRId64 ": %s", mr_view_at(r->view) + (int64_t)r->n,
                   what);
}

static void go_on(struct reader *r)
{
    if (r->keep)
        return;
    drop(r);
    if (!r->far || r->view->from->step)
        return;
    if (r->step < MR_VIEW_STEP_MAX)
        r->step = r->step ? 2 * r->step : MR_VIEW_STEP;
    r->view->step = r->step;
}

/* The byte at the place; -1 behind the last one. */
static enum mr_code look(struct reader *r, int *ret)
{
    struct mr_view *view = r->view;
    enum mr_code rc;

    while (view->used + r->n >= view->buf.len && !mr_view_is_last(view)) {
        go_on(r);
        rc = mr_view_more(view, r->err);
        if (rc)
            return rc;
    }
    *ret = view->used + r->n < view->buf.len ? (unsigned char)text_of(r)[r->n] : -1;
    return MR_OK;
}

/* The same behind white space. */
static enum mr_code look_behind_space(struct reader *r, int *ret)
{
    enum mr_code rc;

    while (!(rc = look(r, ret)) && (*ret == ' ' || *ret == '\t' || *ret == '\n' || *ret == '\r'))
        r->n++;
    return rc;
}

/* ---- a value, wherever views end -------------------------------------------------------------
 */

static enum mr_code pass_string(struct reader *r)
{
    bool escaped = false;
    enum mr_code rc;
    int c;

    for (r->n++; !(rc = look(r, &c)); r->n++) {
        if (c < 0)
            return bad(r, "the text ends in a string");
        if (c < 0x20)
            return bad(r, "a control byte in a string must be escaped");
        if (c == '"' && !escaped) {
            r->n++;
            return MR_OK;
        }
        escaped = c == '\\' && !escaped;
    }
    return rc;
}

/* true, null, a number: whatever stands between what structures the text. */
static enum mr_code pass_word(struct reader *r)
{
    bool empty = true;
    enum mr_code rc;
    int c;

    for (; !(rc = look(r, &c)) && c > ' ' && !strchr(",:[]{}\"", c); r->n++)
        empty = false;
    if (!rc && empty)
        rc = bad(r, c < 0 ? "the text ends where a value is wanted" : "a value is wanted");
    return rc;
}

/* Its strings and brackets are checked, no more. */
static enum mr_code pass_value(struct reader *r)
{
    char closers[MR_JSON_DEPTH_MAX];
    unsigned depth = 0;
    enum mr_code rc;
    int c;

    do {
        rc = look_behind_space(r, &c);
        if (rc)
            return rc;
        if (c == '{' || c == '[') {
            if (depth == MR_JSON_DEPTH_MAX)
                return mr_fail(r->err, MR_TOO_LARGE, "nested deeper than %d", MR_JSON_DEPTH_MAX);
            closers[depth++] = c == '{' ? '}' : ']';
            r->n++;
        } else if (depth > 0 && (c == '}' || c == ']')) {
            if (closers[--depth] != c)
                return bad(r, "a bracket that closes none");
            r->n++;
        } else if (depth > 0 && (c == ',' || c == ':')) {
            r->n++;
        } else {
            rc = c == '"' ? pass_string(r) : pass_word(r);
        }
    } while (!rc && depth > 0);
    return rc;
}

/* Behind an element: true where another one follows, whose first byte is then at the place. */
static enum mr_code pass_comma(struct reader *r, char closer, bool *ret_another)
{
    enum mr_code rc;
    int c;

    rc = look_behind_space(r, &c);
    if (rc)
        return rc;
    *ret_another = c == ',';
    if (c != ',' && c != closer)
        return bad(r, c < 0 ? "the text ends too early" : "',' or the closing bracket is wanted");
    r->n++;
    if (c != ',')
        return MR_OK;
    rc = look_behind_space(r, &c);
    return !rc && c == closer ? bad(r, "a value is wanted behind ','") : rc;
}

/* The name of a member and what is between it and its value. */
static enum mr_code pass_name(struct reader *r, size_t *ret_len)
{
    const size_t from = r->n;
    enum mr_code rc;
    int c;

    rc = look(r, &c);
    if (!rc && c != '"')
        rc = bad(r, "a member's name is wanted");
    if (!rc)
        rc = pass_string(r);
    *ret_len = r->n - from;
    if (!rc)
        rc = look_behind_space(r, &c);
    if (!rc && c != ':')
        rc = bad(r, "':' is wanted");
    if (rc)
        return rc;
    r->n++;
    return look_behind_space(r, &c);
}

/* ---- ItemsPointer -------------------------------------------------------------------------------
 */

/* Is the name at the place the token (unescaped)?  The place is then at the member's value. */
static enum mr_code match_name(struct reader *r, const char *token, bool *ret)
{
    size_t len = 0;
    enum mr_code rc;

    drop(r);
    r->keep = true;
    rc = pass_name(r, &len);
    if (!rc) {
        cJSON *name = cJSON_ParseWithLength(text_of(r), len);

        *ret = cJSON_IsString(name) && strcmp(name->valuestring, token) == 0;
        cJSON_Delete(name);
    }
    drop(r);
    r->keep = false;
    return rc;
}

/* From a value to its member or element token. */
static enum mr_code go_into(struct reader *r, const char *token, bool *ret_found)
{
    uint64_t index = 0;
    bool another = true;
    enum mr_code rc;
    char closer, number[24];
    int c;

    *ret_found = false;
    rc = look_behind_space(r, &c);
    if (rc || (c != '{' && c != '['))
        return rc;
    closer = c == '{' ? '}' : ']';
    r->n++;
    rc = look_behind_space(r, &c);
    if (rc || c == closer)
        return rc;
    while (!rc && another) {
        (void)snprintf(number, sizeof number, "%" PRIu64, index++);
        *ret_found = strcmp(number, token) == 0;
        if (closer == '}')
            rc = match_name(r, token, ret_found);
        if (rc || *ret_found)
            break;
        rc = pass_value(r);
        if (!rc)
            rc = pass_comma(r, closer, &another);
    }
    return rc;
}

static enum mr_code follow(struct reader *r, const char *pointer, bool *ret_found)
{
    char token[256];
    enum mr_code rc = MR_OK;

    *ret_found = true;
    while (!rc && *ret_found && *pointer == '/') {
        size_t len = 0;

        for (pointer++; *pointer && *pointer != '/'; pointer++) {
            char c = *pointer;
            if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
                c = *++pointer == '0' ? '~' : '/';
            if (len + 1 == sizeof token) {
                *ret_found = false;
                return MR_OK;
            }
            token[len++] = c;
        }
        token[len] = '\0';
        rc = go_into(r, token, ret_found);
    }
    return rc;
}

/* ---- the items ----------------------------------------------------------------------------------
 */

/* From the text's beginning to the bracket of the items, and behind it. */
static enum mr_code find_items(struct mr_page *page, struct reader *r, char *ret_bracket)
{
    const char *pointer = mr_page_config(page, "ItemsPointer");
    bool found;
    int c = 0;
    enum mr_code rc;

    r->far = true;
    rc = follow(r, pointer, &found);
    if (!rc && found)
        rc = look_behind_space(r, &c);
    r->far = false;
    if (rc)
        return rc;
    if (!found || (c != '[' && c != '{'))
        return mr_fail(r->err, MR_INVALID,
                       "ItemsPointer \"%.120s\" is at %s: an array or an object is wanted", pointer,
                       found ? "a plain value" : "nothing");
    *ret_bracket = (char)c;
    r->n++;
    return MR_OK;
}

/* The bracket that the items are in, the place at the first item of this page or at the closing
 * bracket. */
static enum mr_code begin(struct mr_page *page, struct reader *r, char *ret_bracket)
{
    const int64_t at = mr_view_at(r->view);
    const char kept = mr_page_text(page, "in")[0];
    enum mr_code rc = MR_OK;
    struct mr_view start;
    int c;

    if (at == 0) {
        rc = find_items(page, r, ret_bracket);
        drop(r);
        r->view->mark = mr_view_at(r->view);
    } else if (kept == '[' || kept == '{') {
        *ret_bracket = kept;
    } else { /* a cursor of a time when pages did not tell */
        mr_view_init(&start, r->view->from, r->view->bucket, r->view->key, 0, r->view->etag, 0);
        rc = find_items(page, &(struct reader){.view = &start, .err = r->err}, ret_bracket);
        memcpy(r->view->etag, start.etag, sizeof start.etag);
        mr_view_release(&start);
    }
    return rc ? rc : look_behind_space(r, &c);
}

/* One item, the view's used bytes then end with it and the comma behind it. */
static enum mr_code read_item(struct mr_page *page, struct reader *r, char closer,
                              bool *ret_another)
{
    enum mr_code rc = MR_OK;
    size_t len;

    drop(r);
    r->keep = true;
    if (closer == '}')
        rc = pass_name(r, &len);
    if (!rc)
        rc = pass_value(r);
    r->keep = false;
    if (!rc)
        rc = mr_page_add(page, text_of(r), r->n, r->err);
    if (rc)
        return rc;
    if (page->full) {
        r->n = 0;
        return MR_OK;
    }
    rc = pass_comma(r, closer, ret_another);
    drop(r);
    return rc;
}

static enum mr_code read_items(struct mr_page *page, struct reader *r, char closer, bool *ret_more)
{
    enum mr_code rc;
    int c;

    *ret_more = false;
    rc = look(r, &c);
    if (!rc && c != closer) {
        *ret_more = true;
        while (!rc && *ret_more && mr_page_has_room(page))
            rc = read_item(page, r, closer, ret_more);
    } else if (!rc) {
        r->n++;
    }
    if (rc || *ret_more || mr_page_config(page, "ItemsPointer")[0])
        return rc;
    rc = look_behind_space(r, &c);
    return !rc && c >= 0 ? bad(r, "there is more behind the end of the value") : rc;
}

/* What was only delimited so far; names that come twice are seen here too. */
static enum mr_code check_items(const struct mr_page *page, int64_t from, struct mr_error *err)
{
    static const struct mr_json_limits limits = {MR_ITEMS_PAGE_BYTES + 2, MR_JSON_DEPTH_MAX};
    char what[64];
    enum mr_code rc;

    if (page->buf->failed)
        return MR_OK;
    rc = mr_json_check(page->buf->data + page->opened, page->buf->len - page->opened, &limits, err);
    (void)snprintf(what, sizeof what, "the items from byte %" PRId64 " on", from);
    return rc ? mr_fail_in(err, rc, what) : MR_OK;
}

static enum mr_code check_whole(const struct mr_view *view, struct mr_error *err)
{
    const struct mr_json_limits limits = {view->buf.len, MR_JSON_DEPTH_MAX};

    return mr_json_check(view->buf.data ? view->buf.data : "", view->buf.len, &limits, err);
}

enum mr_code mr_items_json(struct mr_page *page, struct mr_view *view, struct mr_place *next,
                           struct mr_error *err)
{
    struct reader r = {.view = view, .err = err};
    bool more = false;
    enum mr_code rc = mr_view_need(view, 1, err);

    if (!rc && mr_view_at(view) == 0 && mr_view_is_last(view))
        rc = check_whole(view, err);
    if (!rc)
        rc = begin(page, &r, &next->bracket);
    if (rc)
        return rc;
    mr_page_open(page, next->bracket);
    rc = read_items(page, &r, next->bracket == '{' ? '}' : ']', &more);
    mr_page_shut(page);
    if (rc)
        return rc;
    mr_place_set(next, view, more);
    return check_items(page, view->mark, err);
}

/* ---- lines --------------------------------------------------------------------------------------
 */

/* The length of the line that the view is at, and whether a line feed ends it. */
static enum mr_code find_line(struct mr_view *view, size_t *ret_len, bool *ret_ended,
                              struct mr_error *err)
{
    enum mr_code rc;

    for (;;) {
        const size_t left = view->buf.len - view->used;
        const char *line = view->buf.data + view->used, *end = memchr(line, '\n', left);

        *ret_ended = end != NULL;
        *ret_len = end ? (size_t)(end - line) : left;
        if (end || mr_view_is_last(view))
            return MR_OK;
        rc = mr_view_more(view, err);
        if (rc)
            return rc;
    }
}

static enum mr_code read_line(struct mr_page *page, struct mr_view *view, struct mr_error *err)
{
    static const struct mr_json_limits limits = {MR_ITEMS_PAGE_BYTES, MR_JSON_DEPTH_MAX};
    bool ended = false;
    size_t len = 0;
    enum mr_code rc = find_line(view, &len, &ended, err);
    const char *line = view->buf.data + view->used;

    if (!rc && strspn(line, " \t\r") < len) {
        rc = mr_json_check(line, len, &limits, err);
        rc = rc ? mr_fail_in(err, rc, "a line of JSON") : mr_page_add(page, line, len, err);
    }
    if (!rc && !page->full)
        view->used += len + ended;
    return rc;
}

enum mr_code mr_items_jsonl(struct mr_page *page, struct mr_view *view, struct mr_place *next,
                            struct mr_error *err)
{
    enum mr_code rc = mr_view_need(view, 1, err);

    mr_page_open(page, '[');
    while (!rc && view->used < view->buf.len && mr_page_has_room(page)) {
        rc = read_line(page, view, err);
        if (!rc && !page->full)
            rc = mr_view_need(view, 1, err);
    }
    mr_page_shut(page);
    if (!rc)
        mr_place_set(next, view, view->used < view->buf.len);
    return rc;
}

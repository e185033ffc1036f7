/* items_csv.c -- rows of delimited text: RFC 4180, with the delimiters that AWS knows.  Every value
 * is text; a column that a row does not have is "", one that has no name is left out. */
#include "common/model/items_part.h"

#include "common/base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS_MAX = 10000,
    NAMES_KEPT_MAX = 2048, /* bytes of them in a cursor, which is in each state of the run */
};

/* What is not UTF-8, or NUL, becomes '?': values are text of JSON. */
static void make_text(char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step =
            mr_utf8_len((const unsigned char *)text + i, (const unsigned char *)text + len);

        if (step == 0 || text[i] == '\0')
            text[i] = '?';
        i += step ? step : 1;
    }
}

void mr_columns_release(struct mr_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        free(columns->names[i]);
    free(columns->names);
    *columns = (struct mr_columns){0};
}

enum mr_code mr_columns_add(struct mr_columns *columns, const char *name, size_t len,
                            struct mr_error *err)
{
    char **names, *copy;

    if (columns->count == COLUMNS_MAX)
        return mr_fail(err, MR_TOO_LARGE, "more than %d columns", COLUMNS_MAX);
    names = realloc(columns->names, (columns->count + 1) * sizeof *names);
    if (!names)
        return mr_fail(err, MR_NO_MEMORY, "names of columns");
    columns->names = names;
    if (!name) {
        names[columns->count++] = NULL;
        return MR_OK;
    }
    copy = malloc(len + 1);
    if (!copy)
        return mr_fail(err, MR_NO_MEMORY, "names of columns");
    memcpy(copy, name, len);
    copy[len] = '\0';
    make_text(copy, len);
    names[columns->count++] = copy;
    return MR_OK;
}

static int by_name(const void *a, const void *b)
{
    char *const *const *x = a, *const *const *y = b;
    const int order = strcmp(**x, **y);

    return order ? order : *x < *y ? -1 : *x > *y;
}

enum mr_code mr_columns_settle(struct mr_columns *columns, struct mr_error *err)
{
    char ***places = malloc((columns->count + 1) * sizeof *places);
    size_t count = 0;

    if (!places)
        return mr_fail(err, MR_NO_MEMORY, "names of columns");
    for (size_t i = 0; i < columns->count; i++)
        if (columns->names[i])
            places[count++] = &columns->names[i];
    qsort(places, count, sizeof *places, by_name);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(*places[i - 1], *places[i]) == 0) {
            free(*places[i - 1]);
            *places[i - 1] = NULL;
        }
    }
    free(places);
    return MR_OK;
}

/* The field at *at into *field (reset first); *at is then at its delimiter, line end or the end. */
static void read_field(const char *text, size_t len, char delimiter, size_t *at,
                       struct mr_buf *field)
{
    size_t i = *at, from;

    mr_buf_reset(field);
    if (i < len && text[i] == '"') {
        for (i++; i < len; i++) {
            if (text[i] != '"') {
                (void)mr_buf_add_char(field, text[i]);
            } else if (i + 1 < len && text[i + 1] == '"') {
                (void)mr_buf_add_char(field, text[i++]);
            } else {
                i++;
                break;
            }
        }
    }
    from = i; /* what follows a closing quote belongs to the field, as spreadsheets read it */
    while (i < len && text[i] != delimiter && text[i] != '\n' &&
           !(text[i] == '\r' && (i + 1 == len || text[i + 1] == '\n')))
        i++;
    (void)mr_buf_add(field, text + from, i - from);
    *at = i;
}

enum behind { FIELD, ROW_END, TEXT_END };

/* What follows a field.  TEXT_END: the text is at its end before it can be told. */
static enum behind next_field(const char *text, size_t len, char delimiter, size_t *at)
{
    if (*at < len && text[*at] == delimiter) {
        ++*at;
        return FIELD;
    }
    if (*at < len && text[*at] == '\r')
        ++*at;
    if (*at == len)
        return TEXT_END;
    ++*at; /* the line feed */
    return ROW_END;
}

/* Lines without anything in them are no rows. */
static enum mr_code skip_empty(struct mr_view *view, struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    for (;;) {
        const struct mr_buf *buf = &view->buf;

        while (view->used < buf->len &&
               (buf->data[view->used] == '\n' || buf->data[view->used] == '\r'))
            view->used++;
        if (rc || view->used < buf->len || mr_view_is_last(view))
            return rc;
        rc = mr_view_more(view, err);
    }
}

static enum mr_code skip_mark(struct mr_view *view, struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    if (mr_view_at(view) == 0)
        rc = mr_view_need(view, 3, err);
    if (!rc && mr_view_at(view) == 0 && view->buf.len >= 3 &&
        memcmp(view->buf.data, "\xEF\xBB\xBF", 3) == 0)
        view->used = 3;
    return rc;
}

static void add_value(struct mr_buf *row, const struct mr_columns *columns, size_t column,
                      struct mr_buf *field)
{
    const char *name = column < columns->count ? columns->names[column] : NULL;

    if (!name)
        return;
    if (field && field->data)
        make_text(field->data, field->len);
    if (row->len > 1)
        (void)mr_buf_add_char(row, ',');
    (void)mr_buf_add_json(row, name, strlen(name));
    (void)mr_buf_add_char(row, ':');
    (void)mr_buf_add_json(row, field && field->data ? field->data : "", field ? field->len : 0);
}

/* A row of the view as JSON into *row; *at is then behind it.  TEXT_END: it may go on behind the
 * view, where there is something. */
static enum behind parse_row(const struct mr_columns *columns, char delimiter,
                             const struct mr_buf *text, size_t *at, struct mr_buf *row,
                             struct mr_buf *field)
{
    const char *data = text->data ? text->data : "";
    size_t column = 0;
    enum behind behind;

    mr_buf_reset(row);
    (void)mr_buf_add_char(row, '{');
    do {
        read_field(data, text->len, delimiter, at, field);
        row->failed |= field->failed;
        add_value(row, columns, column++, field);
        behind = next_field(data, text->len, delimiter, at);
    } while (behind == FIELD);
    for (; column < columns->count; column++)
        add_value(row, columns, column, NULL);
    (void)mr_buf_add_char(row, '}');
    return behind;
}

static enum mr_code read_row(struct mr_page *page, const struct mr_columns *columns, char delimiter,
                             struct mr_view *view, struct mr_buf *row, struct mr_buf *field,
                             struct mr_error *err)
{
    for (;;) {
        size_t at = view->used;
        const enum behind behind = parse_row(columns, delimiter, &view->buf, &at, row, field);
        enum mr_code rc;

        if (row->failed)
            return mr_fail(err, MR_NO_MEMORY, "a row");
        if (behind == TEXT_END && !mr_view_is_last(view)) {
            rc = mr_view_more(view, err);
            if (rc)
                return rc;
            continue;
        }
        rc = mr_page_add(page, row->data, row->len, err);
        if (!rc && !page->full)
            view->used = at;
        return rc;
    }
}

enum mr_code mr_items_rows(struct mr_page *page, const struct mr_columns *columns, char delimiter,
                           struct mr_view *view, bool *more, struct mr_error *err)
{
    struct mr_buf row = {0}, field = {0};
    enum mr_code rc = skip_mark(view, err);

    if (!rc)
        rc = skip_empty(view, err);
    while (!rc && view->used < view->buf.len && mr_page_has_room(page)) {
        rc = read_row(page, columns, delimiter, view, &row, &field, err);
        if (!rc && !page->full)
            rc = skip_empty(view, err);
    }
    *more = view->used < view->buf.len;
    mr_buf_release(&row);
    mr_buf_release(&field);
    return rc;
}

/* ---- the names of the columns -------------------------------------------------------------------
 */

static enum mr_code parse_names(struct mr_columns *columns, char delimiter,
                                const struct mr_buf *text, size_t *at, enum behind *behind,
                                struct mr_error *err)
{
    const char *data = text->data ? text->data : "";
    struct mr_buf field = {0};
    enum mr_code rc;

    do {
        read_field(data, text->len, delimiter, at, &field);
        rc = field.failed ? mr_fail(err, MR_NO_MEMORY, "names of columns")
                          : mr_columns_add(columns, field.data ? field.data : "", field.len, err);
        *behind = next_field(data, text->len, delimiter, at);
    } while (!rc && *behind == FIELD);
    mr_buf_release(&field);
    return rc;
}

/* The first row as names; the view is then behind it. */
static enum mr_code read_names(struct mr_columns *columns, char delimiter, struct mr_view *view,
                               struct mr_error *err)
{
    enum mr_code rc = skip_mark(view, err);

    if (!rc)
        rc = skip_empty(view, err);
    while (!rc) {
        size_t at = view->used;
        enum behind behind;

        mr_columns_release(columns);
        rc = parse_names(columns, delimiter, &view->buf, &at, &behind, err);
        if (!rc && (behind != TEXT_END || mr_view_is_last(view))) {
            view->used = at;
            return mr_columns_settle(columns, err);
        }
        if (!rc)
            rc = mr_view_more(view, err);
    }
    return rc;
}

/* Those of a later page, that began behind them. */
static enum mr_code read_names_again(struct mr_columns *columns, char delimiter,
                                     struct mr_view *view, struct mr_error *err)
{
    struct mr_view head;
    enum mr_code rc;

    mr_view_init(&head, view->from, view->bucket, view->key, 0, view->etag, 1);
    rc = read_names(columns, delimiter, &head, err);
    if (!rc)
        memcpy(view->etag, head.etag, sizeof head.etag);
    mr_view_release(&head);
    return rc;
}

static enum mr_code take_names(struct mr_columns *columns, const cJSON *names, struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    for (const cJSON *name = names->child; name && !rc; name = name->next) {
        const char *text = cJSON_IsNull(name)     ? NULL
                           : cJSON_IsString(name) ? name->valuestring
                                                  : "";

        rc = mr_columns_add(columns, text, text ? strlen(text) : 0, err);
    }
    return rc ? rc : mr_columns_settle(columns, err);
}

/* For the cursor, so that the next page need not read them again; long ones are read again. */
static void keep_names(const struct mr_columns *columns, struct mr_buf *ret)
{
    for (size_t i = 0; i < columns->count && ret->len <= NAMES_KEPT_MAX; i++) {
        (void)mr_buf_add_char(ret, i ? ',' : '[');
        if (columns->names[i])
            (void)mr_buf_add_json(ret, columns->names[i], strlen(columns->names[i]));
        else
            (void)mr_buf_add_str(ret, "null");
    }
    (void)mr_buf_add_char(ret, ']');
    if (ret->failed || ret->len > NAMES_KEPT_MAX)
        mr_buf_release(ret);
}

static char delimiter_of(const struct mr_page *page)
{
    static const struct {
        const char *name;
        char c;
    } all[] = {{"PIPE", '|'}, {"SEMICOLON", ';'}, {"SPACE", ' '}, {"TAB", '\t'}};
    const char *name = mr_page_config(page, "CSVDelimiter");

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].name, name) == 0)
            return all[i].c;
    return ',';
}

enum mr_code mr_items_csv(struct mr_page *page, struct mr_view *view, struct mr_place *next,
                          struct mr_error *err)
{
    const cJSON *given = mr_json_get(page->config, "CSVHeaders");
    const cJSON *kept = mr_json_get(page->cursor, "columns");
    const char delimiter = delimiter_of(page);
    const bool first = mr_view_at(view) == 0;
    struct mr_columns columns = {0};
    bool more = false;
    enum mr_code rc;

    if (cJSON_IsArray(given))
        rc = take_names(&columns, given, err);
    else if (!first && cJSON_IsArray(kept))
        rc = take_names(&columns, kept, err);
    else if (!first)
        rc = read_names_again(&columns, delimiter, view, err);
    else
        rc = read_names(&columns, delimiter, view, err);
    mr_page_open(page, '[');
    if (!rc)
        rc = mr_items_rows(page, &columns, delimiter, view, &more, err);
    mr_page_shut(page);
    if (!rc)
        mr_place_set(next, view, more);
    if (!rc && more && !cJSON_IsArray(given))
        keep_names(&columns, &next->columns);
    mr_columns_release(&columns);
    return rc;
}

/* items_csv.c -- rows of delimited text: RFC 4180, with the delimiters that AWS knows.  Every value
 * is text; a column that a row does not have is "", one that has no name is left out. */
#include "common/model/items_part.h"

#include "common/base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 10000 };

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
    copy = malloc(len + 1);
    if (!copy)
        return mr_fail(err, MR_NO_MEMORY, "names of columns");
    memcpy(copy, name, len);
    copy[len] = '\0';
    make_text(copy, len);
    for (size_t i = 0; i < columns->count; i++) {
        if (names[i] && strcmp(names[i], copy) == 0) { /* the last of a name counts */
            free(names[i]);
            names[i] = NULL;
        }
    }
    names[columns->count++] = copy;
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

/* Behind a field: true where another of its row follows. */
static bool next_field(const char *text, size_t len, char delimiter, size_t *at)
{
    if (*at < len && text[*at] == delimiter) {
        ++*at;
        return true;
    }
    if (*at < len && text[*at] == '\r')
        ++*at;
    if (*at < len && text[*at] == '\n')
        ++*at;
    return false;
}

/* Lines without anything in them are no rows. */
static void skip_empty(const char *text, size_t len, size_t *at)
{
    while (*at < len && (text[*at] == '\n' || text[*at] == '\r'))
        ++*at;
}

enum mr_code mr_columns_read(struct mr_columns *columns, char delimiter, const char *text,
                             size_t len, size_t *at, struct mr_error *err)
{
    struct mr_buf field = {0};
    enum mr_code rc;

    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 && *at == 0)
        *at = 3;
    skip_empty(text, len, at);
    do {
        read_field(text, len, delimiter, at, &field);
        rc = field.failed ? mr_fail(err, MR_NO_MEMORY, "names of columns")
                          : mr_columns_add(columns, field.data ? field.data : "", field.len, err);
    } while (!rc && next_field(text, len, delimiter, at));
    mr_buf_release(&field);
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

static enum mr_code read_row(struct mr_page *page, const struct mr_columns *columns, char delimiter,
                             const char *text, size_t len, size_t *at, struct mr_buf *row,
                             struct mr_buf *field, struct mr_error *err)
{
    size_t column = 0;

    mr_buf_reset(row);
    (void)mr_buf_add_char(row, '{');
    do {
        read_field(text, len, delimiter, at, field);
        add_value(row, columns, column++, field);
    } while (next_field(text, len, delimiter, at));
    for (; column < columns->count; column++)
        add_value(row, columns, column, NULL);
    (void)mr_buf_add_char(row, '}');
    if (row->failed || field->failed)
        return mr_fail(err, MR_NO_MEMORY, "a row");
    return mr_page_add(page, row->data, row->len, err);
}

enum mr_code mr_items_csv(struct mr_page *page, struct mr_columns *columns, char delimiter,
                          const char *text, size_t len, size_t *at, struct mr_error *err)
{
    struct mr_buf row = {0}, field = {0};
    enum mr_code rc = MR_OK;

    if (*at == 0 && len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        *at = 3;
    skip_empty(text, len, at);
    while (!rc && *at < len && mr_page_has_room(page)) {
        const size_t from = *at;

        rc = read_row(page, columns, delimiter, text, len, at, &row, &field, err);
        if (page->full) {
            *at = from;
            break;
        }
        skip_empty(text, len, at);
    }
    mr_buf_release(&row);
    mr_buf_release(&field);
    return rc;
}

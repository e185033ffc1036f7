/* json_print.c -- trees and streams to compact text.  What is printed here passes mr_json_check()
 * and reads back as the same values; equal trees give equal bytes on every machine and locale. */
#include "common/base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SORT_INLINE = 32 }; /* objects of so many members are sorted without the heap */

static const double WHOLE_MAX = 9007199254740991.0; /* 2^53 - 1 */

static void print_value(const cJSON *item, struct mr_buf *buf, bool sorted, unsigned depth,
                        enum mr_code *rc);

/* Most doubles of people have a few decimals: where d is n / 10^decimals with n below 10^15, these
 * are the digits that %.15g would find, without a search through printf() and strtod(). */
static bool print_decimals(double d, struct mr_buf *buf)
{
    double power = 1;
    char text[24], *p = text + sizeof(text);

    for (int decimals = 1; decimals <= 6; decimals++) {
        double scaled = fabs(d) * (power *= 10);
        uint64_t n;
        if (!(scaled < 1e15))
            return false;
        n = (uint64_t)(scaled + 0.5);
        if ((double)n / power != fabs(d))
            continue;
        for (int i = 0; n || i <= decimals; i++, n /= 10) {
            if (i == decimals)
                *--p = '.';
            *--p = (char)('0' + n % 10);
        }
        if (d < 0)
            *--p = '-';
        mr_buf_add(buf, p, (size_t)(text + sizeof(text) - p));
        return true;
    }
    return false;
}

/* The fewest of 15..17 digits that read back; %.15g drops zeros at the end by itself.  Only the
 * subnormal numbers have so few good digits that a search from 1 finds a shorter text. */
static void print_double(double d, struct mr_buf *buf)
{
    char text[40], clean[40];
    size_t n = 0;
    bool whole = true;

    for (int digits = fabs(d) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, d);
        if (digits == 17 || strtod(text, NULL) == d)
            break;
    }
    for (const char *p = text; *p; p++) {
        bool known = (*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == 'e';
        whole &= known && *p != 'e';
        if (known)
            clean[n++] = *p;
        else if (n && clean[n - 1] != '.') /* the locale's point, which may be several bytes */
            clean[n++] = '.';
    }
    mr_buf_add(buf, clean, n);
    if (whole) /* 2^53 and above: bare, it would be refused as an integer that is not exact */
        mr_buf_add(buf, ".0", 2);
}

static void print_number(double d, struct mr_buf *buf)
{
    if (!isfinite(d))
        mr_buf_add(buf, "null", 4); /* JSON has no other word for it */
    else if (fabs(d) <= WHOLE_MAX && (double)(int64_t)d == d)
        mr_buf_add_int(buf, (int64_t)d); /* -0 becomes 0: they are equal, so are their bytes */
    else if (fabs(d) < 1e-4 || !print_decimals(d, buf)) /* below, %g uses an exponent */
        print_double(d, buf);
}

static void print_string(const char *text, struct mr_buf *buf)
{
    if (!text)
        text = "";
    mr_buf_add_json(buf, text, strlen(text));
}

static int compare_names(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;
    const char *l = (*left)->string, *r = (*right)->string;

    return strcmp(l ? l : "", r ? r : ""); /* bytes, and so code points: never the locale's order */
}

static void print_member(const cJSON *item, struct mr_buf *buf, bool sorted, unsigned depth,
                         enum mr_code *rc)
{
    print_string(item->string, buf);
    mr_buf_add_char(buf, ':');
    print_value(item, buf, sorted, depth, rc);
}

static void print_members_sorted(const cJSON *object, struct mr_buf *buf, unsigned depth,
                                 enum mr_code *rc)
{
    const cJSON *few[SORT_INLINE], **row = few;
    size_t count = 0, i = 0;

    for (const cJSON *item = object->child; item; item = item->next)
        count++;
    if (count > SORT_INLINE)
        row = malloc(count * sizeof(const cJSON *));
    if (!row) {
        buf->failed = true;
        return;
    }
    for (const cJSON *item = object->child; item; item = item->next)
        row[i++] = item;
    qsort(row, count, sizeof(*row), compare_names); /* NOLINT(bugprone-sizeof-expression) */
    for (i = 0; i < count; i++) {
        if (i)
            mr_buf_add_char(buf, ',');
        print_member(row[i], buf, true, depth, rc);
    }
    if (row != few)
        free(row);
}

static void print_children(const cJSON *parent, struct mr_buf *buf, bool sorted, unsigned depth,
                           enum mr_code *rc)
{
    bool object = cJSON_IsObject(parent);

    if (depth == MR_JSON_DEPTH_MAX) {
        *rc = MR_TOO_LARGE;
        return;
    }
    mr_buf_add_char(buf, object ? '{' : '[');
    if (object && sorted) {
        print_members_sorted(parent, buf, depth + 1, rc);
    } else {
        for (const cJSON *item = parent->child; item && !*rc; item = item->next) {
            if (item != parent->child)
                mr_buf_add_char(buf, ',');
            if (object)
                print_member(item, buf, sorted, depth + 1, rc);
            else
                print_value(item, buf, sorted, depth + 1, rc);
        }
    }
    mr_buf_add_char(buf, object ? '}' : ']');
}

/* Recursion is bounded by MR_JSON_DEPTH_MAX. */
static void print_value(const cJSON *item, struct mr_buf *buf, bool sorted, unsigned depth,
                        enum mr_code *rc)
{
    if (*rc || buf->failed)
        return;
    switch (item ? item->type & 0xFF : cJSON_NULL) { /* above are flags of who owns it */
    case cJSON_String:
        print_string(item->valuestring, buf);
        break;
    case cJSON_Number:
        print_number(item->valuedouble, buf);
        break;
    case cJSON_Object:
    case cJSON_Array:
        print_children(item, buf, sorted, depth, rc);
        break;
    case cJSON_True:
        mr_buf_add(buf, "true", 4);
        break;
    case cJSON_False:
        mr_buf_add(buf, "false", 5);
        break;
    case cJSON_Raw:
        mr_buf_add_str(buf, item->valuestring ? item->valuestring : "null");
        break;
    default: /* cJSON_NULL, and cJSON_Invalid, which no parse makes */
        mr_buf_add(buf, "null", 4);
        break;
    }
}

static enum mr_code print_whole(const cJSON *item, struct mr_buf *buf, bool sorted)
{
    size_t len = buf->len;
    enum mr_code rc = MR_OK;

    print_value(item, buf, sorted, 0, &rc);
    if (buf->failed)
        rc = MR_NO_MEMORY;
    if (rc && buf->data) { /* no half a value */
        buf->len = len;
        buf->data[len] = '\0';
    }
    return rc;
}

enum mr_code mr_json_print(const cJSON *item, struct mr_buf *buf)
{
    return print_whole(item, buf, false);
}

enum mr_code mr_json_print_sorted(const cJSON *item, struct mr_buf *buf)
{
    return print_whole(item, buf, true);
}

void mr_jw_begin(struct mr_jw *w, struct mr_buf *buf)
{
    w->buf = buf;
    w->comma = false;
}

/* The comma, and the name of a member. */
static void next(struct mr_jw *w, const char *name)
{
    if (w->comma)
        mr_buf_add_char(w->buf, ',');
    w->comma = true;
    if (name) {
        mr_buf_add_json(w->buf, name, strlen(name));
        mr_buf_add_char(w->buf, ':');
    }
}

void mr_jw_open(struct mr_jw *w, const char *name, char bracket)
{
    next(w, name);
    mr_buf_add_char(w->buf, bracket);
    w->comma = false;
}

void mr_jw_close(struct mr_jw *w, char bracket)
{
    mr_buf_add_char(w->buf, bracket);
    w->comma = true;
}

void mr_jw_str(struct mr_jw *w, const char *name, const char *text)
{
    next(w, name);
    if (text)
        mr_buf_add_json(w->buf, text, strlen(text));
    else
        mr_buf_add(w->buf, "null", 4);
}

void mr_jw_int(struct mr_jw *w, const char *name, int64_t n)
{
    next(w, name);
    mr_buf_add_int(w->buf, n);
}

void mr_jw_bool(struct mr_jw *w, const char *name, bool b)
{
    next(w, name);
    mr_buf_add_str(w->buf, b ? "true" : "false");
}

void mr_jw_raw(struct mr_jw *w, const char *name, const char *json, size_t len)
{
    next(w, name);
    mr_buf_add(w->buf, json, len);
}

void mr_jw_item(struct mr_jw *w, const char *name, const cJSON *item)
{
    next(w, name);
    if (mr_json_print(item, w->buf) != MR_OK)
        w->buf->failed = true; /* too deep: a member without its value must not pass for a text */
}

/* json_check.c -- the strict door: one pass over the bytes, no recursion, no tree.  It stands in
 * front of every parse of a text from outside, so its cost is bounded by the length of the text
 * whatever the text is; names of members are looked at in json_keys.c. */
#include "common/base/json.h"

#include "common/base/json_keys.h"
#include "common/base/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct mr_json_limits mr_json_limits_message = {.len_max = 2 << 20, .depth_max = 64};

enum {
    NUMBER_MAX = 63, /* characters; cJSON 1.7.18 reads a longer one as two */
    INTEGER_DIGITS_MAX = 16,
};
static const uint64_t INTEGER_MAX = ((uint64_t)1 << 53) - 1;

struct check {
    const unsigned char *start, *p, *end;
    struct mr_error *err;
    struct mr_json_keys keys;
    unsigned depth, depth_max;
    unsigned char closer[MR_JSON_DEPTH_MAX]; /* of each open array or object */
};

/* Never MR_OK: the caller returns what this returns. */
static enum mr_code bad(const struct check *c, const unsigned char *at, const char *what)
{
    return mr_fail(c->err, MR_INVALID, "byte %zu: %s", (size_t)(at - c->start), what);
}

static enum mr_code bad_or_end(const struct check *c, const char *what)
{
    return bad(c, c->p, c->p < c->end ? what : "the text ends too early");
}

static void skip_space(struct check *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\r' || *c->p == '\t'))
        c->p++;
}

/* Moves p over ASCII that stands for itself in a string: not control, not a quote, not a backslash.
 * Eight bytes at a time; in each sum the top bit of a byte tells that one of the eight is special.
 */
static const unsigned char *skip_plain(const unsigned char *p, const unsigned char *end)
{
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;

    while (end - p >= 8) {
        uint64_t x, quote, slash;
        memcpy(&x, p, 8);
        quote = x ^ ones * '"';
        slash = x ^ ones * '\\';
        if ((x | (x - ones * 0x20) | (quote - ones) | (slash - ones)) & tops)
            break; /* may be a false alarm, which costs only the loop below */
        p += 8;
    }
    while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
        p++;
    return p;
}

static int hex4(const unsigned char *p) /* -1 where it is not four hex digits */
{
    int n = 0;

    for (int i = 0; i < 4; i++) {
        int digit = p[i] >= '0' && p[i] <= '9'   ? p[i] - '0'
                    : p[i] >= 'a' && p[i] <= 'f' ? p[i] - 'a' + 10
                    : p[i] >= 'A' && p[i] <= 'F' ? p[i] - 'A' + 10
                                                 : -1;
        if (digit < 0)
            return -1;
        n = n * 16 + digit;
    }
    return n;
}

/* p is at the backslash of \uXXXX, and of the low half behind a high one. */
static enum mr_code check_unicode(struct check *c)
{
    int unit = c->end - c->p >= 6 ? hex4(c->p + 2) : -1;

    if (unit < 0)
        return bad(c, c->p, "\\u needs four hex digits");
    if (unit == 0)
        return bad(c, c->p, "\\u0000 is not allowed");
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return bad(c, c->p, "a low surrogate without a high one");
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        int low = c->end - c->p >= 12 && c->p[6] == '\\' && c->p[7] == 'u' ? hex4(c->p + 8) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return bad(c, c->p, "a high surrogate without a low one");
        c->p += 6;
    }
    c->p += 6;
    return MR_OK;
}

static enum mr_code check_escape(struct check *c)
{
    if (c->end - c->p < 2) {
        c->p = c->end;
        return bad_or_end(c, NULL);
    }
    switch (c->p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        c->p += 2;
        return MR_OK;
    case 'u':
        return check_unicode(c);
    default:
        return bad(c, c->p, "no such escape in a string");
    }
}

/* p is at the opening quote; afterwards behind the closing one. */
static enum mr_code check_string(struct check *c, bool *escaped)
{
    const unsigned char *open = c->p++;
    enum mr_code rc;
    size_t n;

    *escaped = false;
    for (;;) {
        c->p = skip_plain(c->p, c->end);
        if (c->p == c->end)
            return bad(c, open, "a string without its end");
        if (*c->p == '"') {
            c->p++;
            return MR_OK;
        }
        if (*c->p < 0x20)
            return bad(c, c->p, "a control byte in a string must be escaped");
        if (*c->p == '\\') {
            *escaped = true;
            rc = check_escape(c);
            if (rc)
                return rc;
        }
        while (c->p < c->end && *c->p >= 0x80) {
            n = mr_utf8_len(c->p, c->end);
            if (n == 0)
                return bad(c, c->p, "not UTF-8");
            c->p += n;
        }
    }
}

static const unsigned char *skip_digits(const unsigned char *p, const unsigned char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Is it finite as a double?  The point is taken out, as strtod() reads the locale's; the digits
 * behind it are made up for in the exponent. */
static bool is_finite(const unsigned char *number, size_t len)
{
    char text[NUMBER_MAX + 32];
    size_t n = 0;
    long exponent = 0, fraction = 0;
    bool point = false;

    for (size_t i = 0; i < len; i++) {
        if (number[i] == 'e' || number[i] == 'E') {
            size_t sign = number[i + 1] == '-' || number[i + 1] == '+';
            for (size_t j = i + 1 + sign; j < len; j++)
                exponent = exponent < 100000 ? exponent * 10 + (number[j] - '0') : exponent;
            if (number[i + 1] == '-')
                exponent = -exponent;
            break;
        }
        if (number[i] == '.') {
            point = true;
        } else {
            text[n++] = (char)number[i];
            fraction += point;
        }
    }
    exponent -= fraction;
    if (exponent + (long)n < 300) /* n digits are below 10^n */
        return true;
    snprintf(text + n, sizeof(text) - n, "e%ld", exponent);
    return isfinite(strtod(text, NULL));
}

static enum mr_code check_integer(struct check *c, const unsigned char *digits)
{
    uint64_t n = 0;

    if (c->p - digits > INTEGER_DIGITS_MAX)
        return bad(c, digits, "an integer beyond +-(2^53 - 1); send it as a string");
    for (const unsigned char *p = digits; p < c->p; p++)
        n = n * 10 + (uint64_t)(*p - '0');
    if (n > INTEGER_MAX)
        return bad(c, digits, "an integer beyond +-(2^53 - 1); send it as a string");
    return MR_OK;
}

static enum mr_code check_number(struct check *c)
{
    const unsigned char *start = c->p, *digits = start + (*start == '-'), *p;
    bool integer = true;

    c->p = skip_digits(digits, c->end);
    if (c->p == digits)
        return bad_or_end(c, "a digit must follow '-'");
    if (*digits == '0' && c->p > digits + 1)
        return bad(c, digits, "a number must not start with 0");
    if (c->p < c->end && *c->p == '.') {
        integer = false;
        p = ++c->p;
        c->p = skip_digits(p, c->end);
        if (c->p == p)
            return bad_or_end(c, "a digit must follow '.'");
    }
    if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
        integer = false;
        c->p++;
        if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
            c->p++;
        p = c->p;
        c->p = skip_digits(p, c->end);
        if (c->p == p)
            return bad_or_end(c, "a digit must follow the exponent's mark");
    }
    if (integer)
        return check_integer(c, digits);
    if (c->p - start > NUMBER_MAX)
        return bad(c, start, "a number of more than 63 characters");
    if (!is_finite(start, (size_t)(c->p - start)))
        return bad(c, start, "a number beyond what a double holds");
    return MR_OK;
}

static enum mr_code check_word(struct check *c, const char *word, size_t len)
{
    if ((size_t)(c->end - c->p) < len || memcmp(c->p, word, len) != 0)
        return bad(c, c->p, "neither true, false nor null");
    c->p += len;
    return MR_OK;
}

/* p is at a member's name; afterwards at the first byte of its value. */
static enum mr_code check_name(struct check *c)
{
    const unsigned char *open = c->p;
    bool escaped;
    enum mr_code rc;

    if (c->p == c->end || *c->p != '"')
        return bad_or_end(c, "a member's name in quotes must stand here");
    rc = check_string(c, &escaped);
    if (rc)
        return rc;
    rc = mr_json_keys_add(&c->keys, (const char *)c->start, (size_t)(open + 1 - c->start),
                          (size_t)(c->p - open - 2), escaped, c->err);
    if (rc)
        return rc;
    skip_space(c);
    if (c->p == c->end || *c->p != ':')
        return bad_or_end(c, "':' must stand behind a member's name");
    c->p++;
    skip_space(c);
    return MR_OK;
}

/* p is at '[' or '{'.  *empty: it is closed again already, and so a whole value. */
static enum mr_code check_open(struct check *c, bool *empty)
{
    unsigned char closer = *c->p == '[' ? ']' : '}';

    if (c->depth == c->depth_max)
        return mr_fail(c->err, MR_TOO_LARGE, "byte %zu: nested deeper than %u",
                       (size_t)(c->p - c->start), c->depth_max);
    c->p++;
    skip_space(c);
    *empty = c->p < c->end && *c->p == closer;
    if (*empty) {
        c->p++;
        return MR_OK;
    }
    c->closer[c->depth] = closer;
    mr_json_keys_open(&c->keys, c->depth++);
    return closer == '}' ? check_name(c) : MR_OK;
}

/* p is at the first byte of a value.  *whole: the value ends at p; false: one was opened. */
static enum mr_code check_value(struct check *c, bool *whole)
{
    bool escaped;

    *whole = true;
    if (c->p == c->end)
        return bad_or_end(c, NULL);
    switch (*c->p) {
    case '"':
        return check_string(c, &escaped);
    case '{':
    case '[':
        return check_open(c, whole);
    case 't':
        return check_word(c, "true", 4);
    case 'f':
        return check_word(c, "false", 5);
    case 'n':
        return check_word(c, "null", 4);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return check_number(c);
    default:
        return bad(c, c->p, "no value of JSON begins like this");
    }
}

/* Behind a whole value: closes all that ends here.  *more: p is at the next value. */
static enum mr_code check_after(struct check *c, bool *more)
{
    enum mr_code rc;

    for (*more = false; c->depth > 0;) {
        unsigned char closer = c->closer[c->depth - 1];
        skip_space(c);
        if (c->p < c->end && *c->p == ',') {
            *more = true;
            c->p++;
            skip_space(c);
            return closer == '}' ? check_name(c) : MR_OK;
        }
        if (c->p == c->end || *c->p != closer)
            return bad_or_end(c, closer == '}' ? "',' or '}' must stand here"
                                               : "',' or ']' must stand here");
        c->p++;
        rc = mr_json_keys_close(&c->keys, (const char *)c->start, --c->depth, c->err);
        if (rc)
            return rc;
    }
    return MR_OK;
}

enum mr_code mr_json_check(const char *text, size_t len, const struct mr_json_limits *limits,
                           struct mr_error *err)
{
    struct check c; /* not zeroed: its tables are large, and filled as far as they are used */
    enum mr_code rc = MR_OK;
    bool whole, more = true;

    if (len > limits->len_max)
        return mr_fail(err, MR_TOO_LARGE, "%zu bytes of JSON, at most %zu are allowed", len,
                       limits->len_max);
    c.start = c.p = (const unsigned char *)text;
    c.end = c.start + len;
    c.err = err;
    c.depth = 0;
    c.depth_max = limits->depth_max < MR_JSON_DEPTH_MAX ? limits->depth_max : MR_JSON_DEPTH_MAX;
    mr_json_keys_init(&c.keys);
    skip_space(&c);
    while (more && !rc) {
        rc = check_value(&c, &whole);
        if (!rc && whole)
            rc = check_after(&c, &more);
    }
    skip_space(&c);
    if (!rc && c.p < c.end)
        rc = bad(&c, c.p, "text behind the value");
    mr_json_keys_release(&c.keys);
    return rc;
}

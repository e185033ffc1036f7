/* buf.c -- a growing run of bytes, and the few forms of text that hot paths append to it. */
#include "common/base/buf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_FIRST = 64 };

static enum mr_code grow(struct mr_buf *buf, size_t more)
{
    size_t need, cap;
    char *data;

    /* Half of the address space: no sum or doubling below can overflow. */
    if (buf->failed || more >= SIZE_MAX / 2 - buf->len)
        goto fail;
    need = buf->len + more + 1;
    cap = buf->cap ? buf->cap : CAP_FIRST;
    while (cap < need)
        cap *= 2;
    data = realloc(buf->data, cap);
    if (!data)
        goto fail;
    data[buf->len] = '\0';
    buf->data = data;
    buf->cap = cap;
    return MR_OK;
fail:
    buf->failed = true; /* later appends are refused too: no text with a hole in it */
    return MR_NO_MEMORY;
}

enum mr_code mr_buf_reserve(struct mr_buf *buf, size_t more)
{
    if (!buf->failed && more < buf->cap - buf->len) /* len < cap, or both are 0 */
        return MR_OK;
    return grow(buf, more);
}

enum mr_code mr_buf_add(struct mr_buf *buf, const void *data, size_t len)
{
    enum mr_code rc = mr_buf_reserve(buf, len);

    if (rc)
        return rc;
    if (len) /* memcpy may not be given NULL, even for nothing */
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return MR_OK;
}

enum mr_code mr_buf_add_str(struct mr_buf *buf, const char *text)
{
    return mr_buf_add(buf, text, strlen(text));
}

enum mr_code mr_buf_add_char(struct mr_buf *buf, char c)
{
    enum mr_code rc = mr_buf_reserve(buf, 1);

    if (rc)
        return rc;
    buf->data[buf->len++] = c;
    buf->data[buf->len] = '\0';
    return MR_OK;
}

enum mr_code mr_buf_add_int(struct mr_buf *buf, int64_t n)
{
    char digits[20]; /* -9223372036854775808 */
    char *end = digits + sizeof(digits), *p = end;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (n < 0)
        *--p = '-';
    return mr_buf_add(buf, p, (size_t)(end - p));
}

enum mr_code mr_buf_addf(struct mr_buf *buf, const char *fmt, ...)
{
    va_list args;
    enum mr_code rc = mr_buf_reserve(buf, strlen(fmt));
    size_t room;
    int len;

    if (rc)
        return rc;
    room = buf->cap - buf->len;
    va_start(args, fmt);
    len = vsnprintf(buf->data + buf->len, room, fmt, args);
    va_end(args);
    if (len >= 0 && (size_t)len >= room) {
        buf->data[buf->len] = '\0'; /* as it was, should there be no memory */
        rc = mr_buf_reserve(buf, (size_t)len);
        if (rc)
            return rc;
        va_start(args, fmt);
        len = vsnprintf(buf->data + buf->len, buf->cap - buf->len, fmt, args);
        va_end(args);
    }
    if (len < 0) { /* longer than INT_MAX: no such text can be held */
        buf->data[buf->len] = '\0';
        buf->failed = true;
        return MR_NO_MEMORY;
    }
    buf->len += (size_t)len;
    return MR_OK;
}

/* 0: stands for itself; 'u': \u00XX; else the letter behind the backslash. */
static const char escapes[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b',         't',           'n', 'u',
    'f', 'r', 'u', 'u', 'u', 'u', 'u', 'u', 'u',         'u',           'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

enum mr_code mr_buf_add_json(struct mr_buf *buf, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *p = (const unsigned char *)text, *end = p + len;

    /* Room for the common case, nothing to escape: one look at memory instead of one a run. */
    if (mr_buf_reserve(buf, len < SIZE_MAX - 2 ? len + 2 : len))
        return MR_NO_MEMORY;
    mr_buf_add_char(buf, '"');
    while (p < end) {
        const unsigned char *run = p;
        while (p < end && !escapes[*p])
            p++;
        mr_buf_add(buf, run, (size_t)(p - run));
        if (p < end) {
            char escape[6] = {'\\', escapes[*p], '0', '0', hex[*p >> 4], hex[*p & 15]};
            mr_buf_add(buf, escape, escape[1] == 'u' ? 6 : 2);
            p++;
        }
    }
    return mr_buf_add_char(buf, '"');
}

void mr_buf_reset(struct mr_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void mr_buf_release(struct mr_buf *buf)
{
    if (!buf)
        return;
    free(buf->data);
    *buf = (struct mr_buf){0};
}

char *mr_buf_detach(struct mr_buf *buf)
{
    char *data = buf->data;

    if (buf->failed || buf->len == 0) {
        mr_buf_release(buf); /* a text that is not whole is of no use to anyone */
        return NULL;
    }
    *buf = (struct mr_buf){0};
    return data;
}

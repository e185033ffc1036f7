/* error.c -- the table of codes and the one place where error text is made.  Must not know who
 * reads it: a log, an HTTP answer and a status row all get the same line. */
#include "common/base/error.h"

#include "common/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *meaning;
    int http;
    bool retriable;
} codes[MR_CODE_COUNT] = {
#define CODE_ROW(code, http_status, retry, text) [code] = {#code, text, http_status, retry},
    MR_CODES(CODE_ROW)
#undef CODE_ROW
};

/* A code read from outside (a row, a message) may be any number: it is then a fault, not a crash.
 */
static enum mr_code known(enum mr_code code)
{
    return (unsigned)code < MR_CODE_COUNT ? code : MR_INTERNAL;
}

void mr_fail_text(struct mr_error *err, enum mr_code code, const char *fmt, ...)
{
    char text[MR_ERROR_TEXT_MAX]; /* the arguments may point into err->text */
    va_list args;

    if (!err)
        return;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof(text), fmt, args) < 0)
        text[0] = '\0';
    va_end(args);
    mr_utf8_clean(text, strlen(text));
    err->code = code;
    memcpy(err->text, text, strlen(text) + 1);
}

void mr_fail_text_in(struct mr_error *err, enum mr_code code, const char *what)
{
    if (err)
        mr_fail_text(err, code, "%s: %s", what, err->text);
}

const char *mr_code_name(enum mr_code code)
{
    return codes[known(code)].name;
}

const char *mr_code_meaning(enum mr_code code)
{
    return codes[known(code)].meaning;
}

int mr_code_http(enum mr_code code)
{
    return codes[known(code)].http;
}

bool mr_code_retriable(enum mr_code code)
{
    return codes[known(code)].retriable;
}

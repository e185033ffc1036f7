/* fault.c -- causes as text. */
#include "worker/decoder/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <vips/vips.h>

enum dec_failure dec_fail(struct dec_fault *fault, enum dec_failure failure, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(fault->cause, sizeof(fault->cause), fmt, args);
    va_end(args);
    fault->failure = failure;
    return failure;
}

enum dec_failure dec_fail_vips(struct dec_fault *fault, enum dec_failure failure, const char *what)
{
    static const char *const memory_words[] = {"out of memory", "unable to allocate",
                                               "Insufficient memory", "alloc failed", "NoMemory"};
    char text[DEC_CAUSE_MAX];
    size_t len;

    snprintf(text, sizeof(text), "%s", vips_error_buffer());
    vips_error_clear();
    len = strlen(text);
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    for (char *p = text; *p; p++)
        if (*p == '\n')
            *p = ';';
    for (size_t i = 0; i < sizeof(memory_words) / sizeof(memory_words[0]); i++)
        if (strstr(text, memory_words[i]))
            failure = DEC_NO_MEMORY;
    return dec_fail(fault, failure, "%s: %s", what, *text ? text : "no reason given");
}

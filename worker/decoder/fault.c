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

/* Its lines, one behind the other.  libheif looks for the end of a file by going beyond it, which
 * is no failure of anything, a line each time, and would leave no room for what is. */
static void error_read(const char *lines, char *text, size_t size)
{
    static const char noise[] = "source: bad seek to ";
    size_t len = 0;

    text[0] = '\0';
    while (*lines && len < size) {
        const size_t line = strcspn(lines, "\n");
        if (line > 0 && strncmp(lines, noise, sizeof(noise) - 1) != 0)
            len += (size_t)snprintf(text + len, size - len, "%s%.*s", len ? ";" : "", (int)line,
                                    lines);
        lines += line + (lines[line] == '\n');
    }
}

enum dec_failure dec_fail_vips(struct dec_fault *fault, enum dec_failure failure, const char *what)
{
    static const char *const memory_words[] = {"out of memory", "unable to allocate",
                                               "Insufficient memory", "alloc failed", "NoMemory"};
    char text[DEC_CAUSE_MAX];

    error_read(vips_error_buffer(), text, sizeof(text));
    vips_error_clear();
    for (size_t i = 0; i < sizeof(memory_words) / sizeof(memory_words[0]); i++)
        if (strstr(text, memory_words[i]))
            failure = DEC_NO_MEMORY;
    return dec_fail(fault, failure, "%s: %s", what, *text ? text : "no reason given");
}

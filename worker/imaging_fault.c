/* imaging_fault.c -- the table of failures: name, code, whether another attempt can help. */
#include "worker/imaging_fault.h"

#include "common/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct {
    const char *name;
    enum mr_code code;
    bool retriable;
} faults[] = {
    [WK_UNSUPPORTED]    = {"Image.Unsupported",  MR_UNSUPPORTED, false},
    [WK_CORRUPT]        = {"Image.Corrupt",      MR_CORRUPT,     false},
    [WK_TOO_LARGE]      = {"Image.TooLarge",     MR_TOO_LARGE,   false},
    [WK_TIMEOUT]        = {"Image.Timeout",      MR_TIMEOUT,     true},
    [WK_CRASHED]        = {"Image.Crashed",      MR_UNAVAILABLE, true},
    [WK_OUT_OF_MEMORY]  = {"Image.OutOfMemory",  MR_NO_MEMORY,   true},
    [WK_CANCELLED]      = {"Image.Cancelled",    MR_CANCELLED,   false},
    [WK_RECIPE_INVALID] = {"Recipe.Invalid",     MR_INVALID,     false},
    [WK_OUT_OF_BOUNDS]  = {"Recipe.OutOfBounds", MR_INVALID,     false},
};
/* clang-format on */

enum mr_code wk_fault_set(struct wk_fault *fault, enum wk_fault_kind kind, const char *fmt, ...)
{
    va_list args;

    snprintf(fault->name, sizeof(fault->name), "%s", faults[kind].name);
    va_start(args, fmt);
    vsnprintf(fault->cause, sizeof(fault->cause), fmt, args);
    va_end(args);
    mr_utf8_clean(fault->cause, strlen(fault->cause));
    fault->retriable = faults[kind].retriable;
    return faults[kind].code;
}

enum wk_fault_kind wk_fault_of(uint32_t failure)
{
    static const enum wk_fault_kind kinds[DEC_FAILURE_COUNT] = {
        [DEC_OK] = WK_CRASHED,
        [DEC_UNSUPPORTED] = WK_UNSUPPORTED,
        [DEC_CORRUPT] = WK_CORRUPT,
        [DEC_TOO_LARGE] = WK_TOO_LARGE,
        [DEC_NO_MEMORY] = WK_OUT_OF_MEMORY,
        [DEC_RECIPE_INVALID] = WK_RECIPE_INVALID,
        [DEC_OUT_OF_BOUNDS] = WK_OUT_OF_BOUNDS,
    };

    return failure < DEC_FAILURE_COUNT ? kinds[failure] : WK_CRASHED;
}

/* imaging_fault.h -- the names that workflows know failures by. */
#ifndef WK_IMAGING_FAULT_H
#define WK_IMAGING_FAULT_H

#include "worker/decoder/protocol.h"
#include "worker/imaging.h"

enum wk_fault_kind {
    WK_UNSUPPORTED,
    WK_CORRUPT,
    WK_TOO_LARGE,
    WK_TIMEOUT,
    WK_CRASHED,
    WK_OUT_OF_MEMORY,
    WK_CANCELLED,
    WK_RECIPE_INVALID,
    WK_OUT_OF_BOUNDS,
};

/* Fills fault and returns the code that goes with the kind. */
enum mr_code wk_fault_set(struct wk_fault *fault, enum wk_fault_kind kind, const char *fmt, ...)
    MR_PRINTF(3, 4);
/* The kind of what a decoder says; a number that it cannot say is a crash. */
enum wk_fault_kind wk_fault_of(uint32_t failure);

#endif

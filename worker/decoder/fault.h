/* fault.h -- why a task cannot be done, in words; the decoder's struct mr_error. */
#ifndef DEC_FAULT_H
#define DEC_FAULT_H

#include "worker/decoder/protocol.h"

struct dec_fault {
    enum dec_failure failure;
    char cause[DEC_CAUSE_MAX];
};

/* Writes both and returns the failure. */
enum dec_failure dec_fail(struct dec_fault *fault, enum dec_failure failure, const char *fmt, ...)
    MR_PRINTF(3, 4);
/* The same with what libvips says behind `what`; memory that ran out is found in its words. */
enum dec_failure dec_fail_vips(struct dec_fault *fault, enum dec_failure failure, const char *what);

#endif

/* fault.c -- see fault.h. */
#include "orchestrator/asl/fault.h"

#include "common/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void asl_fault_text(struct asl_fault *fault, const char *error, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(fault->text, sizeof(fault->text), fmt, args);
    va_end(args);
    mr_utf8_clean(fault->text, strlen(fault->text)); /* a character cut in two is no text */
    fault->error = error;
    fault->cause = fault->text;
}

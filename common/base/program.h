/* program.h -- where Millrace's programs find each other: in one folder. */
#ifndef MR_PROGRAM_H
#define MR_PROGRAM_H

#include "common/base/error.h"

#include <stddef.h>

/* The path of the program NAME in the folder of the one that runs, into path[size].  It may not be
 * there: exec says so. What runs is asked from /proc, and where that is not mounted (a chroot) from
 * the words it was started by, which hold as long as nobody has changed the folder since.
 * MR_UNAVAILABLE: neither knows.  MR_TOO_LARGE: longer than size. */
MR_MUST_USE enum mr_code mr_program_beside(const char *name, char *path, size_t size,
                                           struct mr_error *err);

#endif

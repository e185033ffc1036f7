/* crash.h -- how the process ends when it must: with a status that says whether it was memory. */
#ifndef DEC_CRASH_H
#define DEC_CRASH_H

void dec_crash_setup(void); /* once, before any library */

#endif

/* usage.h -- what a task took of memory at its peak. */
#ifndef DEC_USAGE_H
#define DEC_USAGE_H

#include <stdint.h>

void dec_usage_setup(void); /* before the lock: keeps two files of /proc open */
void dec_usage_begin(void); /* the peak counts from here */
int64_t dec_usage_peak_bytes(void);

#endif

/* shed.h -- what the warm-up left behind. */
#ifndef DEC_SHED_H
#define DEC_SHED_H

#include "worker/decoder/load.h"

/* Gives back memory that was used once, to warm up, and may never be again: free memory of the
 * heap, and the pages of libraries, which are files and come back when they are touched.  Before
 * the lock: it reads a file. */
void dec_shed(void);

/* Of the sources of the task under way (lent; none: 0), the pages that this process holds: they are
 * shared memory, and come back when they are touched. */
void dec_shed_watch(const struct dec_source *sources, size_t count);
void dec_shed_sources(void);

#endif

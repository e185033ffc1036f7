/* processors.h -- the C library's count of processors, answered without a file. */
#ifndef DEC_PROCESSORS_H
#define DEC_PROCESSORS_H

void dec_processors_setup(void); /* before any library counts */

#endif

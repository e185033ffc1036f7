/* told_blob.h -- storage that does as it is told: it lets no byte pass, or fails behind so many; it
 * keeps none.  One gate for all handles, which may be in any thread. */
#ifndef TESTS_TOLD_BLOB_H
#define TESTS_TOLD_BLOB_H

#include "common/ports/blob.h"

struct mr_blob *told_blob_new(void); /* never NULL */
/* From now on: while closed no byte is taken, and behind fail_after bytes (-1: never) it fails with
 * that code.  Counts from nothing again where it is closed or is to fail. */
void tell(bool closed, int64_t fail_after, enum mr_code fail_code);
int64_t told_taken(void);  /* bytes */
int64_t told_stored(void); /* objects */

#endif

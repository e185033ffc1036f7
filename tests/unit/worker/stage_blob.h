/* stage_blob.h -- the twin of storage is for one thread; this one lets several use it, in turn. */
#ifndef STAGE_BLOB_H
#define STAGE_BLOB_H

#include "common/ports/blob.h"

struct mr_blob *stage_blob_new_take(struct mr_blob *twin); /* owns the twin from now on */

#endif

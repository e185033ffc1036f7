/* objects.h -- storage as workflows of Step Functions name it: a bucket and a key.  There is one
 * storage here: a bucket is a folder in it, but for the one that WORKER_BUCKET names, which is the
 * storage itself. */
#ifndef WK_OBJECTS_H
#define WK_OBJECTS_H

#include "common/model/items.h"
#include "worker/tasks.h"

/* Lent by run. */
struct mr_objects wk_objects_of(struct wk_run *run);
/* Appends the key in storage. */
void wk_objects_key(const struct wk_run *run, const char *bucket, const char *key,
                    struct mr_buf *buf);

#endif

/* case.h -- a file of recorded cases: one JSON object a line. */
#ifndef CONFORMANCE_CASE_H
#define CONFORMANCE_CASE_H

#include "common/base/buf.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct cases {
    cJSON **list; /* owned */
    size_t count;
};

/* Exits with a line about what is wrong with the file: without cases there is nothing to do. */
struct cases cases_read(const char *path);
void cases_release(struct cases *cases);
const char *case_id(const cJSON *item);
/* A member of text, or NULL. */
const char *case_text(const cJSON *item, const char *name);
/* The whole file appended to buf; false where it cannot be read. */
bool file_read(const char *path, struct mr_buf *buf);

#endif

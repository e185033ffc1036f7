/* message_read.h -- what the readers of messages share; for common/model alone. */
#ifndef MR_MESSAGE_READ_H
#define MR_MESSAGE_READ_H

#include "common/base/json.h"
#include "common/model/message.h"

/* Parses text as one object of a known version.  known: its members (NULL-terminated), or NULL
 * where unknown ones are passed over. */
MR_MUST_USE enum mr_code mr_message_read(const char *text, size_t len, size_t len_max,
                                         const char *const *known, cJSON **ret,
                                         struct mr_error *err);
/* A job id or tenant: "/job: must be 1..64 of A-Z a-z 0-9 _ -". */
MR_MUST_USE enum mr_code mr_message_id(const cJSON *root, const char *name, bool required,
                                       const char **ret, struct mr_error *err);
/* "output", or "error" with an optional "cause": exactly one of the two. */
MR_MUST_USE enum mr_code mr_message_answer(const cJSON *root, const cJSON **output,
                                           const char **error, const char **cause,
                                           struct mr_error *err);
/* Writes an item, or text where there is no item. */
void mr_message_write_value(struct mr_jw *w, const char *name, const cJSON *item, const char *text,
                            size_t len);

#endif

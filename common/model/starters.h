/* starters.h -- the tasks that started one and the same child: where the Name that a task gives is
 * the child's identity (docs/notes/014-names.md), another task may start it once more and is
 * answered with what runs.  A list is a JSON array of {"token":.., "want":..}, the first who
 * started it first; NULL: nobody did.  It is kept with the job, so it has a limit. */
#ifndef MR_STARTERS_H
#define MR_STARTERS_H

#include "common/model/message.h"

enum { MR_STARTERS_MAX = 256 };

/* Adds parent to *list (made where it is NULL).  MR_TOO_LARGE: there are MR_STARTERS_MAX. */
MR_MUST_USE enum mr_code mr_starters_add(cJSON **list, const struct mr_parent *parent,
                                         struct mr_error *err);
/* Has the task of this token started it? */
bool mr_starters_have(const cJSON *list, const char *token_text);
/* From what was kept.  MR_CORRUPT, MR_INVALID: it is no such list. */
MR_MUST_USE enum mr_code mr_starters_check(const cJSON *list, struct mr_error *err);
/* One of them; token_text is lent by the list. */
struct mr_parent mr_starter_of(const cJSON *item);

/* For a row, which outlives the list: 16 hex digits of each token's MAC, by spaces. */
void mr_starters_print_marks(const cJSON *list, struct mr_buf *buf);
bool mr_starters_marked(const char *marks, const struct mr_token *token);

#endif

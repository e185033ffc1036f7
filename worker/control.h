/* control.h -- cancels: what runs is stopped, what waits is dropped, what comes later too.
 * A cancel is a hint: a result that was sent all the same changes nothing. */
#ifndef WK_CONTROL_H
#define WK_CONTROL_H

#include "common/model/message.h"

/* The cancels of late, in a table of fixed size: where two want one place the newer has it. */
struct wk_cancels {
    struct mr_control *places; /* owned */
    size_t count;
};
MR_MUST_USE enum mr_code wk_cancels_init(struct wk_cancels *, size_t count, struct mr_error *err);
void wk_cancels_note(struct wk_cancels *, const struct mr_control *);
bool wk_cancels_has(const struct wk_cancels *, const char *job, uint64_t seq, uint32_t attempt);
void wk_cancels_release(struct wk_cancels *);

struct wk;
MR_MUST_USE enum mr_code wk_control_open(struct wk *, struct mr_error *err);
int wk_control_pass(struct wk *);
void wk_control_close(struct wk *);

#endif

/* answer.h -- what a task is answered with, and its way into millrace.log (W5 to W7). */
#ifndef WK_ANSWER_H
#define WK_ANSWER_H

#include "worker/item.h"

struct wk;

/* Into item->answer: a "result" event.  Any thread that has the item.  What is too long for a
 * result becomes States.DataLimitExceeded; where memory runs out the answer stays empty. */
void wk_answer_output(struct wk_item *, const char *worker, const char *json, size_t len);
void wk_answer_error(struct wk_item *, const char *worker, const char *name, const char *cause);
/* A dead letter instead of a result, with the bytes of the message and what is wrong with them. */
void wk_answer_dead(struct wk *, struct wk_item *, const struct mr_error *why);

/* Sends it, now or as soon as the bus takes it; the message is released when it is reported. */
void wk_answer_send(struct wk *, struct wk_item *);
/* Released without an answer: nobody waits for it. */
void wk_answer_none(struct wk *, struct wk_item *);
int wk_answer_pass(struct wk *); /* sends what could not be sent before; returns how many */
/* For mr_bus.on_sent: owner is the worker, tag the item. */
void wk_answer_report(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                      int64_t time_ms);

#endif

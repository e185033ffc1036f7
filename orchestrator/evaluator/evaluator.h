/* evaluator.h -- JSONata from outside: a request goes to a sandboxed child, its answer comes back.
 *
 * What step asks for (ASL_EFFECT_EVALUATE) has its request as text in effect->input; the answer,
 * parsed, is the data of the ASL_EVENT_EVALUATED that answers it:
 *
 *     ev_new(&config, &ev, err);
 *     ev_eval(ev, effect->input, effect->input_len, &answer, err);   // blocks, within the limits
 *     mr_json_parse(answer.data, ...) -> event.data; event.seq, .attempt, .number as in the effect
 *     ev_free(ev);
 *
 * For a program with one thread and time to wait (command line, conformance, test-state, simulate).
 * The orchestrator never waits: pool.h. */
#ifndef EV_EVALUATOR_H
#define EV_EVALUATOR_H

#include "common/base/buf.h"
#include "common/base/config.h"
#include "orchestrator/evaluator/protocol.h"

#include <stddef.h>
#include <stdint.h>

struct ev_config {   /* settings.c: ORCH_EVALUATOR_... */
    char *program;   /* path of millrace-evaluator; empty: beside this program */
    int sandbox;     /* index into "strict best" */
    int64_t time_ms; /* of the processor */
    int64_t patience;
    int64_t memory_max;
    int64_t stack_max;
    int64_t depth_max;
    int64_t text_max;
    int64_t children; /* the pool's */
    int64_t slow_children;
    int64_t fast_ms;
    /* No settings: for a child to be warm (0: 30 s), for a whole definition's check (0: no end). */
    int64_t start_ms, check_ms;
};
extern const struct mr_setting ev_settings[];
extern const size_t ev_settings_count;
void ev_config_default(struct ev_config *ret); /* every default, for programs without settings; owns
                                                  nothing: nothing is to be released */

/* One child and what holds it.  Used by one thread, which must outlive it: the child ends with the
 * thread that started it. */
struct ev;

/* The child is started by the first request.  config is lent for the life of *ret, the caller's. */
MR_MUST_USE enum mr_code ev_new(const struct ev_config *config, struct ev **ret,
                                struct mr_error *err);
void ev_free(struct ev *); /* accepts NULL */

/* fd, lent, becomes readable when nobody waits any more: whatever is under way then ends. */
void ev_stop_with(struct ev *, int fd);
/* Its children stand behind others for a processor: to what the language of nice(1) calls n. */
void ev_be_nice(struct ev *, int n);
/* Has the child warm before it is wanted. */
MR_MUST_USE enum mr_code ev_start(struct ev *, struct mr_error *err);

/* Longer answers, and deeper ones, are answered with an error: an event of the log must hold them.
 */
enum { EV_ANSWER_BYTES_MAX = 1536 * 1024, EV_ANSWER_DEPTH_MAX = 63 };

/* Appends the answer: {"chosen":n,"values":[...]} or {"error","cause","field"}.  A limit that was
 * passed is such an answer too, whose cause names it, and the child is replaced.
 * MR_UNAVAILABLE: no child can be started, or its sandbox is not what the settings demand.
 * MR_TOO_LARGE: a request beyond text_max. */
MR_MUST_USE enum mr_code ev_eval(struct ev *, const char *request, size_t len, struct mr_buf *ret,
                                 struct mr_error *err);
/* The same with a time of its own, of the child's work; *ret_limit is the limit passed, and then
 * nothing is appended. */
MR_MUST_USE enum mr_code ev_ask(struct ev *, const char *request, size_t len, int64_t time_ms,
                                struct mr_buf *ret, enum ev_limit *ret_limit, struct mr_error *err);
/* The answer that a passed limit is.  field: as the child named it, "" where it could not. */
enum mr_code ev_limit_answer(const struct ev_config *, enum ev_limit limit, int64_t time_ms,
                             const char *field, struct mr_buf *ret);
/* An answer that is an error, in words of ours. */
enum mr_code ev_error_answer(const char *cause, const char *field, struct mr_buf *ret);
const char *ev_limit_field(const struct ev *); /* of the last limit; lent until the next call */

/* The syntax of expressions, as creation of a workflow checks it; nothing is evaluated.  One that
 * looks for a name where there is nothing to look into is wrong, too, as AWS has it. */
struct ev_syntax {
    const char *text; /* given: without {% and %} */
    bool wrong;
    bool outside;      /* wrong, and for that reason */
    int64_t position;  /* in characters from the start of text */
    char message[200]; /* "S0201: Syntax error: \"+\"" */
};
MR_MUST_USE enum mr_code ev_check(struct ev *, struct ev_syntax *items, size_t count,
                                  struct mr_error *err);

/* For tests: the process that answers; -1: none is running. */
int64_t ev_pid(const struct ev *);

#endif

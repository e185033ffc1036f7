/* engine.h -- the interpreter with JSONata in it: a QuickJS runtime without eval, whose memory,
 * time and stack are counted.  Only the program millrace-evaluator has one; after a limit was
 * passed it is not asked again: the process ends. */
#ifndef EV_ENGINE_H
#define EV_ENGINE_H

#include "common/base/buf.h"
#include "orchestrator/evaluator/protocol.h"

struct ev_engine;

/* NULL: the embedded program does not run. One a process: its memory is counted in the process. */
struct ev_engine *ev_engine_new(const struct ev_child_settings *settings);
void ev_engine_free(struct ev_engine *); /* accepts NULL */
/* The answer to a request in *ret (emptied first), or the limit that it passed and in *ret the
 * field whose expression did.  deadline_us: of ev_engine_now_us(), which is the processor's time of
 * this process: what a busy machine keeps from it is no work of the expression. */
enum ev_limit ev_engine_run(struct ev_engine *, const char *request, size_t len,
                            int64_t deadline_us, struct mr_buf *ret);
int64_t ev_engine_now_us(void);
size_t ev_engine_kept(const struct ev_engine *); /* bytes that it holds now; for tests */

#endif

/* imaging_child.h -- one decoder process: started, waited for, spoken to, ended. */
#ifndef WK_IMAGING_CHILD_H
#define WK_IMAGING_CHILD_H

#include "common/base/buf.h"
#include "worker/imaging.h"
#include "worker/imaging_pool.h"

#include <stdatomic.h>

struct wk_child {
    struct sb_child process;
    bool ready;                 /* its hello has come, its layers are in process.report */
    uint64_t handed[DEC_SLOTS]; /* wk_slot.made of what it has */
    int64_t tasks;
    uint64_t idle_bytes;  /* of its address space, before its first task; 0: not limited */
    bool crashed;         /* it has said so: */
    struct dec_last last; /* how */
};

/* What ends a wait before its time. */
struct wk_patience {
    int64_t deadline_ms; /* of mr_mono_ms() */
    int wake_fd;         /* readable: stop; -1: nothing will */
};

/* How waiting for a child ended.  STALE: an answer to a task before this one, to which it had been
 * given already: the child lied then, and this task was not begun. */
enum wk_heard { WK_HEARD, WK_LATE, WK_STOPPED, WK_GONE, WK_NONSENSE, WK_STALE };

extern const struct wk_child wk_child_none;

/* untrusted: bits of the formats that it is for besides the common ones. */
MR_MUST_USE enum mr_code wk_child_start(struct wk_child *child, const char *path,
                                        const struct wk_imaging_config *config, uint32_t untrusted,
                                        struct mr_error *err);
/* False: it is gone, or has said something that nobody asked for. */
bool wk_child_alive(const struct wk_child *child);
enum wk_heard wk_child_ready(struct wk_child *child, const struct wk_patience *patience);
/* Hands what it lacks of the slots in use, then the task and its text. */
enum wk_heard wk_child_send(struct wk_child *child, const struct wk_pool *pool,
                            const struct dec_task *task, const struct mr_buf *text,
                            const struct wk_patience *patience);
/* What it says about the task of this sequence: that it needs memory (*ret_need > 0), or the reply
 * (*ret_need is 0; text is of at most DEC_ANSWER_MAX bytes).  ret_need NULL: only a reply will do.
 */
enum wk_heard wk_child_hear(struct wk_child *child, uint32_t sequence, uint64_t *ret_need,
                            struct dec_reply *ret, struct mr_buf *ret_text,
                            const struct wk_patience *patience);
/* From now on it can have so many bytes beyond what it had idle (0: as much as the settings allow),
 * and the sources. */
void wk_child_limit(const struct wk_child *child, const struct wk_pool *pool, uint64_t bytes);
/* The answer to a need; 0: no. */
enum wk_heard wk_child_grant(struct wk_child *child, uint32_t sequence, uint64_t bytes,
                             const struct wk_patience *patience);
/* How one that is gone ended ("signal 11 (Segmentation fault)") and whether it had run out of
 * memory: by its last word, else by what the kernel says.  It may still be on its way out. */
void wk_child_ended(struct wk_child *child, char *text, size_t size, bool *ret_no_memory);

#endif

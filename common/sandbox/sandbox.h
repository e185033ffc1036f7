/* sandbox.h -- the cage of a child that reads what strangers sent: the decoder's, the evaluator's.
 * The parent spawns it with an empty environment, one socket and nothing else; the child warms up
 * with what the machine has, then locks itself, and from then on has its memory, its socket and the
 * descriptors it is sent.  Layers are independent, each is reported, and none is taken for granted:
 * the parent decides whether it goes on without one. */
#ifndef SB_SANDBOX_H
#define SB_SANDBOX_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SB_LAYERS(X) /* word */                                                                    \
    X(SB_USER, "user")                                                                             \
    X(SB_NET, "net")                                                                               \
    X(SB_IPC, "ipc")                                                                               \
    X(SB_UTS, "uts")                                                                               \
    X(SB_PID, "pid")                                                                               \
    X(SB_MOUNT, "mount")                                                                           \
    X(SB_SECCOMP, "seccomp")                                                                       \
    X(SB_RLIMITS, "rlimits")                                                                       \
    X(SB_LANDLOCK, "landlock")

enum sb_layer {
#define SB_LAYER_ENUM(name, word) name,
    SB_LAYERS(SB_LAYER_ENUM)
#undef SB_LAYER_ENUM
        SB_LAYER_COUNT
};

enum {
    SB_SOCKET = 3, /* the child's only descriptor beside /dev/null on 0, 1 and 2 */
    SB_LAYERS_TEXT_MAX = 128,
};

/* What holds; error[layer] is the errno of one that does not. */
struct sb_report {
    uint32_t held; /* bit per layer */
    int32_t error[SB_LAYER_COUNT];
};

/* ---- the parent's side -------------------------------------------------------------------- */

struct sb_limits {         /* of the child; 0: as the parent has it */
    int64_t address_space; /* bytes */
    int64_t file_bytes;    /* the longest file (a memfd, too) that it can write */
    int64_t open_files;
    int64_t start_ms; /* no setting: until its name spaces are made, in sb_spawn(); 0: 10 s */
};

struct sb_child {
    pid_t pid;
    int pidfd;               /* owned; -1: none */
    int sock;                /* owned: SOCK_SEQPACKET, close-on-exec; -1: none */
    struct sb_report report; /* what the spawning side holds; complete with sb_report_merge() */
};

/* Starts the program at path.  It is killed when the calling thread ends, so call from one that
 * outlives it.  keep_stderr: diagnostics of a checked build pass through.
 * MR_UNAVAILABLE: it cannot be started, and why; one that is held at its start is given up.  On
 * success *ret is the caller's, to end with sb_child_end(). */
MR_MUST_USE enum mr_code sb_spawn(const char *path, const struct sb_limits *limits,
                                  bool keep_stderr, struct sb_child *ret, struct mr_error *err);
/* As sb_spawn(), without waiting until the name spaces are made, which takes milliseconds: the
 * first packet that comes over the socket is the report. */
MR_MUST_USE enum mr_code sb_spawn_begin(const char *path, const struct sb_limits *limits,
                                        bool keep_stderr, struct sb_child *ret,
                                        struct mr_error *err);
void sb_child_kill(const struct sb_child *child); /* SIGKILL; any thread, while not ended */
/* How one ends whose socket has closed, as waitpid() will give it: the kernel knows it long before
 * memory and name spaces are taken apart.  One that goes on without its socket is killed, and
 * waited for. */
int sb_child_status(const struct sb_child *child);
/* Kills, waits for the end and closes.  Returns the status as waitpid() gives it, -1 where there
 * was no child. The struct is then empty. */
int sb_child_end(struct sb_child *child);
/* Kills and closes the socket, and does not wait: sb_child_end() or sb_child_gone() is to follow.
 */
void sb_child_dismiss(struct sb_child *child);
bool sb_child_gone(struct sb_child *child); /* true: it has ended, and the struct is empty */
extern const struct sb_child sb_child_none;

/* ---- the child's side --------------------------------------------------------------------- */

/* No rights from here on: an empty read-only root, no capabilities, no new privileges, Landlock
 * without a rule, and system calls only by the allow-list of seccomp.c (any other kills the
 * process).  Call once, warm; threads that libraries made and left idle are locked too, by a signal
 * to each.  The report says what holds of the layers that this side makes. */
void sb_lock(struct sb_report *report);

/* ---- both --------------------------------------------------------------------------------- */

void sb_report_hold(struct sb_report *report, enum sb_layer layer, int error); /* 0: it holds */
void sb_report_merge(struct sb_report *into, const struct sb_report *from);
/* "user,net,..." of what holds. */
const char *sb_report_text(const struct sb_report *report, char text[SB_LAYERS_TEXT_MAX]);
/* MR_UNAVAILABLE, naming each layer that does not hold and why. */
MR_MUST_USE enum mr_code sb_report_check(const struct sb_report *report, struct mr_error *err);

#endif

/* frame.h -- where a run is: a tree of frames.  A frame walks through one flow: the root through
 * the machine, a child through a branch or for an item of the Map that its parent stands in. */
#ifndef ASL_FRAME_H
#define ASL_FRAME_H

#include "orchestrator/asl/definition.h"
#include "orchestrator/asl/run.h"
#include "orchestrator/asl/variables.h"

enum { ASL_NEVER = -1 }; /* a time that is not set */

enum asl_phase {                     /* written in encodings: only append */
                 ASL_PHASE_ENTER,    /* about to enter its state: between events on the ready list
                                        alone */
                 ASL_PHASE_AGAIN,    /* about to try its state once more: likewise */
                 ASL_PHASE_QUEUED,   /* its task waits until fewer tasks are in flight */
                 ASL_PHASE_TASK,     /* its task is out */
                 ASL_PHASE_WAIT,     /* a Wait until due_ms */
                 ASL_PHASE_RETRY,    /* a back-off until due_ms */
                 ASL_PHASE_FORK,     /* its children run */
                 ASL_PHASE_STOPPED,  /* cancelled: it goes on when the run is redriven */
                 ASL_PHASE_FAILED,   /* failed: likewise */
                 ASL_PHASE_SPREAD,   /* a distributed Map: its children run elsewhere */
                 ASL_PHASE_EVALUATE, /* its expressions are out: frame->ask */
                 ASL_PHASE_COUNT
};

struct asl_child { /* one branch or item of a fork; no frame: not started, or done */
    struct asl_frame *frame;
    struct asl_value *output;
    const cJSON *item; /* Map: in items */
};

struct asl_fork_run {     /* a Parallel or Map while it runs */
    uint32_t count;       /* branches, items */
    uint32_t next;        /* the first that is not started */
    uint32_t running;     /* children that have a frame */
    uint32_t concurrency; /* at most so many at once; 0: no limit of its own */
    uint32_t done_words;  /* so many words of done are full */
    uint64_t *done;       /* a bit for each child: a second answer counts nothing */
    struct asl_child *children;
    struct asl_value *input;    /* effective input of the state */
    struct asl_value *items;    /* Map: the array */
    struct asl_value *selected; /* Map, JSONata: what ItemSelector made of some items, an array */
    uint32_t selected_first;    /* of these */
};

struct asl_frame {
    struct asl_frame *parent; /* NULL: the root */
    struct asl_frame *ready_next;
    bool ready;     /* on the run's ready list */
    bool starved;   /* a fork that would start a child, were fewer tasks in flight */
    uint32_t slot;  /* place in run->live */
    uint32_t place; /* in the last encoding */
    uint32_t index; /* which branch or item it is */
    uint32_t state; /* where it is */
    enum asl_phase phase;
    uint64_t seq;     /* of this entry of the state; 0: none entered yet */
    uint32_t attempt; /* from 1 */
    uint32_t entry;   /* n-th entry of this state in the run */
    uint32_t retries; /* of this entry, by all retriers: $$.State.RetryCount */
    uint32_t *tries;  /* of each retrier; NULL while all are 0 */
    int64_t entered_ms;
    int64_t since_ms;                 /* TASK: when it was sent */
    int64_t due_ms;                   /* WAIT, RETRY */
    int64_t timeout_ms, heartbeat_ms; /* TASK: when they pass; ASL_NEVER: not at all */
    int64_t heartbeat_every_ms;
    uint64_t entered_event; /* ids in the history */
    uint64_t last_event;
    struct asl_value *input;        /* raw input of the state */
    struct asl_value *arguments;    /* TASK, JSONata: its effective input */
    struct asl_variables variables; /* its flow's scope */
    struct asl_ask *ask;            /* EVALUATE; FORK of a Map: the next items; else NULL */
    uint32_t asked;                 /* evaluations of this entry so far */
    struct asl_fork_run *fork;
    struct asl_spread_run *spread; /* spread.h: what a distributed Map has instead of a fork */
};

struct asl_ids { /* numbers of values; sorted */
    uint32_t *ids;
    size_t count, cap;
};

struct asl_values { /* the values that a run refers to, sorted by number */
    struct asl_value **items;
    size_t count, cap;
};

struct asl_run {
    struct asl_machine *machine;
    char *job;
    char *name; /* NULL: the job's id */
    char *workflow;
    uint64_t seed;
    uint32_t flow;   /* that it walks through; 0: the machine */
    uint32_t engine; /* whose answers it gets */
    enum asl_status status;
    bool started;
    bool broken; /* memory ran out in the middle of a step */
    uint32_t redrives;
    int64_t redrive_ms; /* of the last one */
    int64_t start_ms;
    int64_t due_ms; /* of the machine's time-out */
    uint64_t entered, finished;
    uint64_t events;     /* in the history so far */
    uint32_t value_next; /* number that the next value gets, from 1 */
    uint32_t *entries;   /* of each state */
    struct asl_value *input;
    struct asl_value *output;
    char *error;
    char *cause;
    struct asl_frame *root;  /* NULL: not started, or succeeded */
    struct asl_frame **live; /* all frames, in no order */
    uint32_t live_count, live_cap;
    uint32_t in_flight;       /* frames in TASK */
    uint32_t queued;          /* frames in QUEUED */
    uint32_t starved;         /* frames that are starved */
    size_t variable_bytes;    /* of the variables of all frames, printed */
    struct asl_frame *ready;  /* a stack: what is to be done before the step ends, or goes on */
    int64_t go_on_ms;         /* the timer under which ready goes on; ASL_NEVER: none is ready */
    struct asl_ids kept;      /* that the last encoding keeps apart */
    struct asl_ids keeps;     /* room for encode() */
    struct asl_values values; /* likewise */
};

/* A frame in the tree, in phase ENTER at the flow's start.  NULL: out of memory. */
struct asl_frame *asl_frame_new(struct asl_run *, struct asl_frame *parent, uint32_t index,
                                uint32_t state);
void asl_frame_free(struct asl_run *, struct asl_frame *); /* with all below it; accepts NULL */
/* NULL: out of memory. */
struct asl_fork_run *asl_fork_run_new(uint32_t count);
void asl_fork_run_free(struct asl_run *, struct asl_frame *); /* the frame's, or its spread */
bool asl_fork_done(struct asl_fork_run *);
static inline bool asl_fork_has(const struct asl_fork_run *fork, uint32_t index)
{
    return fork->done[index / 64] >> (index % 64) & 1;
}
bool asl_ids_add(struct asl_ids *, uint32_t id);              /* at the end; false: out of memory */
bool asl_values_add(struct asl_values *, struct asl_value *); /* likewise; lent */
/* Gives value (taken over, not NULL) a number and puts it into *slot in place of what was there. */
void asl_run_hold(struct asl_run *, struct asl_value **slot, struct asl_value *value);
void asl_run_ready(struct asl_run *, struct asl_frame *); /* once, however often it is called */
void asl_run_unready(struct asl_run *, struct asl_frame *);
void asl_run_phase(struct asl_run *, struct asl_frame *, enum asl_phase); /* keeps the counts */
/* The frame that is in the entry seq, or NULL. */
struct asl_frame *asl_run_find(const struct asl_run *, uint64_t seq);

#endif

/* spread.h -- a Map in DISTRIBUTED mode while it runs.  Its children are runs elsewhere: here each
 * is a bit.  Items stand in at most two pages, the one that is being started and the next; results
 * are gathered in blocks, or wait a short while until they are written.  So a Map of a million
 * items takes some hundred kilobytes, and its encoding little more than its children in flight. */
#ifndef ASL_SPREAD_H
#define ASL_SPREAD_H

#include "orchestrator/asl/frame.h"

enum {
    ASL_BLOCK = 1024,                 /* children whose outputs are put together */
    ASL_CHILDREN_MAX = 10000,         /* of one Map in flight, whatever MaxConcurrency says */
    ASL_SPREAD_ITEMS_MAX = 100000000, /* that MaxItems may ask for */
    ASL_PART_BYTES = 256 * 1024,      /* of results that wait: then they are written */
    ASL_PART_BYTES_MAX = 1 << 20,     /* of one write */
    ASL_RESULTS_BYTES_MAX = 4 << 20,  /* that wait: beyond it no child is started */
    ASL_STEP_CHILDREN = 1000,         /* started by one event; the rest by a timer that is due */
    ASL_STEP_BYTES = 1 << 20,         /* likewise, of their inputs */
};

enum asl_exchange { /* the Map's own task under way; written in encodings: only append */
                    ASL_EXCHANGE_NONE,
                    ASL_EXCHANGE_READ,   /* a page of items */
                    ASL_EXCHANGE_WRITE,  /* the first `writing` results */
                    ASL_EXCHANGE_FINISH, /* the manifest */
                    ASL_EXCHANGE_COUNT
};

enum asl_slot {                    /* values that a spread holds; written in encodings */
                ASL_SLOT_INPUT,    /* effective input of the state */
                ASL_SLOT_READER,   /* ItemReader's Parameters, filled in */
                ASL_SLOT_CURSOR,   /* where the next page begins */
                ASL_SLOT_PAGE,     /* items that are being started: an array or an object */
                ASL_SLOT_NEXT,     /* the page behind it */
                ASL_SLOT_BATCH,    /* BatchInput, filled in */
                ASL_SLOT_WRITER,   /* ResultWriter's Parameters, filled in */
                ASL_SLOT_SELECTED, /* JSONata: what ItemSelector made of the next items, an array */
                ASL_SLOT_COUNT
};

/* The Map has failed: what there is, is written, and then it is told.  Written in encodings. */
enum asl_failing {
    ASL_FAILING_NOT,
    ASL_FAILING_ALONE, /* its children are not waited for any more: engines before 4 */
    ASL_FAILING_WAITS, /* they have been told to end, and their records are waited for */
    ASL_FAILING_COUNT
};

struct asl_block {
    struct asl_value *sealed; /* an array: outputs of all its children, none of them failed */
    struct asl_value **open;  /* ASL_BLOCK of them, until then; NULL: none has come */
};

struct asl_spread_run {
    uint32_t born;  /* the frame's attempt when it began: identity of its children */
    uint32_t round; /* attempt that children answer with: a redrive makes it a new one */
    enum asl_exchange exchange; /* its task is (seq, the frame's attempt) */
    uint32_t concurrency;
    int64_t items_max;        /* that are read; 0: all */
    uint32_t batch_items;     /* in a child; 0: one, and not as a batch */
    size_t batch_bytes;       /* of a batch's input; 0: no limit of its own */
    int64_t tolerated_count;  /* failed items; ASL_NEVER: no limit of this kind */
    double tolerated_percent; /* likewise, of all items */

    struct asl_value *slots[ASL_SLOT_COUNT];
    uint32_t page_at;  /* items of the page that are started */
    const cJSON *item; /* the next of the page; NULL: it is through */
    bool read_all;     /* no page follows the ones that are here */
    uint64_t items_read, items_started;
    uint64_t selected_first; /* number of the first item in ASL_SLOT_SELECTED */

    uint32_t next;    /* children started */
    uint32_t running; /* of these, not ended */
    uint32_t again;   /* after a redrive: those from here to next are to be looked at */
    uint64_t items_ok, items_failed;
    uint64_t *done, *lost; /* a bit a child: ended well, ended badly */
    uint32_t words;

    struct asl_block *blocks; /* where no ResultWriter takes the results; words / 16 of them */
    size_t output_bytes;
    bool overflow; /* outputs came to more than a state may give: none is kept */

    struct asl_value **results; /* records that are to be written */
    uint32_t result_count, result_cap;
    uint32_t writing;
    size_t result_bytes;
    uint32_t parts;      /* written */
    uint32_t parts_then; /* when the last redrive began: what failed or waited before is no more */
    bool begun; /* all its fields came to something: else a redrive enters the state anew */
    enum asl_failing failing;
};

/* Zeroed but for the slots and numbers that the caller sets.  NULL: out of memory. */
struct asl_spread_run *asl_spread_new(void);
void asl_spread_free(struct asl_spread_run *); /* accepts NULL */
/* Room for a child more; false: out of memory. */
bool asl_spread_grow(struct asl_spread_run *, uint32_t count);
static inline bool asl_bit(const uint64_t *bits, uint32_t index)
{
    return bits[index / 64] >> (index % 64) & 1;
}
/* started, and neither ended nor waiting for a redrive to reach it */
static inline bool asl_spread_runs(const struct asl_spread_run *spread, uint32_t index)
{
    return index < spread->next && index < spread->again && !asl_bit(spread->done, index) &&
           !asl_bit(spread->lost, index);
}
/* Lets spread->item be the next of the page: after a page was put in, and by the decoder. */
void asl_spread_find_item(struct asl_spread_run *);
/* Keeps child index's output (taken over, not NULL), and seals its block when that is full. */
bool asl_spread_keep(struct asl_run *, struct asl_spread_run *, uint32_t index,
                     struct asl_value *output, size_t bytes);
void asl_spread_drop_outputs(struct asl_spread_run *);
/* A record (taken over) that waits to be written. */
bool asl_spread_queue(struct asl_run *, struct asl_spread_run *, struct asl_value *record,
                      size_t bytes);
void asl_spread_written(struct asl_spread_run *); /* the first `writing` are */
/* Every value that it holds. false: fn was. */
bool asl_spread_values(struct asl_spread_run *, bool (*fn)(void *ctx, struct asl_value *),
                       void *ctx);
size_t asl_spread_bytes(const struct asl_spread_run *); /* about what it takes in memory */

#endif

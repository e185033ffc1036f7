/* outbox.h -- effects of a shard that are not yet known to be sent.  The truth is in Redis
 * (`mr:{s}:outbox`, written with the states); this is its order and its state in memory.
 *
 *   add -> fresh -(the batch is written: commit)-> ready -(relay)-> sending -(report)-> sent
 *       -> in the next batch as a deletion: trimming -(written: commit)-> gone
 * A task that is no longer wanted leaves from wherever it is before it is sent.
 * What a child is told reaches its log in the order in which it was said: its submit, then words.
 * One of them is under way at a time, one that fails goes back to its place, and at a take-over,
 * where Redis knows no order, their fields give it. */
#ifndef OC_OUTBOX_H
#define OC_OUTBOX_H

#include "common/base/buf.h"
#include "common/model/topics.h"
#include "common/ports/bus.h"
#include "common/ports/store.h"
#include "orchestrator/asl/arena.h"
#include "orchestrator/send.h"

#include <uthash.h>

enum oc_effect_kind {                          /* the letter begins its field in Redis */
                      OC_EFFECT_TASK = 't',    /* field t:<job>:<seq>:<attempt>; class */
                      OC_EFFECT_CONTROL = 'c', /* field c:<offset>:<i>, as the rest */
                      OC_EFFECT_EVENT = 'e',
                      OC_EFFECT_DEAD = 'd',
                      OC_EFFECT_EVALUATE = 'q', /* field q:<job>:<seq>:<attempt>:<number> */
                      OC_EFFECT_LOG = 'l',      /* an event for the log of its key's shard */
                      OC_EFFECT_CHILD = 'j',    /* the submit of a child for the same, once that log
                                                   has its definition, which stands for the class;
                                                   field j:<job>:<seq>:<attempt>:<index> */
                      OC_EFFECT_WORD = 'w', /* a later word to that child, behind the one before,
                                                and behind the definition that it names;
                                               field w:<job>:<seq>:<attempt>:<index>:<word> */
};

enum oc_effect_state { OC_FRESH, OC_READY, OC_SENDING, OC_SENT, OC_TRIMMING };

struct oc_class;
struct oc_outbox;

struct oc_effect {
    struct oc_send send;      /* first: the bus's tag */
    struct oc_outbox *outbox; /* NULL: its shard was dropped while it was under way */
    enum oc_effect_state state;
    bool persisted;                /* Redis has it */
    bool unwanted;                 /* while sending: trimmed whatever the report says */
    struct oc_class *class_of;     /* tasks */
    struct oc_effect *prev, *next; /* of the list of its state */
    UT_hash_handle hh, hh_key;
    const char *field, *key, *payload; /* in the same memory, */
    const char *class_name; /* and this: of a task its class; of a child its definition; of an
                               evaluation whose it is, "tenant/workflow" */
    size_t field_len, key_len, payload_len;
    char kind;
};

struct oc_class { /* tasks of one topic */
    char name[MR_CLASS_MAX];
    char topic[MR_TOPIC_MAX];
    bool ensured;           /* the topic is there */
    int64_t pause_until_ms; /* it could not be made: not tried before */
    int64_t outstanding;
    struct oc_effect *ready;
    UT_hash_handle hh;
};

struct oc_sent_task { /* sent and not answered: what `outstanding` counts */
    struct oc_class *class_of;
    UT_hash_handle hh;
    size_t field_len;
    char field[];
};

struct oc;
struct oc_outbox {
    struct oc *oc;                                     /* for the reports of its effects; lent */
    struct oc_effect *by_field;                        /* uthash */
    struct oc_effect *fresh, *ready, *sent, *trimming; /* ready: all but tasks */
    struct oc_effect *asks;                            /* and evaluations: these, ready */
    struct oc_effect *busy;                            /* uthash: to children, sending, by key */
    struct oc_class *classes;
    struct oc_sent_task *sent_tasks;
    size_t fresh_count, fresh_bytes, sent_count;
    int64_t sent_since_ms; /* when sent became non-empty */
};

void oc_outbox_init(struct oc_outbox *, struct oc *);
/* Effects under way are left to their reports. */
void oc_outbox_release(struct oc_outbox *);

struct oc_new_effect {
    char kind;
    const char *field, *class_name, *key;
    const char *payload;
    size_t payload_len;
};
/* A field that is there already stays as it is. */
MR_MUST_USE enum mr_code oc_outbox_add(struct oc_outbox *, const struct oc_new_effect *,
                                       const struct mr_topics *, struct mr_error *err);
/* From Redis, at a take-over: value is what oc_outbox_write() made. */
MR_MUST_USE enum mr_code oc_outbox_load(struct oc_outbox *, const char *field, const char *value,
                                        size_t len, const struct mr_topics *, struct mr_error *err);
/* All of Redis's are loaded: what children are told comes into its order. */
void oc_outbox_loaded(struct oc_outbox *);
/* Is another word to the same child under way?  Then this one is not to be sent yet. */
bool oc_outbox_waits(const struct oc_effect *);
/* A task or an evaluation is answered or unwanted. true: it is in the outbox, and will not be sent
 * from it now. */
void oc_outbox_end_task(struct oc_outbox *, const char *field);
/* Is this task's effect still here, unsent or under way? */
bool oc_outbox_has(const struct oc_outbox *, const char *field);
/* Adds what the batch must write and delete; strings live in arena. */
MR_MUST_USE enum mr_code oc_outbox_write(struct oc_outbox *, struct asl_arena *,
                                         struct mr_batch_op **ops, size_t *count, size_t *cap,
                                         struct mr_error *err);
/* The batch is in Redis: fresh ones are ready, trimming ones gone. */
void oc_outbox_commit(struct oc_outbox *);
void oc_outbox_sent(struct oc_effect *, int64_t now_ms); /* its report says stored */
void oc_outbox_again(struct oc_effect *);                /* it does not: ready once more */
void oc_outbox_sending(struct oc_effect *);

/* Appends one op; grows the array. */
MR_MUST_USE enum mr_code oc_ops_add(struct mr_batch_op **ops, size_t *count, size_t *cap,
                                    const struct mr_batch_op *op, struct mr_error *err);

#endif

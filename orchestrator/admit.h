/* admit.h -- a message of millrace.jobs or millrace.results on its way into a shard's log. */
#ifndef OC_ADMIT_H
#define OC_ADMIT_H

#include "common/base/buf.h"
#include "common/model/message.h"
#include "common/ports/bus.h"
#include "orchestrator/orchestrator.h"
#include "orchestrator/send.h"

enum oc_admit_state {
    OC_ADMIT_READY, /* bytes are to be sent to topic */
    OC_ADMIT_SENDING,
    OC_ADMIT_AGAIN, /* there was no memory for it: to be read again */
    OC_ADMIT_NAME,  /* waits until the config is read to wait_config: its workflow is unknown */
    OC_ADMIT_DEFINITION, /* waits until its shard's log has the definition */
};

struct oc_admit_item;
/* A message into item.  Fails only for want of memory; item is then as it was. */
typedef enum mr_code oc_admit_fn(struct oc *, struct oc_admit_item *, const struct mr_msg *,
                                 struct mr_error *err);

struct oc_admit_item {
    struct oc_send send; /* first: the bus's tag */
    struct oc *oc;
    struct mr_queue *queue;
    oc_admit_fn *read;
    struct mr_msg msg; /* lent by the queue until it is released */
    enum oc_admit_state state;
    const char *topic; /* where bytes go: the log, or the dlq */
    int32_t partition;
    char key[MR_JOB_ID_MAX + 1];
    struct mr_buf bytes; /* owned */
    char def[65];        /* DEFINITION */
    int64_t wait_config; /* NAME; -1: its end is still to be asked */
    struct oc_admit_item *prev, *next;
};

/* admit_job.c: a job message: its event for the log (READY or DEFINITION), a dead letter (READY),
 * or waiting (NAME); and the same for a result of a custom worker. */
oc_admit_fn oc_admit_job, oc_admit_result;
/* admit_job.c: a dead letter with the message's bytes (READY). */
MR_MUST_USE enum mr_code oc_admit_dead(struct oc *, struct oc_admit_item *, const struct mr_msg *,
                                       const struct mr_error *why, struct mr_error *err);
/* admit.c: has this shard's log had the definition from us? If not, it is sent and the item waits;
 * where there was no memory for it, the item is read again.  text NULL: the question alone. */
bool oc_admit_announced(struct oc *, int32_t shard, const char *def, const char *text, size_t len);

#endif

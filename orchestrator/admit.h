/* admit.h -- a message of millrace.jobs or millrace.results on its way into a shard's log. */
#ifndef OC_ADMIT_H
#define OC_ADMIT_H

#include "common/base/buf.h"
#include "common/model/message.h"
#include "common/ports/bus.h"
#include "orchestrator/orchestrator.h"
#include "orchestrator/send.h"

enum oc_admit_state {
    OC_ADMIT_READY,      /* bytes are to be sent to topic */
    OC_ADMIT_SENDING,
    OC_ADMIT_NAME,       /* waits until the config is read to wait_config: its workflow is unknown */
    OC_ADMIT_DEFINITION, /* waits until its shard's log has the definition */
};

struct oc_admit_item {
    struct oc_send send; /* first: the bus's tag */
    struct oc *oc;
    struct mr_queue *queue;
    int32_t from_partition;
    int64_t from_offset;
    enum oc_admit_state state;
    const char *topic; /* where bytes go: the log, or the dlq */
    int32_t partition;
    char key[MR_JOB_ID_MAX + 1];
    struct mr_buf bytes; /* owned */
    char def[65];        /* DEFINITION */
    int64_t wait_config; /* NAME */
    struct mr_msg msg;   /* NAME: still lent by the queue */
    struct oc_admit_item *prev, *next;
};

/* admit_job.c: a job message into item: its event for the log (READY or DEFINITION), a dead letter
 * (READY), or waiting (NAME).  Fails only for want of memory. */
MR_MUST_USE enum mr_code oc_admit_job(struct oc *, struct oc_admit_item *, const struct mr_msg *,
                                      struct mr_error *err);
/* admit_job.c: the same for a result of a custom worker. */
MR_MUST_USE enum mr_code oc_admit_result(struct oc *, struct oc_admit_item *, const struct mr_msg *,
                                         struct mr_error *err);
/* admit.c: has this shard's log had the definition from us? If not, it is sent and the item waits. */
bool oc_admit_announced(struct oc *, int32_t shard, const char *def, const char *text, size_t len);

#endif

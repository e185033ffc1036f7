/* send.h -- every send of this process carries a struct oc_send as its tag: the bus's one callback
 * gives the report to whoever sent. */
#ifndef OC_SEND_H
#define OC_SEND_H

#include "common/base/error.h"

#include <stdint.h>

struct oc_send {
    void (*done)(struct oc_send *, enum mr_code code, int32_t partition, int64_t offset,
                 int64_t time_ms);
};

/* For mr_bus.on_sent. */
void oc_send_report(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                    int64_t time_ms);

#endif

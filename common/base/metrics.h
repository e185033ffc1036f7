/* metrics.h -- counters, gauges and histograms as a table, printed as Prometheus text.
 * A program declares its table once; values are C11 atomics, so any thread may count. */
#ifndef MR_METRICS_H
#define MR_METRICS_H

#include "common/base/buf.h"

#include <stdatomic.h>
#include <stdint.h>

enum mr_metric_type { MR_COUNTER, MR_GAUGE, MR_HISTOGRAM };
enum { MR_METRIC_BUCKETS = 16 }; /* histogram bounds 1 ms, 2, 4 ... 16384 ms, +Inf */
/* A histogram is fed in ms; one whose name ends in _seconds is printed in seconds. */

struct mr_metric {
    enum mr_metric_type type;
    const char *name;   /* millrace_worker_tasks_total */
    const char *labels; /* `code="ok"` or NULL; rows of one name stand together */
    const char *help;
    _Atomic int64_t value; /* counter, gauge; histogram: sum in ms */
    _Atomic int64_t buckets[MR_METRIC_BUCKETS];
};

void mr_metric_add(struct mr_metric *metric, int64_t n);
void mr_metric_set(struct mr_metric *metric, int64_t n);
void mr_metric_observe(struct mr_metric *metric, int64_t ms);
enum mr_code mr_metrics_print(struct mr_metric *metrics, size_t count, struct mr_buf *buf);

#endif

/* metrics.h -- what the gateway counts. */
#ifndef GW_METRICS_H
#define GW_METRICS_H

#include "common/base/metrics.h"

enum gw_metric {
    GW_METRIC_REQUESTS_2XX,
    GW_METRIC_REQUESTS_3XX,
    GW_METRIC_REQUESTS_4XX,
    GW_METRIC_REQUESTS_5XX,
    GW_METRIC_REQUEST_MS,
    GW_METRIC_REQUESTS_CUT,
    GW_METRIC_CONNECTIONS,
    GW_METRIC_JOBS_ACCEPTED,
    GW_METRIC_SENDS_FAILED,
    GW_METRIC_UPLOADED_BYTES,
    GW_METRIC_DOWNLOADED_BYTES,
    GW_METRIC_REDIS_ERRORS,
    GW_METRIC_CONFIG_ENTRIES,
    GW_METRIC_COUNT
};

void gw_count(enum gw_metric, int64_t n);
void gw_gauge(enum gw_metric, int64_t n);
void gw_observe(enum gw_metric, int64_t ms);
enum mr_code gw_metrics_print(struct mr_buf *buf);

#endif

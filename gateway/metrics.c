/* metrics.c -- the table behind /metrics. */
#include "gateway/metrics.h"

/* clang-format off */
static struct mr_metric metrics[GW_METRIC_COUNT] = {
    [GW_METRIC_REQUESTS_2XX] = {MR_COUNTER, "millrace_gateway_requests_total", "status=\"2xx\"", "requests answered", 0, {0}},
    [GW_METRIC_REQUESTS_3XX] = {MR_COUNTER, "millrace_gateway_requests_total", "status=\"3xx\"", "requests answered", 0, {0}},
    [GW_METRIC_REQUESTS_4XX] = {MR_COUNTER, "millrace_gateway_requests_total", "status=\"4xx\"", "requests answered", 0, {0}},
    [GW_METRIC_REQUESTS_5XX] = {MR_COUNTER, "millrace_gateway_requests_total", "status=\"5xx\"", "requests answered", 0, {0}},
    [GW_METRIC_REQUEST_MS] = {MR_HISTOGRAM, "millrace_gateway_request_ms", NULL, "from the end of a request's header block to the end of its answer, ms", 0, {0}},
    [GW_METRIC_REQUESTS_CUT] = {MR_COUNTER, "millrace_gateway_requests_cut_total", NULL, "requests whose client left or was too slow before the answer was out", 0, {0}},
    [GW_METRIC_CONNECTIONS] = {MR_GAUGE, "millrace_gateway_connections", NULL, "open connections", 0, {0}},
    [GW_METRIC_JOBS_ACCEPTED] = {MR_COUNTER, "millrace_gateway_jobs_accepted_total", NULL, "jobs whose message the broker has confirmed", 0, {0}},
    [GW_METRIC_SENDS_FAILED] = {MR_COUNTER, "millrace_gateway_sends_failed_total", NULL, "messages that the broker did not confirm", 0, {0}},
    [GW_METRIC_UPLOADED_BYTES] = {MR_COUNTER, "millrace_gateway_uploaded_bytes_total", NULL, "bytes of uploads that were stored", 0, {0}},
    [GW_METRIC_DOWNLOADED_BYTES] = {MR_COUNTER, "millrace_gateway_downloaded_bytes_total", NULL, "bytes of outputs given to clients", 0, {0}},
    [GW_METRIC_REDIS_ERRORS] = {MR_COUNTER, "millrace_gateway_redis_errors_total", NULL, "calls that Redis did not answer", 0, {0}},
    [GW_METRIC_CONFIG_ENTRIES] = {MR_GAUGE, "millrace_gateway_config_entries", NULL, "workflows and keys known", 0, {0}},
};
/* clang-format on */

void gw_count(enum gw_metric metric, int64_t n)
{
    mr_metric_add(&metrics[metric], n);
}

void gw_gauge(enum gw_metric metric, int64_t n)
{
    mr_metric_set(&metrics[metric], n);
}

void gw_observe(enum gw_metric metric, int64_t ms)
{
    mr_metric_observe(&metrics[metric], ms);
}

enum mr_code gw_metrics_print(struct mr_buf *buf)
{
    return mr_metrics_print(metrics, GW_METRIC_COUNT, buf);
}

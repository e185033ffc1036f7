/* metrics.c -- counting without a lock, and the text that Prometheus scrapes. */
#include "common/base/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void mr_metric_add(struct mr_metric *metric, int64_t n)
{
    /* Relaxed: a number for people orders nothing between threads. */
    atomic_fetch_add_explicit(&metric->value, n, memory_order_relaxed);
}

void mr_metric_set(struct mr_metric *metric, int64_t n)
{
    atomic_store_explicit(&metric->value, n, memory_order_relaxed);
}

void mr_metric_observe(struct mr_metric *metric, int64_t ms)
{
    int bucket = 0;

    while (bucket < MR_METRIC_BUCKETS - 1 && ms > (int64_t)1 << bucket)
        bucket++;
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->value, ms > 0 ? ms : 0, memory_order_relaxed);
}

static void print_help(const struct mr_metric *metric, struct mr_buf *buf)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    mr_buf_addf(buf, "# HELP %s ", metric->name);
    for (const char *p = metric->help ? metric->help : ""; *p; p++) {
        if (*p == '\\' || *p == '\n')
            mr_buf_add_char(buf, '\\');
        mr_buf_add_char(buf, *p == '\n' ? 'n' : *p);
    }
    mr_buf_addf(buf, "\n# TYPE %s %s\n", metric->name, types[metric->type]);
}

/* name_suffix{labels,le="..."} and the space in front of the value */
static void print_name(const struct mr_metric *metric, const char *suffix, const char *le,
                       struct mr_buf *buf)
{
    const char *labels = metric->labels ? metric->labels : "";

    mr_buf_add_str(buf, metric->name);
    mr_buf_add_str(buf, suffix);
    if (*labels || le) {
        mr_buf_add_char(buf, '{');
        mr_buf_add_str(buf, labels);
        if (le)
            mr_buf_addf(buf, "%sle=\"%s\"", *labels ? "," : "", le);
        mr_buf_add_char(buf, '}');
    }
    mr_buf_add_char(buf, ' ');
}

static void print_ms(int64_t ms, bool seconds, struct mr_buf *buf)
{
    if (seconds)
        mr_buf_addf(buf, "%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
    else
        mr_buf_add_int(buf, ms);
}

static void print_histogram(struct mr_metric *metric, struct mr_buf *buf)
{
    size_t len = strlen(metric->name);
    bool seconds = len > 8 && strcmp(metric->name + len - 8, "_seconds") == 0;
    int64_t count = 0;

    for (int i = 0; i < MR_METRIC_BUCKETS; i++) {
        char text[32];
        int64_t bound = (int64_t)1 << i;
        const char *le = i < MR_METRIC_BUCKETS - 1 ? text : "+Inf";
        if (seconds)
            snprintf(text, sizeof(text), "%" PRId64 ".%03" PRId64, bound / 1000, bound % 1000);
        else
            snprintf(text, sizeof(text), "%" PRId64, bound);
        /* Each is read once and summed here, so that the text agrees with itself while others
         * count. */
        count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        print_name(metric, "_bucket", le, buf);
        mr_buf_add_int(buf, count);
        mr_buf_add_char(buf, '\n');
    }
    print_name(metric, "_sum", NULL, buf);
    print_ms(atomic_load_explicit(&metric->value, memory_order_relaxed), seconds, buf);
    mr_buf_add_char(buf, '\n');
    print_name(metric, "_count", NULL, buf);
    mr_buf_add_int(buf, count);
    mr_buf_add_char(buf, '\n');
}

enum mr_code mr_metrics_print(struct mr_metric *metrics, size_t count, struct mr_buf *buf)
{
    for (size_t i = 0; i < count; i++) {
        struct mr_metric *metric = &metrics[i];
        if (i == 0 || strcmp(metric->name, metrics[i - 1].name) != 0)
            print_help(metric, buf);
        if (metric->type == MR_HISTOGRAM) {
            print_histogram(metric, buf);
            continue;
        }
        print_name(metric, "", NULL, buf);
        mr_buf_add_int(buf, atomic_load_explicit(&metric->value, memory_order_relaxed));
        mr_buf_add_char(buf, '\n');
    }
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}

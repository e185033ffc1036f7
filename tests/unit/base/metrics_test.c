/* metrics_test.c -- the promises of common/base/metrics.h. */
#include "common/base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void counters_and_gauges_are_printed_with_one_help_a_name(void **state)
{
    static struct mr_metric metrics[] = {
        {.type = MR_COUNTER, .name = "t_total", .labels = "code=\"ok\"", .help = "tasks"},
        {.type = MR_COUNTER, .name = "t_total", .labels = "code=\"bad\"", .help = "tasks"},
        {.type = MR_GAUGE, .name = "busy", .help = "a \\ and\na line"},
    };
    struct mr_buf buf = {0};
    (void)state;
    mr_metric_add(&metrics[0], 2);
    mr_metric_add(&metrics[0], 1);
    mr_metric_set(&metrics[2], 9);
    mr_metric_add(&metrics[2], -10);
    assert_int_equal(mr_metrics_print(metrics, 3, &buf), MR_OK);
    assert_string_equal(buf.data, "# HELP t_total tasks\n# TYPE t_total counter\n"
                                  "t_total{code=\"ok\"} 3\nt_total{code=\"bad\"} 0\n"
                                  "# HELP busy a \\\\ and\\na line\n# TYPE busy gauge\nbusy -1\n");
    mr_buf_release(&buf);
}

static void a_histogram_counts_each_value_in_every_bound_at_or_above_it(void **state)
{
    static struct mr_metric metric = {
        .type = MR_HISTOGRAM, .name = "wait_ms", .labels = "class=\"image\"", .help = "w"};
    static const int64_t values[] = {-1, 0, 1, 2, 3, 16384, 16385, INT64_C(1) << 40};
    struct mr_buf buf = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        mr_metric_observe(&metric, values[i]);
    assert_int_equal(mr_metrics_print(&metric, 1, &buf), MR_OK);
    assert_non_null(strstr(buf.data, "# TYPE wait_ms histogram\n"));
    assert_non_null(strstr(buf.data, "wait_ms_bucket{class=\"image\",le=\"1\"} 3\n"));
    assert_non_null(strstr(buf.data, "wait_ms_bucket{class=\"image\",le=\"2\"} 4\n"));
    assert_non_null(strstr(buf.data, "wait_ms_bucket{class=\"image\",le=\"4\"} 5\n"));
    assert_non_null(strstr(buf.data, "wait_ms_bucket{class=\"image\",le=\"8192\"} 5\n"));
    assert_non_null(strstr(buf.data, "wait_ms_bucket{class=\"image\",le=\"16384\"} 6\n"));
    assert_non_null(strstr(buf.data, "wait_ms_bucket{class=\"image\",le=\"+Inf\"} 8\n"));
    assert_non_null(strstr(buf.data, "wait_ms_sum{class=\"image\"} 1099511660551\n"));
    assert_non_null(strstr(buf.data, "wait_ms_count{class=\"image\"} 8\n"));
    mr_buf_release(&buf);
}

static void a_histogram_named_in_seconds_is_printed_in_seconds(void **state)
{
    static struct mr_metric metric = {.type = MR_HISTOGRAM, .name = "wait_seconds", .help = "w"};
    struct mr_buf buf = {0};
    (void)state;
    mr_metric_observe(&metric, 1500);
    mr_metric_observe(&metric, 3);
    assert_int_equal(mr_metrics_print(&metric, 1, &buf), MR_OK);
    assert_non_null(strstr(buf.data, "wait_seconds_bucket{le=\"0.001\"} 0\n"));
    assert_non_null(strstr(buf.data, "wait_seconds_bucket{le=\"2.048\"} 2\n"));
    assert_non_null(strstr(buf.data, "wait_seconds_sum 1.503\n"));
    mr_buf_release(&buf);
}

static void text_that_found_no_memory_is_no_text(void **state)
{
    static struct mr_metric metric = {.type = MR_GAUGE, .name = "x", .help = "x"};
    struct mr_buf buf = {0};
    (void)state;
    assert_int_equal(mr_buf_reserve(&buf, SIZE_MAX), MR_NO_MEMORY);
    assert_int_equal(mr_metrics_print(&metric, 1, &buf), MR_NO_MEMORY);
    mr_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges_are_printed_with_one_help_a_name),
        cmocka_unit_test(a_histogram_counts_each_value_in_every_bound_at_or_above_it),
        cmocka_unit_test(a_histogram_named_in_seconds_is_printed_in_seconds),
        cmocka_unit_test(text_that_found_no_memory_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

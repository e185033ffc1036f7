/* review_test.c -- faults that a hostile reading of the orchestrator found, each as the promise it
 * broke. */
#include "tests/flow/cluster/kit.h"

#include "common/sim/store_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The n-th name from 0 that belongs to a shard. */
static const char *job_of(const struct flow *flow, uint32_t shard, int n)
{
    static char id[32];

    for (int i = 0;; i++) {
        const int len = snprintf(id, sizeof id, "j-%d", i);

        if (mr_shard_of(id, (size_t)len, (uint32_t)flow->cluster.shards) == shard && n-- == 0)
            return id;
    }
}

static void submit_many(struct flow *flow, const char *prefix, int count, const char *definition)
{
    for (int i = 0; i < count; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "%s-%d", prefix, i);
        flow_submit(flow, id, definition, "{\"x\":1}");
    }
}

static int count_of(struct flow *flow, const char *prefix, int count, const char *status)
{
    int found = 0;

    for (int i = 0; i < count; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "%s-%d", prefix, i);
        found += strcmp(flow_row(flow, id, "status"), status) == 0;
    }
    return found;
}

static void produce_event(struct flow *flow, const struct mr_event *event)
{
    struct mr_buf text = {0};

    assert_int_equal(mr_event_print(event, &text), MR_OK);
    flow_produce(flow, "millrace.log", event->job, text.data);
    mr_buf_release(&text);
}

/* ---- batches ------------------------------------------------------------------------------------
 */

static void many_submits_in_one_batch_and_once_more_are_one_job_each(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 1);
    flow_start(&flow, 0);
    flow_passes(&flow, 200);
    submit_many(&flow, "a", 40, flow_one_task);
    flow_passes(&flow, 3000);
    assert_int_equal(count_of(&flow, "a", 40, "SUCCEEDED"), 40);
    submit_many(&flow, "a", 40, flow_one_task);
    flow_passes(&flow, 3000);
    assert_int_equal(flow.tasks_seen, 40);
    assert_int_equal(flow.letters, 0);
    flow_teardown(&flow);
}

static void answers_to_many_jobs_that_left_memory_are_all_applied(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 2);
    flow.config.jobs_cached_max = 1;
    flow.worker_off = true;
    flow_start(&flow, 0);
    submit_many(&flow, "a", 30, flow_one_task);
    flow_passes(&flow, 2000);
    flow.worker_off = false;
    flow_passes(&flow, 3000);
    assert_int_equal(count_of(&flow, "a", 30, "SUCCEEDED"), 30);
    flow_teardown(&flow);
}

static void more_shards_than_writes_may_be_under_way_lose_none(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup_shards(&flow, 3, 100);
    flow.config.batch_max = 1000;
    flow.config.admit_window = 1000;
    flow_start(&flow, 0);
    flow_passes(&flow, 1000);
    submit_many(&flow, "a", 400, flow_one_task);
    flow_passes(&flow, 5000);
    assert_int_equal(count_of(&flow, "a", 400, "SUCCEEDED"), 400);
    for (uint32_t s = 0; s < 100; s++)
        assert_int_equal(flow.nodes[0].oc.shards[s].generation, 0);
    flow_teardown(&flow);
}

static const char pass_only[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}";

/* ---- Redis flushed, Redis away ------------------------------------------------------------------
 */

static void a_flush_under_a_busy_shard_forgets_no_job(void **state)
{
    struct flow flow;

    (void)state;
    for (int round = 0; round < 12; round++) {
        const char *late;

        flow_setup(&flow, 20 + (uint64_t)round);
        flow.worker_off = true;
        flow_start(&flow, 0);
        flow_submit(&flow, job_of(&flow, 0, 2), pass_only, "{\"x\":1}");
        flow_submit(&flow, job_of(&flow, 0, 0), flow_parallel, "{\"x\":1}");
        flow_passes(&flow, 500 + 90 * round);
        mr_sim_redis_flushall(flow.redis);
        late = job_of(&flow, 0, 1);
        flow_submit(&flow, late, flow_one_task, "{}");
        flow_passes(&flow, 2000);
        flow.worker_off = false;
        assert_true(flow_run(&flow, job_of(&flow, 0, 0), 30000));
        assert_string_equal(flow_row(&flow, job_of(&flow, 0, 0), "status"), "SUCCEEDED");
        assert_true(flow_run(&flow, job_of(&flow, 0, 1), 30000));
        assert_string_equal(flow_row(&flow, job_of(&flow, 0, 2), "output"), "{\"x\":1}");
        flow_teardown(&flow);
    }
}

static enum mr_code lease_away(struct mr_store *store, const char *name, const char *owner,
                               int64_t ttl_ms, bool *ret_mine, struct mr_error *err)
{
    (void)store, (void)name, (void)owner, (void)ttl_ms, (void)ret_mine;
    return mr_fail(err, MR_UNAVAILABLE, "away");
}

static enum mr_code pos_away(struct mr_store *store, uint32_t shard, struct mr_pos *pos,
                             struct mr_error *err)
{
    (void)store, (void)shard, (void)pos;
    return mr_fail(err, MR_UNAVAILABLE, "away");
}

static enum mr_code send_away(struct mr_store *store, const struct mr_batch *batch,
                              struct mr_error *err)
{
    (void)store, (void)batch;
    return mr_fail(err, MR_UNAVAILABLE, "away");
}

static enum mr_code beat_away(struct mr_store *store, const char *kind, const char *id,
                              const char *pairs, size_t len, int64_t ttl_ms, struct mr_error *err)
{
    (void)store, (void)kind, (void)id, (void)pairs, (void)len, (void)ttl_ms;
    return mr_fail(err, MR_UNAVAILABLE, "away");
}

static void an_owner_cut_off_from_redis_leaves_the_next_one_in_peace(void **state)
{
    struct mr_store_ops away;
    struct flow flow;
    uint64_t generation[2];

    (void)state;
    flow_setup(&flow, 4);
    flow_start(&flow, 0);
    flow_passes(&flow, 500);
    away = *flow.nodes[0].store->ops;
    away.lease = lease_away;
    away.pos_get = pos_away;
    away.advance_send = send_away;
    away.beat = beat_away;
    flow.nodes[0].store->ops = &away;
    flow_start(&flow, 1);
    submit_many(&flow, "a", 4, flow_wait);
    flow_passes(&flow, 5000);
    for (int s = 0; s < 2; s++)
        generation[s] = flow.nodes[1].oc.shards[s].generation;
    flow_passes(&flow, 10000);
    for (int s = 0; s < 2; s++) {
        assert_int_equal(flow.nodes[1].oc.shards[s].state, OC_SHARD_LIVE);
        assert_int_equal(flow.nodes[1].oc.shards[s].generation, generation[s]);
    }
    assert_int_equal(count_of(&flow, "a", 4, "SUCCEEDED"), 4);
    flow_teardown(&flow);
}

/* ---- taking -------------------------------------------------------------------------------------
 */

struct held { /* delivery reports that are slow to come */
    void *tags[8];
    int64_t offsets[8], times[8];
    int count;
};

static void hold(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                 int64_t time_ms)
{
    struct held *held = owner;

    (void)partition;
    assert_int_equal(code, MR_OK);
    assert_true(held->count < 8);
    held->tags[held->count] = tag;
    held->offsets[held->count] = offset;
    held->times[held->count++] = time_ms;
}

static void a_takeover_that_hears_late_is_fenced_not_stopped(void **state)
{
    struct held held = {0};
    struct flow flow;
    struct oc *oc = &flow.nodes[0].oc;

    (void)state;
    flow_setup(&flow, 5);
    flow_start(&flow, 0);
    (void)oc_take_pass(oc);
    assert_int_equal(oc->shards[0].state, OC_SHARD_TAKING);
    oc->bus->on_sent = hold;
    oc->bus->owner = &held;
    (void)mr_bus_poll(oc->bus);
    assert_int_equal(held.count, 2);
    flow.paused[0] = true;
    flow_start(&flow, 1);
    flow_passes(&flow, 6000);
    assert_int_equal(flow.nodes[1].oc.shards[0].state, OC_SHARD_LIVE);
    oc->bus->on_sent = oc_send_report;
    oc->bus->owner = oc;
    for (int i = 0; i < held.count; i++)
        oc_send_report(oc, held.tags[i], MR_OK, i, held.offsets[i], held.times[i]);
    flow.paused[0] = false;
    flow_passes(&flow, 3000);
    flow_kill(&flow, 1);
    flow_passes(&flow, 10000);
    for (int s = 0; s < 2; s++)
        assert_int_equal(oc->shards[s].state, OC_SHARD_LIVE);
    flow_teardown(&flow);
}

static void a_cut_off_log_is_noticed_whichever_look_fails(void **state)
{
    struct flow flow;

    (void)state;
    for (uint64_t n = 1; n < 60; n++) {
        uint32_t shard;

        flow_setup(&flow, 6);
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", flow_one_task, "{}");
        assert_true(flow_run(&flow, "job-1", 20000));
        shard = mr_shard_of("job-1", 5, 2);
        for (int i = 0; i < 3; i++)
            produce_event(&flow, &(struct mr_event){.kind = MR_EVENT_REDRIVE, .job = "job-1"});
        mr_sim_broker_truncate(flow.broker, "millrace.log", (int32_t)shard, 1000);
        flow.world.fail_at = flow.world.calls + n;
        for (int i = 0; i < 600 && flow.nodes[0].oc.shards[shard].state != OC_SHARD_STOPPED; i++)
            flow_pass(&flow);
        assert_int_equal(flow.nodes[0].oc.shards[shard].state, OC_SHARD_STOPPED);
        flow_submit(&flow, job_of(&flow, 1 - shard, 0), flow_one_task, "{}");
        assert_true(flow_run(&flow, job_of(&flow, 1 - shard, 0), 20000));
        flow_teardown(&flow);
    }
}

/* ---- what a job remembers -----------------------------------------------------------------------
 */

static void a_long_cause_in_any_language_comes_back_from_redis(void **state)
{
    char cause[1024];
    struct flow flow;

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(cause, 'a', shift);
        for (size_t at = shift; at + 4 < sizeof cause; at += 4)
            memcpy(cause + at, "\xf0\x9f\x90\x88", 5);
        flow_setup(&flow, 7);
        flow.worker_fails = 1;
        flow.cause = cause;
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", flow_retry, "{}");
        flow_passes(&flow, 500);
        assert_int_equal(flow.tasks_seen, 1);
        flow_kill(&flow, 0);
        flow_start(&flow, 1);
        assert_true(flow_run(&flow, "job-1", 30000));
        assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
        flow_teardown(&flow);
    }
}

static void a_row_does_not_grow_with_every_output(void **state)
{
    static const char loop[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
        "\"ResultPath\":null,\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":[{"
        "\"Variable\":\"$.stop\",\"IsPresent\":true,\"Next\":\"C\"}],\"Default\":\"A\"},"
        "\"C\":{\"Type\":\"Succeed\"}}}";
    struct flow flow;

    (void)state;
    flow_setup(&flow, 8);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", loop, "{\"outputs\":{\"o\":{\"key\":\"out/1\"}}}");
    for (int i = 0; i < 10000 && flow.tasks_seen < 150; i++)
        flow_pass(&flow);
    assert_int_equal(flow.tasks_seen, 150);
    assert_string_not_equal(flow_row(&flow, "job-1", "output:1/o"), "");
    assert_string_equal(flow_row(&flow, "job-1", "output:241/o"), "");
    flow_teardown(&flow);
}

/* ---- timers and the scanner ---------------------------------------------------------------------
 */

static void a_stale_timer_event_takes_no_timer_away(void **state)
{
    struct flow flow;
    int64_t start;

    (void)state;
    flow_setup(&flow, 9);
    flow_start(&flow, 0);
    start = flow.world.now_ms;
    flow_submit(&flow, "job-1", flow_wait, "{}");
    flow_passes(&flow, 500);
    produce_event(&flow, &(struct mr_event){.kind = MR_EVENT_TIMER,
                                            .job = "job-1",
                                            .seq = 1,
                                            .attempt = 1,
                                            .timer = ASL_TIMER_WAIT,
                                            .due_ms = 1});
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_true(flow.world.now_ms - start < 8000); /* not by the scanner, 20 s later */
    flow_teardown(&flow);
}

static int log_length(struct flow *flow, uint32_t shard)
{
    struct mr_log *log = mr_log_open(flow->bus, "millrace.log", NULL);
    int64_t first, end;

    assert_non_null(log);
    assert_int_equal(mr_log_bounds(log, (int32_t)shard, &first, &end, NULL), MR_OK);
    mr_log_free(log);
    return (int)(end - first);
}

static int64_t fast_ms(struct mr_clock *clock)
{
    struct mr_sim_clock *sim = (struct mr_sim_clock *)clock;

    return sim->world->now_ms + 4000;
}

static void a_clock_ahead_of_the_broker_does_not_flood_the_log(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup_shards(&flow, 10, 1);
    flow.clock.clock.wall_ms = fast_ms;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_wait, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_true(log_length(&flow, 0) < 20);
    flow_teardown(&flow);
}

static void a_late_task_is_sent_again_once_a_period_not_with_every_look(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 11);
    flow.worker_off = true;
    flow.config.scan_ms = 1000;
    flow.config.task_resend_ms = 10000;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    flow_passes(&flow, 35000);
    flow.worker_off = false;
    flow_passes(&flow, 500);
    assert_in_range(flow.tasks_seen, 3, 4); /* at 0, 10, 20 and 30 s */
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    flow_teardown(&flow);
}

/* ---- admission ----------------------------------------------------------------------------------
 */

static void garbage_as_large_as_the_bus_takes_holds_nobody_up(void **state)
{
    struct flow flow;
    char *large = malloc(MR_BUS_MESSAGE_MAX + 1);

    (void)state;
    assert_non_null(large);
    memset(large, 'x', MR_BUS_MESSAGE_MAX);
    large[MR_BUS_MESSAGE_MAX] = '\0';
    flow_setup(&flow, 12);
    flow_start(&flow, 0);
    flow_produce(&flow, "millrace.jobs", "p", large);
    flow_produce(&flow, "millrace.results", "p", large);
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_passes(&flow, 500);
    assert_int_equal(flow.letters, 2);
    assert_int_equal(oc_admit_pending(&flow.nodes[0].oc), 0);
    flow_teardown(&flow);
    free(large);
}

static void put_workflow(struct flow *flow, const char *name, int n)
{
    char definition[256], text[512], key[64], sum[65];

    (void)snprintf(definition, sizeof definition,
                   "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":%d,"
                   "\"End\":true}}}",
                   n);
    (void)snprintf(sum, sizeof sum, "%064d", n);
    (void)snprintf(text, sizeof text, "{\"v\":1,\"def\":\"%s\",\"definition\":%s,\"created_ms\":1}",
                   sum, definition);
    (void)snprintf(key, sizeof key, "workflow/%s", name);
    flow_produce(flow, "millrace.config", key, text);
}

static void submit_named(struct flow *flow, const char *id, const char *workflow)
{
    char text[256];

    (void)snprintf(text, sizeof text, "{\"id\":\"%s\",\"workflow\":\"%s\"}", id, workflow);
    flow_produce(flow, "millrace.jobs", id, text);
}

static void a_name_never_means_what_it_meant_before(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 13);
    for (int i = 1; i <= 300; i++)
        put_workflow(&flow, "thumbs", i);
    flow_start(&flow, 0);
    submit_named(&flow, "at-start", "thumbs");
    assert_true(flow_run(&flow, "at-start", 20000));
    assert_string_equal(flow_row(&flow, "at-start", "output"), "300");
    mr_sim_redis_flushall(flow.redis);
    for (int i = 0; i < 300; i++) { /* while the config is copied again */
        char id[32];

        (void)snprintf(id, sizeof id, "f-%d", i);
        submit_named(&flow, id, "thumbs");
        flow_pass(&flow);
    }
    flow_passes(&flow, 3000);
    for (int i = 0; i < 300; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "f-%d", i);
        assert_string_equal(flow_row(&flow, id, "output"), "300");
    }
    flow_teardown(&flow);
}

static void a_job_runs_the_version_that_it_asked_for(void **state)
{
    static const struct {
        const char *id, *workflow, *output;
    } jobs[] = {{"newest", "thumbs", "3"},
                {"first", "thumbs:1", "1"},
                {"live", "thumbs:live", "2"},
                {"old", "plain", "7"},
                {"old-1", "plain:1", "7"}};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 18);
    put_workflow(&flow, "thumbs:1", 1);
    put_workflow(&flow, "thumbs:2", 2);
    put_workflow(&flow, "thumbs", 3);
    put_workflow(&flow, "plain", 7); /* from before there were versions */
    flow_produce(&flow, "millrace.config", "workflow/thumbs:live",
                 "{\"v\":1,\"routes\":[{\"version\":2,\"weight\":100}]}");
    flow_produce(&flow, "millrace.config", "workflow/thumbs:odd",
                 "{\"v\":1,\"routes\":[{\"version\":9,\"weight\":100}]}");
    flow_start(&flow, 0);
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++)
        submit_named(&flow, jobs[i].id, jobs[i].workflow);
    submit_named(&flow, "odd", "thumbs:odd");
    submit_named(&flow, "none", "thumbs:9");
    flow_passes(&flow, 5000);
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        assert_string_equal(flow_row(&flow, jobs[i].id, "output"), jobs[i].output);
        assert_null(strchr(flow_row(&flow, jobs[i].id, "workflow"), ':'));
    }
    assert_int_equal(flow.letters, 2);
    flow_teardown(&flow);
}

static void a_workflow_that_cannot_be_parsed_does_not_poison_a_shard(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 14);
    flow_produce(&flow, "millrace.config", "workflow/bad",
                 "{\"v\":1,\"def\":"
                 "\"0000000000000000000000000000000000000000000000000000000000000000\","
                 "\"definition\":{\"StartAt\":\"nowhere\",\"States\":{}},\"created_ms\":1}");
    flow_start(&flow, 0);
    for (int i = 0; i < 4; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "b-%d", i);
        submit_named(&flow, id, "bad");
    }
    submit_many(&flow, "a", 10, flow_one_task);
    flow_passes(&flow, 3000);
    assert_int_equal(count_of(&flow, "a", 10, "SUCCEEDED"), 10);
    assert_int_equal(flow.letters, 4);
    flow_teardown(&flow);
}

static void a_name_is_asked_for_whichever_call_fails(void **state)
{
    struct flow flow;

    (void)state;
    for (uint64_t n = 1; n < 30; n++) {
        flow_setup(&flow, 15);
        flow_start(&flow, 0);
        flow_passes(&flow, 500);
        submit_named(&flow, "u", "nobody");
        flow.world.fail_at = flow.world.calls + n;
        flow_passes(&flow, 5000);
        assert_int_equal(oc_admit_pending(&flow.nodes[0].oc), 0);
        assert_true(flow.letters >= 1);
        flow_teardown(&flow);
    }
}

/* ---- relay --------------------------------------------------------------------------------------
 */

static const char flow_bad_class[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:bad.x\","
    "\"End\":true}}}";

static void a_class_whose_topic_cannot_be_made_is_asked_for_now_and_then(void **state)
{
    const struct mr_topic_spec wrong = {"millrace.tasks.bad", 1, true, -1};
    struct flow flow;
    uint64_t quiet, noisy;

    (void)state;
    flow_setup(&flow, 16);
    assert_int_equal(mr_bus_ensure(flow.bus, &wrong, 1, NULL), MR_OK);
    flow_start(&flow, 0);
    flow_passes(&flow, 1000);
    quiet = flow.world.calls;
    flow_passes(&flow, 2000);
    quiet = flow.world.calls - quiet;
    flow_submit(&flow, "bad", flow_bad_class, "{}");
    flow_passes(&flow, 1000);
    noisy = flow.world.calls;
    flow_passes(&flow, 2000);
    noisy = flow.world.calls - noisy;
    assert_true(noisy < quiet + 20); /* each of them may block for long */
    flow_submit(&flow, "good", flow_one_task, "{}");
    assert_true(flow_run(&flow, "good", 20000));
    flow_teardown(&flow);
}

static const struct mr_bus_ops *real_ops;

static enum mr_code refuses_tasks(struct mr_bus *bus, const char *topic, int32_t partition,
                                  const char *key, size_t key_len, const char *value,
                                  size_t value_len, void *tag, struct mr_error *err)
{
    if (strstr(topic, ".tasks."))
        return mr_fail(err, MR_TOO_LARGE, "the broker's topic is smaller");
    return real_ops->send(bus, topic, partition, key, key_len, value, value_len, tag, err);
}

static void a_task_too_large_for_its_topic_fails_and_does_not_wait(void **state)
{
    struct mr_bus_ops small;
    struct flow flow;

    (void)state;
    flow_setup(&flow, 17);
    flow_start(&flow, 0);
    real_ops = flow.nodes[0].bus->ops;
    small = *real_ops;
    small.send = refuses_tasks;
    flow.nodes[0].bus->ops = &small;
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 10000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.DataLimitExceeded");
    flow_passes(&flow, 500);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

#define MAP_OF_LABEL(INNER)                                                                        \
    "{\"Type\":\"Map\",\"Label\":\"one\",\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":"        \
    "\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},\"StartAt\":\"" INNER                         \
    "\",\"States\":{\"" INNER "\":{\"Type\":\"Pass\",\"End\":true}}},"

/* Two Maps of one label: that was no fault once. */
static void a_workflow_that_was_stored_before_a_rule_came_still_runs(void **state)
{
    static const char members[] =
        "\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":"
        "\"$.never\",\"IsPresent\":true,\"Next\":\"A\"}],\"Default\":\"D\"},\"A\":" MAP_OF_LABEL(
            "P") "\"Next\":\"B\"},\"B\":" MAP_OF_LABEL("Q") "\"Next\":\"D\"},\"D\":{\"Type\":"
                                                            "\"Succeed\"}}}";
    char text[1024];
    struct flow flow;

    (void)state;
    flow_setup(&flow, 41);
    (void)snprintf(text, sizeof text, "{%s", members);
    flow_put_workflow(&flow, "twins", text);
    flow_start(&flow, 0);
    submit_named(&flow, "stored", "twins");
    (void)snprintf(text, sizeof text, "{\"Comment\":\"another\",%s", members);
    flow_submit(&flow, "given", text, "{}");
    flow_passes(&flow, 3000);
    assert_string_equal(flow_row(&flow, "stored", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "given", "status"), "");
    assert_int_equal(flow.letters, 1);
    assert_non_null(strstr(flow.last_letter, "label"));
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_submits_in_one_batch_and_once_more_are_one_job_each),
        cmocka_unit_test(answers_to_many_jobs_that_left_memory_are_all_applied),
        cmocka_unit_test(more_shards_than_writes_may_be_under_way_lose_none),
        cmocka_unit_test(a_flush_under_a_busy_shard_forgets_no_job),
        cmocka_unit_test(an_owner_cut_off_from_redis_leaves_the_next_one_in_peace),
        cmocka_unit_test(a_takeover_that_hears_late_is_fenced_not_stopped),
        cmocka_unit_test(a_cut_off_log_is_noticed_whichever_look_fails),
        cmocka_unit_test(a_long_cause_in_any_language_comes_back_from_redis),
        cmocka_unit_test(a_row_does_not_grow_with_every_output),
        cmocka_unit_test(a_stale_timer_event_takes_no_timer_away),
        cmocka_unit_test(a_clock_ahead_of_the_broker_does_not_flood_the_log),
        cmocka_unit_test(a_late_task_is_sent_again_once_a_period_not_with_every_look),
        cmocka_unit_test(garbage_as_large_as_the_bus_takes_holds_nobody_up),
        cmocka_unit_test(a_name_never_means_what_it_meant_before),
        cmocka_unit_test(a_job_runs_the_version_that_it_asked_for),
        cmocka_unit_test(a_workflow_that_cannot_be_parsed_does_not_poison_a_shard),
        cmocka_unit_test(a_workflow_that_was_stored_before_a_rule_came_still_runs),
        cmocka_unit_test(a_name_is_asked_for_whichever_call_fails),
        cmocka_unit_test(a_class_whose_topic_cannot_be_made_is_asked_for_now_and_then),
        cmocka_unit_test(a_task_too_large_for_its_topic_fails_and_does_not_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* fetch_worker_test.c -- in a worker a fetch keeps no slot waiting, each tenant waits behind
 * himself, and cancel, deadline and drain reach what is under way. */
#include "tests/unit/worker/fetcher_kit.h"
#include "tests/unit/worker/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void ask_for(struct stage *stage, const char *job, const char *tenant, const char *url,
                    int timeout_ms)
{
    char input[300];

    (void)snprintf(
        input, sizeof input,
        "{\"source\":{\"url\":\"%s\"},\"outputs\":[{\"name\":\"a\",\"format\":\"jpeg\"}]}", url);
    stage_ask(stage, &(struct stage_task){.type = "image.render",
                                          .job = job,
                                          .tenant = tenant,
                                          .input = input,
                                          .timeout_ms = timeout_ms});
}

static void ask(struct stage *stage, const char *job, const char *path, int timeout_ms)
{
    ask_for(stage, job, "shop", fetcher_url(path), timeout_ms);
}

static void open_stage(struct stage *stage)
{
    stage_open(stage);
    stage->threads = true;
    stage->fetch = &fetcher_kit.config;
    stage->config.slots = 1;
    stage->imaging.source_bytes_max = 2000000;
    stage_start(stage);
}

/* Until the server has heard of it. */
static void until_asked(struct stage *stage)
{
    while (atomic_load(&fetcher_kit.server.requests) < 1)
        stage_turn(stage);
}

static void a_worker_renders_what_lies_at_a_url(void **state)
{
    static struct stage stage;
    char *output;

    (void)state;
    fetcher_kit.config.at_once = 1; /* the server answers one connection after another */
    open_stage(&stage);
    ask(&stage, "job-1", "/picture", 0);
    stage_until(&stage, 1, 0);
    assert_non_null(strstr(stage.answers.texts[0], "\"key\":\"out/job-1/Render.1/a.jpg\""));
    output = stage_fetch(&stage, "out/job-1/Render.1/a.jpg");
    assert_string_equal(output, "a of picture ");
    free(output);
    ask(&stage, "job-2", "/status?404", 0);
    stage_until(&stage, 2, 0);
    assert_non_null(strstr(stage.answers.texts[1], "\"error\":\"Blob.NotFound\""));
    stage_close(&stage);
}

static void a_cancel_and_a_deadline_reach_a_running_fetch(void **state)
{
    static struct stage stage;

    (void)state;
    open_stage(&stage);
    ask(&stage, "job-1", "/silent", 0);
    until_asked(&stage);
    stage_cancel(&stage, "job-1", 1, 1);
    stage_until(&stage, 0, 0);
    assert_int_equal(stage.wk.cancelled, 1);
    ask(&stage, "job-2", "/drops", 150);
    stage_until(&stage, 1, 0);
    assert_non_null(strstr(stage.answers.texts[0], "\"error\":\"Image.Timeout\""));
    ask(&stage, "job-3", "/picture", 0);
    stage_until(&stage, 2, 0);
    assert_non_null(strstr(stage.answers.texts[1], "\"output\":"));
    assert_true(stage_all_released(&stage, "image"));
    stage_close(&stage);
}

/* Others may still be under way. */
static void until_answers(struct stage *stage, size_t count)
{
    for (int i = 0; i < 3000 && stage->answers.count < count; i++)
        stage_turn(stage);
    assert_int_equal(stage->answers.count, count);
}

static void ask_key(struct stage *stage, const char *job)
{
    stage_store(stage, "in/a.jpg", "picture");
    stage_ask(stage, &(struct stage_task){.type = "image.inspect",
                                          .job = job,
                                          .input = "{\"source\":{\"key\":\"in/a.jpg\"}}"});
}

static void a_slow_server_keeps_no_slot_waiting(void **state)
{
    static struct stage stage;
    char job[16];

    (void)state;
    open_stage(&stage); /* one slot, two ahead, two lanes, and: */
    stage.config.fetch_ahead = 4;
    for (int i = 0; i < 6; i++) {
        (void)snprintf(job, sizeof job, "slow-%d", i);
        ask(&stage, job, "/silent", 0);
    }
    for (int i = 0; i < 200 && stage.wk.items.live_count < 6; i++)
        stage_turn(&stage);
    assert_int_equal(stage.wk.items.live_count, 6); /* four apart, and a place is left */
    ask_key(&stage, "quick");
    until_answers(&stage, 1);
    assert_non_null(strstr(stage.answers.texts[0], "quick.1.1."));
    for (int i = 0; i < 6; i++) {
        (void)snprintf(job, sizeof job, "slow-%d", i);
        stage_cancel(&stage, job, 1, 1);
    }
    stage_until(&stage, 1, 0);
    assert_int_equal(stage.wk.cancelled, 6);
    assert_true(stage_all_released(&stage, "image"));
    stage_close(&stage);
}

static void ask_silent(struct stage *stage, const char *job, const struct http_server *silent)
{
    char url[60];

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/silent", silent->port);
    ask_for(stage, job, "shop", url, 0);
}

static void until_fetching(struct stage *stage, int n)
{
    for (int i = 0; i < 3000 && wk_slots_fetching(stage->wk.slots, &stage->wk.classes[0]) < n; i++)
        stage_turn(stage);
    assert_int_equal(wk_slots_fetching(stage->wk.slots, &stage->wk.classes[0]), n);
}

static void a_tenant_of_slow_servers_waits_behind_himself(void **state)
{
    static struct http_server silent[2];
    static struct stage stage;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(http_server_start(&silent[i]), 0);
    (void)snprintf(fetcher_kit.ports, sizeof fetcher_kit.ports, "%d,%d,%d", fetcher_kit.server.port,
                   silent[0].port, silent[1].port);
    open_stage(&stage); /* two lanes */
    stage.config.fetch_ahead = 4;
    ask_silent(&stage, "shop-1", &silent[0]);
    ask_silent(&stage, "shop-2", &silent[1]);
    until_fetching(&stage, 2);
    ask(&stage, "shop-3", "/picture", 0);
    until_fetching(&stage, 3);
    ask_for(&stage, "other-1", "other", fetcher_url("/picture"), 0);
    until_fetching(&stage, 4);
    stage_cancel(&stage, "shop-2", 1, 1); /* a lane is free */
    until_answers(&stage, 2);
    assert_non_null(strstr(stage.answers.texts[0], "other-1.1.1."));
    assert_non_null(strstr(stage.answers.texts[1], "shop-3.1.1."));
    stage_close(&stage);
    for (int i = 0; i < 2; i++)
        http_server_stop(&silent[i]);
}

static void one_that_waits_for_a_lane_can_be_late(void **state)
{
    static struct stage stage;

    (void)state;
    fetcher_kit.config.at_once = 1;
    open_stage(&stage);
    stage.config.fetch_ahead = 4;
    ask(&stage, "job-1", "/silent", 0);
    until_asked(&stage);
    ask(&stage, "job-2", "/picture", 100);
    until_answers(&stage, 1);
    assert_non_null(strstr(stage.answers.texts[0], "job-2.1.1."));
    assert_non_null(strstr(stage.answers.texts[0], "Image.Timeout"));
    assert_non_null(strstr(stage.answers.texts[0], "before its sources were fetched"));
    stage_close(&stage); /* ends what is under way */
}

static void a_drain_finishes_what_is_fetched_and_leaves_the_rest_to_others(void **state)
{
    static struct stage stage;

    (void)state;
    fetcher_kit.config.at_once = 1;
    open_stage(&stage);
    stage.config.drain_ms = 60000;
    ask(&stage, "job-1", "/slow-picture", 0);
    until_asked(&stage);
    ask(&stage, "job-2", "/picture", 0);
    for (int i = 0; i < 200 && stage.wk.items.live_count < 2; i++)
        stage_turn(&stage);
    wk_drain(&stage.wk);
    while (!wk_drained(&stage.wk))
        stage_turn(&stage);
    assert_int_equal(stage.answers.count, 1);
    assert_non_null(strstr(stage.answers.texts[0], "job-1.1.1."));
    assert_non_null(strstr(stage.answers.texts[0], "\"output\":"));
    assert_false(stage_all_released(&stage, "image"));
    stage_close(&stage);
}

static void in_one_thread_it_is_the_same(void **state)
{
    static struct stage stage;

    (void)state;
    stage_open(&stage);
    stage.fetch = &fetcher_kit.config;
    stage_start(&stage);
    ask(&stage, "job-1", "/picture", 0);
    ask_key(&stage, "job-2");
    stage_until(&stage, 2, 0);
    for (int i = 0; i < 2; i++)
        assert_non_null(strstr(stage.answers.texts[i], "\"output\":"));
    assert_true(stage_all_released(&stage, "image"));
    stage_close(&stage);
}

static void where_nothing_is_fetched_a_url_is_refused(void **state)
{
    static struct stage stage;

    (void)state;
    fetcher_kit.config.schemes = WK_FETCH_OFF;
    open_stage(&stage);
    ask(&stage, "job-1", "/picture", 0);
    stage_until(&stage, 1, 0);
    assert_non_null(strstr(stage.answers.texts[0], "\"error\":\"Blob.Denied\""));
    assert_non_null(strstr(stage.answers.texts[0], "/source/url: nothing is fetched here"));
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCHER_CASE(a_worker_renders_what_lies_at_a_url),
        FETCHER_CASE(a_cancel_and_a_deadline_reach_a_running_fetch),
        FETCHER_CASE(a_slow_server_keeps_no_slot_waiting),
        FETCHER_CASE(a_tenant_of_slow_servers_waits_behind_himself),
        FETCHER_CASE(one_that_waits_for_a_lane_can_be_late),
        FETCHER_CASE(a_drain_finishes_what_is_fetched_and_leaves_the_rest_to_others),
        FETCHER_CASE(in_one_thread_it_is_the_same),
        FETCHER_CASE(where_nothing_is_fetched_a_url_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

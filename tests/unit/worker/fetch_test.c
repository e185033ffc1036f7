/* fetch_test.c -- sources by URL: what is fetched, what is refused, and by which name a workflow
 * hears of it; with the real client and a server that answers well and badly, and by the script of
 * the twin. */
#include "common/ports/clock.h"
#include "common/sim/sim.h"
#include "tests/unit/http/http_server.h"
#include "tests/unit/worker/stage.h"
#include "worker/fetch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct http_server server;
static char ports[32], hosts[64], here[32] = "127.0.0.1", nowhere[1];
static struct wk_fetch_config config;
static struct wk_fetcher *fetcher;
static struct wk_fault fault;
static struct mr_buf bytes;
static struct mr_error err;

static int open_all(void **state)
{
    (void)state;
    if (http_server_start(&server))
        return -1;
    server.picture = "picture";
    server.picture_len = 7;
    (void)snprintf(ports, sizeof ports, "80,443,%d", server.port);
    config = (struct wk_fetch_config){.schemes = WK_FETCH_HTTP,
                                      .ports = ports,
                                      .hosts = nowhere,
                                      .private_hosts = here,
                                      .ca_file = nowhere,
                                      .at_once = 2,
                                      .redirects_max = 3,
                                      .connect_ms = 5000,
                                      .timeout_ms = 30000,
                                      .rate_min = 1000,
                                      .rate_ms = 10000,
                                      .memory = 1 << 30};
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    wk_fetcher_free(fetcher);
    fetcher = NULL;
    mr_buf_release(&bytes);
    http_server_stop(&server);
    return 0;
}

static enum mr_code fetch_url(const char *url, int64_t bytes_max, const atomic_bool *stop)
{
    const struct mr_recipe_source source = {.url = url, .at = "/ops/0/layers/1/source"};

    if (!fetcher && wk_fetcher_new(&config, &fetcher, &err))
        fail_msg("%s", err.text);
    mr_buf_release(&bytes);
    fault = (struct wk_fault){0};
    return wk_fetcher_get(fetcher, &source, bytes_max, stop, &bytes, &fault);
}

static const char *url_of(const char *path)
{
    static char urls[2][11000];
    static int next;
    char *url = urls[next++ % 2];

    (void)snprintf(url, sizeof urls[0], "http://127.0.0.1:%d%s", server.port, path);
    return url;
}

static enum mr_code fetch_path(const char *path)
{
    return fetch_url(url_of(path), 1000, NULL);
}

static void comes(enum mr_code rc, const char *text)
{
    if (rc)
        fail_msg("%s: %s", fault.name, fault.cause);
    assert_int_equal(bytes.len, strlen(text));
    if (bytes.len)
        assert_memory_equal(bytes.data, text, bytes.len);
}

static void fails(enum mr_code rc, const char *name, const char *cause)
{
    if (rc == MR_OK || strcmp(fault.name, name) != 0 || !strstr(fault.cause, cause))
        fail_msg("%s: %s\n  wanted %s: %s", rc ? fault.name : "success", fault.cause, name, cause);
    assert_null(bytes.data);
    assert_non_null(strstr(fault.cause, "/ops/0/layers/1/source/url: "));
    const bool passes = strcmp(name, "Blob.Unavailable") == 0;
    assert_int_equal(fault.retriable, passes);
}

/* ---- what a worker holds of them
 * ------------------------------------------------------------------ */

static void what_all_tasks_hold_is_bounded_and_given_back(void **state)
{
    static struct wk_fetch_room room = {.bytes_max = 10};
    (void)state;
    comes(fetch_path("/chunked"), "hello"); /* there is a fetcher now */
    wk_fetcher_share(fetcher, &room);
    comes(fetch_path("/picture"), "picture");
    assert_int_equal(atomic_load(&room.held), 7);
    fails(fetch_path("/picture"), "Blob.Unavailable", "the 10 bytes that there are for them");
    assert_int_equal(atomic_load(&room.held), 7);
    wk_fetch_room_give(&room, 7);
    comes(fetch_path("/picture"), "picture");
    assert_int_equal(fetch_path("/missing") == MR_OK, false);
    assert_int_equal(atomic_load(&room.held), 7); /* of the one before */
}

static void one_task_takes_half_of_it_at_most(void **state)
{
    static struct wk_fetch_room room = {.bytes_max = 20};
    const char *first = url_of("/picture"); /* the next but one is in its place */
    const struct mr_recipe_source sources[] = {
        {.url = first, .at = "/source"},
        {.url = url_of("/picture?again"), .at = "/ops/0/layers/1/source"}};
    struct wk_parcels parcels = {0};
    (void)state;
    comes(fetch_url(first, 1000, NULL), "picture"); /* there is a fetcher now */
    wk_fetcher_share(fetcher, &room);
    assert_int_equal(wk_parcels_want(&parcels, sources, 2), MR_BUSY);
    mr_buf_release(&bytes);
    fails(wk_parcels_fetch(&parcels, fetcher, 1000, NULL, &fault), "Image.TooLarge",
          "more than 10 bytes, half of WORKER_FETCH_MEMORY");
    assert_int_equal(atomic_load(&room.held), 7);
    assert_non_null(wk_parcels_find(&parcels, sources[0].url));
    wk_parcels_release(&parcels);
    assert_int_equal(atomic_load(&room.held), 0);
}

/* ---- what comes ------------------------------------------------------------------------------ */

static void a_source_comes_as_it_lies_there(void **state)
{
    (void)state;
    comes(fetch_path("/picture"), "picture");
    comes(fetch_path("/chunked"), "hello");
    comes(fetch_path("/interim"), "hello");
    assert_int_equal(atomic_load(&server.connections), 1); /* and the connection is kept */
}

static void nothing_is_said_of_us_but_our_name(void **state)
{
    (void)state;
    assert_int_equal(fetch_path("/echo?sig=abc"), MR_OK);
    mr_buf_add_char(&bytes, '\0');
    assert_non_null(strstr(bytes.data, "GET /echo?sig=abc HTTP/1.1\r\n"));
    assert_non_null(strstr(bytes.data, "User-Agent: millrace/"));
    assert_non_null(strstr(bytes.data, "Accept-Encoding: identity\r\n"));
    assert_null(strstr(bytes.data, "Cookie"));
    assert_null(strstr(bytes.data, "Referer"));
    assert_null(strstr(bytes.data, "Authorization"));
    comes(fetch_path("/picture"), "picture");
    assert_int_equal(fetch_path("/cookie"), MR_OK); /* sets one, and redirects to /echo */
    mr_buf_add_char(&bytes, '\0');
    assert_null(strstr(bytes.data, "Cookie"));
    assert_null(strstr(bytes.data, "Referer"));
}

static void a_redirect_is_followed_so_far(void **state)
{
    char two[10100], three[10200], four[10300];
    (void)state;
    comes(fetch_path("/redirect"), "hello");
    comes(fetch_path("/dir/near"), "hello");
    (void)snprintf(two, sizeof two, "/to?%s", url_of("/redirect"));
    comes(fetch_path(two), "hello");
    (void)snprintf(three, sizeof three, "/to?%s", two);
    comes(fetch_path(three), "hello");
    (void)snprintf(four, sizeof four, "/to?%s", three);
    fails(fetch_path(four), "Blob.Denied", "more than 3 redirects (WORKER_FETCH_REDIRECTS)");
    fails(fetch_path("/loop"), "Blob.Denied", "more than 3 redirects");
    fails(fetch_path("/nowhere"), "Blob.Denied", "302 without a Location");
}

static void a_redirect_is_checked_as_the_url_was(void **state)
{
    static const struct {
        const char *location, *cause;
    } cases[] = {
        {"http://169.254.169.254/latest/meta-data/", "not of the public internet"},
        {"http://[::1]/", "not of the public internet"},
        {"http://10.0.0.1/", "not of the public internet"},
        {"http://0.0.0.0/", "not of the public internet"},
        {"http://[::ffff:10.0.0.1]/", "not of the public internet"},
        {"http://167772161/", "not of the public internet"}, /* 10.0.0.1 */
        {"http://012.0.0.1/", "not of the public internet"},
        {"http://127.0.0.1:6379/", "port 6379 is not one of WORKER_FETCH_PORTS"},
        {"ftp://127.0.0.1/", "redirect is refused"},
        {"file:///etc/passwd", "redirect is refused"},
        {"http://me:secret@127.0.0.1/", "redirect is refused"},
    };
    char path[200];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)snprintf(path, sizeof path, "/to?%s", cases[i].location);
        fails(fetch_path(path), "Blob.Denied", cases[i].cause);
        assert_null(strstr(fault.cause, "secret"));
    }
}

/* ---- what may not be asked ------------------------------------------------------------------- */

static void this_machine_is_not_reached_unless_it_is_listed(void **state)
{
    static const char *const names[] = {"127.0.0.1",          "localhost",  "[::1]",
                                        "[::ffff:127.0.0.1]", "2130706433", "0177.1",
                                        "0x7f000001"};
    char url[100];
    (void)state;
    config.private_hosts = nowhere;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(url, sizeof url, "http://%s:%d/picture", names[i], server.port);
        fails(fetch_url(url, 1000, NULL), "Blob.Denied", "WORKER_FETCH_PRIVATE does not list it");
    }
    assert_int_equal(atomic_load(&server.connections), 0);
}

static void what_an_operator_turned_off_is_off(void **state)
{
    (void)state;
    config.schemes = WK_FETCH_OFF;
    fails(fetch_path("/picture"), "Blob.Denied", "WORKER_FETCH is off");
    config.schemes = WK_FETCH_HTTPS;
    fails(fetch_path("/picture"), "Blob.Denied", "only https");
    config.schemes = WK_FETCH_HTTP;
    comes(fetch_path("/picture"), "picture");
    wk_fetcher_free(fetcher);
    fetcher = NULL;
    config.hosts = hosts;
    (void)snprintf(hosts, sizeof hosts, "cdn.example,*.img.example,10.0.0.0/8");
    fails(fetch_path("/picture"), "Blob.Denied", "WORKER_FETCH_HOSTS does not list its host");
    wk_fetcher_free(fetcher);
    fetcher = NULL;
    (void)snprintf(hosts, sizeof hosts, "127.0.0.0/8");
    comes(fetch_path("/picture"), "picture");
    fails(fetch_path("/to?http://elsewhere.example/"), "Blob.Denied", "WORKER_FETCH_HOSTS");
}

static void a_url_that_is_none_is_the_recipes_fault(void **state)
{
    (void)state;
    fails(fetch_url("http://[::1/", 1000, NULL), "Recipe.Invalid", "url: ");
    fails(fetch_url("http://h:99999/", 1000, NULL), "Recipe.Invalid", "url: ");
}

static void a_list_that_does_not_read_is_named(void **state)
{
    static char bad[] = "80,http", words[] = "10.0.0.1/8";
    (void)state;
    config.ports = bad;
    assert_int_equal(wk_fetcher_new(&config, &fetcher, &err), MR_INVALID);
    assert_non_null(strstr(err.text, "WORKER_FETCH_PORTS: \"http\""));
    config.ports = ports;
    config.hosts = words;
    assert_int_equal(wk_fetcher_new(&config, &fetcher, &err), MR_INVALID);
    assert_non_null(strstr(err.text, "WORKER_FETCH_HOSTS: \"10.0.0.1/8\""));
    config.hosts = nowhere;
    config.private_hosts = words;
    assert_int_equal(wk_fetcher_new(&config, &fetcher, &err), MR_INVALID);
    assert_non_null(strstr(err.text, "WORKER_FETCH_PRIVATE"));
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

static void an_answer_that_is_no_picture_has_a_name(void **state)
{
    static const struct {
        const char *path, *name, *cause;
    } cases[] = {
        {"/status?404", "Blob.NotFound", "answered 404"},
        {"/status?410", "Blob.NotFound", "answered 410"},
        {"/status?400", "Blob.Denied", "answered 400"},
        {"/status?401", "Blob.Denied", "answered 401"},
        {"/status?403", "Blob.Denied", "answered 403"},
        {"/status?451", "Blob.Denied", "answered 451"},
        {"/status?304", "Blob.Denied", "answered 304"},
        {"/status?408", "Blob.Unavailable", "answered 408"},
        {"/status?429", "Blob.Unavailable", "answered 429"},
        {"/status?500", "Blob.Unavailable", "answered 500"},
        {"/status?503", "Blob.Unavailable", "answered 503"},
        {"/status?206", "Blob.Unavailable", "answered 206"},
        {"/short", "Blob.Unavailable", "/short: "},
        {"/broken-chunk", "Blob.Unavailable", "/broken-chunk: "},
        {"/nothing", "Blob.Unavailable", "/nothing: "},
        {"/no-http", "Blob.Unavailable", "/no-http: "},
        {"/gzip", "Image.Unsupported", "content-encoding gzip"},
        {"/huge", "Image.TooLarge", "longer than 1000 bytes, the limit of a source"},
        {"/endless", "Image.TooLarge", "WORKER_SOURCE_BYTES_MAX"},
        {"/big-headers", "Blob.Denied", "its headers exceed 65536 bytes"},
        {"/long-header", "Blob.Denied", "its headers exceed 65536 bytes"},
        {"/refuse-without-end", "Blob.NotFound", "answered 404"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        fails(fetch_path(cases[i].path), cases[i].name, cases[i].cause);
    comes(fetch_path("/picture"), "picture"); /* and the next one is none the worse */
}

static void a_secret_of_the_query_stays_in_it(void **state)
{
    (void)state;
    fails(fetch_path("/missing?X-Amz-Signature=s3cret"), "Blob.NotFound", "/missing: answered 404");
    assert_null(strstr(fault.cause, "s3cret"));
    fails(fetch_path("/to?http://10.0.0.1/a?token=s3cret"), "Blob.Denied", "http://10.0.0.1/a: ");
    assert_null(strstr(fault.cause, "s3cret"));
}

static void a_server_that_is_not_there_may_come_back(void **state)
{
    const int port = server.port;
    char url[60];
    (void)state;
    http_server_stop(&server);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/a", port);
    fails(fetch_url(url, 1000, NULL), "Blob.Unavailable", "/a: ");
    assert_int_equal(http_server_start(&server), 0); /* for the teardown */
}

static void a_slow_server_is_given_up(void **state)
{
    (void)state;
    config.rate_ms = 300;
    fails(fetch_url(url_of("/drops"), 2000000, NULL), "Blob.Unavailable", "slower than 1000 bytes");
    fails(fetch_path("/silent"), "Blob.Unavailable", "slower than 1000 bytes");
    config.rate_min = 0;
    config.timeout_ms = 300;
    fails(fetch_url(url_of("/drops"), 2000000, NULL), "Blob.Unavailable", "timed out");
    fails(fetch_url(url_of("/endless"), INT64_MAX, NULL), "Blob.Unavailable", "timed out");
}

static void *stop_soon(void *ctx)
{
    const struct timespec nap = {.tv_nsec = 100 * 1000000};
    nanosleep(&nap, NULL);
    atomic_store((atomic_bool *)ctx, true);
    return NULL;
}

static void a_stop_ends_a_fetch(void **state)
{
    static const char *const paths[] = {"/silent", "/drops", "/endless", "/loop"};
    (void)state;
    config.redirects_max = INT64_MAX;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        atomic_bool stop = false;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
        assert_int_equal(fetch_url(url_of(paths[i]), INT64_MAX, &stop), MR_CANCELLED);
        pthread_join(thread, NULL);
        assert_null(bytes.data);
    }
}

/* ---- by the twin ------------------------------------------------------------------------------
 */

static void every_failing_call_is_heard_of_and_can_be_repeated(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 301, .headers = "location: /moved\n"},
        {.status = 200, .body = "picture"},
    };
    (void)state;
    for (uint64_t fail_at = 1; fail_at <= 3; fail_at++) {
        struct mr_sim_world world = {.seed = 1, .fail_at = fail_at, .fault = MR_SIM_AFTER};
        struct mr_http *http = mr_http_sim_new(&world, answers, 2, &err);

        assert_int_equal(wk_fetcher_new_take(&config, http, &fetcher, &err), MR_OK);
        if (fail_at <= 2)
            fails(fetch_url("http://h.example/a?b=c", 1000, NULL), "Blob.Unavailable", "as told");
        else
            comes(fetch_url("http://h.example/a?b=c", 1000, NULL), "picture");
        if (fail_at == 3)
            assert_string_equal(mr_http_sim_seen(http, 1),
                                "GET http://h.example/moved\nAccept-Encoding: identity\n\n");
        wk_fetcher_free(fetcher);
        fetcher = NULL;
    }
}

static void a_redirect_does_not_leave_https(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 302, .headers = "location: http://h.example/b\n"}, {.status = 200, .body = "x"}};
    struct mr_sim_world world = {.seed = 1};
    struct mr_http *http = mr_http_sim_new(&world, answers, 2, &err);

    (void)state;
    assert_int_equal(wk_fetcher_new_take(&config, http, &fetcher, &err), MR_OK);
    fails(fetch_url("https://h.example/a", 1000, NULL), "Blob.Denied", "leaves https");
    assert_int_equal(world.calls, 1);
}

/* ---- through a worker -------------------------------------------------------------------------
 */

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
    ask_for(stage, job, "shop", url_of(path), timeout_ms);
}

static void open_stage(struct stage *stage)
{
    stage_open(stage);
    stage->threads = true;
    stage->fetch = &config;
    stage->config.slots = 1;
    stage->imaging.source_bytes_max = 2000000;
    stage_start(stage);
}

static void a_worker_renders_what_lies_at_a_url(void **state)
{
    static struct stage stage;
    char *output;

    (void)state;
    config.at_once = 1; /* the server answers one connection after another */
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
    while (atomic_load(&server.requests) < 1)
        stage_turn(&stage);
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
    (void)snprintf(ports, sizeof ports, "%d,%d,%d", server.port, silent[0].port, silent[1].port);
    open_stage(&stage); /* two lanes */
    stage.config.fetch_ahead = 4;
    ask_silent(&stage, "shop-1", &silent[0]);
    ask_silent(&stage, "shop-2", &silent[1]);
    until_fetching(&stage, 2);
    ask(&stage, "shop-3", "/picture", 0);
    until_fetching(&stage, 3);
    ask_for(&stage, "other-1", "other", url_of("/picture"), 0);
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
    config.at_once = 1;
    open_stage(&stage);
    stage.config.fetch_ahead = 4;
    ask(&stage, "job-1", "/silent", 0);
    while (atomic_load(&server.requests) < 1)
        stage_turn(&stage);
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
    config.at_once = 1;
    open_stage(&stage);
    stage.config.drain_ms = 60000;
    ask(&stage, "job-1", "/slow-picture", 0);
    while (atomic_load(&server.requests) < 1)
        stage_turn(&stage);
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
    stage.fetch = &config;
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
    config.schemes = WK_FETCH_OFF;
    open_stage(&stage);
    ask(&stage, "job-1", "/picture", 0);
    stage_until(&stage, 1, 0);
    assert_non_null(strstr(stage.answers.texts[0], "\"error\":\"Blob.Denied\""));
    assert_non_null(strstr(stage.answers.texts[0], "/source/url: nothing is fetched here"));
    stage_close(&stage);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(a_source_comes_as_it_lies_there),
        CASE(what_all_tasks_hold_is_bounded_and_given_back),
        CASE(one_task_takes_half_of_it_at_most),
        CASE(nothing_is_said_of_us_but_our_name),
        CASE(a_redirect_is_followed_so_far),
        CASE(a_redirect_is_checked_as_the_url_was),
        CASE(this_machine_is_not_reached_unless_it_is_listed),
        CASE(what_an_operator_turned_off_is_off),
        CASE(a_url_that_is_none_is_the_recipes_fault),
        CASE(a_list_that_does_not_read_is_named),
        CASE(an_answer_that_is_no_picture_has_a_name),
        CASE(a_secret_of_the_query_stays_in_it),
        CASE(a_server_that_is_not_there_may_come_back),
        CASE(a_slow_server_is_given_up),
        CASE(a_stop_ends_a_fetch),
        CASE(every_failing_call_is_heard_of_and_can_be_repeated),
        CASE(a_redirect_does_not_leave_https),
        CASE(a_worker_renders_what_lies_at_a_url),
        CASE(a_cancel_and_a_deadline_reach_a_running_fetch),
        CASE(a_slow_server_keeps_no_slot_waiting),
        CASE(a_tenant_of_slow_servers_waits_behind_himself),
        CASE(one_that_waits_for_a_lane_can_be_late),
        CASE(a_drain_finishes_what_is_fetched_and_leaves_the_rest_to_others),
        CASE(in_one_thread_it_is_the_same),
        CASE(where_nothing_is_fetched_a_url_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

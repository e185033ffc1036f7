/* routes_test.c -- what each route promises, on twins of queue, Redis and storage. */
#include "common/base/json.h"
#include "common/model/message.h"
#include "gateway/ids.h"
#include "tests/unit/gateway/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECIPE                                                                                     \
    "{\"source\":{\"key\":\"in/default/"                                                           \
    "a.jpg\"},\"outputs\":[{\"name\":\"small\",\"format\":\"jpeg\","                               \
    "\"ops\":[{\"op\":\"resize\",\"width\":10}]}]}"
#define MACHINE "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}"
#define OTHER   "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Succeed\"}}}"
#define THIRD   "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Succeed\"}}}"

static int count_of(struct fixture *fx, const char *topic)
{
    cJSON *list = messages_of(fx, topic);
    int n = cJSON_GetArraySize(list);

    cJSON_Delete(list);
    return n;
}

/* ---- submit
 * ---------------------------------------------------------------------------------------------- */

static void a_job_is_accepted_when_the_queue_has_it_and_found_at_once(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct response response = ask(fx, "POST", "/v1/jobs", ADMIN, "{\"recipe\":" RECIPE "}");
    cJSON *answer, *list;
    char target[100];
    char *last;

    (void)state;
    assert_int_equal(response.status, 202);
    answer = json_of(&response);
    response_release(&response);
    assert_int_equal(strlen(text_of(answer, "id")), GW_ID_LEN);
    assert_string_equal(text_of(answer, "status"), "ACCEPTED");
    list = messages_of(fx, "millrace.jobs");
    assert_int_equal(cJSON_GetArraySize(list), 1);
    assert_string_equal(text_of(list->child, "id"), text_of(answer, "id"));
    assert_string_equal(text_of(list->child, "tenant"), "default");
    (void)snprintf(target, sizeof(target), "/v1/jobs/%s", text_of(answer, "id"));
    assert_int_equal(ask_status(fx, "GET", target, ADMIN, NULL), 200); /* no row is there yet */
    last = &target[strlen(target) - 1]; /* another id, still of the alphabet */
    *last = *last == '0' ? '1' : '0';
    assert_int_equal(ask_status(fx, "GET", target, ADMIN, NULL), 404);
    cJSON_Delete(list);
    cJSON_Delete(answer);
    fixture_free(fx);
}

static void a_job_is_not_accepted_when_the_queue_does_not_confirm(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    int refused = 0;

    (void)state;
    for (uint64_t n = 1; n <= 6; n++) { /* whichever port call of the request fails */
        int status;
        fx->world.fail_at = fx->world.calls + n;
        fx->world.fault = MR_SIM_BEFORE;
        status = ask_status(fx, "POST", "/v1/jobs", ADMIN, "{\"recipe\":" RECIPE "}");
        fx->world.fail_at = 0;
        assert_true(status == 202 || status == 503);
        refused += status == 503;
        fixture_pass(fx, 11000);
    }
    assert_true(refused > 0);
    assert_int_equal(count_of(fx, "millrace.jobs"), 6 - refused);
    fixture_free(fx);
}

static void what_is_wrong_with_a_job_is_told_at_once(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *words;
    } cases[] = {
        {"{", 422, "MR_INVALID"},
        {"[]", 422, ""},
        {"{}", 422, "exactly one of"},
        {"{\"recipe\":" RECIPE ",\"workflow\":\"x\"}", 422, "exactly one of"},
        {"{\"recipe\":{\"source\":{\"key\":\"a\"},\"outputs\":[]}}", 422, "recipe"},
        {"{\"workflow\":\"nothing\"}", 404, "no workflow nothing"},
        {"{\"definition\":{\"StartAt\":\"A\",\"States\":{}}}", 422, "errors"},
        {"{\"definition\":" MACHINE ",\"priority\":1}", 422, "priority"},
        {"{\"id\":\"a/b\",\"definition\":" MACHINE "}", 422, "\"pointer\":\"/id\""},
        {"{\"tenant\":\"other\",\"definition\":" MACHINE "}", 403, "/tenant"},
        {"{\"recipe\":{\"source\":{\"key\":\"in/other/a.jpg\"},\"outputs\":[{\"name\":\"s\","
         "\"format\":\"jpeg\"}]}}",
         403, "another tenant"},
    };
    struct fixture *fx = fixture_new(NULL, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct response response = ask(fx, "POST", "/v1/jobs", ADMIN, cases[i].body);
        if (response.status != cases[i].status || !strstr(response.body, cases[i].words))
            fail_msg("%s: %d %s", cases[i].body, response.status, response.body);
        assert_non_null(strstr(response.head, "application/problem+json"));
        response_release(&response);
    }
    assert_int_equal(count_of(fx, "millrace.jobs"), 0);
    fixture_free(fx);
}

static void an_input_over_its_limit_is_413(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct mr_buf body = {0};

    (void)state;
    (void)mr_buf_add_str(&body, "{\"definition\":" MACHINE ",\"input\":\"");
    for (int i = 0; i < 262144; i++)
        (void)mr_buf_add_char(&body, 'x');
    (void)mr_buf_add_str(&body, "\"}");
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, body.data), 413);
    mr_buf_release(&body);
    fixture_free(fx);
}

static void the_same_idempotency_key_gives_the_same_id(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    static const char headers[] = ADMIN "Idempotency-Key: order-7\r\n";
    struct response one = ask(fx, "POST", "/v1/jobs", headers, "{\"definition\":" MACHINE "}");
    struct response two = ask(fx, "POST", "/v1/jobs", headers, "{\"definition\":" MACHINE "}");
    struct response other = ask(fx, "POST", "/v1/jobs", ADMIN "Idempotency-Key: order-8\r\n",
                                "{\"definition\":" MACHINE "}");

    (void)state;
    assert_int_equal(one.status, 202);
    assert_int_equal(two.status, 202);
    assert_string_equal(one.body, two.body);
    assert_string_not_equal(one.body, other.body);
    assert_int_equal(
        ask_status(fx, "POST", "/v1/jobs", headers, "{\"id\":\"x\",\"definition\":" MACHINE "}"),
        422);
    response_release(&one);
    response_release(&two);
    response_release(&other);
    fixture_free(fx);
}

/* The sum that admit would keep of the one job in the queue. */
static void admit_first(struct fixture *fx, const char *id)
{
    struct mr_buf text = {0}, canonical = {0};
    cJSON *list = messages_of(fx, "millrace.jobs");
    char sum[65];
    struct mr_job job;
    struct mr_error err;

    assert_int_equal(mr_json_print(list->child, &text), MR_OK);
    assert_int_equal(mr_job_parse(text.data, text.len, &job, &err), MR_OK);
    assert_int_equal(mr_job_canonical(&job, &canonical), MR_OK);
    mr_sha256_hex(canonical.data, canonical.len, sum);
    put_row(fx, id, 1700000000000,
            (const char *const[]){"status", "RUNNING", "tenant", "default", "sum", sum, NULL});
    mr_job_release(&job);
    mr_buf_release(&text);
    mr_buf_release(&canonical);
    cJSON_Delete(list);
}

static void the_same_id_is_the_same_job_or_a_conflict(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    static const char body[] =
        "{\"id\":\"order-7\",\"definition\":" MACHINE ",\"input\":{\"a\":1}}";
    struct response response;

    (void)state;
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, body), 202);
    admit_first(fx, "order-7");
    response = ask(fx, "POST", "/v1/jobs", ADMIN, body);
    assert_int_equal(response.status, 202);
    assert_non_null(strstr(response.body, "RUNNING"));
    response_release(&response);
    assert_int_equal(count_of(fx, "millrace.jobs"), 1); /* it was not sent again */
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN,
                                "{\"id\":\"order-7\",\"definition\":" MACHINE
                                ",\"input\":{\"a\":2}}"),
                     409);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", key_for(fx, "shop", "\"submit\""), body),
                     409);
    fixture_free(fx);
}

/* ---- jobs
 * ---------------------------------------------------------------------------------------------------
 */

static void a_job_is_shown_to_its_tenant_alone(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct response response;
    cJSON *root;

    (void)state;
    put_row(fx, "j1", 1700000000123,
            (const char *const[]){"status", "SUCCEEDED", "tenant", "shop", "workflow", "thumbs",
                                  "created", "1700000000123", "ended", "1700000001000",
                                  "steps_done", "2", "output", "{\"n\":1}", "error", "", NULL});
    response = ask(fx, "GET", "/v1/jobs/j1", key_for(fx, "shop", "\"read\""), NULL);
    assert_int_equal(response.status, 200);
    root = json_of(&response);
    assert_string_equal(text_of(root, "status"), "SUCCEEDED");
    assert_string_equal(text_of(root, "created"), "2023-11-14T22:13:20.123Z");
    assert_int_equal(mr_json_get(root, "steps_done")->valueint, 2);
    assert_int_equal(mr_json_get(mr_json_get(root, "output"), "n")->valueint, 1);
    assert_null(mr_json_get(root, "error"));
    cJSON_Delete(root);
    response_release(&response);
    const char *const paths[] = {"/v1/jobs/j1", "/v1/jobs/j1/outputs", "/v1/jobs/j1/outputs/x",
                                 "/v1/jobs/j1/history"};
    for (size_t i = 0; i < 4; i++) /* of another tenant, even an admin's: as if it were not there */
        assert_int_equal(ask_status(fx, "GET", paths[i], ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs/j1/cancel", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs/j1/redrive", ADMIN, NULL), 404);
    fixture_free(fx);
}

static void a_list_pages_newest_first_and_only_through_ones_own(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    char key[200], target[120] = "/v1/jobs?limit=7";
    int seen = 0, pages = 0;
    int64_t last = INT64_MAX;

    (void)state;
    (void)snprintf(key, sizeof(key), "%s", key_for(fx, "shop", "\"read\""));
    for (int i = 0; i < 60; i++) {
        char id[20], created[24];
        (void)snprintf(id, sizeof(id), "job-%d", i);
        (void)snprintf(created, sizeof(created), "%d", 1000 + i / 2); /* two of each millisecond */
        put_row(fx, id, 1000 + i / 2,
                (const char *const[]){"status", "RUNNING", "tenant", i % 3 ? "shop" : "default",
                                      "created", created, NULL});
    }
    while (target[0] && pages < 40) {
        struct response response = ask(fx, "GET", target, key, NULL);
        cJSON *root = json_of(&response), *item;
        assert_int_equal(response.status, 200);
        cJSON_ArrayForEach(item, mr_json_get(root, "jobs"))
        {
            int number = atoi(text_of(item, "id") + 4);
            assert_int_not_equal(number % 3, 0);
            assert_true(1000 + number / 2 <= last);
            last = 1000 + number / 2;
            seen++;
        }
        (void)snprintf(target, sizeof(target), "%s", text_of(root, "next"));
        cJSON_Delete(root);
        response_release(&response);
        pages++;
    }
    assert_int_equal(seen, 40);
    assert_true(pages > 3);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs?limit=0", ADMIN, NULL), 422);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs?limit=101", ADMIN, NULL), 422);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs?state=OPEN", ADMIN, NULL), 422);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs?status=NEW", ADMIN, NULL), 422);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs?status=FAILED", ADMIN, NULL), 200);
    fixture_free(fx);
}

static void cancel_and_redrive_go_to_the_shards_log_when_the_job_allows_it(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    cJSON *list;

    (void)state;
    put_row(fx, "open", 1000,
            (const char *const[]){"status", "RUNNING", "tenant", "default", NULL});
    put_row(fx, "failed", 1000,
            (const char *const[]){"status", "FAILED", "tenant", "default", NULL});
    assert_int_equal(
        ask_status(fx, "POST", "/v1/jobs/open/cancel", ADMIN, "{\"cause\":\"no longer wanted\"}"),
        202);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs/failed/cancel", ADMIN, NULL), 409);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs/open/redrive", ADMIN, NULL), 409);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs/open/cancel", ADMIN, "{\"why\":1}"), 422);
    list = messages_of(fx, "millrace.log");
    assert_int_equal(cJSON_GetArraySize(list), 1);
    assert_string_equal(text_of(list->child, "k"), "cancel");
    assert_string_equal(text_of(list->child, "job"), "open");
    assert_string_equal(text_of(list->child, "cause"), "no longer wanted");
    cJSON_Delete(list);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs/failed/redrive", ADMIN, NULL), 202);
    assert_int_equal(count_of(fx, "millrace.log"), 2);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs/nothing/cancel", ADMIN, NULL), 404);
    fixture_free(fx);
}

static void a_redrive_may_bring_a_definition_that_has_the_failed_states(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    const char *path = "/v1/jobs/failed/redrive";
    struct response response;
    cJSON *list;

    (void)state;
    put_row(fx, "failed", 1000,
            (const char *const[]){"status", "FAILED", "tenant", "default", "state", "B", NULL});
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs", ADMIN, OTHER), 201);
    response = ask(fx, "POST", path, ADMIN, "{\"definition\":" THIRD "}");
    assert_int_equal(response.status, 422);
    assert_non_null(strstr(response.body, "no state \\\"B\\\""));
    response_release(&response);
    assert_int_equal(ask_status(fx, "POST", path, ADMIN, "{\"definition\":{\"StartAt\":1}}"), 422);
    assert_int_equal(ask_status(fx, "POST", path, ADMIN, "{\"definition\":7}"), 422);
    assert_int_equal(ask_status(fx, "POST", path, ADMIN, "{\"workflow\":\"thumbs:2\"}"), 404);
    assert_int_equal(count_of(fx, "millrace.log"), 0);
    assert_int_equal(ask_status(fx, "POST", path, ADMIN, "{\"definition\":" OTHER "}"), 202);
    assert_int_equal(ask_status(fx, "POST", path, ADMIN, "{\"workflow\":\"thumbs:1\"}"), 202);
    list = messages_of(fx, "millrace.log");
    assert_int_equal(cJSON_GetArraySize(list), 2);
    assert_string_equal(text_of(list->child, "def"), text_of(list->child->next, "def"));
    assert_non_null(mr_json_get(list->child->next, "definition"));
    cJSON_Delete(list);
    fixture_free(fx);
}

static void redis_that_does_not_answer_is_503_and_is_not_asked_for_a_moment(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    int status = 0;

    (void)state;
    put_row(fx, "j", 1000, (const char *const[]){"status", "RUNNING", "tenant", "default", NULL});
    for (int i = 0; i < 6 && status != 503; i++) { /* some calls are the queue's polls */
        fx->world.fail_at = fx->world.calls + 1 + (uint64_t)i;
        status = ask_status(fx, "GET", "/v1/jobs/j", ADMIN, NULL);
    }
    fx->world.fail_at = 0;
    assert_int_equal(status, 503);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/j", ADMIN, NULL), 503);
    assert_int_equal(ask_status(fx, "GET", "/readyz", NULL, NULL), 503);
    assert_int_equal(ask_status(fx, "GET", "/healthz", NULL, NULL), 200);
    fixture_pass(fx, 3000);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/j", ADMIN, NULL), 200);
    assert_int_equal(ask_status(fx, "GET", "/readyz", NULL, NULL), 200);
    fixture_free(fx);
}

/* ---- workflows and keys
 * ---------------------------------------------------------------------------------------- */

static void a_workflow_is_kept_shown_used_and_removed(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct mr_buf copy = {0};
    struct response response;
    struct mr_error err;
    cJSON *root;

    (void)state;
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs", ADMIN, MACHINE), 201);
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs", ADMIN, MACHINE), 200);
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/.x", ADMIN, MACHINE), 422);
    response = ask(fx, "PUT", "/v1/workflows/bad", ADMIN, "{\"StartAt\":\"B\",\"States\":{}}");
    assert_int_equal(response.status, 422);
    root = json_of(&response);
    assert_true(cJSON_GetArraySize(mr_json_get(root, "errors")) > 0);
    cJSON_Delete(root);
    response_release(&response);
    response = ask(fx, "GET", "/v1/workflows/thumbs", ADMIN, NULL);
    assert_non_null(strstr(response.body, "\"definition\":" MACHINE));
    response_release(&response);
    response = ask(fx, "GET", "/v1/workflows", ADMIN, NULL);
    assert_non_null(strstr(response.body, "\"name\":\"thumbs\""));
    response_release(&response);
    assert_int_equal(mr_store_config_get(fx->store, "workflow/thumbs", &copy, &err), MR_OK);
    mr_buf_release(&copy);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, "{\"workflow\":\"thumbs\"}"), 202);
    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs", ADMIN, NULL), 204);
    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "GET", "/v1/workflows/thumbs", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, "{\"workflow\":\"thumbs\"}"), 404);
    fixture_free(fx);
}

static void assert_says(struct fixture *fx, const char *target, const char *words)
{
    struct response response = ask(fx, "GET", target, ADMIN, NULL);

    if (!strstr(response.body, words))
        fail_msg("%s: '%s' is not in %s", target, words, response.body);
    response_release(&response);
}

static void every_put_is_a_version_and_aliases_lead_to_versions(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    const char *w = "/v1/workflows/thumbs";
    struct response response;

    (void)state;
    assert_int_equal(ask_status(fx, "PUT", w, ADMIN, MACHINE), 201);
    assert_int_equal(ask_status(fx, "PUT", w, ADMIN, OTHER), 200);
    response = ask(fx, "PUT", w, ADMIN, OTHER); /* the same again is no new version */
    assert_non_null(strstr(response.body, "\"version\":2"));
    response_release(&response);
    assert_says(fx, w, "\"definition\":" OTHER);
    assert_says(fx, "/v1/workflows/thumbs:1", "\"definition\":" MACHINE);
    assert_says(fx, "/v1/workflows/thumbs:2", "\"definition\":" OTHER);
    assert_int_equal(ask_status(fx, "GET", "/v1/workflows/thumbs:3", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs:7", ADMIN, OTHER), 422);
    assert_says(fx, "/v1/workflows", "\"name\":\"thumbs\",\"version\":2");

    assert_int_equal(
        ask_status(fx, "PUT", "/v1/workflows/thumbs/aliases/live", ADMIN, "{\"version\":9}"), 404);
    assert_int_equal(
        ask_status(fx, "PUT", "/v1/workflows/thumbs/aliases/9", ADMIN, "{\"version\":1}"), 422);
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs/aliases/live", ADMIN,
                                "{\"routes\":[{\"version\":1,\"weight\":60}]}"),
                     422);
    assert_int_equal(
        ask_status(fx, "PUT", "/v1/workflows/thumbs/aliases/live", ADMIN, "{\"version\":1}"), 201);
    assert_says(fx, "/v1/workflows/thumbs:live", "\"definition\":" MACHINE);
    assert_says(fx, "/v1/workflows/thumbs/versions",
                "\"aliases\":[{\"alias\":\"live\",\"routes\":[{\"version\":1,\"weight\":100}]}]");
    assert_says(fx, "/v1/workflows/thumbs/versions", "\"versions\":[{\"version\":2,");
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, "{\"workflow\":\"thumbs:live\"}"),
                     202);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, "{\"workflow\":\"thumbs:1\"}"), 202);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, "{\"workflow\":\"thumbs:4\"}"), 404);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, "{\"workflow\":\"thumbs:\"}"), 422);

    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs/versions/1", ADMIN, NULL), 409);
    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs/versions/2", ADMIN, NULL), 409);
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs/aliases/live", ADMIN,
                                "{\"routes\":[{\"version\":2,\"weight\":100}]}"),
                     200);
    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs/versions/1", ADMIN, NULL), 204);
    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs/versions/1", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "PUT", w, ADMIN, THIRD), 200); /* no number is used again */
    assert_says(fx, w, "\"version\":3");
    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs/aliases/live", ADMIN, NULL),
                     204);
    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs/aliases/live", ADMIN, NULL),
                     404);
    assert_int_equal(ask_status(fx, "DELETE", w, ADMIN, NULL), 204);
    assert_int_equal(ask_status(fx, "GET", "/v1/workflows/thumbs:2", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "GET", "/v1/workflows/thumbs/versions", ADMIN, NULL), 404);
    fixture_free(fx);
}

static void one_state_is_tested_without_a_job(void **state)
{
    static const char body[] = "{\"definition\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\","
                               "\"ResultPath\":\"$.r\",\"Next\":"
                               "\"N\"},\"input\":{\"a\":1},\"mock\":{\"result\":\"2\"}}";
    struct fixture *fx = fixture_new(NULL, NULL);
    struct response response;

    (void)state;
    response = ask(fx, "POST", "/v1/test-state", ADMIN, body);
    if (response.status != 200)
        fail_msg("%d %s", response.status, response.body);
    assert_non_null(strstr(response.body, "\"output\":{\"a\":1,\"r\":2}"));
    assert_non_null(strstr(response.body, "\"nextState\":\"N\""));
    response_release(&response);
    response = ask(fx, "POST", "/v1/test-state", ADMIN, "{\"definition\":{\"Type\":\"Map\"}}");
    assert_int_equal(response.status, 422);
    assert_non_null(strstr(response.body, "InvalidDefinition"));
    response_release(&response);
    assert_int_equal(ask_status(fx, "POST", "/v1/test-state", ADMIN, "{\"input\":1}"), 422);
    assert_int_equal(ask_status(fx, "POST", "/v1/test-state", ADMIN, "[]"), 422);
    assert_int_equal(ask_status(fx, "POST", "/v1/test-state", NULL, body), 401);
    fixture_free(fx);
}

static void redis_gets_its_copy_again_after_flushall(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct mr_buf copy = {0};
    struct mr_error err;

    (void)state;
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs", ADMIN, MACHINE), 201);
    (void)key_for(fx, "shop", "\"read\"");
    mr_sim_redis_flushall(fx->redis);
    assert_int_equal(mr_store_config_get(fx->store, "workflow/thumbs", &copy, &err), MR_NOT_FOUND);
    fixture_pass(fx, 5000);
    assert_int_equal(mr_store_config_get(fx->store, "workflow/thumbs", &copy, &err), MR_OK);
    mr_buf_release(&copy);
    fixture_free(fx);
}

static void another_gateway_learns_of_keys_and_workflows_from_the_topic(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    const struct gw_ports ports = fx->app.ports;
    char key[200];
    struct mr_error err;

    (void)state;
    (void)snprintf(key, sizeof(key), "%s", key_for(fx, "shop", "\"read\""));
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs", ADMIN, MACHINE), 201);
    gw_app_teardown(&fx->app); /* a restart: all it knew is gone */
    assert_int_equal(gw_app_setup(&fx->app, &fx->config, &fx->cluster, &ports, &err), MR_OK);
    fixture_pass(fx, 500);
    assert_int_equal(ask_status(fx, "GET", "/v1/workflows/thumbs", key, NULL), 200);
    fixture_free(fx);
}

static void a_key_opens_what_its_scopes_say_and_nothing_when_deleted(void **state)
{
    static const struct {
        const char *scope, *method, *target, *body;
    } cases[] = {
        {"submit", "POST", "/v1/jobs", "{\"definition\":" MACHINE "}"},
        {"submit", "POST", "/v1/uploads", "x"},
        {"submit", "POST", "/v1/jobs/x/cancel", NULL},
        {"read", "GET", "/v1/jobs", NULL},
        {"read", "GET", "/v1/workflows", NULL},
        {"write", "PUT", "/v1/workflows/w", MACHINE},
        {"write", "DELETE", "/v1/workflows/w", NULL},
        {"admin", "GET", "/v1/keys", NULL},
        {"admin", "POST", "/v1/keys", "{\"scopes\":[\"read\"]}"},
    };
    static const char *const scopes[] = {"submit", "read", "write", "admin"};
    struct fixture *fx = fixture_new(NULL, NULL);
    struct response response;
    cJSON *root, *item;
    char id[80] = "", target[100];

    (void)state;
    for (size_t s = 0; s < 4; s++) {
        char key[200], word[20];
        (void)snprintf(word, sizeof(word), "\"%s\"", scopes[s]);
        (void)snprintf(key, sizeof(key), "%s", key_for(fx, "shop", word));
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            int status = ask_status(fx, cases[i].method, cases[i].target, key, cases[i].body);
            bool may = strcmp(cases[i].scope, scopes[s]) == 0;
            if ((status == 403) == may || status == 401)
                fail_msg("%s with %s: %d", cases[i].target, scopes[s], status);
        }
        assert_int_equal(ask_status(fx, "POST", "/v1/validate", key, MACHINE), 200);
    }
    response = ask(fx, "GET", "/v1/keys", ADMIN, NULL);
    assert_null(strstr(response.body, "mrk_")); /* a key's text is shown once only */
    root = json_of(&response);
    cJSON_ArrayForEach(
        item,
        mr_json_get(
            root,
            "keys")) if (strstr(cJSON_GetArrayItem(mr_json_get(item, "scopes"), 0)->valuestring,
                                "read"))(void) snprintf(id, sizeof(id), "%s", text_of(item, "id"));
    cJSON_Delete(root);
    response_release(&response);
    char key[200];
    (void)snprintf(key, sizeof(key), "%s", key_for(fx, "shop", "\"read\""));
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs", key, NULL), 200);
    mr_sha256_hex(key + 22, strlen(key) - 24,
                  id); /* behind "Authorization: Bearer ", before CRLF */
    (void)snprintf(target, sizeof(target), "/v1/keys/%s", id);
    assert_int_equal(ask_status(fx, "DELETE", target, ADMIN, NULL), 204);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs", key, NULL), 401);
    assert_int_equal(ask_status(fx, "DELETE", target, ADMIN, NULL), 404);
    fixture_free(fx);
}

static void without_a_known_key_everything_but_health_is_401(void **state)
{
    const char *const changes[] = {"GATEWAY_ADMIN_KEY", "", NULL};
    struct fixture *fx = fixture_new(changes, NULL);
    struct response response = ask(fx, "GET", "/v1/jobs", NULL, NULL);

    (void)state;
    assert_int_equal(response.status, 401);
    assert_non_null(strstr(response.head, "WWW-Authenticate: Bearer"));
    response_release(&response);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs", "Authorization: Bearer root\r\n", NULL),
                     401);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs", "Authorization: Bearer \r\n", NULL), 401);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs", "Authorization: Basic eDp5\r\n", NULL), 401);
    assert_int_equal(ask_status(fx, "GET", "/healthz", NULL, NULL), 200);
    assert_int_equal(ask_status(fx, "GET", "/readyz", NULL, NULL), 200);
    assert_int_equal(ask_status(fx, "GET", "/metrics", NULL, NULL), 200);
    fixture_free(fx);
}

static void validate_tells_what_is_wrong_and_changes_nothing(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct response response = ask(fx, "POST", "/v1/validate", ADMIN, "{\"StartAt\":\"A\"}");

    (void)state;
    assert_int_equal(response.status, 200);
    assert_non_null(strstr(response.body, "\"result\":\"FAIL\""));
    response_release(&response);
    response = ask(fx, "POST", "/v1/validate", ADMIN, MACHINE);
    assert_non_null(strstr(response.body, "\"result\":\"OK\""));
    response_release(&response);
    assert_int_equal(count_of(fx, "millrace.config"), 0);
    fixture_free(fx);
}

/* ---- history
 * -----------------------------------------------------------------------------------------------------
 */

static void a_history_is_cut_from_the_log(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct mr_event submit = {.kind = MR_EVENT_SUBMIT,
                              .job = "h1",
                              .tenant = "default",
                              .def = "",
                              .workflow = "",
                              .nonce = "00112233445566778899aabbccddeeff",
                              .sum = "s",
                              .from = "t/0/0",
                              .engine = 1};
    uint32_t shard = mr_shard_of("h1", 2, (uint32_t)fx->cluster.shards);
    struct mr_buf text = {0};
    struct mr_error err;
    struct response response;
    cJSON *definition = cJSON_Parse(MACHINE), *root, *events;

    (void)state;
    submit.definition = definition;
    submit.def = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_int_equal(mr_event_print(&submit, &text), MR_OK);
    assert_int_equal(mr_bus_send(fx->other, "millrace.log", (int32_t)shard, "h1", 2, text.data,
                                 text.len, NULL, &err),
                     MR_OK);
    assert_int_equal(mr_bus_flush(fx->other, 1000, &err), MR_OK);
    put_row(fx, "h1", 1000,
            (const char *const[]){"status", "SUCCEEDED", "tenant", "default", "log_first", "0",
                                  "log_last", "0", NULL});
    response = ask(fx, "GET", "/v1/jobs/h1/history", ADMIN, NULL);
    if (response.status != 200)
        fail_msg("%d %s", response.status, response.body);
    root = json_of(&response);
    events = mr_json_get(root, "events");
    assert_int_equal(cJSON_GetArraySize(events), 4);
    assert_string_equal(text_of(cJSON_GetArrayItem(events, 0), "type"), "ExecutionStarted");
    assert_string_equal(text_of(cJSON_GetArrayItem(events, 1), "type"), "PassStateEntered");
    assert_string_equal(text_of(cJSON_GetArrayItem(events, 2), "type"), "PassStateExited");
    assert_string_equal(text_of(cJSON_GetArrayItem(events, 3), "type"), "ExecutionSucceeded");
    assert_true(cJSON_IsFalse(mr_json_get(root, "truncated")));
    assert_null(mr_json_get(root, "next"));
    cJSON_Delete(root);
    response_release(&response);
    response = ask(fx, "GET", "/v1/jobs/h1/history?after=2", ADMIN, NULL);
    assert_null(strstr(response.body, "PassStateEntered"));
    assert_non_null(strstr(response.body, "{\"id\":3,\"previousEventId\":2,"));
    response_release(&response);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/h1/history?after=x", ADMIN, NULL), 422);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/h1/history?before=1", ADMIN, NULL), 422);
    mr_sim_broker_truncate(fx->broker, "millrace.log", (int32_t)shard, 1);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/h1/history", ADMIN, NULL), 410);
    cJSON_Delete(definition);
    mr_buf_release(&text);
    fixture_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_accepted_when_the_queue_has_it_and_found_at_once),
        cmocka_unit_test(a_job_is_not_accepted_when_the_queue_does_not_confirm),
        cmocka_unit_test(what_is_wrong_with_a_job_is_told_at_once),
        cmocka_unit_test(an_input_over_its_limit_is_413),
        cmocka_unit_test(the_same_idempotency_key_gives_the_same_id),
        cmocka_unit_test(the_same_id_is_the_same_job_or_a_conflict),
        cmocka_unit_test(a_job_is_shown_to_its_tenant_alone),
        cmocka_unit_test(a_list_pages_newest_first_and_only_through_ones_own),
        cmocka_unit_test(cancel_and_redrive_go_to_the_shards_log_when_the_job_allows_it),
        cmocka_unit_test(a_redrive_may_bring_a_definition_that_has_the_failed_states),
        cmocka_unit_test(redis_that_does_not_answer_is_503_and_is_not_asked_for_a_moment),
        cmocka_unit_test(a_workflow_is_kept_shown_used_and_removed),
        cmocka_unit_test(every_put_is_a_version_and_aliases_lead_to_versions),
        cmocka_unit_test(one_state_is_tested_without_a_job),
        cmocka_unit_test(redis_gets_its_copy_again_after_flushall),
        cmocka_unit_test(another_gateway_learns_of_keys_and_workflows_from_the_topic),
        cmocka_unit_test(a_key_opens_what_its_scopes_say_and_nothing_when_deleted),
        cmocka_unit_test(without_a_known_key_everything_but_health_is_401),
        cmocka_unit_test(validate_tells_what_is_wrong_and_changes_nothing),
        cmocka_unit_test(a_history_is_cut_from_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* jobs_test.c -- a job is shown, listed, cancelled and redriven by its own tenant and by nobody
 * else. */
#include "common/base/json.h"
#include "tests/unit/gateway/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
    assert_int_equal(messages_count(fx, "millrace.log"), 2);
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
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs", ADMIN, OTHER_MACHINE), 201);
    response = ask(fx, "POST", path, ADMIN, "{\"definition\":" THIRD_MACHINE "}");
    assert_int_equal(response.status, 422);
    assert_non_null(strstr(response.body, "no state \\\"B\\\""));
    response_release(&response);
    assert_int_equal(ask_status(fx, "POST", path, ADMIN, "{\"definition\":{\"StartAt\":1}}"), 422);
    assert_int_equal(ask_status(fx, "POST", path, ADMIN, "{\"definition\":7}"), 422);
    assert_int_equal(ask_status(fx, "POST", path, ADMIN, "{\"workflow\":\"thumbs:2\"}"), 404);
    assert_int_equal(messages_count(fx, "millrace.log"), 0);
    assert_int_equal(ask_status(fx, "POST", path, ADMIN, "{\"definition\":" OTHER_MACHINE "}"),
                     202);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_shown_to_its_tenant_alone),
        cmocka_unit_test(a_list_pages_newest_first_and_only_through_ones_own),
        cmocka_unit_test(cancel_and_redrive_go_to_the_shards_log_when_the_job_allows_it),
        cmocka_unit_test(a_redrive_may_bring_a_definition_that_has_the_failed_states),
        cmocka_unit_test(redis_that_does_not_answer_is_503_and_is_not_asked_for_a_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

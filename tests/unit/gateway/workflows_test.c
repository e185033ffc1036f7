/* workflows_test.c -- a workflow is kept by its name, each other one that is put is a version of
 * it, and aliases lead to versions. */
#include "common/base/json.h"
#include "tests/unit/gateway/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_says(struct fixture *fx, const char *target, const char *words)
{
    struct response response = ask(fx, "GET", target, ADMIN, NULL);

    if (!strstr(response.body, words))
        fail_msg("%s: '%s' is not in %s", target, words, response.body);
    response_release(&response);
}

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
    assert_says(fx, "/v1/workflows/thumbs", "\"definition\":" MACHINE);
    assert_says(fx, "/v1/workflows", "\"name\":\"thumbs\"");
    assert_int_equal(mr_store_config_get(fx->store, "workflow/thumbs", &copy, &err), MR_OK);
    mr_buf_release(&copy);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, "{\"workflow\":\"thumbs\"}"), 202);
    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs", ADMIN, NULL), 204);
    assert_int_equal(ask_status(fx, "DELETE", "/v1/workflows/thumbs", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "GET", "/v1/workflows/thumbs", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN, "{\"workflow\":\"thumbs\"}"), 404);
    fixture_free(fx);
}

static void every_put_is_a_version_and_aliases_lead_to_versions(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    const char *w = "/v1/workflows/thumbs";
    struct response response;

    (void)state;
    assert_int_equal(ask_status(fx, "PUT", w, ADMIN, MACHINE), 201);
    assert_int_equal(ask_status(fx, "PUT", w, ADMIN, OTHER_MACHINE), 200);
    response = ask(fx, "PUT", w, ADMIN, OTHER_MACHINE); /* the same again is no new version */
    assert_non_null(strstr(response.body, "\"version\":2"));
    response_release(&response);
    assert_says(fx, w, "\"definition\":" OTHER_MACHINE);
    assert_says(fx, "/v1/workflows/thumbs:1", "\"definition\":" MACHINE);
    assert_says(fx, "/v1/workflows/thumbs:2", "\"definition\":" OTHER_MACHINE);
    assert_int_equal(ask_status(fx, "GET", "/v1/workflows/thumbs:3", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs:7", ADMIN, OTHER_MACHINE), 422);
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
    assert_int_equal(ask_status(fx, "PUT", w, ADMIN, THIRD_MACHINE),
                     200); /* no number is used again */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workflow_is_kept_shown_used_and_removed),
        cmocka_unit_test(every_put_is_a_version_and_aliases_lead_to_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* keys_test.c -- a key opens what its scopes say until it is deleted, and without one all but
 * health is closed. */
#include "common/base/json.h"
#include "tests/unit/gateway/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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
    cJSON_ArrayForEach(item, mr_json_get(root, "keys"))
    {
        if (strstr(cJSON_GetArrayItem(mr_json_get(item, "scopes"), 0)->valuestring, "read"))
            (void)snprintf(id, sizeof(id), "%s", text_of(item, "id"));
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_opens_what_its_scopes_say_and_nothing_when_deleted),
        cmocka_unit_test(without_a_known_key_everything_but_health_is_401),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

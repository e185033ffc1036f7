/* definition_test.c -- a definition is checked, and one of its states tried, without a job. */
#include "tests/unit/gateway/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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
    assert_int_equal(messages_count(fx, "millrace.config"), 0);
    fixture_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_state_is_tested_without_a_job),
        cmocka_unit_test(validate_tells_what_is_wrong_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

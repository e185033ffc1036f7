/* history_test.c -- what a job has been through is cut from its log, page by page, as long as
 * the log has it. */
#include "common/base/json.h"
#include "common/model/message.h"
#include "tests/unit/gateway/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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
        cmocka_unit_test(a_history_is_cut_from_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

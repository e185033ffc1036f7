/* submit_test.c -- a job is accepted once the queue has it, once however often it is sent, or it
 * is told at once what is wrong with it. */
#include "common/base/json.h"
#include "common/model/message.h"
#include "gateway/ids.h"
#include "tests/unit/gateway/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RECIPE                                                                                     \
    "{\"source\":{\"key\":\"in/default/"                                                           \
    "a.jpg\"},\"outputs\":[{\"name\":\"small\",\"format\":\"jpeg\","                               \
    "\"ops\":[{\"op\":\"resize\",\"width\":10}]}]}"

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
    assert_int_equal(messages_count(fx, "millrace.jobs"), 6 - refused);
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
    assert_int_equal(messages_count(fx, "millrace.jobs"), 0);
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
    assert_int_equal(messages_count(fx, "millrace.jobs"), 1); /* it was not sent again */
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", ADMIN,
                                "{\"id\":\"order-7\",\"definition\":" MACHINE
                                ",\"input\":{\"a\":2}}"),
                     409);
    assert_int_equal(ask_status(fx, "POST", "/v1/jobs", key_for(fx, "shop", "\"submit\""), body),
                     409);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

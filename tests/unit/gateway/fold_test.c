/* fold_test.c -- a job's events folded again for its history: by the rules of its engine, and in
 * the definition that it is in at the time. */
#include "gateway/history.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "orchestrator/asl/step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NONCE       "00112233445566778899aabbccddeeff"
#define HASH(digit) "000000000000000000000000000000000000000000000000000000000000000" digit
#define MAP(states)                                                                                \
    "\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\","    \
    "\"ExecutionType\":\"STANDARD\"},\"StartAt\":\"T\",\"States\":{" states "}},\"End\":true}}}"

static const char first[] = "{\"StartAt\":\"M\",\"States\":{" MAP(
    "\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\",\"End\":true}");
/* Another flow stands before the items' own, and a state behind their task. */
static const char second[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[{\"StartAt\":\"Q\","
    "\"States\":{\"Q\":{\"Type\":\"Succeed\"}}}],\"Next\":\"M\"}," MAP(
        "\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\",\"Next\":\"Then\"},"
        "\"Then\":{\"Type\":\"Succeed\"}");

static enum mr_code definition(void *ctx, const char *def, struct mr_buf *ret, struct mr_error *err)
{
    (void)ctx;
    if (strcmp(def, HASH("1")) == 0)
        return mr_buf_add_str(ret, first);
    if (strcmp(def, HASH("2")) == 0)
        return mr_buf_add_str(ret, second);
    return mr_fail(err, MR_NOT_FOUND, "definition %s", def);
}

static void token_of(const char *job, uint64_t seq, uint32_t attempt, char token[160])
{
    char said[96], mac[33];
    uint8_t sum[MR_SHA256_LEN];
    int len = snprintf(said, sizeof said, "%s.%llu.%u", job, (unsigned long long)seq, attempt);

    mr_hmac_sha256(NONCE, strlen(NONCE), said, (size_t)len, sum);
    mr_hex(sum, 16, mac);
    (void)snprintf(token, 160, "%s.%s", said, mac);
}

static void fold_event(struct gw_fold *fold, const struct mr_event *event)
{
    struct mr_buf text = {0};
    struct mr_msg msg = {.time_ms = 1000};
    struct mr_error err = {0};

    assert_int_equal(mr_event_print(event, &text), MR_OK);
    msg.value = text.data;
    msg.value_len = text.len;
    if (gw_fold_message(fold, &msg, &err))
        fail_msg("%s", err.text);
    mr_buf_release(&text);
}

static void an_items_history_follows_its_maps_definition(void **state)
{
    struct gw_fold fold = {.job = "c1", .definition = definition};
    char task[160], map[160];
    struct mr_event submit = {.kind = MR_EVENT_SUBMIT,
                              .job = "c1",
                              .tenant = "t",
                              .def = HASH("1"),
                              .nonce = NONCE,
                              .sum = HASH("9"),
                              .engine = ASL_ENGINE,
                              .parent = {.token_text = map, .flow = 1, .items = 1}};
    struct mr_event failed = {.kind = MR_EVENT_RESULT, .token_text = task, .error = "E"};
    struct mr_event redrive = {.kind = MR_EVENT_REDRIVE,
                               .job = "c1",
                               .def = HASH("2"),
                               .parent = {.token_text = map, .flow = 2, .items = 1}};
    struct mr_event ok = {.kind = MR_EVENT_RESULT, .token_text = task};
    cJSON *output = cJSON_CreateTrue();

    (void)state;
    token_of("c1", 1, 1, task);
    token_of("parent", 1, 1, map);
    ok.output = output;
    fold_event(&fold, &submit);
    fold_event(&fold, &failed);
    fold_event(&fold, &redrive);
    fold_event(&fold, &redrive); /* told twice */
    token_of("c1", 2, 1, task);
    fold_event(&fold, &ok);
    assert_non_null(strstr(fold.events.data, "ExecutionFailed"));
    assert_non_null(strstr(fold.events.data, "ExecutionRedriven"));
    assert_non_null(strstr(fold.events.data, "\"Then\""));
    assert_non_null(strstr(fold.events.data, "ExecutionSucceeded"));
    gw_fold_release(&fold);
    cJSON_Delete(output);
}

/* The log of a run of the first engine has no timers of long steps, and needs none. */
static void a_long_step_is_folded_by_the_rules_of_its_engine(void **state)
{
    static const char text[] =
        "{\"StartAt\":\"I\",\"States\":{\"I\":{\"Type\":\"Pass\",\"Result\":{\"k\":0},\"Next\":"
        "\"A\"},"
        "\"A\":{\"Type\":\"Pass\",\"Parameters\":{\"k.$\":\"States.MathAdd($.k, "
        "1)\"},\"Next\":\"B\"},"
        "\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.k\",\"NumericEquals\":700,"
        "\"Next\":\"Z\"}],\"Default\":\"A\"},\"Z\":{\"Type\":\"Succeed\"}}}";
    const struct mr_event go_on = {
        .kind = MR_EVENT_TIMER, .job = "j1", .seq = 1000, .timer = 'g', .due_ms = 1000};

    (void)state;
    for (int engine = 1; engine <= ASL_ENGINE; engine++) {
        struct gw_fold fold = {.job = "j1", .definition = definition};
        cJSON *json = cJSON_Parse(text);
        struct mr_event submit = {.kind = MR_EVENT_SUBMIT,
                                  .job = "j1",
                                  .tenant = "t",
                                  .def = HASH("3"),
                                  .definition = json,
                                  .nonce = NONCE,
                                  .sum = HASH("9"),
                                  .engine = engine};

        fold_event(&fold, &submit);
        assert_int_equal(strstr(fold.events.data, "ExecutionSucceeded") != NULL, engine == 1);
        fold_event(&fold, &go_on);
        assert_non_null(strstr(fold.events.data, "ExecutionSucceeded"));
        gw_fold_release(&fold);
        cJSON_Delete(json);
    }
}

/* A child whose Name is its identity ends with a task that has started it, and with no other. */
static void a_cancel_counts_if_its_task_has_started_the_job(void **state)
{
    static const char text[] =
        "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\","
        "\"End\":true}}}";
    struct gw_fold fold = {.job = "n1", .definition = definition};
    cJSON *json = cJSON_Parse(text);
    char tokens[3][160];
    struct mr_event submit = {.kind = MR_EVENT_SUBMIT,
                              .job = "n1",
                              .tenant = "t",
                              .name = "night",
                              .def = HASH("3"),
                              .definition = json,
                              .nonce = NONCE,
                              .sum = HASH("9"),
                              .engine = 3};
    struct mr_event cancel = {.kind = MR_EVENT_CANCEL, .job = "n1"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        char job[8];

        (void)snprintf(job, sizeof job, "p%d", i);
        token_of(job, 1, 1, tokens[i]);
    }
    submit.parent = (struct mr_parent){
        .token_text = tokens[0], .items = 1, .want = MR_WANT_SYNC, .named = true};
    fold_event(&fold, &submit);
    submit.parent.token_text = tokens[1];
    submit.sum = HASH("8"); /* another input: it was refused */
    fold_event(&fold, &submit);
    cancel.parent = submit.parent;
    fold_event(&fold, &cancel);
    assert_null(strstr(fold.events.data, "ExecutionAborted"));
    submit.parent.token_text = tokens[2];
    submit.sum = HASH("9");
    fold_event(&fold, &submit);
    cancel.parent = submit.parent;
    fold_event(&fold, &cancel);
    assert_non_null(strstr(fold.events.data, "ExecutionAborted"));
    gw_fold_release(&fold);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_items_history_follows_its_maps_definition),
        cmocka_unit_test(a_cancel_counts_if_its_task_has_started_the_job),
        cmocka_unit_test(a_long_step_is_folded_by_the_rules_of_its_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

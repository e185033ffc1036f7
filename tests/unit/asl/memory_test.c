/* memory_test.c -- memory runs out at the first allocation, the second, the third ...: the step or
 * parse says so, nothing leaks, and the run goes on from its last encoding as if nothing had been.
 */
#include "orchestrator/asl/script.h"
#include "orchestrator/asl/test_state.h"
#include "tests/unit/asl/play.h"

#include <stdlib.h>
#include <string.h>

/* The linker gives these in place of malloc() and its kin (see tests.cmake). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static long left = -1; /* allocations that still succeed; below 0: all do */

static bool refused(void)
{
    if (left < 0)
        return false;
    if (left == 0)
        return true;
    left--;
    return false;
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return refused() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return refused() ? NULL : __real_strdup(text);
}

static void *cjson_malloc(size_t size)
{
    return __wrap_malloc(size);
}

#define TASK(name, rest)                                                                           \
    "\"" name "\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\",\"TimeoutSeconds\":9" rest "}"

static const char definition[] = "{\"TimeoutSeconds\":99,\"StartAt\":\"A\",\"States\":{" TASK(
    "A", ",\"Parameters\":{\"x.$\":\"$.l\",\"c.$\":\"$$.Execution.Id\"},\"ResultSelector\":"
         "{\"r.$\":\"$\"},\"ResultPath\":\"$.a\",\"Retry\":[{\"ErrorEquals\":[\"E\"]}],\"Next\":"
         "\"P\"") ",\"P\":{\"Type\":\"Parallel\",\"ResultPath\":\"$.p\",\"Catch\":[{"
                  "\"ErrorEquals\":[\"States.ALL\"],\"ResultPath\":\"$.e\",\"Next\":\"E\"}],"
                  "\"Branches\":[{\"StartAt\":"
                  "\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemsPath\":\"$.l\","
                  "\"ItemSelector\":{\"v.$\":"
                  "\"$$.Map.Item.Value\"},\"ItemProcessor\":{\"StartAt\":\"B\",\"States\":{" TASK(
                      "B", ",\"End\":true") "}},\"End\":true}}},{\"StartAt\":\"W\",\"States\":{"
                                            "\"W\":{\"Type\":"
                                            "\"Wait\",\"Seconds\":4,\"End\":true}}}],\"Next\":"
                                            "\"E\"},\"E\":{\"Type\":\"Choice\",\"Choices\":[{"
                                            "\"Variable\":\"$.p\",\"IsPresent\":true,\"Next\":"
                                            "\"S\"}],\"Default\":\"S\"},"
                                            "\"S\":{\"Type\":\"Succeed\",\"OutputPath\":\"$.l\"}}}";

static void parse_without_memory(const char *text)
{
    struct mr_error err = {0};
    long n = 0;

    for (;; n++) {
        struct asl_diagnostics diags = {0};
        struct asl_machine *machine = NULL;
        enum mr_code rc;
        left = n;
        rc = asl_machine_parse(text, strlen(text), n % 2 ? &diags : NULL, &machine, &err);
        left = -1;
        asl_machine_unref(machine);
        asl_diagnostics_release(&diags);
        if (rc == MR_OK)
            break;
        assert_int_equal(rc, MR_NO_MEMORY);
    }
    assert_true(n > 30);
}

/* ---- a run -------------------------------------------------------------------------------- */

static const char spread_definition[] =
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemReader\":{\"Resource\":"
    "\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Key.$\":\"$.t\"},\"ReaderConfig\":{"
    "\"InputType\":\"JSON\",\"MaxItems\":9}},\"ItemBatcher\":{\"MaxItemsPerBatch\":2,"
    "\"BatchInput\":{\"l.$\":\"$.l\"}},\"ItemSelector\":{\"v.$\":\"$$.Map.Item.Value\"},"
    "\"ToleratedFailurePercentage\":60,\"Label\":\"L\",\"ItemProcessor\":{\"ProcessorConfig\":{"
    "\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},\"StartAt\":\"I\",\"States\":{"
    "\"I\":{\"Type\":\"Succeed\"}}},\"ResultWriter\":{\"Resource\":"
    "\"arn:aws:states:::s3:putObject\",\"Parameters\":{\"Bucket\":\"b\"},\"WriterConfig\":{"
    "\"OutputType\":\"JSON\"}},\"End\":true}}}";

static const struct asl_event *spread_events(size_t *ret_count)
{
    static struct asl_event list[16];
    static cJSON *input, *page, *answer;
    size_t n = 0;

    if (!input) {
        input = cJSON_Parse("{\"l\":[1,{\"a\":[2]}],\"t\":\"text\"}");
        page = cJSON_Parse("{\"items\":[1,{\"a\":2},\"c\"]}");
        answer = cJSON_Parse("{\"Output\":\"[1]\"}");
    }
    list[n++] = (struct asl_event){.kind = ASL_EVENT_START, .time_ms = 1, .data = input};
    list[n++] = (struct asl_event){
        .kind = ASL_EVENT_TASK_OK, .time_ms = 2, .seq = 1, .attempt = 2, .data = page};
    list[n++] = (struct asl_event){.kind = ASL_EVENT_CHILD_OK,
                                   .time_ms = 3,
                                   .seq = 1,
                                   .attempt = 1,
                                   .items = 2,
                                   .data = answer};
    list[n++] = (struct asl_event){.kind = ASL_EVENT_CANCEL, .time_ms = 4, .error = "stop"};
    list[n++] = (struct asl_event){.kind = ASL_EVENT_REDRIVE, .time_ms = 5};
    list[n++] = (struct asl_event){.kind = ASL_EVENT_CHILD_FAILED,
                                   .time_ms = 6,
                                   .seq = 1,
                                   .attempt = 3,
                                   .index = 1,
                                   .items = 1,
                                   .error = "E",
                                   .cause = "c"};
    list[n++] = (struct asl_event){
        .kind = ASL_EVENT_TASK_OK, .time_ms = 7, .seq = 1, .attempt = 4, .data = answer};
    list[n++] = (struct asl_event){
        .kind = ASL_EVENT_TASK_OK, .time_ms = 8, .seq = 1, .attempt = 5, .data = answer};
    *ret_count = n;
    return list;
}

static const struct asl_event *events(size_t *ret_count)
{
    static struct asl_event list[16];
    static cJSON *input, *answer;
    size_t n = 0;

    if (!input) {
        input = cJSON_Parse("{\"l\":[1,{\"a\":[2]}],\"t\":\"text\"}");
        answer = cJSON_Parse("{\"ok\":[true,null]}");
    }
    list[n++] = (struct asl_event){.kind = ASL_EVENT_START, .time_ms = 1, .data = input};
    list[n++] = (struct asl_event){
        .kind = ASL_EVENT_TASK_FAILED, .time_ms = 2, .seq = 1, .attempt = 1, .error = "E"};
    list[n++] = (struct asl_event){
        .kind = ASL_EVENT_TIMER, .time_ms = 5000, .seq = 1, .attempt = 1, .timer = ASL_TIMER_RETRY};
    list[n++] = (struct asl_event){
        .kind = ASL_EVENT_TASK_OK, .time_ms = 5001, .seq = 1, .attempt = 2, .data = answer};
    list[n++] = (struct asl_event){
        .kind = ASL_EVENT_TASK_OK, .time_ms = 5002, .seq = 5, .attempt = 1, .data = answer};
    list[n++] = (struct asl_event){.kind = ASL_EVENT_TASK_FAILED,
                                   .time_ms = 5003,
                                   .seq = 4,
                                   .attempt = 1,
                                   .error = "States.Runtime",
                                   .cause = "forced"};
    list[n++] = (struct asl_event){.kind = ASL_EVENT_REDRIVE, .time_ms = 5004};
    list[n++] = (struct asl_event){
        .kind = ASL_EVENT_TASK_FAILED, .time_ms = 5005, .seq = 7, .attempt = 1, .error = "X"};
    *ret_count = n;
    return list;
}

/* Variables, paths of every kind and all intrinsic functions. */
static const char language_definition[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Parameters\":{"
    "\"a.$\":\"$.l[?(@.a || @ == 1 && @ in [1,'x'])]\",\"b.$\":\"$..a\",\"c.$\":\"$['l','t']\","
    "\"d.$\":\"$.l.length()\",\"e.$\":\"$.l[0:1]\",\"r.$\":\"$[?(@ =~ /t(e|x)+t/i)]\"},"
    "\"Assign\":{\"all.$\":\"$\",\"one\":1,\"made\":{\"x.$\":\"$$.Execution.Name\"}},"
    "\"Next\":\"F\"},"
    "\"F\":{\"Type\":\"Pass\",\"Parameters\":{\"f.$\":\"States.Format('{} {}', $all, 1.5)\","
    "\"s.$\":\"States.StringToJson(States.JsonToString($all))\","
    "\"h.$\":\"States.Array(States.Hash('x', 'SHA-256'), States.UUID())\","
    "\"u.$\":\"States.ArrayUnique(States.ArrayPartition(States.ArrayRange(0, 9, 2), 2))\","
    "\"m.$\":\"States.JsonMerge($all, $made, false)\","
    "\"p.$\":\"States.StringSplit(States.Base64Decode(States.Base64Encode('a,b')), ',')\","
    "\"n.$\":\"States.MathAdd(States.MathRandom(1, 5), States.ArrayLength($all.a))\","
    "\"g.$\":\"States.ArrayGetItem($all.a, 0)\",\"k.$\":\"States.ArrayContains($all.a, 1)\"},"
    "\"Next\":\"T\"},"
    "\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\",\"Catch\":[{\"ErrorEquals\":["
    "\"States.ALL\"],\"Assign\":{\"one.$\":\"$.Error\",\"two\":2},\"ResultPath\":\"$.e\",\"Next\":"
    "\"C\"}],\"End\":true},"
    "\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$one\",\"StringEqualsPath\":\"$.e."
    "Error\","
    "\"Assign\":{\"three.$\":\"$two\"},\"Next\":\"P\"}],\"Assign\":{\"three\":0},\"Default\":\"P\"}"
    ","
    "\"P\":{\"Type\":\"Map\",\"ItemsPath\":\"$all.a\",\"ItemProcessor\":{\"StartAt\":\"I\","
    "\"States\":{"
    "\"I\":{\"Type\":\"Pass\",\"Assign\":{\"inner.$\":\"$three\"},\"Next\":\"J\"},\"J\":{\"Type\":"
    "\"Task\",\"Resource\":\"millrace:a.b\",\"Parameters\":{\"i.$\":\"$inner\"},\"End\":true}}},"
    "\"End\":true}}}";

static const struct asl_event *language_events(size_t *ret_count)
{
    static struct asl_event list[4];
    static cJSON *input;

    if (!input)
        input = cJSON_Parse("{\"l\":[1,{\"a\":[2]}],\"t\":\"text\"}");
    list[0] = (struct asl_event){.kind = ASL_EVENT_START, .time_ms = 1, .data = input};
    list[1] = (struct asl_event){
        .kind = ASL_EVENT_TASK_FAILED, .time_ms = 2, .seq = 3, .attempt = 1, .error = "E"};
    list[2] = (struct asl_event){
        .kind = ASL_EVENT_TASK_OK, .time_ms = 3, .seq = 7, .attempt = 1, .data = input};
    list[3] = (struct asl_event){
        .kind = ASL_EVENT_TASK_OK, .time_ms = 4, .seq = 9, .attempt = 1, .data = input};
    *ret_count = 4;
    return list;
}

static void put(void *ctx, uint32_t id, const char *json, size_t len)
{
    (void)ctx, (void)id, (void)json, (void)len;
}

static void drop(void *ctx, uint32_t id)
{
    (void)ctx, (void)id;
}

static void history(void *ctx, uint64_t id, uint64_t previous, const char *type, int64_t ms,
                    const cJSON *details)
{
    (void)ctx, (void)id, (void)previous, (void)type, (void)ms, (void)details;
}

static const struct asl_values_fn values = {put, drop, NULL};
static const struct asl_env env = {.history = history};

static void step(struct asl_run *run, const struct asl_event *event, struct mr_buf *text)
{
    struct asl_effects effects = {0};
    bool changed;

    assert_int_equal(asl_step(run, event, &env, &effects, &changed, NULL), MR_OK);
    assert_true(changed);
    mr_buf_reset(text);
    assert_int_equal(asl_run_encode(run, &values, text, NULL), MR_OK);
    asl_effects_release(&effects);
}

/* Decodes text, steps and encodes with n allocations; MR_OK once they are enough. */
static enum mr_code attempt(struct asl_machine *machine, const struct mr_buf *text,
                            const struct asl_event *event, long n, const char *expected)
{
    struct asl_effects effects = {0};
    struct asl_run *run = NULL;
    struct mr_buf after = {0};
    struct mr_error err = {0};
    bool changed;
    enum mr_code rc;

    left = n;
    rc = asl_run_decode(machine, text->data, text->len, NULL, NULL, &run, &err);
    if (!rc)
        rc = asl_step(run, event, &env, &effects, &changed, &err);
    if (rc == MR_NO_MEMORY && run)
        assert_int_equal(asl_run_encode(run, &values, &after, &err), MR_INTERNAL);
    if (!rc)
        rc = asl_run_encode(run, &values, &after, &err);
    left = -1;
    if (!rc)
        assert_string_equal(after.data, expected);
    mr_buf_release(&after);
    asl_effects_release(&effects);
    asl_run_free(run);
    return rc;
}

static void run_out_at_each(const char *text, const struct asl_event *list, size_t count)
{
    struct asl_start start = {.job = "j", .workflow = "w", .tenant = "t", .seed = 7};
    struct asl_machine *machine;
    struct asl_run *run;
    struct mr_buf before = {0}, after = {0};
    long tries = 0;

    assert_int_equal(asl_machine_parse(text, strlen(text), NULL, &machine, NULL), MR_OK);
    assert_int_equal(asl_run_new(machine, &start, &run, NULL), MR_OK);
    assert_int_equal(asl_run_encode(run, &values, &before, NULL), MR_OK);
    for (size_t i = 0; i < count; i++) {
        enum mr_code rc = MR_NO_MEMORY;
        step(run, &list[i], &after);
        for (long n = 0; rc; n++, tries++) {
            rc = attempt(machine, &before, &list[i], n, after.data);
            assert_true(rc == MR_OK || rc == MR_NO_MEMORY);
        }
        mr_buf_reset(&before);
        mr_buf_add(&before, after.data, after.len);
    }
    assert_int_equal(asl_run_status(run), ASL_SUCCEEDED);
    assert_true(tries > 500);
    mr_buf_release(&before);
    mr_buf_release(&after);
    asl_run_free(run);
    asl_machine_unref(machine);
}

static void a_step_that_does_not_fit_is_told_and_the_last_encoding_goes_on(void **state)
{
    size_t count;
    const struct asl_event *list = events(&count);

    (void)state;
    run_out_at_each(definition, list, count);
}

static void a_distributed_map_that_does_not_fit_goes_on_from_its_last_encoding(void **state)
{
    size_t count;
    const struct asl_event *list = spread_events(&count);

    (void)state;
    run_out_at_each(spread_definition, list, count);
}

static void a_machine_that_does_not_fit_is_told_and_leaves_nothing(void **state)
{
    (void)state;
    parse_without_memory(definition);
    parse_without_memory(spread_definition);
    parse_without_memory(language_definition);
}

static void paths_functions_and_variables_that_do_not_fit_go_on_likewise(void **state)
{
    size_t count;
    const struct asl_event *list = language_events(&count);

    (void)state;
    run_out_at_each(language_definition, list, count);
}

/* ---- what is built on top ----------------------------------------------------------------- */

static const char *const states_tested[][3] = {
    {"{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\",\"Parameters\":{\"k.$\":\"$.l\",\"v.$\":\"$"
     "v\"},"
     "\"ResultPath\":\"$.r\",\"Assign\":{\"w.$\":\"$\"},\"Catch\":[{\"ErrorEquals\":[\"E\"],"
     "\"Next\":\"C\"}],"
     "\"Next\":\"N\"}",
     "{\"l\":[1,{\"a\":2}]}",
     "{\"inspectionLevel\":\"TRACE\",\"variables\":\"{\\\"v\\\":[1,2]}\",\"mock\":{\"errorOutput\":"
     "{\"error\":"
     "\"E\",\"cause\":\"c\"}}}"},
    {"{\"Type\":\"Map\",\"ItemsPath\":\"$.l\",\"ItemSelector\":{\"v.$\":\"$$.Map.Item.Value\"},"
     "\"ResultSelector\":{\"r.$\":\"$\"},\"ItemProcessor\":{\"StartAt\":\"A\",\"States\":{\"A\":{"
     "\"Type\":"
     "\"Pass\",\"End\":true}}},\"End\":true}",
     "{\"l\":[1,2]}", "{\"inspectionLevel\":\"DEBUG\",\"mock\":{\"result\":\"[3,4]\"}}"},
    {"{\"Type\":\"Pass\",\"Next\":7}", "1", "{\"context\":\"{\\\"State\\\":{}}\"}"},
};

static void a_test_of_a_state_that_does_not_fit_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(states_tested) / sizeof(states_tested[0]); i++) {
        cJSON *trees[3], *answer = NULL;
        struct asl_test test = {.now_ms = 1000};
        enum mr_code rc = MR_NO_MEMORY;
        long n = 0;
        for (int j = 0; j < 3; j++)
            assert_non_null(trees[j] = cJSON_Parse(states_tested[i][j]));
        test.definition = trees[0];
        test.input = trees[1];
        test.options = trees[2];
        for (; rc; n++) {
            left = n;
            rc = asl_test_state(&test, &answer, NULL);
            left = -1;
            assert_true(rc == MR_OK || rc == MR_NO_MEMORY);
        }
        assert_true(n > 30);
        cJSON_Delete(answer);
        for (int j = 0; j < 3; j++)
            cJSON_Delete(trees[j]);
    }
}

static enum mr_code answer_all(void *ctx, const struct asl_effect *task, const cJSON *input,
                               struct asl_answer *ret, struct mr_error *err)
{
    return asl_script_answer(ctx, task, input, ret, err);
}

static enum mr_code simulate(struct asl_machine *machine, const cJSON *input, const cJSON *answers)
{
    struct asl_script *script = NULL;
    struct asl_run *run = NULL;
    struct asl_simulation plan = {.start = {.job = "j", .workflow = "w", .tenant = "t"},
                                  .input = input,
                                  .answer = answer_all,
                                  .history = history};
    int64_t end_ms;
    enum mr_code rc = asl_script_new(answers, false, &script, NULL);

    plan.ctx = script;
    if (!rc)
        rc = asl_simulate(machine, &plan, &run, &end_ms, NULL);
    if (!rc)
        assert_int_equal(asl_run_status(run), ASL_SUCCEEDED);
    asl_run_free(run);
    asl_script_free(script);
    return rc;
}

static void a_simulation_that_does_not_fit_is_told(void **state)
{
    struct asl_machine *machine;
    cJSON *input = cJSON_Parse("{\"l\":[1,{\"a\":[2]}]}");
    cJSON *answers = cJSON_Parse("{\"A\":{\"script\":[{\"raise\":{\"error\":\"E\"}},\"echo\"]},"
                                 "\"B\":{\"return\":{\"b\":1},\"after_seconds\":1}}");
    enum mr_code rc = MR_NO_MEMORY;
    long n = 0;

    (void)state;
    assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, NULL),
                     MR_OK);
    for (; rc; n++) {
        left = n;
        rc = simulate(machine, input, answers);
        left = -1;
        assert_true(rc == MR_OK || rc == MR_NO_MEMORY);
    }
    assert_true(n > 100);
    asl_machine_unref(machine);
    cJSON_Delete(input);
    cJSON_Delete(answers);
}

static void a_run_that_does_not_fit_into_its_new_machine_stays_in_the_old(void **state)
{
    struct asl_start start = {.job = "j", .workflow = "w", .tenant = "t", .seed = 7};
    struct asl_event cancel = {.kind = ASL_EVENT_CANCEL};
    struct asl_machine *machine, *other;
    struct asl_run *run;
    struct mr_buf before = {0}, after = {0};
    enum mr_code rc = MR_NO_MEMORY;
    size_t count;
    long n = 0;

    (void)state;
    assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, NULL),
                     MR_OK);
    assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &other, NULL), MR_OK);
    assert_int_equal(asl_run_new(machine, &start, &run, NULL), MR_OK);
    step(run, &events(&count)[0], &before);
    step(run, &cancel, &before);
    for (; rc; n++) {
        left = n;
        rc = asl_run_migrate(run, other, 0, NULL);
        left = -1;
        assert_true(rc == MR_OK || rc == MR_NO_MEMORY);
        mr_buf_reset(&after);
        assert_int_equal(asl_run_encode(run, &values, &after, NULL), MR_OK);
        if (rc)
            assert_string_equal(after.data, before.data);
    }
    assert_true(n > 1);
    mr_buf_release(&before);
    mr_buf_release(&after);
    asl_run_free(run);
    asl_machine_unref(machine);
    asl_machine_unref(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_that_does_not_fit_is_told_and_leaves_nothing),
        cmocka_unit_test(a_step_that_does_not_fit_is_told_and_the_last_encoding_goes_on),
        cmocka_unit_test(paths_functions_and_variables_that_do_not_fit_go_on_likewise),
        cmocka_unit_test(a_distributed_map_that_does_not_fit_goes_on_from_its_last_encoding),
        cmocka_unit_test(a_test_of_a_state_that_does_not_fit_is_told),
        cmocka_unit_test(a_simulation_that_does_not_fit_is_told),
        cmocka_unit_test(a_run_that_does_not_fit_into_its_new_machine_stays_in_the_old),
    };
    cJSON_Hooks hooks = {cjson_malloc, free};

    cJSON_InitHooks(&hooks);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* mutation_test.c -- definitions with bytes changed, cut and doubled: parsing never crashes, and
 * what still parses also runs. */
#include "tests/unit/asl/play.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 60000, LEN_MAX = 8192 };

static const char *const seeds[] = {
    "{\"Comment\":\"c\",\"StartAt\":\"A\",\"TimeoutSeconds\":60,\"States\":{\"A\":{\"Type\":"
    "\"Task\","
    "\"Resource\":\"millrace:a.b\",\"TimeoutSeconds\":5,\"HeartbeatSeconds\":2,\"Parameters\":{\"a."
    "$\":"
    "\"$.x[0]['y']\",\"b\":[1,{\"c.$\":\"$$.State.Name\"}]},\"ResultSelector\":{\"r.$\":\"$\"},"
    "\"ResultPath\":\"$.r\",\"OutputPath\":\"$\",\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"],"
    "\"IntervalSeconds\":1,\"BackoffRate\":2,\"MaxAttempts\":3,\"JitterStrategy\":\"FULL\"}],"
    "\"Catch\":["
    "{\"ErrorEquals\":[\"E\"],\"Next\":\"F\",\"ResultPath\":null}],\"Next\":\"C\"},\"C\":{\"Type\":"
    "\"Choice\",\"Choices\":[{\"And\":[{\"Variable\":\"$.r\",\"IsPresent\":true},{\"Not\":{"
    "\"Variable\":"
    "\"$.r\",\"StringMatches\":\"a*\"}}],\"Next\":\"W\"},{\"Variable\":\"$.a\","
    "\"NumericGreaterThanPath\":"
    "\"$.b\",\"Next\":\"F\"}],\"Default\":\"W\"},\"W\":{\"Type\":\"Wait\",\"Seconds\":1,\"Next\":"
    "\"P\"},"
    "\"P\":{\"Type\":\"Parallel\",\"Branches\":[{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":"
    "\"Pass\","
    "\"Result\":{\"x\":1},\"End\":true}}},{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\","
    "\"ItemsPath\":\"$.list\",\"MaxConcurrency\":2,\"ItemSelector\":{\"v.$\":\"$$.Map.Item.Value\"}"
    ","
    "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"INLINE\"},\"StartAt\":\"I\",\"States\":{"
    "\"I\":{"
    "\"Type\":\"Succeed\"}}},\"End\":true}}}],\"End\":true},\"F\":{\"Type\":\"Fail\",\"ErrorPath\":"
    "\"$.Error\",\"Cause\":\"c\"}}}",
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemReader\":{\"Resource\":"
    "\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Key.$\":\"$.t\"},\"ReaderConfig\":{"
    "\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"GIVEN\",\"CSVHeaders\":[\"a\"],\"MaxItems\":9}"
    "},\"ItemBatcher\":{\"MaxItemsPerBatch\":2,\"BatchInput\":{\"l.$\":\"$.l\"}},"
    "\"ToleratedFailurePercentage\":60,\"Label\":\"L\",\"ItemProcessor\":{\"ProcessorConfig\":{"
    "\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},\"StartAt\":\"I\",\"States\":{"
    "\"I\":{\"Type\":\"Succeed\"}}},\"ResultWriter\":{\"Resource\":"
    "\"arn:aws:states:::s3:putObject\",\"Parameters\":{\"Bucket\":\"b\"},\"WriterConfig\":{"
    "\"OutputType\":\"JSON\"}},\"End\":true}}}",
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"v.$\":\"$..x\",\"w\":{"
    "\"a.$\":"
    "\"States.Format('{} {}', $.t, States.UUID())\"}},\"OutputPath\":\"$.l[?(@.a > 1 || @ =~ "
    "/x[a-c]+/"
    "i)]\",\"Next\":\"C\"},\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$v[0]\","
    "\"IsPresent\":true,\"Assign\":{\"v\":[1]},\"Next\":\"D\"}],\"Assign\":{\"v\":0},\"Default\":"
    "\"D\"},"
    "\"D\":{\"Type\":\"Pass\",\"Parameters\":{\"p.$\":\"States.ArrayPartition(States.StringSplit('"
    "a,b', "
    "','), "
    "2)\",\"q.$\":\"$v['a','b']\",\"r.$\":\"$$.Execution.Input.l[-2:].length()\"},\"End\":true}}}",
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Wait\",\"TimestampPath\":\"$.t\","
    "\"InputPath\":null,"
    "\"Next\":\"B\"},\"B\":{\"Type\":\"Succeed\",\"OutputPath\":\"$.x\"}}}",
};

static uint64_t seed = 0x2545F4914F6CDD1Du;

static size_t pick(size_t count)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)((seed >> 11) % count);
}

static size_t mutate(char *text, size_t len)
{
    static const char *const words[] = {
        "null",  "true", "-1",       "1e99",    "\"\"",     "[]",         "{}", "\"$\"",
        "\"A\"", "[*]",  "\"a.$\":", "States.", "$v",       "[?(@",       "'",  "\\u0000",
        "End",   "Next", "Type",     "..",      "\xc3\x28", "99999999999"};
    size_t at = pick(len), span = pick(20), from;
    const char *word;

    switch (pick(5)) {
    case 0: /* another byte */
        text[at] = (char)pick(256);
        return len;
    case 1: /* a piece is missing */
        span = at + span < len ? span : len - at;
        memmove(text + at, text + at + span, len - at - span);
        return len - span;
    case 2: /* a piece is there twice */
        from = pick(len);
        span = from + span < len ? span : len - from;
        memmove(text + at + span, text + at, len - at);
        memmove(text + at, text + (from < at ? from : from + span), span);
        return len + span;
    case 3: /* one value in place of another */
        from = pick(len);
        text[at] = text[from];
        return len;
    default: /* a word that means something */
        word = words[pick(sizeof(words) / sizeof(words[0]))];
        span = strlen(word);
        memmove(text + at + span, text + at, len - at);
        memcpy(text + at, word, span);
        return len + span;
    }
}

static void run_it(struct asl_machine *machine)
{
    struct asl_start start = {.job = "j", .workflow = "w", .tenant = "t", .seed = 1};
    struct asl_env env = {.entries_max = 50, .data_max = 2000};
    struct asl_effects effects = {0};
    struct asl_run *run;
    cJSON *input =
        cJSON_Parse("{\"x\":[{\"y\":1}],\"list\":[1,2],\"a\":1,\"b\":2,\"t\":\"2020-01-01T"
                    "00:00:00Z\"}");
    struct asl_event event = {.kind = ASL_EVENT_START, .data = input};
    bool changed;

    assert_int_equal(asl_run_new(machine, &start, &run, NULL), MR_OK);
    for (uint64_t seq = 1; seq < 8; seq++) {
        assert_int_equal(asl_step(run, &event, &env, &effects, &changed, NULL), MR_OK);
        event.kind = seq % 2 ? ASL_EVENT_TASK_OK : ASL_EVENT_TIMER;
        event.timer = ASL_TIMER_WAIT;
        event.seq = seq;
        event.attempt = 1;
        event.time_ms = INT64_C(4000000000000);
    }
    asl_effects_release(&effects);
    asl_run_free(run);
    cJSON_Delete(input);
}

static void no_bytes_make_the_parser_crash(void **state)
{
    char *text = malloc(LEN_MAX + 64);
    unsigned parsed = 0;

    (void)state;
    assert_non_null(text);
    for (int round = 0; round < ROUNDS; round++) {
        const char *from = seeds[pick(2)];
        size_t len = strlen(from);
        struct asl_diagnostics diags = {0};
        struct asl_machine *machine = NULL;
        struct mr_error err = {0};
        char *exact;
        memcpy(text, from, len);
        for (size_t n = 1 + pick(4); n > 0 && len > 0; n--)
            len = mutate(text, len);
        exact = malloc(len ? len : 1); /* so that a byte read too far is seen */
        assert_non_null(exact);
        memcpy(exact, text, len);
        if (asl_machine_parse(exact, len, pick(2) ? &diags : NULL, &machine, &err) == MR_OK) {
            parsed++;
            run_it(machine);
        } else {
            assert_true(strlen(err.text) > 0);
        }
        asl_machine_unref(machine);
        asl_diagnostics_release(&diags);
        free(exact);
    }
    free(text);
    print_message("fact: %u of %d changed definitions were still valid\n", parsed, ROUNDS);
    assert_true(parsed > 100);
}

static void nesting_without_end_is_refused(void **state)
{
    struct mr_buf text = {0};
    struct asl_machine *machine;
    struct mr_error err;

    (void)state;
    for (int i = 0; i < 100000; i++)
        mr_buf_add_str(&text, "{\"States\":[");
    assert_int_equal(asl_machine_parse(text.data, text.len, NULL, &machine, &err), MR_INVALID);
    mr_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bytes_make_the_parser_crash),
        cmocka_unit_test(nesting_without_end_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

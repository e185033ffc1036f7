/* intrinsic_test.c -- what the functions of templates answer, and how they fail. */
#include "tests/unit/asl/play.h"

#include "orchestrator/asl/digest.h"
#include "orchestrator/asl/intrinsic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A Pass state whose one parameter is the call. */
static void begin(struct play *play, const char *call)
{
    cJSON *machine = cJSON_CreateObject(), *parameters;
    char *text;

    cJSON_AddStringToObject(machine, "StartAt", "A");
    parameters = cJSON_AddObjectToObject(cJSON_AddObjectToObject(machine, "States"), "A");
    cJSON_AddStringToObject(parameters, "Type", "Pass");
    cJSON_AddTrueToObject(parameters, "End");
    cJSON_AddStringToObject(parameters, "OutputPath", "$.v");
    parameters = cJSON_AddObjectToObject(parameters, "Parameters");
    cJSON_AddStringToObject(parameters, "v.$", call);
    text = cJSON_PrintUnformatted(machine);
    play_begin(play, text);
    cJSON_free(text);
    cJSON_Delete(machine);
}

static void assert_answer(const char *call, const char *input, const char *expected)
{
    struct play play;

    begin(&play, call);
    play_start(&play, input);
    assert_output(&play, expected);
    play_end(&play);
}

static void assert_failure(const char *call, const char *input, const char *error, const char *word)
{
    struct play play;

    begin(&play, call);
    play_start(&play, input);
    if (asl_run_status(play.run) != ASL_FAILED)
        fail_msg("%s did not fail", call);
    assert_string_equal(asl_run_error(play.run), error);
    if (!strstr(asl_run_cause(play.run), word))
        fail_msg("%s: %s", call, asl_run_cause(play.run));
    play_end(&play);
}
#define FAILURE "States.IntrinsicFailure"

static void arrays_are_made_and_taken_apart(void **state)
{
    (void)state;
    assert_answer("States.Array()", "{}", "[]");
    assert_answer("States.Array($.a, 'x', 1.5, true, null, States.Array(1))", "{\"a\":{\"b\":[]}}",
                  "[{\"b\":[]},\"x\",1.5,true,null,[1]]");
    assert_answer("States.ArrayPartition($, 2)", "[1,2,3,4,5]", "[[1,2],[3,4],[5]]");
    assert_answer("States.ArrayPartition($, 2)", "[]", "[]");
    assert_answer("States.ArrayContains($, $[1])", "[1,{\"a\":[2]}]", "true");
    assert_answer("States.ArrayContains($, $[0])", "[{\"a\":1,\"b\":[2]},{\"b\":[2],\"a\":1}]",
                  "true");
    assert_answer("States.ArrayContains($.l, $.o)",
                  "{\"l\":[{\"a\":1,\"b\":[2]}],\"o\":{\"b\":[2],"
                  "\"a\":1}}",
                  "true");
    assert_answer("States.ArrayContains($, '1')", "[1]", "false");
    assert_answer("States.ArrayContains($, null)", "[]", "false");
    assert_answer("States.ArrayGetItem($, 1)", "[5,[6]]", "[6]");
    assert_answer("States.ArrayLength($)", "[1,null,[]]", "3");
    assert_answer("States.ArrayUnique($)",
                  "[1,\"1\",1,null,null,{\"a\":1,\"b\":2},{\"b\":2,\"a\":1},[],[],true]",
                  "[1,\"1\",null,{\"a\":1,\"b\":2},[],true]");
    assert_failure("States.ArrayPartition($, 0)", "[1]", FAILURE, "greater than 0");
    assert_failure("States.ArrayGetItem($, 2)", "[5,6]", FAILURE, "outside");
    assert_failure("States.ArrayGetItem($, -1)", "[5,6]", FAILURE, "outside");
    assert_failure("States.ArrayLength($)", "{}", FAILURE, "Argument 1 must be an array");
}

static void a_range_includes_its_end(void **state)
{
    (void)state;
    assert_answer("States.ArrayRange(0, 9, 3)", "{}", "[0,3,6,9]");
    assert_answer("States.ArrayRange(1, 9, 3)", "{}", "[1,4,7]");
    assert_answer("States.ArrayRange(3, -3, -2)", "{}", "[3,1,-1,-3]");
    assert_answer("States.ArrayRange(3, 1, 1)", "{}", "[]");
    assert_answer("States.ArrayLength(States.ArrayRange(1, 1000, 1))", "{}", "1000");
    assert_failure("States.ArrayRange(1, 1001, 1)", "{}", FAILURE, "1000");
    assert_failure("States.ArrayRange(1, 2, 0)", "{}", FAILURE, "step");
    assert_failure("States.ArrayRange(1, 'x', 1)", "{}", FAILURE, "Argument 2 must be a number");
}

static void format_prints_as_java_does(void **state)
{
    (void)state;
    assert_answer("States.Format('{} and {}', $.a, $.b)",
                  "{\"a\":{\"a\":1,\"b\":[],\"c\":[\"x\",null]},\"b\":true}",
                  "\"{a=1, b=[], c=[x, null]} and true\"");
    assert_answer("States.Format('{}|{}|{}|{}|{}', 1.5, -3, 0.0001, 12345678.5, null)", "{}",
                  "\"1.5|-3|1.0E-4|1.23456785E7|null\"");
    assert_answer("States.Format('plain')", "{}", "\"plain\"");
    assert_answer("States.Format('\\{\\} \\'{}\\' \\\\ {x} {', 'in')", "{}",
                  "\"{} 'in' \\\\ {x} {\"");
    /* a pattern that is found at run time is read the same way, and counted then */
    assert_answer("States.Format($.p, 1)", "{\"p\":\"It's {}!\"}", "\"It's 1!\"");
    assert_failure("States.Format($.p, 1)", "{\"p\":\"none\"}", FAILURE, "more values");
    assert_failure("States.Format($.p)", "{\"p\":\"{}\"}", FAILURE, "more {}");
    assert_failure("States.Format(1)", "{}", FAILURE, "Argument 1 must be a string");
}

static void split_drops_what_is_empty(void **state)
{
    (void)state;
    assert_answer("States.StringSplit('a,b;c', ',;')", "{}", "[\"a\",\"b\",\"c\"]");
    assert_answer("States.StringSplit(', , ,', ',')", "{}", "[\" \",\" \"]");
    assert_answer("States.StringSplit('', ',')", "{}", "[]");
    assert_answer("States.StringSplit($, '\u00f6\u00e4\u20ac')",
                  "\"1\\u00e42\\u20ac\\u00f63\\u00fc4\"", "[\"1\",\"2\",\"3\\u00fc4\"]");
    assert_answer("States.StringSplit('ab', '')", "{}", "[\"ab\"]");
    assert_answer("States.StringSplit($.t, $.s)", "{\"t\":\"a\\u00e4b\\u00f6c\",\"s\":\"\\u00f6\"}",
                  "[\"a\\u00e4b\",\"c\"]");
}

static void json_goes_to_text_and_back(void **state)
{
    (void)state;
    assert_answer("States.JsonToString($)", "{\"a\":[1,\"\\\"\"]}",
                  "\"{\\\"a\\\":[1,\\\"\\\\\\\"\\\"]}\"");
    assert_answer("States.StringToJson($.t)", "{\"t\":\" {\\\"a\\\":[1]} \"}", "{\"a\":[1]}");
    assert_answer("States.StringToJson('')", "{}", "null");
    assert_answer("States.StringToJson('-0')", "{}", "0");
    assert_answer("States.StringToJson(States.JsonToString($))", "{\"a\":1}", "{\"a\":1}");
    assert_failure("States.StringToJson('{x}')", "{}", FAILURE, "not JSON");
    assert_failure("States.StringToJson(1)", "{}", FAILURE, "string");
    assert_answer("States.JsonMerge($.a, $.b, false)",
                  "{\"a\":{\"x\":{\"p\":1},\"y\":2},\"b\":{\"x\":{\"q\":3},\"z\":4}}",
                  "{\"x\":{\"q\":3},\"y\":2,\"z\":4}");
    assert_failure("States.JsonMerge($, $, true)", "{}", FAILURE, "false");
    assert_failure("States.JsonMerge($, 1, false)", "{}", FAILURE, "Argument 2 must be an object");
}

static void text_is_encoded_and_hashed(void **state)
{
    (void)state;
    assert_answer("States.Base64Encode('Data to encode')", "{}", "\"RGF0YSB0byBlbmNvZGU=\"");
    assert_answer("States.Base64Encode('')", "{}", "\"\"");
    assert_answer("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "{}", "\"Data to encode\"");
    assert_answer("States.Base64Decode(States.Base64Encode($.t))", "{\"t\":\"\\u00e4\\u20ac\"}",
                  "\"\\u00e4\\u20ac\"");
    assert_failure("States.Base64Decode('a')", "{}", FAILURE, "not base64");
    assert_failure("States.Base64Decode('=AAA')", "{}", FAILURE, "not base64");
    assert_failure("States.Base64Decode('AAAA')", "{}", FAILURE, "UTF-8");
    assert_failure("States.Base64Decode('/w==')", "{}", FAILURE, "UTF-8");
    assert_answer("States.Hash('input data', 'SHA-1')", "{}",
                  "\"aaff4a450a104cd177d28d18d74485e8cae074b7\"");
    assert_failure("States.Hash('x', 'SHA-3')", "{}", FAILURE, "SHA-512");
}

/* The examples of RFC 1321 and FIPS 180-4. */
static void digests_are_those_of_their_documents(void **state)
{
    static const struct {
        const char *name, *text, *hex;
    } rows[] = {
        {"MD5", "", "d41d8cd98f00b204e9800998ecf8427e"},
        {"MD5", "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"SHA-1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"SHA-256", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"SHA-384", "abc",
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca13"
         "4"
         "c825a7"},
        {"SHA-512", "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a"
         "3"
         "feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char bytes[ASL_DIGEST_BYTES_MAX];
        char hex[2 * ASL_DIGEST_BYTES_MAX + 1] = "";
        enum asl_digest digest;
        size_t len;
        assert_true(asl_digest_find(rows[i].name, &digest));
        len = asl_digest(digest, rows[i].text, strlen(rows[i].text), bytes);
        for (size_t j = 0; j < len; j++)
            (void)snprintf(hex + 2 * j, 3, "%02x", bytes[j]);
        assert_string_equal(hex, rows[i].hex);
    }
}

static void math_rounds_halves_up_first(void **state)
{
    (void)state;
    assert_answer("States.MathAdd(1, -3)", "{}", "-2");
    assert_answer("States.MathAdd(1.5, 1.49)", "{}", "3");
    assert_answer("States.MathAdd(-1.5, -1.51)", "{}", "-3");
    assert_answer("States.MathAdd(-0.5, 0)", "{}", "0");
    assert_failure("States.MathAdd('1', 1)", "{}", FAILURE, "number");
    assert_failure("States.MathAdd(9007199254740991, 1)", "{}", FAILURE, "large");
}

/* The text of what one state of a run with this seed answers. */
static void answer_of(const char *call, struct play *play, uint64_t seed, char *buf, size_t size)
{
    struct asl_start start = {.job = "j", .workflow = "w", .tenant = "t", .seed = seed};
    struct mr_error err;

    begin(play, call);
    asl_run_free(play->run);
    assert_int_equal(asl_run_new(play->machine, &start, &play->run, &err), MR_OK);
    play->no_twin = true;
    play_start(play, "{}");
    assert_true(cJSON_PrintPreallocated((cJSON *)(uintptr_t)asl_run_output(play->run), buf,
                                        (int)size, false));
    play_end(play);
}

static void what_seems_random_comes_from_the_run(void **state)
{
    static const char *const pair = "States.Array(States.UUID(), States.UUID())";
    char a[128], b[128], c[128];
    struct play play;

    (void)state;
    answer_of(pair, &play, 1, a, sizeof(a));
    answer_of(pair, &play, 1, b, sizeof(b));
    answer_of(pair, &play, 2, c, sizeof(c));
    assert_string_equal(a, b); /* a replay */
    assert_string_not_equal(a, c);
    assert_int_equal(strlen(a), 2 * 38 + 3);
    assert_int_not_equal(strncmp(a + 1, a + 40, 38), 0); /* two calls of one state */
    assert_int_equal(a[16], '4');
    assert_non_null(strchr("89ab", a[21]));
    for (int i = 0; i < 50; i++) {
        answer_of("States.MathRandom(3, 7)", &play, (uint64_t)i, a, sizeof(a));
        assert_true(strlen(a) == 1 && a[0] >= '3' && a[0] < '7');
    }
    answer_of("States.MathRandom(0, 1000, 4321)", &play, 1, a, sizeof(a));
    answer_of("States.MathRandom(0, 1000, 4321)", &play, 2, b, sizeof(b));
    assert_string_equal(a, b); /* the seed alone decides */
    assert_failure("States.MathRandom(5, 5)", "{}", FAILURE, "greater");
}

/* Each try of a task, and each item of a Map, gets another one. */
static void each_try_and_each_item_is_random_anew(void **state)
{
    struct play play;
    char *first;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                      "\"millrace:x.y\",\"Parameters\":{\"u.$\":\"States.UUID()\"},\"Retry\":[{"
                      "\"ErrorEquals\":[\"States.ALL\"]}],\"End\":true}}}");
    play_start(&play, "{}");
    first = strdup(play.tasks[0].input);
    play_fail(&play, "A", "E", "c");
    play_next_timer(&play);
    assert_string_not_equal(play.tasks[0].input, first);
    free(first);
    play_end(&play);
    play_begin(&play, "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemSelector\":{"
                      "\"u.$\":\"States.UUID()\"},\"ItemProcessor\":{\"StartAt\":\"I\",\"States\":{"
                      "\"I\":{\"Type\":\"Succeed\"}}},\"Next\":\"N\"},\"N\":{\"Type\":\"Pass\","
                      "\"Parameters\":{\"n.$\":\"States.ArrayLength(States.ArrayUnique($[*].u))\"},"
                      "\"End\":true}}}");
    play_start(&play, "[1,2,3,4]");
    assert_output(&play, "{\"n\":4}");
    play_end(&play);
}

static void a_path_that_names_nothing_is_a_runtime_error(void **state)
{
    (void)state;
    assert_failure("States.Format('{}', $.gone)", "{}", "States.Runtime",
                   "The function 'States.Format('{}', $.gone)' had the following error: The "
                   "JsonPath argument for the field '$.gone' could not be found in the input '{}'");
    assert_failure("States.Array($nobody)", "{}", "States.Runtime", "$nobody");
    assert_answer("States.ArrayLength($.gone[*])", "{}", "0");
}

static void a_failure_can_be_caught(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                      "\"millrace:x.y\",\"ResultSelector\":{\"v.$\":\"States.StringToJson($.t)\"},"
                      "\"Catch\":[{\"ErrorEquals\":[\"States.IntrinsicFailure\"],\"Next\":\"B\"}],"
                      "\"End\":true},\"B\":{\"Type\":\"Pass\",\"Result\":\"caught\",\"End\":true}}"
                      "}");
    play_start(&play, "{}");
    play_ok(&play, "A", "{\"t\":\"{\"}");
    assert_output(&play, "\"caught\"");
    play_end(&play);
}

static void a_fail_state_may_call_one(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Fail\",\"ErrorPath\":"
                      "\"States.Format('E.{}', $.n)\",\"CausePath\":\"States.JsonToString($)\"}}}");
    play_start(&play, "{\"n\":7}");
    assert_string_equal(asl_run_error(play.run), "E.7");
    assert_string_equal(asl_run_cause(play.run), "{\"n\":7}");
    play_end(&play);
}

static void what_is_made_has_a_limit(void **state)
{
    char call[1400] = "$.t";
    char text[1500], *input = calloc(1, 200100);
    struct play play;

    (void)state;
    assert_non_null(input);
    (void)strcpy(input, "{\"t\":\"");
    (void)memset(input + 6, 'x', 150000);
    (void)strcpy(input + 150006, "\"}");
    for (int i = 0; i < 14; i++) { /* three times as much with each */
        (void)snprintf(text, sizeof(text), "States.Array(%.1300s, $, $)", call);
        (void)snprintf(call, sizeof(call), "%.1399s", text);
    }
    begin(&play, call);
    play.no_twin = true;
    play_start(&play, input);
    assert_string_equal(asl_run_error(play.run), FAILURE);
    play_end(&play);
    free(input);
}

static void what_is_encoded_has_a_limit(void **state)
{
    char *input = calloc(1, 10100);

    (void)state;
    assert_non_null(input);
    (void)memset(input, 'x', 10003);
    input[0] = input[10002] = '"';
    assert_failure("States.Base64Encode($)", input, FAILURE, "10000 are allowed");
    assert_failure("States.Hash($, 'MD5')", input, FAILURE, "10000 are allowed");
    input[10002] = '\0';
    input[10001] = '"';
    assert_answer("States.Hash($, 'MD5')", input, "\"b567fcb68d8555227123ab87e255872e\"");
    free(input);
}

static void calls_are_checked_at_creation(void **state)
{
    static const struct {
        const char *call, *word;
    } bad[] = {
        {"States.Nothing()", "no such function"},
        {"States.format('x')", "no such function"},
        {"States.Format", "'('"},
        {"States.Format(", "argument"},
        {"States.Format('x'", "','"},
        {"States.Format('x',)", "missing"},
        {"States.Format('x') y", "behind it"},
        {"States.Format('{}')", "number of {}"},
        {"States.Format('{}', 1, 2)", "number of {}"},
        {"States.UUID(1)", "takes nothing"},
        {"States.MathAdd(1)", "two numbers"},
        {"States.MathAdd(1, x)", "an argument is"},
        {"States.MathAdd(1, 1e999)", "number"},
        {"States.Array('a)", "quote"},
        {"States.Array('\\n')", "backslash"},
        {"States.Array(\"a\")", "an argument is"},
        {"States.Array($.a[)", "valid path"},
        {"States.Array({\"a\":1})", "an argument is"},
    };
    struct asl_arena arena = {0};
    struct asl_intrinsic *call = NULL;
    struct mr_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (asl_intrinsic_parse(&arena, bad[i].call, &call, &err) != MR_INVALID)
            fail_msg("%s passed", bad[i].call);
        if (!strstr(err.text, bad[i].word))
            fail_msg("%s: %s", bad[i].call, err.text);
    }
    assert_int_equal(
        asl_intrinsic_parse(&arena, "States.Array( $.a['x,)'][?(@.b == 1)] , 'y' )", &call, &err),
        MR_OK);
    assert_int_equal(call->count, 2);
    asl_arena_release(&arena);
}

static void a_result_is_never_evaluated(void **state)
{
    (void)state;
    play_expect("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":{\"x.$\":"
                "\"States.UUID(1)\"},\"End\":true}}}",
                "{}", "{\"x.$\":\"States.UUID(1)\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_made_and_taken_apart),
        cmocka_unit_test(a_range_includes_its_end),
        cmocka_unit_test(format_prints_as_java_does),
        cmocka_unit_test(split_drops_what_is_empty),
        cmocka_unit_test(json_goes_to_text_and_back),
        cmocka_unit_test(text_is_encoded_and_hashed),
        cmocka_unit_test(digests_are_those_of_their_documents),
        cmocka_unit_test(math_rounds_halves_up_first),
        cmocka_unit_test(what_seems_random_comes_from_the_run),
        cmocka_unit_test(each_try_and_each_item_is_random_anew),
        cmocka_unit_test(a_path_that_names_nothing_is_a_runtime_error),
        cmocka_unit_test(a_failure_can_be_caught),
        cmocka_unit_test(a_fail_state_may_call_one),
        cmocka_unit_test(what_is_made_has_a_limit),
        cmocka_unit_test(what_is_encoded_has_a_limit),
        cmocka_unit_test(calls_are_checked_at_creation),
        cmocka_unit_test(a_result_is_never_evaluated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

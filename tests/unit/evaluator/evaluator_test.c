/* evaluator_test.c -- one child: what it answers, what it does not survive, and that the next
 * request finds another. */
#include "tests/unit/evaluator/ask.h"

#include "common/base/json.h"
#include "common/ports/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct ev_config config;

static int setup(void **state)
{
    struct mr_error err;
    struct ev *ev;

    ask_config(&config);
    assert_int_equal(ev_new(&config, &ev, &err), MR_OK);
    *state = ev;
    return 0;
}

static int teardown(void **state)
{
    ev_free(*state);
    return 0;
}

static void gives(struct ev *ev, const char *expression, const char *input, const char *want)
{
    char *got = ask_value(ev, expression, input);

    if (strcmp(got, want) != 0)
        fail_msg("%s gives\n  %s, not\n  %s", expression, got, want);
    free(got);
}

static void fails(struct ev *ev, const char *expression, const char *input, const char *want)
{
    char *got = ask_value(ev, expression, input);

    if (!strstr(got, want))
        fail_msg("%s gives\n  %s, without\n  %s", expression, got, want);
    free(got);
}

static void an_expression_has_a_value(void **state)
{
    gives(*state, "$states.input.a + 1", "{\"a\":41}", "42");
    gives(*state, "$sum($states.input)", "[1,2,3]", "6");
    gives(*state, "{'a': $states.input.b.c}", "{\"b\":{\"c\":null}}", "{\"a\":null}");
    gives(*state, "[]", "{}", "[]");
}

static void time_and_chance_are_the_requests(void **state)
{
    char *first = ask_value(*state, "[$random(), $uuid(), $shuffle([1..9])]", "0");
    char *again = ask_value(*state, "[$random(), $uuid(), $shuffle([1..9])]", "0");

    assert_string_equal(first, again);
    gives(*state, "$millis()", "0", "1700000000000");
    gives(*state, "$now()", "0", "\"2023-11-14T22:13:20.000Z\"");
    gives(*state, "$length($uuid())", "0", "36");
    gives(*state,
          "$match($uuid(), "
          "/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/) != []",
          "0", "true");
    gives(*state, "$random(5) = $random(5)", "0", "true");
    gives(*state, "$random(5) = $random(6)", "0", "false");
    gives(*state, "$random(42) = 0.7275636800328681", "0", "true"); /* as java.util.Random's */
    gives(*state, "$random(-1) = 0.26894263088050496", "0", "true");
    gives(*state, "$random(9007199254740991) = 0.26894263088050496", "0", "true");
    free(first);
    free(again);
}

static void aws_functions(void **state)
{
    gives(*state, "$partition([0,1,2], 2)", "0", "[[0,1],[2]]");
    gives(*state, "$partition([0,1,2], 4)", "0", "[[0,1,2]]");
    gives(*state, "$range(0, 10, 3)", "0", "[0,3,6,9]");
    gives(*state, "$range(1, 9, 9)", "0", "1");
    gives(*state, "$range(5, 1, -2)", "0", "[5,3,1]");
    gives(*state, "$parse('{\"a\":[1,2]}').a[1]", "0", "2");
    gives(*state, "$hash('input', 'SHA-1')", "0", "\"140f86aae51ab9e1cda9b4254fe98a74eb54c1a1\"");
    gives(*state, "$hash('', 'MD5')", "0", "\"d41d8cd98f00b204e9800998ecf8427e\"");
    fails(*state, "$hash('x', 'CRC')", "0", "MD5, SHA-1");
    fails(*state, "$parse('{')", "0", "is not JSON");
    fails(*state, "$range(1, 9, 0)", "0", "must not be 0");
    fails(*state, "$eval('1')", "0", "non-function");
}

static void errors_have_awss_words(void **state)
{
    fails(*state, "$nothing", "0",
          "The JSONata expression '$nothing' specified for the field 'Output' returned nothing "
          "(undefined).");
    fails(*state, "1 + 'a'", "0",
          "The JSONata expression '1 + 'a'' specified for the field 'Output' threw an error during "
          "evaluation. T2002");
    fails(*state, "$sum", "0", "Expected 'JSON', but was 'function'.");
    fails(*state, "{'a': function($x) { $x }}", "0", "Expected 'JSON', but was 'function'.");
    fails(*state, "1 +", "0", "S0207");
}

/* The limit is named, and the next request is answered. */
static void passes(struct ev *ev, const char *expression, const char *limit)
{
    fails(ev, expression, "{}", limit);
    gives(ev, "1", "0", "1");
}

static void what_does_not_end_names_the_limit(void **state)
{
    config.time_ms = 200;
    passes(*state, "($f := function($n) { $f($n + 1) }; $f(1))", "ORCH_EVALUATOR_");
    passes(*state, "$reduce([1..100000], function($a, $b) { $a & 'x' })", "ORCH_EVALUATOR_");
    passes(*state, "$contains($join([1..4000].('aaaaaaaaaa')), /(a*)*b/)",
           "ORCH_EVALUATOR_TIME_MS");
    passes(*state, "$pad('x', 900000000)", "ORCH_EVALUATOR_");
    passes(*state, "$count([1..10000000])", "ORCH_EVALUATOR_");
    passes(*state, "($f := function($n) { 1 + $f($n + 1) }; $f(1))", "ORCH_EVALUATOR_");
}

static void a_killed_child_is_replaced(void **state)
{
    struct ev *ev = *state;
    int64_t before;

    gives(ev, "1", "0", "1");
    before = ev_pid(ev);
    assert_true(before > 0);
    config.time_ms = 50;
    fails(ev, "($f := function() { $f() }; $f())", "0", "ORCH_EVALUATOR_TIME_MS");
    gives(ev, "1", "0", "1");
    assert_int_not_equal(ev_pid(ev), before);
}

static void *wake_later(void *pid)
{
    const struct timespec pause = {0, 300 * 1000000};

    (void)nanosleep(&pause, NULL);
    (void)kill(*(pid_t *)pid, SIGCONT);
    return NULL;
}

/* As a machine that is busy elsewhere does it: the limit is of the work, not of the wait. */
static void a_child_that_gets_no_processor_is_waited_for(void **state)
{
    struct ev *ev = *state;
    pthread_t thread;
    pid_t pid;

    gives(ev, "1", "0", "1");
    config.time_ms = 50;
    config.patience = 1000;
    pid = (pid_t)ev_pid(ev);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(pthread_create(&thread, NULL, wake_later, &pid), 0);
    gives(ev, "2", "0", "2");
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(ev_pid(ev), pid);
}

static void patience_ends(void **state)
{
    struct ev *ev = *state;

    gives(ev, "1", "0", "1");
    config.time_ms = 50;
    config.patience = 2;
    assert_int_equal(kill((pid_t)ev_pid(ev), SIGSTOP), 0);
    fails(ev, "2", "0", "ORCH_EVALUATOR_PATIENCE");
    gives(ev, "3", "0", "3");
}

static void conditions_choose_a_group(void **state)
{
    static const char request[] =
        "{\"now_ms\":0,\"seed\":\"0000000000000000\",\"states\":{\"input\":7},\"variables\":{\"v\":"
        "3},"
        "\"conditions\":[{\"field\":\"Choices[0].Condition\",\"text\":\"$states.input < $v\"},"
        "{\"field\":\"b\",\"text\":\"$states.input = "
        "7\"},{\"field\":\"c\",\"text\":\"$error('x')\"}],"
        "\"groups\":[[],[{\"field\":\"o\",\"text\":\"$v + "
        "1\"},{\"field\":\"o\",\"text\":\"'t'\"}],[],[]]}";
    struct mr_buf answer = {0};
    struct mr_error err;

    assert_int_equal(ev_eval(*state, request, sizeof(request) - 1, &answer, &err), MR_OK);
    assert_string_equal(answer.data, "{\"chosen\":1,\"values\":[4,\"t\"]}");
    mr_buf_release(&answer);
}

static void items_are_asked_one_by_one(void **state)
{
    static const char request[] =
        "{\"now_ms\":0,\"seed\":\"0000000000000000\",\"states\":{\"input\":7,\"context\":{"
        "\"State\":1}},"
        "\"variables\":{},\"conditions\":[],\"items\":{\"first\":5,\"values\":[\"a\",\"b\"]},"
        "\"groups\":"
        "[[{\"field\":\"ItemSelector\",\"text\":\"$states.context.Map.Item\"},"
        "{\"field\":\"ItemSelector\",\"text\":\"$states.context.State\"}]]}";
    struct mr_buf answer = {0};
    struct mr_error err;

    assert_int_equal(ev_eval(*state, request, sizeof(request) - 1, &answer, &err), MR_OK);
    assert_string_equal(answer.data, "{\"chosen\":0,\"values\":[[{\"Index\":5,\"Value\":\"a\"},1],"
                                     "[{\"Index\":6,\"Value\":\"b\"},1]]}");
    mr_buf_release(&answer);
}

static void items_have_keys_and_come_from_somewhere(void **state)
{
    static const char request[] =
        "{\"now_ms\":0,\"seed\":\"0000000000000000\",\"states\":{\"context\":{}},\"variables\":{},"
        "\"conditions\":[],\"items\":{\"first\":0,\"values\":[1,2],\"keys\":[\"a\",\"b\"],"
        "\"source\":\"S3://b/k\"},\"groups\":[[{\"field\":\"ItemSelector\",\"text\":"
        "\"$states.context.Map.Item\"}]]}";
    struct mr_buf answer = {0};
    struct mr_error err;

    assert_int_equal(ev_eval(*state, request, sizeof(request) - 1, &answer, &err), MR_OK);
    assert_string_equal(answer.data,
                        "{\"chosen\":0,\"values\":[[{\"Index\":0,\"Key\":\"a\",\"Value\":1,"
                        "\"Source\":\"S3://b/k\"}],"
                        "[{\"Index\":1,\"Key\":\"b\",\"Value\":2,\"Source\":\"S3://b/k\"}]]}");
    mr_buf_release(&answer);
}

static void syntax_is_checked_with_its_place(void **state)
{
    struct ev_syntax items[] = {
        {.text = "$a + 1"}, {.text = "$a +"}, {.text = "[1, }"}, {.text = ""}};
    struct mr_error err;

    assert_int_equal(ev_check(*state, items, 4, &err), MR_OK);
    assert_false(items[0].wrong);
    assert_true(items[1].wrong);
    assert_int_equal(items[1].position, 4);
    assert_non_null(strstr(items[1].message, "S0207"));
    assert_true(items[2].wrong);
    assert_int_equal(items[2].position, 5);
    assert_true(items[3].wrong);
}

/* As AWS: where an expression begins there is nothing to look into. */
static void names_are_looked_for_only_where_there_is_something(void **state)
{
    static const char *const outside[] = {
        "name",          "name.more",      "`na me`[1]", "1 + name",    "-name",
        "[1, name]",     "{'a': name}",    "{name: 1}",  "$sum(name)",  "($x := name; $x)",
        "$a ? name : 1", "$a ~> $f(name)", "name ~> $f", "'text'.name", "$$",
        "$$.name"};
    static const char *const inside[] = {"$states.input.name",
                                         "$a[name = 1]",
                                         "$a.(name + other)",
                                         "$a.{'b': name}",
                                         "$a{name: $sum(n)}",
                                         "$a^(name)",
                                         "$f($a).name[n > 1]",
                                         "($x := $a; $x.name)",
                                         "$map($a, function($v) { $v.name })",
                                         "$a ~> |name|{'b': other}|",
                                         "{'name': 1}.name",
                                         "[{'name': 1}][name = 1].name",
                                         "'text'",
                                         "$a[$.name]"};
    struct ev_syntax items[16] = {0};
    struct mr_error err;
    const size_t count = sizeof(outside) / sizeof(outside[0]);

    for (size_t i = 0; i < count; i++)
        items[i].text = outside[i];
    assert_int_equal(ev_check(*state, items, count, &err), MR_OK);
    for (size_t i = 0; i < count; i++)
        if (!items[i].wrong || !items[i].outside || !strstr(items[i].message, "top level"))
            fail_msg("'%s' is taken: %s", items[i].text, items[i].message);
    assert_non_null(strstr(items[0].message, "'name'"));
    memset(items, 0, sizeof(items));
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        items[i].text = inside[i];
    assert_int_equal(ev_check(*state, items, sizeof(inside) / sizeof(inside[0]), &err), MR_OK);
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        if (items[i].wrong)
            fail_msg("'%s': %s", items[i].text, items[i].message);
}

static void large_texts_pass_in_pieces(void **state)
{
    struct mr_buf input = {0};
    char *got;

    assert_int_equal(mr_buf_add_char(&input, '"'), MR_OK);
    for (int i = 0; i < 200000; i++)
        mr_buf_add_char(&input, 'x');
    mr_buf_add_char(&input, '"');
    assert_false(input.failed);
    got = ask_value(*state, "$states.input", input.data);
    assert_string_equal(got, input.data);
    free(got);
    mr_buf_release(&input);
}

static void one_requests_names_are_not_anothers(void **state)
{
    gives(*state, "($x := 5; $x)", "0", "5");
    fails(*state, "$x", "0", "returned nothing");
    gives(*state, "{'constructor': 1, 'toString': 2, '__proto__': 3}.toString", "0", "2");
    fails(*state, "$states.input.constructor", "{}", "returned nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_expression_has_a_value, setup, teardown),
        cmocka_unit_test_setup_teardown(time_and_chance_are_the_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(aws_functions, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_have_awss_words, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_end_names_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(a_killed_child_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(a_child_that_gets_no_processor_is_waited_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(patience_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(conditions_choose_a_group, setup, teardown),
        cmocka_unit_test_setup_teardown(items_are_asked_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(items_have_keys_and_come_from_somewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(syntax_is_checked_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_looked_for_only_where_there_is_something, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(large_texts_pass_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(one_requests_names_are_not_anothers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* machine_query_test.c -- definitions that speak JSONata: what may stand where, and what an
 * expression may read there. */
#include "tests/unit/asl/play.h"

#include <stdio.h>
#include <string.h>

/* A machine of the state S, and of N to go on to where go_on; ' stands for ".  NULL for word: it is
 * good; else the state has a fault at location (within it), and its message says word. */
static void judge(const char *state, bool go_on, const char *location, const char *word)
{
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine = NULL;
    struct mr_error err = {0};
    char text[2048], at[256];
    bool found = false;
    enum mr_code rc;
    int len = snprintf(text, sizeof(text),
                       "{'QueryLanguage':'JSONata','StartAt':'S','States':{'S':%s%s}}", state,
                       go_on ? ",'N':{'Type':'Succeed'}" : "");

    assert_true(len > 0 && (size_t)len < sizeof(text));
    for (char *p = text; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    (void)snprintf(at, sizeof(at), "/States/S%s", location);
    rc = asl_machine_parse(text, (size_t)len, &diags, &machine, &err);
    asl_machine_unref(machine);
    for (size_t i = 0; word && i < diags.count; i++)
        found |= strcmp(diags.items[i].location, at) == 0 && strstr(diags.items[i].message, word);
    asl_diagnostics_release(&diags);
    if (word ? !found : rc != MR_OK)
        fail_msg("%s\nwanted %s at %s, got %s", text, word ? word : "nothing", at, err.text);
}

#define TASK(rest)  "{'Type':'Task','Resource':'millrace:a.b'," rest "}"
#define FLOW        "{'StartAt':'I','States':{'I':{'Type':'Succeed'}}}"
#define MAP(rest)   "{'Type':'Map','ItemProcessor':" FLOW "," rest "}"
#define ALL(rest)   "{'Type':'Parallel','Branches':[" FLOW "]," rest "}"
#define CATCH(rest) TASK("'End':true,'Catch':[{'ErrorEquals':['States.ALL'],'Next':'N'," rest "}]")
#define RESULT      "'{% $states.result %}'"
#define ERROR       "'{% $states.errorOutput.Cause %}'"

static void a_result_is_read_only_where_there_is_one(void **state)
{
    static const char word[] = "$states.result";

    (void)state;
    judge(TASK("'End':true,'Output':" RESULT ",'Assign':{'r':" RESULT "}"), false, "", NULL);
    judge(MAP("'End':true,'Output':{'a':[" RESULT "]}"), false, "", NULL);
    judge(ALL("'End':true,'Assign':{'r':" RESULT "}"), false, "", NULL);
    judge(TASK("'End':true,'Arguments':{'a':" RESULT "}"), false, "/Arguments/a", word);
    judge(TASK("'End':true,'TimeoutSeconds':" RESULT), false, "/TimeoutSeconds", word);
    judge(ALL("'End':true,'Arguments':" RESULT), false, "/Arguments", word);
    judge(MAP("'End':true,'Items':" RESULT), false, "/Items", word);
    judge(MAP("'End':true,'ItemSelector':{'a':" RESULT "}"), false, "/ItemSelector/a", word);
    judge("{'Type':'Pass','End':true,'Output':" RESULT "}", false, "/Output", word);
    judge("{'Type':'Wait','Seconds':1,'End':true,'Assign':{'a':" RESULT "}}", false, "/Assign/a",
          word);
    judge("{'Type':'Succeed','Output':" RESULT "}", false, "/Output", word);
    judge("{'Type':'Fail','Error':" RESULT "}", false, "/Error", word);
    judge("{'Type':'Choice','Choices':[{'Condition':" RESULT ",'Next':'N'}]}", true,
          "/Choices/0/Condition", word);
    judge(CATCH("'Output':" RESULT), true, "/Catch/0/Output", word);
}

static void an_error_is_read_only_where_it_is_caught(void **state)
{
    static const char word[] = "$states.errorOutput";

    (void)state;
    judge(CATCH("'Output':" ERROR ",'Assign':{'e':" ERROR "}"), true, "", NULL);
    judge(TASK("'End':true,'Output':" ERROR), false, "/Output", word);
    judge(TASK("'End':true,'Assign':{'e':" ERROR "}"), false, "/Assign/e", word);
    judge("{'Type':'Pass','End':true,'Output':" ERROR "}", false, "/Output", word);
    judge("{'Type':'Choice','Choices':[{'Condition':true,'Next':'N','Output':" ERROR "}]}", true,
          "/Choices/0/Output", word);
}

static void what_only_looks_like_reading_it_is_no_fault(void **state)
{
    (void)state;
    judge("{'Type':'Pass','End':true,'Output':'{% $states %}'}", false, "", NULL);
    judge("{'Type':'Pass','End':true,'Output':'{% $states.input.result %}'}", false, "", NULL);
    judge("{'Type':'Pass','End':true,'Output':'{% $states.results %}'}", false, "", NULL);
    judge("{'Type':'Pass','End':true,'Output':'{% \\'$states.result\\' %}'}", false, "", NULL);
    judge("{'Type':'Pass','End':true,'Output':'$states.result'}", false, "", NULL);
}

static void an_expression_is_opened_and_closed_at_its_ends(void **state)
{
    (void)state;
    judge("{'Type':'Pass','End':true,'Output':['{% 1',2]}", false, "/Output/0", "%}");
    judge("{'Type':'Pass','End':true,'Output':{'a':'1 %}'}}", false, "/Output/a", "{%");
    judge("{'Type':'Pass','End':true,'Output':' {% 1 %}'}", false, "/Output", "{%");
    judge("{'Type':'Pass','End':true,'Assign':{'a':'{% 1 %} '}}", false, "/Assign/a", "%}");
    judge("{'Type':'Pass','End':true,'Output':'{%}'}", false, "/Output", "{%");
    judge("{'Type':'Pass','End':true,'Output':' {% 1 %} '}", false, "", NULL); /* plain text */
    judge("{'Type':'Pass','End':true,'Output':'a {% 1 %} b'}", false, "", NULL);
}

static void what_was_taken_before_the_rule_came_stays_good(void **state)
{
    static const char text[] = "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"S\",\"States\":{\"S\":"
                               "{\"Type\":\"Pass\",\"End\":true,"
                               "\"Output\":{\"a\":\"{% $states.result %}\",\"b\":\"{% 1\"}}}}";
    struct asl_machine *machine = NULL;
    struct mr_error err = {0};

    (void)state;
    assert_int_equal(asl_machine_parse(text, strlen(text), NULL, &machine, &err), MR_INVALID);
    assert_int_equal(asl_machine_parse_as(text, strlen(text),
                                          &(struct asl_parse_options){.admitted = true}, NULL,
                                          &machine, &err),
                     MR_OK);
    asl_machine_unref(machine);
}

static void items_are_an_array_or_an_object(void **state)
{
    (void)state;
    judge(MAP("'End':true,'Items':[1,'{% 2 %}']"), false, "", NULL);
    judge(MAP("'End':true,'Items':{'a':'{% 2 %}'}"), false, "", NULL);
    judge(MAP("'End':true,'Items':'a'"), false, "/Items", "Array");
    judge(MAP("'End':true,'Items':1"), false, "/Items", "Array");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_read_only_where_there_is_one),
        cmocka_unit_test(an_error_is_read_only_where_it_is_caught),
        cmocka_unit_test(what_only_looks_like_reading_it_is_no_fault),
        cmocka_unit_test(an_expression_is_opened_and_closed_at_its_ends),
        cmocka_unit_test(what_was_taken_before_the_rule_came_stays_good),
        cmocka_unit_test(items_are_an_array_or_an_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_state_test.c -- one state and one input: what comes out, what was on the way, and what a
 * request must not be. */
#include "orchestrator/asl/test_state.h"
#include "tests/unit/asl/play.h"

#include "common/base/json.h"

#include <string.h>

/* Asks and compares; the text uses ' for ". */
static void asks(const char *definition, const char *input, const char *options,
                 const char *expected)
{
    char texts[4][4096];
    const char *said[4] = {definition, input, options, expected};
    struct asl_test test = {.now_ms = INT64_C(1700000000000)};
    cJSON *trees[3], *answer = NULL;
    struct mr_error err = {0};

    for (int i = 0; i < 4; i++) {
        assert_true(strlen(said[i]) < sizeof(texts[i]));
        for (size_t j = 0; j <= strlen(said[i]); j++)
            texts[i][j] = said[i][j] == '\'' ? '"' : said[i][j];
        if (i < 3) {
            trees[i] = cJSON_Parse(texts[i]);
            assert_non_null(trees[i]);
        }
    }
    test.definition = trees[0];
    test.input = trees[1];
    test.options = trees[2];
    assert_int_equal(asl_test_state(&test, &answer, &err), MR_OK);
    assert_json(answer, texts[3]);
    cJSON_Delete(answer);
    for (int i = 0; i < 3; i++)
        cJSON_Delete(trees[i]);
}

#define TASK                                                                                       \
    "{'Type':'Task','Resource':'millrace:x.y','InputPath':'$.in','Parameters':{'k.$':'$.a'},"      \
    "'ResultSelector':{'sel.$':'$.r'},'ResultPath':'$.out','Next':'After','Retry':["               \
    "{'ErrorEquals':['Never']},{'ErrorEquals':['Again'],'IntervalSeconds':3,'MaxAttempts':2,"      \
    "'BackoffRate':2}],'Catch':[{'ErrorEquals':['Again','Other'],'Next':'Rescue'}]}"

static void every_stage_of_the_data_is_shown(void **state)
{
    (void)state;
    asks(TASK, "{'in':{'a':1}}", "{'inspectionLevel':'DEBUG','mock':{'result':'{\\\"r\\\":2}'}}",
         "{'status':'SUCCEEDED','nextState':'After','output':{'in':{'a':1},'out':{'sel':2}},"
         "'inspectionData':{'input':{'in':{'a':1}},'afterInputPath':{'a':1},"
         "'afterParameters':{'k':1},'result':{'r':2},'afterResultSelector':{'sel':2},"
         "'afterResultPath':{'in':{'a':1},'out':{'sel':2}}}}");
}

static void a_failure_is_retried_until_its_tries_are_used_up(void **state)
{
    (void)state;
    asks(TASK, "{'in':{'a':1}}",
         "{'inspectionLevel':'TRACE','mock':{'errorOutput':{'error':'Again','cause':'c'}},"
         "'stateConfiguration':{'retrierRetryCount':1}}",
         "{'status':'RETRIABLE','error':'Again','cause':'c','inspectionData':{"
         "'input':{'in':{'a':1}},'afterInputPath':{'a':1},'afterParameters':{'k':1},"
         "'errorDetails':{'retryIndex':1,'retryBackoffIntervalSeconds':6}}}");
    asks(TASK, "{'in':{'a':1}}",
         "{'mock':{'errorOutput':{'error':'Again','cause':'c'}},"
         "'stateConfiguration':{'retrierRetryCount':2}}",
         "{'status':'CAUGHT_ERROR','error':'Again','cause':'c','nextState':'Rescue',"
         "'output':{'Error':'Again','Cause':'c'}}");
    asks(TASK, "{'in':{'a':1}}", "{'mock':{'errorOutput':{'error':'Nobody'}}}",
         "{'status':'FAILED','error':'Nobody'}");
}

/* As the API has it: a whole number. */
static void a_wait_before_a_retry_is_told_in_whole_seconds(void **state)
{
    (void)state;
    asks("{'Type':'Task','Resource':'millrace:x.y','End':true,'Retry':[{'ErrorEquals':['E'],"
         "'IntervalSeconds':3,'BackoffRate':1.5}]}",
         "{}",
         "{'inspectionLevel':'DEBUG','mock':{'errorOutput':{'error':'E'}},'stateConfiguration':{"
         "'retrierRetryCount':1}}",
         "{'status':'RETRIABLE','error':'E','inspectionData':{'input':{},'afterInputPath':{},"
         "'afterParameters':{},'errorDetails':{'retryIndex':0,'retryBackoffIntervalSeconds':4}}}");
}

static void a_state_is_found_by_name_however_deep_it_nests(void **state)
{
    (void)state;
    asks("{'StartAt':'P','States':{'P':{'Type':'Parallel','End':true,'Branches':[{'StartAt':'M',"
         "'States':{'M':{'Type':'Map','End':true,'ItemProcessor':{'StartAt':'Deep','States':{"
         "'Deep':{'Type':'Pass','Result':7,'Next':'Deeper'},'Deeper':{'Type':'Succeed'}}}}}}]}}}",
         "{}", "{'stateName':'Deep'}", "{'status':'SUCCEEDED','output':7,'nextState':'Deeper'}");
}

static void a_state_that_goes_to_itself_is_run_once(void **state)
{
    (void)state;
    asks("{'StartAt':'L','States':{'L':{'Type':'Choice','Choices':[{'Variable':'$','NumericEquals':"
         "1,'Next':'L'}],'Default':'E'},'E':{'Type':'Succeed'}}}",
         "1", "{'stateName':'L'}", "{'status':'SUCCEEDED','output':1,'nextState':'L'}");
}

static void a_wait_takes_no_time_and_a_fail_fails(void **state)
{
    (void)state;
    asks("{'Type':'Wait','Seconds':86400,'End':true}", "5", "{}",
         "{'status':'SUCCEEDED','output':5}");
    asks("{'Type':'Fail','Error':'E','Cause':'C'}", "{}", "{}",
         "{'status':'FAILED','error':'E','cause':'C'}");
}

static void the_children_of_a_fork_are_mocked(void **state)
{
    (void)state;
    asks("{'Type':'Map','ItemsPath':'$.v','MaxConcurrency':2,'ResultPath':'$.r','End':true,"
         "'ItemProcessor':{'StartAt':'A','States':{'A':{'Type':'Pass','End':true}}}}",
         "{'v':[1,2]}", "{'inspectionLevel':'DEBUG','mock':{'result':[3,4]}}",
         "{'status':'SUCCEEDED','output':{'v':[1,2],'r':[3,4]},'inspectionData':{"
         "'input':{'v':[1,2]},'afterInputPath':{'v':[1,2]},'afterItemsPath':[1,2],"
         "'maxConcurrency':2,'afterResultSelector':[3,4],"
         "'afterResultPath':{'v':[1,2],'r':[3,4]}}}");
}

#define SELECTED                                                                                   \
    "'ItemSelector':{'n.$':'$$.Map.Item.Value','i.$':'$$.Map.Item.Index','w.$':'$.w'},'End':true," \
    "'ItemProcessor':{'StartAt':'A','States':{'A':{'Type':'Pass','End':true}}"

static void a_map_shows_what_its_iterations_are_given(void **state)
{
    (void)state;
    asks("{'Type':'Map','ItemsPath':'$.v'," SELECTED "}}", "{'v':[5,6],'w':7}",
         "{'inspectionLevel':'DEBUG','mock':{'errorOutput':{'error':'E'}}}",
         "{'status':'FAILED','error':'E','inspectionData':{'input':{'v':[5,6],'w':7},"
         "'afterInputPath':{'v':[5,6],'w':7},'afterItemsPath':[5,6],'maxConcurrency':0,"
         "'afterItemSelector':[{'n':5,'i':0,'w':7},{'n':6,'i':1,'w':7}]}}");
    /* and where the items were read from storage: as the request says that they were */
    asks("{'Type':'Map','ItemReader':{'Resource':'arn:aws:states:::s3:getObject','ReaderConfig':"
         "{'InputType':'JSON'},'Parameters':{'Bucket':'b','Key':'k'}}," SELECTED
         ",'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'}}}",
         "{'w':7}",
         "{'inspectionLevel':'DEBUG','mock':{'result':'[1]'},'stateConfiguration':"
         "{'mapItemReaderData':'[9]'}}",
         "{'status':'SUCCEEDED','output':[1],'inspectionData':{'input':{'w':7},"
         "'afterInputPath':{'w':7},'maxConcurrency':0,'afterItemSelector':[{'n':9,'i':0,'w':7}],"
         "'afterResultSelector':[1],'afterResultPath':[1]}}");
}

#define SPREAD(rest)                                                                               \
    "{'Type':'Map','ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':"      \
    "'STANDARD'},'StartAt':'A','States':{'A':{'Type':'Pass','End':true}}},'End':true," rest "}"
#define READER                                                                                     \
    "'ItemReader':{'Resource':'arn:aws:states:::s3:getObject','ReaderConfig':{'InputType':'JSON'," \
    "'ItemsPointer':'/a~1b/0','MaxItems':2},'Parameters':{'Bucket':'b','Key':'k'}}"

static void a_map_shows_its_batches_and_where_its_items_were_found(void **state)
{
    (void)state;
    asks(SPREAD("'ItemsPath':'$.v','ItemSelector':{'n.$':'$$.Map.Item.Value'},'MaxConcurrency':1,"
                "'ItemBatcher':{'MaxItemsPerBatch':2,'BatchInput':{'w.$':'$.w'}}"),
         "{'v':[1,2,3],'w':7}", "{'inspectionLevel':'DEBUG','mock':{'result':[0]}}",
         "{'status':'SUCCEEDED','output':[0],'inspectionData':{'input':{'v':[1,2,3],'w':7},"
         "'afterInputPath':{'v':[1,2,3],'w':7},'afterItemsPath':[1,2,3],'maxConcurrency':1,"
         "'afterItemSelector':[{'n':1},{'n':2},{'n':3}],'afterItemBatcher':["
         "{'BatchInput':{'w':7},'Items':[{'n':1},{'n':2}]},{'BatchInput':{'w':7},'Items':[{'n':3}]}"
         "],'afterResultSelector':[0],'afterResultPath':[0]}}");
    asks(SPREAD(READER ",'ItemBatcher':{'MaxItemsPerBatch':5}"), "{}",
         "{'inspectionLevel':'DEBUG','mock':{'result':[0]},'stateConfiguration':{"
         "'mapItemReaderData':'{\\\"a/b\\\":[[4,5,6]]}'}}",
         "{'status':'SUCCEEDED','output':[0],'inspectionData':{'input':{},'afterInputPath':{},"
         "'maxConcurrency':0,'afterItemsPointer':[4,5,6],'afterItemBatcher':[{'Items':[4,5]}],"
         "'afterResultSelector':[0],'afterResultPath':[0]}}");
    asks(SPREAD(READER), "{}",
         "{'mock':{'result':[0]},'stateConfiguration':{'mapItemReaderData':'{}'}}",
         "{'status':'FAILED','error':'States.ItemReaderFailed','cause':"
         "'ItemsPointer \\\"/a~1b/0\\\" leads to no array and no object'}");
}

static void what_is_not_json_to_be_read_is_left_alone(void **state)
{
    (void)state;
    asks(SPREAD("'ItemReader':{'Resource':'arn:aws:states:::s3:getObject','ReaderConfig':{"
                "'InputType':'CSV','CSVHeaderLocation':'FIRST_ROW'},'Parameters':{'Bucket':'b',"
                "'Key':'k'}}"),
         "{}", "{'mock':{'result':[0]},'stateConfiguration':{'mapItemReaderData':'a,b'}}",
         "{'status':'SUCCEEDED','output':[0]}");
}

static void a_state_within_a_map_is_in_its_first_iteration(void **state)
{
    static const char machine[] =
        "{'StartAt':'M','States':{'M':{'Type':'Map','End':true,'ItemProcessor':{'StartAt':'A',"
        "'States':{'A':{'Type':'Pass','Parameters':{'m.$':'$$.Map.Item'},'End':true}}}}}}";

    (void)state;
    asks(machine, "{'x':1}", "{'stateName':'A'}",
         "{'status':'SUCCEEDED','output':{'m':{'Index':0,'Value':{'x':1}}}}");
    asks(machine, "{'x':1}",
         "{'stateName':'A','context':'{\\\"Map\\\":{\\\"Item\\\":{\\\"Index\\\":3}}}'}",
         "{'status':'SUCCEEDED','output':{'m':{'Index':3}}}");
}

static void an_error_out_of_a_parallel_is_of_a_branch(void **state)
{
    (void)state;
    asks("{'Type':'Parallel','Branches':[{'StartAt':'A','States':{'A':{'Type':'Succeed'}}}],"
         "'End':true,'Catch':[{'ErrorEquals':['States.BranchFailed'],'Next':'C'}]}",
         "{}",
         "{'mock':{'errorOutput':{'error':'E'}},'stateConfiguration':{'errorCausedByState':'A'}}",
         "{'status':'CAUGHT_ERROR','error':'E','nextState':'C','output':{'Error':'E','Cause':null}"
         "}");
}

static void variables_are_seen_and_what_is_assigned_is_shown(void **state)
{
    (void)state;
    asks("{'Type':'Pass','Parameters':{'sum.$':'$v'},'Assign':{'w.$':'$.sum'},'End':true}",
         "{'a':2}", "{'inspectionLevel':'DEBUG','variables':'{\\\"v\\\":[1],\\\"unused\\\":0}'}",
         "{'status':'SUCCEEDED','output':{'sum':[1]},'inspectionData':{'input':{'a':2},"
         "'afterInputPath':{'a':2},'afterParameters':{'sum':[1]},'afterResultSelector':{'sum':[1]},"
         "'afterResultPath':{'sum':[1]},'variables':{'v':[1],'unused':0,'w':[1]}}}");
}

static void the_context_object_may_be_given(void **state)
{
    (void)state;
    asks("{'Type':'Pass','Parameters':{'c.$':'$$'},'End':true}", "{}", "{'context':'{}'}",
         "{'status':'SUCCEEDED','output':{'c':{}}}");
    asks("{'Type':'Pass','Parameters':{'n.$':'$$.State.Name','t.$':'$$.Execution.StartTime'},"
         "'End':true}",
         "{}", "{}",
         "{'status':'SUCCEEDED','output':{'n':'StateName','t':'2023-11-14T22:13:20.000Z'}}");
}

static void rejected(const char *definition, const char *options, const char *error,
                     const char *words)
{
    char text[2][4096];
    const char *said[2] = {definition, options};
    struct asl_test test = {0};
    cJSON *trees[2], *answer = NULL;
    struct mr_error err = {0};
    const char *cause;

    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j <= strlen(said[i]); j++)
            text[i][j] = said[i][j] == '\'' ? '"' : said[i][j];
        trees[i] = cJSON_Parse(text[i]);
        assert_non_null(trees[i]);
    }
    test.definition = trees[0];
    test.options = trees[1];
    assert_int_equal(asl_test_state(&test, &answer, &err), MR_OK);
    assert_string_equal(cJSON_GetStringValue(mr_json_get(answer, "status")), "REQUEST_REJECTED");
    assert_string_equal(cJSON_GetStringValue(mr_json_get(answer, "error")), error);
    cause = cJSON_GetStringValue(mr_json_get(answer, "cause"));
    if (!strstr(cause, words))
        fail_msg("'%s' is not in '%s'", words, cause);
    cJSON_Delete(answer);
    cJSON_Delete(trees[0]);
    cJSON_Delete(trees[1]);
}

static void what_cannot_be_tested_is_rejected_with_the_reason(void **state)
{
    static const char v[] = "ValidationException", pass[] = "{'Type':'Pass','End':true}",
                      d[] = "InvalidDefinition";

    (void)state;
    rejected(TASK, "{'mock':{}}", v, "only one of");
    rejected(TASK, "{'mock':{'result':'{','fieldValidationMode':'NONE'}}", v, "must be valid JSON");
    rejected(TASK, "{'mock':{'result':'1','fieldValidationMode':'SOME'}}", v, "STRICT");
    rejected(TASK, "{'mock':{'result':'1'},'revealSecrets':true}", v, "RevealSecrets");
    rejected(TASK, "{'mock':{'errorOutput':['a']}}", v, "errorOutput must be an object");
    rejected(TASK, "{'mock':{'errorOutput':{'error':5}}}", v, "errorOutput/error must be a string");
    rejected(TASK, "{}", v, "RoleArn");
    rejected(TASK, "{'roleArn':'r'}", v, "needs a mock");
    rejected(pass, "{'mock':{'result':'1'}}", v, "'Pass' is not supported when a mock");
    rejected(pass, "{'inspectionLevel':'ALL'}", v, "INFO, DEBUG, TRACE");
    rejected(pass, "{'context':'{\\\"Execution\\\":{\\\"x\\\":1}}'}", v,
             "Field 'x' is not allowed");
    rejected(pass, "{'context':'{\\\"State\\\":{\\\"Name\\\":1}}'}", v, "'Name' must be a string");
    rejected(pass, "{'context':'[]'}", v, "must be an object");
    rejected(pass, "{'variables':'[]'}", v, "Variables must be an object");
    rejected(pass, "{'what':1}", v, "'what'");
    rejected("{'StartAt':'A','States':{'A':{'Type':'Pass','End':true}}}", "{'stateName':'X'}", v,
             "no state 'X'");
    rejected(pass, "{'stateName':'X'}", d, "at /Type");
    rejected("{'StartAt':'A','States':{'A':{'Type':'Pass','End':true},'B':{'Type':'Pass','Next':"
             "'C'}}}",
             "{'stateName':'A'}", d, "MISSING_TRANSITION_TARGET");
    rejected(pass, "{'stateConfiguration':{'retrierRetryCount':-1}}", v, "retrierRetryCount");
    rejected("{'StartAt':'A','States':{}}", "{}", d, "stateName");
    rejected("{'Type':'Pass','Nxt':'A'}", "{}", d, "Nxt");
    rejected("{'End':true}", "{}", d, "no Type");
    rejected("'{\\\"Type\\\":'", "{}", d, "Definition must be valid JSON");
    rejected("[1]", "{}", d, "must be an object");
    rejected("{'Type':'Parallel','Branches':[],'End':true}", "{}", d, "Map or Parallel");
    rejected("{'Type':'Parallel','Branches':[],'End':true}", "{'mock':{'result':{}}}", v,
             "must be an array");
    rejected(
        "{'Type':'Map','ItemsPath':'$.v','End':true,'ItemProcessor':{'StartAt':'A','States':{"
        "'A':{'Type':'Succeed'}}}}",
        "{'mock':{'errorOutput':{'error':'E'}},'stateConfiguration':{'errorCausedByState':'B'}}", v,
        "no state 'B'");
    rejected(pass, "{'stateConfiguration':{'errorCausedByState':''}}", v, "1 to 80");
    rejected("{'Type':'Map','Items':[1],'End':true,'ItemProcessor':{'StartAt':'A','States':{"
             "'A':{'Type':'Succeed'}}}}",
             "{'mock':{'result':[1]},'stateConfiguration':{'mapIterationFailureCount':-1}}", v,
             "mapIterationFailureCount");
}

/* Answers a check of syntax only, that all of it is wrong. */
static enum mr_code knows_no_expression(void *ctx, const char *request, size_t len,
                                        struct mr_buf *ret, struct mr_error *err)
{
    (void)ctx;
    (void)err;
    assert_true(len == strlen("{\"check\":[\"1 +\"]}"));
    assert_string_equal(request, "{\"check\":[\"1 +\"]}");
    return mr_buf_add_str(ret, "{\"errors\":[{\"position\":3,\"message\":\"S0207: odd\"}]}");
}

static void an_expression_that_is_none_is_no_definition(void **state)
{
    struct asl_test test = {.evaluate = knows_no_expression};
    cJSON *definition = cJSON_Parse("{\"Type\":\"Pass\",\"QueryLanguage\":\"JSONata\",\"End\":true,"
                                    "\"Output\":\"{% 1 + %}\"}"),
          *answer = NULL;
    struct mr_error err = {0};

    (void)state;
    test.definition = definition;
    assert_int_equal(asl_test_state(&test, &answer, &err), MR_OK);
    assert_string_equal(cJSON_GetStringValue(mr_json_get(answer, "error")), "InvalidDefinition");
    assert_non_null(strstr(cJSON_GetStringValue(mr_json_get(answer, "cause")),
                           "INVALID_JSONATA_EXPRESSION: S0207: odd at /States/StateName/Output"));
    cJSON_Delete(answer);
    cJSON_Delete(definition);
}

static void no_more_iterations_fail_than_there_are(void **state)
{
    static const char map[] = "{'Type':'Map','End':true,'ToleratedFailureCount':9,'ItemProcessor':{"
                              "'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},"
                              "'StartAt':'A','States':{'A':{'Type':'Succeed'}}}}";

    (void)state;
    asks(map, "[1,2,3]",
         "{'mock':{'result':[1]},'stateConfiguration':{'mapIterationFailureCount':3}}",
         "{'status':'SUCCEEDED','output':[1]}");
    asks(
        map, "[1,2,3]",
        "{'mock':{'errorOutput':{'error':'E'}},'stateConfiguration':{'mapIterationFailureCount':4}"
        "}",
        "{'status':'REQUEST_REJECTED','error':'ValidationException','cause':'Map iteration failure "
        "count must be less than or equal to the number of Map iterations'}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_of_the_data_is_shown),
        cmocka_unit_test(a_failure_is_retried_until_its_tries_are_used_up),
        cmocka_unit_test(a_wait_before_a_retry_is_told_in_whole_seconds),
        cmocka_unit_test(a_state_is_found_by_name_however_deep_it_nests),
        cmocka_unit_test(a_state_that_goes_to_itself_is_run_once),
        cmocka_unit_test(a_wait_takes_no_time_and_a_fail_fails),
        cmocka_unit_test(the_children_of_a_fork_are_mocked),
        cmocka_unit_test(a_map_shows_what_its_iterations_are_given),
        cmocka_unit_test(a_map_shows_its_batches_and_where_its_items_were_found),
        cmocka_unit_test(what_is_not_json_to_be_read_is_left_alone),
        cmocka_unit_test(a_state_within_a_map_is_in_its_first_iteration),
        cmocka_unit_test(an_error_out_of_a_parallel_is_of_a_branch),
        cmocka_unit_test(variables_are_seen_and_what_is_assigned_is_shown),
        cmocka_unit_test(the_context_object_may_be_given),
        cmocka_unit_test(an_expression_that_is_none_is_no_definition),
        cmocka_unit_test(no_more_iterations_fail_than_there_are),
        cmocka_unit_test(what_cannot_be_tested_is_rejected_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

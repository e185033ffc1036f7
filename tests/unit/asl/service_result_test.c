/* service_result_test.c -- a mock is held against what the service's call answers: the types of
 * the members that are there, and whether those that always come are. */
#include "orchestrator/asl/service_result.h"
#include "tests/unit/asl/play.h"

#include <string.h>

#define OWN(call) "arn:aws:states:::" call
#define SDK(call) "arn:aws:states:::aws-sdk:" call

/* result uses ' for "; words NULL: it passes. */
static void check(const char *resource, bool complete, const char *result, const char *words)
{
    struct mr_error err = {0};
    char text[1024];
    cJSON *json;
    enum mr_code rc;

    assert_true(strlen(result) < sizeof(text));
    for (size_t i = 0; i <= strlen(result); i++)
        text[i] = result[i] == '\'' ? '"' : result[i];
    json = cJSON_Parse(text);
    assert_non_null(json);
    rc = asl_service_result_check(resource, json, complete, &err);
    cJSON_Delete(json);
    if (!words && rc)
        fail_msg("%s, %s: %s", resource, result, err.text);
    assert_int_equal(rc, words ? MR_INVALID : MR_OK);
    if (words && !strstr(err.text, words))
        fail_msg("'%s' is not in '%s'", words, err.text);
}

static void members_are_of_the_types_that_the_service_gives(void **state)
{
    (void)state;
    check(OWN("sqs:sendMessage"), false, "{'MessageId':1}", "'MessageId' must be a string");
    check(OWN("ecs:runTask"), false, "{'Tasks':[{'Attachments':{}}]}",
          "'Attachments' must be an array");
    check(OWN("dynamodb:getItem"), false, "{'Item':{'a':{'BOOL':'yes'}}}",
          "'BOOL' must be a boolean");
    check(OWN("dynamodb:getItem"), false, "{'Item':{'a':{'M':{'b':{'L':[{'N':4}]}}}}}",
          "'N' must be a string");
    check(OWN("dynamodb:getItem"), false, "{'Item':{'a':{'M':{'b':{'L':[{'N':'4'}]}}}}}", NULL);
    check(OWN("dynamodb:getItem"), false, "{'Item':{'a':1}}", "'a' must be an object");
    check(OWN("dynamodb:putItem"), false, "{'ConsumedCapacity':[]}",
          "'ConsumedCapacity' must be an object");
    check(OWN("dynamodb:putItem"), false, "{'ConsumedCapacity':{'CapacityUnits':0.5}}", NULL);
    check(SDK("s3:headObject"), false, "{'ContentLength':'9'}", "'ContentLength' must be a number");
    check(SDK("s3:getObject"), false, "{'LastModified':5}", "'LastModified' must be a string");
    check(SDK("kms:decrypt"), false, "{'Plaintext':{}}", "'Plaintext' must be a string");
    check(SDK("sfn:describeExecution"), false, "{'Status':'ASLEEP'}",
          "'Status' is not an expected value");
    check(SDK("sfn:describeExecution"), false, "{'Status':7}", "'Status' must be a string");
    check(SDK("sfn:describeExecution"), false, "{'Status':'RUNNING'}", NULL);
}

static void members_that_always_come_must_be_there_where_it_is_asked(void **state)
{
    (void)state;
    check(OWN("states:startExecution"), true, "{'ExecutionArn':'a'}", "'StartDate' is required");
    check(OWN("states:startExecution"), true, "{'ExecutionArn':null,'StartDate':'s'}",
          "'ExecutionArn' is required");
    check(OWN("states:startExecution"), false, "{'ExecutionArn':'a'}", NULL);
    check(OWN("states:startExecution"), true, "{'ExecutionArn':'a','StartDate':'s'}", NULL);
    check(SDK("rekognition:detectFaces"), true, "{}", NULL); /* nothing always comes */
}

static void what_the_model_does_not_know_is_not_looked_at(void **state)
{
    (void)state;
    check(OWN("events:putEvents"), true, "{'SdkHttpMetadata':{'HttpStatusCode':200},'More':1}",
          NULL);
    check(OWN("events:putEvents"), true, "{'Entries':null}", NULL);
    check(OWN("sns:publish.waitForTaskToken"), true, "{'MessageId':1}", NULL);
    check(OWN("batch:submitJob.sync"), true, "{}", NULL);
    check(OWN("http:invoke"), true, "[1]", NULL);
    check(OWN("nobody:call"), true, "1", NULL);
    check(OWN("sqs:noSuchCall"), true, "1", NULL);
    check(SDK("sqs"), true, "1", NULL);
    check("arn:aws:lambda:eu-west-1:1:function:f", true, "1", NULL);
    check("arn:aws:states:eu-west-1:1:activity:a", true, "1", NULL);
    check("millrace:image.render", true, "1", NULL);
}

static void a_call_whose_end_is_waited_for_answers_as_what_is_polled(void **state)
{
    (void)state;
    check(OWN("states:startExecution.sync:2"), true, "{'ExecutionArn':'a','StartDate':'s'}",
          "'StateMachineArn' is required");
    check(OWN("states:startExecution.sync"), true,
          "{'ExecutionArn':'a','StartDate':'s','StateMachineArn':'m','Status':'SUCCEEDED',"
          "'Output':'{}'}",
          NULL);
    /* as text, also where the workflow gets it parsed: the service's model has it so */
    check(OWN("states:startExecution.sync:2"), false, "{'Output':{}}", "'Output' must be a string");
}

static void what_an_integration_unpacks_is_any_json(void **state)
{
    (void)state;
    check(OWN("lambda:invoke"), true, "{'Payload':{'a':[1]},'StatusCode':200}", NULL);
    check(OWN("lambda:invoke"), true, "{'Payload':{},'StatusCode':'200'}",
          "'StatusCode' must be a number");
    check(SDK("lambda:invoke"), true, "{'Payload':{}}", "'Payload' must be a string");
}

static void a_result_is_an_object(void **state)
{
    (void)state;
    check(OWN("sqs:sendMessage"), false, "['a']", "SendMessage must be an object");
    check(OWN("sqs:sendMessage"), false, "null", "SendMessage must be an object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_of_the_types_that_the_service_gives),
        cmocka_unit_test(members_that_always_come_must_be_there_where_it_is_asked),
        cmocka_unit_test(what_the_model_does_not_know_is_not_looked_at),
        cmocka_unit_test(a_call_whose_end_is_waited_for_answers_as_what_is_polled),
        cmocka_unit_test(what_an_integration_unpacks_is_any_json),
        cmocka_unit_test(a_result_is_an_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

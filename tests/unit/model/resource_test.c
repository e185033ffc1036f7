/* resource_test.c -- every row of the table in resource.h, and what is none of it. */
#include "common/base/json.h"
#include "common/model/resource.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_row_of_the_table_gives_its_class_and_type(void **state)
{
    static const struct {
        const char *resource, *class_name, *type;
    } rows[] = {
        {"millrace:image.render", "image", "image.render"},
        {"millrace:noop", "io", "noop"},
        {"millrace:map.read", "io", "map.read"},
        {"millrace:s3.getObject", "io", "s3.getObject"},
        {"millrace:shop.mail.waitForTaskToken", "shop", "shop.mail"},
        {"arn:aws:lambda:eu-west-1:123456789012:function:Thumbs", "Thumbs", "Thumbs"},
        {"arn:aws:lambda:eu-west-1:123456789012:function:Thumbs:7", "Thumbs", "Thumbs"},
        {"arn:aws-cn:lambda:cn-north-1:123456789012:function:Thumbs", "Thumbs", "Thumbs"},
        {"arn:aws:states:eu-west-1:123456789012:activity:Review", "Review", "Review"},
        {"arn:aws:states:::s3:getObject", "io", "s3.getObject"},
        {"arn:aws:states:::aws-sdk:s3:putObject", "io", "s3.putObject"},
        {"arn:aws:states:::aws-sdk:s3:selectObjectContent", "s3", "s3.selectObjectContent"},
        {"arn:aws:states:::sqs:sendMessage", "sqs", "sqs.sendMessage"},
        {"arn:aws:states:::sqs:sendMessage.waitForTaskToken", "sqs", "sqs.sendMessage"},
        {"arn:aws:states:::ecs:runTask.sync", "ecs", "ecs.runTask"},
        {"arn:aws:states:::aws-sdk:dynamodb:query", "dynamodb", "dynamodb.query"},
        {"arn:aws:sns:eu-west-1:1:topic", "sns", "sns.topic"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mr_resource found;
        struct mr_error err;

        if (mr_resource_resolve(rows[i].resource, &found, &err))
            fail_msg("%s", err.text);
        assert_int_equal(found.service, MR_SERVICE_WORKER);
        assert_string_equal(found.class_name, rows[i].class_name);
        assert_string_equal(found.type, rows[i].type);
    }
}

static void what_starts_a_workflow_says_what_it_waits_for(void **state)
{
    static const struct {
        const char *resource;
        enum mr_want want;
    } rows[] = {
        {"millrace:job.start", MR_WANT_START},
        {"millrace:job.start.sync", MR_WANT_SYNC},
        {"millrace:job.start.sync:2", MR_WANT_SYNC2},
        {"millrace:job.start.waitForTaskToken", MR_WANT_NOTHING},
        {"arn:aws:states:::states:startExecution", MR_WANT_START},
        {"arn:aws:states:::states:startExecution.sync", MR_WANT_SYNC},
        {"arn:aws:states:::states:startExecution.sync:2", MR_WANT_SYNC2},
        {"arn:aws:states:::states:startExecution.waitForTaskToken", MR_WANT_NOTHING},
        {"arn:aws:states:::aws-sdk:sfn:startExecution", MR_WANT_START},
        {"arn:aws:states:::aws-sdk:sfn:startSyncExecution", MR_WANT_EXPRESS},
        {"arn:aws:states:::aws-sdk:sfn:startSyncExecution.waitForTaskToken", MR_WANT_NOTHING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mr_resource found;

        assert_int_equal(mr_resource_resolve(rows[i].resource, &found, NULL), MR_OK);
        assert_int_equal(found.service, MR_SERVICE_JOB);
        assert_int_equal(found.want, rows[i].want);
        assert_int_equal(found.sdk, strstr(rows[i].resource, "aws-sdk:") != NULL);
    }
}

static void what_is_not_in_the_table_is_refused_and_named(void **state)
{
    static const char *const refused[] = {
        "",
        "millrace:",
        "millrace:.x",
        "millrace:no/slash.x",
        "millrace:a b.x",
        "image.render",
        "arn:aws:lambda:eu-west-1:1:function:",
        "arn:aws:lambda:eu-west-1:1:layer:x",
        "arn:aws:states:::activity:no/slash",
        "arn:aws:states:::sqs",
        "arn:aws:states:::sqs:",
        "arn:aws:states:::a b:c",
        "arn:aws:sns",
        "arn:aws:sns:eu-west-1:1:",
        "arn:aws::eu-west-1:1:x",
        "millrace:classnamesareonlyallowedtobefortysevencharacterslong.x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct mr_resource found = {.class_name = "before"};
        struct mr_error err;

        if (mr_resource_resolve(refused[i], &found, &err) != MR_UNSUPPORTED)
            fail_msg("%s is served", refused[i]);
        assert_string_equal(found.class_name, "before");
        assert_non_null(strstr(err.text, refused[i]));
    }
}

static void a_type_as_long_as_the_table_allows_fits_and_a_longer_one_does_not(void **state)
{
    char resource[400] = "millrace:a.";
    struct mr_resource found;
    const size_t start = strlen("millrace:");

    (void)state;
    memset(resource + start + 2, 'x', 253);
    assert_int_equal(mr_resource_resolve(resource, &found, NULL), MR_OK);
    assert_int_equal(strlen(found.type), 255);
    strcat(resource, "x");
    assert_int_equal(mr_resource_resolve(resource, &found, NULL), MR_UNSUPPORTED);
}

static void lambda_invoke_names_its_class_in_its_input(void **state)
{
    static const char *const names[] = {
        "Thumbs", "Thumbs:3", "arn:aws:lambda:eu-west-1:1:function:Thumbs",
        "arn:aws:lambda:eu-west-1:1:function:Thumbs:$LATEST", "1:function:Thumbs"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cJSON *input = cJSON_CreateObject(), *answer = NULL;
        const cJSON *payload = NULL;
        struct mr_resource found;
        struct mr_buf text = {0};

        cJSON_AddStringToObject(input, "FunctionName", names[i]);
        cJSON_AddNumberToObject(input, "Payload", 5);
        assert_int_equal(mr_resource_resolve("arn:aws:states:::lambda:invoke", &found, NULL),
                         MR_OK);
        assert_int_equal(found.service, MR_SERVICE_INVOKE);
        assert_int_equal(mr_resource_invoke(input, &found, &payload, NULL), MR_OK);
        assert_string_equal(found.class_name, "Thumbs");
        assert_int_equal(payload->valueint, 5);
        assert_int_equal(
            mr_resource_answer("arn:aws:states:::lambda:invoke", payload, &answer, NULL), MR_OK);
        assert_int_equal(mr_json_print(answer, &text), MR_OK);
        assert_string_equal(text.data,
                            "{\"ExecutedVersion\":\"$LATEST\",\"Payload\":5,\"StatusCode\":200}");
        mr_buf_release(&text);
        cJSON_Delete(answer);
        cJSON_Delete(input);
    }
}

static void other_answers_stay_as_they_are(void **state)
{
    static const char *const resources[] = {"millrace:a.b",
                                            "arn:aws:lambda:eu-west-1:1:function:Thumbs",
                                            "arn:aws:states:::lambda:invoke.waitForTaskToken"};
    cJSON *answer = (cJSON *)1;

    (void)state;
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        assert_int_equal(mr_resource_answer(resources[i], NULL, &answer, NULL), MR_OK);
        assert_null(answer);
    }
}

static void a_row_of_the_config_is_a_class_and_a_type(void **state)
{
    static const char good[] = "{\"v\":1,\"class\":\"mail\",\"type\":\"mail.send\"}";
    static const char *const bad[] = {"{\"v\":1}", "{\"class\":\"no/class\"}",
                                      "{\"class\":\"a\",\"typo\":\"b\"}", "[]", ""};
    struct mr_resource found;
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_config_arn_parse(good, strlen(good), &found, &err), MR_OK);
    assert_string_equal(found.class_name, "mail");
    assert_string_equal(found.type, "mail.send");
    assert_int_equal(mr_config_arn_parse("{\"class\":\"x\"}", 13, &found, &err), MR_OK);
    assert_string_equal(found.type, "x");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_not_equal(mr_config_arn_parse(bad[i], strlen(bad[i]), &found, &err), MR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_gives_its_class_and_type),
        cmocka_unit_test(what_starts_a_workflow_says_what_it_waits_for),
        cmocka_unit_test(what_is_not_in_the_table_is_refused_and_named),
        cmocka_unit_test(a_type_as_long_as_the_table_allows_fits_and_a_longer_one_does_not),
        cmocka_unit_test(lambda_invoke_names_its_class_in_its_input),
        cmocka_unit_test(other_answers_stay_as_they_are),
        cmocka_unit_test(a_row_of_the_config_is_a_class_and_a_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

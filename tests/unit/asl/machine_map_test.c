/* machine_map_test.c -- which Maps are refused: what only one in DISTRIBUTED mode has. */
#include "tests/unit/asl/judge.h"

#include <stdio.h>
#include <string.h>

#define LABEL "INVALID_LABEL_NAME"

#define DISTRIBUTED(type, rest)                                                                    \
    ONE("{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":"         \
        "\"DISTRIBUTED\"" type "},\"StartAt\":\"E\",\"States\":{" END "}}" rest "}")
#define SPREAD(rest) DISTRIBUTED(",\"ExecutionType\":\"STANDARD\"", rest)
#define READ(rest)                                                                                 \
    SPREAD(",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"      \
           "\"Bucket\":\"b\",\"Key\":\"k\"},\"ReaderConfig\":{" rest "}}")

static void a_distributed_map_is_checked_field_by_field(void **state)
{
    static const char *const only[] = {"ItemReader",
                                       "ItemBatcher",
                                       "ResultWriter",
                                       "ToleratedFailureCount",
                                       "ToleratedFailurePercentagePath",
                                       "Label"};
    char text[512], place[64];

    (void)state;
    assert_valid(SPREAD(""));
    assert_valid(DISTRIBUTED(",\"ExecutionType\":\"EXPRESS\"", ",\"Label\":\"L-1_\u00e4.(x)\""));
    assert_invalid(DISTRIBUTED("", ""), SCHEMA, "/States/S/ItemProcessor/ProcessorConfig",
                   "ExecutionType");
    assert_invalid(DISTRIBUTED(",\"ExecutionType\":\"FAST\"", ""), SCHEMA,
                   "/States/S/ItemProcessor/ProcessorConfig/ExecutionType", "EXPRESS");
    for (size_t i = 0; i < sizeof only / sizeof only[0]; i++) {
        (void)snprintf(text, sizeof text,
                       ONE("{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":{\"StartAt\":\"E\","
                           "\"States\":{" END "}},\"%s\":{}}"),
                       only[i]);
        (void)snprintf(place, sizeof place, "/States/S/%s", only[i]);
        assert_invalid(text, SCHEMA, place, "DISTRIBUTED");
    }
    assert_invalid(SPREAD(",\"ToleratedFailurePercentage\":100.5"), SCHEMA,
                   "/States/S/ToleratedFailurePercentage", "between 0 and 100");
    assert_invalid(SPREAD(",\"ToleratedFailureCount\":1,\"ToleratedFailureCountPath\":\"$.a\""),
                   SCHEMA, "/States/S", "Only one");
    assert_invalid(SPREAD(",\"ItemBatcher\":{}"), SCHEMA, "/States/S/ItemBatcher", "required");
    assert_invalid(SPREAD(",\"ResultWriter\":{}"), SCHEMA, "/States/S/ResultWriter", "required");
    assert_invalid(SPREAD(",\"ResultWriter\":{\"Resource\":\"arn:aws:states:::sqs:sendMessage\"}"),
                   SCHEMA, "/States/S/ResultWriter/Resource", "s3:putObject");
}

/* Its children are express workflows, which know neither callbacks nor Maps of this kind. */
static void an_express_processor_is_held_to_what_express_workflows_may(void **state)
{
#define EXPRESS(type, states)                                                                      \
    ONE("{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":"         \
        "\"DISTRIBUTED\",\"ExecutionType\":\"" type                                                \
        "\"},\"StartAt\":\"T\",\"States\":{\"T\":" states "}}}")
#define TOKEN "{\"Type\":\"Task\",\"Resource\":\"millrace:a.b.waitForTaskToken\",\"End\":true}"
    static const char place[] = "/States/S/ItemProcessor/States/T";
    char inner[96];

    (void)state;
    assert_valid(EXPRESS("STANDARD", TOKEN));
    (void)snprintf(inner, sizeof inner, "%s/Resource", place);
    assert_invalid(EXPRESS("EXPRESS", TOKEN), SCHEMA, inner, "Express");
    (void)snprintf(inner, sizeof inner, "%s/ItemProcessor", place);
    assert_invalid(EXPRESS("EXPRESS", "{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":{"
                                      "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\","
                                      "\"ExecutionType\":\"EXPRESS\"},\"StartAt\":\"E\",\"States\":"
                                      "{" END "}}}"),
                   SCHEMA, inner, "DISTRIBUTED");
}

static void an_item_reader_says_what_it_reads_and_how(void **state)
{
    (void)state;
    assert_valid(READ("\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\",\"MaxItems\":"
                      "100000000"));
    assert_valid(READ("\"InputType\":\"JSON\",\"ItemsPointer\":\"/a/b\",\"MaxItemsPath\":\"$.n\""));
    assert_valid(SPREAD(",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\","
                        "\"Parameters\":{\"Bucket\":\"b\"}}"));
    assert_valid(SPREAD(",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\","
                        "\"Parameters\":{\"Bucket\":\"b\"},\"ReaderConfig\":{\"Transformation\":"
                        "\"LOAD_AND_FLATTEN\",\"InputType\":\"JSONL\"}}"));
    assert_invalid(SPREAD(",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\","
                          "\"Parameters\":{\"Bucket\":\"b\"},\"ReaderConfig\":{\"Transformation\":"
                          "\"LOAD_AND_FLATTEN\"}}"),
                   SCHEMA, "/States/S/ItemReader/ReaderConfig", "InputType");
    assert_invalid(READ("\"InputType\":\"JSON\",\"Transformation\":\"LOAD_AND_FLATTEN\""), SCHEMA,
                   "/States/S/ItemReader/ReaderConfig/Transformation", "listObjectsV2");
    assert_invalid(READ(""), SCHEMA, "/States/S/ItemReader/ReaderConfig", "InputType");
    assert_invalid(READ("\"InputType\":\"XML\""), SCHEMA,
                   "/States/S/ItemReader/ReaderConfig/InputType", "XML");
    assert_valid(READ("\"ManifestType\":\"S3_INVENTORY\""));
    assert_invalid(READ("\"InputType\":\"PARQUET\""), LATER,
                   "/States/S/ItemReader/ReaderConfig/InputType", "PARQUET");
    assert_invalid(READ("\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"GIVEN\""), SCHEMA,
                   "/States/S/ItemReader/ReaderConfig", "CSVHeaders");
    assert_invalid(READ("\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\","
                        "\"CSVDelimiter\":\"X\""),
                   SCHEMA, "/States/S/ItemReader/ReaderConfig/CSVDelimiter", "X");
    assert_invalid(READ("\"InputType\":\"JSON\",\"ItemsPointer\":\"a\""), SCHEMA,
                   "/States/S/ItemReader/ReaderConfig/ItemsPointer", "pointer");
    assert_invalid(READ("\"InputType\":\"JSON\",\"Foo\":1"), SCHEMA,
                   "/States/S/ItemReader/ReaderConfig/Foo", "not supported");
    assert_invalid(SPREAD(",\"ItemReader\":{\"Resource\":\"arn:aws:states:::sqs:x\","
                          "\"ReaderConfig\":{\"InputType\":\"JSON\"}}"),
                   SCHEMA, "/States/S/ItemReader/Resource", "s3:getObject");
}

/* What AWS refuses in a Label: it becomes part of names. */
static void a_label_is_short_and_plain(void **state)
{
    static const char bad[] = " ?*<>{}[]\"#%\\^|~`$&,;:/\x7f\t";
    char text[512];
    struct mr_buf label = {0};

    (void)state;
    for (const char *p = bad; *p; p++) {
        mr_buf_reset(&label);
        (void)mr_buf_add_json(&label, (char[]){'a', *p, 'b'}, 3);
        (void)snprintf(text, sizeof text, SPREAD(",\"Label\":%s"), label.data);
        assert_invalid(text, LABEL, "/States/S/Label", "not allowed");
    }
    mr_buf_release(&label);
    assert_invalid(SPREAD(",\"Label\":\"a\\u0093\""), LABEL, "/States/S/Label", "not allowed");
    assert_invalid(SPREAD(",\"Label\":\"\""), LABEL, "/States/S/Label", "1 to 40");
    assert_invalid(SPREAD(",\"Label\":\"12345678901234567890123456789012345678901\""), LABEL,
                   "/States/S/Label", "1 to 40");
    assert_valid(SPREAD(",\"Label\":\"1234567890123456789012345678901234567890\""));
}

#define LABELLED(name, label)                                                                      \
    "\"" name "\":{\"Type\":\"Map\",\"End\":true,\"Label\":\"" label                               \
    "\",\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":"       \
    "\"STANDARD\"},\"StartAt\":\"in " name "\",\"States\":{\"in " name                             \
    "\":{\"Type\":\"Succeed\"}}}}"
#define BOTH(a, b)                                                                                 \
    ONE("{\"Type\":\"Parallel\",\"End\":true,\"Branches\":[{\"StartAt\":\"A\",\"States\":"         \
        "{" LABELLED("A", a) "}},{\"StartAt\":\"B\",\"States\":{" LABELLED("B", b) "}}]}")

static void a_label_stands_for_one_map(void **state)
{
    (void)state;
    assert_valid(BOTH("a", "b"));
    assert_invalid(BOTH("a", "a"), "DUPLICATE_LABEL_NAME", "/States/S/Branches/1/States/B/Label",
                   "its own");
}

/* As the service has it: of a Map's numbers alone, ItemsPath may lead anywhere. */
static void paths_of_counts_lead_to_one_place_in_the_input(void **state)
{
    static const char *const fields[] = {"MaxConcurrencyPath", "ToleratedFailureCountPath",
                                         "ToleratedFailurePercentagePath"};
    static const char *const bad[] = {"$$.Execution.Input.n", "$.a[*]", "$..n", "$.a[0:1]"};
    char text[512], place[80];

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        (void)snprintf(place, sizeof place, "/States/S/%s", fields[i]);
        for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
            (void)snprintf(text, sizeof text, SPREAD(",\"%s\":\"%s\""), fields[i], bad[n]);
            assert_invalid(text, SCHEMA, place, "Reference Path");
        }
        (void)snprintf(text, sizeof text, SPREAD(",\"%s\":\"$.a[0].b\""), fields[i]);
        assert_valid(text);
        (void)snprintf(text, sizeof text, SPREAD(",\"%s\":\"$v.a\""), fields[i]);
        assert_valid(text);
    }
    assert_invalid(READ("\"InputType\":\"JSON\",\"MaxItemsPath\":\"$$.Execution.Input\""), SCHEMA,
                   "/States/S/ItemReader/ReaderConfig/MaxItemsPath", "Reference Path");
    assert_invalid(SPREAD(",\"ItemBatcher\":{\"MaxItemsPerBatchPath\":\"$..a\"}"), SCHEMA,
                   "/States/S/ItemBatcher/MaxItemsPerBatchPath", "Reference Path");
    assert_valid(SPREAD(",\"ItemsPath\":\"$$.Execution.Input.a\""));
    assert_valid(SPREAD(",\"ItemsPath\":\"$.a[*].b\""));
    assert_valid(SPREAD(",\"ItemBatcher\":{\"MaxItemsPerBatch\":0}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_distributed_map_is_checked_field_by_field),
        cmocka_unit_test(an_express_processor_is_held_to_what_express_workflows_may),
        cmocka_unit_test(an_item_reader_says_what_it_reads_and_how),
        cmocka_unit_test(a_label_is_short_and_plain),
        cmocka_unit_test(a_label_stands_for_one_map),
        cmocka_unit_test(paths_of_counts_lead_to_one_place_in_the_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

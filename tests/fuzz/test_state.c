/* test_state.c -- {"definition", "input", "options"}, or any bytes: TestState answers with one of its
 * words, or refuses with a reason; the same request again has the same answer. */
#include "tests/fuzz/fuzz.h"

#include "common/base/json.h"
#include "orchestrator/asl/test_state.h"

static const char *text_of(const cJSON *answer, const char *name)
{
    const char *text = cJSON_GetStringValue(mr_json_get(answer, name));

    return text ? text : "";
}

static void ask(const struct asl_test *test, struct mr_buf *ret)
{
    static const char *const words[] = {"SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR",
                                        "REQUEST_REJECTED"};
    struct mr_error err = {0};
    cJSON *answer = NULL;
    const char *status;
    bool known = false;
    enum mr_code rc = asl_test_state(test, &answer, &err);

    FUZZ_PROMISE(!rc, "any trees are taken: %d %s", rc, err.text);
    status = text_of(answer, "status");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        known |= strcmp(status, words[i]) == 0;
    FUZZ_PROMISE(known, "status %s", status);
    FUZZ_PROMISE(strcmp(status, "REQUEST_REJECTED") != 0 || text_of(answer, "cause")[0],
                 "a refusal has its reason");
    FUZZ_PROMISE(!mr_json_print(answer, ret), "the answer is JSON");
    cJSON_Delete(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct mr_json_limits limits = {1 << 20, 64};
    char *text = fuzz_text(data, len);
    struct asl_test test = {.now_ms = 1700000000000};
    struct mr_buf one = {0}, two = {0};
    cJSON *root = NULL;

    if (mr_json_parse(text, len, &limits, &root, NULL))
        root = cJSON_CreateObject(); /* no definition at all */
    test.definition = mr_json_get(root, "definition");
    test.input = mr_json_get(root, "input");
    test.options = mr_json_get(root, "options");
    if (!test.definition)
        test.definition = root;
    ask(&test, &one);
    ask(&test, &two);
    fuzz_same(&one, &two, "the same request has the same answer");
    mr_buf_release(&one);
    mr_buf_release(&two);
    cJSON_Delete(root);
    free(text);
    return 0;
}

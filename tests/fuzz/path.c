/* path.c -- a path, and behind the first NUL a document to follow it in. */
#include "tests/fuzz/fuzz.h"

#include "common/base/json.h"
#include "orchestrator/asl/path.h"
#include "orchestrator/asl/value.h"

static const struct mr_json_limits limits = {65536, ASL_DATA_DEPTH_MAX};

static void print(const cJSON *json, struct mr_buf *buf)
{
    if (json)
        FUZZ_PROMISE(!mr_json_print(json, buf), "what was found can be printed");
}

/* Twice the same, and an indefinite path always has a list. */
static void follow(const struct asl_path *path, const cJSON *document)
{
    cJSON *made = cJSON_CreateArray();
    const cJSON *first = NULL, *second = NULL;
    struct mr_buf a = {0}, b = {0};
    enum mr_code rc = asl_path_find(path, document, made, &first);

    FUZZ_PROMISE(rc == MR_OK || rc == MR_TOO_LARGE || rc == MR_INVALID, "%d", rc);
    FUZZ_PROMISE(rc == asl_path_find(path, document, made, &second), "another answer");
    FUZZ_PROMISE(rc == MR_OK || !first, "nothing is found where it went wrong");
    FUZZ_PROMISE(rc || path->definite || cJSON_IsArray(first), "an indefinite path without a list");
    print(first, &a);
    print(second, &b);
    fuzz_same(&a, &b, "the same path finds the same");
    mr_buf_release(&a);
    mr_buf_release(&b);
    cJSON_Delete(made);
}

/* What is written at a place is found there. */
static void write(const struct asl_path *path, const cJSON *document)
{
    cJSON *tree = cJSON_Duplicate(document, true);
    struct asl_fault fault;
    bool can = asl_path_can_put(path, tree);
    enum mr_code rc = asl_path_put_take(path, &tree, cJSON_CreateString("here"), &fault);
    const cJSON *found;

    FUZZ_PROMISE((rc == MR_OK) == can && (can || rc == MR_INVALID), "can %d, %d", can, rc);
    found = asl_path_get(path, tree);
    FUZZ_PROMISE(rc || (found && cJSON_IsString(found) && strcmp(found->valuestring, "here") == 0),
                 "what was written is not there");
    cJSON_Delete(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, 0, len) : NULL;
    const size_t text_len = end ? (size_t)(end - data) : len;
    char *text = fuzz_text(data, text_len);
    struct asl_arena arena = {0};
    struct asl_path path;
    struct mr_error err = {0};
    cJSON *document = NULL;
    enum mr_code rc = asl_path_parse(&arena, text, &path, &err);

    FUZZ_PROMISE(rc == MR_OK || (rc == MR_INVALID && err.text[0]), "a refusal has its reason: %d",
                 rc);
    if (!rc && end &&
        !mr_json_parse((const char *)end + 1, len - text_len - 1, &limits, &document, NULL)) {
        follow(&path, document);
        if (path.reference)
            write(&path, document);
    }
    cJSON_Delete(document);
    asl_arena_release(&arena);
    free(text);
    return 0;
}

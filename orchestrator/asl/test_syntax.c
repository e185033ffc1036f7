/* test_syntax.c -- see test_syntax.h.  The request is {"check": [text ...]}, the answer {"errors":
 * [null or {"position", "message", "outside"} ...]}. */
#include "orchestrator/asl/test_syntax.h"

#include "common/base/json.h"

enum { ANSWER_MAX = 1 << 24 };

static enum mr_code tell(const cJSON *fault, const char *location, struct mr_error *err)
{
    const char *message = cJSON_GetStringValue(mr_json_get(fault, "message"));
    const bool outside = cJSON_IsTrue(mr_json_get(fault, "outside"));

    return mr_fail(err, MR_INVALID, "%s: %.240s at %.160s",
                   outside ? "UNSUPPORTED_JSONATA_EXPRESSION" : "INVALID_JSONATA_EXPRESSION",
                   message ? message : "not an expression", location);
}

static enum mr_code read_answer(const struct mr_buf *answer,
                                const struct asl_expression *expressions, size_t count,
                                struct mr_error *err)
{
    static const struct mr_json_limits limits = {ANSWER_MAX, MR_JSON_DEPTH_MAX};
    const cJSON *fault;
    cJSON *json = NULL;
    enum mr_code rc =
        mr_json_parse(answer->data ? answer->data : "", answer->len, &limits, &json, err);
    size_t i = 0;

    cJSON_ArrayForEach(fault, mr_json_get(json, "errors"))
    {
        if (!rc && cJSON_IsObject(fault) && i < count)
            rc = tell(fault, expressions[i].location, err);
        i++;
    }
    cJSON_Delete(json);
    return rc;
}

enum mr_code asl_test_syntax_check(asl_evaluate_fn *evaluate, void *ctx,
                                   const struct asl_machine *machine, struct mr_error *err)
{
    struct mr_buf request = {0}, answer = {0};
    size_t count = 0;
    const struct asl_expression *expressions = asl_machine_expressions(machine, &count);
    struct mr_jw w;
    enum mr_code rc;

    if (!evaluate || count == 0)
        return MR_OK;
    mr_jw_begin(&w, &request);
    mr_jw_open(&w, NULL, '{');
    mr_jw_open(&w, "check", '[');
    for (size_t i = 0; i < count; i++)
        mr_jw_str(&w, NULL, expressions[i].text);
    mr_jw_close(&w, ']');
    mr_jw_close(&w, '}');
    rc = request.failed ? MR_NO_MEMORY : evaluate(ctx, request.data, request.len, &answer, err);
    if (!rc)
        rc = read_answer(&answer, expressions, count, err);
    mr_buf_release(&answer);
    mr_buf_release(&request);
    return rc;
}

/* ask.c -- see ask.h. */
#include "tests/unit/evaluator/ask.h"

#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void ask_config(struct ev_config *ret)
{
    static char program[] = EVALUATOR;

    ev_config_default(ret);
    ret->program = program;
}

char *ask_text(const char *expression, const char *input, const char *variables)
{
    struct mr_buf buf = {0};

    mr_buf_add_str(
        &buf, "{\"now_ms\":1700000000000,\"seed\":\"0123456789abcdef\",\"states\":{\"input\":");
    mr_buf_add_str(&buf, input);
    mr_buf_add_str(&buf, "},\"variables\":");
    mr_buf_add_str(&buf, variables);
    mr_buf_add_str(&buf, ",\"conditions\":[],\"groups\":[[{\"field\":\"Output\",\"text\":");
    mr_buf_add_json(&buf, expression, strlen(expression));
    mr_buf_add_str(&buf, "}]]}");
    assert_false(buf.failed);
    return mr_buf_detach(&buf);
}

cJSON *ask(struct ev *ev, const char *expression, const char *input, const char *variables)
{
    char *request = ask_text(expression, input, variables);
    struct mr_buf answer = {0};
    struct mr_error err;
    cJSON *json;

    if (ev_eval(ev, request, strlen(request), &answer, &err))
        fail_msg("%s: %s", expression, err.text);
    json = cJSON_ParseWithLength(answer.data, answer.len);
    if (!json)
        fail_msg("%s: %.*s is not JSON", expression, (int)answer.len, answer.data);
    mr_buf_release(&answer);
    free(request);
    return json;
}

char *ask_value(struct ev *ev, const char *expression, const char *input)
{
    cJSON *answer = ask(ev, expression, input, "{}");
    const cJSON *values = mr_json_get(answer, "values");
    char *text = values ? cJSON_PrintUnformatted(values->child)
                        : strdup(mr_json_get(answer, "cause")->valuestring);

    assert_non_null(text);
    cJSON_Delete(answer);
    return text;
}

/* jsonata.c -- any text as an expression, through the evaluator's child and its limits: it is
 * answered with a value or an error that a log can keep, and with the same the second time; the
 * reader of a definition says what it reads.  MILLRACE_EVALUATOR names the program, else it is
 * beside this one in ../bin. */
#include "tests/fuzz/fuzz.h"

#include "common/base/json.h"
#include "common/base/utf8.h"
#include "orchestrator/asl/machine.h"
#include "orchestrator/evaluator/evaluator.h"

#include <unistd.h>

enum { TIME_MS = 200 };

static struct ev *evaluator(void)
{
    static struct ev_config config;
    static char path[4096];
    static struct ev *ev;
    const char *named = getenv("MILLRACE_EVALUATOR");
    struct mr_error err;
    ssize_t len;

    if (ev)
        return ev;
    len = readlink("/proc/self/exe", path, sizeof(path) - 64);
    FUZZ_PROMISE(len > 0, "/proc/self/exe");
    path[len] = '\0';
    *strrchr(path, '/') = '\0';
    strcat(path, "/../bin/millrace-evaluator");
    ev_config_default(&config);
    config.program = named ? (char *)(uintptr_t)named : path;
    config.time_ms = TIME_MS;
    FUZZ_PROMISE(!ev_new(&config, &ev, &err) && !ev_start(ev, &err), "%s", err.text);
    return ev;
}

static void ask(const struct mr_buf *request, struct mr_buf *answer, enum ev_limit *limit)
{
    static const struct mr_json_limits limits = {EV_ANSWER_BYTES_MAX + 1024, EV_ANSWER_DEPTH_MAX};
    struct mr_error err = {0};

    mr_buf_reset(answer);
    FUZZ_PROMISE(!ev_ask(evaluator(), request->data, request->len, TIME_MS, answer, limit, &err),
                 "%s", err.text);
    if (*limit)
        return;
    FUZZ_PROMISE(answer->len > 0 && answer->data[0] == '{', "an answer is an object");
    FUZZ_PROMISE(!mr_json_check(answer->data, answer->len, &limits, &err), "%s", err.text);
}

static void read_definition(const char *text, size_t len)
{
    struct mr_buf definition = {0};
    struct asl_machine *machine = NULL;

    (void)mr_buf_add_str(&definition,
                         "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"A\",\"States\":{"
                         "\"A\":{\"Type\":\"Succeed\",\"Output\":");
    (void)mr_buf_add_json(&definition, text, len);
    (void)mr_buf_add_str(&definition, "}}}");
    if (!asl_machine_parse(definition.data, definition.len, NULL, &machine, NULL))
        asl_machine_unref(machine);
    mr_buf_release(&definition);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct mr_buf request = {0}, first = {0}, second = {0}, marked = {0};
    enum ev_limit limit = EV_LIMIT_NONE, again = EV_LIMIT_NONE;

    if (!mr_utf8_valid((const char *)data, len) || memchr(data, 0, len))
        return 0;
    (void)mr_buf_add_str(&marked, "{%");
    (void)mr_buf_add(&marked, data, len);
    (void)mr_buf_add_str(&marked, "%}");
    read_definition(marked.data, marked.len);
    (void)mr_buf_add_str(&request,
                         "{\"now_ms\":0,\"seed\":\"0000000000000001\",\"states\":{\"input\":{"
                         "\"a\":[1,{\"b\":\"c\"},null]}},\"variables\":{\"v\":[3,1,2]},"
                         "\"conditions\":[],\"groups\":[[{\"field\":\"f\",\"text\":");
    (void)mr_buf_add_json(&request, (const char *)data, len);
    (void)mr_buf_add_str(&request, "}]]}");
    ask(&request, &first, &limit);
    ask(&request, &second, &again);
    if (!limit && !again)
        fuzz_same(&first, &second, "the same request has the same answer");
    mr_buf_release(&marked);
    mr_buf_release(&second);
    mr_buf_release(&first);
    mr_buf_release(&request);
    return 0;
}

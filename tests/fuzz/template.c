/* template.c -- a payload template, and behind the first NUL an input to fill it in from:
 * Parameters and Assign of a Pass state, so that paths, variables, the context and calls are all
 * there. */
#include "tests/fuzz/machines.h"

#include "common/base/json.h"

static const char *const before =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":"
    "{\"v\":{\"n\":[1,2,3]}},\"Next\":\"B\"},\"B\":{\"Type\":\"Pass\","
    "\"Parameters\":";
static const char *const between = ",\"Assign\":{\"filled\":";
static const char *const after = "},\"Next\":\"C\"},\"C\":{\"Type\":\"Succeed\"}}}";

/* The text of what a run of machine comes to. */
static void play(struct asl_machine *machine, const cJSON *input, struct mr_buf *buf)
{
    struct asl_run *run = fuzz_run_new(machine);
    struct asl_event event = {.kind = ASL_EVENT_START, .time_ms = 1000, .data = input};
    struct asl_env env = {0};
    struct asl_effects effects = {0};
    struct mr_error err;
    bool changed;

    FUZZ_PROMISE(!asl_step(run, &event, &env, &effects, &changed, &err), "%s", err.text);
    FUZZ_PROMISE(asl_run_status(run) != ASL_RUNNING, "it waits for something");
    FUZZ_PROMISE(asl_run_status(run) == ASL_SUCCEEDED || asl_run_error(run), "no reason");
    fuzz_encode(run, NULL, buf);
    asl_effects_release(&effects);
    asl_run_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, 0, len) : NULL;
    const size_t text_len = end ? (size_t)(end - data) : len;
    struct mr_buf definition = {0}, first = {0}, second = {0};
    struct asl_machine *machine = NULL;
    struct mr_error err = {0};
    cJSON *input = NULL;

    mr_buf_add_str(&definition, before);
    mr_buf_add(&definition, data, text_len);
    mr_buf_add_str(&definition, between);
    mr_buf_add(&definition, data, text_len);
    mr_buf_add_str(&definition, after);
    FUZZ_PROMISE(!definition.failed, "memory ran out");
    if (!asl_machine_parse(definition.data, definition.len, NULL, &machine, &err)) {
        if (!end || mr_json_parse((const char *)end + 1, len - text_len - 1,
                                  &mr_json_limits_message, &input, NULL))
            input = cJSON_CreateObject();
        play(machine, input, &first);
        play(machine, input, &second);
        fuzz_same(&first, &second, "a replay gives the same");
    }
    cJSON_Delete(input);
    asl_machine_unref(machine);
    mr_buf_release(&definition);
    mr_buf_release(&first);
    mr_buf_release(&second);
    return 0;
}

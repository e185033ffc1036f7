/* intrinsic.c -- a call of a function, and behind the first NUL an input: what can be read is also
 * called, in a Pass state, and answers the same twice. */
#include "tests/fuzz/machines.h"

#include "common/base/json.h"
#include "orchestrator/asl/intrinsic.h"

static struct asl_machine *machine_of(const char *call, size_t len)
{
    struct mr_buf definition = {0};
    struct asl_machine *machine = NULL;
    struct mr_error err = {0};

    mr_buf_add_str(&definition,
                   "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true,"
                   "\"Parameters\":{\"x.$\":");
    mr_buf_add_json(&definition, call, len);
    mr_buf_add_str(&definition, "}}}}");
    FUZZ_PROMISE(!definition.failed, "memory ran out");
    if (mr_json_check(definition.data, definition.len, &mr_json_limits_message, &err))
        machine = NULL; /* the call is no UTF-8 */
    else
        FUZZ_PROMISE(!asl_machine_parse(definition.data, definition.len, NULL, &machine, &err),
                     "%s", err.text);
    mr_buf_release(&definition);
    return machine;
}

static void play(struct asl_machine *machine, const cJSON *input, struct mr_buf *buf)
{
    struct asl_run *run = fuzz_run_new(machine);
    struct asl_event event = {.kind = ASL_EVENT_START, .time_ms = 1000, .data = input};
    struct asl_env env = {0};
    struct asl_effects effects = {0};
    struct mr_error err;
    bool changed;

    FUZZ_PROMISE(!asl_step(run, &event, &env, &effects, &changed, &err), "%s", err.text);
    FUZZ_PROMISE(asl_run_status(run) == ASL_SUCCEEDED || asl_run_error(run), "no reason");
    fuzz_encode(run, NULL, buf);
    asl_effects_release(&effects);
    asl_run_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, 0, len) : NULL;
    const size_t text_len = end ? (size_t)(end - data) : len;
    char *text = fuzz_text(data, text_len);
    struct asl_arena arena = {0};
    struct asl_intrinsic *call = NULL;
    struct asl_machine *machine = NULL;
    struct mr_buf first = {0}, second = {0};
    struct mr_error err = {0};
    cJSON *input = NULL;
    enum mr_code rc = asl_intrinsic_parse(&arena, text, &call, &err);

    FUZZ_PROMISE(rc == MR_OK || (rc == MR_INVALID && err.text[0]), "a refusal has its reason: %d",
                 rc);
    if (!rc)
        machine = machine_of(text, text_len);
    if (machine) {
        if (!end || mr_json_parse((const char *)end + 1, len - text_len - 1,
                                  &mr_json_limits_message, &input, NULL))
            input = cJSON_CreateObject();
        play(machine, input, &first);
        play(machine, input, &second);
        fuzz_same(&first, &second, "a replay gives the same");
    }
    cJSON_Delete(input);
    asl_machine_unref(machine);
    mr_buf_release(&first);
    mr_buf_release(&second);
    asl_arena_release(&arena);
    free(text);
    return 0;
}

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, 0, len) : NULL;
    const size_t text_len = end ? (size_t)(end - data) : len;
    char *text = fuzz_text(data, text_len);
    struct asl_arena arena = {0};
    struct asl_intrinsic *call = NULL;
    struct asl_machine *machine = NULL;
    struct mr_error err = {0};
    enum mr_code rc = asl_intrinsic_parse(&arena, text, &call, &err);

    FUZZ_PROMISE(rc == MR_OK || (rc == MR_INVALID && err.text[0]), "a refusal has its reason: %d",
                 rc);
    if (!rc)
        machine = machine_of(text, text_len);
    if (machine)
        fuzz_at_once(machine, end ? (const char *)end + 1 : "", end ? len - text_len - 1 : 0);
    asl_machine_unref(machine);
    asl_arena_release(&arena);
    free(text);
    return 0;
}

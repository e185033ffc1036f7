/* template.c -- a payload template, and behind the first NUL an input to fill it in from:
 * Parameters and Assign of a Pass state, so that paths, variables, the context and calls are all
 * there. */
#include "tests/fuzz/machines.h"

static const char *const before =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":"
    "{\"v\":{\"n\":[1,2,3]}},\"Next\":\"B\"},\"B\":{\"Type\":\"Pass\","
    "\"Parameters\":";
static const char *const between = ",\"Assign\":{\"filled\":";
static const char *const after = "},\"Next\":\"C\"},\"C\":{\"Type\":\"Succeed\"}}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, 0, len) : NULL;
    const size_t text_len = end ? (size_t)(end - data) : len;
    struct mr_buf definition = {0};
    struct asl_machine *machine = NULL;
    struct mr_error err = {0};

    mr_buf_add_str(&definition, before);
    mr_buf_add(&definition, data, text_len);
    mr_buf_add_str(&definition, between);
    mr_buf_add(&definition, data, text_len);
    mr_buf_add_str(&definition, after);
    FUZZ_PROMISE(!definition.failed, "memory ran out");
    if (!asl_machine_parse(definition.data, definition.len, NULL, &machine, &err))
        fuzz_at_once(machine, end ? (const char *)end + 1 : "", end ? len - text_len - 1 : 0);
    asl_machine_unref(machine);
    mr_buf_release(&definition);
    return 0;
}

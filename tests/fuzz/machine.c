/* machine.c -- a definition, and behind the first NUL a byte for each event of a run of it. */
#include "tests/fuzz/machines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, 0, len) : NULL;
    const size_t text_len = end ? (size_t)(end - data) : len;
    char *text = fuzz_text(data, text_len);
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine = NULL;
    struct mr_buf printed = {0};
    struct mr_error err = {0};
    enum mr_code rc = asl_machine_parse(text, text_len, &diags, &machine, &err);

    FUZZ_PROMISE(rc == MR_OK || (err.text[0] && diags.errors > 0 && !machine),
                 "a refusal has its reason: %d \"%s\"", rc, err.text);
    FUZZ_PROMISE(rc != MR_OK || diags.errors == 0, "accepted with %zu errors", diags.errors);
    FUZZ_PROMISE(!asl_diagnostics_print(&diags, &printed), "diagnostics");
    if (!rc) {
        struct asl_run *run = fuzz_run_new(machine);

        if (end)
            fuzz_play(machine, run, end + 1, len - text_len - 1);
        else
            fuzz_play(machine, run, (const uint8_t *)"\x00\x10\x0b\x1b\x00\x23", 6);
        asl_run_free(run);
    }
    asl_machine_unref(machine);
    asl_diagnostics_release(&diags);
    mr_buf_release(&printed);
    free(text);
    return 0;
}

/* machine.c -- a definition, and behind the first NUL a byte for each event of a run of it. */
#include "tests/fuzz/machines.h"

#include "common/base/json.h"

/* A closed run goes on in its own machine as if nothing had been, or has nothing to go on with. */
static void fuzz_migrate(struct asl_machine *machine, struct asl_run *run)
{
    static const uint8_t redrive_and_more[] = {0x06, 0x00, 0x10, 0x01, 0x11};
    struct mr_error err = {0};
    enum mr_code rc;

    if (asl_run_status(run) == ASL_RUNNING)
        return;
    rc = asl_run_migrate(run, machine, 0, &err);
    FUZZ_PROMISE(rc == MR_OK || (rc == MR_INVALID && err.text[0]), "migrated: %d %s", rc, err.text);
    fuzz_poke(run, redrive_and_more, sizeof redrive_and_more);
}

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
        fuzz_migrate(machine, run);
        asl_run_free(run);
        mr_buf_reset(&printed);
        FUZZ_PROMISE(!asl_references_print(machine, &printed), "references");
        FUZZ_PROMISE(!mr_json_check(printed.data, printed.len, &mr_json_limits_message, &err),
                     "references are JSON: %s", err.text);
    }
    asl_machine_unref(machine);
    asl_diagnostics_release(&diags);
    mr_buf_release(&printed);
    free(text);
    return 0;
}

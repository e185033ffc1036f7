/* job.c -- what stands in the store where a job should be: head line, run, and behind the first NUL
 * its values. */
#include "tests/fuzz/machines.h"

#include "orchestrator/job.h"

static void read_values(const struct mr_job_load *load)
{
    for (uint32_t id = 0; id < 6; id++) {
        const char *json = NULL;
        size_t len = 0;

        if (!oc_job_value(load, id, &json, &len))
            continue;
        FUZZ_PROMISE(json >= load->vals.data && json + len <= load->vals.data + load->vals.len,
                     "value %u lies outside", id);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, 0, len) : NULL;
    const size_t text_len = end ? (size_t)(end - data) : len;
    struct mr_job_load load = {.job = "j", .has_run = true};
    struct oc_job_text text = {0};
    struct mr_error err = {0};

    FUZZ_PROMISE(!mr_buf_add(&load.run, data, text_len), "memory ran out");
    if (end)
        FUZZ_PROMISE(!mr_buf_add(&load.vals, end + 1, len - text_len - 1), "memory ran out");
    read_values(&load);
    if (oc_job_decode_head(&load, &text, &err)) {
        FUZZ_PROMISE(err.text[0], "a refusal has its reason");
    } else {
        if (oc_job_decode_run(&load, &text, fuzz_machine(), &err))
            FUZZ_PROMISE(err.text[0], "a refusal has its reason");
        else
            fuzz_poke(text.job->run, data, len);
        for (int i = 0; i < 3; i++) /* the chain is as the store has it */
            oc_job_chain_add(text.job, 1, 1, "E", "cause", 1);
        oc_job_free(text.job);
    }
    mr_buf_release(&load.run);
    mr_buf_release(&load.vals);
    return 0;
}

/* message.c -- every message that a stranger may send, each reader given the same bytes.  What is
 * understood is printed, read again, and printed to the same text. */
#include "tests/fuzz/fuzz.h"

#include "common/base/json.h"
#include "common/model/message.h"

#include <inttypes.h>

/* ROUND_TRIP(job) -- parse, print, parse, print; the two prints are the same. */
#define ROUND_TRIP(noun, release)                                                                  \
    static void fuzz_##noun(const char *text, size_t len)                                          \
    {                                                                                              \
        struct mr_##noun first, second;                                                            \
        struct mr_buf one = {0}, two = {0};                                                        \
        struct mr_error err = {0};                                                                 \
        enum mr_code rc = mr_##noun##_parse(text, len, &first, &err);                              \
                                                                                                   \
        if (rc) {                                                                                  \
            FUZZ_PROMISE(err.text[0], "a refusal has its reason");                                 \
            return;                                                                                \
        }                                                                                          \
        FUZZ_PROMISE(!mr_##noun##_print(&first, &one), "print");                                   \
        rc = mr_##noun##_parse(one.data, one.len, &second, &err);                                  \
        FUZZ_PROMISE(!rc, "what was printed is refused: %s: %s", err.text, one.data);              \
        FUZZ_PROMISE(!mr_##noun##_print(&second, &two), "print");                                  \
        fuzz_same(&one, &two, #noun);                                                              \
        release(&first);                                                                           \
        release(&second);                                                                          \
        mr_buf_release(&one);                                                                      \
        mr_buf_release(&two);                                                                      \
    }

static void nothing(struct mr_control *control)
{
    (void)control;
}
ROUND_TRIP(job, mr_job_release)
ROUND_TRIP(task, mr_task_release)
ROUND_TRIP(event, mr_event_release)
ROUND_TRIP(control, nothing)

/* The id of a job is no part of what it asks for. */
static void fuzz_canonical(const char *text, size_t len)
{
    struct mr_job job;
    struct mr_buf one = {0}, two = {0};

    if (mr_job_parse(text, len, &job, NULL))
        return;
    FUZZ_PROMISE(!mr_job_canonical(&job, &one), "canonical");
    job.id = "another";
    FUZZ_PROMISE(!mr_job_canonical(&job, &two), "canonical");
    fuzz_same(&one, &two, "canonical");
    mr_job_release(&job);
    mr_buf_release(&one);
    mr_buf_release(&two);
}

/* A result has no printer of its own: it goes into the log as an event. */
static void fuzz_result(const char *text, size_t len)
{
    struct mr_result result;
    struct mr_event event = {.kind = MR_EVENT_RESULT}, back;
    struct mr_buf one = {0};
    struct mr_error err = {0};

    if (mr_result_parse(text, len, &result, &err)) {
        FUZZ_PROMISE(err.text[0], "a refusal has its reason");
        return;
    }
    FUZZ_PROMISE(!result.output != !result.error, "exactly one of output and error");
    event.token_text = result.token;
    event.worker = result.worker;
    event.output = result.output;
    event.error = result.error;
    event.cause = result.cause;
    FUZZ_PROMISE(!mr_event_print(&event, &one), "print");
    FUZZ_PROMISE(!mr_event_parse(one.data, one.len, &back, &err), "refused as an event: %s: %s",
                 err.text, one.data);
    FUZZ_PROMISE(strcmp(back.token_text, result.token) == 0, "the token");
    mr_event_release(&back);
    mr_result_release(&result);
    mr_buf_release(&one);
}

static void fuzz_workflow(const char *text, size_t len)
{
    struct mr_config_workflow workflow;
    struct mr_error err = {0};

    if (mr_config_workflow_parse(text, len, &workflow, &err)) {
        FUZZ_PROMISE(err.text[0], "a refusal has its reason");
        return;
    }
    FUZZ_PROMISE(workflow.def && cJSON_IsObject(workflow.definition) && workflow.created_ms >= 0,
                 "a workflow is whole");
    mr_config_workflow_release(&workflow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;

    fuzz_job(text, len);
    fuzz_canonical(text, len);
    fuzz_task(text, len);
    fuzz_event(text, len);
    fuzz_control(text, len);
    fuzz_result(text, len);
    fuzz_workflow(text, len);
    return 0;
}

/* message_tool.c -- for test_schemas.py: prints one of each message as the programs print it, or
 * reads lines "KIND JSON" and says of each whether the programs accept it. */
#include "common/model/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char token[] = "order-7.3.1.5f0c7b2a9d8e4f6011223344556677aa";
static const char hash[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

static void say(const char *kind, struct mr_buf *buf, enum mr_code rc)
{
    if (rc)
        exit(1);
    printf("%s %s\n", kind, buf->data);
    mr_buf_release(buf);
}

static void print_events(const cJSON *object)
{
    const struct mr_event events[] = {
        {.kind = MR_EVENT_TAKEOVER, .owner = "orchestrator-1"},
        {.kind = MR_EVENT_DEFINITION, .def = hash, .definition = object},
        {.kind = MR_EVENT_SUBMIT,
         .job = "order-7",
         .tenant = "shop",
         .workflow = "thumbs",
         .def = hash,
         .nonce = "00112233445566778899aabbccddeeff",
         .sum = hash,
         .from = "millrace.jobs/2/1093",
         .engine = 1,
         .input = object},
        {.kind = MR_EVENT_RESULT, .token_text = token, .worker = "w1", .output = object},
        {.kind = MR_EVENT_RESULT, .token_text = token, .error = "Image.Corrupt", .cause = "cut"},
        {.kind = MR_EVENT_TIMER,
         .job = "order-7",
         .seq = 3,
         .attempt = 1,
         .timer = 't',
         .due_ms = 1769860800123},
        {.kind = MR_EVENT_HEARTBEAT, .token_text = token, .worker = "w1"},
        {.kind = MR_EVENT_EVALUATED,
         .job = "order-7",
         .seq = 3,
         .attempt = 1,
         .number = 2,
         .output_text = "{\"chosen\":0,\"values\":[1]}",
         .output_len = 25},
        {.kind = MR_EVENT_CANCEL, .job = "order-7", .cause = "why"},
        {.kind = MR_EVENT_CANCEL,
         .job = "order-7",
         .parent = {.token_text = token, .want = MR_WANT_SYNC, .named = true}},
        {.kind = MR_EVENT_SUBMIT,
         .job = "order-7",
         .tenant = "shop",
         .workflow = "thumbs",
         .name = "night-1",
         .def = hash,
         .nonce = "00112233445566778899aabbccddeeff",
         .sum = hash,
         .engine = 3,
         .input = object,
         .parent = {.token_text = token, .want = MR_WANT_EXPRESS, .named = true, .sdk = true}},
        {.kind = MR_EVENT_REDRIVE, .job = "order-7"},
        {.kind = MR_EVENT_REDRIVE,
         .job = "order-7",
         .parent = {.token_text = token, .index = 3, .want = MR_WANT_OUTPUT}},
        {.kind = MR_EVENT_CHILD,
         .parent = {.token_text = token, .index = 3, .items = 2, .want = MR_WANT_RECORD},
         .error = "E",
         .cause = "why"},
        {.kind = MR_EVENT_ASK,
         .job = "order-7",
         .parent = {.token_text = token, .want = MR_WANT_OUTPUT}},
    };

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        struct mr_buf buf = {0};
        const enum mr_code rc = mr_event_print(&events[i], &buf);

        say("event", &buf, rc);
    }
}

static int print_all(void)
{
    cJSON *object = cJSON_CreateObject();
    const struct mr_job job = {
        .id = "order-7", .tenant = "shop", .workflow = "thumbs", .input = object};
    const struct mr_task task = {.job = "order-7",
                                 .tenant = "shop",
                                 .step = "Render.1",
                                 .token = token,
                                 .type = "image.render",
                                 .seq = 3,
                                 .attempt = 1,
                                 .timeout_ms = 1000,
                                 .input = object};
    const struct mr_control control = {.job = "order-7", .seq = 3, .attempt = 1};
    struct mr_buf buf = {0};
    enum mr_code rc;

    rc = mr_job_print(&job, &buf);
    say("job", &buf, rc);
    rc = mr_task_print(&task, &buf);
    say("task", &buf, rc);
    rc = mr_control_print(&control, &buf);
    say("control", &buf, rc);
    rc = mr_dead_print("MR_INVALID", "not JSON", "millrace.jobs", 2, 1093, "\0\xff", 2, &buf);
    say("dlq", &buf, rc);
    print_events(object);
    cJSON_Delete(object);
    return 0;
}

static enum mr_code accepts(const char *kind, const char *text, size_t len, struct mr_error *err)
{
    struct mr_job job = {0};
    struct mr_task task = {0};
    struct mr_result result = {0};
    struct mr_event event = {0};
    struct mr_control control;
    struct mr_config_workflow workflow = {0};
    enum mr_code rc = MR_NOT_FOUND;

    if (strcmp(kind, "job") == 0)
        rc = mr_job_parse(text, len, &job, err);
    else if (strcmp(kind, "task") == 0)
        rc = mr_task_parse(text, len, &task, err);
    else if (strcmp(kind, "result") == 0)
        rc = mr_result_parse(text, len, &result, err);
    else if (strcmp(kind, "event") == 0)
        rc = mr_event_parse(text, len, &event, err);
    else if (strcmp(kind, "control") == 0)
        rc = mr_control_parse(text, len, &control, err);
    else if (strcmp(kind, "config-workflow") == 0)
        rc = mr_config_workflow_parse(text, len, &workflow, err);
    else
        (void)mr_fail(err, rc, "no reader");
    mr_job_release(&job);
    mr_task_release(&task);
    mr_result_release(&result);
    mr_event_release(&event);
    mr_config_workflow_release(&workflow);
    return rc;
}

static int check_lines(void)
{
    static char line[65536];

    while (fgets(line, sizeof line, stdin)) {
        char *text = strchr(line, ' ');
        struct mr_error err = {0};
        enum mr_code rc;

        line[strcspn(line, "\n")] = '\0';
        if (!text)
            return 1;
        *text++ = '\0';
        rc = accepts(line, text, strlen(text), &err);
        printf("%s %s\n", rc ? "refused" : "accepted", rc ? err.text : "");
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "print") == 0)
        return print_all();
    if (argc == 2 && strcmp(argv[1], "check") == 0)
        return check_lines();
    fprintf(stderr, "usage: message_tool print|check\n");
    return 2;
}

/* run.c -- a run from outside: made, looked at, freed.  step.c moves it. */
#include "orchestrator/asl/run.h"

#include "orchestrator/asl/spread_turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *asl_status_name(enum asl_status status)
{
    static const char *const names[] = {
        [ASL_RUNNING] = "RUNNING",     [ASL_SUCCEEDED] = "SUCCEEDED", [ASL_FAILED] = "FAILED",
        [ASL_TIMED_OUT] = "TIMED_OUT", [ASL_ABORTED] = "ABORTED",
    };

    return names[status];
}

enum mr_code asl_run_new(struct asl_machine *machine, const struct asl_start *start,
                         struct asl_run **ret, struct mr_error *err)
{
    struct asl_run *run;

    if (start->engine > ASL_ENGINE)
        return mr_fail(err, MR_UNSUPPORTED, "run %s is of engine %" PRIu32 ", this program has %d",
                       start->job, start->engine, ASL_ENGINE);
    run = calloc(1, sizeof(*run));
    if (!run)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a run");
    run->machine = asl_machine_ref(machine);
    run->seed = start->seed;
    run->flow = start->flow < machine->flow_count ? start->flow : 0;
    run->engine = start->engine ? start->engine : ASL_ENGINE;
    run->due_ms = run->go_on_ms = ASL_NEVER;
    run->job = strdup(start->job);
    run->workflow = strdup(start->workflow);
    run->entries = calloc(machine->state_count, sizeof(*run->entries));
    run->name = start->name ? strdup(start->name) : NULL;
    if (!run->job || !run->workflow || !run->entries || (start->name && !run->name)) {
        asl_run_free(run);
        return mr_fail(err, MR_NO_MEMORY, "no memory for a run");
    }
    *ret = run;
    return MR_OK;
}

void asl_run_free(struct asl_run *run)
{
    if (!run)
        return;
    asl_frame_free(run, run->root);
    asl_value_unref(run->input);
    asl_value_unref(run->output);
    asl_machine_unref(run->machine);
    free(run->job);
    free(run->name);
    free(run->workflow);
    free(run->entries);
    free(run->error);
    free(run->cause);
    free(run->live);
    free(run->kept.ids);
    free(run->keeps.ids);
    free(run->values.items);
    free(run);
}

struct asl_machine *asl_run_machine(const struct asl_run *run)
{
    return run->machine;
}

uint32_t asl_run_child_flow(const struct asl_run *run, uint64_t seq)
{
    const struct asl_frame *frame = asl_run_find(run, seq);

    return frame && frame->spread ? run->machine->states[frame->state].fork.flow : 0;
}

bool asl_run_records(const struct asl_run *run, uint64_t seq)
{
    const struct asl_frame *frame = asl_run_find(run, seq);

    return frame && frame->spread &&
           asl_spread_records(run->machine->states[frame->state].fork.spread);
}

const char *asl_run_resource(const struct asl_run *run, uint64_t seq, uint32_t attempt)
{
    const struct asl_frame *frame = asl_run_find(run, seq);

    return frame && frame->attempt == attempt && frame->phase == ASL_PHASE_TASK
               ? run->machine->states[frame->state].task.resource
               : NULL;
}

uint32_t asl_run_engine(const struct asl_run *run)
{
    return run->engine;
}

enum asl_status asl_run_status(const struct asl_run *run)
{
    return run->status;
}

uint64_t asl_run_entered(const struct asl_run *run)
{
    return run->entered;
}

uint64_t asl_run_finished(const struct asl_run *run)
{
    return run->finished;
}

const cJSON *asl_run_output(const struct asl_run *run)
{
    return run->output ? run->output->json : NULL;
}

const char *asl_run_error(const struct asl_run *run)
{
    return run->error;
}

const char *asl_run_cause(const struct asl_run *run)
{
    return run->cause;
}

/* Calls visit for every frame, parents first, children in the order of their index. */
static void walk(const struct asl_frame *frame,
                 void (*visit)(void *ctx, const struct asl_frame *frame), void *ctx)
{
    if (!frame)
        return;
    visit(ctx, frame);
    for (uint32_t i = 0; frame->fork && i < frame->fork->next; i++)
        walk(frame->fork->children[i].frame, visit, ctx);
}

struct where {
    const struct asl_machine *machine;
    char *buf;
    size_t size, len;
    unsigned char seen[ASL_STATES_MAX / 8 + 1];
};

static void add_where(void *ctx, const struct asl_frame *frame)
{
    struct where *where = ctx;
    unsigned char bit = (unsigned char)(1u << (frame->state % 8));
    int len;

    if ((frame->fork && frame->fork->running > 0) || (where->seen[frame->state / 8] & bit))
        return; /* it is where its children are */
    where->seen[frame->state / 8] |= bit;
    len = snprintf(where->buf + where->len, where->size - where->len, "%s%s", where->len ? "," : "",
                   where->machine->states[frame->state].name);
    if (len > 0 && where->len + (size_t)len < where->size)
        where->len += (size_t)len;
    else
        where->buf[where->len] = '\0'; /* no half names */
}

void asl_run_where(const struct asl_run *run, char *buf, size_t size)
{
    struct where where = {.machine = run->machine, .buf = buf, .size = size};

    if (size == 0)
        return;
    buf[0] = '\0';
    walk(run->root, add_where, &where);
}

static void add_bytes(void *ctx, const struct asl_frame *frame)
{
    size_t *bytes = ctx;

    *bytes += sizeof(*frame) + 2 * sizeof(void *);
    if (frame->input && !frame->input->owner)
        *bytes +=
            sizeof(*frame->input) + frame->input->text_len + asl_json_bytes(frame->input->json);
    *bytes += frame->variables.cap * sizeof(*frame->variables.items);
    for (uint32_t i = 0; i < frame->variables.count; i++)
        *bytes += asl_json_bytes(frame->variables.items[i].value->json);
    if (frame->arguments && !frame->arguments->owner)
        *bytes += asl_json_bytes(frame->arguments->json);
    if (frame->ask)
        *bytes +=
            sizeof(*frame->ask) + (frame->ask->value ? asl_json_bytes(frame->ask->value->json) : 0);
    if (frame->fork)
        *bytes += sizeof(*frame->fork) + frame->fork->count * sizeof(*frame->fork->children);
    if (frame->spread)
        *bytes += asl_spread_bytes(frame->spread);
    for (uint32_t i = 0; frame->fork && i < frame->fork->next; i++)
        if (frame->fork->children[i].output)
            *bytes += asl_json_bytes(frame->fork->children[i].output->json);
}

size_t asl_run_bytes(const struct asl_run *run)
{
    size_t bytes = sizeof(*run) + strlen(run->job) + strlen(run->workflow) + 2 +
                   run->machine->state_count * sizeof(*run->entries);

    if (run->name)
        bytes += strlen(run->name) + 1;
    if (run->input)
        bytes += asl_json_bytes(run->input->json);
    if (run->output)
        bytes += asl_json_bytes(run->output->json);
    walk(run->root, add_bytes, &bytes);
    return bytes;
}

struct tell {
    const struct asl_machine *machine;
    asl_task_fn *task;
    asl_timer_fn *timer;
    void *ctx;
};

static void tell_task(void *ctx, const struct asl_frame *frame)
{
    const struct tell *tell = ctx;

    if (frame->phase == ASL_PHASE_TASK)
        tell->task(tell->ctx, frame->seq, frame->attempt,
                   tell->machine->states[frame->state].task.resource, frame->since_ms);
    if (frame->phase == ASL_PHASE_SPREAD && frame->spread->exchange != ASL_EXCHANGE_NONE)
        tell->task(tell->ctx, frame->seq, frame->attempt,
                   frame->spread->exchange == ASL_EXCHANGE_READ ? ASL_RESOURCE_READ
                                                                : ASL_RESOURCE_WRITE,
                   frame->since_ms);
}

struct tell_asks {
    asl_ask_fn *ask;
    void *ctx;
};

static void tell_ask(void *ctx, const struct asl_frame *frame)
{
    const struct tell_asks *tell = ctx;

    if (frame->ask)
        tell->ask(tell->ctx, frame->seq, frame->attempt, frame->ask->number, frame->ask->since_ms);
}

void asl_run_asks(const struct asl_run *run, asl_ask_fn *ask, void *ctx)
{
    struct tell_asks tell = {ask, ctx};

    if (run->status == ASL_RUNNING)
        walk(run->root, tell_ask, &tell);
}

void asl_run_tasks(const struct asl_run *run, asl_task_fn *task, void *ctx)
{
    struct tell tell = {.machine = run->machine, .task = task, .ctx = ctx};

    if (run->status == ASL_RUNNING)
        walk(run->root, tell_task, &tell);
}

static void tell_timers(void *ctx, const struct asl_frame *frame)
{
    const struct tell *tell = ctx;

    if (frame->phase == ASL_PHASE_WAIT)
        tell->timer(tell->ctx, frame->seq, frame->attempt, ASL_TIMER_WAIT, frame->due_ms);
    if (frame->phase == ASL_PHASE_RETRY)
        tell->timer(tell->ctx, frame->seq, frame->attempt, ASL_TIMER_RETRY, frame->due_ms);
    if (frame->phase == ASL_PHASE_SPREAD && frame->due_ms != ASL_NEVER)
        tell->timer(tell->ctx, frame->seq, frame->attempt, ASL_TIMER_MORE, frame->due_ms);
    if (frame->phase != ASL_PHASE_TASK)
        return;
    if (frame->timeout_ms != ASL_NEVER)
        tell->timer(tell->ctx, frame->seq, frame->attempt, ASL_TIMER_TIMEOUT, frame->timeout_ms);
    if (frame->heartbeat_ms != ASL_NEVER)
        tell->timer(tell->ctx, frame->seq, frame->attempt, ASL_TIMER_HEARTBEAT,
                    frame->heartbeat_ms);
}

void asl_run_timers(const struct asl_run *run, asl_timer_fn *timer, void *ctx)
{
    struct tell tell = {.timer = timer, .ctx = ctx};

    if (run->status != ASL_RUNNING)
        return;
    if (run->due_ms != ASL_NEVER)
        timer(ctx, 0, 0, ASL_TIMER_MACHINE, run->due_ms);
    if (run->go_on_ms != ASL_NEVER)
        timer(ctx, run->entered, 0, ASL_TIMER_GO_ON, run->go_on_ms);
    walk(run->root, tell_timers, &tell);
}

struct tell_children {
    uint32_t max;
    asl_child_fn *child;
    void *ctx;
};

static void tell_children(void *ctx, const struct asl_frame *frame)
{
    const struct tell_children *tell = ctx;
    uint32_t told = 0;

    if (frame->phase != ASL_PHASE_SPREAD || frame->spread->failing == ASL_FAILING_ALONE)
        return;
    for (uint32_t i = 0; i < frame->spread->next && told < tell->max; i++) {
        if (!asl_spread_runs(frame->spread, i))
            continue;
        told++;
        tell->child(tell->ctx, frame->seq, frame->spread->round, frame->spread->born, i,
                    frame->since_ms);
    }
}

void asl_run_children(const struct asl_run *run, uint32_t max, asl_child_fn *child, void *ctx)
{
    struct tell_children tell = {.max = max, .child = child, .ctx = ctx};

    if (run->status == ASL_RUNNING)
        walk(run->root, tell_children, &tell);
}

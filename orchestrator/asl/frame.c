/* frame.c -- the tree of frames and its book-keeping; what frames do is in step.c and state_*.c. */
#include "orchestrator/asl/frame.h"

#include "orchestrator/asl/query.h"
#include "orchestrator/asl/spread.h"

#include <stdlib.h>

static bool add_live(struct asl_run *run, struct asl_frame *frame)
{
    if (run->live_count == run->live_cap) {
        uint32_t cap = run->live_cap ? run->live_cap * 2 : 4;
        struct asl_frame **live = realloc(run->live, cap * sizeof(struct asl_frame *));
        if (!live)
            return false;
        run->live = live;
        run->live_cap = cap;
    }
    frame->slot = run->live_count;
    run->live[run->live_count++] = frame;
    return true;
}

struct asl_frame *asl_frame_new(struct asl_run *run, struct asl_frame *parent, uint32_t index,
                                uint32_t state)
{
    struct asl_frame *frame = calloc(1, sizeof(*frame));

    if (!frame)
        return NULL;
    if (!add_live(run, frame)) {
        free(frame);
        return NULL;
    }
    frame->parent = parent;
    frame->index = index;
    frame->state = state;
    frame->due_ms = frame->timeout_ms = frame->heartbeat_ms = ASL_NEVER;
    if (parent) {
        frame->last_event = parent->last_event;
        parent->fork->children[index].frame = frame;
        parent->fork->running++;
    }
    return frame;
}

void asl_frame_free(struct asl_run *run, struct asl_frame *frame)
{
    struct asl_frame *last;

    if (!frame)
        return;
    asl_fork_run_free(run, frame);
    asl_run_phase(run, frame, ASL_PHASE_STOPPED);
    asl_run_unready(run, frame);
    if (frame->parent) {
        frame->parent->fork->children[frame->index].frame = NULL;
        frame->parent->fork->running--;
    }
    last = run->live[--run->live_count];
    run->live[frame->slot] = last;
    last->slot = frame->slot;
    asl_value_unref(frame->input);
    asl_value_unref(frame->arguments);
    asl_query_forget(frame);
    asl_variables_forget(run, frame);
    free(frame->tries);
    free(frame);
}

struct asl_fork_run *asl_fork_run_new(uint32_t count)
{
    struct asl_fork_run *fork = calloc(1, sizeof(*fork));

    if (!fork)
        return NULL;
    fork->count = count;
    fork->done = calloc(count / 64 + 1, sizeof(*fork->done));
    fork->children = calloc(count + 1, sizeof(*fork->children));
    if (!fork->done || !fork->children) {
        free(fork->done);
        free(fork->children);
        free(fork);
        return NULL;
    }
    return fork;
}

void asl_fork_run_free(struct asl_run *run, struct asl_frame *frame)
{
    struct asl_fork_run *fork = frame->fork;

    asl_spread_free(frame->spread);
    frame->spread = NULL;
    if (!fork)
        return;
    for (uint32_t i = 0; i < fork->count; i++) {
        asl_frame_free(run, fork->children[i].frame);
        asl_value_unref(fork->children[i].output);
    }
    asl_value_unref(fork->input);
    asl_value_unref(fork->items);
    asl_value_unref(fork->selected);
    free(fork->done);
    free(fork->children);
    free(fork);
    frame->fork = NULL;
}

bool asl_fork_done(struct asl_fork_run *fork)
{
    uint32_t rest = fork->count % 64;

    while (fork->done_words < fork->count / 64 && fork->done[fork->done_words] == UINT64_MAX)
        fork->done_words++;
    return fork->done_words == fork->count / 64 &&
           fork->done[fork->done_words] == (UINT64_C(1) << rest) - 1;
}

void asl_run_hold(struct asl_run *run, struct asl_value **slot, struct asl_value *value)
{
    struct asl_value *old = *slot;

    if (run && value->id == 0)
        value->id = ++run->value_next;
    *slot = value;
    asl_value_unref(old);
}

bool asl_ids_add(struct asl_ids *list, uint32_t id)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 8;
        uint32_t *ids = realloc(list->ids, cap * sizeof(*ids));
        if (!ids)
            return false;
        list->ids = ids;
        list->cap = cap;
    }
    list->ids[list->count++] = id;
    return true;
}

bool asl_values_add(struct asl_values *list, struct asl_value *value)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 8;
        struct asl_value **items = realloc(list->items, cap * sizeof(struct asl_value *));
        if (!items)
            return false;
        list->items = items;
        list->cap = cap;
    }
    list->items[list->count++] = value;
    return true;
}

void asl_run_ready(struct asl_run *run, struct asl_frame *frame)
{
    if (frame->ready)
        return;
    frame->ready = true;
    frame->ready_next = run->ready;
    run->ready = frame;
}

void asl_run_unready(struct asl_run *run, struct asl_frame *frame)
{
    if (!frame->ready)
        return;
    for (struct asl_frame **at = &run->ready; *at; at = &(*at)->ready_next) {
        if (*at == frame) {
            *at = frame->ready_next;
            break;
        }
    }
    frame->ready = false;
    frame->ready_next = NULL;
}

/* Something of it is elsewhere, and the run's bound counts it. */
static bool is_out(enum asl_phase phase)
{
    return phase == ASL_PHASE_TASK || phase == ASL_PHASE_EVALUATE;
}

void asl_run_phase(struct asl_run *run, struct asl_frame *frame, enum asl_phase phase)
{
    run->in_flight += is_out(phase) - is_out(frame->phase);
    run->queued += (phase == ASL_PHASE_QUEUED) - (frame->phase == ASL_PHASE_QUEUED);
    if (phase != ASL_PHASE_FORK && frame->starved) {
        frame->starved = false;
        run->starved--;
    }
    frame->phase = phase;
}

struct asl_frame *asl_run_find(const struct asl_run *run, uint64_t seq)
{
    for (uint32_t i = 0; seq > 0 && i < run->live_count; i++)
        if (run->live[i]->seq == seq)
            return run->live[i];
    return NULL;
}

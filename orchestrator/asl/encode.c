/* encode.c -- a run as text, and which of its values are to be kept apart from it. */
#include "orchestrator/asl/encoding.h"
#include "orchestrator/asl/frame.h"
#include "orchestrator/asl/step.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool collect_frame(struct asl_values *values, struct asl_frame *frame)
{
    struct asl_fork_run *fork = frame->fork;
    bool ok = !frame->input || asl_values_add(values, frame->input);

    if (!fork)
        return ok;
    ok = ok && asl_values_add(values, fork->input);
    if (fork->items)
        ok = ok && asl_values_add(values, fork->items);
    for (uint32_t i = 0; ok && i < fork->next; i++) {
        if (fork->children[i].output)
            ok = asl_values_add(values, fork->children[i].output);
        if (fork->children[i].frame)
            ok = ok && collect_frame(values, fork->children[i].frame);
    }
    return ok;
}

static int by_id(const void *a, const void *b)
{
    const struct asl_value *const *x = a, *const *y = b;

    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

/* run->values: each once, by number. */
static bool collect(struct asl_run *run)
{
    struct asl_values *values = &run->values;
    size_t kept = 0;

    values->count = 0;
    if ((run->input && !asl_values_add(values, run->input)) ||
        (run->output && !asl_values_add(values, run->output)) ||
        (run->root && !collect_frame(values, run->root)))
        return false;
    if (values->count > 1)
        qsort(values->items, values->count, sizeof(struct asl_value *), by_id);
    for (size_t i = 0; i < values->count; i++)
        if (i == 0 || values->items[i]->id != values->items[kept - 1]->id)
            values->items[kept++] = values->items[i];
    values->count = kept;
    return true;
}

static void field(struct mr_buf *buf, const char *name, int64_t n)
{
    mr_buf_add_str(buf, name);
    mr_buf_add_int(buf, n);
}

static void text_field(struct mr_buf *buf, const char *name, const char *text)
{
    if (!text)
        return;
    mr_buf_add_str(buf, name);
    mr_buf_add_json(buf, text, strlen(text));
}

static void number(struct mr_buf *buf, int64_t n)
{
    mr_buf_add_char(buf, ',');
    mr_buf_add_int(buf, n);
}

static int64_t id_of(const struct asl_value *value)
{
    return value ? value->id : 0;
}

static void add_fork(struct mr_buf *buf, const struct asl_fork_run *fork)
{
    mr_buf_add_str(buf, ",[");
    mr_buf_add_int(buf, fork->count);
    number(buf, fork->next);
    number(buf, fork->concurrency);
    number(buf, id_of(fork->input));
    number(buf, id_of(fork->items));
    mr_buf_add_str(buf, ",[");
    for (uint32_t i = 0; i < fork->next; i++) {
        if (i > 0)
            mr_buf_add_char(buf, ',');
        mr_buf_add_int(buf, id_of(fork->children[i].output));
    }
    mr_buf_add_str(buf, "]]");
}

static void add_tries(struct mr_buf *buf, const uint32_t *tries, uint32_t count)
{
    mr_buf_add_str(buf, ",[");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            mr_buf_add_char(buf, ',');
        mr_buf_add_int(buf, tries[i]);
    }
    mr_buf_add_char(buf, ']');
}

/* The frame and all below it; *place counts the frames written. */
static void add_frame(struct mr_buf *buf, const struct asl_machine *machine,
                      const struct asl_frame *frame, int64_t parent, int64_t *place)
{
    int64_t here = (*place)++;

    mr_buf_add_str(buf, here ? ",[" : "[");
    mr_buf_add_int(buf, parent);
    number(buf, frame->index);
    number(buf, frame->state);
    number(buf, (int64_t)frame->phase);
    number(buf, (int64_t)frame->seq);
    number(buf, frame->attempt);
    number(buf, frame->entry);
    number(buf, frame->retries);
    number(buf, frame->entered_ms);
    number(buf, frame->since_ms);
    number(buf, frame->due_ms);
    number(buf, frame->timeout_ms);
    number(buf, frame->heartbeat_ms);
    number(buf, frame->heartbeat_every_ms);
    number(buf, (int64_t)frame->entered_event);
    number(buf, (int64_t)frame->last_event);
    number(buf, id_of(frame->input));
    if (frame->tries)
        add_tries(buf, frame->tries, machine->states[frame->state].retrier_count);
    else
        mr_buf_add_str(buf, ",0");
    if (frame->fork)
        add_fork(buf, frame->fork);
    else
        mr_buf_add_str(buf, ",0");
    mr_buf_add_char(buf, ']');
    for (uint32_t i = 0; frame->fork && i < frame->fork->next; i++)
        if (frame->fork->children[i].frame)
            add_frame(buf, machine, frame->fork->children[i].frame, here, place);
}

static void add_head(struct mr_buf *buf, const struct asl_run *run)
{
    bool first = true;

    field(buf, "{\"v\":", ASL_ENCODING_VERSION);
    field(buf, ",\"e\":", ASL_ENGINE);
    text_field(buf, ",\"job\":", run->job);
    text_field(buf, ",\"wf\":", run->workflow);
    mr_buf_addf(buf, ",\"seed\":\"%016" PRIx64 "\"", run->seed);
    field(buf, ",\"st\":", (int64_t)run->status);
    field(buf, ",\"up\":", run->started);
    field(buf, ",\"rd\":", run->redrives);
    field(buf, ",\"t0\":", run->start_ms);
    field(buf, ",\"due\":", run->due_ms);
    field(buf, ",\"en\":", (int64_t)run->entered);
    field(buf, ",\"fi\":", (int64_t)run->finished);
    field(buf, ",\"ev\":", (int64_t)run->events);
    field(buf, ",\"vn\":", run->value_next);
    mr_buf_add_str(buf, ",\"n\":[");
    for (uint32_t i = 0; i < run->machine->state_count; i++) {
        if (run->entries[i] == 0)
            continue;
        field(buf, first ? "" : ",", i);
        number(buf, run->entries[i]);
        first = false;
    }
    field(buf, "],\"in\":", id_of(run->input));
    field(buf, ",\"out\":", id_of(run->output));
    text_field(buf, ",\"err\":", run->error);
    text_field(buf, ",\"cause\":", run->cause);
}

/* Writes the small values, and notes the others in run->keeps. */
static bool add_values(struct mr_buf *buf, struct asl_run *run)
{
    bool first = true;

    run->keeps.count = 0;
    mr_buf_add_str(buf, ",\"val\":{");
    for (size_t i = 0; i < run->values.count; i++) {
        struct asl_value *value = run->values.items[i];
        size_t len;
        const char *text = asl_value_text(value, &len);
        if (!text)
            return false;
        if (len >= ASL_VALUE_INLINE_MAX) {
            if (!asl_ids_add(&run->keeps, value->id))
                return false;
            continue;
        }
        field(buf, first ? "\"" : ",\"", value->id);
        mr_buf_add_str(buf, "\":");
        mr_buf_add(buf, text, len);
        first = false;
    }
    mr_buf_add_str(buf, "}}");
    return true;
}

static bool has(const struct asl_ids *list, uint32_t id)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && list->ids[low] == id;
}

/* Tells what is newly kept apart and what no longer is.  Nothing can fail here any more. */
static void tell(struct asl_run *run, const struct asl_values_fn *fn)
{
    struct asl_ids kept = run->kept;

    for (size_t i = 0; i < run->values.count; i++) {
        struct asl_value *value = run->values.items[i];
        if (value->text_len >= ASL_VALUE_INLINE_MAX && !has(&kept, value->id))
            fn->put(fn->ctx, value->id, value->text, value->text_len);
    }
    for (size_t i = 0; i < kept.count; i++)
        if (!has(&run->keeps, kept.ids[i]))
            fn->drop(fn->ctx, kept.ids[i]);
    run->kept = run->keeps;
    run->keeps = kept;
}

enum mr_code asl_run_encode(struct asl_run *run, const struct asl_values_fn *fn, struct mr_buf *buf,
                            struct mr_error *err)
{
    size_t len = buf->len;
    int64_t place = 0;
    bool ok;

    if (run->broken)
        return mr_fail(err, MR_INTERNAL, "run %s: memory ran out in an earlier step", run->job);
    ok = collect(run);
    add_head(buf, run);
    mr_buf_add_str(buf, ",\"f\":[");
    if (ok && run->root)
        add_frame(buf, run->machine, run->root, -1, &place);
    mr_buf_add_char(buf, ']');
    ok = ok && add_values(buf, run);
    if (ok && !buf->failed) {
        tell(run, fn);
        return MR_OK;
    }
    if (buf->data) {
        buf->len = len;
        buf->data[len] = '\0';
    }
    return mr_fail(err, MR_NO_MEMORY, "run %s: no memory for its encoding", run->job);
}

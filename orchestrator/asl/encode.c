/* encode.c -- a run as text, and which of its values are to be kept apart from it. */
#include "orchestrator/asl/encoding.h"
#include "orchestrator/asl/spread_text.h"
#include "orchestrator/asl/step.h"

#include <stdlib.h>
#include <string.h>

static bool collect_value(void *ctx, struct asl_value *value)
{
    return asl_values_add(ctx, value);
}

static bool collect_query(struct asl_values *values, const struct asl_frame *frame)
{
    struct asl_value *held[] = {frame->arguments, frame->ask ? frame->ask->value : NULL,
                                frame->fork ? frame->fork->selected : NULL};
    bool ok = true;

    for (size_t i = 0; ok && i < sizeof(held) / sizeof(held[0]); i++)
        ok = !held[i] || asl_values_add(values, held[i]);
    return ok;
}

static bool collect_frame(struct asl_values *values, struct asl_frame *frame)
{
    struct asl_fork_run *fork = frame->fork;
    bool ok = !frame->input || asl_values_add(values, frame->input);

    for (uint32_t i = 0; ok && i < frame->variables.count; i++)
        ok = asl_values_add(values, frame->variables.items[i].value);
    ok = ok && collect_query(values, frame);
    if (frame->spread)
        return ok && asl_spread_values(frame->spread, collect_value, values);
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

/* ---- text: collected in a small piece, for a run is mostly short numbers -------------------- */

enum { PIECE_SIZE = 512, PIECE_ROOM = 64 /* that one call of int_to() or a word may take */ };

struct writer {
    struct mr_buf *buf;
    size_t len;
    char piece[PIECE_SIZE];
};

static void flush(struct writer *w)
{
    mr_buf_add(w->buf, w->piece, w->len);
    w->len = 0;
}

static void room(struct writer *w)
{
    if (w->len > PIECE_SIZE - PIECE_ROOM)
        flush(w);
}

static void word(struct writer *w, const char *text) /* shorter than PIECE_ROOM */
{
    size_t len = strlen(text);

    room(w);
    memcpy(w->piece + w->len, text, len);
    w->len += len;
}

static void number(struct writer *w, int64_t n)
{
    char digits[20], *p = digits + sizeof(digits);
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    room(w);
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (n < 0)
        w->piece[w->len++] = '-';
    memcpy(w->piece + w->len, p, (size_t)(digits + sizeof(digits) - p));
    w->len += (size_t)(digits + sizeof(digits) - p);
}

static void field(struct writer *w, const char *name, int64_t n)
{
    word(w, name);
    number(w, n);
}

static void next(struct writer *w, int64_t n)
{
    w->piece[w->len++] = ','; /* room() leaves more than it promises */
    number(w, n);
}

static void text_field(struct writer *w, const char *name, const char *text)
{
    if (!text)
        return;
    word(w, name);
    flush(w);
    mr_buf_add_json(w->buf, text, strlen(text));
}

static int64_t id_of(const struct asl_value *value)
{
    return value ? value->id : 0;
}

/* ---- frames ------------------------------------------------------------------------------- */

static void add_fork(struct writer *w, const struct asl_fork_run *fork)
{
    field(w, ",[", fork->count);
    next(w, fork->next);
    next(w, fork->concurrency);
    next(w, id_of(fork->input));
    next(w, id_of(fork->items));
    word(w, ",[");
    for (uint32_t i = 0; i < fork->next; i++)
        field(w, i ? "," : "", id_of(fork->children[i].output));
    word(w, "]]");
}

static void add_tries(struct writer *w, const uint32_t *tries, uint32_t count)
{
    word(w, ",[");
    for (uint32_t i = 0; i < count; i++)
        field(w, i ? "," : "", tries[i]);
    word(w, "]");
}

static void add_variables(struct writer *w, const struct asl_variables *scope)
{
    for (uint32_t i = 0; i < scope->count; i++) {
        text_field(w, i ? "," : ",[", scope->items[i].name);
        next(w, id_of(scope->items[i].value));
    }
    word(w, scope->count ? "]" : ",0");
}

static void add_query(struct writer *w, const struct asl_frame *frame)
{
    const struct asl_ask *ask = frame->ask;
    const struct asl_fork_run *fork = frame->fork;

    if (!frame->asked && !frame->arguments) { /* a state without expressions, mostly */
        field(w, ",", 0);
        return;
    }
    field(w, ",[", frame->asked);
    next(w, id_of(frame->arguments));
    next(w, fork ? id_of(fork->selected) : 0);
    next(w, fork ? fork->selected_first : 0);
    if (ask) {
        next(w, (int64_t)ask->stage);
        next(w, ask->number);
        next(w, ask->which);
        next(w, ask->count);
        next(w, ask->since_ms);
        next(w, id_of(ask->value));
    }
    word(w, "]");
}

/* The frame and all below it; *place counts the frames written. */
static void add_frame(struct writer *w, const struct asl_machine *machine, struct asl_frame *frame,
                      int64_t parent, int64_t *place)
{
    int64_t here = (*place)++;

    frame->place = (uint32_t)here;
    field(w, here ? ",[" : "[", parent);
    next(w, frame->index);
    next(w, frame->state);
    next(w, (int64_t)frame->phase);
    next(w, (int64_t)frame->seq);
    next(w, frame->attempt);
    next(w, frame->entry);
    next(w, frame->retries);
    next(w, frame->entered_ms);
    next(w, frame->since_ms);
    next(w, frame->due_ms);
    next(w, frame->timeout_ms);
    next(w, frame->heartbeat_ms);
    next(w, frame->heartbeat_every_ms);
    next(w, (int64_t)frame->entered_event);
    next(w, (int64_t)frame->last_event);
    next(w, id_of(frame->input));
    if (frame->tries)
        add_tries(w, frame->tries, machine->states[frame->state].retrier_count);
    else
        word(w, ",0");
    if (frame->fork) {
        add_fork(w, frame->fork);
    } else if (frame->spread) {
        word(w, ",");
        flush(w);
        asl_spread_encode(frame->spread, w->buf);
    } else {
        word(w, ",0");
    }
    add_variables(w, &frame->variables);
    add_query(w, frame);
    word(w, "]");
    for (uint32_t i = 0; frame->fork && i < frame->fork->next; i++)
        if (frame->fork->children[i].frame)
            add_frame(w, machine, frame->fork->children[i].frame, here, place);
}

static void add_seed(struct writer *w, uint64_t seed)
{
    word(w, ",\"seed\":\"");
    for (int shift = 60; shift >= 0; shift -= 4)
        w->piece[w->len++] = "0123456789abcdef"[seed >> shift & 15];
    w->piece[w->len++] = '"';
}

static void add_head(struct writer *w, const struct asl_run *run)
{
    bool first = true;

    field(w, "{\"v\":", ASL_ENCODING_VERSION);
    field(w, ",\"e\":", run->engine);
    text_field(w, ",\"job\":", run->job);
    text_field(w, ",\"nm\":", run->name);
    text_field(w, ",\"wf\":", run->workflow);
    add_seed(w, run->seed);
    if (run->flow)
        field(w, ",\"fl\":", run->flow);
    field(w, ",\"st\":", (int64_t)run->status);
    field(w, ",\"up\":", run->started);
    field(w, ",\"rd\":", run->redrives);
    if (run->redrives > 0)
        field(w, ",\"rt\":", run->redrive_ms);
    field(w, ",\"t0\":", run->start_ms);
    field(w, ",\"due\":", run->due_ms);
    field(w, ",\"en\":", (int64_t)run->entered);
    field(w, ",\"fi\":", (int64_t)run->finished);
    field(w, ",\"ev\":", (int64_t)run->events);
    field(w, ",\"vn\":", run->value_next);
    word(w, ",\"n\":[");
    for (uint32_t i = 0; i < run->machine->state_count; i++) {
        if (run->entries[i] == 0)
            continue;
        field(w, first ? "" : ",", i);
        next(w, run->entries[i]);
        first = false;
    }
    field(w, "],\"in\":", id_of(run->input));
    field(w, ",\"out\":", id_of(run->output));
    text_field(w, ",\"err\":", run->error);
    text_field(w, ",\"cause\":", run->cause);
}

/* What a step left to the next. */
static void add_ready(struct writer *w, const struct asl_run *run)
{
    if (run->go_on_ms == ASL_NEVER)
        return;
    field(w, ",\"go\":", run->go_on_ms);
    for (const struct asl_frame *frame = run->ready; frame; frame = frame->ready_next)
        field(w, frame == run->ready ? ",\"rdy\":[" : ",", frame->place);
    word(w, "]");
}

/* Writes the small values, and notes the others in run->keeps. */
static bool add_values(struct writer *w, struct asl_run *run)
{
    bool first = true;

    run->keeps.count = 0;
    word(w, ",\"val\":{");
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
        field(w, first ? "\"" : ",\"", value->id);
        word(w, "\":");
        flush(w);
        mr_buf_add(w->buf, text, len);
        first = false;
    }
    word(w, "}}");
    flush(w);
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
    struct writer w;
    size_t len = buf->len;
    int64_t place = 0;
    bool ok;

    if (run->broken)
        return mr_fail(err, MR_INTERNAL, "run %s: memory ran out in an earlier step", run->job);
    w.buf = buf;
    w.len = 0;
    ok = collect(run);
    add_head(&w, run);
    word(&w, ",\"f\":[");
    if (ok && run->root)
        add_frame(&w, run->machine, run->root, -1, &place);
    word(&w, "]");
    add_ready(&w, run);
    ok = ok && add_values(&w, run);
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

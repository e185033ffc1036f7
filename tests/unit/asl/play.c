/* play.c -- see play.h. */
#include "tests/unit/asl/play.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 16;
    items = realloc(items, *cap * size);
    assert_non_null(items);
    return items;
}

/* ---- the store of values ------------------------------------------------------------------ */

static void store_put(void *ctx, uint32_t id, const char *json, size_t len)
{
    struct play_store *store = ctx;

    for (size_t i = 0; i < store->count; i++)
        assert_int_not_equal(store->items[i].id, id); /* written once */
    assert_true(len >= ASL_VALUE_INLINE_MAX);
    store->items = grow(store->items, store->count, &store->cap, sizeof(*store->items));
    store->items[store->count++] = (struct play_value){id, strndup(json, len)};
    store->puts++;
}

static void store_drop(void *ctx, uint32_t id)
{
    struct play_store *store = ctx;

    for (size_t i = 0; i < store->count; i++) {
        if (store->items[i].id != id)
            continue;
        free(store->items[i].text);
        store->items[i] = store->items[--store->count];
        store->drops++;
        return;
    }
    fail_msg("value %u was dropped but is not there", id);
}

static bool store_get(void *ctx, uint32_t id, const char **json, size_t *len)
{
    struct play_store *store = ctx;

    for (size_t i = 0; i < store->count; i++) {
        if (store->items[i].id == id) {
            *json = store->items[i].text;
            *len = strlen(*json);
            return true;
        }
    }
    return false;
}

static void store_copy(const struct play_store *from, struct play_store *to)
{
    *to = (struct play_store){0};
    for (size_t i = 0; i < from->count; i++)
        store_put(to, from->items[i].id, from->items[i].text, strlen(from->items[i].text));
    to->puts = from->puts;
    to->drops = from->drops;
}

static void store_release(struct play_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        free(store->items[i].text);
    free(store->items);
    *store = (struct play_store){0};
}

static void encode(struct asl_run *run, struct play_store *store, struct mr_buf *buf)
{
    struct asl_values_fn fn = {store_put, store_drop, store};
    struct mr_error err;

    mr_buf_reset(buf);
    assert_int_equal(asl_run_encode(run, &fn, buf, &err), MR_OK);
}

/* ---- what comes out ----------------------------------------------------------------------- */

static void on_history(void *ctx, uint64_t id, uint64_t previous, const char *type, int64_t ms,
                       const cJSON *details)
{
    struct play *play = ctx;

    (void)ms;
    (void)details;
    assert_int_equal(id, play->history_last + 1);
    assert_true(previous < id);
    play->history_last = id;
    if (play->history.len)
        mr_buf_add_char(&play->history, ',');
    mr_buf_add_str(&play->history, type);
}

static bool on_token(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size)
{
    (void)ctx;
    (void)snprintf(buf, size, "token-%" PRIu64 "-%" PRIu32, seq, attempt);
    return true;
}

static void add_task(struct play *play, const struct asl_effect *effect)
{
    struct play_task *task;

    play->tasks = grow(play->tasks, play->task_count, &play->task_cap, sizeof(*play->tasks));
    task = &play->tasks[play->task_count++];
    *task = (struct play_task){.seq = effect->seq,
                               .attempt = effect->attempt,
                               .entry = effect->entry,
                               .timeout_ms = effect->timeout_ms,
                               .heartbeat_ms = effect->heartbeat_ms,
                               .token = effect->token};
    (void)snprintf(task->state, sizeof(task->state), "%s", effect->state);
    (void)snprintf(task->resource, sizeof(task->resource), "%s", effect->resource);
    task->input = strdup(effect->input);
    assert_int_equal(strlen(effect->input), effect->input_len);
    play->sent++;
}

static void add_ask(struct play *play, const struct asl_effect *effect)
{
    struct play_ask *ask;

    play->asks = grow(play->asks, play->ask_count, &play->ask_cap, sizeof(*play->asks));
    ask = &play->asks[play->ask_count++];
    *ask =
        (struct play_ask){.seq = effect->seq, .attempt = effect->attempt, .number = effect->number};
    (void)snprintf(ask->state, sizeof(ask->state), "%s", effect->state);
    ask->request = strdup(effect->input);
    assert_int_equal(strlen(effect->input), effect->input_len);
}

static void end_task(struct play *play, const struct asl_effect *effect)
{
    for (size_t i = 0; i < play->task_count; i++) {
        if (play->tasks[i].seq != effect->seq || play->tasks[i].attempt != effect->attempt)
            continue;
        free(play->tasks[i].input);
        memmove(&play->tasks[i], &play->tasks[i + 1],
                (--play->task_count - i) * sizeof(*play->tasks));
        play->stopped += !effect->wanted;
        play->answered += effect->wanted;
        return;
    }
    fail_msg("task %" PRIu64 ".%u ended but is not outstanding", effect->seq, effect->attempt);
}

static struct play_timer *find_timer(struct play *play, const struct asl_effect *effect)
{
    for (size_t i = 0; i < play->timer_count; i++)
        if (play->timers[i].seq == effect->seq && play->timers[i].attempt == effect->attempt &&
            play->timers[i].kind == (char)effect->timer)
            return &play->timers[i];
    return NULL;
}

struct play_child *play_child_of(struct play *play, uint32_t index)
{
    for (size_t i = 0; i < play->child_count; i++)
        if (play->children[i].index == index)
            return &play->children[i];
    return NULL;
}

static struct play_child *find_child(struct play *play, uint64_t seq, uint32_t index)
{
    for (size_t i = 0; i < play->child_count; i++)
        if (play->children[i].seq == seq && play->children[i].index == index)
            return &play->children[i];
    return NULL;
}

static void drop_child(struct play *play, uint64_t seq, uint32_t index)
{
    struct play_child *child = find_child(play, seq, index);

    assert_non_null(child);

    free(child->input);
    memmove(child, child + 1,
            (size_t)(play->children + play->child_count - child - 1) * sizeof(*child));
    play->child_count--;
}

static void on_effect(struct play *play, const struct asl_effect *effect)
{
    struct play_timer *timer;

    switch (effect->kind) {
    case ASL_EFFECT_TASK:
        add_task(play, effect);
        break;
    case ASL_EFFECT_EVALUATE:
        add_ask(play, effect);
        break;
    case ASL_EFFECT_TASK_END:
        end_task(play, effect);
        break;
    case ASL_EFFECT_TIMER:
        timer = find_timer(play, effect);
        if (!timer) {
            play->timers =
                grow(play->timers, play->timer_count, &play->timer_cap, sizeof(*play->timers));
            timer = &play->timers[play->timer_count++];
        }
        *timer =
            (struct play_timer){effect->seq, effect->attempt, (char)effect->timer, effect->due_ms};
        break;
    case ASL_EFFECT_TIMER_END:
        timer = find_timer(play, effect);
        assert_non_null(timer);
        *timer = play->timers[--play->timer_count];
        break;
    case ASL_EFFECT_CLOSED:
        play->closed = true;
        play->closes++;
        break;
    case ASL_EFFECT_CHILD:
    case ASL_EFFECT_CHILD_AGAIN:
        assert_null(find_child(play, effect->seq, effect->index));
        play->children =
            grow(play->children, play->child_count, &play->child_cap, sizeof(*play->children));
        play->children[play->child_count++] =
            (struct play_child){effect->seq,
                                effect->attempt,
                                effect->born,
                                effect->index,
                                effect->items,
                                effect->flow,
                                effect->record,
                                effect->kind == ASL_EFFECT_CHILD_AGAIN,
                                effect->input ? strdup(effect->input) : NULL,
                                false,
                                false};
        break;
    case ASL_EFFECT_CHILD_END:
        assert_non_null(find_child(play, effect->seq, effect->index));
        assert_false(find_child(play, effect->seq, effect->index)->stopped);
        find_child(play, effect->seq, effect->index)->stopped = true;
        play->children_stopped++;
        break;
    }
}

/* ---- events ------------------------------------------------------------------------------- */

static void assert_same_effects(const struct asl_effects *a, const struct asl_effects *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct asl_effect *x = &a->items[i], *y = &b->items[i];
        assert_int_equal(x->kind, y->kind);
        assert_int_equal(x->seq, y->seq);
        assert_int_equal(x->attempt, y->attempt);
        assert_int_equal(x->wanted, y->wanted);
        assert_int_equal(x->timer, y->timer);
        assert_int_equal(x->due_ms, y->due_ms);
        assert_int_equal(x->entry, y->entry);
        assert_int_equal(x->index, y->index);
        assert_int_equal(x->born, y->born);
        assert_int_equal(x->items, y->items);
        assert_int_equal(x->flow, y->flow);
        assert_int_equal(x->record, y->record);
        assert_int_equal(!x->input, !y->input);
        if (x->input)
            assert_string_equal(x->input, y->input);
    }
}

static void count_task(void *ctx, uint64_t seq, uint32_t attempt, const char *resource, int64_t ms)
{
    struct play *play = ctx;
    size_t i = 0;

    (void)resource;
    (void)ms;
    while (i < play->task_count && (play->tasks[i].seq != seq || play->tasks[i].attempt != attempt))
        i++;
    assert_true(i < play->task_count);
    play->sent++; /* borrowed as a counter by check_outstanding() */
}

static void count_timer(void *ctx, uint64_t seq, uint32_t attempt, char kind, int64_t due_ms)
{
    struct play *play = ctx;
    struct asl_effect effect = {
        .seq = seq, .attempt = attempt, .timer = (enum asl_timer)kind, .due_ms = due_ms};
    struct play_timer *timer = find_timer(play, &effect);

    assert_non_null(timer);
    assert_int_equal(timer->due_ms, due_ms);
    play->answered++;
}

static void want_ask(void *ctx, uint64_t seq, uint32_t attempt, uint32_t number, int64_t since_ms)
{
    struct play *play = ctx;
    size_t i = 0;

    (void)since_ms;
    while (i < play->ask_count && (play->asks[i].seq != seq || play->asks[i].attempt != attempt ||
                                   play->asks[i].number != number))
        i++;
    assert_true(i < play->ask_count);
    play->asks[i].wanted = true;
}

/* Evaluations have no end of their own: those that the run no longer waits for are forgotten. */
static void prune_asks(struct play *play)
{
    size_t kept = 0;

    for (size_t i = 0; i < play->ask_count; i++)
        play->asks[i].wanted = false;
    asl_run_asks(play->run, want_ask, play);
    for (size_t i = 0; i < play->ask_count; i++) {
        if (play->asks[i].wanted)
            play->asks[kept++] = play->asks[i];
        else
            free(play->asks[i].request);
    }
    play->ask_count = kept;
}

static void want_child(void *ctx, uint64_t seq, uint32_t attempt, uint32_t born, uint32_t index,
                       int64_t moved_ms)
{
    struct play_child *child = find_child(ctx, seq, index);

    (void)attempt, (void)born, (void)moved_ms;
    if (child)
        child->wanted = true;
}

/* Those that were told to end are forgotten, unless a Map waits for their records. */
static void prune_children(struct play *play)
{
    for (size_t i = 0; i < play->child_count; i++)
        play->children[i].wanted = false;
    asl_run_children(play->run, UINT32_MAX, want_child, play);
    for (size_t i = play->child_count; i-- > 0;)
        if (play->children[i].stopped && !play->children[i].wanted)
            drop_child(play, play->children[i].seq, play->children[i].index);
}

/* What the run says is outstanding is what its effects said, and an open run waits for something.
 */
static void count_child(void *ctx, uint64_t seq, uint32_t attempt, uint32_t born, uint32_t index,
                        int64_t moved_ms)
{
    struct play *play = ctx;
    struct play_child *child = find_child(play, seq, index);

    (void)moved_ms;
    assert_non_null(child);
    assert_int_equal(child->attempt, attempt);
    assert_int_equal(child->born, born);
    play->sent++;
}

static void check_outstanding(struct play *play)
{
    unsigned sent = play->sent, answered = play->answered;

    prune_asks(play);
    asl_run_tasks(play->run, count_task, play);
    asl_run_timers(play->run, count_timer, play);
    asl_run_children(play->run, UINT32_MAX, count_child, play);
    assert_int_equal(play->sent - sent, play->task_count + play->child_count);
    assert_int_equal(play->answered - answered, play->timer_count);
    play->sent = sent;
    play->answered = answered;
    assert_int_equal(asl_run_status(play->run) != ASL_RUNNING, play->closed);
    if (play->closed)
        assert_int_equal(play->task_count + play->timer_count + play->child_count + play->ask_count,
                         0);
    else
        assert_true(play->task_count + play->timer_count + play->child_count + play->ask_count > 0);
}

void play_event(struct play *play, const struct asl_event *event)
{
    struct asl_event timed = *event;
    struct asl_effects effects = {0};
    struct asl_env quiet = play->env;
    struct asl_run *twin = NULL;
    struct play_store store = {0};
    struct mr_buf text = {0};
    struct mr_error err = {0};
    bool changed;

    timed.time_ms = play->now_ms;
    quiet.history = NULL;
    if (!play->no_twin) {
        store_copy(&play->store, &store);
        if (asl_run_decode(play->machine, play->text.data, play->text.len, store_get, &store, &twin,
                           &err))
            fail_msg("%s\n%s", err.text, play->text.data);
    }
    if (event->kind == ASL_EVENT_REDRIVE)
        play->closed = play->closed && asl_run_status(play->run) == ASL_SUCCEEDED;
    assert_int_equal(asl_step(play->run, &timed, &play->env, &play->effects, &play->changed, &err),
                     MR_OK);
    if (play->changed &&
        (event->kind == ASL_EVENT_CHILD_OK || event->kind == ASL_EVENT_CHILD_FAILED))
        drop_child(play, event->seq, event->index);
    for (size_t i = 0; i < play->effects.count; i++)
        on_effect(play, &play->effects.items[i]);
    prune_children(play);
    if (event->kind == ASL_EVENT_REDRIVE && !play->changed)
        play->closed = asl_run_status(play->run) != ASL_RUNNING;
    if (!play->no_twin) {
        assert_int_equal(asl_step(twin, &timed, &quiet, &effects, &changed, &err), MR_OK);
        assert_int_equal(changed, play->changed);
        assert_same_effects(&effects, &play->effects);
        encode(play->run, &play->store, &play->text);
        encode(twin, &store, &text);
        assert_string_equal(text.data, play->text.data);
        assert_int_equal(store.puts, play->store.puts);
        assert_int_equal(store.drops, play->store.drops);
        check_outstanding(play);
    }
    asl_run_free(twin);
    asl_effects_release(&effects);
    store_release(&store);
    mr_buf_release(&text);
}

void play_begin(struct play *play, const char *definition)
{
    struct asl_start start = {.job = "job-1", .workflow = "flow", .tenant = "t", .seed = 42};
    struct mr_error err = {0};

    *play = (struct play){.now_ms = 1000};
    play->env.history = on_history;
    play->env.token = on_token;
    play->env.ctx = play;
    if (asl_machine_parse(definition, strlen(definition), NULL, &play->machine, &err))
        fail_msg("%s", err.text);
    assert_int_equal(asl_run_new(play->machine, &start, &play->run, &err), MR_OK);
    encode(play->run, &play->store, &play->text);
}

void play_end(struct play *play)
{
    for (size_t i = 0; i < play->task_count; i++)
        free(play->tasks[i].input);
    while (play->child_count > 0)
        drop_child(play, play->children[0].seq, play->children[0].index);
    free(play->children);
    free(play->tasks);
    free(play->timers);
    for (size_t i = 0; i < play->ask_count; i++)
        free(play->asks[i].request);
    free(play->asks);
    store_release(&play->store);
    mr_buf_release(&play->text);
    mr_buf_release(&play->history);
    asl_effects_release(&play->effects);
    asl_run_free(play->run);
    asl_machine_unref(play->machine);
}

void play_sync(struct play *play)
{
    encode(play->run, &play->store, &play->text);
}

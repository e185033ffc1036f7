/* decode.c -- a run from its text.  Believes nothing: what does not fit the machine is MR_CORRUPT,
 * so that a run that decodes can be stepped without further checks. */
#include "orchestrator/asl/encoding.h"
#include "orchestrator/asl/spread_text.h"
#include "orchestrator/asl/step.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

static const struct mr_json_limits text_limits = {(size_t)1 << 30, MR_JSON_DEPTH_MAX};
enum { ITEMS_MAX = 1 << 26 };
#define INTEGER_MAX INT64_C(9007199254740991)

struct decoder {
    struct asl_run *run;
    const cJSON *json;
    asl_value_get_fn *get;
    void *get_ctx;
    struct asl_values values;  /* all met so far, by number; each holds a reference */
    struct asl_frame **frames; /* as they stand in "f" */
    uint32_t frame_count;
    bool no_memory;
    const char *wrong; /* the first thing that did not fit */
};

static bool wrong(struct decoder *d, const char *what)
{
    if (!d->wrong)
        d->wrong = what;
    return false;
}

static int64_t integer(struct decoder *d, const cJSON *item, int64_t min, int64_t max,
                       const char *what)
{
    double n = item && cJSON_IsNumber(item) ? item->valuedouble : -2.0 * (double)INTEGER_MAX;

    if (n < (double)min || n > (double)max || n != (double)(int64_t)n) {
        wrong(d, what);
        return min;
    }
    return (int64_t)n;
}

static int64_t member(struct decoder *d, const char *name, int64_t min, int64_t max)
{
    return integer(d, mr_json_get(d->json, name), min, max, name);
}

static int64_t time_at(struct decoder *d, const cJSON *item)
{
    return integer(d, item, -INTEGER_MAX, INTEGER_MAX, "a time");
}

static bool copy(struct decoder *d, const char *name, bool required, char **ret)
{
    const cJSON *item = mr_json_get(d->json, name);

    if (!item && !required)
        return true;
    if (!cJSON_IsString(item))
        return wrong(d, name);
    *ret = strdup(item->valuestring);
    d->no_memory |= !*ret;
    return *ret;
}

/* ---- values ------------------------------------------------------------------------------- */

static size_t find(const struct asl_values *values, uint32_t id)
{
    size_t low = 0, high = values->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values->items[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct asl_value *add_value(struct decoder *d, uint32_t id, cJSON *json)
{
    struct asl_value *value = asl_value_new_take(json);
    size_t at = find(&d->values, id);

    if (!value || !asl_values_add(&d->values, value)) {
        asl_value_unref(value);
        d->no_memory = true;
        return NULL;
    }
    value->id = id;
    memmove(d->values.items + at + 1, d->values.items + at,
            (d->values.count - 1 - at) * sizeof(struct asl_value *));
    d->values.items[at] = value;
    return value;
}

static bool read_inline(struct decoder *d)
{
    const cJSON *list = mr_json_get(d->json, "val");
    uint32_t last = 0;

    if (!cJSON_IsObject(list))
        return wrong(d, "val");
    for (const cJSON *item = list->child; item; item = item->next) {
        char *end;
        unsigned long id = strtoul(item->string, &end, 10);
        if (*end || id <= last || id > d->run->value_next)
            return wrong(d, "val");
        last = (uint32_t)id;
        if (!add_value(d, last, cJSON_Duplicate(item, true)))
            return false;
    }
    return true;
}

static struct asl_value *fetch(struct decoder *d, uint32_t id)
{
    const char *text;
    size_t len;
    cJSON *json;
    enum mr_code rc;

    if (!d->get || !d->get(d->get_ctx, id, &text, &len)) {
        wrong(d, "a value that is kept apart is not there");
        return NULL;
    }
    rc = mr_json_parse(text, len, &text_limits, &json, NULL);
    if (rc) {
        d->no_memory |= rc == MR_NO_MEMORY;
        wrong(d, "a value that is kept apart is not JSON");
        return NULL;
    }
    return add_value(d, id, json);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Puts the value that item numbers into *slot; 0 leaves it empty, where that is allowed. */
static bool read_value(struct decoder *d, const cJSON *item, bool required, struct asl_value **slot)
{
    uint32_t id = (uint32_t)integer(d, item, required, d->run->value_next, "the number of a value");
    struct asl_value *value;
    size_t at;

    if (d->wrong || id == 0)
        return !d->wrong;
    at = find(&d->values, id);
    value = at < d->values.count && d->values.items[at]->id == id ? d->values.items[at] : NULL;
    if (!value) {
        value = fetch(d, id);
        if (!value)
            return false;
        if (!asl_ids_add(&d->run->kept, id)) {
            d->no_memory = true;
            return false;
        }
    }
    *slot = asl_value_ref(value);
    return true;
}

/* ---- frames ------------------------------------------------------------------------------- */

static const struct asl_state *state_of(const struct decoder *d, const struct asl_frame *frame)
{
    return &d->run->machine->states[frame->state];
}

/* What is asked for must be something that the state can ask. */
static bool ask_fits(const struct decoder *d, const struct asl_frame *frame,
                     const struct asl_ask *ask)
{
    const struct asl_state *state = state_of(d, frame);
    const struct asl_fork_run *fork = frame->fork;

    switch (ask->stage) {
    case ASL_STAGE_ENTER:
        return !fork && state->type != ASL_PASS && state->type != ASL_SUCCEED && !ask->value;
    case ASL_STAGE_RESULT:
        return !fork && state->type != ASL_FAIL && state->type != ASL_CHOICE;
    case ASL_STAGE_CAUGHT:
        return !fork && ask->which < state->catcher_count && ask->value;
    case ASL_STAGE_SELECT:
        if (frame->spread)
            return state->queries->fields[ASL_Q_SELECTOR] && frame->spread->item &&
                   frame->spread->exchange == ASL_EXCHANGE_NONE && ask->count > 0 && !ask->value &&
                   ask->which == (uint32_t)frame->spread->items_started;
        return fork && fork->items && state->queries->fields[ASL_Q_SELECTOR] && ask->count > 0 &&
               ask->which <= fork->count && ask->count <= fork->count - ask->which && !ask->value;
    case ASL_STAGE_COUNT:
        break;
    }
    return false;
}

static bool read_ask(struct decoder *d, struct asl_frame *frame, const cJSON *item)
{
    struct asl_ask *ask = frame->ask = calloc(1, sizeof(*ask));

    if (!ask) {
        d->no_memory = true;
        return false;
    }
    ask->stage = (enum asl_stage)integer(d, item, 0, ASL_STAGE_COUNT - 1, "query");
    item = item->next;
    ask->number = (uint32_t)integer(d, item, 1, frame->asked, "query");
    item = item->next;
    ask->which = (uint32_t)integer(d, item, 0, UINT32_MAX, "query");
    item = item->next;
    ask->count = (uint32_t)integer(d, item, 0, UINT32_MAX, "query");
    item = item->next;
    ask->since_ms = time_at(d, item);
    if (d->wrong || !read_value(d, item->next, false, &ask->value))
        return false;
    return ask_fits(d, frame, ask) || wrong(d, "query");
}

/* After the fork, which it may belong to. */
static bool read_query(struct decoder *d, struct asl_frame *frame, const cJSON *list)
{
    const cJSON *item = list->child;
    int size = cJSON_GetArraySize(list);

    if (cJSON_IsNumber(list))
        return true;
    if (!cJSON_IsArray(list) ||
        (size != ASL_QUERY_FIELDS && size != ASL_QUERY_FIELDS + ASL_ASK_FIELDS))
        return wrong(d, "query");
    frame->asked = (uint32_t)integer(d, item, 0, UINT32_MAX, "query");
    item = item->next;
    if (!read_value(d, item, false, &frame->arguments))
        return false;
    item = item->next;
    if (frame->fork && !read_value(d, item, false, &frame->fork->selected))
        return false;
    if (frame->fork && frame->fork->selected && !cJSON_IsArray(frame->fork->selected->json))
        return wrong(d, "query");
    item = item->next;
    if (frame->fork)
        frame->fork->selected_first = (uint32_t)integer(d, item, 0, frame->fork->count, "query");
    if (d->wrong || size == ASL_QUERY_FIELDS) /* a redrive may have made a JSONPath state of it */
        return !d->wrong;
    return state_of(d, frame)->queries ? read_ask(d, frame, item->next) : wrong(d, "query");
}

static bool phase_fits(const struct asl_frame *frame, enum asl_type type)
{
    bool fork = type == ASL_PARALLEL || type == ASL_MAP;

    if (frame->spread && frame->phase != ASL_PHASE_SPREAD && frame->phase != ASL_PHASE_STOPPED &&
        frame->phase != ASL_PHASE_FAILED)
        return false;
    switch (frame->phase) {
    case ASL_PHASE_QUEUED:
    case ASL_PHASE_TASK:
        return type == ASL_TASK && !frame->fork;
    case ASL_PHASE_WAIT:
        return type == ASL_WAIT && !frame->fork;
    case ASL_PHASE_RETRY:
        return (fork || type == ASL_TASK) && !frame->fork;
    case ASL_PHASE_FORK:
        return fork && frame->fork;
    case ASL_PHASE_SPREAD:
        return frame->spread && frame->spread->begun;
    case ASL_PHASE_STOPPED:
    case ASL_PHASE_FAILED:
        return fork || !frame->fork;
    case ASL_PHASE_EVALUATE:
        return frame->ask && frame->ask->stage != ASL_STAGE_SELECT;
    case ASL_PHASE_ENTER:
    case ASL_PHASE_AGAIN:
    case ASL_PHASE_COUNT:
        break;
    }
    return false;
}

static bool read_tries(struct decoder *d, struct asl_frame *frame, const cJSON *list)
{
    uint32_t count = state_of(d, frame)->retrier_count, i = 0;

    if (cJSON_IsNumber(list))
        return true;
    if (!list || !cJSON_IsArray(list) || (uint32_t)cJSON_GetArraySize(list) != count || count == 0)
        return wrong(d, "tries");
    frame->tries = calloc(count, sizeof(*frame->tries));
    d->no_memory |= !frame->tries;
    for (const cJSON *item = list->child; frame->tries && item; item = item->next)
        frame->tries[i++] = (uint32_t)integer(d, item, 0, UINT32_MAX, "tries");
    return frame->tries && !d->wrong;
}

static bool read_outputs(struct decoder *d, struct asl_fork_run *fork, const cJSON *list)
{
    uint32_t i = 0;

    if (!list || !cJSON_IsArray(list) || (uint32_t)cJSON_GetArraySize(list) != fork->next)
        return wrong(d, "outputs");
    for (const cJSON *item = list->child; item; item = item->next, i++) {
        if (!read_value(d, item, false, &fork->children[i].output))
            return false;
        if (fork->children[i].output)
            fork->done[i / 64] |= UINT64_C(1) << (i % 64);
    }
    return true;
}

static bool read_items(struct decoder *d, struct asl_fork_run *fork)
{
    uint32_t i = 0;

    if (!cJSON_IsArray(fork->items->json) ||
        (uint32_t)cJSON_GetArraySize(fork->items->json) != fork->count)
        return wrong(d, "items");
    for (const cJSON *item = fork->items->json->child; item; item = item->next)
        fork->children[i++].item = item;
    return true;
}

static bool spread_value(void *ctx, const cJSON *item, bool required, struct asl_value **slot)
{
    return read_value(ctx, item, required, slot);
}

static bool read_spread(struct decoder *d, struct asl_frame *frame, const cJSON *json)
{
    const struct asl_state *state = state_of(d, frame);
    bool no_memory;

    if (state->type != ASL_MAP || !state->fork.spread)
        return wrong(d, "fork");
    if (asl_spread_decode(json, state->fork.spread, spread_value, d, &frame->spread, &no_memory))
        return true;
    d->no_memory |= no_memory;
    return wrong(d, "a distributed Map");
}

static bool read_fork(struct decoder *d, struct asl_frame *frame, const cJSON *list)
{
    const struct asl_state *state = state_of(d, frame);
    const cJSON *item = list->child;
    struct asl_fork_run *fork;
    uint32_t count;

    if (cJSON_IsNumber(list))
        return true;
    if (cJSON_IsObject(list))
        return read_spread(d, frame, list);
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != ASL_FORK_FIELDS ||
        (state->type != ASL_PARALLEL && state->type != ASL_MAP) ||
        (state->type == ASL_MAP && state->fork.spread))
        return wrong(d, "fork");
    count = (uint32_t)integer(d, item, 0, ITEMS_MAX, "fork");
    if (d->wrong || (state->type == ASL_PARALLEL && count != state->fork.flows))
        return wrong(d, "fork");
    fork = frame->fork = asl_fork_run_new(count);
    if (!fork) {
        d->no_memory = true;
        return false;
    }
    item = item->next;
    fork->next = (uint32_t)integer(d, item, 0, count, "fork");
    item = item->next;
    fork->concurrency = (uint32_t)integer(d, item, 0, UINT32_MAX, "fork");
    item = item->next;
    if (!read_value(d, item, true, &fork->input) ||
        !read_value(d, item->next, state->type == ASL_MAP, &fork->items))
        return false;
    if (state->type == ASL_MAP ? !read_items(d, fork) : fork->items != NULL)
        return wrong(d, "fork");
    return read_outputs(d, fork, item->next->next);
}

/* A name that the machine does not know is of a definition that a redrive replaced: nothing reads
 * it any more. */
static bool read_variable(struct decoder *d, struct asl_frame *frame, const cJSON *item)
{
    struct asl_variables *scope = &frame->variables;
    struct asl_value *value = NULL;
    const char *name;
    size_t bytes;
    unsigned depth;

    if (!cJSON_IsString(item))
        return wrong(d, "variables");
    if (!read_value(d, item->next, true, &value))
        return false;
    name = asl_machine_variable(d->run->machine, item->valuestring);
    if (!name || asl_variable_get(frame, name) ||
        !asl_json_fits(value->json, ASL_VARIABLES_BYTES_MAX, &bytes, &depth)) {
        asl_value_unref(value);
        return name ? wrong(d, "variables") : true;
    }
    if (!asl_variables_add(scope, name, value)) {
        d->no_memory = true;
        return false;
    }
    scope->items[scope->count - 1].bytes = bytes;
    d->run->variable_bytes += bytes;
    return true;
}

static bool read_variables(struct decoder *d, struct asl_frame *frame, const cJSON *list)
{
    if (cJSON_IsNumber(list))
        return true;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) % 2 != 0)
        return wrong(d, "variables");
    for (const cJSON *item = list->child; item; item = item->next->next)
        if (!read_variable(d, frame, item))
            return false;
    return true;
}

/* The frame that the array describes, hung into the tree. */
static struct asl_frame *place_frame(struct decoder *d, const cJSON *parent_item,
                                     const cJSON *index_item, const cJSON *state_item)
{
    const struct asl_machine *machine = d->run->machine;
    bool root = d->frame_count == 0;
    int64_t parent_at =
        integer(d, parent_item, root ? -1 : 0, root ? -1 : (int64_t)d->frame_count - 1, "parent");
    struct asl_frame *parent = root || d->wrong ? NULL : d->frames[parent_at], *frame;
    uint32_t state = (uint32_t)integer(d, state_item, 0, machine->state_count - 1, "state");
    uint32_t next = parent && parent->fork ? parent->fork->next : 1, index, flow = 0;

    if (d->wrong || (parent && !parent->fork) || next == 0) {
        wrong(d, "parent");
        return NULL;
    }
    index = (uint32_t)integer(d, index_item, 0, next - 1, "index");
    flow = d->run->flow;
    if (parent)
        flow = state_of(d, parent)->fork.flow +
               (state_of(d, parent)->type == ASL_PARALLEL ? index : 0);
    if (d->wrong || machine->states[state].flow != flow ||
        (parent && (parent->fork->children[index].frame || parent->fork->children[index].output))) {
        wrong(d, "state");
        return NULL;
    }
    frame = asl_frame_new(d->run, parent, index, state);
    if (!frame)
        d->no_memory = true;
    else if (root)
        d->run->root = frame;
    return frame;
}

static bool read_frame(struct decoder *d, const cJSON *list)
{
    const cJSON *item[ASL_FRAME_FIELDS] = {NULL};
    struct asl_frame *frame;
    enum asl_phase phase;
    int count = 0;

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != ASL_FRAME_FIELDS)
        return wrong(d, "f");
    for (const cJSON *each = list->child; each; each = each->next)
        item[count++] = each;
    frame = place_frame(d, item[0], item[1], item[2]);
    if (!frame)
        return false;
    d->frames[d->frame_count++] = frame;
    phase = (enum asl_phase)integer(d, item[3], 0, ASL_PHASE_COUNT - 1, "phase");
    frame->seq = (uint64_t)integer(d, item[4], 0, (int64_t)d->run->entered, "seq");
    frame->attempt = (uint32_t)integer(d, item[5], 0, UINT32_MAX, "attempt");
    frame->entry = (uint32_t)integer(d, item[6], 0, UINT32_MAX, "entry");
    frame->retries = (uint32_t)integer(d, item[7], 0, UINT32_MAX, "retries");
    frame->entered_ms = time_at(d, item[8]);
    frame->since_ms = time_at(d, item[9]);
    frame->due_ms = time_at(d, item[10]);
    frame->timeout_ms = time_at(d, item[11]);
    frame->heartbeat_ms = time_at(d, item[12]);
    frame->heartbeat_every_ms = integer(d, item[13], 0, INTEGER_MAX, "time");
    frame->entered_event = (uint64_t)integer(d, item[14], 0, (int64_t)d->run->events, "event");
    frame->last_event = (uint64_t)integer(d, item[15], 0, (int64_t)d->run->events, "event");
    if (d->wrong || !read_value(d, item[16], true, &frame->input) ||
        !read_tries(d, frame, item[17]) || !read_fork(d, frame, item[18]) ||
        !read_variables(d, frame, item[19]) || !read_query(d, frame, item[20]))
        return false;
    if (frame->ask && phase != (frame->ask->stage != ASL_STAGE_SELECT ? ASL_PHASE_EVALUATE
                                : frame->spread                       ? ASL_PHASE_SPREAD
                                                                      : ASL_PHASE_FORK))
        return wrong(d, "query");
    asl_run_phase(d->run, frame, phase);
    return phase_fits(frame, state_of(d, frame)->type) || wrong(d, "phase");
}

static bool read_frames(struct decoder *d)
{
    const cJSON *list = mr_json_get(d->json, "f");

    if (!cJSON_IsArray(list))
        return wrong(d, "f");
    d->frames = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(struct asl_frame *));
    if (!d->frames) {
        d->no_memory = true;
        return false;
    }
    for (const cJSON *item = list->child; item; item = item->next)
        if (!read_frame(d, item))
            return false;
    return true;
}

/* Every child that has begun is either done or has a frame; a fork that could start one more and
 * did not was starved. */
static bool check_forks(struct decoder *d)
{
    for (uint32_t i = 0; i < d->frame_count; i++) {
        struct asl_frame *frame = d->frames[i];
        struct asl_fork_run *fork = frame->fork;
        if (!fork)
            continue;
        for (uint32_t j = 0; j < fork->next; j++)
            if (!fork->children[j].frame == !fork->children[j].output)
                return wrong(d, "children");
        if (frame->phase == ASL_PHASE_FORK && !frame->ask && fork->next < fork->count &&
            (fork->concurrency == 0 || fork->running < fork->concurrency)) {
            frame->starved = true;
            d->run->starved++;
        }
    }
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static bool read_entries(struct decoder *d)
{
    const cJSON *list = mr_json_get(d->json, "n");

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) % 2 != 0)
        return wrong(d, "n");
    for (const cJSON *item = list->child; item; item = item->next->next) {
        int64_t state = integer(d, item, 0, d->run->machine->state_count - 1, "n");
        d->run->entries[state] = (uint32_t)integer(d, item->next, 1, UINT32_MAX, "n");
    }
    return !d->wrong;
}

static bool read_head(struct decoder *d)
{
    struct asl_run *run = d->run;

    run->status = (enum asl_status)member(d, "st", ASL_RUNNING, ASL_ABORTED);
    run->started = member(d, "up", 0, 1) == 1;
    run->redrives = (uint32_t)member(d, "rd", 0, UINT32_MAX);
    if (mr_json_get(d->json, "rt"))
        run->redrive_ms = member(d, "rt", -INTEGER_MAX, INTEGER_MAX);
    run->start_ms = member(d, "t0", -INTEGER_MAX, INTEGER_MAX);
    run->due_ms = member(d, "due", -INTEGER_MAX, INTEGER_MAX);
    run->entered = (uint64_t)member(d, "en", 0, INTEGER_MAX);
    run->finished = (uint64_t)member(d, "fi", 0, INTEGER_MAX);
    run->events = (uint64_t)member(d, "ev", 0, INTEGER_MAX);
    run->value_next = (uint32_t)member(d, "vn", 0, UINT32_MAX - 1);
    return !d->wrong && copy(d, "err", false, &run->error) &&
           copy(d, "cause", false, &run->cause) && read_entries(d) && read_inline(d) &&
           read_value(d, mr_json_get(d->json, "in"), false, &run->input) &&
           read_value(d, mr_json_get(d->json, "out"), false, &run->output);
}

static bool read_run(struct decoder *d)
{
    struct asl_run *run = d->run;

    if (!read_head(d) || !read_frames(d) || !check_forks(d))
        return false;
    if (run->started && run->status == ASL_RUNNING && (!run->root || !run->input))
        return wrong(d, "f");
    if (run->root && !run->input)
        return wrong(d, "in");
    if (run->kept.count > 1)
        qsort(run->kept.ids, run->kept.count, sizeof(*run->kept.ids), by_number);
    return true;
}

/* An unstarted run of what the text says of itself. */
static enum mr_code new_run(struct decoder *d, struct asl_machine *machine, struct mr_error *err)
{
    const cJSON *job = mr_json_get(d->json, "job"), *workflow = mr_json_get(d->json, "wf");
    const cJSON *seed = mr_json_get(d->json, "seed");
    struct asl_start start = {0};

    if (member(d, "v", ASL_ENCODING_VERSION, ASL_ENCODING_VERSION),
        member(d, "e", ASL_ENGINE, ASL_ENGINE), d->wrong)
        return mr_fail(err, MR_CORRUPT, "a run's text is of version or engine that is not known");
    if (!cJSON_IsString(job) || !cJSON_IsString(workflow) || !cJSON_IsString(seed))
        return mr_fail(err, MR_CORRUPT, "a run's text: job, wf or seed is not there");
    start.job = job->valuestring;
    start.workflow = workflow->valuestring;
    start.seed = strtoull(seed->valuestring, NULL, 16);
    if (mr_json_get(d->json, "fl"))
        start.flow = (uint32_t)member(d, "fl", 1, machine->flow_count - 1);
    if (d->wrong)
        return mr_fail(err, MR_CORRUPT, "a run's text: fl does not fit");
    return asl_run_new(machine, &start, &d->run, err);
}

enum mr_code asl_run_decode(struct asl_machine *machine, const char *text, size_t len,
                            asl_value_get_fn *get, void *ctx, struct asl_run **ret,
                            struct mr_error *err)
{
    struct decoder d = {.get = get, .get_ctx = ctx};
    cJSON *json = NULL;
    enum mr_code rc = mr_json_parse(text, len, &text_limits, &json, err);

    if (rc)
        return rc == MR_NO_MEMORY ? rc : mr_fail(err, MR_CORRUPT, "a run's text is not JSON");
    d.json = json;
    rc = new_run(&d, machine, err);
    if (!rc && !read_run(&d))
        rc = d.no_memory ? mr_fail(err, MR_NO_MEMORY, "run %s: no memory", d.run->job)
                         : mr_fail(err, MR_CORRUPT, "run %s: %s does not fit", d.run->job,
                                   d.wrong ? d.wrong : "something");
    for (size_t i = 0; i < d.values.count; i++)
        asl_value_unref(d.values.items[i]);
    free(d.values.items);
    free(d.frames);
    cJSON_Delete(json);
    if (rc)
        asl_run_free(d.run);
    else
        *ret = d.run;
    return rc;
}

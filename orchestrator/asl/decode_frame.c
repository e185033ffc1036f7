/* decode_frame.c -- the tree of frames of a run's text. */
#include "orchestrator/asl/decode.h"
#include "orchestrator/asl/encoding.h"

#include "common/base/json.h"

#include <stdlib.h>

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
    case ASL_PHASE_ENTER: /* these two are ready, or read_ready() refuses them */
        return !frame->fork && !frame->spread && !frame->ask;
    case ASL_PHASE_AGAIN:
        return (fork || type == ASL_TASK) && frame->seq > 0 && !frame->fork && !frame->spread &&
               !frame->ask;
    case ASL_PHASE_COUNT:
        break;
    }
    return false;
}

static bool read_tries(struct asl_decoder *d, struct asl_frame *frame, const cJSON *list)
{
    uint32_t count = asl_decode_state(d, frame)->retrier_count, i = 0;

    if (cJSON_IsNumber(list))
        return true;
    if (!list || !cJSON_IsArray(list) || (uint32_t)cJSON_GetArraySize(list) != count || count == 0)
        return asl_decode_wrong(d, "tries");
    frame->tries = calloc(count, sizeof(*frame->tries));
    d->no_memory |= !frame->tries;
    for (const cJSON *item = list->child; frame->tries && item; item = item->next)
        frame->tries[i++] = (uint32_t)asl_decode_integer(d, item, 0, UINT32_MAX, "tries");
    return frame->tries && !d->wrong;
}

/* A name that the machine does not know is of a definition that a redrive replaced: nothing reads
 * it any more. */
static bool read_variable(struct asl_decoder *d, struct asl_frame *frame, const cJSON *item)
{
    struct asl_variables *scope = &frame->variables;
    struct asl_value *value = NULL;
    const char *name;
    size_t bytes;
    unsigned depth;

    if (!cJSON_IsString(item))
        return asl_decode_wrong(d, "variables");
    if (!asl_decode_value(d, item->next, true, &value))
        return false;
    name = asl_machine_variable(d->run->machine, item->valuestring);
    if (!name || asl_variable_get(frame, name) ||
        !asl_json_fits(value->json, ASL_VARIABLES_BYTES_MAX, &bytes, &depth)) {
        asl_value_unref(value);
        return name ? asl_decode_wrong(d, "variables") : true;
    }
    if (!asl_variables_add(scope, name, value)) {
        d->no_memory = true;
        return false;
    }
    scope->items[scope->count - 1].bytes = bytes;
    d->run->variable_bytes += bytes;
    return true;
}

static bool read_variables(struct asl_decoder *d, struct asl_frame *frame, const cJSON *list)
{
    if (cJSON_IsNumber(list))
        return true;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) % 2 != 0)
        return asl_decode_wrong(d, "variables");
    for (const cJSON *item = list->child; item; item = item->next->next)
        if (!read_variable(d, frame, item))
            return false;
    return true;
}

/* The frame that the array describes, hung into the tree. */
static struct asl_frame *place_frame(struct asl_decoder *d, const cJSON *parent_item,
                                     const cJSON *index_item, const cJSON *state_item)
{
    const struct asl_machine *machine = d->run->machine;
    bool root = d->frame_count == 0;
    int64_t parent_at = asl_decode_integer(d, parent_item, root ? -1 : 0,
                                           root ? -1 : (int64_t)d->frame_count - 1, "parent");
    struct asl_frame *parent = root || d->wrong ? NULL : d->frames[parent_at], *frame;
    uint32_t state =
        (uint32_t)asl_decode_integer(d, state_item, 0, machine->state_count - 1, "state");
    uint32_t next = parent && parent->fork ? parent->fork->next : 1, index, flow = 0;

    if (d->wrong || (parent && !parent->fork) || next == 0) {
        asl_decode_wrong(d, "parent");
        return NULL;
    }
    index = (uint32_t)asl_decode_integer(d, index_item, 0, next - 1, "index");
    flow = d->run->flow;
    if (parent)
        flow = asl_decode_state(d, parent)->fork.flow +
               (asl_decode_state(d, parent)->type == ASL_PARALLEL ? index : 0);
    if (d->wrong || machine->states[state].flow != flow ||
        (parent && (parent->fork->children[index].frame || parent->fork->children[index].output))) {
        asl_decode_wrong(d, "state");
        return NULL;
    }
    frame = asl_frame_new(d->run, parent, index, state);
    if (!frame)
        d->no_memory = true;
    else if (root)
        d->run->root = frame;
    return frame;
}

static bool read_frame(struct asl_decoder *d, const cJSON *list)
{
    const cJSON *item[ASL_FRAME_FIELDS] = {NULL};
    struct asl_frame *frame;
    enum asl_phase phase;
    int count = 0;

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != ASL_FRAME_FIELDS)
        return asl_decode_wrong(d, "f");
    for (const cJSON *each = list->child; each; each = each->next)
        item[count++] = each;
    frame = place_frame(d, item[0], item[1], item[2]);
    if (!frame)
        return false;
    d->frames[d->frame_count++] = frame;
    phase = (enum asl_phase)asl_decode_integer(d, item[3], 0, ASL_PHASE_COUNT - 1, "phase");
    frame->seq = (uint64_t)asl_decode_integer(d, item[4], 0, (int64_t)d->run->entered, "seq");
    frame->attempt = (uint32_t)asl_decode_integer(d, item[5], 0, UINT32_MAX, "attempt");
    frame->entry = (uint32_t)asl_decode_integer(d, item[6], 0, UINT32_MAX, "entry");
    frame->retries = (uint32_t)asl_decode_integer(d, item[7], 0, UINT32_MAX, "retries");
    frame->entered_ms = asl_decode_time(d, item[8]);
    frame->since_ms = asl_decode_time(d, item[9]);
    frame->due_ms = asl_decode_time(d, item[10]);
    frame->timeout_ms = asl_decode_time(d, item[11]);
    frame->heartbeat_ms = asl_decode_time(d, item[12]);
    frame->heartbeat_every_ms = asl_decode_integer(d, item[13], 0, ASL_INTEGER_MAX, "time");
    frame->entered_event =
        (uint64_t)asl_decode_integer(d, item[14], 0, (int64_t)d->run->events, "event");
    frame->last_event =
        (uint64_t)asl_decode_integer(d, item[15], 0, (int64_t)d->run->events, "event");
    if (d->wrong || !asl_decode_value(d, item[16], true, &frame->input) ||
        !read_tries(d, frame, item[17]) || !asl_decode_fork(d, frame, item[18]) ||
        !read_variables(d, frame, item[19]) || !asl_decode_query(d, frame, item[20]))
        return false;
    if (frame->ask && phase != (frame->ask->stage != ASL_STAGE_SELECT ? ASL_PHASE_EVALUATE
                                : frame->spread                       ? ASL_PHASE_SPREAD
                                                                      : ASL_PHASE_FORK))
        return asl_decode_wrong(d, "query");
    asl_run_phase(d->run, frame, phase);
    return phase_fits(frame, asl_decode_state(d, frame)->type) || asl_decode_wrong(d, "phase");
}

/* The stack that the next step goes on with: pushed from its end. */
static bool read_ready(struct asl_decoder *d)
{
    const cJSON *list = mr_json_get(d->json, "rdy"), *due = mr_json_get(d->json, "go");
    struct asl_run *run = d->run;

    if (due && (run->status != ASL_RUNNING || run->engine < ASL_ENGINE_BUDGET ||
                !cJSON_IsArray(list) || !list->child))
        return asl_decode_wrong(d, "go");
    if (due)
        run->go_on_ms = asl_decode_time(d, due);
    for (const cJSON *item = due ? list->child->prev : NULL; item; item = item->prev) {
        int64_t place = asl_decode_integer(d, item, 0, (int64_t)d->frame_count - 1, "rdy");
        if (d->wrong || d->frames[place]->ready)
            return asl_decode_wrong(d, "rdy");
        asl_run_ready(run, d->frames[place]);
        if (item == list->child)
            break; /* its prev is the last */
    }
    for (uint32_t i = 0; i < d->frame_count; i++) {
        const struct asl_frame *frame = d->frames[i];
        if ((frame->phase == ASL_PHASE_ENTER || frame->phase == ASL_PHASE_AGAIN) && !frame->ready)
            return asl_decode_wrong(d, "rdy");
    }
    return !d->wrong;
}

/* Every child that has begun is either done or has a frame; a fork that could start one more and
 * did not was starved, or has its turn with the next step. */
static bool check_forks(struct asl_decoder *d)
{
    for (uint32_t i = 0; i < d->frame_count; i++) {
        struct asl_frame *frame = d->frames[i];
        struct asl_fork_run *fork = frame->fork;
        if (!fork)
            continue;
        for (uint32_t j = 0; j < fork->next; j++)
            if (!fork->children[j].frame == !fork->children[j].output)
                return asl_decode_wrong(d, "children");
        if (frame->phase == ASL_PHASE_FORK && !frame->ready && !frame->ask &&
            fork->next < fork->count &&
            (fork->concurrency == 0 || fork->running < fork->concurrency)) {
            frame->starved = true;
            d->run->starved++;
        }
    }
    return true;
}

bool asl_decode_frames(struct asl_decoder *d)
{
    const cJSON *list = mr_json_get(d->json, "f");

    if (!cJSON_IsArray(list))
        return asl_decode_wrong(d, "f");
    d->frames = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(struct asl_frame *));
    if (!d->frames) {
        d->no_memory = true;
        return false;
    }
    for (const cJSON *item = list->child; item; item = item->next)
        if (!read_frame(d, item))
            return false;
    return read_ready(d) && check_forks(d);
}

/* state_spread.c -- entering a Map in DISTRIBUTED mode: what its fields come to for this entry.
 * spread.c goes on from there. */
#include "orchestrator/asl/spread_turn.h"

#include "orchestrator/asl/parse.h"

#include <math.h>
#include <stdlib.h>

static const struct asl_spread *fields_of(struct asl_turn *turn, const struct asl_frame *frame)
{
    return asl_turn_state(turn, frame)->fork.spread;
}

static enum mr_code no_float(const struct asl_turn *turn, const struct asl_path *path,
                             const cJSON *found, struct asl_fault *fault)
{
    if (asl_turn_since(turn, ASL_ENGINE_REVIEW))
        return asl_io_mistyped("ToleratedFailurePercentagePath", "float", path, found, fault);
    return asl_fault_set(fault, ASL_RUNTIME,
                         "The ToleratedFailurePercentagePath field refers to a value which is not "
                         "a valid float: %.200s",
                         path->text);
}

static enum mr_code read_percent(struct asl_turn *turn, struct asl_frame *frame,
                                 struct asl_value *input, double *ret, struct asl_fault *fault)
{
    const struct asl_spread *fields = fields_of(turn, frame);
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = input};
    const cJSON *found = fields->tolerated_percent;
    char *end = NULL;
    double percent;
    enum mr_code rc = MR_OK;

    *ret = ASL_NEVER;
    if (!found && !fields->tolerated_path)
        return MR_OK;
    if (!found)
        rc = asl_scope_get(&scope, fields->tolerated_path, "ToleratedFailurePercentagePath", &found,
                           fault);
    if (!rc) {
        percent = cJSON_IsString(found) ? strtod(found->valuestring, &end) : found->valuedouble;
        if (cJSON_IsString(found) ? !found->valuestring[0] || *end : !cJSON_IsNumber(found))
            rc = no_float(turn, fields->tolerated_path, found, fault);
        else if (!(percent >= 0 && percent <= 100))
            rc = asl_fault_set(fault, ASL_RUNTIME,
                               "ToleratedFailurePercentage must be between 0 and 100.");
        else
            *ret = percent;
    }
    asl_scope_release(&scope);
    return rc;
}

static enum mr_code find_tolerance(struct asl_turn *turn, struct asl_frame *frame,
                                   struct asl_fault *fault)
{
    const struct asl_spread *fields = fields_of(turn, frame);
    struct asl_spread_run *spread = frame->spread;
    struct asl_value *input = spread->slots[ASL_SLOT_INPUT];
    enum mr_code rc =
        asl_io_number(turn, frame, &fields->tolerated_count, "ToleratedFailureCountPath", 0,
                      ASL_SECONDS_MAX, input, &spread->tolerated_count, fault);

    if (!fields->tolerated_count.set)
        spread->tolerated_count = ASL_NEVER;
    if (!rc)
        rc = read_percent(turn, frame, input, &spread->tolerated_percent, fault);
    return rc;
}

static enum mr_code read_tolerance(struct asl_turn *turn, struct asl_frame *frame,
                                   const struct asl_filled *filled, struct asl_fault *fault)
{
    struct asl_spread_run *spread = frame->spread;
    enum mr_code rc = filled ? asl_query_tolerance(turn, frame, filled, fault)
                             : find_tolerance(turn, frame, fault);

    if (!rc && spread->tolerated_count != ASL_NEVER)
        asl_probe_number(turn, "toleratedFailureCount", (double)spread->tolerated_count);
    if (!rc && spread->tolerated_percent >= 0)
        asl_probe_number(turn, "toleratedFailurePercentage", spread->tolerated_percent);
    if (spread->tolerated_count == ASL_NEVER && spread->tolerated_percent < 0)
        spread->tolerated_count = 0;
    return rc;
}

/* template filled in from the state's input, into slot; none: {}. */
static enum mr_code fill(struct asl_turn *turn, struct asl_frame *frame,
                         const struct asl_template *template, enum asl_slot slot,
                         struct asl_fault *fault)
{
    struct asl_spread_run *spread = frame->spread;
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = spread->slots[ASL_SLOT_INPUT]};
    struct asl_value *value = NULL;
    enum mr_code rc;

    if (template) {
        rc = asl_io_fill(&scope, template, &value, fault);
        asl_scope_release(&scope);
    } else {
        value = asl_value_new_take(cJSON_CreateObject());
        rc = value ? MR_OK : MR_NO_MEMORY;
    }
    if (!rc)
        asl_run_hold(turn->run, &spread->slots[slot], value);
    return rc;
}

static enum mr_code read_batch(struct asl_turn *turn, struct asl_frame *frame,
                               struct asl_fault *fault)
{
    const struct asl_spread *fields = fields_of(turn, frame);
    struct asl_spread_run *spread = frame->spread;
    struct asl_value *input = spread->slots[ASL_SLOT_INPUT];
    int64_t items = 0, bytes = 0;
    enum mr_code rc;

    if (!fields->batches)
        return MR_OK;
    rc = asl_io_number(turn, frame, &fields->batch_items, "MaxItemsPerBatchPath", 1,
                       ASL_SECONDS_MAX, input, &items, fault);
    if (!rc)
        rc = asl_io_number(turn, frame, &fields->batch_bytes, "MaxInputBytesPerBatchPath", 1,
                           ASL_SECONDS_MAX, input, &bytes, fault);
    if (rc)
        return rc;
    spread->batch_items = items ? (uint32_t)items : UINT32_MAX;
    spread->batch_bytes = bytes ? (size_t)bytes : 0;
    return fields->batch_input ? fill(turn, frame, fields->batch_input, ASL_SLOT_BATCH, fault)
                               : MR_OK;
}

/* More than may be read is as many as may be; less than none is found by the Map run. */
static enum mr_code read_items_max(struct asl_turn *turn, struct asl_frame *frame,
                                   struct asl_fault *fault)
{
    const struct asl_spread *fields = fields_of(turn, frame);
    struct asl_spread_run *spread = frame->spread;
    int64_t max = asl_turn_since(turn, ASL_ENGINE_REVIEW) ? INT64_MAX : ASL_SECONDS_MAX;
    enum mr_code rc = asl_io_number(turn, frame, &fields->items_max, "MaxItemsPath", INT32_MIN, max,
                                    spread->slots[ASL_SLOT_INPUT], &spread->items_max, fault);

    if (!rc && spread->items_max > ASL_SPREAD_ITEMS_MAX)
        spread->items_max = ASL_SPREAD_ITEMS_MAX;
    return rc;
}

static enum mr_code read_reader(struct asl_turn *turn, struct asl_frame *frame,
                                struct asl_fault *fault)
{
    const struct asl_spread *fields = fields_of(turn, frame);
    enum mr_code rc;

    if (!fields->reader)
        return MR_OK;
    rc = fill(turn, frame, fields->reader_parameters, ASL_SLOT_READER, fault);
    return rc ? rc : read_items_max(turn, frame, fault);
}

/* What the Map run is told: batches, the writer, and (with_reader) the reader. */
static enum mr_code read_fields(struct asl_turn *turn, struct asl_frame *frame, bool with_reader,
                                struct asl_filled *filled, struct asl_fault *fault)
{
    const struct asl_spread *fields = fields_of(turn, frame);
    enum mr_code rc;

    if (filled)
        return asl_query_spread(turn, frame, filled, fault);
    rc = read_batch(turn, frame, fault);
    if (!rc && fields->writer)
        rc = fill(turn, frame, fields->writer_parameters, ASL_SLOT_WRITER, fault);
    return rc || !with_reader ? rc : read_reader(turn, frame, fault);
}

/* A reader that comes to nothing is the Map run's failure. */
static enum mr_code read_reader_late(struct asl_turn *turn, struct asl_frame *frame,
                                     struct asl_fault *fault)
{
    enum mr_code rc = read_reader(turn, frame, fault);

    if (rc == MR_INVALID)
        fault->error = ASL_ITEM_READER_FAILED;
    return rc;
}

/* The Map run begins, and finds what is wrong with its reader's MaxItems. */
static enum mr_code begin(struct asl_turn *turn, struct asl_frame *frame, bool is_query,
                          struct asl_fault *fault)
{
    struct asl_spread_run *spread = frame->spread;

    if (spread->items_max < 0) {
        if (is_query || asl_turn_since(turn, ASL_ENGINE_REVIEW))
            spread->items_max = 0;
        fault->error = ASL_ITEM_READER_FAILED;
        fault->cause = "field MaxItems must be positive";
        return MR_INVALID;
    }
    spread->begun = true;
    asl_run_ready(turn->run, frame);
    return MR_OK;
}

/* input, and items where no reader brings them (both are taken over), become the frame's spread. */
static enum mr_code make(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *input,
                         struct asl_value *items, int64_t concurrency)
{
    struct asl_spread_run *spread = asl_spread_new();

    if (!spread) {
        asl_value_unref(input);
        asl_value_unref(items);
        return MR_NO_MEMORY;
    }
    frame->spread = spread;
    spread->born = spread->round = frame->attempt;
    spread->concurrency = concurrency > 0 && concurrency < ASL_CHILDREN_MAX ? (uint32_t)concurrency
                                                                            : ASL_CHILDREN_MAX;
    asl_run_hold(turn->run, &spread->slots[ASL_SLOT_INPUT], input);
    if (items) {
        spread->items_read = (uint64_t)cJSON_GetArraySize(items->json);
        spread->read_all = true;
        asl_run_hold(turn->run, &spread->slots[ASL_SLOT_PAGE], items);
        asl_spread_find_item(spread);
    }
    return MR_OK;
}

enum mr_code asl_spread_enter(struct asl_turn *turn, struct asl_frame *frame,
                              struct asl_value *input, struct asl_value *items, int64_t concurrency,
                              struct asl_filled *filled, struct asl_fault *fault)
{
    const bool early = asl_turn_since(turn, ASL_ENGINE_REVIEW) && !turn->env->probe;
    const bool reader_late = early && !filled;
    enum mr_code rc = make(turn, frame, input, items, concurrency);

    if (rc)
        return rc;
    asl_probe_number(turn, "maxConcurrency", (double)concurrency);
    asl_run_phase(turn->run, frame, ASL_PHASE_SPREAD);
    asl_history_state(turn, frame, "Started", NULL);
    rc = read_tolerance(turn, frame, filled, fault);
    if (!rc && early)
        rc = read_fields(turn, frame, !reader_late, filled, fault);
    if (rc) { /* as AWS: the Map run has not begun, and its history says nothing of it */
        asl_fork_run_free(turn->run, frame);
        return rc;
    }
    asl_history_map_run(turn, frame, "Started", NULL);
    if (turn->env->probe && !asl_probe_items(turn, asl_turn_state(turn, frame)))
        return asl_probe_fork(turn, frame, fault);
    if (!early)
        rc = read_fields(turn, frame, true, filled, fault);
    if (reader_late)
        rc = read_reader_late(turn, frame, fault);
    return rc ? rc : begin(turn, frame, filled != NULL, fault);
}

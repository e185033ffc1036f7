/* query_spread.c -- the fields that only a distributed Map has, where JSONata is spoken: what they
 * came to, put where state_spread.c puts what JSONPath finds. */
#include "orchestrator/asl/spread_turn.h"

#include "common/base/json.h"

enum { BATCH_BYTES_MAX = 262144 };

static const struct asl_query *query_of(const struct asl_turn *turn, const struct asl_frame *frame,
                                        enum asl_query_id id)
{
    return asl_turn_state(turn, frame)->queries->fields[id];
}

enum mr_code asl_query_tolerance(struct asl_turn *turn, struct asl_frame *frame,
                                 const struct asl_filled *filled, struct asl_fault *fault)
{
    struct asl_spread_run *spread = frame->spread;
    const cJSON *count = filled->fields[ASL_Q_TOLERATED_COUNT];
    const cJSON *percent = filled->fields[ASL_Q_TOLERATED_PERCENTAGE];
    double n = ASL_NEVER, p = ASL_NEVER;
    enum mr_code rc = MR_OK;

    if (count)
        rc = asl_query_number(turn, query_of(turn, frame, ASL_Q_TOLERATED_COUNT), count, true, 0,
                              ASL_SPREAD_ITEMS_MAX, &n, fault);
    if (!rc && percent)
        rc = asl_query_number(turn, query_of(turn, frame, ASL_Q_TOLERATED_PERCENTAGE), percent,
                              false, 0, 100, &p, fault);
    spread->tolerated_count = (int64_t)n;
    spread->tolerated_percent = p;
    return rc;
}

/* object's member, into the slot; absent: {} where it is wanted. */
static enum mr_code put(struct asl_turn *turn, struct asl_frame *frame, cJSON *object,
                        const char *name, bool wanted, enum asl_slot slot, struct asl_fault *fault)
{
    cJSON *json = cJSON_DetachItemFromObjectCaseSensitive(object, name);
    struct asl_value *value;
    enum mr_code rc;

    if (!json && !wanted)
        return MR_OK;
    value = asl_value_new_take(json ? json : cJSON_CreateObject());
    if (!value)
        return MR_NO_MEMORY;
    rc = asl_io_check(turn, frame, value, fault);
    if (rc)
        asl_value_unref(value);
    else
        asl_run_hold(turn->run, &frame->spread->slots[slot], value);
    return rc;
}

/* A whole number among object's members; absent: 0. */
static enum mr_code number(struct asl_turn *turn, const struct asl_query *query,
                           const cJSON *object, const char *name, double min, double max,
                           double *ret, struct asl_fault *fault)
{
    const cJSON *json = mr_json_get(object, name);

    *ret = 0;
    return json ? asl_query_number(turn, asl_query_member(query, name), json, true, min, max, ret,
                                   fault)
                : MR_OK;
}

static enum mr_code read_batcher(struct asl_turn *turn, struct asl_frame *frame, cJSON *batcher,
                                 struct asl_fault *fault)
{
    const struct asl_query *query = query_of(turn, frame, ASL_Q_BATCHER);
    struct asl_spread_run *spread = frame->spread;
    double items, bytes;
    enum mr_code rc =
        number(turn, query, batcher, "MaxItemsPerBatch", 1, ASL_SPREAD_ITEMS_MAX, &items, fault);

    if (!rc)
        rc = number(turn, query, batcher, "MaxInputBytesPerBatch", 1, BATCH_BYTES_MAX, &bytes,
                    fault);
    if (rc)
        return rc;
    spread->batch_items = items > 0 ? (uint32_t)items : UINT32_MAX;
    spread->batch_bytes = (size_t)bytes;
    return put(turn, frame, batcher, "BatchInput", false, ASL_SLOT_BATCH, fault);
}

static enum mr_code read_reader(struct asl_turn *turn, struct asl_frame *frame, cJSON *reader,
                                struct asl_fault *fault)
{
    const struct asl_query *query = query_of(turn, frame, ASL_Q_READER);
    double items;
    enum mr_code rc = put(turn, frame, reader, "Arguments", true, ASL_SLOT_READER, fault);

    if (!rc)
        rc = number(turn, asl_query_member(query, "ReaderConfig"),
                    mr_json_get(reader, "ReaderConfig"), "MaxItems", INT32_MIN,
                    asl_turn_since(turn, ASL_ENGINE_REVIEW) ? (double)INT64_MAX
                                                            : ASL_SPREAD_ITEMS_MAX,
                    &items, fault);
    if (rc)
        return rc;
    if (items > ASL_SPREAD_ITEMS_MAX)
        items = ASL_SPREAD_ITEMS_MAX;
    frame->spread->items_max = (int64_t)items;
    return MR_OK;
}

enum mr_code asl_query_spread(struct asl_turn *turn, struct asl_frame *frame,
                              struct asl_filled *filled, struct asl_fault *fault)
{
    enum mr_code rc = MR_OK;

    if (filled->fields[ASL_Q_BATCHER])
        rc = read_batcher(turn, frame, filled->fields[ASL_Q_BATCHER], fault);
    if (!rc && filled->fields[ASL_Q_WRITER])
        rc = put(turn, frame, filled->fields[ASL_Q_WRITER], "Arguments", true, ASL_SLOT_WRITER,
                 fault);
    if (!rc && filled->fields[ASL_Q_READER])
        rc = read_reader(turn, frame, filled->fields[ASL_Q_READER], fault);
    return rc;
}

/* spread_pending.c -- what a distributed Map that fails has read and not started, as records for
 * its ResultWriter: AWS's PENDING files.  At most the two pages that are here; what the reader was
 * not asked for yet is in no file.  The items stay where they are: a redrive goes on with them. */
#include "orchestrator/asl/arn.h"
#include "orchestrator/asl/spread_turn.h"

#include <stdlib.h>

struct pending {
    struct asl_turn *turn;
    struct asl_frame *frame;
    const struct asl_value *page;
    const cJSON *item; /* the next */
    uint32_t index;    /* its number among all of the Map's */
};

static void settle(struct pending *pending)
{
    const struct asl_value *next = pending->frame->spread->slots[ASL_SLOT_NEXT];

    if (pending->item || pending->page == next || !next)
        return;
    pending->page = next;
    pending->item = next->json->child;
}

/* What its child would have got: ItemSelector's word, or the item.  A selector in JSONata would
 * have to be asked, and one may come to nothing: then it is the item. NULL: out of memory. */
static cJSON *input_of(struct pending *pending)
{
    struct asl_frame *frame = pending->frame;
    const struct asl_template *selector = asl_turn_state(pending->turn, frame)->fork.selector;
    const char *key = cJSON_IsObject(pending->page->json) ? pending->item->string : NULL;
    struct asl_value *value = NULL;
    struct asl_fault fault = {0};
    struct asl_scope scope = {.turn = pending->turn,
                              .frame = frame,
                              .data = frame->spread->slots[ASL_SLOT_INPUT],
                              .item = pending->item,
                              .item_key = key,
                              .item_index = pending->index};
    cJSON *json = NULL, *copy;
    enum mr_code rc = MR_INVALID;

    if (selector) {
        rc = asl_io_fill(&scope, selector, &value, &fault);
        asl_scope_release(&scope);
    }
    if (!rc) {
        json = asl_value_detach(value);
    } else if (rc == MR_INVALID && !key) {
        json = cJSON_Duplicate(pending->item, true);
    } else if (rc == MR_INVALID) {
        json = cJSON_CreateObject();
        copy = cJSON_Duplicate(pending->item, true);
        if (!json || !copy || !cJSON_AddStringToObject(json, "Key", key) ||
            !cJSON_AddItemToObject(json, "Value", copy)) {
            cJSON_Delete(copy);
            cJSON_Delete(json);
            json = NULL;
        }
    }
    pending->item = pending->item->next;
    pending->index++;
    settle(pending);
    return json;
}

static cJSON *batch_of(struct pending *pending)
{
    const struct asl_spread_run *spread = pending->frame->spread;
    const struct asl_value *extra = spread->slots[ASL_SLOT_BATCH];
    cJSON *batch = cJSON_CreateObject(), *items = NULL;
    cJSON *copy = extra ? cJSON_Duplicate(extra->json, true) : NULL;

    if (batch && copy && cJSON_AddItemToObject(batch, "BatchInput", copy))
        copy = NULL;
    if (batch && !copy)
        items = cJSON_AddArrayToObject(batch, "Items");
    cJSON_Delete(copy);
    for (uint32_t i = 0; items && pending->item && i < spread->batch_items; i++) {
        cJSON *item = input_of(pending);

        if (!item || !cJSON_AddItemToArray(items, item)) {
            cJSON_Delete(item);
            items = NULL;
        }
    }
    if (items)
        return batch;
    cJSON_Delete(batch);
    return NULL;
}

/* As asl_run_record(), of an execution that is none yet: it has no ARN and no name. */
static struct asl_value *record_of(const struct asl_run *run, cJSON *input)
{
    struct asl_value *value = asl_value_new_take(input);
    cJSON *record = cJSON_CreateObject(), *details = NULL;
    size_t len;
    const char *text = value ? asl_value_text(value, &len) : NULL;
    char arn[ASL_ARN_SIZE];
    bool ok = record && text && cJSON_AddStringToObject(record, "Input", text);

    if (ok)
        details = cJSON_AddObjectToObject(record, "InputDetails");
    ok = details && cJSON_AddTrueToObject(details, "Included") &&
         cJSON_AddStringToObject(record, "StateMachineArn", asl_arn_workflow(run, arn)) &&
         cJSON_AddStringToObject(record, "Status", "PENDING");
    if (value)
        asl_value_unref(value);
    if (ok)
        return asl_value_new_take(record);
    cJSON_Delete(record);
    return NULL;
}

enum mr_code asl_spread_pending(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_spread_run *spread = frame->spread;
    struct pending pending = {.turn = turn,
                              .frame = frame,
                              .page = spread->slots[ASL_SLOT_PAGE],
                              .item = spread->item,
                              .index = (uint32_t)spread->items_started};

    settle(&pending);
    while (pending.item) {
        cJSON *input = spread->batch_items ? batch_of(&pending) : input_of(&pending);
        struct asl_value *record = input ? record_of(turn->run, input) : NULL;
        size_t len;

        if (!record)
            return MR_NO_MEMORY;
        if (!asl_value_text(record, &len)) {
            asl_value_unref(record);
            return MR_NO_MEMORY;
        }
        if (!asl_spread_queue(turn->run, spread, record, len))
            return MR_NO_MEMORY;
    }
    return MR_OK;
}

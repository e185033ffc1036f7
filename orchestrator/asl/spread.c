/* spread.c -- a distributed Map's own turn: start children while there is room, have the next page
 * read or the next results written, and come to an end.  What came for it is in spread_events.c. */
#include "orchestrator/asl/spread_turn.h"

#include <stdlib.h>
#include <string.h>

static const struct asl_spread *fields_of(struct asl_turn *turn, const struct asl_frame *frame)
{
    return asl_turn_state(turn, frame)->fork.spread;
}

/* ---- the next child ----------------------------------------------------------------------- */

static void turn_page(struct asl_run *run, struct asl_spread_run *spread)
{
    struct asl_value *next = spread->slots[ASL_SLOT_NEXT];

    (void)run;
    if (spread->item)
        return;
    asl_value_unref(spread->slots[ASL_SLOT_PAGE]);
    spread->slots[ASL_SLOT_PAGE] = next;
    spread->slots[ASL_SLOT_NEXT] = NULL;
    spread->page_at = 0;
    asl_spread_find_item(spread);
}

/* Enough items are here for one more child: a batch is not cut where a page ends. */
static bool has_items(const struct asl_spread_run *spread)
{
    uint64_t left = spread->items_read - spread->items_started;

    return spread->item && (spread->batch_items == 0 || spread->read_all ||
                            spread->slots[ASL_SLOT_NEXT] || left >= spread->batch_items);
}

/* What a child gets for the item: ItemSelector's word, or the item; *ret is the caller's. */
static enum mr_code item_input(struct asl_turn *turn, struct asl_frame *frame,
                               struct asl_value **ret, struct asl_fault *fault)
{
    struct asl_spread_run *spread = frame->spread;
    const struct asl_template *selector = asl_turn_state(turn, frame)->fork.selector;
    struct asl_value *page = spread->slots[ASL_SLOT_PAGE];
    const char *key = cJSON_IsObject(page->json) ? spread->item->string : NULL;
    struct asl_scope scope = {.turn = turn,
                              .frame = frame,
                              .data = spread->slots[ASL_SLOT_INPUT],
                              .item = spread->item,
                              .item_key = key,
                              .item_index = (uint32_t)spread->items_started};
    cJSON *pair, *copy;
    enum mr_code rc;

    if (asl_query_selects(asl_turn_state(turn, frame)))
        return asl_query_pick(turn, frame, ret, fault);
    if (selector) {
        rc = asl_io_fill(&scope, selector, ret, fault);
        asl_scope_release(&scope);
        return rc;
    }
    if (!key) {
        *ret = asl_value_view(page, spread->item);
        return *ret ? MR_OK : MR_NO_MEMORY;
    }
    pair = cJSON_CreateObject();
    copy = cJSON_Duplicate(spread->item, true);
    if (!pair || !copy || !cJSON_AddStringToObject(pair, "Key", key) ||
        !cJSON_AddItemToObject(pair, "Value", copy)) {
        cJSON_Delete(pair);
        cJSON_Delete(copy);
        return MR_NO_MEMORY;
    }
    *ret = asl_value_new_take(pair);
    return *ret ? MR_OK : MR_NO_MEMORY;
}

static void next_item(struct asl_turn *turn, struct asl_spread_run *spread)
{
    spread->items_started++;
    spread->page_at++;
    spread->item = spread->item->next;
    turn_page(turn->run, spread);
}

/* {"BatchInput":..., "Items":[...]}: as many items as fit. */
static enum mr_code batch_input(struct asl_turn *turn, struct asl_frame *frame,
                                struct asl_value **ret, uint32_t *ret_items,
                                struct asl_fault *fault)
{
    struct asl_spread_run *spread = frame->spread;
    struct asl_value *extra = spread->slots[ASL_SLOT_BATCH], *item;
    size_t limit = spread->batch_bytes ? spread->batch_bytes : turn->data_max;
    size_t bytes = sizeof("{\"Items\":[]}"), len = 0;
    cJSON *batch = cJSON_CreateObject(), *items = NULL, *copy;
    enum mr_code rc = MR_OK;

    if (extra && !asl_value_text(extra, &len))
        rc = MR_NO_MEMORY;
    bytes += extra ? len + sizeof(",\"BatchInput\":") : 0;
    if (extra && !rc) {
        copy = cJSON_Duplicate(extra->json, true);
        if (!batch || !copy || !cJSON_AddItemToObject(batch, "BatchInput", copy)) {
            cJSON_Delete(copy);
            rc = MR_NO_MEMORY;
        }
    }
    items = batch && !rc ? cJSON_AddArrayToObject(batch, "Items") : NULL;
    if (!items)
        rc = MR_NO_MEMORY;
    *ret_items = 0;
    while (!rc && spread->item && *ret_items < spread->batch_items &&
           asl_query_selected(turn, frame)) {
        rc = item_input(turn, frame, &item, fault);
        if (rc)
            break;
        if (!asl_value_text(item, &len))
            rc = MR_NO_MEMORY;
        if (rc || (*ret_items > 0 && bytes + len + 1 > limit)) {
            asl_value_unref(item);
            break;
        }
        bytes += len + 1;
        asl_probe_selected(turn, frame, item);
        copy = asl_value_detach(item);
        if (!copy || !cJSON_AddItemToArray(items, copy)) {
            cJSON_Delete(copy);
            rc = MR_NO_MEMORY;
            break;
        }
        ++*ret_items;
        next_item(turn, spread);
    }
    if (rc) {
        cJSON_Delete(batch);
        return rc;
    }
    *ret = asl_value_new_take(batch);
    if (!*ret)
        return MR_NO_MEMORY;
    rc = asl_io_check(turn, frame, *ret, fault);
    if (rc)
        asl_value_unref(*ret);
    return rc;
}

static enum mr_code tell_child(struct asl_turn *turn, struct asl_frame *frame,
                               struct asl_value *input, uint32_t items)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const struct asl_spread *fields = state->fork.spread;
    struct asl_spread_run *spread = frame->spread;
    struct asl_effect *effect = asl_effect_add(turn->effects, ASL_EFFECT_CHILD, frame);
    size_t len;
    const char *text = asl_value_text(input, &len);

    if (!effect || !text)
        return MR_NO_MEMORY;
    effect->input = malloc(len + 1);
    if (!effect->input)
        return MR_NO_MEMORY;
    memcpy(effect->input, text, len + 1);
    effect->input_len = len;
    effect->attempt = spread->round;
    effect->born = spread->born;
    effect->index = spread->next;
    effect->items = items;
    effect->flow = state->fork.flow;
    effect->state = state->name;
    effect->entry = frame->entry;
    effect->record = asl_spread_records(fields);
    turn->child_count++;
    turn->child_bytes += len;
    return MR_OK;
}

static enum mr_code start_child(struct asl_turn *turn, struct asl_frame *frame,
                                struct asl_fault *fault)
{
    struct asl_spread_run *spread = frame->spread;
    struct asl_value *input = NULL;
    uint32_t items = 1;
    enum mr_code rc;

    if (!asl_spread_grow(spread, spread->next + 1))
        return MR_NO_MEMORY;
    if (spread->batch_items) {
        rc = batch_input(turn, frame, &input, &items, fault);
        if (!rc)
            asl_probe_value(turn, "batch", input);
    } else {
        rc = item_input(turn, frame, &input, fault);
        if (!rc) {
            asl_probe_selected(turn, frame, input);
            next_item(turn, spread);
        }
    }
    if (rc)
        return rc;
    rc = tell_child(turn, frame, input, items);
    asl_value_unref(input);
    if (rc)
        return rc;
    spread->next++;
    spread->again = spread->next;
    spread->running += turn->env->probe == NULL; /* which looks: nothing is waited for */
    return MR_OK;
}

/* After a redrive: a child that did not end well goes on. */
static enum mr_code restart_child(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_spread_run *spread = frame->spread;
    uint32_t index = spread->again++;
    struct asl_effect *effect;

    if (asl_bit(spread->done, index))
        return MR_OK;
    effect = asl_effect_add(turn->effects, ASL_EFFECT_CHILD_AGAIN, frame);
    if (!effect)
        return MR_NO_MEMORY;
    effect->attempt = spread->round;
    effect->born = spread->born;
    effect->index = index;
    effect->record = asl_spread_records(fields_of(turn, frame));
    spread->running++;
    turn->child_count++;
    return MR_OK;
}

static bool may_start(const struct asl_turn *turn, const struct asl_spread_run *spread)
{
    return spread->running < spread->concurrency && spread->result_bytes < ASL_RESULTS_BYTES_MAX &&
           (spread->again < spread->next || has_items(spread)) && !turn->run->broken;
}

static bool step_is_full(const struct asl_turn *turn)
{
    return turn->child_count >= ASL_STEP_CHILDREN || turn->child_bytes >= ASL_STEP_BYTES;
}

static enum mr_code start_children(struct asl_turn *turn, struct asl_frame *frame,
                                   struct asl_fault *fault)
{
    struct asl_spread_run *spread = frame->spread;
    bool ready = true;
    enum mr_code rc = MR_OK;

    while (!rc && ready && may_start(turn, spread) && !step_is_full(turn)) {
        if (spread->again < spread->next) {
            rc = restart_child(turn, frame);
            continue;
        }
        rc = asl_query_prepare(turn, frame, &ready, fault);
        if (!rc && ready)
            rc = start_child(turn, frame, fault);
    }
    if (rc || !ready || !may_start(turn, spread) || frame->due_ms != ASL_NEVER)
        return rc;
    frame->due_ms = turn->now_ms; /* the rest by another event: no batch grows without end */
    return asl_effect_timer(turn, frame, ASL_TIMER_MORE, frame->due_ms);
}

/* ---- failures ----------------------------------------------------------------------------- */

static bool exceeds(const struct asl_spread_run *spread)
{
    double failed = (double)spread->items_failed, all = (double)spread->items_read;

    if (spread->tolerated_count != ASL_NEVER && failed > (double)spread->tolerated_count)
        return true;
    return spread->tolerated_percent >= 0 && spread->read_all && failed > 0 &&
           failed * 100 > spread->tolerated_percent * all;
}

static enum mr_code exceeded(struct asl_fault *fault)
{
    fault->error = ASL_EXCEED_TOLERATED;
    fault->cause = "The specified tolerated failure threshold was exceeded";
    return MR_INVALID;
}

/* ---- the next exchange, and the end -------------------------------------------------------- */

static bool all_ended(const struct asl_spread_run *spread)
{
    return spread->running == 0 && (spread->failing || (spread->again == spread->next &&
                                                        spread->read_all && !spread->item));
}

static uint32_t results_to_write(const struct asl_spread_run *spread)
{
    size_t bytes = 0, len;
    uint32_t count = 0;

    for (; count < spread->result_count; count++) {
        (void)asl_value_text(spread->results[count], &len);
        if (count > 0 && bytes + len > ASL_PART_BYTES_MAX)
            break;
        bytes += len;
    }
    return count;
}

static enum mr_code exchange(struct asl_turn *turn, struct asl_frame *frame, enum asl_exchange what)
{
    frame->attempt++;
    frame->since_ms = turn->now_ms;
    frame->spread->exchange = what;
    return asl_spread_ask(turn, frame);
}

static enum mr_code next_exchange(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_spread_run *spread = frame->spread;

    if (spread->result_bytes >= ASL_PART_BYTES || (all_ended(spread) && spread->result_count > 0)) {
        spread->writing = results_to_write(spread);
        return exchange(turn, frame, ASL_EXCHANGE_WRITE);
    }
    if (!spread->read_all && !spread->failing && !spread->slots[ASL_SLOT_NEXT])
        return exchange(turn, frame, ASL_EXCHANGE_READ);
    if (all_ended(spread) && fields_of(turn, frame)->writer)
        return exchange(turn, frame, ASL_EXCHANGE_FINISH);
    return MR_OK;
}

/* An output as WriterConfig wants it, at the end of list; item is taken over. */
static bool add_output(cJSON *list, const struct asl_spread *fields, cJSON *item)
{
    bool flatten = fields->writer_form && strcmp(fields->writer_form, "FLATTEN") == 0;
    cJSON *part;

    if (!item || !flatten || !cJSON_IsArray(item)) {
        if (item && cJSON_AddItemToArray(list, item))
            return true;
        cJSON_Delete(item);
        return false;
    }
    while ((part = cJSON_DetachItemFromArray(item, 0))) {
        if (!cJSON_AddItemToArray(list, part)) {
            cJSON_Delete(part);
            cJSON_Delete(item);
            return false;
        }
    }
    cJSON_Delete(item);
    return true;
}

/* The outputs of all children, in the order of their items; NULL: out of memory. */
static struct asl_value *gather(struct asl_turn *turn, struct asl_frame *frame)
{
    const struct asl_spread *fields = fields_of(turn, frame);
    struct asl_spread_run *spread = frame->spread;
    cJSON *list = cJSON_CreateArray();
    bool ok = list != NULL;

    for (uint32_t i = 0; ok && i < spread->next; i++) {
        struct asl_block *block = &spread->blocks[i / ASL_BLOCK];
        if (block->sealed) {
            cJSON *sealed = asl_value_detach(block->sealed), *item;
            block->sealed = NULL;
            ok = sealed != NULL;
            while (ok && (item = cJSON_DetachItemFromArray(sealed, 0)))
                ok = add_output(list, fields, item);
            cJSON_Delete(sealed);
            i += ASL_BLOCK - 1;
        } else {
            struct asl_value *output = block->open[i % ASL_BLOCK];
            block->open[i % ASL_BLOCK] = NULL;
            ok = add_output(list, fields, asl_value_detach(output));
        }
    }
    if (ok)
        return asl_value_new_take(list);
    cJSON_Delete(list);
    return NULL;
}

/* result is taken over. */
static enum mr_code succeed(struct asl_turn *turn, struct asl_frame *frame,
                            struct asl_value *result, struct asl_fault *fault)
{
    asl_history_map_run(turn, frame, "Succeeded", NULL);
    asl_history_state(turn, frame, "Succeeded", NULL);
    asl_fork_run_free(turn->run, frame);
    return asl_io_output(turn, frame, result, fault);
}

static enum mr_code come_to_end(struct asl_turn *turn, struct asl_frame *frame,
                                struct asl_fault *fault)
{
    const char *name = asl_turn_state(turn, frame)->name;
    struct asl_spread_run *spread = frame->spread;
    struct asl_value *result;

    if (spread->failing)
        return exceeded(fault);
    if (spread->overflow && asl_turn_since(turn, ASL_ENGINE_REVIEW))
        return asl_io_too_large(turn, name, strlen(name), fault);
    if (spread->overflow)
        return asl_fault_set(fault, ASL_DATA_LIMIT_EXCEEDED,
                             "The state/task '%.80s' returned a result with a size exceeding the "
                             "maximum number of bytes service limit: %zu bytes are allowed; a "
                             "ResultWriter takes more.",
                             name, turn->data_max);
    result = gather(turn, frame);
    return result ? succeed(turn, frame, result, fault) : MR_NO_MEMORY;
}

enum mr_code asl_spread_finished(struct asl_turn *turn, struct asl_frame *frame,
                                 struct asl_value *result, struct asl_fault *fault)
{
    if (!frame->spread->failing)
        return succeed(turn, frame, result, fault);
    asl_value_unref(result);
    return exceeded(fault);
}

/* The children are looked at, not run: once all of them are, the probe says what the Map comes to.
 */
static enum mr_code look(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    const struct asl_spread_run *spread = frame->spread;
    enum mr_code rc = start_children(turn, frame, fault);

    if (rc || frame->ask || frame->due_ms != ASL_NEVER || spread->exchange != ASL_EXCHANGE_NONE)
        return rc;
    return spread->read_all ? asl_probe_fork(turn, frame, fault)
                            : exchange(turn, frame, ASL_EXCHANGE_READ);
}

/* Everything is told to end, and what is known of it is written. */
static enum mr_code fail(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_spread_run *spread = frame->spread;
    enum mr_code rc = asl_spread_stop(turn, frame);

    spread->failing = ASL_FAILING_WAITS;
    if (!asl_turn_since(turn, ASL_ENGINE_ABORTED)) {
        spread->failing = ASL_FAILING_ALONE;
        spread->running = 0;
    }
    asl_query_forget(frame);
    spread->exchange = ASL_EXCHANGE_NONE;
    spread->writing = 0;
    if (!rc && asl_turn_since(turn, ASL_ENGINE_PENDING))
        rc = asl_spread_pending(turn, frame);
    return rc;
}

enum mr_code asl_turn_spread(struct asl_turn *turn, struct asl_frame *frame,
                             struct asl_fault *fault)
{
    const bool writer = fields_of(turn, frame)->writer != NULL;
    struct asl_spread_run *spread = frame->spread;
    enum mr_code rc = MR_OK;

    if (turn->env->probe)
        return look(turn, frame, fault);
    if (!spread->failing && exceeds(spread)) {
        if (!writer)
            return exceeded(fault);
        rc = fail(turn, frame);
    }
    if (!rc && !spread->failing)
        rc = start_children(turn, frame, fault);
    if (!rc && spread->exchange == ASL_EXCHANGE_NONE && !frame->ask) /* one thing out at a time */
        rc = next_exchange(turn, frame);
    if (!rc && all_ended(spread) && spread->exchange == ASL_EXCHANGE_NONE && !frame->ask)
        rc = come_to_end(turn, frame, fault);
    return rc;
}

/* spread_run.c -- the memory of a distributed Map: bits, blocks, results that wait. */
#include "orchestrator/asl/spread.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_WORDS = ASL_BLOCK / 64 };

struct asl_spread_run *asl_spread_new(void)
{
    return calloc(1, sizeof(struct asl_spread_run));
}

static void free_open(struct asl_block *block)
{
    for (uint32_t i = 0; block->open && i < ASL_BLOCK; i++)
        asl_value_unref(block->open[i]);
    free(block->open);
    block->open = NULL;
}

void asl_spread_drop_outputs(struct asl_spread_run *spread)
{
    for (uint32_t i = 0; i < spread->words / BLOCK_WORDS; i++) {
        free_open(&spread->blocks[i]);
        asl_value_unref(spread->blocks[i].sealed);
        spread->blocks[i].sealed = NULL;
    }
}

void asl_spread_free(struct asl_spread_run *spread)
{
    if (!spread)
        return;
    asl_spread_drop_outputs(spread);
    for (uint32_t i = 0; i < spread->result_count; i++)
        asl_value_unref(spread->results[i]);
    for (int i = 0; i < ASL_SLOT_COUNT; i++)
        asl_value_unref(spread->slots[i]);
    free(spread->results);
    free(spread->blocks);
    free(spread->done);
    free(spread->lost);
    free(spread);
}

static void *grown(void *items, size_t old, size_t count, size_t size)
{
    char *more = realloc(items, count * size);

    if (more)
        memset(more + old * size, 0, (count - old) * size);
    return more;
}

bool asl_spread_grow(struct asl_spread_run *spread, uint32_t count)
{
    uint32_t words = spread->words ? spread->words : BLOCK_WORDS;
    void *more;

    while ((uint64_t)words * 64 < count)
        words *= 2;
    if (words == spread->words)
        return true;
    if (!(more = grown(spread->done, spread->words, words, sizeof(uint64_t))))
        return false;
    spread->done = more;
    if (!(more = grown(spread->lost, spread->words, words, sizeof(uint64_t))))
        return false;
    spread->lost = more;
    if (!(more = grown(spread->blocks, spread->words / BLOCK_WORDS, words / BLOCK_WORDS,
                       sizeof(struct asl_block))))
        return false;
    spread->blocks = more;
    spread->words = words;
    return true;
}

void asl_spread_find_item(struct asl_spread_run *spread)
{
    const struct asl_value *page = spread->slots[ASL_SLOT_PAGE];

    spread->item = page ? page->json->child : NULL;
    for (uint32_t i = 0; spread->item && i < spread->page_at; i++)
        spread->item = spread->item->next;
}

/* All its children have ended well: one value instead of many. */
static bool seal(struct asl_run *run, struct asl_block *block)
{
    cJSON *list = cJSON_CreateArray();
    struct asl_value *sealed;

    for (uint32_t i = 0; list && i < ASL_BLOCK; i++) {
        cJSON *item = asl_value_detach(block->open[i]);
        block->open[i] = NULL;
        if (!item || !cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
            cJSON_Delete(list);
            return false;
        }
    }
    sealed = asl_value_new_take(list);
    if (!sealed)
        return false;
    free_open(block);
    asl_run_hold(run, &block->sealed, sealed);
    return true;
}

static bool is_full(const struct asl_spread_run *spread, uint32_t block)
{
    for (uint32_t i = 0; i < BLOCK_WORDS; i++)
        if (spread->done[block * BLOCK_WORDS + i] != UINT64_MAX)
            return false;
    return true;
}

bool asl_spread_keep(struct asl_run *run, struct asl_spread_run *spread, uint32_t index,
                     struct asl_value *output, size_t bytes)
{
    struct asl_block *block = &spread->blocks[index / ASL_BLOCK];

    if (!block->open)
        block->open = calloc(ASL_BLOCK, sizeof(struct asl_value *));
    if (!block->open) {
        asl_value_unref(output);
        return false;
    }
    asl_run_hold(run, &block->open[index % ASL_BLOCK], output);
    spread->output_bytes += bytes;
    return !is_full(spread, index / ASL_BLOCK) || seal(run, block);
}

bool asl_spread_queue(struct asl_run *run, struct asl_spread_run *spread, struct asl_value *record,
                      size_t bytes)
{
    if (spread->result_count == spread->result_cap) {
        uint32_t cap = spread->result_cap ? spread->result_cap * 2 : 16;
        struct asl_value **more = realloc(spread->results, cap * sizeof(struct asl_value *));
        if (!more) {
            asl_value_unref(record);
            return false;
        }
        spread->results = more;
        spread->result_cap = cap;
    }
    spread->results[spread->result_count] = NULL;
    asl_run_hold(run, &spread->results[spread->result_count++], record);
    spread->result_bytes += bytes;
    return true;
}

void asl_spread_written(struct asl_spread_run *spread)
{
    size_t len;

    for (uint32_t i = 0; i < spread->writing; i++) {
        (void)asl_value_text(spread->results[i], &len);
        spread->result_bytes -= len < spread->result_bytes ? len : spread->result_bytes;
        asl_value_unref(spread->results[i]);
    }
    memmove(spread->results, spread->results + spread->writing,
            (spread->result_count - spread->writing) * sizeof(struct asl_value *));
    spread->result_count -= spread->writing;
    spread->writing = 0;
}

bool asl_spread_values(struct asl_spread_run *spread, bool (*fn)(void *ctx, struct asl_value *),
                       void *ctx)
{
    for (int i = 0; i < ASL_SLOT_COUNT; i++)
        if (spread->slots[i] && !fn(ctx, spread->slots[i]))
            return false;
    for (uint32_t i = 0; i < spread->result_count; i++)
        if (!fn(ctx, spread->results[i]))
            return false;
    for (uint32_t b = 0; b < spread->words / BLOCK_WORDS; b++) {
        const struct asl_block *block = &spread->blocks[b];
        if (block->sealed && !fn(ctx, block->sealed))
            return false;
        for (uint32_t i = 0; block->open && i < ASL_BLOCK; i++)
            if (block->open[i] && !fn(ctx, block->open[i]))
                return false;
    }
    return true;
}

static bool add_bytes(void *ctx, struct asl_value *value)
{
    *(size_t *)ctx += sizeof(*value) + value->text_len + asl_json_bytes(value->json);
    return true;
}

size_t asl_spread_bytes(const struct asl_spread_run *spread)
{
    union { /* the walk changes nothing */
        const struct asl_spread_run *from;
        struct asl_spread_run *to;
    } any = {.from = spread};
    size_t bytes = sizeof(*spread) + spread->words * 2 * sizeof(uint64_t) +
                   spread->words / BLOCK_WORDS * sizeof(struct asl_block);

    (void)asl_spread_values(any.to, add_bytes, &bytes);
    return bytes;
}

/* spread_text.c -- a distributed Map in the text of a run.  One object in the frame's last field:
 *
 *   b, r  born, round      x  exchange      c  concurrency     im  items_max
 *   bi, bb  of a batch     tc, tp  tolerated
 *   sl  numbers of the values in its slots        at  page_at      ra  read_all
 *   ir, is, ig, il  items read, started, ended well, ended badly
 *   n, ag  children started, looked at since the redrive
 *   bits  a word of 64 children after another: F<n> n words that ended well, Z<n> n words of which
 *         none ended, else W<done>:<lost>; each with a comma behind it
 *   os  [block, number of its value, ...]         oo  [child, number of its output, ...]
 *   ob, ov  bytes of outputs, whether they were too many
 *   rs  numbers of results that wait, wr  of these under way, rb  their bytes, pt  parts written,
 * pz  at the last redrive fl  failing            go  begun              sf  selected_first */
#include "orchestrator/asl/spread_text.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHILDREN_MAX = 1 << 28 };
#define INTEGER_MAX INT64_C(9007199254740991)

/* ---- to text -------------------------------------------------------------------------------- */

static void add_run(struct mr_buf *buf, char letter, uint32_t count)
{
    if (count)
        (void)mr_buf_addf(buf, "%c%" PRIu32 ",", letter, count);
}

static void add_bits(struct mr_buf *buf, const struct asl_spread_run *spread)
{
    uint32_t full = 0, none = 0;

    for (uint32_t i = 0; i < (spread->next + 63) / 64; i++) {
        uint64_t done = spread->done[i], lost = spread->lost[i];
        if (lost == 0 && done == UINT64_MAX) {
            add_run(buf, 'Z', none);
            none = 0;
            full++;
        } else if (lost == 0 && done == 0) {
            add_run(buf, 'F', full);
            full = 0;
            none++;
        } else {
            add_run(buf, 'F', full);
            add_run(buf, 'Z', none);
            full = none = 0;
            (void)mr_buf_addf(buf, "W%" PRIx64 ":%" PRIx64 ",", done, lost);
        }
    }
    add_run(buf, 'F', full);
    add_run(buf, 'Z', none);
}

static void add_pairs(struct mr_jw *w, const struct asl_spread_run *spread)
{
    const uint32_t blocks = spread->words * 64 / ASL_BLOCK;

    mr_jw_open(w, "os", '[');
    for (uint32_t b = 0; b < blocks; b++) {
        if (!spread->blocks[b].sealed)
            continue;
        mr_jw_int(w, NULL, b);
        mr_jw_int(w, NULL, spread->blocks[b].sealed->id);
    }
    mr_jw_close(w, ']');
    mr_jw_open(w, "oo", '[');
    for (uint32_t b = 0; b < blocks; b++) {
        for (uint32_t i = 0; spread->blocks[b].open && i < ASL_BLOCK; i++) {
            if (!spread->blocks[b].open[i])
                continue;
            mr_jw_int(w, NULL, (int64_t)b * ASL_BLOCK + i);
            mr_jw_int(w, NULL, spread->blocks[b].open[i]->id);
        }
    }
    mr_jw_close(w, ']');
}

void asl_spread_encode(const struct asl_spread_run *spread, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "b", spread->born);
    mr_jw_int(&w, "r", spread->round);
    mr_jw_int(&w, "x", (int64_t)spread->exchange);
    mr_jw_int(&w, "c", spread->concurrency);
    mr_jw_int(&w, "im", spread->items_max);
    mr_jw_int(&w, "bi", spread->batch_items);
    mr_jw_int(&w, "bb", (int64_t)spread->batch_bytes);
    mr_jw_int(&w, "tc", spread->tolerated_count);
    (void)mr_buf_addf(buf, ",\"tp\":%.17g", spread->tolerated_percent);
    mr_jw_open(&w, "sl", '[');
    for (int i = 0; i < ASL_SLOT_COUNT; i++)
        mr_jw_int(&w, NULL, spread->slots[i] ? spread->slots[i]->id : 0);
    mr_jw_close(&w, ']');
    mr_jw_int(&w, "at", spread->page_at);
    mr_jw_int(&w, "ra", spread->read_all);
    mr_jw_int(&w, "ir", (int64_t)spread->items_read);
    mr_jw_int(&w, "is", (int64_t)spread->items_started);
    mr_jw_int(&w, "ig", (int64_t)spread->items_ok);
    mr_jw_int(&w, "il", (int64_t)spread->items_failed);
    mr_jw_int(&w, "n", spread->next);
    mr_jw_int(&w, "ag", spread->again);
    (void)mr_buf_add_str(buf, ",\"bits\":\"");
    add_bits(buf, spread);
    (void)mr_buf_add_char(buf, '"');
    add_pairs(&w, spread);
    mr_jw_int(&w, "ob", (int64_t)spread->output_bytes);
    mr_jw_int(&w, "ov", spread->overflow);
    mr_jw_open(&w, "rs", '[');
    for (uint32_t i = 0; i < spread->result_count; i++)
        mr_jw_int(&w, NULL, spread->results[i]->id);
    mr_jw_close(&w, ']');
    mr_jw_int(&w, "wr", spread->writing);
    mr_jw_int(&w, "rb", (int64_t)spread->result_bytes);
    mr_jw_int(&w, "pt", spread->parts);
    if (spread->parts_then)
        mr_jw_int(&w, "pz", spread->parts_then);
    mr_jw_int(&w, "fl", (int64_t)spread->failing);
    mr_jw_int(&w, "go", spread->begun);
    mr_jw_int(&w, "sf", (int64_t)spread->selected_first);
    mr_jw_close(&w, '}');
}

/* ---- from text ------------------------------------------------------------------------------ */

struct reader {
    const cJSON *json;
    struct asl_spread_run *spread;
    asl_spread_value_fn *value;
    void *ctx;
    bool wrong, no_memory;
};

static int64_t number_of(struct reader *r, const cJSON *item, int64_t min, int64_t max)
{
    double n = item && cJSON_IsNumber(item) ? item->valuedouble : -2.0 * (double)INTEGER_MAX;

    if (n >= (double)min && n <= (double)max && n == floor(n))
        return (int64_t)n;
    r->wrong = true;
    return min;
}

static int64_t number(struct reader *r, const char *name, int64_t min, int64_t max)
{
    return number_of(r, mr_json_get(r->json, name), min, max);
}

static const cJSON *list(struct reader *r, const char *name)
{
    const cJSON *found = mr_json_get(r->json, name);

    r->wrong |= !found || !cJSON_IsArray(found);
    return r->wrong ? NULL : found->child;
}

static void value(struct reader *r, const cJSON *item, bool required, struct asl_value **slot)
{
    if (!r->wrong && !r->value(r->ctx, item, required, slot))
        r->wrong = true;
}

static void read_numbers(struct reader *r)
{
    struct asl_spread_run *spread = r->spread;
    const cJSON *percent = mr_json_get(r->json, "tp");

    spread->born = (uint32_t)number(r, "b", 1, UINT32_MAX);
    spread->round = (uint32_t)number(r, "r", 1, UINT32_MAX);
    spread->exchange = (enum asl_exchange)number(r, "x", 0, ASL_EXCHANGE_COUNT - 1);
    spread->concurrency = (uint32_t)number(r, "c", 1, ASL_CHILDREN_MAX);
    spread->items_max = number(r, "im", 0, INTEGER_MAX);
    spread->batch_items = (uint32_t)number(r, "bi", 0, UINT32_MAX);
    spread->batch_bytes = (size_t)number(r, "bb", 0, INTEGER_MAX);
    spread->tolerated_count = number(r, "tc", ASL_NEVER, INTEGER_MAX);
    r->wrong |= !percent || !cJSON_IsNumber(percent);
    spread->tolerated_percent = r->wrong ? ASL_NEVER : percent->valuedouble;
    spread->page_at = (uint32_t)number(r, "at", 0, CHILDREN_MAX);
    spread->read_all = number(r, "ra", 0, 1) == 1;
    spread->items_read = (uint64_t)number(r, "ir", 0, INTEGER_MAX);
    spread->items_started = (uint64_t)number(r, "is", 0, INTEGER_MAX);
    spread->items_ok = (uint64_t)number(r, "ig", 0, INTEGER_MAX);
    spread->items_failed = (uint64_t)number(r, "il", 0, INTEGER_MAX);
    spread->next = (uint32_t)number(r, "n", 0, CHILDREN_MAX);
    spread->again = (uint32_t)number(r, "ag", 0, spread->next);
    spread->output_bytes = (size_t)number(r, "ob", 0, INTEGER_MAX);
    spread->overflow = number(r, "ov", 0, 1) == 1;
    spread->result_bytes = (size_t)number(r, "rb", 0, INTEGER_MAX);
    spread->parts = (uint32_t)number(r, "pt", 0, UINT32_MAX);
    if (mr_json_get(r->json, "pz"))
        spread->parts_then = (uint32_t)number(r, "pz", 1, spread->parts);
    spread->failing = (enum asl_failing)number(r, "fl", 0, ASL_FAILING_COUNT - 1);
    spread->begun = number(r, "go", 0, 1) == 1;
    spread->selected_first = (uint64_t)number(r, "sf", 0, INTEGER_MAX);
}

static void read_slots(struct reader *r)
{
    const cJSON *item = list(r, "sl");
    int i = 0;

    for (; item && i < ASL_SLOT_COUNT && !r->wrong; item = item->next, i++)
        value(r, item, i == ASL_SLOT_INPUT, &r->spread->slots[i]);
    r->wrong |= i != ASL_SLOT_COUNT;
}

static bool set_word(struct asl_spread_run *spread, uint32_t *at, uint64_t done, uint64_t lost)
{
    if (*at >= (spread->next + 63) / 64 || (done & lost) != 0)
        return false;
    spread->done[*at] = done;
    spread->lost[(*at)++] = lost;
    return true;
}

static bool read_bits(struct asl_spread_run *spread, const char *text)
{
    uint32_t at = 0;
    char *end;

    while (*text) {
        const char letter = *text++;
        uint64_t n = strtoull(text, &end, letter == 'W' ? 16 : 10), lost = 0;
        if (end == text || (letter != 'F' && letter != 'Z' && letter != 'W'))
            return false;
        if (letter == 'W') {
            if (*end != ':')
                return false;
            text = end + 1;
            lost = strtoull(text, &end, 16);
            if (end == text || !set_word(spread, &at, n, lost))
                return false;
        } else {
            for (; n > 0; n--)
                if (!set_word(spread, &at, letter == 'F' ? UINT64_MAX : 0, 0))
                    return false;
        }
        if (*end != ',')
            return false;
        text = end + 1;
    }
    return at == (spread->next + 63) / 64 &&
           (spread->next % 64 == 0 ||
            (spread->done[at - 1] | spread->lost[at - 1]) >> (spread->next % 64) == 0);
}

static void read_sealed(struct reader *r)
{
    for (const cJSON *item = list(r, "os"); item && !r->wrong; item = item->next->next) {
        int64_t block = number_of(r, item, 0, (int64_t)r->spread->next / ASL_BLOCK - 1);
        struct asl_block *at;
        if (r->wrong || !item->next) {
            r->wrong = true;
            return;
        }
        at = &r->spread->blocks[block];
        if (at->sealed) {
            r->wrong = true;
            return;
        }
        value(r, item->next, true, &at->sealed);
        r->wrong |= !at->sealed || !cJSON_IsArray(at->sealed->json) ||
                    cJSON_GetArraySize(at->sealed->json) != ASL_BLOCK;
    }
}

static void read_open(struct reader *r)
{
    for (const cJSON *item = list(r, "oo"); item && !r->wrong; item = item->next->next) {
        int64_t index = number_of(r, item, 0, (int64_t)r->spread->next - 1);
        struct asl_block *block;
        if (r->wrong || !item->next) {
            r->wrong = true;
            return;
        }
        block = &r->spread->blocks[index / ASL_BLOCK];
        if (!block->open && !block->sealed) {
            block->open = calloc(ASL_BLOCK, sizeof(struct asl_value *));
            r->no_memory |= !block->open;
        }
        if (!block->open || block->open[index % ASL_BLOCK]) {
            r->wrong = true;
            return;
        }
        value(r, item->next, true, &block->open[index % ASL_BLOCK]);
    }
}

static void read_results(struct reader *r)
{
    struct asl_spread_run *spread = r->spread;

    for (const cJSON *item = list(r, "rs"); item && !r->wrong; item = item->next) {
        struct asl_value *result = NULL;
        value(r, item, true, &result);
        if (!result)
            return;
        if (!asl_spread_queue(NULL, spread, result, 0)) /* it has its number already */
            r->wrong = r->no_memory = true;
    }
    spread->writing = (uint32_t)number(r, "wr", 0, spread->result_count);
}

/* A block is sealed once all its children have ended well, and has no other outputs then. */
static bool blocks_fit(const struct asl_spread_run *spread)
{
    for (uint32_t b = 0; b < spread->words * 64 / ASL_BLOCK; b++) {
        const struct asl_block *block = &spread->blocks[b];
        bool full = true;
        for (uint32_t i = 0; i < ASL_BLOCK / 64; i++)
            full = full && spread->done[b * (ASL_BLOCK / 64) + i] == UINT64_MAX;
        if (block->sealed ? !full || block->open : full && block->open)
            return false;
    }
    return true;
}

/* Every child that has ended has an output, where outputs are kept at all. */
static bool outputs_fit(const struct asl_spread_run *spread, const struct asl_spread *fields)
{
    for (uint32_t i = 0; !fields->writer && !spread->overflow && i < spread->next; i++) {
        const struct asl_block *block = &spread->blocks[i / ASL_BLOCK];
        if ((asl_bit(spread->done, i) || asl_bit(spread->lost, i)) && !block->sealed &&
            !(block->open && block->open[i % ASL_BLOCK]))
            return false;
    }
    return true;
}

static bool fits(const struct asl_spread_run *spread, const struct asl_spread *fields)
{
    const struct asl_value *page = spread->slots[ASL_SLOT_PAGE],
                           *next = spread->slots[ASL_SLOT_NEXT];

    if ((page && !cJSON_IsArray(page->json) && !cJSON_IsObject(page->json)) ||
        (next && !cJSON_IsArray(next->json) && !cJSON_IsObject(next->json)) || (next && !page))
        return false;
    if (spread->slots[ASL_SLOT_SELECTED] && !cJSON_IsArray(spread->slots[ASL_SLOT_SELECTED]->json))
        return false;
    if (page && spread->page_at > (uint32_t)cJSON_GetArraySize(page->json))
        return false;
    if (!spread->begun)
        return spread->next == 0 && spread->exchange == ASL_EXCHANGE_NONE;
    if ((fields->reader && !spread->slots[ASL_SLOT_READER]) ||
        (fields->writer && !spread->slots[ASL_SLOT_WRITER]))
        return false;
    if ((spread->exchange == ASL_EXCHANGE_READ && !fields->reader) ||
        (spread->exchange > ASL_EXCHANGE_READ && !fields->writer))
        return false;
    return blocks_fit(spread) && outputs_fit(spread, fields);
}

bool asl_spread_decode(const cJSON *json, const struct asl_spread *fields,
                       asl_spread_value_fn *read_value, void *ctx, struct asl_spread_run **ret,
                       bool *ret_no_memory)
{
    struct reader r = {json, asl_spread_new(), read_value, ctx, false, false};
    const cJSON *bits = mr_json_get(json, "bits");

    *ret_no_memory = !r.spread;
    if (!r.spread)
        return false;
    *ret = r.spread; /* the frame's from here on, whatever comes */
    read_numbers(&r);
    if (r.wrong || !cJSON_IsString(bits))
        return false;
    if (!asl_spread_grow(r.spread, r.spread->next + 1)) {
        *ret_no_memory = true;
        return false;
    }
    if (!read_bits(r.spread, bits->valuestring))
        return false;
    read_slots(&r);
    read_sealed(&r);
    read_open(&r);
    read_results(&r);
    *ret_no_memory = r.no_memory;
    if (r.wrong || !fits(r.spread, fields))
        return false;
    for (uint32_t i = 0; r.spread->failing != ASL_FAILING_ALONE && i < r.spread->next; i++)
        r.spread->running += asl_spread_runs(r.spread, i);
    asl_spread_find_item(r.spread);
    return true;
}

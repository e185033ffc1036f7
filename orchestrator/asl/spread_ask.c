/* spread_ask.c -- what the Map's own tasks are asked: see common/model/items.h.  Made of what the
 * run holds, so that a lost one can be asked again. */
#include "orchestrator/asl/arn.h"
#include "orchestrator/asl/spread_turn.h"

#include "common/base/json.h"

#include <stdlib.h>

void asl_spread_arn(const struct asl_run *run, const struct asl_frame *frame, struct mr_buf *buf)
{
    const struct asl_state *state = &run->machine->states[frame->state];
    const char *label = state->fork.spread->label;
    const char *place = run->engine < ASL_ENGINE_ARNS ? ":" : ASL_ARN_PLACE;

    (void)mr_buf_addf(buf, "arn:aws:states:%s:mapRun:%s/%s:%s.%llu.%u", place,
                      run->workflow[0] ? run->workflow : "-", label ? label : state->name, run->job,
                      (unsigned long long)frame->seq, frame->spread->born);
}

static void add_value(struct mr_jw *w, const char *name, struct asl_value *value)
{
    size_t len;
    const char *text = value ? asl_value_text(value, &len) : NULL;

    if (text)
        mr_jw_raw(w, name, text, len);
    else
        w->buf->failed |= value != NULL;
}

/* ReaderConfig, with the number that MaxItemsPath gave in MaxItems. */
static void add_reader_config(struct mr_jw *w, const cJSON *config, int64_t items_max)
{
    mr_jw_open(w, "ReaderConfig", '{');
    for (const cJSON *item = config ? config->child : NULL; item; item = item->next)
        if (strncmp(item->string, "MaxItems", 8) != 0)
            mr_jw_item(w, item->string, item);
    if (items_max > 0)
        mr_jw_int(w, "MaxItems", items_max);
    mr_jw_close(w, '}');
}

static void add_read(struct mr_jw *w, const struct asl_spread *fields,
                     const struct asl_spread_run *spread)
{
    mr_jw_str(w, "Resource", fields->reader);
    add_value(w, "Parameters", spread->slots[ASL_SLOT_READER]);
    add_reader_config(w, fields->reader_config, spread->items_max);
    add_value(w, "cursor", spread->slots[ASL_SLOT_CURSOR]);
}

static void add_write(struct mr_jw *w, const struct asl_run *run, const struct asl_frame *frame,
                      const struct asl_spread *fields)
{
    const struct asl_spread_run *spread = frame->spread;
    struct mr_buf name = {0};

    mr_jw_str(w, "Resource", fields->writer);
    add_value(w, "Parameters", spread->slots[ASL_SLOT_WRITER]);
    if (fields->writer_config)
        mr_jw_item(w, "WriterConfig", fields->writer_config);
    (void)mr_buf_addf(&name, "%s.%llu.%u", run->job, (unsigned long long)frame->seq, spread->born);
    mr_jw_str(w, "dir", name.failed ? NULL : name.data);
    if (spread->exchange == ASL_EXCHANGE_WRITE) {
        mr_jw_int(w, "part", spread->parts);
        mr_jw_open(w, "results", '[');
        for (uint32_t i = 0; i < spread->writing; i++)
            add_value(w, NULL, spread->results[i]);
        mr_jw_close(w, ']');
    } else {
        mr_buf_reset(&name);
        asl_spread_arn(run, frame, &name);
        mr_jw_str(w, "MapRunArn", name.failed ? NULL : name.data);
        mr_jw_bool(w, "finish", true);
        if (spread->parts_then)
            mr_jw_int(w, "since", spread->parts_then);
    }
    w->buf->failed |= name.failed;
    mr_buf_release(&name);
}

enum mr_code asl_spread_ask(struct asl_turn *turn, const struct asl_frame *frame)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const bool reading = frame->spread->exchange == ASL_EXCHANGE_READ;
    struct asl_effect *effect = asl_effect_add(turn->effects, ASL_EFFECT_TASK, frame);
    struct mr_buf text = {0};
    struct mr_jw w;

    if (!effect)
        return MR_NO_MEMORY;
    mr_jw_begin(&w, &text);
    mr_jw_open(&w, NULL, '{');
    if (reading)
        add_read(&w, state->fork.spread, frame->spread);
    else
        add_write(&w, turn->run, frame, state->fork.spread);
    mr_jw_close(&w, '}');
    if (text.failed) {
        mr_buf_release(&text);
        return MR_NO_MEMORY;
    }
    effect->input_len = text.len;
    effect->input = mr_buf_detach(&text);
    effect->resource = reading ? ASL_RESOURCE_READ : ASL_RESOURCE_WRITE;
    effect->state = state->name;
    effect->entry = frame->entry;
    return MR_OK;
}

/* effects.c -- what a step asks its caller to do. */
#include "orchestrator/asl/turn.h"

#include <stdlib.h>

void asl_effects_reset(struct asl_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++)
        free(effects->items[i].input);
    effects->count = 0;
}

void asl_effects_release(struct asl_effects *effects)
{
    if (!effects)
        return;
    asl_effects_reset(effects);
    free(effects->items);
    *effects = (struct asl_effects){0};
}

struct asl_effect *asl_effect_add(struct asl_effects *effects, enum asl_effect_kind kind,
                                  const struct asl_frame *frame)
{
    struct asl_effect *effect;

    if (effects->count == effects->cap) {
        size_t cap = effects->cap ? effects->cap * 2 : 8;
        struct asl_effect *items = realloc(effects->items, cap * sizeof(*items));
        if (!items)
            return NULL;
        effects->items = items;
        effects->cap = cap;
    }
    effect = &effects->items[effects->count++];
    *effect = (struct asl_effect){.kind = kind};
    if (frame) {
        effect->seq = frame->seq;
        effect->attempt = frame->attempt;
    }
    return effect;
}

enum mr_code asl_effect_timer(struct asl_turn *turn, const struct asl_frame *frame,
                              enum asl_timer timer, int64_t due_ms)
{
    struct asl_effect *effect = asl_effect_add(turn->effects, ASL_EFFECT_TIMER, frame);

    if (!effect)
        return MR_NO_MEMORY;
    effect->timer = timer;
    effect->due_ms = due_ms;
    return MR_OK;
}

enum mr_code asl_effect_go_on(struct asl_turn *turn, enum asl_effect_kind kind, uint64_t entered)
{
    struct asl_effect *effect = asl_effect_add(turn->effects, kind, NULL);

    if (!effect)
        return MR_NO_MEMORY;
    effect->timer = ASL_TIMER_GO_ON;
    effect->seq = entered;
    effect->due_ms = kind == ASL_EFFECT_TIMER ? turn->now_ms : 0;
    return MR_OK;
}

enum mr_code asl_effect_timer_end(struct asl_turn *turn, const struct asl_frame *frame,
                                  enum asl_timer timer)
{
    struct asl_effect *effect = asl_effect_add(turn->effects, ASL_EFFECT_TIMER_END, frame);

    if (!effect)
        return MR_NO_MEMORY;
    effect->timer = timer;
    return MR_OK;
}

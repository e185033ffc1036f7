/* variables.c -- see variables.h.  Scopes are short lists: a workflow names a few things. */
#include "orchestrator/asl/variables.h"

#include "orchestrator/asl/turn.h"

#include "common/base/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct asl_variables *list, uint32_t more)
{
    uint32_t cap = list->cap ? list->cap : 4;
    struct asl_variable *items;

    if (list->cap - list->count >= more)
        return true;
    while (cap - list->count < more)
        cap *= 2;
    items = realloc(list->items, cap * sizeof(*items));
    if (!items)
        return false;
    list->items = items;
    list->cap = cap;
    return true;
}

static struct asl_variable *find(const struct asl_variables *list, const char *name)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i].name == name)
            return &list->items[i];
    return NULL;
}

void asl_variables_release(struct asl_variables *list)
{
    if (!list)
        return;
    for (uint32_t i = 0; i < list->count; i++)
        asl_value_unref(list->items[i].value);
    free(list->items);
    *list = (struct asl_variables){0};
}

bool asl_variables_add(struct asl_variables *list, const char *name, struct asl_value *value)
{
    struct asl_variable *old = find(list, name);

    if (!value)
        return false;
    if (old) {
        asl_value_unref(old->value);
        old->value = value;
        old->bytes = 0;
        return true;
    }
    if (!reserve(list, 1)) {
        asl_value_unref(value);
        return false;
    }
    list->items[list->count++] = (struct asl_variable){.name = name, .value = value};
    return true;
}

const char **asl_variable_slot(const char **names, uint32_t cap, const char *name)
{
    uint32_t at = (uint32_t)mr_hash64(0, name, strlen(name)) & (cap - 1);

    while (names[at] && strcmp(names[at], name) != 0)
        at = (at + 1) & (cap - 1);
    return &names[at];
}

const char *asl_machine_variable(const struct asl_machine *machine, const char *name)
{
    return machine->variables ? *asl_variable_slot(machine->variables, machine->variable_cap, name)
                              : NULL;
}

bool asl_variable_name_valid(const char *name)
{
    size_t chars = 0;

    for (const char *p = name; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        if (!letter && (p == name || c < '0' || c > '9'))
            return false;
        chars += (c & 0xC0) != 0x80;
    }
    return chars > 0 && chars <= ASL_VARIABLE_NAME_MAX;
}

struct asl_value *asl_variable_get(const struct asl_frame *frame, const char *name)
{
    for (; frame; frame = frame->parent) {
        const struct asl_variable *found = find(&frame->variables, name);
        if (found)
            return found->value;
    }
    return NULL;
}

void asl_variables_each(const struct asl_frame *frame, asl_variable_fn *fn, void *ctx)
{
    if (frame->parent) /* as deep as the definition nests */
        asl_variables_each(frame->parent, fn, ctx);
    for (uint32_t i = 0; i < frame->variables.count; i++)
        fn(ctx, &frame->variables.items[i]);
}

static enum mr_code too_large(struct asl_turn *turn, struct asl_frame *frame, const char *what,
                              size_t bytes_max, struct asl_fault *fault)
{
    return asl_fault_set(fault, ASL_DATA_LIMIT_EXCEEDED,
                         "The state/task '%.80s' assigned %s with a size exceeding the maximum of "
                         "%zu bytes.",
                         asl_turn_state(turn, frame)->name, what, bytes_max);
}

enum mr_code asl_variables_check(struct asl_turn *turn, struct asl_frame *frame,
                                 struct asl_variables *assigned, struct asl_fault *fault)
{
    size_t bytes = 0, replaced = 0, others;
    unsigned depth;
    char what[ASL_VARIABLE_NAME_MAX * 4 + 32];

    for (uint32_t i = 0; i < assigned->count; i++) {
        struct asl_variable *new = &assigned->items[i], *old = find(&frame->variables, new->name);
        if (frame->parent && asl_variable_get(frame->parent, new->name))
            return asl_fault_set(fault, ASL_RUNTIME,
                                 "The variable '%.320s' belongs to an outer scope, and cannot be "
                                 "assigned to in this one.",
                                 new->name);
        if (!asl_json_fits(new->value->json, turn->data_max, &new->bytes, &depth)) {
            (void)snprintf(what, sizeof(what), "the variable '%s'", new->name);
            return too_large(turn, frame, what, turn->data_max, fault);
        }
        bytes += new->bytes;
        turn->worked += new->bytes;
        replaced += old ? old->bytes : 0;
    }
    others = turn->run->variable_bytes - replaced;
    if (bytes > turn->data_max)
        return too_large(turn, frame, "variables", turn->data_max, fault);
    if (bytes + others > ASL_VARIABLES_BYTES_MAX)
        return too_large(turn, frame, "the last of its run's variables", ASL_VARIABLES_BYTES_MAX,
                         fault);
    return reserve(&frame->variables, assigned->count) ? MR_OK : MR_NO_MEMORY;
}

void asl_variables_apply(struct asl_turn *turn, struct asl_frame *frame,
                         struct asl_variables *assigned)
{
    struct asl_run *run = turn->run;
    struct asl_variables *scope = &frame->variables;

    for (uint32_t i = 0; i < assigned->count; i++) {
        struct asl_variable *new = &assigned->items[i], *slot = find(scope, new->name);
        if (!slot) {
            slot = &scope->items[scope->count++];
            *slot = (struct asl_variable){.name = new->name};
        } else {
            run->variable_bytes -= slot->bytes;
        }
        run->variable_bytes += new->bytes;
        slot->bytes = new->bytes;
        asl_probe_variable(turn, new->name, new->value);
        asl_run_hold(run, &slot->value, new->value);
    }
    assigned->count = 0;
    asl_variables_release(assigned);
}

void asl_variables_forget(struct asl_run *run, struct asl_frame *frame)
{
    for (uint32_t i = 0; i < frame->variables.count; i++)
        run->variable_bytes -= frame->variables.items[i].bytes;
    asl_variables_release(&frame->variables);
}

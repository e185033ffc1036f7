/* parse_assign.c -- names of variables, and the Assign field that gives them values. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

/* Twice the table, at least half of it empty. */
static bool grow_table(struct asl_machine *machine)
{
    uint32_t cap = machine->variable_cap ? machine->variable_cap * 2 : 16;
    const char **names = calloc(cap, sizeof(*names));

    if (!names)
        return false;
    for (uint32_t i = 0; i < machine->variable_cap; i++)
        if (machine->variables[i])
            *asl_variable_slot(names, cap, machine->variables[i]) = machine->variables[i];
    free(machine->variables);
    machine->variables = names;
    machine->variable_cap = cap;
    return true;
}

const char *asl_name_variable(struct asl_parser *parser, const char *name)
{
    struct asl_machine *machine = parser->machine;
    const char *known = asl_machine_variable(machine, name), **slot;

    if (known)
        return known;
    known = asl_arena_copy(&machine->arena, name, strlen(name));
    if (!known || (machine->variable_count * 2 >= machine->variable_cap && !grow_table(machine))) {
        parser->no_memory = true;
        return NULL;
    }
    slot = asl_variable_slot(machine->variables, machine->variable_cap, name);
    *slot = known;
    machine->variable_count++;
    return known;
}

bool asl_note_variable(struct asl_parser *parser, const char *name)
{
    struct asl_machine *machine = parser->machine;
    void *references = machine->references;

    for (uint32_t i = machine->reference_count; i > 0; i--) { /* mostly it stands near the end */
        const struct asl_reference *old = &machine->references[i - 1];
        if (old->state != parser->state)
            break;
        if (old->name == name)
            return true;
    }
    if (!asl_grow(&references, &machine->reference_cap, machine->reference_count + 1,
                  sizeof(*machine->references))) {
        parser->no_memory = true;
        return false;
    }
    machine->references = references;
    machine->references[machine->reference_count++] = (struct asl_reference){parser->state, name};
    return true;
}

const char *asl_read_variable_name(struct asl_parser *parser, const char *name)
{
    if (!asl_variable_name_valid(name)) {
        asl_report(parser, ASL_SCHEMA,
                   "'%.80s' is not a valid name of a variable: a letter or '_', then letters, "
                   "digits and '_', %d characters at most",
                   name, ASL_VARIABLE_NAME_MAX);
        return NULL;
    }
    if (strcmp(name, "states") == 0) {
        asl_report(parser, ASL_SCHEMA, "'states' is reserved, and cannot be assigned to");
        return NULL;
    }
    return asl_name_variable(parser, name);
}

static bool read_items(struct asl_parser *parser, const cJSON *object, struct asl_assign *assign)
{
    bool ok = true;

    for (const cJSON *json = object->child; json; json = json->next) {
        struct asl_assignment *item = &assign->items[assign->count];
        size_t mark = asl_at(parser, json->string);
        bool one = asl_read_member(parser, json, &item->value) &&
                   (item->name = asl_read_variable_name(parser, item->value.key));
        for (uint32_t i = 0; one && i < assign->count; i++)
            if (assign->items[i].name == item->name)
                one = asl_report(parser, ASL_SCHEMA, "'%.80s' is assigned twice", item->name);
        if (one)
            assign->count++;
        ok &= one;
        asl_at_leave(parser, mark);
    }
    return ok;
}

bool asl_read_assign(struct asl_parser *parser, const cJSON *object, struct asl_assign **ret)
{
    const cJSON *json = mr_json_get(object, "Assign");
    struct asl_assign *assign;
    size_t mark;
    bool ok;

    if (!json)
        return true;
    if (!cJSON_IsObject(json))
        return asl_report_at(parser, "Assign", ASL_SCHEMA, "Expected value of type Object");
    assign = asl_take(parser, sizeof(*assign));
    if (!assign)
        return false;
    assign->items =
        asl_take(parser, ((size_t)cJSON_GetArraySize(json) + 1) * sizeof(*assign->items));
    if (!assign->items)
        return false;
    mark = asl_at(parser, "Assign");
    ok = read_items(parser, json, assign);
    asl_at_leave(parser, mark);
    if (ok)
        *ret = assign;
    return ok;
}

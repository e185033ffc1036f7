/* parse_assign.c -- names of variables, and the Assign field that gives them values. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

enum { NOTED_BEFORE = 16 }; /* references looked through for the same one: mostly it is near */

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

    for (uint32_t i = 1; i <= NOTED_BEFORE && i <= machine->reference_count; i++) {
        const struct asl_reference *old = &machine->references[machine->reference_count - i];
        if (old->state == parser->state && old->name == name)
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

static bool note_assignment(struct asl_parser *parser, const char *name)
{
    struct asl_machine *machine = parser->machine;
    void *assignments = machine->assignments;

    if (!asl_grow(&assignments, &machine->assignment_cap, machine->assignment_count + 1,
                  sizeof(*machine->assignments))) {
        parser->no_memory = true;
        return false;
    }
    machine->assignments = assignments;
    machine->assignments[machine->assignment_count++] = (struct asl_reference){parser->state, name};
    return true;
}

const char *asl_read_variable_name(struct asl_parser *parser, const char *name)
{
    const char *own;

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
    own = asl_name_variable(parser, name);
    return own && note_assignment(parser, own) ? own : NULL;
}

static int by_address(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return (*x > *y) - (*x < *y);
}

/* "x" and "x.$" in one Assign. */
static bool check_twice(struct asl_parser *parser, const struct asl_assign *assign)
{
    const char **names = calloc((size_t)assign->count + 1, sizeof(*names));
    bool ok = true;

    if (!names) {
        parser->no_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < assign->count; i++)
        names[i] = assign->items[i].name;
    qsort(names, assign->count, sizeof(*names), by_address);
    for (uint32_t i = 1; ok && i < assign->count; i++)
        if (names[i] == names[i - 1])
            ok = asl_report(parser, ASL_SCHEMA, "'%.80s' is assigned twice", names[i]);
    free(names);
    return ok;
}

static bool read_items(struct asl_parser *parser, const cJSON *object, struct asl_assign *assign)
{
    bool ok = true;

    for (const cJSON *json = object->child; json; json = json->next) {
        struct asl_assignment *item = &assign->items[assign->count];
        size_t mark = asl_at(parser, json->string);
        bool one = asl_read_member(parser, json, &item->value) &&
                   (item->name = asl_read_variable_name(parser, item->value.key));
        if (one)
            assign->count++;
        ok &= one;
        asl_at_leave(parser, mark);
    }
    return check_twice(parser, assign) && ok;
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

/* references.c -- which states read which variables, as DescribeStateMachine's variableReferences
 * tells it. */
#include "orchestrator/asl/definition.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

static int by_state_and_name(const void *a, const void *b)
{
    const struct asl_reference *x = a, *y = b;

    return x->state != y->state ? (x->state > y->state) - (x->state < y->state)
                                : strcmp(x->name, y->name);
}

enum mr_code asl_references_print(const struct asl_machine *machine, struct mr_buf *buf)
{
    uint32_t count = machine->reference_count;
    struct asl_reference *sorted = malloc((count + 1) * sizeof(*sorted));
    struct mr_jw w;

    if (!sorted)
        return MR_NO_MEMORY;
    if (count > 0)
        memcpy(sorted, machine->references, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_state_and_name);
    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    for (uint32_t i = 0; i < count; i++) {
        const bool first = i == 0 || sorted[i].state != sorted[i - 1].state;
        const bool last = i + 1 == count || sorted[i].state != sorted[i + 1].state;
        if (first)
            mr_jw_open(&w, machine->states[sorted[i].state].name, '[');
        if (first || strcmp(sorted[i].name, sorted[i - 1].name) != 0)
            mr_jw_str(&w, NULL, sorted[i].name);
        if (last)
            mr_jw_close(&w, ']');
    }
    mr_jw_close(&w, '}');
    free(sorted);
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}

/* many_kit.c -- see many_kit.h. */
#include "tests/flow/cluster/many_kit.h"

#include <stdio.h>
#include <string.h>

void many_submit(struct flow *flow, const char *prefix, int count, const char *definition)
{
    for (int i = 0; i < count; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "%s-%d", prefix, i);
        flow_submit(flow, id, definition, "{\"x\":1}");
    }
}

int many_count(struct flow *flow, const char *prefix, int count, const char *status)
{
    int found = 0;

    for (int i = 0; i < count; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "%s-%d", prefix, i);
        found += strcmp(flow_row(flow, id, "status"), status) == 0;
    }
    return found;
}

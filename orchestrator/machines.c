/* machines.c -- a least-recently-used table; uthash keeps insertion order, so use is re-insertion.
 */
#include "orchestrator/machines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct oc_machine {
    char def[65];
    struct asl_machine *machine;
    size_t bytes;
    UT_hash_handle hh;
};

static void drop(struct oc_machines *machines, struct oc_machine *entry)
{
    HASH_DEL(machines->by_def, entry);
    machines->bytes -= entry->bytes;
    asl_machine_unref(entry->machine);
    free(entry);
}

void oc_machines_release(struct oc_machines *machines)
{
    while (machines->by_def)
        drop(machines, machines->by_def);
}

struct asl_machine *oc_machines_get(struct oc_machines *machines, const char *def)
{
    struct oc_machine *entry = NULL;

    HASH_FIND_STR(machines->by_def, def, entry);
    if (!entry)
        return NULL;
    if (entry->hh.next) {
        HASH_DEL(machines->by_def, entry);
        HASH_ADD_STR(machines->by_def, def, entry);
    }
    return asl_machine_ref(entry->machine);
}

enum mr_code oc_machines_add(struct oc_machines *machines, const char *def, const char *text,
                             size_t len, bool admitted, struct asl_machine **ret,
                             struct mr_error *err)
{
    const struct asl_parse_options options = {.admitted = admitted};
    struct oc_machine *entry;
    struct asl_machine *machine = oc_machines_get(machines, def);
    enum mr_code rc;

    if (machine) {
        *ret = machine;
        return MR_OK;
    }
    rc = asl_machine_parse_as(text, len, &options, NULL, &machine, err);
    if (rc)
        return rc;
    entry = calloc(1, sizeof *entry);
    if (!entry) {
        asl_machine_unref(machine);
        return mr_fail(err, MR_NO_MEMORY, "definition %s", def);
    }
    (void)snprintf(entry->def, sizeof entry->def, "%s", def);
    entry->machine = machine;
    entry->bytes = asl_machine_bytes(machine);
    machines->bytes += entry->bytes;
    HASH_ADD_STR(machines->by_def, def, entry);
    while (machines->bytes > machines->bytes_max && machines->by_def != entry)
        drop(machines, machines->by_def);
    *ret = asl_machine_ref(machine);
    return MR_OK;
}

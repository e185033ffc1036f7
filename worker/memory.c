/* memory.c -- see memory.h. */
#include "worker/memory.h"

#include <stdio.h>
#include <unistd.h>

enum { LIGHT_MAX = 256 << 20, LIGHT_PART = 4 /* of all, for the light tasks of all slots */ };

static int64_t machine_bytes(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    int64_t bytes = pages > 0 && size > 0 ? (int64_t)pages * size : INT64_C(1) << 30;
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "r");
    long long limit;

    if (file && fscanf(file, "%lld", &limit) == 1 && limit > 0 && limit < bytes)
        bytes = limit;
    if (file)
        (void)fclose(file);
    return bytes;
}

void wk_memory_init(struct wk_memory *memory, int64_t total, int slots)
{
    int64_t light;

    if (total == 0)
        total = machine_bytes() / 2;
    light = total / LIGHT_PART / slots;
    *memory = (struct wk_memory){.light_max = light < LIGHT_MAX ? light : LIGHT_MAX,
                                 .heavy_max = slots > 1 ? slots - 1 : 1};
    memory->pool = total - memory->light_max * slots;
}

bool wk_memory_light(const struct wk_memory *memory, int64_t bytes)
{
    return bytes <= memory->light_max;
}

bool wk_memory_possible(const struct wk_memory *memory, int64_t bytes)
{
    return bytes <= memory->light_max || bytes <= memory->pool;
}

bool wk_memory_take(struct wk_memory *memory, int64_t bytes)
{
    if (memory->heavy == memory->heavy_max || memory->pool - memory->used < bytes)
        return false;
    memory->heavy++;
    memory->used += bytes;
    return true;
}

void wk_memory_give(struct wk_memory *memory, int64_t bytes)
{
    memory->heavy--;
    memory->used -= bytes;
}

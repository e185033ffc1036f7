/* imaging_pool.c -- memfds, sealed. */
#include "worker/imaging_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOURCE_BYTES_MIN = 1 << 20, SOURCE_KEEP_BYTES = 32 << 20, OUTPUT_KEEP_BYTES = 4 << 20 };

void wk_pool_init(struct wk_pool *pool)
{
    *pool = (struct wk_pool){0};
    for (size_t i = 0; i < DEC_SLOTS; i++)
        pool->slots[i].fd = -1;
}

static void slot_release(struct wk_slot *slot)
{
    if (slot->map)
        munmap(slot->map, slot->size);
    if (slot->fd >= 0)
        close(slot->fd);
    *slot = (struct wk_slot){.fd = -1};
}

void wk_pool_release(struct wk_pool *pool)
{
    for (size_t i = 0; i < DEC_SLOTS; i++)
        slot_release(&pool->slots[i]);
}

static bool is_source(size_t slot)
{
    return slot < DEC_SLOT_OUTPUTS;
}

static size_t rounded(size_t size)
{
    size_t n = SOURCE_BYTES_MIN;

    while (n < size && n <= SIZE_MAX / 2)
        n *= 2;
    return n < size ? size : n;
}

/* The supervisor maps a source before writing is sealed: its own mapping stays writable. */
static bool slot_make(struct wk_slot *slot, size_t size, bool source)
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | (source ? F_SEAL_FUTURE_WRITE : 0);
    void *map;

    slot->fd = memfd_create(source ? "millrace-source" : "millrace-output",
                            MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (slot->fd < 0 || ftruncate(slot->fd, (off_t)size) < 0)
        return false;
    map = mmap(NULL, size, source ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, slot->fd, 0);
    if (map == MAP_FAILED)
        return false;
    slot->map = map;
    slot->size = size;
    return fcntl(slot->fd, F_ADD_SEALS, seals) == 0;
}

enum mr_code wk_pool_need(struct wk_pool *pool, size_t slot, size_t size, struct mr_error *err)
{
    struct wk_slot *s = &pool->slots[slot];

    if (s->fd >= 0 && s->size >= size)
        return MR_OK;
    slot_release(s);
    if (!slot_make(s, is_source(slot) ? rounded(size) : size, is_source(slot))) {
        int error = errno;
        slot_release(s);
        return mr_fail(err, MR_NO_MEMORY, "memfd of %zu bytes: %s", size, strerror(error));
    }
    s->made = ++pool->made;
    return MR_OK;
}

void wk_pool_trim_sources(struct wk_pool *pool)
{
    for (size_t i = 0; i < DEC_SLOT_OUTPUTS; i++)
        if (pool->slots[i].size > SOURCE_KEEP_BYTES)
            slot_release(&pool->slots[i]);
}

/* By what is there, not by what the child said that it wrote. */
void wk_pool_trim_outputs(struct wk_pool *pool)
{
    struct stat now;

    for (size_t i = DEC_SLOT_OUTPUTS; i < DEC_SLOTS; i++) {
        const struct wk_slot *slot = &pool->slots[i];
        if (slot->fd >= 0 && fstat(slot->fd, &now) == 0 &&
            (int64_t)now.st_blocks * 512 > OUTPUT_KEEP_BYTES)
            fallocate(slot->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)slot->size);
    }
}

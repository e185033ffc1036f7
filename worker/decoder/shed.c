/* shed.c -- a warm decoder has touched every codec once, most of which its tasks never use: 25 MiB
 * of its resident set.  They are pages of files and stay in the kernel's cache, whence they come
 * back without a file being opened. */
#include "worker/decoder/shed.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static const struct dec_source *watched;
static size_t watched_count;

struct mapping {
    uintptr_t start, end;
    bool ours; /* a file's, and not to be written to */
};

/* One that was written to before it was sealed (relocations) has pages of its own, which no file
 * has. */
static void mapping_shed(const struct mapping *mapping, unsigned long own_kib)
{
    if (mapping->ours && own_kib == 0)
        (void)madvise((void *)mapping->start, mapping->end - mapping->start, MADV_DONTNEED);
}

void dec_shed(void)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    struct mapping mapping = {0};
    char line[512], rights[8];
    unsigned long own_kib, inode;
    uintptr_t start, end;

    malloc_trim(0);
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%lx-%lx %7s %*s %*s %lu", &start, &end, rights, &inode) == 4)
            mapping = (struct mapping){start, end, inode != 0 && rights[1] == '-'};
        else if (sscanf(line, "Anonymous: %lu", &own_kib) == 1)
            mapping_shed(&mapping, own_kib);
    }
    if (file)
        fclose(file);
}

void dec_shed_watch(const struct dec_source *sources, size_t count)
{
    watched = sources;
    watched_count = count;
}

void dec_shed_sources(void)
{
    for (size_t i = 0; i < watched_count; i++) /* each begins with its mapping */
        (void)madvise((void *)(uintptr_t)watched[i].data, watched[i].len, MADV_DONTNEED);
}

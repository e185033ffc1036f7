/* blob_dir_list.c -- listing a tree of folders in the order of its keys.  The names of one folder
 * at a time are in memory (about 100 bytes each), and those of the folders above it. */
#include "common/adapters/blob_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
    char *name; /* owned, as in the folder; its key text is behind the NUL */
    const char *key;
    int64_t bytes; /* -1: a folder */
    int64_t modified_ms;
};

struct listing {
    struct mr_dir *dir;
    const char *prefix;
    size_t prefix_len;
    mr_blob_each_fn *each;
    void *ctx;
    struct mr_error *err;
    struct mr_dir_path path; /* of the folder being listed */
    struct mr_buf key;       /* what that folder stands for */
};

struct entries {
    struct entry *items;
    size_t count, cap;
};

static int entry_order(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    return strcmp(left->key, right->key);
}

static void entries_release(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->items[i].name);
    free(entries->items);
}

static enum mr_code no_memory(struct listing *l)
{
    return mr_fail(l->err, MR_NO_MEMORY, "list: no memory for the names of a folder");
}

static enum mr_code add_entry(struct listing *l, struct entries *entries, const char *name,
                              const char *key, int64_t bytes, int64_t modified_ms)
{
    if (entries->count == entries->cap) {
        size_t cap = entries->cap ? entries->cap * 2 : 64;
        struct entry *items = realloc(entries->items, cap * sizeof *items);
        if (!items)
            return no_memory(l);
        entries->items = items;
        entries->cap = cap;
    }
    size_t name_size = strlen(name) + 1, key_size = strlen(key) + 1;
    char *copy = malloc(name_size + key_size);
    if (!copy)
        return no_memory(l);
    memcpy(copy, name, name_size);
    memcpy(copy + name_size, key, key_size);
    entries->items[entries->count++] = (struct entry){
        .name = copy, .key = copy + name_size, .bytes = bytes, .modified_ms = modified_ms};
    return MR_OK;
}

/* Can a key that begins with text begin with the prefix? Both ways round for a folder. */
static bool wanted(const struct listing *l, const char *text, size_t len, bool is_folder)
{
    size_t common = len < l->prefix_len ? len : l->prefix_len;
    return memcmp(text, l->prefix, common) == 0 && (is_folder || len >= l->prefix_len);
}

static enum mr_code add_if_wanted(struct listing *l, struct entries *entries, int fd,
                                  const char *name)
{
    struct stat st;
    size_t start = l->key.len;
    enum mr_code rc = MR_OK;

    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
        return MR_OK; /* gone meanwhile */
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
        return MR_OK;
    bool is_folder = S_ISDIR(st.st_mode);
    if (mr_dir_name_decode(name, is_folder, &l->key) && l->key.len <= MR_BLOB_KEY_MAX + 1 &&
        wanted(l, l->key.data, l->key.len, is_folder))
        rc = add_entry(l, entries, name, l->key.data + start, is_folder ? -1 : st.st_size,
                       st.st_mtim.tv_sec * INT64_C(1000) + st.st_mtim.tv_nsec / 1000000);
    if (l->key.failed)
        rc = no_memory(l);
    l->key.len = start;
    return rc;
}

static enum mr_code read_folder(struct listing *l, struct entries *entries)
{
    int fd;
    enum mr_code rc = mr_dir_open_folder(l->dir, &l->path, l->path.count, false, &fd, l->err);
    if (rc) /* removed meanwhile: nothing is in it */
        return rc == MR_NOT_FOUND ? MR_OK : rc;
    DIR *folder = fdopendir(fd);
    if (!folder) {
        rc = mr_dir_fail(l->err, errno, "list", l->prefix);
        close(fd);
        return rc;
    }
    for (struct dirent *entry; !rc && (errno = 0, entry = readdir(folder));) {
        rc = mr_dir_check_stop(l->dir, l->err);
        if (!rc && entry->d_name[0] != '.') /* ".", ".." and .tmp; our names have no leading '.' */
            rc = add_if_wanted(l, entries, fd, entry->d_name);
    }
    if (!rc && errno)
        rc = mr_dir_fail(l->err, errno, "list", l->prefix);
    closedir(folder);
    return rc;
}

static enum mr_code list_folder(struct listing *l);

static enum mr_code list_entry(struct listing *l, const struct entry *entry)
{
    size_t key_len = l->key.len, names_len = l->path.names.len;
    enum mr_code rc = MR_OK;

    mr_buf_add_str(&l->key, entry->key);
    mr_buf_add(&l->path.names, entry->name, strlen(entry->name) + 1);
    if (l->key.failed || l->path.names.failed) {
        rc = no_memory(l);
    } else if (entry->bytes < 0) {
        l->path.count++;
        rc = list_folder(l);
        l->path.count--;
    } else if (!mr_blob_key_check(l->key.data, NULL)) {
        struct mr_blob_info info = {.bytes = entry->bytes, .modified_ms = entry->modified_ms};
        rc = l->each(l->ctx, l->key.data, &info, l->err);
    }
    l->key.len = key_len;
    if (l->key.data)
        l->key.data[key_len] = '\0';
    l->path.names.len = names_len;
    return rc;
}

/* Calls itself once a folder: no deeper than a key has bytes. */
static enum mr_code list_folder(struct listing *l)
{
    struct entries entries = {0};

    enum mr_code rc = read_folder(l, &entries);
    if (entries.count > 1)
        qsort(entries.items, entries.count, sizeof *entries.items, entry_order);
    for (size_t i = 0; !rc && i < entries.count; i++) {
        rc = mr_dir_check_stop(l->dir, l->err);
        if (!rc)
            rc = list_entry(l, &entries.items[i]);
    }
    entries_release(&entries);
    return rc;
}

enum mr_code mr_dir_list(struct mr_blob *blob, const char *prefix, mr_blob_each_fn *each, void *ctx,
                         struct mr_error *err)
{
    struct listing l = {.dir = (struct mr_dir *)blob,
                        .prefix = prefix,
                        .prefix_len = strlen(prefix),
                        .each = each,
                        .ctx = ctx,
                        .err = err};
    enum mr_code rc = mr_buf_reserve(&l.key, MR_BLOB_KEY_MAX) ? no_memory(&l) : list_folder(&l);
    mr_buf_release(&l.key);
    mr_dir_path_release(&l.path);
    return rc;
}

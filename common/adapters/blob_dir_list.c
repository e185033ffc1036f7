/* blob_dir_list.c -- listing a tree of folders in the order of its keys.  The names of one folder
 * at a time are in memory (about 100 bytes each), and those of the folders above it; of names that
 * are before the wanted span nothing is kept, and no file is looked at before its turn. */
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
    bool is_folder;
};

struct listing {
    struct mr_dir *dir;
    const char *prefix, *after;
    size_t prefix_len, after_len;
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
                              const char *key, bool is_folder)
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
    entries->items[entries->count++] =
        (struct entry){.name = copy, .key = copy + name_size, .is_folder = is_folder};
    return MR_OK;
}

/* Can a key that begins with text (a file's: is text) begin with the prefix, and be behind `after`?
 */
static bool wanted(const struct listing *l, const char *text, size_t len, bool is_folder)
{
    size_t common = len < l->prefix_len ? len : l->prefix_len;

    if (memcmp(text, l->prefix, common) != 0 || (!is_folder && len < l->prefix_len))
        return false;
    common = len < l->after_len ? len : l->after_len;
    int order = memcmp(text, l->after, common);
    return order > 0 || (order == 0 && (is_folder || len > l->after_len));
}

/* A file's name has a '.', a folder's none: what is there under a name that is not of its kind is
 * not ours. */
static enum mr_code add_if_wanted(struct listing *l, struct entries *entries, const char *name)
{
    const bool is_folder = !strchr(name, '.');
    size_t start = l->key.len;
    enum mr_code rc = MR_OK;

    if (mr_dir_name_decode(name, is_folder, &l->key) && l->key.len <= MR_BLOB_KEY_MAX + 1 &&
        wanted(l, l->key.data, l->key.len, is_folder))
        rc = add_entry(l, entries, name, l->key.data + start, is_folder);
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
            rc = add_if_wanted(l, entries, entry->d_name);
    }
    if (!rc && errno)
        rc = mr_dir_fail(l->err, errno, "list", l->prefix);
    closedir(folder);
    return rc;
}

static enum mr_code list_folder(struct listing *l);

static enum mr_code list_file(struct listing *l, const struct stat *st)
{
    const struct mr_blob_info info = {.bytes = st->st_size,
                                      .modified_ms = st->st_mtim.tv_sec * INT64_C(1000) +
                                                     st->st_mtim.tv_nsec / 1000000};

    if (mr_blob_key_check(l->key.data, NULL))
        return MR_OK;
    return l->each(l->ctx, l->key.data, &info, l->err);
}

/* *folder is the entry's, opened where it is -1; it is closed while one below it is listed, so that
 * no depth of folders is more than one descriptor. */
static enum mr_code list_entry(struct listing *l, const struct entry *entry, int *folder)
{
    size_t key_len = l->key.len, names_len = l->path.names.len;
    struct stat st;
    enum mr_code rc = MR_OK;

    if (*folder < 0)
        rc = mr_dir_open_folder(l->dir, &l->path, l->path.count, false, folder, l->err);
    if (rc) /* removed meanwhile, with all that was in it */
        return rc == MR_NOT_FOUND ? MR_OK : rc;
    if (fstatat(*folder, entry->name, &st, AT_SYMLINK_NOFOLLOW) ||
        (entry->is_folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)))
        return MR_OK; /* gone meanwhile, or none of ours */
    mr_buf_add_str(&l->key, entry->key);
    mr_buf_add(&l->path.names, entry->name, strlen(entry->name) + 1);
    if (l->key.failed || l->path.names.failed) {
        rc = no_memory(l);
    } else if (entry->is_folder) {
        close(*folder);
        *folder = -1;
        l->path.count++;
        rc = list_folder(l);
        l->path.count--;
    } else {
        rc = list_file(l, &st);
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
    int folder = -1;

    enum mr_code rc = read_folder(l, &entries);
    if (entries.count > 1)
        qsort(entries.items, entries.count, sizeof *entries.items, entry_order);
    for (size_t i = 0; !rc && i < entries.count; i++) {
        rc = mr_dir_check_stop(l->dir, l->err);
        if (!rc)
            rc = list_entry(l, &entries.items[i], &folder);
    }
    if (folder >= 0)
        close(folder);
    entries_release(&entries);
    return rc;
}

enum mr_code mr_dir_list(struct mr_blob *blob, const struct mr_blob_span *span,
                         mr_blob_each_fn *each, void *ctx, struct mr_error *err)
{
    struct listing l = {.dir = (struct mr_dir *)blob,
                        .prefix = span->prefix,
                        .prefix_len = strlen(span->prefix),
                        .after = span->after,
                        .after_len = strlen(span->after),
                        .each = each,
                        .ctx = ctx,
                        .err = err};
    enum mr_code rc = mr_buf_reserve(&l.key, MR_BLOB_KEY_MAX) ? no_memory(&l) : list_folder(&l);
    mr_buf_release(&l.key);
    mr_dir_path_release(&l.path);
    return rc;
}

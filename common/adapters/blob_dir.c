/* blob_dir.c -- objects as files under one folder of this machine.
 * An object is written to .tmp, with its hash and type in an extended attribute, synced, and moved
 * to its place in one step; so at every moment there is a whole object at a key, with all that
 * belongs to it, or none.  Where the file system keeps no extended attributes, or the file was put
 * there by hand or changed since, the hash is computed from the bytes and the type comes from the
 * name. */
#include "common/adapters/blob_dir.h"

#include "common/adapters/adapters.h"
#include "common/adapters/blob_probe.h"
#include "common/adapters/crypto.h"
#include "common/base/id.h"
#include "common/ports/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
    LEFTOVER_MS = 24 * 60 * 60 * 1000, /* a temporary file so old has nobody who writes it */
};

#define TMP_FOLDER ".tmp"

static struct mr_dir *of(struct mr_blob *blob)
{
    return (struct mr_dir *)blob;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

enum mr_code mr_dir_check_stop(struct mr_dir *dir, struct mr_error *err)
{
    if (dir->blob.stop && atomic_load(dir->blob.stop))
        return mr_fail(err, MR_CANCELLED, "stopped");
    return MR_OK;
}

enum mr_code mr_dir_fail(struct mr_error *err, int number, const char *what, const char *key)
{
    const char *reason = strerrordesc_np(number);
    enum mr_code code = MR_IO;

    if (number == ENOENT)
        code = MR_NOT_FOUND;
    else if (number == EACCES || number == EPERM || number == EROFS || number == ENOTDIR ||
             number == ELOOP)
        code = MR_DENIED;
    else if (number == ENOMEM)
        code = MR_NO_MEMORY;
    return mr_fail(err, code, "%s %.200s: %s", what, key, reason ? reason : "unknown error");
}

/* ---- folders --------------------------------------------------------------------------------- */

/* One step down.  A symbolic link is not followed: nothing leads out of the root. */
static int open_step(int at, const char *name, bool create)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(at, name, flags);
    if (fd >= 0 || errno != ENOENT || !create)
        return fd;
    if (mkdirat(at, name, 0777) == 0) {
        if (fsync(at)) /* the folder is there for good before anything is in it */
            return -1;
    } else if (errno != EEXIST) {
        return -1;
    }
    return openat(at, name, flags);
}

enum mr_code mr_dir_open_folder(struct mr_dir *dir, const struct mr_dir_path *path, size_t count,
                                bool create, int *ret, struct mr_error *err)
{
    /* opened, not duplicated: a listing has its own place in it */
    int fd = openat(dir->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *name = path->names.data;

    for (size_t i = 0; fd >= 0 && i < count; i++, name += strlen(name) + 1) {
        int next = open_step(fd, name, create);
        int number = errno;
        close(fd);
        errno = number;
        fd = next;
    }
    if (fd < 0)
        return mr_dir_fail(err, errno, "folder", dir->path);
    *ret = fd;
    return MR_OK;
}

/* Takes away folders that have become empty; a put that meets this makes them again. */
static void prune(struct mr_dir *dir, const struct mr_dir_path *path)
{
    for (size_t count = path->count - 1; count > 0; count--) {
        int fd;
        if (mr_dir_open_folder(dir, path, count - 1, false, &fd, NULL))
            return;
        int rc = unlinkat(fd, mr_dir_path_name(path, count - 1), AT_REMOVEDIR);
        close(fd);
        if (rc)
            return;
    }
}

/* ---- what is known of an object -------------------------------------------------------------- */

static const char *type_by_name(const char *key)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".jpg", "image/jpeg"},    {".jpeg", "image/jpeg"},       {".png", "image/png"},
        {".webp", "image/webp"},   {".avif", "image/avif"},       {".heic", "image/heic"},
        {".gif", "image/gif"},     {".tif", "image/tiff"},        {".tiff", "image/tiff"},
        {".svg", "image/svg+xml"}, {".json", "application/json"}, {".txt", "text/plain"},
    };
    const char *dot = strrchr(key, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(dot, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

static bool read_attribute(int fd, const struct stat *st, struct mr_blob_info *ret)
{
    char text[MR_DIR_ATTRIBUTE_MAX + 1], expected[MR_DIR_ATTRIBUTE_MAX];
    ssize_t len = fgetxattr(fd, MR_DIR_ATTRIBUTE, text, MR_DIR_ATTRIBUTE_MAX);
    if (len <= 0)
        return false;
    text[len] = '\0';
    char *type = strchr(text, ' ');
    for (int i = 0; type && i < 2; i++)
        type = strchr(type + 1, ' ');
    if (!type || type - text < MR_SHA256_HEX)
        return false;
    char sha256[MR_SHA256_HEX] = {0};
    memcpy(sha256, type - (MR_SHA256_HEX - 1), MR_SHA256_HEX - 1);
    mr_dir_describe(expected, st, sha256, type + 1);
    if (strcmp(text, expected) != 0 || strlen(type + 1) >= sizeof ret->content_type)
        return false;
    memcpy(ret->sha256, sha256, sizeof sha256);
    snprintf(ret->content_type, sizeof ret->content_type, "%s", type + 1);
    return true;
}

enum mr_code mr_dir_open_object(struct mr_dir *dir, const char *key, int *ret_fd,
                                struct stat *ret_st, struct mr_blob_info *ret, struct mr_error *err)
{
    struct mr_dir_path path;
    int fd = -1, folder = -1;

    enum mr_code rc = mr_dir_path_of(key, &path, err);
    if (rc)
        return rc;
    rc = mr_dir_open_folder(dir, &path, path.count - 1, false, &folder, err);
    if (rc == MR_NOT_FOUND)
        rc = mr_dir_fail(err, ENOENT, "object", key);
    if (rc)
        goto done;
    fd = openat(folder, mr_dir_path_name(&path, path.count - 1),
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, ret_st))
        rc = mr_dir_fail(err, errno, "object", key);
    else if (!S_ISREG(ret_st->st_mode))
        rc = mr_fail(err, MR_DENIED, "object %.200s: is not a regular file", key);
    if (rc)
        goto done;
    *ret = (struct mr_blob_info){.bytes = ret_st->st_size};
    if (!read_attribute(fd, ret_st, ret))
        snprintf(ret->content_type, sizeof ret->content_type, "%s", type_by_name(key));
    *ret_fd = fd;
    fd = -1;
done:
    close_fd(fd);
    close_fd(folder);
    mr_dir_path_release(&path);
    return rc;
}

/* Reads an open object to its end, into write where there is one, and computes the hash where it is
 * not known. */
static enum mr_code read_object(struct mr_dir *dir, const char *key, int fd,
                                mr_blob_write_fn *write, void *ctx, struct mr_blob_info *info,
                                struct mr_error *err)
{
    bool unknown = info->sha256[0] == '\0';
    struct mr_sha256 sha = {0};
    uint8_t digest[MR_SHA256_LEN];
    int64_t total = 0;
    enum mr_code rc = MR_OK;
    char *buf = malloc(MR_DIR_COPY_BYTES);

    if (!buf)
        return mr_fail(err, MR_NO_MEMORY, "object %.200s: no memory to read it", key);
    if (unknown)
        rc = mr_sha256_init(&sha, err);
    while (!rc) {
        ssize_t n = read(fd, buf, MR_DIR_COPY_BYTES);
        if (n == 0)
            break;
        if (n < 0) {
            rc = errno == EINTR ? MR_OK : mr_dir_fail(err, errno, "object", key);
            continue;
        }
        total += n;
        if (unknown)
            mr_sha256_add(&sha, buf, (size_t)n);
        rc = mr_dir_check_stop(dir, err);
        if (!rc && write)
            rc = write(ctx, buf, (size_t)n, err);
    }
    if (!rc && total != info->bytes)
        rc = mr_fail(err, MR_CHANGED, "object %.200s: changed while it was read", key);
    if (!rc && unknown) {
        mr_sha256_end(&sha, digest);
        mr_hex(digest, sizeof digest, info->sha256);
    }
    mr_sha256_release(&sha);
    free(buf);
    return rc;
}

static enum mr_code dir_get_stream(struct mr_blob *blob, const char *key, int64_t len_max,
                                   mr_blob_write_fn *write, void *ctx, struct mr_blob_info *ret,
                                   struct mr_error *err)
{
    struct stat st;
    int fd;

    enum mr_code rc = mr_dir_open_object(of(blob), key, &fd, &st, ret, err);
    if (rc)
        return rc;
    if (ret->bytes > len_max)
        rc = mr_fail(err, MR_TOO_LARGE, "object %.200s: %" PRId64 " bytes, at most %" PRId64, key,
                     ret->bytes, len_max);
    else
        rc = read_object(of(blob), key, fd, write, ctx, ret, err);
    close(fd);
    return rc;
}

enum mr_code mr_dir_head(struct mr_blob *blob, const char *key, struct mr_blob_info *ret,
                         struct mr_error *err)
{
    struct stat st;
    int fd;

    enum mr_code rc = mr_dir_open_object(of(blob), key, &fd, &st, ret, err);
    if (rc)
        return rc;
    if (!ret->sha256[0])
        rc = read_object(of(blob), key, fd, NULL, NULL, ret, err);
    close(fd);
    return rc;
}

/* ---- the other calls ------------------------------------------------------------------------- */

static enum mr_code dir_remove(struct mr_blob *blob, const char *key, struct mr_error *err)
{
    struct mr_dir *dir = of(blob);
    struct mr_dir_path path;
    int folder;

    enum mr_code rc = mr_dir_path_of(key, &path, err);
    if (rc)
        return rc;
    rc = mr_dir_open_folder(dir, &path, path.count - 1, false, &folder, err);
    if (rc) {
        rc = rc == MR_NOT_FOUND ? MR_OK : rc;
        goto done;
    }
    if (unlinkat(folder, mr_dir_path_name(&path, path.count - 1), 0) == 0) {
        if (fsync(folder))
            rc = mr_dir_fail(err, errno, "removing", key);
        prune(dir, &path);
    } else if (errno != ENOENT) {
        rc = mr_dir_fail(err, errno, "removing", key);
    }
    close(folder);
done:
    mr_dir_path_release(&path);
    return rc;
}

static enum mr_code dir_check(struct mr_blob *blob, struct mr_error *err)
{
    char what[300];
    enum mr_code rc = mr_blob_probe(blob, err);
    if (!rc || rc == MR_CANCELLED)
        return rc;
    snprintf(what, sizeof what, "storage in MILLRACE_BLOB_DIR=%.250s", of(blob)->path);
    return mr_fail_in(err, rc, what);
}

/* ---- making ---------------------------------------------------------------------------------- */

static void dir_free(struct mr_blob *blob)
{
    struct mr_dir *dir = of(blob);
    close_fd(dir->root);
    close_fd(dir->tmp);
    free(dir->path);
    free(dir);
}

/* Like mkdir -p. */
static int make_folders(const char *path)
{
    char *copy = strdup(path);
    int rc = copy ? 0 : -1;

    for (char *at = copy; copy && *at; at++)
        if (*at == '/' && at > copy) {
            *at = '\0';
            mkdir(copy, 0777); /* the last one tells whether it went well */
            *at = '/';
        }
    if (copy && mkdir(copy, 0777) && errno != EEXIST)
        rc = -1;
    free(copy);
    return rc;
}

/* What a killed process left behind. */
static void sweep(struct mr_dir *dir)
{
    struct stat st;
    int fd = openat(dir->root, TMP_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!folder) {
        close_fd(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.' && fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && mr_wall_ms() - (int64_t)st.st_mtime * 1000 > LEFTOVER_MS)
            unlinkat(fd, entry->d_name, 0);
    closedir(folder);
}

static struct mr_blob *dir_dup(struct mr_blob *blob, struct mr_error *err);

static struct mr_dir *dir_alloc(const char *path, struct mr_error *err)
{
    static const struct mr_blob_ops ops = {
        .get_stream = dir_get_stream,
        .put_stream = mr_dir_put_stream,
        .head = mr_dir_head,
        .remove = dir_remove,
        .list = mr_dir_list,
        .get_range = mr_dir_get_range,
        .check = dir_check,
        .dup = dir_dup,
        .free = dir_free,
    };
    struct mr_dir *dir = calloc(1, sizeof *dir);
    if (dir) {
        *dir = (struct mr_dir){.blob = {.ops = &ops}, .root = -1, .tmp = -1, .path = strdup(path)};
        if (dir->path)
            return dir;
    }
    free(dir);
    mr_fail(err, MR_NO_MEMORY, "no memory for storage");
    return NULL;
}

static struct mr_blob *dir_dup(struct mr_blob *blob, struct mr_error *err)
{
    struct mr_dir *dir = dir_alloc(of(blob)->path, err);
    if (!dir)
        return NULL;
    dir->blob.stop = blob->stop;
    dir->root = fcntl(of(blob)->root, F_DUPFD_CLOEXEC, 0);
    dir->tmp = fcntl(of(blob)->tmp, F_DUPFD_CLOEXEC, 0);
    if (dir->root >= 0 && dir->tmp >= 0)
        return &dir->blob;
    mr_dir_fail(err, errno, "storage in", dir->path);
    dir_free(&dir->blob);
    return NULL;
}

struct mr_blob *mr_blob_dir_new(const struct mr_blob_config *config, struct mr_error *err)
{
    if (!config->dir || !*config->dir) {
        mr_fail(err, MR_INVALID, "MILLRACE_BLOB_DIR: must name a folder");
        return NULL;
    }
    struct mr_dir *dir = dir_alloc(config->dir, err);
    if (!dir)
        return NULL;
    if (make_folders(config->dir) == 0)
        dir->root = open(config->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->root >= 0)
        dir->tmp = open_step(dir->root, TMP_FOLDER, true);
    if (dir->tmp < 0) {
        enum mr_code rc = mr_dir_fail(err, errno, "MILLRACE_BLOB_DIR", config->dir);
        if (rc == MR_NOT_FOUND)
            mr_fail(err, MR_DENIED, "MILLRACE_BLOB_DIR %.200s: cannot be made", config->dir);
        dir_free(&dir->blob);
        return NULL;
    }
    sweep(dir);
    return &dir->blob;
}

/* blob_dir_put.c -- how an object comes to its place: written to .tmp under a random name, its hash
 * and type in its attribute, synced, then given its name in one step, which is synced too.  A kill
 * at any moment leaves the old object, the new one, or none, and at most a file in .tmp. */
#include "common/adapters/blob_dir.h"
#include "common/adapters/crypto.h"
#include "common/base/failpoint.h"
#include "common/base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
    PLACE_TRIES = 16, /* a folder may be removed while we put something into it */
    RANDOM_LEN = 8,
};

int mr_dir_describe(char ret[MR_DIR_ATTRIBUTE_MAX], const struct stat *st, const char *sha256,
                    const char *type)
{
    return snprintf(ret, MR_DIR_ATTRIBUTE_MAX, "%" PRId64 " %" PRId64 ".%09ld %s %s",
                    (int64_t)st->st_size, (int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, sha256,
                    type);
}

static enum mr_code write_all(int fd, const char *data, size_t len, const char *key,
                              struct mr_error *err)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR)
            return mr_dir_fail(err, errno, "writing", key);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return MR_OK;
}

static enum mr_code write_body(struct mr_dir *dir, int fd, const char *key, int64_t len,
                               mr_blob_read_fn *read_body, void *ctx, char ret[MR_SHA256_HEX],
                               struct mr_error *err)
{
    struct mr_sha256 sha = {0};
    uint8_t digest[MR_SHA256_LEN];
    char *buf = malloc(MR_DIR_COPY_BYTES);

    if (!buf)
        return mr_fail(err, MR_NO_MEMORY, "object %.200s: no memory to write it", key);
    enum mr_code rc = mr_sha256_init(&sha, err);
    while (!rc && len > 0) {
        rc = mr_dir_check_stop(dir, err);
        if (rc)
            break;
        int64_t n = read_body(ctx, buf, MR_DIR_COPY_BYTES, err);
        if (n <= 0) {
            rc = err->code;
            break;
        }
        mr_sha256_add(&sha, buf, (size_t)n);
        rc = write_all(fd, buf, (size_t)n, key, err);
        len -= n;
    }
    if (!rc) {
        mr_sha256_end(&sha, digest);
        mr_hex(digest, sizeof digest, ret);
    }
    mr_sha256_release(&sha);
    free(buf);
    return rc;
}

/* A file system without attributes keeps the bytes alone; one without room for this one says so. */
static enum mr_code write_attribute(int fd, const char *key, const char *name, const char *text,
                                    size_t len, struct mr_error *err)
{
    if (fsetxattr(fd, name, text, len, 0) == 0 || errno == ENOTSUP || errno == EPERM)
        return MR_OK;
    if (errno == ENOSPC || errno == E2BIG)
        return mr_fail(err, MR_TOO_LARGE,
                       "writing %.200s: the file system has no room for %zu bytes of %s beside it",
                       key, len, name);
    return mr_dir_fail(err, errno, "writing the attributes of", key);
}

/* The hash, the type, the tags and the headers go with the bytes: they are on the disk before the
 * object has its name. */
static enum mr_code write_attributes(int fd, const char *key, const char *sha256, const char *type,
                                     const struct mr_blob_put *put, struct mr_error *err)
{
    const struct {
        const char *name, *text;
    } given[] = {{MR_DIR_TAGS, put->tags},
                 {MR_DIR_CACHE_CONTROL, put->cache_control},
                 {MR_DIR_CONTENT_DISPOSITION, put->content_disposition}};
    char text[MR_DIR_ATTRIBUTE_MAX];
    struct stat st;
    enum mr_code rc;

    if (fstat(fd, &st))
        return mr_dir_fail(err, errno, "writing", key);
    const int len = mr_dir_describe(text, &st, sha256, type);
    rc = write_attribute(fd, key, MR_DIR_ATTRIBUTE, text, (size_t)len, err);
    for (size_t i = 0; !rc && i < sizeof given / sizeof *given; i++)
        if (given[i].text)
            rc = write_attribute(fd, key, given[i].name, given[i].text, strlen(given[i].text), err);
    return rc;
}

/* Gives the temporary file its name in folder; EEXIST where another has it and replace is false. */
static int give_name(struct mr_dir *dir, const char *tmp_name, int folder, const char *name,
                     bool replace)
{
    if (replace)
        return renameat(dir->tmp, tmp_name, folder, name);
    if (renameat2(dir->tmp, tmp_name, folder, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (linkat(dir->tmp, tmp_name, folder, name, 0)) /* a file system without such a rename */
        return -1;
    unlinkat(dir->tmp, tmp_name, 0);
    return 0;
}

static enum mr_code place(struct mr_dir *dir, const char *tmp_name, const char *key,
                          const struct mr_dir_path *path, bool replace, struct mr_error *err)
{
    const char *name = mr_dir_path_name(path, path->count - 1);
    int number = ENOENT;

    for (int i = 0; i < PLACE_TRIES && number == ENOENT; i++) {
        int folder;
        enum mr_code rc = mr_dir_open_folder(dir, path, path->count - 1, true, &folder, err);
        if (rc == MR_NOT_FOUND)
            continue; /* pruned while we went down */
        if (rc)
            return rc;
        mr_fail_point("blob_dir.before_name");
        number = give_name(dir, tmp_name, folder, name, replace) ? errno : 0;
        mr_fail_point("blob_dir.after_name");
        if (number == 0 && fsync(folder))
            number = errno;
        close(folder);
    }
    if (number == EEXIST)
        return mr_fail(err, MR_EXISTS, "object %.200s: there is one already", key);
    if (number == ENOENT)
        return mr_fail(err, MR_IO, "object %.200s: its folder goes away again and again", key);
    return number ? mr_dir_fail(err, number, "naming", key) : MR_OK;
}

static enum mr_code open_tmp(struct mr_dir *dir, const char *key, char ret_name[2 * RANDOM_LEN + 1],
                             int *ret, struct mr_error *err)
{
    uint8_t random[RANDOM_LEN];

    enum mr_code rc = mr_random(random, sizeof random, err);
    if (rc)
        return rc;
    mr_hex(random, sizeof random, ret_name);
    *ret = openat(dir->tmp, ret_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return *ret < 0 ? mr_dir_fail(err, errno, "writing", key) : MR_OK;
}

static enum mr_code put_new(struct mr_dir *dir, const char *key, const struct mr_blob_put *put,
                            int64_t len, mr_blob_read_fn *read_body, void *ctx,
                            const struct mr_dir_path *path, struct mr_blob_info *ret,
                            struct mr_error *err)
{
    const char *type = put->content_type ? put->content_type : "application/octet-stream";
    char tmp_name[2 * RANDOM_LEN + 1], sha256[MR_SHA256_HEX];
    int fd;

    enum mr_code rc = open_tmp(dir, key, tmp_name, &fd, err);
    if (rc)
        return rc;
    mr_fail_point("blob_dir.before_body");
    rc = write_body(dir, fd, key, len, read_body, ctx, sha256, err);
    if (!rc && put->sha256 && strcmp(put->sha256, sha256) != 0)
        rc = mr_fail(err, MR_CHANGED, "body: its SHA-256 is %s, not %s as promised", sha256,
                     put->sha256);
    mr_fail_point("blob_dir.after_body");
    if (!rc)
        rc = write_attributes(fd, key, sha256, type, put, err);
    mr_fail_point("blob_dir.before_sync");
    if (!rc && fsync(fd))
        rc = mr_dir_fail(err, errno, "writing", key);
    if (close(fd) && !rc)
        rc = mr_dir_fail(err, errno, "writing", key);
    if (!rc)
        rc = place(dir, tmp_name, key, path, !put->if_absent, err);
    if (rc) {
        unlinkat(dir->tmp, tmp_name, 0);
        return rc;
    }
    *ret = (struct mr_blob_info){.bytes = len};
    memcpy(ret->sha256, sha256, sizeof sha256);
    snprintf(ret->content_type, sizeof ret->content_type, "%s", type);
    return MR_OK;
}

enum mr_code mr_dir_put_stream(struct mr_blob *blob, const char *key, const struct mr_blob_put *put,
                               int64_t len, mr_blob_read_fn *read_body, void *ctx,
                               struct mr_blob_info *ret, struct mr_error *err)
{
    struct mr_dir_path path;
    struct mr_error unread;

    /* where it is there already, the body need not be read */
    if (put->if_absent && !mr_dir_head(blob, key, ret, &unread))
        return mr_fail(err, MR_EXISTS, "object %.200s: there is one already", key);
    enum mr_code rc = mr_dir_path_of(key, &path, err);
    if (rc)
        return rc;
    rc = put_new((struct mr_dir *)blob, key, put, len, read_body, ctx, &path, ret, err);
    mr_dir_path_release(&path);
    if (rc == MR_EXISTS) {
        rc = mr_dir_head(blob, key, ret, err);
        if (rc == MR_NOT_FOUND)
            return mr_fail(err, MR_UNAVAILABLE, "object %.200s: was there, and is gone", key);
        return rc ? rc : mr_fail(err, MR_EXISTS, "object %.200s: there is one already", key);
    }
    return rc;
}

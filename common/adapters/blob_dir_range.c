/* blob_dir_range.c -- a piece of an object.  What stands for a content is its hash where that is
 * known without reading it, else which file it is and when it was written; so a file that somebody
 * put there by hand and writes to is seen to have changed. */
#include "common/adapters/blob_dir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_etag(struct mr_blob_info *info, const struct stat *st)
{
    if (info->sha256[0])
        snprintf(info->etag, sizeof info->etag, "\"%s\"", info->sha256);
    else
        snprintf(info->etag, sizeof info->etag, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 ".%lx\"",
                 (uint64_t)st->st_ino, (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
                 (unsigned long)st->st_mtim.tv_nsec);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static enum mr_code changed(const char *key, const char *when, struct mr_error *err)
{
    return mr_fail(err, MR_CHANGED, "object %.200s: overwritten %s it was read", key, when);
}

static enum mr_code read_piece(struct mr_dir *dir, const char *key, int fd, const struct stat *st,
                               int64_t at, size_t len, struct mr_buf *ret, struct mr_error *err)
{
    struct stat now;

    if (mr_buf_reserve(ret, len))
        return mr_fail(err, MR_NO_MEMORY, "object %.200s: no memory to read it", key);
    while (ret->len < len) {
        const size_t left = len - ret->len;
        const ssize_t n =
            pread(fd, ret->data + ret->len, left < MR_DIR_COPY_BYTES ? left : MR_DIR_COPY_BYTES,
                  (off_t)(at + (int64_t)ret->len));
        enum mr_code rc = mr_dir_check_stop(dir, err);

        if (rc)
            return rc;
        if (n < 0 && errno != EINTR)
            return mr_dir_fail(err, errno, "object", key);
        if (n == 0)
            return changed(key, "while", err);
        ret->len += n > 0 ? (size_t)n : 0;
    }
    ret->data[ret->len] = '\0';
    if (fstat(fd, &now))
        return mr_dir_fail(err, errno, "object", key);
    return is_same(st, &now) ? MR_OK : changed(key, "while", err);
}

enum mr_code mr_dir_get_range(struct mr_blob *blob, const char *key,
                              const struct mr_blob_range *range, struct mr_buf *ret,
                              struct mr_blob_info *info, struct mr_error *err)
{
    struct mr_dir *dir = (struct mr_dir *)blob;
    struct stat st;
    int64_t left;
    int fd;

    enum mr_code rc = mr_dir_open_object(dir, key, &fd, &st, info, err);
    if (rc)
        return rc;
    set_etag(info, &st);
    left = info->bytes - range->at;
    if (range->etag[0] && strcmp(range->etag, info->etag) != 0)
        rc = changed(key, "since", err);
    else if (left > 0)
        rc = read_piece(dir, key, fd, &st, range->at,
                        left < (int64_t)range->len_max ? (size_t)left : range->len_max, ret, err);
    close(fd);
    return rc;
}

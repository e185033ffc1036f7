/* local_write.c -- a new file beside its place, then its name: at no time is half of it there. */
#include "gateway/cli/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum mr_code make_folders(const char *path, struct mr_error *err)
{
    char folder[CLI_LOCAL_PATH_MAX];

    for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(p - path), path);
        if (mkdir(folder, 0777) && errno != EEXIST)
            return mr_fail(err, MR_IO, "%s: %s", folder, strerror(errno));
    }
    return MR_OK;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static enum mr_code taken(const char *path, struct mr_error *err)
{
    return mr_fail(err, MR_EXISTS,
                   "%s: is there already, and stays as it is; --force replaces it, --name writes "
                   "another",
                   path);
}

enum mr_code cli_local_free(const char *path, struct mr_error *err)
{
    struct stat there;

    return lstat(path, &there) == 0 ? taken(path, err) : MR_OK;
}

/* A link fails where the name is taken, which a rename does not. */
static int take_name(const char *from, const char *path, bool force)
{
    if (force)
        return rename(from, path);
    if (link(from, path) == 0)
        return unlink(from);
    if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS)
        return -1;
    if (access(path, F_OK) == 0) { /* a file system without links */
        errno = EEXIST;
        return -1;
    }
    return rename(from, path);
}

enum mr_code cli_local_write(const char *path, const void *data, size_t len, bool force,
                             struct mr_error *err)
{
    char part[CLI_LOCAL_PATH_MAX + 32];
    int fd;
    enum mr_code rc = make_folders(path, err);

    if (rc)
        return rc;
    (void)snprintf(part, sizeof part, "%s.part-%ld", path, (long)getpid());
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return mr_fail(err, MR_IO, "%s: %s", path, strerror(errno));
    if (!write_all(fd, data, len))
        rc = mr_fail(err, MR_IO, "%s: %s", path, strerror(errno));
    if (close(fd) && !rc)
        rc = mr_fail(err, MR_IO, "%s: %s", path, strerror(errno));
    if (!rc && take_name(part, path, force))
        rc = errno == EEXIST ? taken(path, err)
                             : mr_fail(err, MR_IO, "%s: %s", path, strerror(errno));
    if (rc)
        (void)unlink(part);
    return rc;
}

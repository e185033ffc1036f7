/* files.c -- the functions that open files, in front of the C library's.  The linker finds these
 * first, for this program and for every library of it. */
#undef _FILE_OFFSET_BITS /* which makes one name of open and open64: both are meant here */
#include "worker/decoder/files.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fontconfig/fontconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 256 };

static struct file {
    char path[PATH_BYTES_MAX];
    int fd;
} files[DEC_FILES_MAX];
static size_t file_count;
static bool closed;

bool dec_files_keep(const char *path)
{
    struct file *file = &files[file_count];
    struct stat info;
    int fd;

    if (file_count == DEC_FILES_MAX || strlen(path) >= sizeof(file->path))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return false;
    }
    memcpy(file->path, path, strlen(path) + 1);
    file->fd = fd;
    file_count++;
    return true;
}

void dec_files_keep_fonts(void)
{
    FcConfig *config = FcConfigGetCurrent();
    const FcFontSet *fonts = config ? FcConfigGetFonts(config, FcSetSystem) : NULL;

    if (config)
        FcConfigSetRescanInterval(config, 0); /* no look at folders that are gone */
    for (int i = 0; fonts && i < fonts->nfont; i++) {
        FcChar8 *path;
        if (FcPatternGetString(fonts->fonts[i], FC_FILE, 0, &path) == FcResultMatch)
            (void)dec_files_keep((const char *)path);
    }
}

void dec_files_close(void)
{
    closed = true;
}

/* The file that is kept under this path, or NULL. */
static const struct file *kept(const char *path)
{
    for (size_t i = 0; i < file_count; i++)
        if (strcmp(path, files[i].path) == 0)
            return &files[i];
    errno = ENOENT;
    return NULL;
}

/* A descriptor of its own on a kept file, from its start.  The place in it is shared with others of
 * the same file; fonts are mapped, not read. */
static int reopen(const char *path, int flags)
{
    const struct file *file = kept(path);
    int fd;

    if (!file || (flags & O_ACCMODE) != O_RDONLY) {
        errno = ENOENT;
        return -1;
    }
    fd = dup(file->fd);
    if (fd >= 0)
        (void)lseek(fd, 0, SEEK_SET);
    return fd;
}

/* ---- the C library's names ------------------------------------------------------------------ */

typedef int open_fn(const char *, int, ...);
typedef int openat_fn(int, const char *, int, ...);
typedef FILE *fopen_fn(const char *, const char *);

/* What the name means without us. */
static void next(const char *name, void *ret_fn, size_t size)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(ret_fn, &found, size);
}

static unsigned mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, unsigned) : 0;
}

/* clang-format off */
#define DEC_OPEN(name)                                      \
    int name(const char *path, int flags, ...);             \
    int name(const char *path, int flags, ...)              \
    {                                                       \
        open_fn *fn;                                        \
        va_list args;                                       \
        unsigned mode;                                      \
                                                            \
        if (closed)                                         \
            return reopen(path, flags);                     \
        va_start(args, flags);                              \
        mode = mode_of(flags, args);                        \
        va_end(args);                                       \
        next(#name, &fn, sizeof(fn));                       \
        return fn(path, flags, mode);                       \
    }
#define DEC_OPENAT(name)                                    \
    int name(int at, const char *path, int flags, ...);     \
    int name(int at, const char *path, int flags, ...)      \
    {                                                       \
        openat_fn *fn;                                      \
        va_list args;                                       \
        unsigned mode;                                      \
                                                            \
        if (closed)                                         \
            return reopen(path, flags);                     \
        va_start(args, flags);                              \
        mode = mode_of(flags, args);                        \
        va_end(args);                                       \
        next(#name, &fn, sizeof(fn));                       \
        return fn(at, path, flags, mode);                   \
    }
#define DEC_FOPEN(name)                                     \
    FILE *name(const char *path, const char *mode);         \
    FILE *name(const char *path, const char *mode)          \
    {                                                       \
        fopen_fn *fn;                                       \
        int fd;                                             \
                                                            \
        if (closed) {                                       \
            fd = reopen(path, mode[0] == 'r' && !strchr(mode, '+') ? O_RDONLY : O_RDWR); \
            return fd < 0 ? NULL : fdopen(fd, "r");         \
        }                                                   \
        next(#name, &fn, sizeof(fn));                       \
        return fn(path, mode);                              \
    }
/* clang-format on */

DEC_OPEN(open)
DEC_OPEN(open64)
DEC_OPENAT(openat)
DEC_OPENAT(openat64)
DEC_FOPEN(fopen)
DEC_FOPEN(fopen64)

/* ---- and those that ask whether there is a file --------------------------------------------- */

typedef int access_fn(const char *, int);
typedef DIR *opendir_fn(const char *);

int access(const char *path, int mode)
{
    access_fn *fn;

    if (closed) { /* cairo asks before it opens */
        if (!kept(path))
            return -1;
        errno = EACCES;
        return mode & (W_OK | X_OK) ? -1 : 0;
    }
    next("access", &fn, sizeof(fn));
    return fn(path, mode);
}

DIR *opendir(const char *path)
{
    opendir_fn *fn;

    if (closed) {
        errno = ENOENT;
        return NULL;
    }
    next("opendir", &fn, sizeof(fn));
    return fn(path);
}

/* clang-format off */
#define DEC_STAT(name, type)                                \
    int name(const char *path, struct type *info);          \
    int name(const char *path, struct type *info)           \
    {                                                       \
        int (*fn)(const char *, struct type *);             \
                                                            \
        if (closed) {                                       \
            errno = ENOENT;                                 \
            return -1;                                      \
        }                                                   \
        next(#name, (void *)&fn, sizeof(fn));               \
        return fn(path, info);                              \
    }
/* clang-format on */

DEC_STAT(stat, stat)
DEC_STAT(lstat, stat)
DEC_STAT(stat64, stat64)
DEC_STAT(lstat64, stat64)

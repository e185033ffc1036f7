/* sink.c -- a memfd as libvips wants to see it.  Positions are kept here: lseek() is none of the
 * calls that a locked decoder has. */
#include "worker/decoder/sink.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static bool put_at(int fd, const char *p, uint64_t len, uint64_t at)
{
    uint64_t done = 0;

    while (done < len) {
        ssize_t n = pwrite(fd, p + done, (size_t)(len - done), (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (uint64_t)n;
    }
    return true;
}

static gint64 on_write(VipsTargetCustom *target, const void *data, gint64 len, void *user)
{
    struct dec_writing *writing = user;
    uint64_t end = writing->at + (uint64_t)len;

    (void)target;
    if (end > writing->sink->len_max) {
        writing->too_long = true;
        return -1;
    }
    if (!put_at(writing->sink->fd, data, (uint64_t)len, writing->at))
        return -1;
    writing->at = end;
    if (end > writing->len)
        writing->len = end;
    return len;
}

static gint64 on_read(VipsTargetCustom *target, void *data, gint64 len, void *user)
{
    struct dec_writing *writing = user;
    uint64_t left = writing->at < writing->len ? writing->len - writing->at : 0;
    ssize_t n;

    (void)target;
    if ((uint64_t)len < left)
        left = (uint64_t)len;
    do
        n = pread(writing->sink->fd, data, (size_t)left, (off_t)writing->at);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        writing->at += (uint64_t)n;
    return n;
}

static gint64 on_seek(VipsTargetCustom *target, gint64 offset, int whence, void *user)
{
    struct dec_writing *writing = user;
    gint64 from = whence == SEEK_CUR   ? (gint64)writing->at
                  : whence == SEEK_END ? (gint64)writing->len
                                       : 0;

    (void)target;
    if (offset < -from || offset > INT64_MAX - from ||
        (uint64_t)(from + offset) > writing->sink->len_max)
        return -1;
    writing->at = (uint64_t)(from + offset);
    return (gint64)writing->at;
}

VipsTarget *dec_sink_target(const struct dec_sink *sink, struct dec_writing *writing)
{
    VipsTargetCustom *target = vips_target_custom_new();

    *writing = (struct dec_writing){.sink = sink};
    g_signal_connect(target, "write", G_CALLBACK(on_write), writing);
    g_signal_connect(target, "read", G_CALLBACK(on_read), writing);
    g_signal_connect(target, "seek", G_CALLBACK(on_seek), writing);
    return VIPS_TARGET(target);
}

bool dec_sink_put(const struct dec_sink *sink, const void *data, uint64_t len)
{
    return len <= sink->len_max && put_at(sink->fd, data, len, 0);
}

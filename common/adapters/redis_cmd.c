/* redis_cmd.c -- commands in Redis's protocol, written once into one buffer.  Measured against
 * redisFormatCommandArgv(): no arrays of pointers and lengths, and one copy less. */
#include "common/adapters/redis_conn.h"

#include "common/adapters/redis_functions.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORD_FRAME_MAX = 1 + 20 + 2 + 2, WORD_TEXT_MAX = 512 };

static void add_head(struct mr_buf *buf, size_t len)
{
    char digits[20];
    size_t n = sizeof digits;
    char *out;

    do {
        digits[--n] = (char)('0' + len % 10);
        len /= 10;
    } while (len > 0);
    out = buf->data + buf->len;
    *out++ = '$';
    memcpy(out, digits + n, sizeof digits - n);
    out += sizeof digits - n;
    *out++ = '\r';
    *out++ = '\n';
    buf->len = (size_t)(out - buf->data);
}

static void add_parts(struct mr_redis_cmd *cmd, const void *head, size_t head_len, const void *data,
                      size_t len)
{
    struct mr_buf *buf = &cmd->words;
    char *out;

    cmd->count++;
    if (mr_buf_reserve(buf, head_len + len + WORD_FRAME_MAX))
        return; /* words.failed stays set: _append() says so */
    add_head(buf, head_len + len);
    out = buf->data + buf->len;
    if (head_len > 0)
        memcpy(out, head, head_len);
    if (len > 0)
        memcpy(out + head_len, data, len);
    memcpy(out + head_len + len, "\r\n", 3); /* with the buffer's closing NUL */
    buf->len += head_len + len + 2;
}

void mr_redis_cmd_add(struct mr_redis_cmd *cmd, const void *data, size_t len)
{
    add_parts(cmd, NULL, 0, data, len);
}

void mr_redis_cmd_join(struct mr_redis_cmd *cmd, const char *head, const void *data, size_t len)
{
    add_parts(cmd, head, strlen(head), data, len);
}

void mr_redis_cmd_begin(struct mr_redis_cmd *cmd, const char *name)
{
    mr_buf_reset(&cmd->words);
    cmd->count = 0;
    mr_redis_cmd_str(cmd, name);
}

void mr_redis_cmd_fcall(struct mr_redis_cmd *cmd, const char *function, int keys)
{
    char name[MR_REDIS_FUNCTION_MAX];

    mr_redis_function_name(function, name);
    mr_redis_cmd_begin(cmd, "FCALL");
    mr_redis_cmd_str(cmd, name);
    mr_redis_cmd_int(cmd, keys);
}

void mr_redis_cmd_str(struct mr_redis_cmd *cmd, const char *text)
{
    mr_redis_cmd_add(cmd, text, strlen(text));
}

void mr_redis_cmd_int(struct mr_redis_cmd *cmd, int64_t n)
{
    char digits[21];
    size_t at = sizeof digits;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (n < 0)
        digits[--at] = '-';
    mr_redis_cmd_add(cmd, digits + at, sizeof digits - at);
}

void mr_redis_cmd_addf(struct mr_redis_cmd *cmd, const char *fmt, ...)
{
    char text[WORD_TEXT_MAX];
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof text) {
        cmd->words.failed = true; /* a cut key would be another key */
        return;
    }
    mr_redis_cmd_add(cmd, text, (size_t)len);
}

void mr_redis_cmd_release(struct mr_redis_cmd *cmd)
{
    mr_buf_release(&cmd->words);
    cmd->count = 0;
}

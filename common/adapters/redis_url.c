/* redis_url.c -- where Redis is: redis://[user:password@]host[:port][/db] or
 * unix://[user:password@]/path[?db=n].  Nothing of a URL is put into an error but its scheme: it
 * may hold a password. */
#include "common/adapters/redis_conn.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_DEFAULT = 6379, PORT_MAX = 65535, DB_MAX = 1 << 20 };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The text with %XX decoded; NULL where a % is not one, or memory ran out. */
static char *unescape(const char *text, size_t len)
{
    char *copy = malloc(len + 1), *out = copy;

    if (!copy)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        int high, low;

        if (text[i] != '%') {
            *out++ = text[i];
            continue;
        }
        high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
        low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low < 0 || (high == 0 && low == 0)) {
            free(copy);
            return NULL;
        }
        *out++ = (char)(high * 16 + low);
        i += 2;
    }
    *out = '\0';
    return copy;
}

/* Decimal up to the end of text; -1 where it is none or beyond max. */
static int number(const char *text, size_t len, int max)
{
    int n = 0;

    if (len == 0)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        n = n * 10 + (text[i] - '0');
        if (n > max)
            return -1;
    }
    return n;
}

/* [user][:password]@ -- moves *text behind it. */
static enum mr_code read_user(struct mr_redis_conn *conn, const char **text, size_t authority,
                              struct mr_error *err)
{
    const char *start = *text, *at = NULL, *colon;

    for (size_t i = 0; i < authority; i++)
        if (start[i] == '@')
            at = start + i;
    if (!at)
        return MR_OK;
    *text = at + 1;
    colon = memchr(start, ':', (size_t)(at - start));
    if (!colon)
        colon = at;
    if (colon > start && !(conn->user = unescape(start, (size_t)(colon - start))))
        return mr_fail(err, MR_INVALID, "MILLRACE_REDIS_URL: the user has a %% that is not %%XX");
    if (colon < at && !(conn->password = unescape(colon + 1, (size_t)(at - colon - 1))))
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_REDIS_URL: the password has a %% that is not %%XX");
    return MR_OK;
}

static enum mr_code read_tcp(struct mr_redis_conn *conn, const char *text, struct mr_error *err)
{
    size_t len = strcspn(text, "/?#"), host_len;
    const char *end, *host;
    enum mr_code rc = read_user(conn, &text, len, err);

    if (rc)
        return rc;
    len = strcspn(text, "/?#");
    end = text + len;
    host = text;
    if (*host == '[') { /* an IPv6 address */
        const char *close = memchr(host, ']', len);

        if (!close)
            return mr_fail(err, MR_INVALID, "MILLRACE_REDIS_URL: '[' without ']'");
        host++;
        host_len = (size_t)(close - host);
        text = close + 1;
    } else {
        host_len = strcspn(host, ":/?#");
        text = host + host_len;
    }
    conn->port = PORT_DEFAULT;
    if (*text == ':') {
        conn->port = number(text + 1, (size_t)(end - text - 1), PORT_MAX);
        text = end;
    }
    if (host_len == 0 || text != end || conn->port < 1)
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_REDIS_URL: must have a host and, where given, a port of 1..%d",
                       PORT_MAX);
    if (*end == '/' && end[1] != '\0')
        conn->db = number(end + 1, strlen(end + 1), DB_MAX);
    if (conn->db < 0 || (*end != '/' && *end != '\0'))
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_REDIS_URL: what follows the host must be the database's number");
    conn->host = strndup(host, host_len);
    return conn->host ? MR_OK : mr_fail(err, MR_NO_MEMORY, "redis: out of memory");
}

static enum mr_code read_unix(struct mr_redis_conn *conn, const char *text, struct mr_error *err)
{
    size_t len;
    enum mr_code rc = read_user(conn, &text, strcspn(text, "/"), err);

    if (rc)
        return rc;
    len = strcspn(text, "?");
    if (text[len] == '?') {
        if (strncmp(text + len, "?db=", 4) != 0)
            conn->db = -1;
        else
            conn->db = number(text + len + 4, strlen(text + len + 4), DB_MAX);
    }
    if (text[0] != '/' || conn->db < 0)
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_REDIS_URL: must be unix:///path or unix:///path?db=n");
    conn->path = strndup(text, len);
    return conn->path ? MR_OK : mr_fail(err, MR_NO_MEMORY, "redis: out of memory");
}

enum mr_code mr_redis_conn_init(struct mr_redis_conn *conn, const struct mr_redis_config *config,
                                struct mr_error *err)
{
    const char *url = config->url;
    enum mr_code rc;

    *conn = (struct mr_redis_conn){.timeout_ms = config->timeout_ms};
    if (url && strncasecmp(url, "redis://", 8) == 0)
        rc = read_tcp(conn, url + 8, err);
    else if (url && strncasecmp(url, "unix://", 7) == 0)
        rc = read_unix(conn, url + 7, err);
    else if (url && strncasecmp(url, "rediss://", 9) == 0)
        rc = mr_fail(err, MR_UNSUPPORTED,
                     "MILLRACE_REDIS_URL: rediss:// (TLS) is not supported: use redis:// inside a "
                     "private network, or a local TLS proxy such as stunnel");
    else
        rc = mr_fail(err, MR_INVALID,
                     "MILLRACE_REDIS_URL: must be redis://[user:password@]host[:port][/db] or "
                     "unix:///path");
    if (rc)
        mr_redis_conn_release(conn);
    return rc;
}

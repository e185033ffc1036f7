/* http_server.c -- see http_server.h. */
#include "tests/unit/http/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool send_text(int fd, const char *text)
{
    return send_all(fd, text, strlen(text));
}

/* Sleeps; false where the client has gone or the server ends. */
static bool wait_ms(struct http_server *server, int fd, int ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    char byte;
    if (poll(&poll_fd, 1, ms) == 1 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
        return false;
    return !atomic_load(&server->ending);
}

/* ---- answers that go wrong over time; all end with the connection ------------------------------
 */

static bool answer_never(struct http_server *server, int fd)
{
    while (wait_ms(server, fd, 20))
        ;
    return false;
}

static bool answer_head_only(struct http_server *server, int fd)
{
    send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    return answer_never(server, fd);
}

static bool answer_in_drops(struct http_server *server, int fd)
{
    send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (wait_ms(server, fd, 20) && send_text(fd, "x"))
        ;
    return false;
}

static bool answer_without_end(struct http_server *server, int fd)
{
    static char data[8192];
    memset(data, 'x', sizeof data);
    send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (!atomic_load(&server->ending) && send_text(fd, "2000\r\n") &&
           send_all(fd, data, sizeof data) && send_text(fd, "\r\n"))
        ;
    return false;
}

static bool answer_with_big_headers(struct http_server *server, int fd)
{
    char line[1024];
    (void)server;
    send_text(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100; i++) {
        snprintf(line, sizeof line, "X-Pad-%d: %0900d\r\n", i, i);
        if (!send_text(fd, line))
            return false;
    }
    send_text(fd, "Content-Length: 0\r\n\r\n");
    return false;
}

static bool answer_with_big_refusal(struct http_server *server, int fd)
{
    char pad[1001];
    (void)server;
    memset(pad, 'n', sizeof pad - 1);
    pad[sizeof pad - 1] = '\0';
    send_text(fd, "HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 100; i++)
        if (!send_text(fd, pad))
            return false;
    return true;
}

/* ---- answers that the query tells --------------------------------------------------------------
 */

static const char *query_of(const char *request, char *ret, size_t size)
{
    const char *query = strchr(request, '?');
    const size_t len = query ? strcspn(query + 1, " \r\n") : 0;

    snprintf(ret, size, "%.*s", (int)len, query ? query + 1 : "");
    return ret;
}

/* "/to?http://other/": a redirect there. */
static bool answer_with_redirect(struct http_server *server, int fd)
{
    char query[9000], head[9100];

    snprintf(head, sizeof head, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
             query_of(server->request, query, sizeof query));
    return send_text(fd, head);
}

/* "/status?503" */
static bool answer_with_status(struct http_server *server, int fd)
{
    char query[20], head[100];

    snprintf(head, sizeof head, "HTTP/1.1 %s Told\r\nContent-Length: 4\r\n\r\ntold",
             query_of(server->request, query, sizeof query));
    return send_text(fd, head);
}

static bool answer_with_picture(struct http_server *server, int fd)
{
    char head[128];

    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nContent-Type: image/x\r\nContent-Length: %zu\r\n\r\n",
             server->picture_len);
    return send_text(fd, head) && send_all(fd, server->picture, server->picture_len);
}

static bool answer_with_slow_picture(struct http_server *server, int fd)
{
    return wait_ms(server, fd, 200) && answer_with_picture(server, fd);
}

static bool answer_with_long_header(struct http_server *server, int fd)
{
    static char pad[300 * 1024];
    (void)server;
    memset(pad, 'h', sizeof pad - 1);
    send_text(fd, "HTTP/1.1 200 OK\r\nX-Long: ");
    send_text(fd, pad);
    send_text(fd, "\r\nContent-Length: 0\r\n\r\n");
    return false;
}

static bool refuse_without_end(struct http_server *server, int fd)
{
    static char data[8192];
    memset(data, 'x', sizeof data);
    send_text(fd, "HTTP/1.1 404 No\r\n\r\n");
    while (!atomic_load(&server->ending) && send_all(fd, data, sizeof data))
        ;
    return false;
}

static bool answer_with_request(struct http_server *server, int fd)
{
    char head[128];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
             server->request_len);
    return send_text(fd, head) && send_all(fd, server->request, server->request_len);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct answer {
    const char *path;
    const char *text; /* sent as it is, then: */
    bool closes;
    bool (*run)(struct http_server *, int fd); /* or this; false: the connection ends */
} answers[] = {
    {"/hello", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Two: 1\r\nX-Two: 2\r\nX-Empty:\r\n"
               "Content-Length: 5\r\n\r\nhello", false, NULL},
    {"/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\n\r\n", false, NULL},
    {"/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\nno such page", false, NULL},
    {"/no-content", "HTTP/1.1 204 No Content\r\n\r\n", false, NULL},
    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n", false, NULL},
    {"/trailers", "HTTP/1.1 200 OK\r\nX-Early: 1\r\nTransfer-Encoding: chunked\r\nTrailer: x-late\r\n\r\n"
                  "5\r\nhello\r\n0\r\nX-Late: 1\r\nX-Early: 2\r\n\r\n", false, NULL},
    {"/interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n"
                 "HTTP/1.1 200 OK\r\nX-Final: 1\r\nContent-Length: 5\r\n\r\nhello", false, NULL},
    {"/control", "HTTP/1.1 200 OK\r\nX-Bad: a\x01" "b\tc\r\nContent-Length: 0\r\n\r\n", false, NULL},
    {"/short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", true, NULL},
    {"/broken-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzzz\r\n", true, NULL},
    {"/huge", "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\nhello", true, NULL},
    {"/nothing", "", true, NULL},
    {"/no-http", "hello\r\n", true, NULL},
    {"/refuse", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", true, NULL},
    {"/silent", NULL, true, answer_never},
    {"/head-only", NULL, true, answer_head_only},
    {"/drops", NULL, true, answer_in_drops},
    {"/endless", NULL, true, answer_without_end},
    {"/big-headers", NULL, true, answer_with_big_headers},
    {"/big-refusal", NULL, false, answer_with_big_refusal},
    {"/echo", NULL, false, answer_with_request},
    {"/to", NULL, false, answer_with_redirect},
    {"/status", NULL, false, answer_with_status},
    {"/picture", NULL, false, answer_with_picture},
    {"/slow-picture", NULL, false, answer_with_slow_picture},
    {"/long-header", NULL, true, answer_with_long_header},
    {"/refuse-without-end", NULL, true, refuse_without_end},
    {"/loop", "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n", false, NULL},
    {"/nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", false, NULL},
    {"/dir/near", "HTTP/1.1 307 Moved\r\nLocation: ../hello#part\r\nContent-Length: 0\r\n\r\n", false, NULL},
    {"/gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", false, NULL},
    {"/cookie", "HTTP/1.1 302 Found\r\nSet-Cookie: a=b\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n", false, NULL},
};
/* clang-format on */

static bool answer(struct http_server *server, int fd)
{
    const char *path = strchr(server->request, ' ');
    size_t len = path ? strcspn(path + 1, " ?") : 0;
    bool head = strncmp(server->request, "HEAD ", 5) == 0;

    memcpy(server->last, server->request, server->request_len + 1);
    for (size_t i = 0; path && i < sizeof answers / sizeof *answers; i++) {
        const struct answer *a = &answers[i];
        if (strlen(a->path) != len || memcmp(a->path, path + 1, len) != 0)
            continue;
        if (a->run)
            return a->run(server, fd);
        const char *end = strstr(a->text, "\r\n\r\n");
        return (head ? send_all(fd, a->text, (size_t)(end + 4 - a->text))
                     : send_text(fd, a->text)) &&
               !a->closes;
    }
    return send_text(fd, "HTTP/1.1 501 No Such Answer\r\nContent-Length: 0\r\n\r\n");
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool receive(struct http_server *server, int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    char spill[4096];
    bool full = server->request_len + 1 >= sizeof server->request;

    while (!atomic_load(&server->ending)) {
        if (poll(&poll_fd, 1, 20) != 1)
            continue;
        ssize_t n = full ? recv(fd, spill, sizeof spill, 0)
                         : recv(fd, server->request + server->request_len,
                                sizeof server->request - server->request_len - 1, 0);
        if (n <= 0)
            return false;
        server->request_len += full ? 0 : (size_t)n;
        server->request[server->request_len] = '\0';
        return true;
    }
    return false;
}

/* Takes a head and its body; a refused body is left where it is. */
static bool take_request(struct http_server *server, int fd)
{
    char *end;
    server->request_len = 0;
    server->request[0] = '\0';
    while (!(end = strstr(server->request, "\r\n\r\n")))
        if (!receive(server, fd))
            return false;
    atomic_fetch_add(&server->requests, 1);
    if (strstr(server->request, " /refuse "))
        return true;
    for (char *line = server->request; line < end; line = strstr(line, "\r\n") + 2)
        if (strncasecmp(line, "content-length:", 15) == 0) {
            size_t head_len = (size_t)(end + 4 - server->request);
            size_t len = head_len + strtoul(line + 15, NULL, 10);
            while (server->request_len < len)
                if (!receive(server, fd))
                    return false;
        }
    return true;
}

static void *serve(void *ctx)
{
    struct http_server *server = ctx;
    struct pollfd poll_fd = {.fd = server->fd, .events = POLLIN};

    while (!atomic_load(&server->ending)) {
        if (poll(&poll_fd, 1, 20) != 1)
            continue;
        int fd = accept(server->fd, NULL, NULL);
        if (fd < 0)
            continue;
        atomic_fetch_add(&server->connections, 1);
        while (take_request(server, fd) && answer(server, fd))
            ;
        close(fd);
    }
    return NULL;
}

int http_server_start(struct http_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    pthread_t thread;

    memset(server, 0, sizeof *server);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, len) ||
        listen(server->fd, 16) || getsockname(server->fd, (struct sockaddr *)&address, &len) ||
        pthread_create(&thread, NULL, serve, server))
        return -1;
    server->port = ntohs(address.sin_port);
    server->thread = thread;
    return 0;
}

void http_server_stop(struct http_server *server)
{
    atomic_store(&server->ending, true);
    pthread_join(server->thread, NULL);
    close(server->fd);
}

/* http_server.h -- a small server in a thread for the tests of HTTP clients: what it answers, well
 * or badly, is told by the path. */
#ifndef TEST_HTTP_SERVER_H
#define TEST_HTTP_SERVER_H

#include <stdatomic.h>
#include <stddef.h>

struct http_server {
    int fd;
    int port;
    atomic_bool ending;
    atomic_int connections; /* accepted so far */
    atomic_int requests;    /* whole heads seen so far */
    unsigned long thread;
    const void *picture; /* what "/picture" is answered with; lent */
    size_t picture_len;
    char request[64 * 1024]; /* head and body of the one being taken */
    size_t request_len;
    char last[64 * 1024]; /* of the one answered last; read it when its answer is there */
};

int http_server_start(struct http_server *server); /* 0, or -1 */
void http_server_stop(struct http_server *server);

#endif

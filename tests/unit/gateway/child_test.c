/* child_test.c -- `millrace up` waits for a Redis that is still reading its data. */
#include "gateway/cli/child.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A server that says LOADING to so many, then PONG: what a Redis with a long file does. */
struct server {
    int fd, port;
    int loading;
    atomic_int asked;
    pthread_t thread;
};

static void *serve(void *ctx)
{
    static const char loading[] = "-LOADING Redis is loading the dataset in memory\r\n";
    static const char pong[] = "+PONG\r\n";
    struct server *server = ctx;
    char question[64];
    int fd;

    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        const bool ready = atomic_fetch_add(&server->asked, 1) >= server->loading;
        const char *answer = ready ? pong : loading;

        if (recv(fd, question, sizeof question, 0) > 0)
            (void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        (void)close(fd);
    }
    return NULL;
}

static void server_start(struct server *server, int loading)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;

    server->loading = loading;
    atomic_store(&server->asked, 0);
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->fd, 16), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    (void)shutdown(server->fd, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->fd);
}

/* A child that stays until it is killed, or ends at once. */
static struct cli_child child_of(bool stays)
{
    struct cli_child child = {.name = "redis-server", .log = "redis.log"};

    child.pid = fork();
    if (child.pid == 0) {
        if (stays)
            (void)pause();
        _exit(3);
    }
    assert_true(child.pid > 0);
    return child;
}

static void a_redis_that_loads_is_waited_for(void **state)
{
    struct cli_child child = child_of(true);
    volatile sig_atomic_t end = 0;
    struct server server;
    struct mr_error err;

    (void)state;
    server_start(&server, 3);
    assert_int_equal(cli_child_wait_redis(&child, server.port, &end, &err), MR_OK);
    assert_int_equal(atomic_load(&server.asked), 4);
    server_stop(&server);
    (void)kill(child.pid, SIGKILL);
    (void)waitpid(child.pid, NULL, 0);
}

static void the_wait_ends_when_asked_to(void **state)
{
    struct cli_child child = child_of(true);
    volatile sig_atomic_t end = 1;
    struct server server;
    struct mr_error err;

    (void)state;
    server_start(&server, 1000000);
    assert_int_equal(cli_child_wait_redis(&child, server.port, &end, &err), MR_CANCELLED);
    server_stop(&server);
    (void)kill(child.pid, SIGKILL);
    (void)waitpid(child.pid, NULL, 0);
}

static void the_wait_ends_with_the_child(void **state)
{
    struct cli_child child = child_of(false);
    volatile sig_atomic_t end = 0;
    struct server server;
    struct mr_error err;

    (void)state;
    server_start(&server, 1000000);
    assert_int_equal(cli_child_wait_redis(&child, server.port, &end, &err), MR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "redis-server ended (status 3)"));
    assert_non_null(strstr(err.text, "redis.log"));
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redis_that_loads_is_waited_for),
        cmocka_unit_test(the_wait_ends_when_asked_to),
        cmocka_unit_test(the_wait_ends_with_the_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* up.c -- the embedded cluster: Redis, gateway, orchestrator and worker as children of one process,
 * their data in one folder.  A child that ends is started again; Ctrl-C ends all in reverse order.
 * Log and state share one Redis with appendfsync always, so kill -9 of everything loses nothing. */
#include "gateway/cli/cli.h"

#include "common/adapters/crypto.h"
#include "common/base/id.h"
#include "common/ports/clock.h"
#include "gateway/cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REDIS, ORCHESTRATOR, WORKER, GATEWAY, CHILDREN };

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
    (void)number;
    asked_to_end = 1;
}

static enum mr_code make_folder(const char *path, struct mr_error *err)
{
    if (mkdir(path, 0700) && errno != EEXIST)
        return mr_fail(err, MR_IO, "%s: %s", path, strerror(errno));
    return MR_OK;
}

static enum mr_code write_file(const char *path, mode_t mode, const char *text,
                               struct mr_error *err)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    const size_t len = strlen(text);
    enum mr_code rc = MR_OK;

    if (fd < 0 || write(fd, text, len) != (ssize_t)len)
        rc = mr_fail(err, MR_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

static enum mr_code make_key(const char *data, struct mr_error *err)
{
    char path[4200], key[80] = "mrk_";
    unsigned char bytes[24];
    enum mr_code rc;

    (void)snprintf(path, sizeof path, "%s/admin.key", data);
    if (access(path, R_OK) == 0)
        return MR_OK;
    rc = mr_random(bytes, sizeof bytes, err);
    if (rc)
        return rc;
    mr_hex(bytes, sizeof bytes, key + 4);
    strcat(key, "\n");
    return write_file(path, 0600, key, err);
}

static enum mr_code make_redis_conf(const struct cli_config *config, const char *data,
                                    struct mr_error *err)
{
    char path[4200], text[9000];

    (void)snprintf(path, sizeof path, "%s/redis.conf", data);
    (void)snprintf(text, sizeof text,
                   "# made by millrace up; log and state of the embedded cluster\n"
                   "bind 127.0.0.1\nport %lld\ndir \"%s/redis\"\ndaemonize no\nsave \"\"\n"
                   "appendonly yes\nappendfsync always\nmaxmemory-policy noeviction\n"
                   "rename-command FLUSHALL \"\"\nrename-command FLUSHDB \"\"\n",
                   (long long)config->redis_port, data);
    return write_file(path, 0600, text, err);
}

static enum mr_code prepare(struct cli *cli, char data[4096], struct mr_error *err)
{
    static const char *const folders[] = {"", "/redis", "/blobs", "/logs"};
    char path[4200], text[64];
    enum mr_code rc = MR_OK;

    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !rc; i++) {
        (void)snprintf(path, sizeof path, "%s%s", cli->config.data, folders[i]);
        rc = make_folder(path, err);
    }
    if (rc)
        return rc;
    if (!realpath(cli->config.data, data))
        return mr_fail(err, MR_IO, "%s: %s", cli->config.data, strerror(errno));
    if (strpbrk(data, "\"\\\n"))
        return mr_fail(err, MR_INVALID, "MILLRACE_DATA: %s: a path without \" and \\ is needed",
                       data);
    if ((rc = make_key(data, err)) || (rc = make_redis_conf(&cli->config, data, err)))
        return rc;
    (void)snprintf(path, sizeof path, "%s/url", data);
    (void)snprintf(text, sizeof text, "http://127.0.0.1:%lld\n", (long long)cli->config.port);
    return write_file(path, 0644, text, err);
}

/* What the children of this cluster must agree on; a setting that is set already stays. */
static void set_environment(const struct cli_config *config, const char *data)
{
    char text[4300];
    const struct {
        const char *name, *value;
    } fixed[] = {{"MILLRACE_BUS", "redis"}, {"MILLRACE_BLOB", "dir"}};

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        (void)setenv(fixed[i].name, fixed[i].value, 1);
    (void)snprintf(text, sizeof text, "redis://127.0.0.1:%lld/0", (long long)config->redis_port);
    (void)setenv("MILLRACE_REDIS_URL", text, 1);
    (void)snprintf(text, sizeof text, "%s/blobs", data);
    (void)setenv("MILLRACE_BLOB_DIR", text, 1);
    (void)snprintf(text, sizeof text, "127.0.0.1:%lld", (long long)config->port);
    (void)setenv("GATEWAY_LISTEN", text, 1);
    (void)snprintf(text, sizeof text, "%s/admin.key", data);
    (void)setenv("GATEWAY_ADMIN_KEY_FILE", text, 1);
    (void)setenv("MILLRACE_SHARDS", "2", 0);
    (void)setenv("MILLRACE_TASK_PARTITIONS", "2", 0);
    (void)setenv("WORKER_SANDBOX", "best", 0);
    (void)setenv("ORCH_EVALUATOR_SANDBOX", "best", 0);
}

static bool gateway_ready(struct cli *cli)
{
    struct mr_http_request request = {.method = "GET", .timeout_ms = 1000, .response_max = 65536};
    struct mr_http_response response = {0};
    char url[600];
    bool ready;

    (void)snprintf(url, sizeof url, "%s/readyz", cli->url);
    request.url = url;
    ready =
        mr_http_request(cli->http, &request, &response, NULL) == MR_OK && response.status == 200;
    mr_http_response_release(&response);
    return ready;
}

static enum mr_code wait_ready(struct cli *cli, struct cli_child children[CHILDREN],
                               struct mr_error *err)
{
    const int64_t limit = mr_mono_ms() + 30000;

    while (!gateway_ready(cli)) {
        for (int i = 0; i < CHILDREN; i++)
            if (cli_child_ended(&children[i]))
                return mr_fail(err, MR_UNAVAILABLE, "%s ended (%s); see %s", children[i].name,
                               children[i].how, children[i].log);
        if (asked_to_end)
            return mr_fail(err, MR_CANCELLED, "asked to end");
        if (mr_mono_ms() > limit)
            return mr_fail(err, MR_TIMEOUT, "the gateway is not ready after 30 s; see %s",
                           children[GATEWAY].log);
        (void)poll(NULL, 0, 20);
    }
    return MR_OK;
}

static void say_ready(const struct cli *cli, const char *data, int64_t took_ms)
{
    printf("Millrace is up after %.1f s.\n\n", (double)took_ms / 1000);
    printf("  gateway   %s\n", cli->url);
    printf("  key       in %s/admin.key\n", data);
    printf("  status    redis-cli -p %lld   (docs/status.md lists the keys)\n",
           (long long)cli->config.redis_port);
    printf("  blobs     %s/blobs\n  logs      %s/logs\n\n", data, data);
    printf("Ctrl-C ends it. Try: millrace doctor\n");
    (void)fflush(stdout);
}

static enum mr_code start_all(struct cli *cli, struct cli_child children[CHILDREN],
                              const char *data, struct mr_error *err)
{
    static const char *const names[CHILDREN] = {"redis-server", "millrace-orchestrator",
                                                "millrace-worker", "millrace-gateway"};
    char conf[4200];
    enum mr_code rc = MR_OK;

    (void)snprintf(conf, sizeof conf, "%s/redis.conf", data);
    for (int i = 0; i < CHILDREN && !rc; i++) {
        rc = cli_child_start(&children[i], names[i], i == REDIS ? conf : NULL, data, err);
        if (!rc && i == REDIS)
            rc = cli_child_wait_port(&children[i], (int)cli->config.redis_port, 10000, err);
        if (!rc && i == REDIS)
            rc =
                cli_child_wait_redis(&children[i], (int)cli->config.redis_port, &asked_to_end, err);
    }
    return rc;
}

static void keep(struct cli_child children[CHILDREN], const char *data)
{
    while (!asked_to_end) {
        struct mr_error err;

        for (int i = 0; i < CHILDREN; i++)
            if (cli_child_ended(&children[i]) && cli_child_again(&children[i], data, &err))
                fprintf(stderr, "millrace up: %s\n", err.text);
        (void)poll(NULL, 0, 100);
    }
}

enum mr_code cli_up(struct cli *cli, struct mr_error *err)
{
    const char *folder = cli_option(cli, "data");
    struct cli_child children[CHILDREN] = {0};
    struct sigaction action = {.sa_handler = on_signal};
    const int64_t started = mr_mono_ms();
    char data[4096];
    enum mr_code rc = cli_words(cli, 0, 0, "up [--data DIR]", err);

    if (rc)
        return rc;
    if (folder) {
        char *copy = strdup(folder);

        if (!copy)
            return mr_fail(err, MR_NO_MEMORY, "--data");
        free(cli->config.data);
        cli->config.data = copy;
    }
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    rc = prepare(cli, data, err);
    if (rc)
        return rc;
    set_environment(&cli->config, data);
    rc = cli_connect(cli, err);
    if (!rc)
        rc = cli_port_free((int)cli->config.redis_port, "MILLRACE_REDIS_PORT", err);
    if (!rc)
        rc = cli_port_free((int)cli->config.port, "MILLRACE_PORT", err);
    if (!rc)
        rc = start_all(cli, children, data, err);
    if (!rc)
        rc = wait_ready(cli, children, err);
    if (!rc) {
        say_ready(cli, data, mr_mono_ms() - started);
        keep(children, data);
    }
    for (int i = CHILDREN; i-- > 0;)
        cli_child_end(&children[i]);
    return rc;
}

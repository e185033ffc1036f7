/* names.c -- short texts that name something: keys, tokens, resources, where Redis is. */
#include "tests/fuzz/fuzz.h"

#include "common/adapters/redis_conn.h"
#include "common/model/message.h"
#include "common/model/resource.h"
#include "common/ports/blob.h"

#include <inttypes.h>

static void fuzz_key(const char *text)
{
    struct mr_error err = {0};

    if (mr_blob_key_check(text, &err)) {
        FUZZ_PROMISE(err.text[0], "a refusal has its reason");
        return;
    }
    FUZZ_PROMISE(text[0] && text[0] != '/' && !strstr(text, "//") && !strstr(text, "/../") &&
                     strncmp(text, "../", 3) != 0 && strcmp(text, "..") != 0,
                 "a key stays in its store: %s", text);
    for (const char *p = text; *p; p++)
        FUZZ_PROMISE((unsigned char)*p >= 0x20 && *p != 0x7F, "a key is one line");
}

static void fuzz_token(const char *text)
{
    struct mr_token token;
    char back[MR_TOKEN_MAX + 1];

    if (mr_token_parse(text, &token, NULL))
        return;
    (void)snprintf(back, sizeof back, "%s.%" PRIu64 ".%" PRIu32 ".%s", token.job, token.seq,
                   token.attempt, token.mac);
    FUZZ_PROMISE(strcmp(back, text) == 0, "%s was read from %s", back, text);
}

static void fuzz_resource(const char *text)
{
    struct mr_resource resource = {0};
    struct mr_error err = {0};

    if (mr_resource_resolve(text, &resource, &err)) {
        FUZZ_PROMISE(err.text[0], "a refusal has its reason");
        return;
    }
    if (resource.service == MR_SERVICE_WORKER) /* the others' is known later, or never asked for */
        FUZZ_PROMISE(mr_class_valid(resource.class_name, strlen(resource.class_name)),
                     "class %s of %s", resource.class_name, text);
    FUZZ_PROMISE(resource.type[0], "no type in %s", text);
}

static void fuzz_redis_url(char *text)
{
    struct mr_redis_config config = {.url = text, .timeout_ms = 1000};
    struct mr_redis_conn conn;
    struct mr_error err = {0};

    if (mr_redis_conn_init(&conn, &config, &err)) {
        FUZZ_PROMISE(err.text[0], "a refusal has its reason");
        return;
    }
    FUZZ_PROMISE(!conn.host != !conn.path, "a host or a path");
    FUZZ_PROMISE(conn.db >= 0, "database %d", conn.db);
    FUZZ_PROMISE(conn.path || (conn.port >= 1 && conn.port <= 65535 && conn.host[0]), "port %d",
                 conn.port);
    mr_redis_conn_release(&conn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = fuzz_text(data, len);

    fuzz_key(text);
    fuzz_token(text);
    fuzz_resource(text);
    fuzz_redis_url(text);
    free(text);
    return 0;
}

/* fixture.c -- puts a gateway on twins, and drives it turn by turn. */
#include "tests/unit/gateway/fixture.h"

#include "common/base/json.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void load_settings(struct fixture *fx, const char *const *changes)
{
    struct mr_settings_part parts[] = {
        {"Gateway", gw_settings, gw_settings_count, &fx->config},
        {"Cluster", mr_cluster_settings, mr_cluster_settings_count, &fx->cluster},
    };
    char *none[] = {NULL};
    struct mr_error err;

    assert_int_equal(mr_config_load(parts, 2, 0, none, &err), MR_OK);
    assert_int_equal(mr_config_set(parts, 2, "GATEWAY_LISTEN", "127.0.0.1:0", &err), MR_OK);
    assert_int_equal(mr_config_set(parts, 2, "GATEWAY_ADMIN_KEY", "root", &err), MR_OK);
    for (; changes && changes[0]; changes += 2)
        if (mr_config_set(parts, 2, changes[0], changes[1], &err))
            fail_msg("%s", err.text);
}

static struct mr_bus *open_bus(void *ctx, struct mr_error *err)
{
    return mr_bus_sim_new(((struct fixture *)ctx)->broker, err);
}

static struct mr_store *open_store(void *ctx, struct mr_error *err)
{
    return mr_store_sim_new(((struct fixture *)ctx)->redis, err);
}

struct fixture *fixture_new(const char *const *changes, struct mr_blob *blob)
{
    struct fixture *fx = calloc(1, sizeof(*fx));
    struct mr_topic_spec specs[MR_TOPICS_COUNT];
    struct mr_topics topics;
    struct mr_error err;

    assert_non_null(fx);
    load_settings(fx, changes);
    fx->world = (struct mr_sim_world){.seed = 1, .now_ms = 1700000000000};
    fx->blob_world = fx->world;
    mr_sim_clock_init(&fx->clock, &fx->world);
    fx->broker = mr_sim_broker_new(&fx->world);
    fx->redis = mr_sim_redis_new(&fx->world);
    fx->bucket = mr_sim_bucket_new(&fx->blob_world);
    fx->bus = mr_bus_sim_new(fx->broker, &err);
    fx->other = mr_bus_sim_new(fx->broker, &err);
    fx->store = mr_store_sim_new(fx->redis, &err);
    fx->blob = blob ? blob : mr_blob_sim_new(fx->bucket, &err);
    mr_topics_init(&topics, fx->cluster.topics);
    mr_topics_specs(&topics, &fx->cluster, specs);
    assert_int_equal(mr_bus_ensure(fx->bus, specs, MR_TOPICS_COUNT, &err), MR_OK);
    assert_int_equal(mr_store_check(fx->store, false, (uint32_t)fx->cluster.shards, &err), MR_OK);
    const struct gw_ports ports = {
        .bus = fx->bus,
        .store = fx->store,
        .blob = fx->blob,
        .clock = &fx->clock.clock,
        .open_bus = open_bus,
        .open_store = open_store,
        .ctx = fx,
    };
    if (gw_app_setup(&fx->app, &fx->config, &fx->cluster, &ports, &err))
        fail_msg("%s", err.text);
    fixture_pass(fx, 500);
    return fx;
}

void fixture_free(struct fixture *fx)
{
    struct mr_settings_part parts[] = {
        {"Gateway", gw_settings, gw_settings_count, &fx->config},
        {"Cluster", mr_cluster_settings, mr_cluster_settings_count, &fx->cluster},
    };

    gw_app_teardown(&fx->app);
    mr_blob_free(fx->blob);
    mr_store_free(fx->store);
    mr_bus_free(fx->bus);
    mr_bus_free(fx->other);
    mr_sim_bucket_free(fx->bucket);
    mr_sim_redis_free(fx->redis);
    mr_sim_broker_free(fx->broker);
    mr_config_release(parts, 2);
    free(fx);
}

void fixture_step(struct fixture *fx, int times)
{
    struct mr_error err;

    for (int i = 0; i < times; i++) {
        (void)mr_bus_poll(fx->bus); /* the twin's descriptor never calls */
        gw_config_copy_poll(&fx->app);
        if (gw_app_step(&fx->app, 1, &err))
            fail_msg("%s", err.text);
    }
}

void fixture_pass(struct fixture *fx, int64_t ms)
{
    while (ms > 0) {
        int64_t part = ms < GW_TICK_MS ? ms : GW_TICK_MS;
        fx->world.now_ms += part;
        ms -= part;
        fixture_step(fx, 1);
    }
}

void fixture_settle(struct fixture *fx)
{
    for (int i = 0; i < 5000 && fx->app.works.active; i++)
        fixture_step(fx, 1);
    assert_null(fx->app.works.active);
}

/* ---- the client
 * ------------------------------------------------------------------------------------------- */

struct client client_open(struct fixture *fx)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)gw_server_port(fx->app.server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    const int yes = 1; /* bytes sent one by one are to arrive one by one */

    assert_true(client.fd >= 0);
    assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), 0);
    assert_int_equal(fcntl(client.fd, F_SETFL, O_NONBLOCK), 0);
    return client;
}

void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    mr_buf_release(&client->in);
}

bool client_try_send(struct client *client, const char *data, size_t len, size_t *ret_sent)
{
    ssize_t n = send(client->fd, data, len, MSG_NOSIGNAL);

    *ret_sent = n > 0 ? (size_t)n : 0;
    return n >= 0 || errno == EAGAIN;
}

void client_send(struct client *client, const char *data, size_t len)
{
    size_t sent;

    if (len == 0)
        return;
    assert_true(client_try_send(client, data, len, &sent));
    assert_int_equal(sent, len);
}

static void receive(struct client *client)
{
    char piece[65536];
    ssize_t n = recv(client->fd, piece, sizeof(piece), 0);

    if (n > 0)
        assert_int_equal(mr_buf_add(&client->in, piece, (size_t)n), MR_OK);
    else if (n == 0 || errno != EAGAIN)
        client->ended = true;
}

static void drop(struct mr_buf *buf, size_t len)
{
    memmove(buf->data, buf->data + len, buf->len - len);
    buf->len -= len;
    buf->data[buf->len] = '\0';
}

/* A whole response at the front of what came?  Takes it out. */
static bool take_response(struct client *client, struct response *ret)
{
    char *end = client->in.len ? strstr(client->in.data, "\r\n\r\n") : NULL, *length;
    size_t head;

    if (!end)
        return false;
    head = (size_t)(end - client->in.data) + 4;
    if (strncmp(client->in.data, "HTTP/1.1 100", 12) == 0) {
        drop(&client->in, head);
        return take_response(client, ret);
    }
    end[2] = '\0';
    length = strstr(client->in.data, "Content-Length: ");
    end[2] = '\r';
    ret->body_len = length && length < end ? (size_t)strtoll(length + 16, NULL, 10) : 0;
    if (client->in.len < head + ret->body_len)
        return false;
    ret->status = atoi(client->in.data + 9);
    ret->head = strndup(client->in.data, head);
    ret->body = malloc(ret->body_len + 1);
    assert_true(ret->head && ret->body);
    memcpy(ret->body, client->in.data + head, ret->body_len);
    ret->body[ret->body_len] = '\0';
    drop(&client->in, head + ret->body_len);
    return true;
}

struct response client_read(struct fixture *fx, struct client *client, int steps)
{
    struct response response = {0};

    for (int i = 0; i < steps; i++) {
        if (take_response(client, &response))
            return response;
        if (client->ended)
            return response;
        fixture_step(fx, 1);
        receive(client);
    }
    return response;
}

bool client_ended(struct fixture *fx, struct client *client, int steps)
{
    for (int i = 0; i < steps && !client->ended; i++) {
        fixture_step(fx, 1);
        receive(client);
    }
    return client->ended;
}

void response_release(struct response *response)
{
    free(response->head);
    free(response->body);
    *response = (struct response){0};
}

struct response ask(struct fixture *fx, const char *method, const char *target, const char *headers,
                    const char *body)
{
    struct client client = client_open(fx);
    struct response response;
    struct mr_buf text = {0};

    (void)mr_buf_addf(&text, "%s %s HTTP/1.1\r\nHost: test\r\n%s", method, target,
                      headers ? headers : "");
    if (body)
        (void)mr_buf_addf(&text, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    else
        (void)mr_buf_add_str(&text, "\r\n");
    client_send(&client, text.data, text.len);
    mr_buf_release(&text);
    response = client_read(fx, &client, 2000);
    client_close(&client);
    fixture_step(fx, 2);
    return response;
}

int ask_status(struct fixture *fx, const char *method, const char *target, const char *headers,
               const char *body)
{
    struct response response = ask(fx, method, target, headers, body);
    int status = response.status;

    response_release(&response);
    return status;
}

/* ---- JSON
 * ----------------------------------------------------------------------------------------------------
 */

cJSON *json_of(const struct response *response)
{
    cJSON *root = NULL;
    struct mr_error err;

    if (mr_json_parse(response->body, response->body_len, &mr_json_limits_message, &root, &err))
        fail_msg("%s: %s", err.text, response->body);
    return root;
}

const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = mr_json_get(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

/* ---- the rest of the cluster
 * ------------------------------------------------------------------------------ */

void put_row(struct fixture *fx, const char *job, int64_t created, const char *const *fields)
{
    uint32_t shard = mr_shard_of(job, strlen(job), (uint32_t)fx->cluster.shards);
    struct mr_buf pairs = {0};
    struct mr_pos pos = {0};
    struct mr_error err;
    const char *status = "RUNNING";

    for (; fields[0]; fields += 2) {
        if (strcmp(fields[0], "status") == 0)
            status = fields[1];
        (void)mr_buf_add(&pairs, fields[0], strlen(fields[0]) + 1);
        (void)mr_buf_add(&pairs, fields[1], strlen(fields[1]) + 1);
    }
    assert_int_equal(mr_store_pos_get(fx->store, shard, &pos, &err), MR_OK);
    struct mr_batch_op ops[2] = {
        {.kind = MR_BATCH_ROW,
         .key = job,
         .key_len = strlen(job),
         .a = pairs.data,
         .a_len = pairs.len},
        {.kind = MR_BATCH_OPEN, .key = job, .key_len = strlen(job), .n = created},
    };
    if (strcmp(status, "RUNNING") != 0)
        ops[1] = (struct mr_batch_op){.kind = MR_BATCH_CLOSED,
                                      .key = job,
                                      .key_len = strlen(job),
                                      .a = status,
                                      .a_len = strlen(status),
                                      .n = created};
    const struct mr_batch batch = {
        .shard = shard,
        .epoch = 1,
        .expect = pos.present ? pos.next : 0,
        .next = pos.present ? pos.next + 1 : 1,
        .rebuild = !pos.present,
        .log_id = "t",
        .last_id = "x",
        .ops = ops,
        .op_count = 2,
    };
    assert_int_equal(mr_store_advance_send(fx->store, &batch, &err), MR_OK);
    if (mr_store_advance_wait(fx->store, &err))
        fail_msg("%s", err.text);
    mr_buf_release(&pairs);
}

cJSON *messages_of(struct fixture *fx, const char *topic)
{
    struct mr_error err;
    struct mr_log *log = mr_log_open(fx->other, topic, &err);
    int32_t partitions = mr_bus_partitions(fx->other, topic, &err);
    cJSON *list = cJSON_CreateArray();
    struct mr_msg msg;

    assert_non_null(log);
    for (int32_t p = 0; p < partitions; p++)
        assert_int_equal(mr_log_start(log, p, MR_LOG_FIRST, &err), MR_OK);
    while (mr_log_poll(log, &msg, 1, &err) > 0)
        if (msg.value)
            cJSON_AddItemToArray(list, cJSON_ParseWithLength(msg.value, msg.value_len));
    mr_log_free(log);
    return list;
}

int messages_count(struct fixture *fx, const char *topic)
{
    cJSON *list = messages_of(fx, topic);
    int n = cJSON_GetArraySize(list);

    cJSON_Delete(list);
    return n;
}

const char *key_for(struct fixture *fx, const char *tenant, const char *scopes)
{
    static char line[200];
    char body[300];
    struct response response;
    cJSON *root;

    (void)snprintf(body, sizeof(body), "{\"tenant\":\"%s\",\"scopes\":[%s]}", tenant, scopes);
    response = ask(fx, "POST", "/v1/keys", ADMIN, body);
    assert_int_equal(response.status, 201);
    root = json_of(&response);
    (void)snprintf(line, sizeof(line), "Authorization: Bearer %s\r\n", text_of(root, "key"));
    cJSON_Delete(root);
    response_release(&response);
    return line;
}

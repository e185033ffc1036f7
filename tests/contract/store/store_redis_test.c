/* store_redis_test.c -- the store's contract on a real Redis, and what only a real one can show:
 * its settings, its keys as the dashboards read them, connections that break. */
#include "tests/contract/store/store_contract_kit.h"
#include "tests/lib/redis_kit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct mr_redis_config config;

static struct mr_store *connect_redis(void *ctx, struct mr_error *err)
{
    (void)ctx;
    return mr_store_redis_new(&config, err);
}

static void wipe(void *ctx)
{
    (void)ctx;
    redis_kit_wipe();
}

static void pass_time(void *ctx, int64_t ms)
{
    (void)ctx;
    (void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static int64_t now_ms(void *ctx)
{
    redisReply *reply = redis_kit_command("TIME");
    long long s = 0, us = 0;

    (void)ctx;
    (void)sscanf(reply->element[0]->str, "%lld", &s);
    (void)sscanf(reply->element[1]->str, "%lld", &us);
    freeReplyObject(reply);
    return s * 1000 + us / 1000;
}

static const struct store_contract real = {.driver = "store contract: redis",
                                           .connect = connect_redis,
                                           .wipe = wipe,
                                           .pass_time = pass_time,
                                           .now_ms = now_ms};

/* ---- settings
 * ------------------------------------------------------------------------------------ */

/* Sets one setting for the time of a check. */
static enum mr_code check_with(const char *name, const char *value, bool durable,
                               struct mr_error *err)
{
    struct mr_store *store = kit_connect();
    redisReply *was = redis_kit_command("CONFIG GET %s", name);
    enum mr_code rc;

    freeReplyObject(redis_kit_command("CONFIG SET %s %s", name, value));
    rc = mr_store_check(store, durable, 8, err);
    freeReplyObject(redis_kit_command("CONFIG SET %s %s", name, was->element[1]->str));
    freeReplyObject(was);
    mr_store_free(store);
    return rc;
}

static void a_setting_that_loses_jobs_is_named(void **state)
{
    struct mr_error err;

    (void)state;
    assert_int_equal(check_with("maxmemory-policy", "allkeys-lru", false, &err), MR_INVALID);
    assert_non_null(strstr(err.text, "maxmemory-policy is allkeys-lru, must be noeviction"));
    assert_int_equal(check_with("appendfsync", "no", false, &err), MR_INVALID);
    assert_non_null(strstr(err.text, "everysec"));
    assert_int_equal(check_with("appendfsync", "everysec", false, &err), MR_OK);
    assert_int_equal(check_with("appendfsync", "everysec", true, &err), MR_INVALID);
    assert_non_null(strstr(err.text, "appendfsync is everysec, must be always"));
}

static void the_shard_count_is_fixed_by_the_first_start(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_error err;

    (void)state;
    redis_kit_wipe();
    assert_int_equal(mr_store_check(store, false, 8, &err), MR_OK);
    assert_int_equal(mr_store_check(store, false, 8, &err), MR_OK);
    assert_int_equal(mr_store_check(store, false, 9, &err), MR_INVALID);
    assert_non_null(strstr(err.text, "shards 8"));
    mr_store_free(store);
}

static void where_the_log_rests_too_nothing_may_be_flushed(void **state)
{
    struct mr_store *store = kit_connect();
    redisReply *info = redis_kit_command("COMMAND INFO FLUSHALL");
    bool off = info->element[0]->type == REDIS_REPLY_NIL ||
               (info->element[0]->type == REDIS_REPLY_ARRAY && info->element[0]->elements == 0);
    struct mr_error err = {MR_OK, ""};
    enum mr_code rc = mr_store_check(store, true, 8, &err);

    (void)state;
    if (off)
        assert_int_equal(rc, MR_OK);
    else
        assert_non_null(strstr(err.text, "FLUSHALL"));
    freeReplyObject(info);
    mr_store_free(store);
}

static void a_user_who_may_not_read_settings_is_told_what_is_missing(void **state)
{
    struct mr_redis_config weak = config;
    struct mr_store *store;
    struct mr_error err;
    char url[256];
    const char *at = strrchr(config.url, '@');

    (void)state;
    freeReplyObject(redis_kit_command("ACL SETUSER kit on >p%%40ss ~* &* +@all -config"));
    (void)snprintf(url, sizeof url, "redis://kit:p%%25%%34%%30ss@%s",
                   at ? at + 1 : config.url + strlen("redis://"));
    weak.url = url;
    store = mr_store_redis_new(&weak, &err);
    assert_non_null(store);
    assert_int_equal(mr_store_check(store, false, 8, &err), MR_DENIED);
    assert_non_null(strstr(err.text, "+config|get"));
    mr_store_free(store);
    (void)snprintf(url, sizeof url, "redis://kit:hunter2@%s",
                   at ? at + 1 : config.url + strlen("redis://"));
    store = mr_store_redis_new(&weak, &err);
    assert_int_equal(mr_store_check(store, false, 8, &err), MR_UNAUTHENTICATED);
    assert_null(strstr(err.text, "hunter2"));
    mr_store_free(store);
    freeReplyObject(redis_kit_command("ACL DELUSER kit"));
}

/* ---- urls
 * ------------------------------------------------------------------------------------------ */

static void assert_refused(const char *text, enum mr_code code)
{
    char url[128];
    struct mr_redis_config given = config;
    struct mr_error err;

    (void)snprintf(url, sizeof url, "%s", text);
    given.url = url;
    assert_null(mr_store_redis_new(&given, &err));
    assert_int_equal(err.code, code);
    assert_null(strstr(err.text, "secret"));
}

static void a_url_of_another_form_is_refused(void **state)
{
    (void)state;
    assert_refused("rediss://u:secret@host:1/0", MR_UNSUPPORTED);
    assert_refused("http://host", MR_INVALID);
    assert_refused("redis://", MR_INVALID);
    assert_refused("redis://:secret@:6379", MR_INVALID);
    assert_refused("redis://host:0", MR_INVALID);
    assert_refused("redis://host:65536", MR_INVALID);
    assert_refused("redis://host:secret", MR_INVALID);
    assert_refused("redis://host/secret", MR_INVALID);
    assert_refused("redis://host?db=1", MR_INVALID);
    assert_refused("redis://u:secret%zz@host", MR_INVALID);
    assert_refused("redis://[::1", MR_INVALID);
    assert_refused("unix://", MR_INVALID);
    assert_refused("unix:///s?x=1", MR_INVALID);
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
    char tcp[] = "redis://127.0.0.1:1", path[] = "unix:///nowhere/redis.sock";
    struct mr_redis_config given = config;
    struct mr_store *store;
    struct mr_pos pos;
    struct mr_error err;

    (void)state;
    given.url = tcp;
    store = mr_store_redis_new(&given, &err);
    assert_int_equal(mr_store_pos_get(store, 0, &pos, &err), MR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "127.0.0.1:1"));
    mr_store_free(store);
    given.url = path;
    store = mr_store_redis_new(&given, &err);
    assert_int_equal(mr_store_pos_get(store, 0, &pos, &err), MR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "/nowhere/redis.sock"));
    mr_store_free(store);
}

/* ---- keys and connections
 * ---------------------------------------------------------------------------- */

static void keys_are_as_documented(void **state)
{
    static const char *const keys[] = {
        "mr:{2}:job:j", "mr:{2}:run:j", "mr:{2}:val:j",         "mr:{2}:timers", "mr:{2}:outbox",
        "mr:{2}:pos",   "mr:{2}:open",  "mr:{2}:closed:FAILED", "mr:{2}:def",    "mr:worker:w",
        "mr:stat:1",    "mr:config",    "mr:lease:l",
    };
    struct mr_store *store = kit_connect();
    bool mine;

    (void)state;
    redis_kit_wipe();
    APPLY(store, 2, ROW("j", "status\0RUNNING", 0), kit_op(MR_BATCH_RUN, "j", "{}", NULL, 0),
          kit_op(MR_BATCH_VAL, "j", "v", "1", 0), kit_op(MR_BATCH_TIMER, "t", NULL, NULL, 1),
          kit_op(MR_BATCH_OUT, "f", "x", NULL, 0), kit_op(MR_BATCH_OPEN, "j", NULL, NULL, 1),
          kit_op(MR_BATCH_CLOSED, "k", "FAILED", NULL, 1),
          kit_op(MR_BATCH_DEF, "aa", "{}", NULL, 0));
    assert_int_equal(mr_store_beat(store, "worker", "w", "a\0b", 4, 5000, NULL), MR_OK);
    assert_int_equal(mr_store_count(store, 1, (const char *[]){"n"}, (int64_t[]){2}, 1, NULL),
                     MR_OK);
    assert_int_equal(mr_store_config_put(store, "k", "v", 1, 1, NULL), MR_OK);
    assert_int_equal(mr_store_lease(store, "l", "me", 5000, &mine, NULL), MR_OK);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (redis_kit_int("EXISTS %s", keys[i]) != 1)
            fail_msg("%s is not there", keys[i]);
    assert_in_range(redis_kit_int("PTTL mr:stat:1"), 172000000, 172800000);
    assert_int_equal(redis_kit_int("HGET mr:stat:1 n"), 2);
    mr_store_free(store);
}

static void closed_lists_are_cut_at_their_cap(void **state)
{
    struct mr_store *store = kit_connect();

    (void)state;
    redis_kit_wipe();
    freeReplyObject(redis_kit_command(
        "EVAL %s 1 mr:{0}:closed:FAILED",
        "for i = 1, 100010 do redis.call('ZADD', KEYS[1], i, 'j' .. i) end return 1"));
    APPLY(store, 0, kit_op(MR_BATCH_CLOSED, "new", "FAILED", NULL, 200000));
    assert_int_equal(redis_kit_int("ZCARD mr:{0}:closed:FAILED"), 100000);
    assert_string_equal(kit_list_text(store, 0, "FAILED", INT64_MAX, 1), "new=200000");
    mr_store_free(store);
}

static void a_broken_connection_is_made_anew(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_batch batch = {.epoch = 1, .expect = 0, .next = 1, .rebuild = true};
    struct mr_pos pos;
    struct mr_error err;

    (void)state;
    redis_kit_wipe();
    assert_int_equal(mr_store_pos_get(store, 0, &pos, &err), MR_OK);
    freeReplyObject(redis_kit_command("CLIENT KILL TYPE normal SKIPME yes"));
    assert_int_equal(mr_store_advance_send(store, &batch, &err), MR_OK);
    assert_int_equal(mr_store_advance_send(store, &batch, &err), MR_OK);
    assert_int_equal(mr_store_advance_wait(store, &err), MR_UNAVAILABLE);
    assert_int_equal(mr_store_advance_wait(store, &err), MR_UNAVAILABLE);
    assert_int_equal(mr_store_advance_send(store, &batch, &err), MR_OK);
    assert_int_equal(mr_store_advance_wait(store, &err), MR_OK);
    assert_int_equal(mr_store_pos_get(store, 0, &pos, &err), MR_OK);
    assert_int_equal(pos.next, 1);
    mr_store_free(store);
}

static void functions_that_were_flushed_are_loaded_again(void **state)
{
    struct mr_store *store = kit_connect();
    struct kit_batch batch = {0, 1, 0, 1, true};

    (void)state;
    redis_kit_wipe();
    assert_int_equal(kit_advance(store, batch, NULL, 0), MR_OK);
    freeReplyObject(redis_kit_command("FUNCTION FLUSH"));
    batch = (struct kit_batch){0, 1, 1, 2, false};
    assert_int_equal(kit_advance(store, batch, NULL, 0), MR_UNAVAILABLE);
    assert_int_equal(kit_advance(store, batch, NULL, 0), MR_OK);
    mr_store_free(store);
}

static void a_server_that_does_not_answer_times_out(void **state)
{
    struct mr_redis_config hasty = config;
    struct mr_store *store;
    struct mr_pos pos;
    struct mr_error err;

    (void)state;
    hasty.timeout_ms = 100;
    store = mr_store_redis_new(&hasty, &err);
    assert_int_equal(mr_store_pos_get(store, 0, &pos, &err), MR_OK);
    freeReplyObject(redis_kit_command("CLIENT PAUSE 400 ALL"));
    assert_int_equal(mr_store_pos_get(store, 0, &pos, &err), MR_TIMEOUT);
    pass_time(NULL, 500);
    assert_int_equal(mr_store_pos_get(store, 0, &pos, &err), MR_OK);
    mr_store_free(store);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_setting_that_loses_jobs_is_named),
        cmocka_unit_test(the_shard_count_is_fixed_by_the_first_start),
        cmocka_unit_test(where_the_log_rests_too_nothing_may_be_flushed),
        cmocka_unit_test(a_user_who_may_not_read_settings_is_told_what_is_missing),
        cmocka_unit_test(a_url_of_another_form_is_refused),
        cmocka_unit_test(a_server_that_is_not_there_is_unavailable),
        cmocka_unit_test(keys_are_as_documented),
        cmocka_unit_test(closed_lists_are_cut_at_their_cap),
        cmocka_unit_test(a_broken_connection_is_made_anew),
        cmocka_unit_test(functions_that_were_flushed_are_loaded_again),
        cmocka_unit_test(a_server_that_does_not_answer_times_out),
    };
    int failed;

    if (!redis_kit_config(&config))
        return REDIS_KIT_SKIPPED;
    failed = store_contract_run(&real) +
             cmocka_run_group_tests_name("store on redis", cases, NULL, NULL);
    redis_kit_release(&config);
    return failed;
}

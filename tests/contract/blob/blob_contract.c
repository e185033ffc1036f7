/* blob_contract.c -- see blob_contract.h.  Every run works under a prefix of its own and leaves
 * nothing behind. */
#include "tests/contract/blob/blob_contract.h"

#include "common/adapters/crypto.h"
#include "common/base/id.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { BIG_BYTES = 64 * 1024 * 1024, RSS_ROOM_BYTES = 16 * 1024 * 1024 };

static const struct blob_under_test *under_test;
static struct mr_blob *blob;
static char prefix[40];
static struct mr_error err;

/* ---- helpers --------------------------------------------------------------------------------- */

#define assert_ok(call) assert_code(MR_OK, call)
#define assert_code(expected, call)                                                                \
    do {                                                                                           \
        enum mr_code rc_ = (call);                                                                 \
        if (rc_ != (expected))                                                                     \
            fail_msg("%s is %s, not %s: %s", #call, mr_code_name(rc_), mr_code_name(expected),     \
                     err.text);                                                                    \
    } while (0)

/* The key under this run's prefix; four may be in use at a time. */
static const char *key(const char *rest)
{
    static char keys[4][MR_BLOB_KEY_MAX + 64];
    static int next;
    char *ret = keys[next++ % 4];
    snprintf(ret, sizeof keys[0], "%s%s", prefix, rest);
    return ret;
}

static void put_text(const char *name, const char *text)
{
    assert_ok(mr_blob_put(blob, name, NULL, text, strlen(text), NULL, &err));
}

static void assert_text(const char *name, const char *text)
{
    struct mr_buf buf = {0};
    assert_ok(mr_blob_get(blob, name, 1024, &buf, NULL, &err));
    assert_int_equal(buf.len, strlen(text));
    if (buf.len > 0)
        assert_memory_equal(buf.data, text, buf.len);
    mr_buf_release(&buf);
}

static void assert_absent(const char *name)
{
    assert_code(MR_NOT_FOUND, mr_blob_head(blob, name, NULL, &err));
}

/* A body made as it is read: byte i is a function of i. */
struct made_body {
    int64_t at, len;
    int64_t fail_at; /* 0: never */
    atomic_bool *stop;
    int64_t stop_at;
};

static char made_byte(int64_t i)
{
    return (char)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static int64_t made_read(void *ctx, void *buf, size_t size, struct mr_error *e)
{
    struct made_body *body = ctx;
    int64_t n = body->len - body->at < (int64_t)size ? body->len - body->at : (int64_t)size;

    if (body->fail_at && body->at + n > body->fail_at) {
        mr_fail(e, MR_CORRUPT, "the source broke");
        return -1;
    }
    for (int64_t i = 0; i < n; i++)
        ((char *)buf)[i] = made_byte(body->at + i);
    body->at += n;
    if (body->stop && body->at >= body->stop_at)
        atomic_store(body->stop, true);
    return n;
}

static enum mr_code made_check(void *ctx, const void *data, size_t len, struct mr_error *e)
{
    struct made_body *body = ctx;
    for (size_t i = 0; i < len; i++)
        if (((const char *)data)[i] != made_byte(body->at + (int64_t)i))
            return mr_fail(e, MR_CORRUPT, "byte %lld differs", (long long)body->at + (long long)i);
    body->at += (int64_t)len;
    if (body->stop && body->at >= body->stop_at)
        atomic_store(body->stop, true);
    return body->fail_at && body->at >= body->fail_at ? mr_fail(e, MR_BUSY, "enough") : MR_OK;
}

static void made_sha256(int64_t len, char ret[MR_SHA256_HEX])
{
    struct mr_sha256 sha;
    uint8_t digest[MR_SHA256_LEN];
    char piece[4096];
    struct made_body body = {.len = len};
    int64_t n;

    assert_ok(mr_sha256_init(&sha, &err));
    while ((n = made_read(&body, piece, sizeof piece, &err)) > 0)
        mr_sha256_add(&sha, piece, (size_t)n);
    mr_sha256_end(&sha, digest);
    mr_hex(digest, sizeof digest, ret);
}

static int64_t rss_peak(void)
{
    char line[256];
    long long kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %lld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib * 1024;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum mr_code collect(void *ctx, const char *name, const struct mr_blob_info *info,
                            struct mr_error *e)
{
    (void)e;
    mr_buf_addf(ctx, "%s=%lld\n", name + strlen(prefix), (long long)info->bytes);
    return MR_OK;
}

static enum mr_code remove_each(void *ctx, const char *name, const struct mr_blob_info *info,
                                struct mr_error *e)
{
    (void)info;
    if (ctx)
        ++*(int *)ctx;
    return mr_blob_remove(blob, name, e);
}

/* ---- whole objects --------------------------------------------------------------------------- */

static void what_is_put_is_got(void **state)
{
    (void)state;
    struct mr_blob_info info;
    struct mr_buf buf = {0};
    const struct mr_blob_put put = {.content_type = "image/png",
                                    .cache_control = "max-age=60",
                                    .content_disposition = "inline; filename=\"a b.png\"",
                                    .tags = "album=summer%202026&kind=thumb"};
    char sha256[MR_SHA256_HEX];

    mr_sha256_hex("hello", 5, sha256);
    assert_ok(mr_blob_put(blob, key("one"), &put, "hello", 5, &info, &err));
    assert_int_equal(info.bytes, 5);
    assert_string_equal(info.sha256, sha256);
    memset(&info, 0, sizeof info);
    assert_ok(mr_blob_get(blob, key("one"), 5, &buf, &info, &err));
    assert_int_equal(buf.len, 5);
    assert_memory_equal(buf.data, "hello", 5);
    assert_int_equal(info.bytes, 5);
    assert_string_equal(info.sha256, sha256);
    assert_string_equal(info.content_type, "image/png");
    memset(&info, 0, sizeof info);
    assert_ok(mr_blob_head(blob, key("one"), &info, &err));
    assert_int_equal(info.bytes, 5);
    assert_string_equal(info.sha256, sha256);
    assert_string_equal(info.content_type, "image/png");
    mr_buf_release(&buf);
}

static void every_byte_comes_back(void **state)
{
    (void)state;
    unsigned char all[3 * 256];
    struct mr_buf buf = {0};

    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (unsigned char)(i * 7);
    assert_ok(mr_blob_put(blob, key("all"), NULL, all, sizeof all, NULL, &err));
    assert_ok(mr_blob_get(blob, key("all"), sizeof all, &buf, NULL, &err));
    assert_int_equal(buf.len, sizeof all);
    assert_memory_equal(buf.data, all, sizeof all);
    mr_buf_release(&buf);
}

static void an_object_may_be_empty(void **state)
{
    (void)state;
    struct mr_blob_info info;
    struct made_body none = {.len = 0};
    struct mr_buf buf = {0};
    char sha256[MR_SHA256_HEX];

    mr_sha256_hex("", 0, sha256);
    assert_ok(mr_blob_put(blob, key("empty"), NULL, NULL, 0, &info, &err));
    assert_string_equal(info.sha256, sha256);
    assert_ok(mr_blob_put_stream(blob, key("empty2"), NULL, 0, made_read, &none, &info, &err));
    assert_string_equal(info.sha256, sha256);
    assert_ok(mr_blob_get(blob, key("empty"), 0, &buf, &info, &err));
    assert_int_equal(buf.len, 0);
    assert_int_equal(info.bytes, 0);
    assert_string_equal(info.sha256, sha256);
    assert_ok(mr_blob_head(blob, key("empty2"), &info, &err));
    assert_int_equal(info.bytes, 0);
    mr_buf_release(&buf);
}

static void a_put_replaces_what_was_there(void **state)
{
    (void)state;
    struct mr_blob_info info;

    put_text(key("again"), "first, and longer");
    put_text(key("again"), "second");
    assert_text(key("again"), "second");
    assert_ok(mr_blob_head(blob, key("again"), &info, &err));
    assert_int_equal(info.bytes, 6);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct mr_buf buf = {0};

    assert_code(MR_NOT_FOUND, mr_blob_get(blob, key("nothing"), 10, &buf, NULL, &err));
    assert_non_null(strstr(err.text, "nothing")); /* the message names the thing */
    assert_null(buf.data);
    assert_code(MR_NOT_FOUND, mr_blob_get(blob, key("no/such/folder"), 10, &buf, NULL, &err));
    assert_code(MR_NOT_FOUND, mr_blob_head(blob, key("nothing"), NULL, &err));
    assert_ok(mr_blob_remove(blob, key("nothing"), &err));
    assert_ok(mr_blob_remove(blob, key("no/such/folder"), &err));
}

static void what_is_removed_is_gone(void **state)
{
    (void)state;
    put_text(key("deep/er/gone"), "x");
    put_text(key("deep/stays"), "y");
    assert_ok(mr_blob_remove(blob, key("deep/er/gone"), &err));
    assert_absent(key("deep/er/gone"));
    assert_text(key("deep/stays"), "y");
    put_text(key("deep/er/gone"), "back");
    assert_text(key("deep/er/gone"), "back");
}

static void an_object_longer_than_asked_for_is_too_large(void **state)
{
    (void)state;
    struct mr_buf buf = {0};

    put_text(key("ten"), "0123456789");
    assert_code(MR_TOO_LARGE, mr_blob_get(blob, key("ten"), 9, &buf, NULL, &err));
    assert_code(MR_TOO_LARGE, mr_blob_get(blob, key("ten"), 0, &buf, NULL, &err));
    assert_null(buf.data);
    assert_ok(mr_blob_get(blob, key("ten"), 10, &buf, NULL, &err));
    mr_buf_release(&buf);
    assert_code(MR_NOT_FOUND, mr_blob_get(blob, key("eleven"), 0, &buf, NULL, &err));
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const char *const odd_keys[] = {
    "with space",
    " lead and trail ",
    "plus+plus",
    "percent%41%",
    "what?yes=no&a=b",
    "hash#tag",
    "equals=sign",
    "amp&;quot\"'",
    "tilde~-_.!*()",
    "colon:semi;comma,",
    "back\\slash",
    "at@dollar$",
    "<angle>^`{|}",
    "b\xc3\xa4r/\xe5\x9b\xbe/\xf0\x9f\x98\x80",
    ".hidden",
    "dots...",
    "a..b",
    "x.d/y.z",
    "no-dot",
    "%2E",
    "%.",
    "a%+/b",
    "%_",
    "a%_/b",
    "trailing.",
    "...",
    ".tmp",
    "tab-like [x]",
};

static void any_key_of_the_right_form_can_be_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof odd_keys / sizeof *odd_keys; i++)
        put_text(key(odd_keys[i]), odd_keys[i]);
    for (size_t i = 0; i < sizeof odd_keys / sizeof *odd_keys; i++)
        assert_text(key(odd_keys[i]), odd_keys[i]);
    struct mr_buf list = {0};
    assert_ok(mr_blob_list(blob, prefix, collect, &list, &err));
    for (size_t i = 0; i < sizeof odd_keys / sizeof *odd_keys; i++) {
        char line[100];
        snprintf(line, sizeof line, "%s=%zu\n", odd_keys[i], strlen(odd_keys[i]));
        if (!strstr(list.data, line))
            fail_msg("%s is not in the list", odd_keys[i]);
    }
    mr_buf_release(&list);
}

/* Fills the key with segments of the given length up to its longest. */
static void long_key(char ret[MR_BLOB_KEY_MAX + 1], size_t segment, char fill)
{
    size_t at = (size_t)snprintf(ret, MR_BLOB_KEY_MAX, "%s", prefix);
    for (size_t in_segment = 0; at < MR_BLOB_KEY_MAX; at++) {
        bool slash = in_segment == segment && at + 1 < MR_BLOB_KEY_MAX;
        ret[at] = slash ? '/' : fill;
        in_segment = slash ? 0 : in_segment + 1;
    }
    ret[at] = '\0';
}

static void a_key_may_have_1024_bytes(void **state)
{
    (void)state;
    char name[MR_BLOB_KEY_MAX + 1];
    static const size_t segments[] = {1, 79, 80, 81, 160, 200};

    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        long_key(name, segments[i], i % 2 ? 'k' : '%');
        assert_int_equal(strlen(name), MR_BLOB_KEY_MAX);
        put_text(name, "long");
        assert_text(name, "long");
        assert_ok(mr_blob_remove(blob, name, &err));
        assert_absent(name);
    }
}

static void a_key_may_go_on_where_another_ends(void **state)
{
    (void)state;
    char name[200];

    put_text(key("a"), "1");
    put_text(key("a/b"), "2");
    put_text(key("a/b/c"), "3");
    assert_text(key("a"), "1");
    assert_text(key("a/b"), "2");
    assert_text(key("a/b/c"), "3");
    for (int len = 78; len < 83; len++) {
        snprintf(
            name, sizeof name, "%.*s", len,
            "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
            "ssss");
        put_text(key(name), name);
        snprintf(name + len, sizeof name - (size_t)len, "/b");
        put_text(key(name), name);
        assert_text(key(name), name);
        name[len] = '\0';
        assert_text(key(name), name);
    }
}

static void a_wrong_key_is_refused_by_every_call(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "/a",
                                        "a//b",
                                        "a/",
                                        ".",
                                        "..",
                                        "a/../b",
                                        "./a",
                                        "a/.",
                                        "a\nb",
                                        "a\x7f"
                                        "b",
                                        "\xff",
                                        "\xc0\xaf"};
    struct mr_buf buf = {0};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_code(MR_INVALID, mr_blob_put(blob, wrong[i], NULL, "x", 1, NULL, &err));
        assert_code(MR_INVALID, mr_blob_get(blob, wrong[i], 1, &buf, NULL, &err));
        assert_code(MR_INVALID, mr_blob_head(blob, wrong[i], NULL, &err));
        assert_code(MR_INVALID, mr_blob_remove(blob, wrong[i], &err));
    }
    char name[MR_BLOB_KEY_MAX + 2];
    memset(name, 'a', sizeof name);
    name[MR_BLOB_KEY_MAX + 1] = '\0';
    assert_code(MR_INVALID, mr_blob_head(blob, name, NULL, &err));
    assert_code(MR_INVALID, mr_blob_head(blob, NULL, NULL, &err));
}

/* ---- if_absent ------------------------------------------------------------------------------- */

static const struct mr_blob_put once = {.if_absent = true, .content_type = "text/plain"};

static void a_second_put_if_absent_tells_of_the_first(void **state)
{
    (void)state;
    struct mr_blob_info info = {0};
    struct made_body body = {.len = 8000000}; /* refused long before its end */
    char sha256[MR_SHA256_HEX];

    mr_sha256_hex("first", 5, sha256);
    assert_ok(mr_blob_put(blob, key("once"), &once, "first", 5, NULL, &err));
    assert_code(MR_EXISTS, mr_blob_put(blob, key("once"), &once, "second!", 7, &info, &err));
    assert_int_equal(info.bytes, 5);
    assert_string_equal(info.sha256, sha256);
    assert_string_equal(info.content_type, "text/plain");
    memset(&info, 0, sizeof info);
    assert_code(MR_EXISTS, mr_blob_put_stream(blob, key("once"), &once, body.len, made_read, &body,
                                              &info, &err));
    assert_string_equal(info.sha256, sha256);
    assert_text(key("once"), "first");
}

struct racer {
    pthread_t thread;
    struct mr_blob *blob;
    const char *name;
    pthread_barrier_t *barrier;
    char text[8];
    enum mr_code rc;
    struct mr_blob_info info;
};

static void *race(void *ctx)
{
    struct racer *racer = ctx;
    pthread_barrier_wait(racer->barrier);
    racer->rc = mr_blob_put(racer->blob, racer->name, &once, racer->text, strlen(racer->text),
                            &racer->info, NULL);
    return NULL;
}

static void of_puts_if_absent_at_once_exactly_one_wins(void **state)
{
    (void)state;
    enum { RACERS = 8, ROUNDS = 10 };
    struct racer racers[RACERS];
    pthread_barrier_t barrier;

    for (int round = 0; round < ROUNDS; round++) {
        char name[100], winner[MR_SHA256_HEX] = "";
        int wins = 0;
        snprintf(name, sizeof name, "%srace/%d/x", prefix, round);
        pthread_barrier_init(&barrier, NULL, RACERS);
        for (int i = 0; i < RACERS; i++) {
            racers[i] =
                (struct racer){.blob = under_test->open(), .name = name, .barrier = &barrier};
            snprintf(racers[i].text, sizeof racers[i].text, "run %d", i);
            assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
        }
        for (int i = 0; i < RACERS; i++) {
            pthread_join(racers[i].thread, NULL);
            mr_blob_free(racers[i].blob);
            if (racers[i].rc == MR_OK)
                memcpy(winner, racers[i].info.sha256, sizeof winner);
            wins += racers[i].rc == MR_OK;
        }
        pthread_barrier_destroy(&barrier);
        assert_int_equal(wins, 1);
        for (int i = 0; i < RACERS; i++) { /* and all others are told of the winner's */
            assert_true(racers[i].rc == MR_OK || racers[i].rc == MR_EXISTS);
            assert_string_equal(racers[i].info.sha256, winner);
        }
    }
}

/* ---- streams --------------------------------------------------------------------------------- */

static void a_stream_of_any_length_comes_back(void **state)
{
    (void)state;
    static const int64_t lens[] = {1,      65535,  65536,  65537,   131071,
                                   131072, 131073, 262144, 1048577, 5000000};
    struct mr_blob_info info;
    char sha256[MR_SHA256_HEX];

    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct made_body out = {.len = lens[i]}, back = {.len = lens[i]};
        made_sha256(lens[i], sha256);
        assert_ok(
            mr_blob_put_stream(blob, key("stream"), &once, lens[i], made_read, &out, &info, &err));
        assert_int_equal(info.bytes, lens[i]);
        assert_string_equal(info.sha256, sha256);
        memset(&info, 0, sizeof info);
        assert_ok(mr_blob_get_stream(blob, key("stream"), lens[i], made_check, &back, &info, &err));
        assert_int_equal(back.at, lens[i]);
        assert_int_equal(info.bytes, lens[i]);
        assert_string_equal(info.sha256, sha256); /* found while the body went, and kept */
        assert_string_equal(info.content_type, "text/plain");
        assert_ok(mr_blob_head(blob, key("stream"), &info, &err));
        assert_string_equal(info.sha256, sha256);
        assert_ok(mr_blob_remove(blob, key("stream"), &err));
    }
}

static void a_hash_known_beforehand_is_checked(void **state)
{
    (void)state;
    struct mr_blob_info info;
    char sha256[MR_SHA256_HEX], other[MR_SHA256_HEX];
    struct mr_blob_put put = {.sha256 = sha256};
    struct made_body right = {.len = 200000}, wrong = {.len = 200000};

    made_sha256(200000, sha256);
    mr_sha256_hex("other", 5, other);
    assert_ok(mr_blob_put_stream(blob, key("known"), &put, 200000, made_read, &right, &info, &err));
    assert_string_equal(info.sha256, sha256);
    put.sha256 = other;
    assert_code(MR_CHANGED, mr_blob_put_stream(blob, key("unknown"), &put, 200000, made_read,
                                               &wrong, NULL, &err));
    assert_absent(key("unknown"));
    assert_code(MR_CHANGED, mr_blob_put(blob, key("unknown"), &put, "x", 1, NULL, &err));
    assert_absent(key("unknown"));
    put.sha256 = "abc";
    assert_code(MR_INVALID, mr_blob_put(blob, key("unknown"), &put, "x", 1, NULL, &err));
}

static void a_body_of_another_length_is_not_stored(void **state)
{
    (void)state;
    static const struct {
        int64_t promised, given;
    } cases[] = {{10, 9}, {10, 11}, {0, 1}, {200000, 199999}, {200000, 200001}, {131072, 131073}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made_body body = {.len = cases[i].given};
        assert_code(MR_INVALID, mr_blob_put_stream(blob, key("length"), NULL, cases[i].promised,
                                                   made_read, &body, NULL, &err));
        assert_absent(key("length"));
    }
}

static void a_body_whose_source_breaks_is_not_stored(void **state)
{
    (void)state;
    struct made_body small = {.len = 1000, .fail_at = 1};
    struct made_body big = {.len = 400000, .fail_at = 300000};

    assert_code(MR_CORRUPT, mr_blob_put_stream(blob, key("broken"), NULL, small.len, made_read,
                                               &small, NULL, &err));
    assert_non_null(strstr(err.text, "the source broke"));
    assert_absent(key("broken"));
    put_text(key("broken"), "before");
    assert_code(MR_CORRUPT, mr_blob_put_stream(blob, key("broken"), NULL, big.len, made_read, &big,
                                               NULL, &err));
    assert_text(key("broken"), "before");
}

static void a_reader_of_a_stream_may_give_up(void **state)
{
    (void)state;
    struct made_body out = {.len = 500000}, back = {.len = 500000, .fail_at = 100000};

    assert_ok(mr_blob_put_stream(blob, key("enough"), NULL, out.len, made_read, &out, NULL, &err));
    assert_code(MR_BUSY,
                mr_blob_get_stream(blob, key("enough"), 500000, made_check, &back, NULL, &err));
    assert_string_equal(err.text, "enough");
    put_text(key("next"), "the handle is as good as before");
    assert_text(key("next"), "the handle is as good as before");
}

static void a_big_object_passes_in_little_memory(void **state)
{
    (void)state;
    struct made_body out = {.len = BIG_BYTES}, back = {.len = BIG_BYTES};
    char sha256[MR_SHA256_HEX];
    struct mr_blob_info info;

    made_sha256(BIG_BYTES, sha256);
    int64_t before = rss_peak();
    assert_ok(mr_blob_put_stream(blob, key("big"), NULL, BIG_BYTES, made_read, &out, &info, &err));
    assert_string_equal(info.sha256, sha256);
    assert_ok(mr_blob_get_stream(blob, key("big"), BIG_BYTES, made_check, &back, &info, &err));
    assert_int_equal(back.at, BIG_BYTES);
    assert_string_equal(info.sha256, sha256);
    int64_t grown = rss_peak() - before;
    print_message("[ measure  ] %s: 64 MiB there and back, peak memory +%lld KiB\n",
                  under_test->name, (long long)grown / 1024);
    assert_true(grown < RSS_ROOM_BYTES);
}

/* ---- stop ------------------------------------------------------------------------------------ */

static void a_stopped_call_ends_soon_and_stores_nothing(void **state)
{
    (void)state;
    atomic_bool stop = true;
    struct mr_buf buf = {0};
    struct made_body out = {.len = 4000000, .stop = &stop, .stop_at = 1000000};
    struct made_body back = {.len = 4000000, .stop = &stop, .stop_at = 1000000};

    put_text(key("stop"), "x");
    blob->stop = &stop;
    assert_code(MR_CANCELLED, mr_blob_get(blob, key("stop"), 10, &buf, NULL, &err));
    assert_code(MR_CANCELLED, mr_blob_list(blob, prefix, collect, &buf, &err));

    atomic_store(&stop, false);
    int64_t from = now_ms();
    assert_code(MR_CANCELLED, mr_blob_put_stream(blob, key("stopped"), NULL, out.len, made_read,
                                                 &out, NULL, &err));
    assert_in_range(now_ms() - from, 0, 500);
    atomic_store(&stop, false);
    assert_absent(key("stopped"));

    struct made_body again = {.len = 4000000};
    assert_ok(
        mr_blob_put_stream(blob, key("stopped"), NULL, again.len, made_read, &again, NULL, &err));
    from = now_ms();
    assert_code(MR_CANCELLED,
                mr_blob_get_stream(blob, key("stopped"), 4000000, made_check, &back, NULL, &err));
    assert_in_range(now_ms() - from, 0, 500);
    blob->stop = NULL;
    assert_text(key("stop"), "x"); /* the handle is as good as before */
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void assert_list(const char *from, const char *expected)
{
    struct mr_buf list = {0};
    assert_ok(mr_blob_list(blob, key(from), collect, &list, &err));
    assert_string_equal(list.data ? list.data : "", expected);
    mr_buf_release(&list);
}

static void a_list_is_in_the_order_of_bytes(void **state)
{
    (void)state;
    static const char *const names[] = {"l/a/b", "l/a-",       "l/a.b", "l/a0",    "l/B",     "l/b",
                                        "l/a b", "l/\xc3\xa4", "l/a+b", "l/a/b.c", "l/a/c/d", "m"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_text(key(names[i]), "xyz");
    assert_list("l/", "l/B=3\nl/a b=3\nl/a+b=3\nl/a-=3\nl/a.b=3\nl/a/b=3\nl/a/b.c=3\nl/a/c/d=3\n"
                      "l/a0=3\nl/b=3\nl/\xc3\xa4=3\n");
    assert_list("l/a/b", "l/a/b=3\nl/a/b.c=3\n");
    assert_list("l/a",
                "l/a b=3\nl/a+b=3\nl/a-=3\nl/a.b=3\nl/a/b=3\nl/a/b.c=3\nl/a/c/d=3\nl/a0=3\n");
    assert_list("m", "m=3\n");
    assert_list("none", "");
}

static void a_list_shows_what_is_below_an_object(void **state)
{
    (void)state;
    put_text(key("a"), "");
    put_text(key("a/b"), "");
    put_text(key("a/b/c"), "");
    put_text(key("a-"), "");
    assert_list("", "a=0\na-=0\na/b=0\na/b/c=0\n");
}

struct counted {
    int count;
    int stop_at;
    char last[MR_BLOB_KEY_MAX + 1];
};

static enum mr_code count_ordered(void *ctx, const char *name, const struct mr_blob_info *info,
                                  struct mr_error *e)
{
    struct counted *counted = ctx;
    (void)info;
    assert_true(strcmp(counted->last, name) < 0);
    snprintf(counted->last, sizeof counted->last, "%s", name);
    return ++counted->count == counted->stop_at ? mr_fail(e, MR_BUSY, "enough") : MR_OK;
}

static void a_list_of_more_than_a_thousand_is_whole(void **state)
{
    (void)state;
    enum { MANY = 1100 };
    struct counted all = {.count = 0}, some = {.stop_at = 7};
    char name[60];

    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "many/%d/%d x", i % 3, i);
        put_text(key(name), "");
    }
    assert_ok(mr_blob_list(blob, key("many/"), count_ordered, &all, &err));
    assert_int_equal(all.count, MANY);
    assert_code(MR_BUSY, mr_blob_list(blob, key("many/"), count_ordered, &some, &err));
    assert_int_equal(some.count, 7);
    assert_ok(mr_blob_list(blob, key("many/"), remove_each, NULL, &err)); /* may use the handle */
    all = (struct counted){.count = 0};
    assert_ok(mr_blob_list(blob, key("many/"), count_ordered, &all, &err));
    assert_int_equal(all.count, 0);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void a_copy_of_the_handle_sees_the_same(void **state)
{
    (void)state;
    struct mr_buf buf = {0};
    struct mr_blob *copy = mr_blob_dup(blob, &err);

    assert_non_null(copy);
    put_text(key("dup"), "seen");
    assert_ok(mr_blob_get(copy, key("dup"), 10, &buf, NULL, &err));
    assert_memory_equal(buf.data, "seen", 4);
    mr_buf_release(&buf);
    mr_blob_free(copy);
    assert_text(key("dup"), "seen");
}

static void storage_that_works_passes_its_check(void **state)
{
    (void)state;
    struct counted left = {.count = 0};
    assert_ok(mr_blob_check(blob, &err));
    assert_ok(mr_blob_list(blob, "millrace-check/", count_ordered, &left, &err));
    assert_int_equal(left.count, 0);
}

static void header_values_with_control_bytes_are_refused(void **state)
{
    (void)state;
    const struct mr_blob_put puts[] = {{.content_type = "a\r\nx: y"},
                                       {.cache_control = "a\nb"},
                                       {.content_disposition = "\x01"},
                                       {.tags = "a=\x02"},
                                       {.content_type = ""}};
    for (size_t i = 0; i < sizeof puts / sizeof *puts; i++)
        assert_code(MR_INVALID, mr_blob_put(blob, key("header"), &puts[i], "x", 1, NULL, &err));
    assert_absent(key("header"));
}

/* What a recipe may ask for, storage takes. */
static void header_values_may_have_1024_bytes(void **state)
{
    char text[MR_BLOB_HEADER_MAX + 2];
    struct mr_blob_put put = {.cache_control = text};

    (void)state;
    memset(text, 'c', sizeof text);
    text[MR_BLOB_HEADER_MAX] = '\0';
    assert_ok(mr_blob_put(blob, key("cached"), &put, "x", 1, NULL, &err));
    put = (struct mr_blob_put){.content_disposition = text};
    assert_ok(mr_blob_put(blob, key("offered"), &put, "x", 1, NULL, &err));
    text[MR_BLOB_HEADER_MAX] = 'c';
    text[MR_BLOB_HEADER_MAX + 1] = '\0';
    assert_code(MR_INVALID, mr_blob_put(blob, key("cached"), &put, "x", 1, NULL, &err));
}

static int open_handle(void **state)
{
    uint8_t random[6];
    char hex[13];

    (void)state;
    assert_ok(mr_random(random, sizeof random, &err));
    mr_hex(random, sizeof random, hex);
    snprintf(prefix, sizeof prefix, "contract/%s/", hex);
    blob = under_test->open();
    return blob ? 0 : -1;
}

static int close_handle(void **state)
{
    (void)state;
    blob->stop = NULL;
    int removed;
    do { /* again, for what is listed only when the object above it is gone */
        removed = 0;
        assert_ok(mr_blob_list(blob, prefix, remove_each, &removed, &err));
    } while (removed > 0);
    mr_blob_free(blob);
    return 0;
}

int blob_contract_run(const struct blob_under_test *t)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_handle, close_handle)
    const struct CMUnitTest tests[] = {
        CASE(what_is_put_is_got),
        CASE(every_byte_comes_back),
        CASE(an_object_may_be_empty),
        CASE(a_put_replaces_what_was_there),
        CASE(what_is_not_there_is_not_found),
        CASE(what_is_removed_is_gone),
        CASE(an_object_longer_than_asked_for_is_too_large),
        CASE(any_key_of_the_right_form_can_be_used),
        CASE(a_key_may_have_1024_bytes),
        CASE(a_key_may_go_on_where_another_ends),
        CASE(a_wrong_key_is_refused_by_every_call),
        CASE(a_second_put_if_absent_tells_of_the_first),
        CASE(a_stream_of_any_length_comes_back),
        CASE(a_hash_known_beforehand_is_checked),
        CASE(a_body_of_another_length_is_not_stored),
        CASE(a_body_whose_source_breaks_is_not_stored),
        CASE(a_reader_of_a_stream_may_give_up),
        CASE(a_stopped_call_ends_soon_and_stores_nothing),
        CASE(a_list_is_in_the_order_of_bytes),
        CASE(a_list_of_more_than_a_thousand_is_whole),
        CASE(a_copy_of_the_handle_sees_the_same),
        CASE(storage_that_works_passes_its_check),
        CASE(header_values_with_control_bytes_are_refused),
        CASE(header_values_may_have_1024_bytes),
    };
    /* These are for drivers that promise so much. */
    const struct CMUnitTest threads[] = {CASE(of_puts_if_absent_at_once_exactly_one_wins)};
    const struct CMUnitTest streams[] = {CASE(a_big_object_passes_in_little_memory)};
    const struct CMUnitTest lists_below[] = {CASE(a_list_shows_what_is_below_an_object)};
    int failed;

    under_test = t;
    failed = cmocka_run_group_tests_name(t->name, tests, NULL, NULL);
    if (t->has_threads)
        failed += cmocka_run_group_tests_name("threads", threads, NULL, NULL);
    if (t->streams)
        failed += cmocka_run_group_tests_name("streams", streams, NULL, NULL);
    if (t->lists_below)
        failed += cmocka_run_group_tests_name("lists below", lists_below, NULL, NULL);
    return failed;
}

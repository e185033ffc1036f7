/* contract_streams.c -- the contract of bodies that pass in pieces, and of a stop in the middle. */
#include "tests/contract/blob/blob_kit.h"

#include "common/adapters/crypto.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BIG_BYTES = 64 * 1024 * 1024, RSS_ROOM_BYTES = 16 * 1024 * 1024 };

static const struct mr_blob_put once = {.if_absent = true, .content_type = "text/plain"};

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
        assert_ok(mr_blob_put_stream(kit.blob, key("stream"), &once, lens[i], made_read, &out,
                                     &info, &kit.err));
        assert_int_equal(info.bytes, lens[i]);
        assert_string_equal(info.sha256, sha256);
        memset(&info, 0, sizeof info);
        assert_ok(mr_blob_get_stream(kit.blob, key("stream"), lens[i], made_check, &back, &info,
                                     &kit.err));
        assert_int_equal(back.at, lens[i]);
        assert_int_equal(info.bytes, lens[i]);
        assert_string_equal(info.sha256, sha256); /* found while the body went, and kept */
        assert_string_equal(info.content_type, "text/plain");
        assert_ok(mr_blob_head(kit.blob, key("stream"), &info, &kit.err));
        assert_string_equal(info.sha256, sha256);
        assert_ok(mr_blob_remove(kit.blob, key("stream"), &kit.err));
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
    assert_ok(mr_blob_put_stream(kit.blob, key("known"), &put, 200000, made_read, &right, &info,
                                 &kit.err));
    assert_string_equal(info.sha256, sha256);
    put.sha256 = other;
    assert_code(MR_CHANGED, mr_blob_put_stream(kit.blob, key("unknown"), &put, 200000, made_read,
                                               &wrong, NULL, &kit.err));
    assert_absent(key("unknown"));
    assert_code(MR_CHANGED, mr_blob_put(kit.blob, key("unknown"), &put, "x", 1, NULL, &kit.err));
    assert_absent(key("unknown"));
    put.sha256 = "abc";
    assert_code(MR_INVALID, mr_blob_put(kit.blob, key("unknown"), &put, "x", 1, NULL, &kit.err));
}

static void a_body_of_another_length_is_not_stored(void **state)
{
    (void)state;
    static const struct {
        int64_t promised, given;
    } cases[] = {{10, 9}, {10, 11}, {0, 1}, {200000, 199999}, {200000, 200001}, {131072, 131073}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made_body body = {.len = cases[i].given};
        assert_code(MR_INVALID, mr_blob_put_stream(kit.blob, key("length"), NULL, cases[i].promised,
                                                   made_read, &body, NULL, &kit.err));
        assert_absent(key("length"));
    }
}

static void a_body_whose_source_breaks_is_not_stored(void **state)
{
    (void)state;
    struct made_body small = {.len = 1000, .fail_at = 1};
    struct made_body big = {.len = 400000, .fail_at = 300000};

    assert_code(MR_CORRUPT, mr_blob_put_stream(kit.blob, key("broken"), NULL, small.len, made_read,
                                               &small, NULL, &kit.err));
    assert_non_null(strstr(kit.err.text, "the source broke"));
    assert_absent(key("broken"));
    put_text(key("broken"), "before");
    assert_code(MR_CORRUPT, mr_blob_put_stream(kit.blob, key("broken"), NULL, big.len, made_read,
                                               &big, NULL, &kit.err));
    assert_text(key("broken"), "before");
}

static void a_reader_of_a_stream_may_give_up(void **state)
{
    (void)state;
    struct made_body out = {.len = 500000}, back = {.len = 500000, .fail_at = 100000};

    assert_ok(mr_blob_put_stream(kit.blob, key("enough"), NULL, out.len, made_read, &out, NULL,
                                 &kit.err));
    assert_code(MR_BUSY, mr_blob_get_stream(kit.blob, key("enough"), 500000, made_check, &back,
                                            NULL, &kit.err));
    assert_string_equal(kit.err.text, "enough");
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
    assert_ok(mr_blob_put_stream(kit.blob, key("big"), NULL, BIG_BYTES, made_read, &out, &info,
                                 &kit.err));
    assert_string_equal(info.sha256, sha256);
    assert_ok(
        mr_blob_get_stream(kit.blob, key("big"), BIG_BYTES, made_check, &back, &info, &kit.err));
    assert_int_equal(back.at, BIG_BYTES);
    assert_string_equal(info.sha256, sha256);
    int64_t grown = rss_peak() - before;
    print_message("[ measure  ] %s: 64 MiB there and back, peak memory +%lld KiB\n",
                  kit.under_test->name, (long long)grown / 1024);
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
    kit.blob->stop = &stop;
    assert_code(MR_CANCELLED, mr_blob_get(kit.blob, key("stop"), 10, &buf, NULL, &kit.err));
    assert_code(MR_CANCELLED, mr_blob_list(kit.blob, kit.prefix, collect, &buf, &kit.err));

    atomic_store(&stop, false);
    int64_t from = now_ms();
    assert_code(MR_CANCELLED, mr_blob_put_stream(kit.blob, key("stopped"), NULL, out.len, made_read,
                                                 &out, NULL, &kit.err));
    assert_in_range(now_ms() - from, 0, 500);
    atomic_store(&stop, false);
    assert_absent(key("stopped"));

    struct made_body again = {.len = 4000000};
    assert_ok(mr_blob_put_stream(kit.blob, key("stopped"), NULL, again.len, made_read, &again, NULL,
                                 &kit.err));
    from = now_ms();
    assert_code(MR_CANCELLED, mr_blob_get_stream(kit.blob, key("stopped"), 4000000, made_check,
                                                 &back, NULL, &kit.err));
    assert_in_range(now_ms() - from, 0, 500);
    kit.blob->stop = NULL;
    assert_text(key("stop"), "x"); /* the handle is as good as before */
}

const struct CMUnitTest blob_contract_streams[] = {
    BLOB_CASE(a_stream_of_any_length_comes_back),
    BLOB_CASE(a_hash_known_beforehand_is_checked),
    BLOB_CASE(a_body_of_another_length_is_not_stored),
    BLOB_CASE(a_body_whose_source_breaks_is_not_stored),
    BLOB_CASE(a_reader_of_a_stream_may_give_up),
    BLOB_CASE(a_stopped_call_ends_soon_and_stores_nothing),
};
const size_t blob_contract_streams_count =
    sizeof blob_contract_streams / sizeof blob_contract_streams[0];

const struct CMUnitTest blob_contract_big[] = {
    BLOB_CASE(a_big_object_passes_in_little_memory),
};
const size_t blob_contract_big_count = sizeof blob_contract_big / sizeof blob_contract_big[0];

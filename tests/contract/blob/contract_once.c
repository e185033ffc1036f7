/* contract_once.c -- the contract of a put that may be the only one. */
#include "tests/contract/blob/blob_kit.h"

#include "common/adapters/crypto.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const struct mr_blob_put once = {.if_absent = true, .content_type = "text/plain"};

static void a_second_put_if_absent_tells_of_the_first(void **state)
{
    (void)state;
    struct mr_blob_info info = {0};
    struct made_body body = {.len = 8000000}; /* refused long before its end */
    char sha256[MR_SHA256_HEX];

    mr_sha256_hex("first", 5, sha256);
    assert_ok(mr_blob_put(kit.blob, key("once"), &once, "first", 5, NULL, &kit.err));
    assert_code(MR_EXISTS,
                mr_blob_put(kit.blob, key("once"), &once, "second!", 7, &info, &kit.err));
    assert_int_equal(info.bytes, 5);
    assert_string_equal(info.sha256, sha256);
    assert_string_equal(info.content_type, "text/plain");
    memset(&info, 0, sizeof info);
    assert_code(MR_EXISTS, mr_blob_put_stream(kit.blob, key("once"), &once, body.len, made_read,
                                              &body, &info, &kit.err));
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
        snprintf(name, sizeof name, "%srace/%d/x", kit.prefix, round);
        pthread_barrier_init(&barrier, NULL, RACERS);
        for (int i = 0; i < RACERS; i++) {
            racers[i] =
                (struct racer){.blob = kit.under_test->open(), .name = name, .barrier = &barrier};
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

const struct CMUnitTest blob_contract_once[] = {
    BLOB_CASE(a_second_put_if_absent_tells_of_the_first),
};
const size_t blob_contract_once_count = sizeof blob_contract_once / sizeof blob_contract_once[0];

const struct CMUnitTest blob_contract_races[] = {
    BLOB_CASE(of_puts_if_absent_at_once_exactly_one_wins),
};
const size_t blob_contract_races_count = sizeof blob_contract_races / sizeof blob_contract_races[0];

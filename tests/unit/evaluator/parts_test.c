/* parts_test.c -- the small parts beneath the evaluator: the interpreter's heap, and what the pool
 * remembers of slow requests. */
#include "orchestrator/evaluator/engine_heap.h"
#include "orchestrator/evaluator/pool_known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_piece_given_back_counts_no_more(void **state)
{
    struct ev_heap heap = {.max = 1 << 20};
    char *pieces[600];

    (void)state;
    for (size_t size = 1; size <= 600; size++) {
        pieces[size - 1] = ev_heap_malloc(&heap, size);
        assert_non_null(pieces[size - 1]);
        assert_true(ev_heap_size(pieces[size - 1]) >= size);
        memset(pieces[size - 1], (int)size & 127, ev_heap_size(pieces[size - 1]));
    }
    assert_true(heap.used >= 600 * 601 / 2);
    for (size_t size = 1; size <= 600; size++)
        for (size_t i = 0; i < size; i++)
            assert_int_equal(pieces[size - 1][i], (int)size & 127);
    for (size_t i = 0; i < 600; i++)
        ev_heap_free(&heap, pieces[i]);
    assert_int_equal(heap.used, 0);
    ev_heap_release(&heap);
}

/* Whatever sizes come and go, each is as large as was asked for and keeps what is in it. */
static void kept_pieces_hold_what_is_asked_for(void **state)
{
    enum { PIECES = 64, TURNS = 20000 };
    struct ev_heap heap = {.max = 1 << 20};
    struct {
        unsigned char *at;
        size_t len;
    } pieces[PIECES] = {{0}};
    uint32_t random = 7;

    (void)state;
    for (int turn = 0; turn < TURNS; turn++) {
        const size_t i = (random = random * 1664525 + 1013904223) >> 26;
        const size_t len = ((random = random * 1664525 + 1013904223) >> 20) % 700;
        for (size_t n = 0; n < pieces[i].len; n++)
            assert_int_equal(pieces[i].at[n], (unsigned char)i);
        if (turn % 3 == 0) {
            pieces[i].at = ev_heap_realloc(&heap, pieces[i].at, len);
        } else {
            ev_heap_free(&heap, pieces[i].at);
            pieces[i].at = ev_heap_malloc(&heap, len);
        }
        pieces[i].len = len;
        assert_true(len == 0 || ev_heap_size(pieces[i].at) >= len);
        if (len > 0)
            memset(pieces[i].at, (int)i, len);
    }
    for (size_t i = 0; i < PIECES; i++)
        ev_heap_free(&heap, pieces[i].at);
    assert_int_equal(heap.used, 0);
    ev_heap_release(&heap);
}

static uint64_t key_of(const char *request)
{
    return ev_known_expressions(request, strlen(request));
}

static void the_same_expressions_on_other_data_are_the_same(void **state)
{
    static const char one[] =
        "{\"now_ms\":1,\"seed\":\"0\",\"states\":{\"input\":1},\"conditions\":[],"
        "\"groups\":[[{\"field\":\"a\",\"text\":\"$f\"}]]}";
    static const char other[] =
        "{\"now_ms\":2,\"seed\":\"9\",\"states\":{\"input\":{\"x\":[1],\"conditions\":[]}},"
        "\"conditions\":[],\"groups\":[[{\"field\":\"a\",\"text\":\"$f\"}]]}";
    static const char third[] =
        "{\"now_ms\":1,\"seed\":\"0\",\"states\":{\"input\":1},"
        "\"conditions\":[],\"groups\":[[{\"field\":\"a\",\"text\":\"$g\"}]]}";

    (void)state;
    assert_true(key_of(one) == key_of(other));
    assert_true(key_of(one) != key_of(third));
    assert_true(key_of("") == key_of(""));
    assert_true(key_of("{") != key_of("}"));
}

static void what_was_slow_is_known_for_a_minute(void **state)
{
    static struct ev_known known;
    const int64_t minute_us = 60 * 1000000;

    (void)state;
    assert_false(ev_known_has(&known, 5, 1));
    ev_known_add(&known, 5, 1000);
    assert_true(ev_known_has(&known, 5, 1000 + minute_us - 1));
    assert_false(ev_known_has(&known, 5, 1000 + minute_us));
    assert_false(ev_known_has(&known, 5 + EV_KNOWN_MAX, 1001));
    ev_known_add(&known, 5 + EV_KNOWN_MAX, 2000);
    assert_false(ev_known_has(&known, 5, 2001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_given_back_counts_no_more),
        cmocka_unit_test(kept_pieces_hold_what_is_asked_for),
        cmocka_unit_test(the_same_expressions_on_other_data_are_the_same),
        cmocka_unit_test(what_was_slow_is_known_for_a_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

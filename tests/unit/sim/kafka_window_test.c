/* window_test.c -- the window of a Kafka queue: out of order in, in order out. */
#include "common/adapters/bus_kafka_window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int thing; /* what a slot carries */

static void push(struct mr_window *window, int64_t offset)
{
    mr_window_push(window, &(struct mr_window_slot){.offset = offset, .held = &thing});
}

static void release(struct mr_window *window, int64_t offset)
{
    struct mr_window_slot *slot = mr_window_find(window, offset);

    assert_non_null(slot);
    assert_int_equal(slot->offset, offset);
    slot->held = NULL;
}

static void nothing_passes_an_older_one_that_is_held(void **state)
{
    struct mr_window window;
    struct mr_window_slot last;

    (void)state;
    assert_int_equal(mr_window_init(&window, 4, NULL), MR_OK);
    for (int i = 0; i < 4; i++)
        push(&window, i);
    release(&window, 2);
    release(&window, 1);
    assert_false(mr_window_pass(&window, &last));
    release(&window, 0);
    assert_true(mr_window_pass(&window, &last));
    assert_int_equal(last.offset, 2);
    assert_int_equal(window.count, 1);
    mr_window_release(&window);
}

static void offsets_with_gaps_are_found_and_others_are_not(void **state)
{
    static const int64_t offsets[] = {3, 4, 9, 10, 11, 40, 1000000};
    struct mr_window window;

    (void)state;
    assert_int_equal(mr_window_init(&window, 7, NULL), MR_OK);
    for (size_t i = 0; i < 7; i++)
        push(&window, offsets[i]);
    for (int64_t offset = 0, i = 0; offset < 1000002; offset++) {
        bool is = i < 7 && offsets[i] == offset;
        assert_int_equal(mr_window_find(&window, offset) != NULL, is);
        i += is;
        if (offset == 50)
            offset = 999990;
    }
    mr_window_release(&window);
}

static void it_goes_round_for_ever(void **state)
{
    struct mr_window window;
    struct mr_window_slot last;

    (void)state;
    assert_int_equal(mr_window_init(&window, 5, NULL), MR_OK);
    for (int64_t i = 0; i < 1000; i++) {
        push(&window, 2 * i);
        if (i >= 3) {
            release(&window, 2 * (i - 3));
            assert_true(mr_window_pass(&window, &last));
            assert_int_equal(last.offset, 2 * (i - 3));
            assert_int_equal(window.count, 3);
        }
    }
    mr_window_release(&window);
}

static void an_empty_one_has_nothing(void **state)
{
    struct mr_window window = {0};
    struct mr_window_slot last;

    (void)state;
    assert_null(mr_window_find(&window, 0));
    assert_false(mr_window_pass(&window, &last));
    mr_window_release(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_passes_an_older_one_that_is_held),
        cmocka_unit_test(offsets_with_gaps_are_found_and_others_are_not),
        cmocka_unit_test(it_goes_round_for_ever),
        cmocka_unit_test(an_empty_one_has_nothing),
    };

    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}

/* fetch_room_test.c -- what all tasks hold of fetched bytes is bounded, and one takes half of it
 * at most. */
#include "tests/unit/worker/fetcher_kit.h"
#include "worker/parcels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_all_tasks_hold_is_bounded_and_given_back(void **state)
{
    static struct wk_fetch_room room = {.bytes_max = 10};
    (void)state;
    fetcher_brings(fetcher_get_path("/chunked"), "hello"); /* there is a fetcher now */
    wk_fetcher_share(fetcher_kit.fetcher, &room);
    fetcher_brings(fetcher_get_path("/picture"), "picture");
    assert_int_equal(atomic_load(&room.held), 7);
    fetcher_fails(fetcher_get_path("/picture"), "Blob.Unavailable",
                  "the 10 bytes that there are for them");
    assert_int_equal(atomic_load(&room.held), 7);
    wk_fetch_room_give(&room, 7);
    fetcher_brings(fetcher_get_path("/picture"), "picture");
    assert_int_equal(fetcher_get_path("/missing") == MR_OK, false);
    assert_int_equal(atomic_load(&room.held), 7); /* of the one before */
}

static void one_task_takes_half_of_it_at_most(void **state)
{
    static struct wk_fetch_room room = {.bytes_max = 20};
    const char *first = fetcher_url("/picture"); /* the next but one is in its place */
    const struct mr_recipe_source sources[] = {
        {.url = first, .at = "/source"},
        {.url = fetcher_url("/picture?again"), .at = "/ops/0/layers/1/source"}};
    struct wk_parcels parcels = {0};
    (void)state;
    fetcher_brings(fetcher_get(first, 1000, NULL), "picture"); /* there is a fetcher now */
    wk_fetcher_share(fetcher_kit.fetcher, &room);
    assert_int_equal(wk_parcels_want(&parcels, sources, 2), MR_BUSY);
    mr_buf_release(&fetcher_kit.bytes);
    fetcher_fails(wk_parcels_fetch(&parcels, fetcher_kit.fetcher, 1000, NULL, &fetcher_kit.fault),
                  "Image.TooLarge", "more than 10 bytes, half of WORKER_FETCH_MEMORY");
    assert_int_equal(atomic_load(&room.held), 7);
    assert_non_null(wk_parcels_find(&parcels, sources[0].url));
    wk_parcels_release(&parcels);
    assert_int_equal(atomic_load(&room.held), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCHER_CASE(what_all_tasks_hold_is_bounded_and_given_back),
        FETCHER_CASE(one_task_takes_half_of_it_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

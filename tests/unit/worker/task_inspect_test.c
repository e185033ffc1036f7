/* task_inspect_test.c -- an inspection tells what was asked for of a source, with its size and
 * sum. */
#include "common/model/inspect.h"
#include "tests/unit/worker/bench_kit.h"
#include "tests/unit/worker/imaging_twin.h"
#include "tests/unit/worker/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void inspect_adds_the_size_and_the_sum(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(bench_run(bench, "image.inspect", "{\"source\":{\"key\":\"in/a.jpg\"}}"),
                     MR_OK);
    stage_has(bench->output.data, "{\"format\":\"jpeg\",\"bytes\":7,\"sha256\":\"");
}

static void inspect_names_what_it_does_not_know(void **state)
{
    struct bench *bench = *state;

    bench_fails(bench,
                bench_run(bench, "image.inspect", "{\"source\":{\"key\":\"in/a.jpg\"},\"ops\":[]}"),
                "Recipe.Invalid", "/ops");
    bench_fails(bench, bench_run(bench, "image.inspect", "{}"), "Recipe.Invalid", "/source");
    bench_fails(
        bench, bench_run(bench, "image.inspect", "{\"source\":{\"key\":\"in/a.jpg\"},\"stats\":2}"),
        "Recipe.Invalid", "/stats");
}

static void inspect_asks_for_what_the_task_asks_for(void **state)
{
    assert_int_equal(
        bench_run(*state, "image.inspect",
                  "{\"source\":{\"key\":\"in/a.jpg\"},\"blurhash\":true,\"stats\":true}"),
        MR_OK);
    assert_int_equal(imaging_twin.wanted, MR_INSPECT_BLURHASH | MR_INSPECT_STATS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_CASE(inspect_adds_the_size_and_the_sum),
        BENCH_CASE(inspect_names_what_it_does_not_know),
        BENCH_CASE(inspect_asks_for_what_the_task_asks_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

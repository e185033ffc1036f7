/* cage_test.c -- a decoder that was taken over: what it tries is refused or ends it, its supervisor
 * is told so, and the next picture is done right. */
#include "common/ports/clock.h"
#include "tests/unit/decoder/kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char render[] = "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":"
                             "\"jpeg\"}]}";
static struct wk_decoder *decoder;

static int setup(void **state)
{
    const struct wk_imaging_config config = kit_config_hostile();

    (void)state;
    kit_setup("cage_test");
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    return 0;
}

static struct kit_file deed_file(const char *deed)
{
    char text[64];

    snprintf(text, sizeof(text), DEC_HOSTILE_MARK "%s", deed);
    return kit_text(text);
}

/* The deed ends as this name with this cause; after it a real picture is done. */
static void attempt(const char *deed, const char *name, const char *cause)
{
    struct kit_file real = kit_quarters(64, 64, ".png");
    struct wk_rendered rendered;
    struct kit_file file = deed_file(deed);

    print_message("    %s\n", deed);
    kit_fails(decoder, render, &file, 1, name, cause);
    kit_render(decoder, render, &real, 1, &rendered);
    assert_int_equal(rendered.outputs[0].width, 64);
    g_free(file.data);
    g_free(real.data);
}

static void system_calls_that_reach_out_end_the_decoder(void **state)
{
    (void)state;
    for (size_t i = 0; i < dec_reaches_count; i++)
        attempt(dec_reaches[i].deed, "Image.Crashed", "Bad system call");
}

static void it_was_given_nothing_and_finds_nothing(void **state)
{
    (void)state;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which keeps its stderr */
    attempt("inherited", "Image.Unsupported", "EBADF");
#endif
    attempt("environment", "Image.Unsupported", "ENODATA");
    attempt("open-by-library", "Image.Unsupported", "ENOENT"); /* a library's wish is no crime */
    attempt("clone3", "Image.Unsupported", "ENOSYS");
}

static void what_it_may_only_read_it_cannot_write(void **state)
{
    (void)state;
    attempt("write-source", "Image.Unsupported", "EPERM");
    attempt("map-source", "Image.Unsupported", "EPERM");
    attempt("write-past-end", "Image.Unsupported", "E");
}

static void a_crash_is_the_end_of_its_task_only(void **state)
{
    (void)state;
    attempt("segfault", "Image.Crashed", "the decoder ended by");
    attempt("abort", "Image.Crashed", "the decoder ended by");
    attempt("stack", "Image.Crashed", "the decoder ended by");
    attempt("exit", "Image.Crashed", "exit status 0");
}

static void memory_without_end_is_out_of_memory(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* a checked build has no limit of address space */
#endif
    attempt("memory", "Image.OutOfMemory", "needed more than its");
}

static void time_without_end_is_a_timeout(void **state)
{
    static const char *const deeds[] = {DEC_HOSTILE_MARK "loop", DEC_HOSTILE_MARK "sleep"};
    struct kit_file real = kit_quarters(64, 64, ".png");
    struct mr_recipe *recipe = kit_recipe(render);
    struct wk_rendered rendered;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct wk_source source = {deeds[i], strlen(deeds[i])};
        struct wk_fault fault = {0};
        const int64_t start_ms = mr_mono_ms(), given_ms = 1000;
        enum mr_code rc =
            wk_decoder_render(decoder, recipe, &source, 1, start_ms + given_ms, &rendered, &fault);
        const int64_t took_ms = mr_mono_ms() - start_ms;
        assert_int_equal(rc, MR_TIMEOUT); /* it ended at all: by itself it never would */
        assert_string_equal(fault.name, "Image.Timeout");
        assert_true(fault.retriable);
        assert_true(took_ms >= given_ms); /* nor before its deadline */
        print_message("    %s: %lld ms after its deadline\n", deeds[i],
                      (long long)(took_ms - given_ms));
        kit_render(decoder, render, &real, 1, &rendered);
    }
    mr_recipe_free(recipe);
    g_free(real.data);
}

static void lies_are_not_believed(void **state)
{
    static const char *const deeds[] = {"lie-length", "lie-format",   "lie-size",
                                        "lie-count",  "lie-sequence", "lie-short"};

    (void)state;
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
        attempt(deeds[i], "Image.Crashed", "broke its protocol");
    attempt("lie-failure", "Image.Crashed", "");
    attempt("lie-cause", "Image.Corrupt", "????");
}

/* ---- two slots ------------------------------------------------------------------------------ */

struct neighbour { /* another slot of the same worker, at work all the time */
    atomic_bool over;
    unsigned done, wrong;
};

static void *neighbour_works(void *arg)
{
    const struct wk_imaging_config config = kit_config_hostile();
    struct neighbour *neighbour = arg;
    struct kit_file real = kit_quarters(64, 64, ".png");
    struct wk_source source = {real.data, real.len};
    struct mr_recipe *recipe = kit_recipe(render);
    struct wk_decoder *other = NULL;
    struct mr_error err;

    if (wk_decoder_new(&config, &other, &err))
        neighbour->wrong++;
    while (other && !atomic_load(&neighbour->over)) {
        struct wk_rendered rendered;
        struct wk_fault fault;
        enum mr_code rc = wk_decoder_render(other, recipe, &source, 1,
                                            mr_mono_ms() + KIT_DEADLINE_MS, &rendered, &fault);
        neighbour->done++;
        neighbour->wrong += rc != MR_OK || rendered.outputs[0].width != 64;
    }
    wk_decoder_free(other);
    mr_recipe_free(recipe);
    g_free(real.data);
    return NULL;
}

static void the_neighbours_task_is_right_whatever_is_tried_beside_it(void **state)
{
    static const char *const deeds[] = {"kill",  "execve", "ptrace", "grow",
                                        "stack", "memory", "abort",  "lie-count"};
    struct neighbour neighbour = {0};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, neighbour_works, &neighbour), 0);
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        struct wk_rendered rendered;
        struct wk_fault fault = {0};
        struct kit_file file;
#if defined(__SANITIZE_ADDRESS__)
        if (strcmp(deeds[i], "memory") == 0)
            continue; /* a checked build has no limit of address space */
#endif
        file = deed_file(deeds[i]);
        assert_int_not_equal(kit_try(decoder, render, &file, 1, &rendered, &fault), MR_OK);
        g_free(file.data);
    }
    atomic_store(&neighbour.over, true);
    pthread_join(thread, NULL);
    print_message("    %u tasks beside %zu deeds\n", neighbour.done,
                  sizeof(deeds) / sizeof(deeds[0]));
    assert_true(neighbour.done > 0);
    assert_int_equal(neighbour.wrong, 0);
}

/* Whether it is there before the next task is sent, or comes when that has been. */
static void an_answer_too_many_is_not_taken_for_the_next_tasks(void **state)
{
    static const char *const deeds[] = {DEC_HOSTILE_MARK "lie-twice", DEC_HOSTILE_MARK "lie-late"};
    struct kit_file real = kit_quarters(64, 64, ".png");

    (void)state;
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        struct kit_file file = kit_text(deeds[i]);
        struct wk_rendered rendered;
        struct wk_fault fault;

        assert_int_equal(kit_try(decoder, render, &file, 1, &rendered, &fault), MR_OK);
        kit_render(decoder, render, &real, 1, &rendered); /* the liar was replaced */
        assert_int_equal(rendered.outputs[0].width, 64);
        g_free(file.data);
    }
    g_free(real.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_calls_that_reach_out_end_the_decoder),
        cmocka_unit_test(it_was_given_nothing_and_finds_nothing),
        cmocka_unit_test(what_it_may_only_read_it_cannot_write),
        cmocka_unit_test(a_crash_is_the_end_of_its_task_only),
        cmocka_unit_test(memory_without_end_is_out_of_memory),
        cmocka_unit_test(time_without_end_is_a_timeout),
        cmocka_unit_test(lies_are_not_believed),
        cmocka_unit_test(the_neighbours_task_is_right_whatever_is_tried_beside_it),
        cmocka_unit_test(an_answer_too_many_is_not_taken_for_the_next_tasks),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

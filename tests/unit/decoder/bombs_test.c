/* bombs_test.c -- small files that ask for much (tests/unit/decoder/bombs.py makes them): refused
 * by the header, or ended within the memory and the time that a task has, with an error that says
 * what was too much.  A picture that comes out all the same, within both, is no harm. */
#include "common/ports/clock.h"
#include "tests/unit/decoder/kit.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GIVEN_MS = 2000, PATIENT_MS = 60000, LOOK_MS = 5 };
#define MEMORY_MAX (INT64_C(1) << 30)

static char folder[64];
static struct wk_decoder *decoder;

/* ---- the highest that a decoder's resident set was seen ----------------------------------------
 */

struct watch {
    atomic_bool over;
    int64_t peak_bytes;
};

static void *look(void *arg)
{
    const struct timespec pause = {0, LOOK_MS * 1000000};
    struct watch *watch = arg;

    while (!atomic_load(&watch->over)) {
        const int pid = wk_decoder_pid(decoder);
        const int64_t bytes = pid > 0 ? kit_peak_bytes(pid) : 0;
        if (bytes > watch->peak_bytes)
            watch->peak_bytes = bytes;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* ---- files
 * --------------------------------------------------------------------------------------- */

static int setup(void **state)
{
    static char untrusted[] = "svg,pdf,jxl,jp2";
    struct wk_imaging_config config = kit_config();
    char command[512];

    (void)state;
    snprintf(folder, sizeof(folder), "bombs.%ld", (long)getpid());
    snprintf(command, sizeof(command), "python3 " BOMBS " %s", folder);
    if (system(command) != 0)
        fail_msg("%s", command);
    config.memory_max = MEMORY_MAX;
    config.untrusted = untrusted;
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    wk_decoder_free(decoder);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

static struct kit_file read_whole(const char *name)
{
    char path[512];
    gchar *data;
    gsize len;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (!g_file_get_contents(path, &data, &len, NULL))
        fail_msg("%s is not there", path);
    return (struct kit_file){data, len};
}

/* ---- each
 * ---------------------------------------------------------------------------------------- */

struct outcome {
    enum mr_code rc;
    struct wk_fault fault;
    int64_t peak_bytes, took_ms;
};

static struct outcome give(const char *name, const char *json, int64_t given_ms)
{
    struct kit_file file = read_whole(name);
    const struct wk_source source = {file.data, file.len};
    struct mr_recipe *recipe = kit_recipe(json);
    struct watch watch = {0};
    struct wk_rendered rendered;
    struct outcome outcome = {0};
    const int64_t start_ms = mr_mono_ms();
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, look, &watch), 0);
    outcome.rc = wk_decoder_render(decoder, recipe, &source, 1, start_ms + given_ms, &rendered,
                                   &outcome.fault);
    outcome.took_ms = mr_mono_ms() - start_ms;
    atomic_store(&watch.over, true);
    pthread_join(thread, NULL);
    outcome.peak_bytes = watch.peak_bytes;
    mr_recipe_free(recipe);
    g_free(file.data);
    return outcome;
}

static const char smaller[] =
    "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":64}],\"outputs\":[{\"name\":"
    "\"o\",\"format\":\"png\"}]}";
static const char whole[] = "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"flip\"}],\"outputs\":[{"
                            "\"name\":\"o\",\"format\":\"png\"}]}";

static const char a_picture[] = "a picture";
static const struct expected {
    const char *file, *name, *cause; /* name NULL: any of recipe.md's, or a picture */
} bombs[] = {
    {"30000-progressive.jpg", "Image.TooLarge", "900000000 pixels, the limit is"},
    {"16000-progressive-scans.jpg", NULL, ""},
    {"30000.png", "Image.TooLarge", "900000000 pixels, the limit is"},
    {"16000-interlaced-deep.png", "Image.TooLarge", "by its header it needs"},
    {"12000-interlaced.png", NULL, ""},
    {"16383.webp", "Image.TooLarge", "by its header it needs"},
    {"10000-frames.gif", NULL, ""},
    {"65000.gif", "Image.TooLarge", "4225000000 pixels, the limit is"},
    {"tiles.tif", NULL, ""},
    {"tile-of-4-gigabytes.tif", NULL, ""},
    {"entities.svg", NULL, ""},
    {"use.svg", NULL, ""},
    {"self.svg", NULL, ""},
    {"filters.svg", NULL, ""},
    {"grids.avif", "Image.Corrupt", "avif: heifload_buffer: "},
    {"grid.avif", a_picture, ""}, /* and so libheif does go down */
    {"nested-grids.avif", NULL, ""},
    {"wide-grids.avif", NULL, ""},
    {"huge-grids.avif", "Image.TooLarge", "by its header it needs"},
};
enum { BOMB_COUNT = sizeof(bombs) / sizeof(bombs[0]) };

static void check(const struct expected *bomb, const char *how, const struct outcome *outcome)
{
    print_message("    %-28s %-7s %-18s %4" PRId64 " MiB %5" PRId64 " ms  %.90s\n", bomb->file, how,
                  outcome->rc ? outcome->fault.name : "a picture", outcome->peak_bytes >> 20,
                  outcome->took_ms, outcome->rc ? outcome->fault.cause : "");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(outcome->peak_bytes <= MEMORY_MAX);
#endif
    if (bomb->name && strcmp(outcome->rc ? outcome->fault.name : a_picture, bomb->name) != 0)
        fail_msg("%s: wanted %s", bomb->file, bomb->name);
    if (outcome->rc == MR_OK)
        return;
    assert_string_not_equal(outcome->fault.name, "Image.Crashed");
    assert_true(strncmp(outcome->fault.name, "Image.", 6) == 0 && outcome->fault.cause[0]);
    assert_non_null(strstr(outcome->fault.cause, bomb->cause));
}

static void every_bomb_is_refused_or_ended_within_its_budget(void **state)
{
    struct kit_file real = kit_quarters(64, 64, ".png");

    (void)state;
    for (size_t i = 0; i < BOMB_COUNT; i++) {
        /* where the answer is known, no clock decides it */
        const int64_t given_ms = bombs[i].name ? PATIENT_MS : GIVEN_MS;
        struct outcome outcome = give(bombs[i].file, smaller, given_ms);
        struct wk_rendered rendered;
        check(&bombs[i], "small", &outcome);
        outcome = give(bombs[i].file, whole, given_ms);
        check(&bombs[i], "whole", &outcome);
        kit_render(decoder, smaller, &real, 1, &rendered); /* and nobody minds */
        assert_int_equal(rendered.outputs[0].width, 64);
    }
    g_free(real.data);
}

static void the_list_has_every_bomb_that_is_made(void **state)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int made = 0;

    (void)state;
    assert_non_null(dir);
    while ((entry = readdir(dir)))
        made += entry->d_name[0] != '.';
    closedir(dir);
    assert_int_equal(made, BOMB_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_has_every_bomb_that_is_made),
        cmocka_unit_test(every_bomb_is_refused_or_ended_within_its_budget),
    };
    kit_setup("bombs_test");
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* life_test.c -- decoders begin, are stopped, die, are replaced, and do not grow. */
#include "common/ports/clock.h"
#include "tests/unit/decoder/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char small[] =
    "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":64}],"
    "\"outputs\":[{\"name\":\"o\",\"format\":\"jpeg\"}]}";

static void pause_ms(int ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct other { /* a thread that does something to a decoder at work */
    struct wk_decoder *decoder;
    int64_t done_ms;
};

/* The child runs: it has used this much of a core since it was idle. */
static void wait_busy(const struct other *other)
{
    const int pid = wk_decoder_pid(other->decoder);
    const int64_t idle_ms = kit_cpu_ms(pid);

    while (kit_cpu_ms(pid) < idle_ms + 50)
        pause_ms(5);
}

/* A task without end, whose deadline is an hour away, as another thread ends it. */
static enum mr_code endless(struct wk_decoder *decoder, void *(*act)(void *),
                            struct wk_fault *fault)
{
    static const char loop[] = DEC_HOSTILE_MARK "loop";
    const struct wk_source source = {loop, strlen(loop)};
    struct other other = {decoder, 0};
    struct mr_recipe *recipe = kit_recipe(small);
    struct wk_rendered rendered;
    pthread_t thread;
    enum mr_code rc;
    int64_t ended_ms;

    pthread_create(&thread, NULL, act, &other);
    rc = wk_decoder_render(decoder, recipe, &source, 1, mr_mono_ms() + 3600000, &rendered, fault);
    ended_ms = mr_mono_ms();
    pthread_join(thread, NULL);
    print_message("    ended %lld ms after it\n", (long long)(ended_ms - other.done_ms));
    mr_recipe_free(recipe);
    return rc;
}

static void *stopper(void *arg)
{
    struct other *other = arg;

    wait_busy(other);
    other->done_ms = mr_mono_ms();
    wk_decoder_stop(other->decoder);
    return NULL;
}

static void *killer(void *arg)
{
    struct other *other = arg;

    wait_busy(other);
    other->done_ms = mr_mono_ms();
    kill(wk_decoder_pid(other->decoder), SIGKILL);
    return NULL;
}

static void a_decoder_says_which_layers_hold(void **state)
{
    const struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = kit_decoder(&config);

    (void)state;
    assert_non_null(strstr(wk_decoder_layers(decoder), "seccomp"));
    assert_non_null(strstr(wk_decoder_layers(decoder), "rlimits"));
    assert_true(wk_decoder_pid(decoder) > 0);
    wk_decoder_free(decoder);
    wk_decoder_free(NULL);
}

static void a_decoder_that_is_not_there_is_named(void **state)
{
    struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = NULL;
    struct mr_error err;
    char path[] = "/nowhere/millrace-decoder", not_one[] = "/bin/true";

    (void)state;
    config.decoder = path;
    assert_int_equal(wk_decoder_new(&config, &decoder, &err), MR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "/nowhere/millrace-decoder"));
    config.decoder = not_one;
    assert_int_equal(wk_decoder_new(&config, &decoder, &err), MR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "exit status 0"));
    assert_null(decoder);
}

static bool file_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return good;
}

/* In a process of its own, for which no more user name spaces can be made. */
static int without_user_spaces(void)
{
    struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = NULL;
    struct mr_error err = {0};
    char map[64];

    snprintf(map, sizeof(map), "0 %ld 1", (long)geteuid());
    if (unshare(CLONE_NEWUSER) < 0 || !file_write("/proc/self/uid_map", map) ||
        !file_write("/proc/sys/user/max_user_namespaces", "0"))
        return 77;
    config.sandbox = KIT_STRICT;
    if (wk_decoder_new(&config, &decoder, &err) != MR_UNAVAILABLE || !strstr(err.text, "user ("))
        return 1;
    config.sandbox = KIT_BEST;
    if (wk_decoder_new(&config, &decoder, &err))
        return 2;
    if (strstr(wk_decoder_layers(decoder), "user") ||
        !strstr(wk_decoder_layers(decoder), "seccomp"))
        return 3;
    wk_decoder_free(decoder);
    return 0;
}

static void strict_refuses_a_missing_layer_by_name_and_best_goes_on(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(without_user_spaces());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_stop_ends_a_call_that_would_never_end(void **state)
{
    const struct wk_imaging_config config = kit_config_hostile();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(64, 64, ".png");
    struct wk_rendered rendered;
    struct wk_fault fault = {0};

    (void)state;
    assert_int_equal(endless(decoder, stopper, &fault), MR_CANCELLED);
    kit_render(decoder, small, &file, 1, &rendered);
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void a_stop_outside_of_a_call_stops_nothing(void **state)
{
    const struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(200, 200, ".png");
    struct wk_rendered rendered;
    int pid = wk_decoder_pid(decoder);

    (void)state;
    wk_decoder_stop(decoder);
    kit_render(decoder, small, &file, 1, &rendered);
    wk_decoder_stop(decoder);
    kit_render(decoder, small, &file, 1, &rendered);
    assert_int_equal(wk_decoder_pid(decoder), pid);
    wk_decoder_free(decoder);
    g_free(file.data);
}

struct storm {
    struct wk_decoder *decoder;
    volatile bool over;
};

static void *stops(void *arg)
{
    struct storm *storm = arg;

    while (!storm->over) {
        wk_decoder_stop(storm->decoder);
        pause_ms(7);
    }
    return NULL;
}

static void stops_that_race_with_the_end_of_calls_are_safe(void **state)
{
    const struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(64, 64, ".png");
    struct storm storm = {decoder, false};
    struct wk_rendered rendered;
    pthread_t thread;

    (void)state;
    pthread_create(&thread, NULL, stops, &storm);
    for (int i = 0; i < 40; i++) {
        struct wk_fault fault = {0};
        enum mr_code rc = kit_try(decoder, small, &file, 1, &rendered, &fault);
        assert_true(rc == MR_OK || rc == MR_CANCELLED);
    }
    storm.over = true;
    pthread_join(thread, NULL);
    kit_render(decoder, small, &file, 1, &rendered);
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void a_child_killed_by_hand_at_work_fails_its_task_only(void **state)
{
    const struct wk_imaging_config config = kit_config_hostile();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(64, 64, ".png");
    struct wk_rendered rendered;
    struct wk_fault fault = {0};

    (void)state;
    assert_int_equal(endless(decoder, killer, &fault), MR_UNAVAILABLE);
    assert_string_equal(fault.name, "Image.Crashed");
    assert_true(fault.retriable);
    assert_non_null(strstr(fault.cause, "Killed"));
    kit_render(decoder, small, &file, 1, &rendered);
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void a_child_killed_by_hand_when_idle_fails_no_task(void **state)
{
    const struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(64, 64, ".png");
    struct wk_rendered rendered;
    int pid = wk_decoder_pid(decoder);

    (void)state;
    kill(pid, SIGKILL);
    pause_ms(100);
    kit_render(decoder, small, &file, 1, &rendered);
    assert_int_not_equal(wk_decoder_pid(decoder), pid);
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void a_child_is_replaced_after_its_tasks(void **state)
{
    struct wk_imaging_config config = kit_config();
    struct kit_file file = kit_noise(64, 64, ".png");
    struct wk_decoder *decoder;
    struct wk_rendered rendered;
    int pids[7];

    (void)state;
    config.tasks_max = 3;
    decoder = kit_decoder(&config);
    for (int i = 0; i < 7; i++) {
        pids[i] = wk_decoder_pid(decoder);
        kit_render(decoder, small, &file, 1, &rendered);
    }
    assert_int_equal(pids[0], pids[2]);
    assert_int_not_equal(pids[2], pids[3]);
    assert_int_equal(pids[3], pids[5]);
    assert_int_not_equal(pids[5], pids[6]);
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void a_child_ends_with_its_decoder(void **state)
{
    const struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = kit_decoder(&config);
    int pid = wk_decoder_pid(decoder);

    (void)state;
    wk_decoder_free(decoder);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void a_dead_child_is_followed_by_one_that_is_warm(void **state)
{
    const struct wk_imaging_config config = kit_config_hostile();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(64, 64, ".png"),
                    deadly = kit_text(DEC_HOSTILE_MARK "segfault");
    struct wk_rendered rendered;

    (void)state;
    kit_render(decoder, small, &file, 1, &rendered); /* while it works, the spare begins */
    pause_ms(1500);
    for (int i = 0; i < 3; i++) {
        const int64_t start_us = now_us();
        struct wk_fault fault = {0};
        int64_t dead_us;
        assert_int_equal(kit_try(decoder, small, &deadly, 1, &rendered, &fault), MR_UNAVAILABLE);
        dead_us = now_us();
        assert_true(wk_decoder_pid(decoder) > 0); /* the next one is there, and was before */
        kit_render(decoder, small, &file, 1, &rendered);
        print_message("    the crash took %lld us, the next picture %lld us\n",
                      (long long)(dead_us - start_us), (long long)(now_us() - dead_us));
        pause_ms(1500);
    }
    wk_decoder_free(decoder);
    g_free(file.data);
    g_free(deadly.data);
}

/* Of this process: those that live, or all that were not yet waited for. */
static int children(bool alive)
{
    char path[64];
    int count = 0, pid;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "r");
    assert_non_null(file);
    while (fscanf(file, "%d", &pid) == 1)
        count += !alive || kit_peak_bytes(pid) > 0;
    fclose(file);
    return count;
}

static void a_slot_that_rests_makes_up_for_a_dead_child(void **state)
{
    const struct wk_imaging_config config = kit_config_hostile();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file deadly = kit_text(DEC_HOSTILE_MARK "segfault");
    struct wk_rendered rendered;
    struct wk_fault fault = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kit_try(decoder, small, &deadly, 1, &rendered, &fault), MR_UNAVAILABLE);
#if !defined(__SANITIZE_ADDRESS__) &&                                                              \
    !defined(__SANITIZE_THREAD__) /* which has its own last word */
        assert_non_null(strstr(fault.cause, "signal 11 (Segmentation fault)"));
#endif
        assert_true(wk_decoder_pid(decoder) > 0); /* the one beside it took over */
        wk_decoder_rest(decoder);
        while (children(true) > 2) /* the dead one is on its way out */
            pause_ms(5);
        assert_int_equal(children(true), 2); /* and there is another beside that */
    }
    wk_decoder_free(decoder);
    g_free(deadly.data);
}

static void crash_after_crash_leaves_nobody_behind(void **state)
{
    enum { CRASHES = 12, NOT_WAITED_FOR_MAX = 4 };
    const struct wk_imaging_config config = kit_config_hostile();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(64, 64, ".png"),
                    deadly = kit_text(DEC_HOSTILE_MARK "segfault");
    struct wk_rendered rendered;
    struct wk_fault fault = {0};

    (void)state;
    for (int i = 0; i < CRASHES; i++) {
        assert_int_equal(kit_try(decoder, small, &deadly, 1, &rendered, &fault), MR_UNAVAILABLE);
        assert_true(children(false) <= 2 + NOT_WAITED_FOR_MAX);
        if (i % 4 == 3)
            kit_render(decoder, small, &file, 1, &rendered);
    }
    wk_decoder_free(decoder);
    assert_int_equal(children(false), 0);
    g_free(file.data);
    g_free(deadly.data);
}

static void another_tenants_pictures_go_to_another_child(void **state)
{
    const struct wk_imaging_config config = kit_config_hostile();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(64, 64, ".png"), look = kit_text(DEC_HOSTILE_MARK "look-back");
    struct wk_rendered rendered;
    struct wk_fault fault = {0};
    int first, second;

    (void)state;
    wk_decoder_tenant(decoder, "one");
    kit_render(decoder, small, &file, 1, &rendered);
    kit_render(decoder, small, &file, 1, &rendered);
    first = wk_decoder_pid(decoder);
    assert_int_equal(kit_try(decoder, small, &look, 1, &rendered, &fault), MR_UNSUPPORTED);
    assert_string_equal(fault.cause, "it worked"); /* its own tenant's: no secret to it */
    assert_int_equal(wk_decoder_pid(decoder), first);
    wk_decoder_tenant(decoder, "two");
    assert_int_equal(kit_try(decoder, small, &look, 1, &rendered, &fault), MR_UNSUPPORTED);
    assert_string_not_equal(fault.cause, "it worked"); /* nothing is left of the other's */
    second = wk_decoder_pid(decoder);
    assert_int_not_equal(first, second);
    kit_render(decoder, small, &file, 1, &rendered);
    assert_int_equal(wk_decoder_pid(decoder), second);
    wk_decoder_free(decoder);
    g_free(file.data);
    g_free(look.data);
}

static void many_pictures_do_not_make_it_grow(void **state)
{
    const struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(640, 480, ".jpg[Q=90]");
    struct wk_rendered rendered;
    int64_t before = 0, after;

    (void)state;
    for (int i = 0; i < 400; i++) {
        kit_render(decoder, small, &file, 1, &rendered);
        if (i == 99)
            before = kit_rss_bytes(wk_decoder_pid(decoder));
    }
    after = kit_rss_bytes(wk_decoder_pid(decoder));
    print_message("    resident: %lld KiB, then %lld KiB\n", (long long)before / 1024,
                  (long long)after / 1024);
#if !defined(__SANITIZE_ADDRESS__) /* which keeps what was freed, for a while */
    assert_true(after - before < 4 << 20);
#endif
    wk_decoder_free(decoder);
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_refuses_a_missing_layer_by_name_and_best_goes_on),
        cmocka_unit_test(a_decoder_says_which_layers_hold),
        cmocka_unit_test(a_decoder_that_is_not_there_is_named),
        cmocka_unit_test(a_stop_ends_a_call_that_would_never_end),
        cmocka_unit_test(a_stop_outside_of_a_call_stops_nothing),
        cmocka_unit_test(stops_that_race_with_the_end_of_calls_are_safe),
        cmocka_unit_test(a_child_killed_by_hand_at_work_fails_its_task_only),
        cmocka_unit_test(a_child_killed_by_hand_when_idle_fails_no_task),
        cmocka_unit_test(a_child_is_replaced_after_its_tasks),
        cmocka_unit_test(a_child_ends_with_its_decoder),
        cmocka_unit_test(a_dead_child_is_followed_by_one_that_is_warm),
        cmocka_unit_test(a_slot_that_rests_makes_up_for_a_dead_child),
        cmocka_unit_test(crash_after_crash_leaves_nobody_behind),
        cmocka_unit_test(another_tenants_pictures_go_to_another_child),
        cmocka_unit_test(many_pictures_do_not_make_it_grow),
    };
    kit_setup("life_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

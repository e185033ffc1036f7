/* program_test.c -- where Millrace's programs look for each other. */
#include "common/base/program.h"

#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_program_is_looked_for_in_the_folder_of_the_one_that_runs(void **state)
{
    char self[PATH_MAX], beside[PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    (void)state;
    assert_true(len > 0);
    self[len] = '\0';
    assert_int_equal(mr_program_beside(strrchr(self, '/') + 1, beside, sizeof(beside), NULL),
                     MR_OK);
    assert_string_equal(beside, self);
}

static void a_path_longer_than_its_buffer_is_refused_and_named(void **state)
{
    char path[8];
    struct mr_error err = {0};
    (void)state;
    assert_int_equal(mr_program_beside("millrace-decoder", path, sizeof(path), &err), MR_TOO_LARGE);
    assert_string_equal(err.text, "the path of millrace-decoder: longer than 7 bytes");
}

static void where_proc_is_not_mounted_the_answer_is_the_same(void **state)
{
    char before[PATH_MAX], after[PATH_MAX];
    int status;
    pid_t child;
    (void)state;
    assert_int_equal(mr_program_beside("x", before, sizeof(before), NULL), MR_OK);
    child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || mount("none", "/proc", "tmpfs", 0, "") < 0)
            _exit(2);
        _exit(access("/proc/self", F_OK) == 0 ||
              mr_program_beside("x", after, sizeof(after), NULL) != MR_OK ||
              strcmp(before, after) != 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_looked_for_in_the_folder_of_the_one_that_runs),
        cmocka_unit_test(a_path_longer_than_its_buffer_is_refused_and_named),
        cmocka_unit_test(where_proc_is_not_mounted_the_answer_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

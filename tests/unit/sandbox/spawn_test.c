/* spawn_test.c -- a process that does not come to its program: it is given up, and nobody waits for
 * it for ever. */
#include "common/sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <seccomp.h>

enum { HELD = 0, NO_FILTER = 77, WRONG = 1 };

static void a_program_that_is_not_there_is_said_so(void **state)
{
    const struct sb_limits limits = {0};
    struct sb_child child;
    struct mr_error err;

    (void)state;
    assert_int_equal(sb_spawn("/nonexistent/program", &limits, false, &child, &err),
                     MR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "/nonexistent/program"));
}

static void a_process_that_starts_reports_what_holds(void **state)
{
    const struct sb_limits limits = {.open_files = 16};
    struct sb_child child = sb_child_none;
    struct mr_error err = {0};

    (void)state;
    if (sb_spawn("/bin/true", &limits, false, &child, &err))
        fail_msg("%s", err.text);
    assert_true(child.report.held & 1U << SB_RLIMITS);
    assert_true(child.pid > 0);
    assert_int_not_equal(sb_child_end(&child), -1);
    assert_int_equal(child.pid, -1);
}

/* From here on whoever of this process asks for a name space waits for an answer, which nobody
 * gives: so a child is held between clone and exec. */
static int hold_all(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (!filter || seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(unshare), 0) < 0 ||
        seccomp_load(filter) < 0)
        return -1;
    return seccomp_notify_fd(filter);
}

static int held(void)
{
    const struct sb_limits limits = {.start_ms = 50};
    struct sb_child child = sb_child_none;
    struct mr_error err = {0};

    if (hold_all() < 0)
        return NO_FILTER;
    if (sb_spawn("/bin/true", &limits, false, &child, &err) != MR_UNAVAILABLE)
        return WRONG;
    if (!strstr(err.text, "/bin/true") || !strstr(err.text, "not started in 50 ms"))
        return WRONG;
    /* It was killed and waited for, and nothing of it was handed out. */
    return waitpid(-1, NULL, WNOHANG) < 0 && child.pid == -1 && child.sock == -1 ? HELD : WRONG;
}

static void a_process_that_is_held_at_its_start_is_given_up(void **state)
{
    int status = -1;
    pid_t pid;

    (void)state;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(held());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_FILTER) {
        print_message("skipped: this kernel has no filter that waits\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), HELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_is_not_there_is_said_so),
        cmocka_unit_test(a_process_that_starts_reports_what_holds),
        cmocka_unit_test(a_process_that_is_held_at_its_start_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* pool_test.c -- evaluators that nobody waits for: what does not end is answered with its limit,
 * and what stands beside it is answered before that. */
#include "orchestrator/evaluator/pool.h"
#include "tests/unit/evaluator/ask.h"

#include "common/base/json.h"

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { REQUESTS_MAX = 64, WAIT_MS = 60000 };

struct question {
    char *text;
    char *answer; /* NULL: not yet */
    int order;    /* of its answer among all */
};

struct fixture {
    struct ev_config config;
    struct ev_pool *pool;
    struct ev_port *port;
    struct question questions[REQUESTS_MAX];
    int count, answered;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct mr_error err;

    assert_non_null(fixture);
    ask_config(&fixture->config);
    fixture->config.time_ms = 500;
    if (ev_pool_new(&fixture->config, &fixture->pool, &err))
        fail_msg("%s", err.text);
    fixture->port = ev_pool_port(fixture->pool);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    ev_pool_free(fixture->pool);
    for (int i = 0; i < fixture->count; i++) {
        free(fixture->questions[i].text);
        free(fixture->questions[i].answer);
    }
    free(fixture);
    return 0;
}

static struct question *post_of(struct fixture *fixture, const char *expression, uint64_t job,
                                uint64_t group)
{
    const struct ev_asker asker = {.job = job, .group = group};
    struct question *question = &fixture->questions[fixture->count++];

    question->text = ask_text(expression, "{\"a\":1}", "{}");
    assert_int_equal(fixture->port->post(fixture->port, question, question->text,
                                         strlen(question->text), &asker),
                     MR_OK);
    return question;
}

/* Each job a group of its own. */
static struct question *post(struct fixture *fixture, const char *expression, uint64_t job)
{
    return post_of(fixture, expression, job, ~job);
}

static void take_all(struct fixture *fixture)
{
    struct ev_answered got;

    while (fixture->port->take(fixture->port, &got)) {
        struct question *question = got.ticket;
        assert_int_equal(got.code, MR_OK);
        question->answer = mr_buf_detach(&got.text);
        question->order = ++fixture->answered;
    }
}

static void wait_for(struct fixture *fixture, const struct question *question)
{
    struct pollfd fd = {.fd = fixture->port->fd(fixture->port), .events = POLLIN};

    take_all(fixture);
    while (!question->answer) {
        assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
        take_all(fixture);
    }
}

/* Not one that is on its way to be one. */
static bool is_evaluator(long pid)
{
    char path[64], name[32] = "";
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
    file = fopen(path, "r");
    if (!file)
        return false;
    (void)!fgets(name, sizeof(name), file);
    fclose(file);
    return strcmp(name, "millrace-evalua\n") == 0;
}

static int signal_children_of(const char *thread, int signal)
{
    char path[320];
    FILE *children;
    int reached = 0;
    long child;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%s/children", thread);
    children = fopen(path, "r");
    if (!children)
        return 0;
    while (fscanf(children, "%ld", &child) == 1)
        if (is_evaluator(child))
            reached += kill((pid_t)child, signal) == 0;
    fclose(children);
    return reached;
}

/* Sends signal (0: none) to the evaluators that this process has by now, and counts them. */
static int signal_children(int signal)
{
    DIR *threads = opendir("/proc/self/task");
    const struct dirent *thread;
    int reached = 0;

    assert_non_null(threads);
    while ((thread = readdir(threads)))
        reached += thread->d_name[0] == '.' ? 0 : signal_children_of(thread->d_name, signal);
    closedir(threads);
    return reached;
}

/* As a machine that stands still does it: two quick ones and a slow one. */
static void stop_children(void)
{
    const struct timespec pause = {0, 1000000};

    for (int i = 0; i < WAIT_MS && signal_children(0) < 3; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(signal_children(SIGSTOP), 3);
}

static void a_request_whose_child_stood_still_is_tried_once_more_where_it_was(void **state)
{
    struct fixture *fixture = *state;
    const struct question *question;

    wait_for(fixture, post(fixture, "$sum([1..100000].($ * 2))", 1)); /* the slow one is warm */
    fixture->config.patience = 2;
    stop_children();
    question = post(fixture, "2", 2); /* in the slow lane it would pass its limit */
    wait_for(fixture, question);
    assert_string_equal(question->answer, "{\"chosen\":0,\"values\":[2]}");
}

static void answers_come_with_their_tickets(void **state)
{
    struct fixture *fixture = *state;
    char text[32], want[64];

    for (int i = 0; i < 50; i++) {
        (void)snprintf(text, sizeof(text), "$states.input.a + %d", i);
        (void)post(fixture, text, (uint64_t)i);
    }
    for (int i = 0; i < 50; i++) {
        wait_for(fixture, &fixture->questions[i]);
        (void)snprintf(want, sizeof(want), "{\"chosen\":0,\"values\":[%d]}", i + 1);
        assert_string_equal(fixture->questions[i].answer, want);
    }
}

/* Keeps nothing, so that time is all it can run out of. */
static const char work_for_ever[] =
    "$reduce([1..100000], function($a, $i) { $reduce([1..1000], function($b, $j) { $b + $j }, $a) "
    "}, 0)";

/* Twice as many of them as there are quick children: all pass to the slow lane, the neighbours are
 * answered while they are still at it. */
static void what_does_not_end_holds_no_neighbour(void **state)
{
    struct fixture *fixture = *state;
    struct question *endless[4], *neighbours[8];

    for (int i = 0; i < 4; i++)
        endless[i] = post(fixture, work_for_ever, 7);
    for (int i = 0; i < 8; i++)
        neighbours[i] = post(fixture, "1 + 1", 100 + (uint64_t)i);
    for (int i = 0; i < 8; i++) {
        wait_for(fixture, neighbours[i]);
        assert_string_equal(neighbours[i]->answer, "{\"chosen\":0,\"values\":[2]}");
    }
    assert_null(endless[3]->answer);
    for (int i = 0; i < 4; i++) {
        wait_for(fixture, endless[i]);
        assert_non_null(strstr(endless[i]->answer, "States.QueryEvaluationError"));
        assert_non_null(strstr(endless[i]->answer, "ORCH_EVALUATOR_TIME_MS"));
        assert_true(endless[i]->order > neighbours[7]->order);
    }
}

/* What takes memory, stack or a built-in for ever: each has the error that names its limit, and
 * each time the neighbour is answered. */
static void each_excess_costs_its_own_request_only(void **state)
{
    static const struct {
        const char *expression, *limits[2];
    } cases[] = {
        /* each call keeps something: which limit comes first is the machine's speed */
        {"($f := function() { $f() }; $f())", {"ORCH_EVALUATOR_TIME_MS", "ORCH_EVALUATOR_MEMORY"}},
        {"($f := function($n) { 1 + $f($n + 1) }; $f(1))",
         {"ORCH_EVALUATOR_DEPTH", "ORCH_EVALUATOR_TIME_MS"}},
        {"$pad('x', 900000000)", {"ORCH_EVALUATOR_MEMORY", "ORCH_EVALUATOR_TIME_MS"}},
        {"$pad('x', -900000000)", {"ORCH_EVALUATOR_MEMORY", "ORCH_EVALUATOR_TIME_MS"}},
        {"$contains($join([1..3000].('aaaaaaaaaa')) & '!', /^(a+)+$/)",
         {"ORCH_EVALUATOR_TIME_MS", "ORCH_EVALUATOR_MEMORY"}},
        {"$count([1..10000000])", {"ORCH_EVALUATOR_MEMORY", "ORCH_EVALUATOR_TIME_MS"}},
        {"[1..10000000] ~> $map(function($v) { $v * 2 })",
         {"ORCH_EVALUATOR_MEMORY", "ORCH_EVALUATOR_TIME_MS"}},
        {"$range(1, 10000000, 1)", {"ORCH_EVALUATOR_MEMORY", "ORCH_EVALUATOR_TIME_MS"}},
        {"$reduce([1..30], function($a, $b) { $a & $a }, 'xxxxxxxx')",
         {"ORCH_EVALUATOR_MEMORY", "ORCH_EVALUATOR_TIME_MS"}},
        {"$sort([1..200000], function($a, $b) { $random() > 0.5 })",
         {"ORCH_EVALUATOR_TIME_MS", "ORCH_EVALUATOR_MEMORY"}},
        {"$string([1..900000])", {"ORCH_EVALUATOR_", "cannot be kept"}},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct question *excess = post(fixture, cases[i].expression, 1000 + i);
        struct question *neighbour = post(fixture, "'still here'", 1);
        wait_for(fixture, neighbour);
        assert_string_equal(neighbour->answer, "{\"chosen\":0,\"values\":[\"still here\"]}");
        wait_for(fixture, excess);
        if (!strstr(excess->answer, "States.QueryEvaluationError") ||
            (!strstr(excess->answer, cases[i].limits[0]) &&
             (!cases[i].limits[1] || !strstr(excess->answer, cases[i].limits[1]))))
            fail_msg("%s: %.300s", cases[i].expression, excess->answer);
    }
}

/* Of a bad definition each job asks the same: once it was slow, none of the others gets between the
 * neighbours, though each of them is a job of its own. */
static void a_flood_of_one_expression_lets_neighbours_pass(void **state)
{
    struct fixture *fixture = *state;
    struct question *flood[8], *neighbours[8];

    wait_for(fixture, post(fixture, work_for_ever, 7));
    for (int i = 0; i < 8; i++)
        flood[i] = post(fixture, work_for_ever, 200 + (uint64_t)i);
    for (int i = 0; i < 8; i++)
        neighbours[i] = post(fixture, "1 + 1", 100 + (uint64_t)i);
    for (int i = 0; i < 8; i++) {
        wait_for(fixture, neighbours[i]);
        assert_string_equal(neighbours[i]->answer, "{\"chosen\":0,\"values\":[2]}");
    }
    for (int i = 0; i < 8; i++) {
        wait_for(fixture, flood[i]);
        assert_non_null(strstr(flood[i]->answer, "ORCH_EVALUATOR_TIME_MS"));
        assert_true(flood[i]->order > neighbours[7]->order);
    }
}

/* Every one another text, so that nothing is known of any: behind the first of them they are
 * suspects by whose they are, and neighbours pass, be their expressions known or new. */
static void a_flood_of_different_expressions_lets_neighbours_pass(void **state)
{
    enum { FLOOD = 20, NEIGHBOURS = 8 };
    struct fixture *fixture = *state;
    struct question *flood[FLOOD], *neighbours[NEIGHBOURS];
    char text[256];
    int before = 0;

    wait_for(fixture, post(fixture, work_for_ever, 7)); /* somebody else's */
    for (int i = 0; i < FLOOD; i++) {
        (void)snprintf(text, sizeof(text), "%s + %d", work_for_ever, i);
        flood[i] = post_of(fixture, text, 200 + (uint64_t)i, 5);
    }
    for (int i = 0; i < NEIGHBOURS; i++) {
        (void)snprintf(text, sizeof(text), "%d + 1", i % 2 ? i : 1);
        neighbours[i] = post(fixture, text, 100 + (uint64_t)i);
    }
    for (int i = 0; i < NEIGHBOURS; i++)
        wait_for(fixture, neighbours[i]);
    for (int i = 0; i < FLOOD; i++)
        before += flood[i]->answer != NULL;
    assert_int_equal(before, 0); /* all have still to pass their limit in the slow lane */
    for (int i = 0; i < FLOOD; i++) {
        wait_for(fixture, flood[i]);
        assert_non_null(strstr(flood[i]->answer, "ORCH_EVALUATOR_TIME_MS"));
    }
}

/* In the slow lane groups have turns: what is a little slow does not wait for a flood of what never
 * ends. */
static void the_slow_lane_serves_groups_in_turn(void **state)
{
    enum { FLOOD = 8 };
    static const char little[] = "$sum([1..60000].($ * 2))";
    struct fixture *fixture = *state;
    struct question *flood[FLOOD], *neighbour;
    char text[256];
    int behind = 0;

    for (int i = 0; i < FLOOD; i++) {
        (void)snprintf(text, sizeof(text), "%s + %d", work_for_ever, i);
        flood[i] = post_of(fixture, text, 200 + (uint64_t)i, 5);
    }
    wait_for(fixture, flood[0]); /* the others wait in the slow lane, or come there soon */
    neighbour = post(fixture, little, 9);
    wait_for(fixture, neighbour);
    for (int i = 0; i < FLOOD; i++) {
        wait_for(fixture, flood[i]);
        behind += flood[i]->order > neighbour->order;
    }
    assert_true(behind >= FLOOD - 4);
}

static void what_was_slow_once_goes_the_slow_way_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct question *slow = post(fixture, "($f := function() { $f() }; $f())", 7), *again, *other;

    wait_for(fixture, slow);
    again = post(fixture, "($f := function() { $f() }; $f())", 7);
    other = post(fixture, "1", 8);
    wait_for(fixture, other);
    assert_null(again->answer);
    wait_for(fixture, again);
}

static void a_request_that_is_too_long_is_an_error_of_its_job(void **state)
{
    struct fixture *fixture = *state;
    struct question *question = &fixture->questions[fixture->count++];
    size_t len = (size_t)fixture->config.text_max + 1;

    question->text = calloc(1, len + 1);
    assert_non_null(question->text);
    memset(question->text, ' ', len);
    assert_int_equal(
        fixture->port->post(fixture->port, question, question->text, len, &(struct ev_asker){1, 1}),
        MR_OK);
    wait_for(fixture, question);
    assert_non_null(strstr(question->answer, "ORCH_EVALUATOR_TEXT_MAX"));
}

/* Stopped in the middle: every ticket comes back, and soon. */
static void a_stop_gives_every_ticket_back(void **state)
{
    struct fixture *fixture = *state;
    struct ev_answered got;
    int back = 0;

    for (int i = 0; i < 10; i++)
        (void)post(fixture, "($f := function() { $f() }; $f())", (uint64_t)i);
    fixture->port->stop(fixture->port);
    while (fixture->port->take(fixture->port, &got)) {
        assert_int_equal(got.code, MR_UNAVAILABLE);
        mr_buf_release(&got.text);
        back++;
    }
    assert_int_equal(back, 10);
}

static void no_program_is_an_alarm_and_the_requests_wait(void **state)
{
    static char nowhere[] = "/nonexistent/millrace-evaluator";
    struct ev_config config;
    struct ev_answered got;
    struct ev_pool *pool;
    struct mr_error err;
    char *text = ask_text("1", "{}", "{}");

    (void)state;
    ask_config(&config);
    config.program = nowhere;
    assert_int_equal(ev_pool_new(&config, &pool, &err), MR_OK);
    assert_int_equal(ev_pool_port(pool)->post(ev_pool_port(pool), text, text, strlen(text),
                                              &(struct ev_asker){1, 1}),
                     MR_OK);
    ev_pool_port(pool)->stop(ev_pool_port(pool));
    assert_true(ev_pool_port(pool)->take(ev_pool_port(pool), &got));
    assert_int_equal(got.code, MR_UNAVAILABLE);
    mr_buf_release(&got.text);
    ev_pool_free(pool);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_request_whose_child_stood_still_is_tried_once_more_where_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_come_with_their_tickets, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_end_holds_no_neighbour, setup, teardown),
        cmocka_unit_test_setup_teardown(each_excess_costs_its_own_request_only, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_one_expression_lets_neighbours_pass, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_different_expressions_lets_neighbours_pass,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_slow_lane_serves_groups_in_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_slow_once_goes_the_slow_way_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_request_that_is_too_long_is_an_error_of_its_job, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_stop_gives_every_ticket_back, setup, teardown),
        cmocka_unit_test(no_program_is_an_alarm_and_the_requests_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

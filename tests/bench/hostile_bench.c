/* hostile_bench.c -- what an expression that does not end, takes all memory or crashes costs the
 * jobs beside it: small expressions are asked of a pool with its default settings, one every 2 ms,
 * alone and then beside each kind of excess; a line of JSON for each with the worst time that one
 * of them waited.  usage: hostile_bench [ROUNDS [PATH of millrace-evaluator]] */
#include "orchestrator/evaluator/pool.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    INNOCENT_EVERY_US = 2000,
    QUIET_US = 1000 * 1000, /* for what is usual without any */
    AFTER_US = 150 * 1000,  /* innocents go on for so long after the last excess was answered */
    INNOCENTS_MAX = 100000,
    FLOOD = 8,
    MANY = 16,
};

#define WORK                                                                                       \
    "$reduce([1..100000], function($a, $i) { $reduce([1..1000], function($b, $j) { $b + $j }, "    \
    "$a) }, 0)"

enum {
    ALIKE = 0,
    DIFFER = 1,    /* each excess is another text */
    NEWCOMERS = 2, /* and so is each innocent: nobody has seen it before */
};

static const struct {
    const char *name, *expression;
    int at_once;
    int how;
} kinds[] = {
    {"endless", "($f := function() { $f() }; $f())", 1, ALIKE},
    {"work", WORK, 1, ALIKE},
    {"recursion", "($f := function($n) { 1 + $f($n + 1) }; $f(1))", 1, ALIKE},
    {"pad", "$pad('x', 900000000)", 1, ALIKE},
    {"regex", "$contains($join([1..3000].('aaaaaaaaaa')) & '!', /^(a+)+$/)", 1, ALIKE},
    {"range", "$count([1..10000000])", 1, ALIKE},
    {"range mapped", "[1..10000000] ~> $map(function($v) { $v * 2 })", 1, ALIKE},
    {"doubling", "$reduce([1..30], function($a, $b) { $a & $a }, 'xxxxxxxx')", 1, ALIKE},
    {"flood of work", WORK, FLOOD, ALIKE},
    {"flood of pad", "$pad('x', 900000000)", FLOOD, ALIKE},
    {"flood of different works", WORK, MANY, DIFFER},
    {"flood of different pads", "$pad('x', 900000000)", MANY, DIFFER},
    {"flood of different works, newcomers", WORK, MANY, DIFFER | NEWCOMERS},
};

struct question {
    int64_t posted_us;
    bool is_hostile;
    struct mr_buf own; /* its text, where it is another than all */
};

static struct bench {
    struct ev_port *port;
    struct mr_buf innocent, hostile;
    const char *expression; /* of the hostile one */
    int how;
    struct question questions[INNOCENTS_MAX];
    int64_t waits_us[INNOCENTS_MAX];
    int posted, waits, hostile_open;
    uint64_t key;
    int64_t next_us;
    char limit[40]; /* that the last excess was told */
} bench;

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void request_write(const char *expression, struct mr_buf *ret)
{
    mr_buf_reset(ret);
    (void)mr_buf_addf(
        ret,
        "{\"now_ms\":1700000000000,\"seed\":\"0123456789abcdef\",\"states\":{\"input\":{\"w\":"
        "640}},\"variables\":{},\"conditions\":[],\"groups\":[[{\"field\":\"Output\",\"text\":"
        "\"%s\"}]]}",
        expression);
}

static void post(bool is_hostile, int64_t at_us)
{
    const struct ev_asker asker = {.job = ++bench.key, .group = is_hostile};
    const struct mr_buf *text = is_hostile ? &bench.hostile : &bench.innocent;
    struct question *question = &bench.questions[bench.posted];
    char own[400];

    if (bench.posted == INNOCENTS_MAX)
        return;
    *question = (struct question){at_us, is_hostile, {0}};
    if (bench.how & (is_hostile ? DIFFER : NEWCOMERS)) {
        (void)snprintf(own, sizeof(own), "[%s, %llu]",
                       is_hostile ? bench.expression : "$states.input.w",
                       (unsigned long long)bench.key);
        request_write(own, &question->own);
        text = &question->own;
    }
    if (bench.port->post(bench.port, question, text->data, text->len, &asker) == MR_OK) {
        bench.posted++;
        bench.hostile_open += is_hostile;
    }
}

static void limit_note(const struct mr_buf *answer)
{
    const char *name = answer->data ? strstr(answer->data, "ORCH_EVALUATOR_") : NULL;

    (void)snprintf(bench.limit, sizeof(bench.limit), "%.*s", name ? (int)strcspn(name, ",) ") : 4,
                   name ? name : "none");
}

static void take_all(void)
{
    struct ev_answered got;

    while (bench.port->take(bench.port, &got)) {
        struct question *question = got.ticket;
        if (question->is_hostile) {
            bench.hostile_open--;
            limit_note(&got.text);
        } else {
            bench.waits_us[bench.waits++] = now_us() - question->posted_us;
        }
        mr_buf_release(&question->own);
        mr_buf_release(&got.text);
    }
}

/* One turn: what is due is posted, what is there taken, else waited for. An innocent's wait begins
 * when it was due, so that being late here hides nothing. */
static void turn(void)
{
    struct pollfd fd = {.fd = bench.port->fd(bench.port), .events = POLLIN};
    int64_t now = now_us();

    while (bench.next_us <= now) {
        post(false, bench.next_us);
        bench.next_us += INNOCENT_EVERY_US;
    }
    take_all();
    now = now_us();
    if (bench.next_us > now)
        (void)poll(&fd, 1, (int)((bench.next_us - now + 999) / 1000));
    take_all();
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Runs until for_us have passed since the last excess was answered; all innocents are answered
 * then. */
static void run(int64_t for_us)
{
    int64_t until_us = now_us() + for_us;

    while (now_us() < until_us) {
        turn();
        if (bench.hostile_open > 0)
            until_us = now_us() + for_us;
    }
    for (int last = bench.posted; bench.waits + bench.hostile_open < last;)
        turn();
}

static void measure_begin(void)
{
    bench.posted = bench.waits = 0;
    bench.limit[0] = '\0';
    bench.next_us = now_us();
}

/* Returns the worst, in us. */
static int64_t report(const char *name, int at_once, int64_t usual_us)
{
    int64_t worst_us;

    qsort(bench.waits_us, (size_t)bench.waits, sizeof(bench.waits_us[0]), compare);
    worst_us = bench.waits_us[bench.waits - 1];
    printf("{\"beside\": \"%s\", \"at_once\": %d, \"limit\": \"%s\", \"innocents\": %d, "
           "\"median_ms\": "
           "%.2f, \"p99_ms\": %.2f, \"worst_ms\": %.2f, \"worst_extra_ms\": %.2f}\n",
           name, at_once, bench.limit, bench.waits, (double)bench.waits_us[bench.waits / 2] / 1e3,
           (double)bench.waits_us[bench.waits * 99 / 100] / 1e3, (double)worst_us / 1e3,
           (double)(worst_us > usual_us ? worst_us - usual_us : 0) / 1e3);
    (void)fflush(stdout);
    return worst_us;
}

int main(int argc, char **argv)
{
    const long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 3;
    struct ev_config config;
    struct ev_pool *pool = NULL;
    struct mr_error err;
    int64_t usual_us, worst_us = 0;

    ev_config_default(&config);
    config.program = argc > 2 ? argv[2] : NULL;
    if (ev_pool_new(&config, &pool, &err)) {
        fprintf(stderr, "hostile_bench: %s\n", err.text);
        return 1;
    }
    bench.port = ev_pool_port(pool);
    request_write("'w' & $states.input.w", &bench.innocent);
    measure_begin();
    run(AFTER_US); /* children start */
    measure_begin();
    run(QUIET_US);
    (void)report("nothing", 0, 0);
    usual_us = bench.waits_us[bench.waits / 2];
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        int64_t kind_us;

        request_write(kinds[i].expression, &bench.hostile);
        bench.expression = kinds[i].expression;
        bench.how = kinds[i].how;
        measure_begin();
        for (long round = 0; round < rounds; round++) {
            for (int n = 0; n < kinds[i].at_once; n++)
                post(true, now_us());
            run(AFTER_US);
        }
        kind_us = report(kinds[i].name, kinds[i].at_once, usual_us);
        worst_us = kind_us > worst_us ? kind_us : worst_us;
    }
    printf("{\"beside\": \"all\", \"worst_extra_ms\": %.2f}\n",
           (double)(worst_us - usual_us) / 1e3);
    ev_pool_free(pool);
    mr_buf_release(&bench.innocent);
    mr_buf_release(&bench.hostile);
    return 0;
}

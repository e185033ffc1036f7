/* play.h -- a run under a test's hands: events go in, effects are kept as lists, and every event is
 * also applied to a twin decoded from the last encoding, which must come to the same bytes. */
#ifndef TESTS_ASL_PLAY_H
#define TESTS_ASL_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "orchestrator/asl/machine.h"
#include "orchestrator/asl/run.h"
#include "orchestrator/asl/step.h"

struct play_task {
    uint64_t seq;
    uint32_t attempt;
    uint32_t entry;
    char state[96];
    char resource[160];
    char *input;
    int64_t timeout_ms, heartbeat_ms;
    bool token;
};

struct play_timer {
    uint64_t seq;
    uint32_t attempt;
    char kind;
    int64_t due_ms;
};

struct play_child { /* of a distributed Map, outstanding */
    uint64_t seq;
    uint32_t attempt, born, index, items, flow;
    bool record, again;
    char *input;  /* NULL: a redriven one */
    bool stopped; /* it was told to end */
    bool wanted;  /* its end is still waited for */
};

struct play_ask { /* an evaluation */
    uint64_t seq;
    uint32_t attempt, number;
    char state[96];
    char *request;
    bool wanted; /* the run still waits for it */
};

struct play_value {
    uint32_t id;
    char *text;
};

struct play_store { /* values kept apart */
    struct play_value *items;
    size_t count, cap;
    size_t puts, drops;
};

struct play {
    struct asl_machine *machine;
    struct asl_run *run;
    struct asl_env env;
    struct asl_effects effects; /* of the last event */
    int64_t now_ms;
    bool changed; /* by the last event */
    bool closed;  /* told by an effect */
    unsigned closes;
    struct play_task *tasks; /* outstanding, in the order of sending */
    size_t task_count, task_cap;
    struct play_timer *timers;
    size_t timer_count, timer_cap;
    struct play_child *children;
    size_t child_count, child_cap;
    unsigned children_stopped;
    struct play_ask *asks;
    size_t ask_count, ask_cap;
    unsigned stopped; /* tasks ended unwanted */
    unsigned answered;
    unsigned sent;
    struct play_store store;
    struct mr_buf text;    /* last encoding */
    struct mr_buf history; /* "Type,Type,..." */
    uint64_t history_last;
    bool no_twin; /* for speed */
};

void play_begin(struct play *, const char *definition); /* must parse */
void play_end(struct play *);
void play_event(struct play *, const struct asl_event *event); /* at play->now_ms */
void play_start(struct play *, const char *input);
void play_ok(struct play *, const char *state, const char *json); /* the first task of that state */
void play_fail(struct play *, const char *state, const char *error, const char *cause);
void play_sync(struct play *); /* the last encoding is that of now: after events without a twin */
/* The end of a child: an output, or an error with json NULL. */
void play_child_ok(struct play *, uint32_t index, const char *json);
void play_child_fail(struct play *, uint32_t index, const char *error);
struct play_child *play_child_of(struct play *, uint32_t index); /* NULL: none */
void play_timer(struct play *, size_t index); /* fires it, at its due time if that is later */
void play_next_timer(struct play *);          /* the earliest */
void play_answer(struct play *, const char *answer); /* of the oldest evaluation */
void play_cancel(struct play *);
void play_redrive(struct play *);
struct play_task *play_task_of(struct play *, const char *state); /* NULL: none */
/* Runs definition on input with tasks that echo, and timers at once; checks the output. */
void play_expect(const char *definition, const char *input, const char *output);
/* The same, failing with that error (NULL: none). */
void play_expect_error(const char *definition, const char *input, const char *error);
void play_run(struct play *); /* echoes tasks, fires timers, until closed */
void assert_json(const cJSON *json, const char *expected); /* compared with sorted keys */
void assert_output(struct play *, const char *expected);
void assert_where(struct play *, const char *expected);

#endif

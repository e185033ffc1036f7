/* query.h -- JSONata in a definition: fields in which text of the form {% ... %} stands for its
 * value.  What is evaluated is evaluated elsewhere: query_ask.c makes of all expressions that a
 * state needs next one request (ASL_EFFECT_EVALUATE), whose answer comes back as an event, and
 * query_stage.c goes on with it.  A state without an expression asks nothing.
 *
 * The request, JSON text:
 *   {"now_ms": n, "seed": 16 hex digits,
 *    "states": {"input", "result" or "errorOutput", "context"}, those that are read
 *    "variables": {name: value}, those that are read and have one
 *    "conditions": [E...], of a Choice: evaluated in turn until one is true
 *    "groups": [[E...]...], one more than there are conditions: the one that belongs to the
 *              condition that was true, or the last, is evaluated
 *    "items": {"first": n, "values": [...], "keys": [...] of members of an object, "source"}},
 *              optional: the group is evaluated for each of them
 *   E: {"field": "Output/name" or "Catch[0]/Output/name", "text": "$states.input.name"}
 * The answer: {"chosen": which group, "values": [value of each E]}, with items a list of such
 * lists; or {"error", "cause", "field"}. */
#ifndef ASL_QUERY_H
#define ASL_QUERY_H

#include "orchestrator/asl/fault.h"

#include <cjson/cJSON.h>
#include <stdint.h>

#define ASL_QUERY_ERROR "States.QueryEvaluationError"

enum asl_query_kind {
    ASL_QUERY_CONSTANT, /* no expression below here */
    ASL_QUERY_EXPRESSION,
    ASL_QUERY_OBJECT,
    ASL_QUERY_ARRAY,
};

struct asl_query { /* a field, or a part of one */
    enum asl_query_kind kind;
    uint32_t count;       /* of items */
    uint32_t expressions; /* in all of it */
    unsigned reads;       /* members of $states */
    const char *key;      /* as a member; NULL in arrays and at the top */
    const cJSON *json;    /* CONSTANT; lent by the definition */
    const char *text;     /* EXPRESSION, without {% and %} */
    const char *field;    /* EXPRESSION: where it stands in its state, "Catch[0]/Output/name" */
    uint32_t under;       /* of field: bytes for the rule or catcher, which runs before
                             ASL_ENGINE_REVIEW are not told; 0: of the state itself */
    struct asl_query *items;
};

enum asl_query_id { /* the fields that are evaluated before a state begins, and the selector */
                    ASL_Q_ARGUMENTS,
                    ASL_Q_CREDENTIALS,
                    ASL_Q_TIMEOUT,
                    ASL_Q_HEARTBEAT,
                    ASL_Q_SECONDS,
                    ASL_Q_TIMESTAMP,
                    ASL_Q_ERROR,
                    ASL_Q_CAUSE,
                    ASL_Q_ITEMS,
                    ASL_Q_CONCURRENCY,
                    ASL_Q_TOLERATED_COUNT,
                    ASL_Q_TOLERATED_PERCENTAGE,
                    ASL_Q_READER,  /* all of ItemReader */
                    ASL_Q_BATCHER, /* all of ItemBatcher */
                    ASL_Q_WRITER,  /* all of ResultWriter */
                    ASL_Q_ENTER_COUNT,
                    ASL_Q_SELECTOR = ASL_Q_ENTER_COUNT, /* once for each item */
                    ASL_Q_COUNT
};

struct asl_query_assignment {
    const char *name; /* of the machine */
    struct asl_query value;
};

struct asl_way {              /* Output and Assign: of a state, a rule, a catcher */
    struct asl_query *output; /* NULL: absent */
    struct asl_query_assignment *assign;
    uint32_t assign_count;
    uint32_t expressions;
    unsigned reads;
};

struct asl_query_rule { /* of a Choice */
    struct asl_query condition;
    struct asl_way way;
};

struct asl_query_name { /* a variable that the state's expressions read */
    const char *name;   /* of the machine */
    struct asl_query_name *next;
};

enum { ASL_READS_INPUT = 1, ASL_READS_RESULT = 2, ASL_READS_ERROR = 4, ASL_READS_CONTEXT = 8 };

struct asl_queries { /* of a state that speaks JSONata */
    struct asl_query *fields[ASL_Q_COUNT];
    struct asl_way way; /* of a Choice: where no rule holds */
    struct asl_query_name *names;
};

/* Why a frame waits for an evaluation.  Written in encodings: only append. */
enum asl_stage {
    ASL_STAGE_ENTER,  /* its fields, or a Choice's conditions */
    ASL_STAGE_RESULT, /* Output and Assign, at the end of its work */
    ASL_STAGE_CAUGHT, /* those of a catcher */
    ASL_STAGE_SELECT, /* ItemSelector of the next items of a Map */
    ASL_STAGE_COUNT
};

struct asl_ask { /* an evaluation that a frame waits for */
    enum asl_stage stage;
    uint32_t number; /* of its entry of the state: with (seq, attempt) it names the answer */
    uint32_t which;  /* CAUGHT: the catcher; SELECT: the first item */
    uint32_t count;  /* SELECT: items */
    int64_t since_ms;
    struct asl_value *value; /* RESULT: the result, or NULL; CAUGHT: the error's output */
};

struct asl_filled { /* fields with their values in place; zeroed: none */
    cJSON *fields[ASL_Q_COUNT];
};
void asl_filled_release(struct asl_filled *);

/* query with the values of its expressions, which are taken from the list *values on, as JSON of
 * the caller's. MR_INVALID: there are too few. */
MR_MUST_USE enum mr_code asl_query_fill(const struct asl_query *query, const cJSON **values,
                                        cJSON **ret);

struct asl_turn;
struct asl_frame;
struct asl_run;
struct asl_event;

/* query_stage.c.  The frame, whose state speaks JSONata, begins its work. */
MR_MUST_USE enum mr_code asl_query_enter(struct asl_turn *, struct asl_frame *, struct asl_fault *);
/* Its work is done: Output, Assign, and on.  result is taken over; NULL: it has none. */
MR_MUST_USE enum mr_code asl_query_result(struct asl_turn *, struct asl_frame *,
                                          struct asl_value *result, struct asl_fault *);
/* Its catcher of that index takes an error; its output is taken over. */
MR_MUST_USE enum mr_code asl_query_caught(struct asl_turn *, struct asl_frame *, uint32_t catcher,
                                          struct asl_value *error, struct asl_fault *);
/* What child index of a Map begins with, *ret the caller's; NULL with MR_OK: it has been asked for,
 * and the frame gets its turn when the answer is there. */
MR_MUST_USE enum mr_code asl_query_select(struct asl_turn *, struct asl_frame *, uint32_t index,
                                          struct asl_value **ret, struct asl_fault *);
/* The answer to what frame waits for. */
MR_MUST_USE enum mr_code asl_query_answered(struct asl_turn *, struct asl_frame *,
                                            const cJSON *answer, struct asl_fault *);

/* query_ask.c.  The effect for frame->ask, as it was asked. */
MR_MUST_USE enum mr_code asl_query_effect(struct asl_turn *, struct asl_frame *);
uint32_t asl_query_expressions(const struct asl_turn *, const struct asl_frame *,
                               const struct asl_ask *ask);
/* Nobody waits for an answer any more. */
void asl_query_forget(struct asl_frame *);
/* The member of that name of an object that has an expression somewhere; NULL: none. */
const struct asl_query *asl_query_member(const struct asl_query *query, const char *name);
/* json as a number; whole: without a fraction.  query: where it came from, or NULL. */
MR_MUST_USE enum mr_code asl_query_number(struct asl_turn *, const struct asl_query *query,
                                          const cJSON *json, bool whole, double min, double max,
                                          double *ret, struct asl_fault *);
/* What evaluates is not of a field's type: the fault, in AWS's words. query NULL, or
 * no expression: a constant. */
MR_MUST_USE enum mr_code asl_query_mistyped(struct asl_turn *, const struct asl_query *query,
                                            const char *expected, const cJSON *value,
                                            struct asl_fault *);

#endif

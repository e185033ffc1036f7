/* definition.h -- what a machine is once it is read: states in one array, names already resolved to
 * indexes, paths and templates ready to follow.  parse*.c fill it; the rest only reads it. */
#ifndef ASL_DEFINITION_H
#define ASL_DEFINITION_H

#include "orchestrator/asl/arena.h"
#include "orchestrator/asl/assign.h"
#include "orchestrator/asl/choice.h"
#include "orchestrator/asl/machine.h"
#include "orchestrator/asl/path.h"
#include "orchestrator/asl/query.h"
#include "orchestrator/asl/template.h"
#include "orchestrator/asl/timestamp.h"
#include "orchestrator/asl/value.h"

enum { ASL_STATES_MAX = 10000, ASL_NONE = -1 };

enum asl_type { /* written in encodings and in tables: only append */
                ASL_PASS,
                ASL_TASK,
                ASL_CHOICE,
                ASL_WAIT,
                ASL_SUCCEED,
                ASL_FAIL,
                ASL_PARALLEL,
                ASL_MAP,
                ASL_TYPE_COUNT
};

struct asl_errors { /* ErrorEquals */
    const char **names;
    uint32_t count;
};

struct asl_retrier {
    struct asl_errors errors;
    int64_t interval_ms;
    int64_t delay_max_ms; /* 0: none */
    uint32_t attempts_max;
    double backoff;
    bool jitter; /* FULL */
};

struct asl_catcher {
    struct asl_errors errors;
    struct asl_path *result_path; /* NULL: $ */
    struct asl_assign *assign;    /* NULL: none */
    struct asl_way way;           /* JSONata: Output and Assign */
    int32_t next;
};

/* A number that is written down or found by a path when it is needed. */
struct asl_number {
    int64_t n;
    struct asl_path *path; /* NULL: n */
    bool set;
};

enum asl_resource { /* only the history tells them apart */
                    ASL_RESOURCE_TASK,
                    ASL_RESOURCE_LAMBDA,
                    ASL_RESOURCE_ACTIVITY,
};

struct asl_task {
    const char *resource;
    enum asl_resource kind;
    bool token;     /* .waitForTaskToken */
    bool submitted; /* the history has a TaskSubmitted: .sync and .waitForTaskToken */
    struct asl_number timeout_s;
    struct asl_number heartbeat_s;
};

struct asl_wait {
    struct asl_number seconds;
    struct asl_timestamp until;
    struct asl_path *until_path; /* TimestampPath */
};

struct asl_choices {
    struct asl_rule *rules;
    uint32_t count;
    int32_t otherwise; /* Default, or ASL_NONE */
};

struct asl_fail {
    const char *error;
    const char *cause;
    struct asl_template *error_path; /* a path or a call */
    struct asl_template *cause_path;
};

/* What a Map in DISTRIBUTED mode has beyond the others. */
struct asl_spread {
    bool express;
    const char *label;  /* NULL: none */
    const char *reader; /* ItemReader's Resource; NULL: the items come with the input */
    struct asl_template *reader_parameters;
    const cJSON *reader_config;  /* NULL: none */
    struct asl_number items_max; /* MaxItems */
    bool batches;                /* has an ItemBatcher */
    struct asl_number batch_items, batch_bytes;
    struct asl_template *batch_input;
    bool writes;        /* has a ResultWriter */
    const char *writer; /* its Resource; NULL: results go into the output */
    struct asl_template *writer_parameters;
    const cJSON *writer_config; /* NULL: none */
    const char *writer_form;    /* its Transformation; NULL: none was given */
    struct asl_number tolerated_count;
    const cJSON *tolerated_percent; /* the number; NULL: none */
    struct asl_path *tolerated_path;
};

struct asl_fork {  /* Parallel: its branches; Map: its one item processor */
    uint32_t flow; /* the first; the others follow */
    uint32_t flows;
    const char *member;            /* Branches, ItemProcessor or Iterator */
    struct asl_path *items_path;   /* Map; NULL: $ */
    struct asl_template *selector; /* Map */
    struct asl_number concurrency; /* Map; 0: no limit of its own */
    struct asl_spread *spread;     /* Map in DISTRIBUTED mode; NULL: INLINE */
};

struct asl_state {
    const char *name;
    enum asl_type type;
    uint32_t flow;
    int32_t next;                /* ASL_NONE: it ends its flow (or is a Choice) */
    struct asl_path *input_path; /* each NULL where it is absent */
    struct asl_path *output_path;
    struct asl_path *result_path;
    struct asl_template *parameters;
    struct asl_template *result_selector;
    struct asl_retrier *retriers;
    uint32_t retrier_count;
    struct asl_catcher *catchers;
    uint32_t catcher_count;
    struct asl_queries *queries; /* NULL: it speaks JSONPath */
    struct asl_assign *assign;   /* NULL: none; of a Choice: where no rule holds */
    union {
        struct asl_value *result; /* Pass; NULL where absent */
        struct asl_task task;
        struct asl_choices choices;
        struct asl_wait wait;
        struct asl_fail fail;
        struct asl_fork fork;
    };
};

struct asl_flow {   /* states that follow one another: the machine, a branch, an item processor */
    uint32_t first; /* its states stand together in the array */
    uint32_t count;
    uint32_t start;
    int32_t owner; /* the state that forks it; ASL_NONE: the machine */
};

struct asl_reference { /* a state reads a variable, at least once */
    uint32_t state;
    const char *name; /* of the machine */
};

struct asl_machine {
    unsigned refs;
    cJSON *json; /* constants and names are lent from here */
    struct asl_arena arena;
    struct asl_state *states; /* in growing arrays of their own */
    uint32_t state_count, state_cap;
    struct asl_flow *flows;
    uint32_t flow_count, flow_cap;
    const char **variables; /* a hash table of every name that is assigned or read; NULL: empty */
    uint32_t variable_count, variable_cap;
    struct asl_reference *references;
    uint32_t reference_count, reference_cap;
    struct asl_reference *assignments; /* likewise, of states that assign */
    uint32_t assignment_count, assignment_cap;
    struct asl_expression *expressions; /* all of it, in the order of the text */
    uint32_t expression_count, expression_cap;
    uint32_t calls;     /* of intrinsic functions */
    int64_t timeout_ms; /* 0: none */
    size_t bytes;
};

const char *asl_type_name(enum asl_type);

#endif

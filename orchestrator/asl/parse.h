/* parse.h -- reading a definition: where we are in it, what was wrong so far, and one reader a
 * kind of field.  A reader that finds a fault reports it and returns false or NULL; reading goes
 * on, so that people see all faults at once. */
#ifndef ASL_PARSE_H
#define ASL_PARSE_H

#include "orchestrator/asl/definition.h"
#include "orchestrator/asl/suggest.h"

#define ASL_SCHEMA         "SCHEMA_VALIDATION_FAILED"
#define ASL_TRANSITION     "MISSING_TRANSITION_TARGET"
#define ASL_BAD_JSON       "INVALID_JSON_DESCRIPTION"
#define ASL_DUPLICATE_NAME "DUPLICATE_STATE_NAME"
#define ASL_NO_END         "MISSING_END_STATE"
#define ASL_NOT_YET        "NOT_SUPPORTED"
#define ASL_BAD_NAME       "INVALID_STATE_NAME"
#define ASL_BAD_RESOURCE   "INVALID_RESOURCE"
#define ASL_BAD_LABEL      "INVALID_LABEL_NAME"
#define ASL_SAME_LABEL     "DUPLICATE_LABEL_NAME"
#define ASL_NOTHING        "MISSING_DESCRIPTION"

enum { ASL_SECONDS_MAX = 99999999, ASL_DELAY_SECONDS_MAX = 31622400 };

struct asl_parser {
    struct asl_machine *machine;
    struct asl_diagnostics *diags;
    struct asl_parse_options options;
    bool warns; /* somebody wants warnings too */
    bool no_memory;
    char at[256]; /* JSON pointer, cut to fit */
    size_t at_len;
    bool jsonata;   /* the machine's own QueryLanguage */
    uint32_t state; /* index of the state that is being read */
    unsigned
        reads; /* ASL_READS_RESULT, ASL_READS_ERROR: there too, in the field that is being read */
};

/* Goes down one step of the pointer; the return value takes asl_at_leave() back up. */
size_t asl_at(struct asl_parser *, const char *token);
size_t asl_at_index(struct asl_parser *, uint32_t index);
void asl_at_leave(struct asl_parser *, size_t mark);
/* A fault at the place where the parser is.  Always false. */
bool asl_report(struct asl_parser *, const char *code, const char *fmt, ...) MR_PRINTF(3, 4);
/* The same, of a rule that came later: a definition that was taken before it keeps to be good. */
bool asl_report_later(struct asl_parser *, const char *code, const char *message);
/* What may be, but is hardly meant. */
void asl_warn(struct asl_parser *, const char *code, const char *fmt, ...) MR_PRINTF(3, 4);
/* The same at the member name of that place. */
bool asl_report_at(struct asl_parser *, const char *name, const char *code, const char *fmt, ...)
    MR_PRINTF(4, 5);
/* For a word that was written wrong; of the first few faults only, or a definition of nothing but
 * them would take long. */
struct asl_suggestion asl_suggest(const struct asl_parser *, const char *word);
void *asl_take(struct asl_parser *, size_t size); /* from the machine's arena; notes no_memory */

/* The readers: name absent is no fault, and leaves *ret as it was. */
bool asl_read_str(struct asl_parser *, const cJSON *object, const char *name, const char **ret);
bool asl_read_bool(struct asl_parser *, const cJSON *object, const char *name, bool *ret);
bool asl_read_int(struct asl_parser *, const cJSON *object, const char *name, int64_t min,
                  int64_t max, int64_t *ret);
enum asl_path_rules {
    ASL_PATH_ANY = 0,
    ASL_PATH_NULLABLE = 1,  /* may be null */
    ASL_PATH_REFERENCE = 2, /* a place to write to: not in $$ */
};
bool asl_read_path(struct asl_parser *, const cJSON *object, const char *name, unsigned rules,
                   struct asl_path **ret);
/* text as a path, its variable made the machine's own; the fault, if any, is in err. */
MR_MUST_USE enum mr_code asl_parse_path(struct asl_parser *, const char *text, struct asl_path *ret,
                                        struct mr_error *err);
/* `name`, or a path in `name`Path; both at once is a fault. */
bool asl_read_number(struct asl_parser *, const cJSON *object, const char *name, int64_t min,
                     struct asl_number *ret);
/* The path of one of a Map's counts (NULL: none) leads to one place, and not into the context. */
bool asl_check_count_path(struct asl_parser *, const char *name, const struct asl_path *);
/* A path or a call of an intrinsic function, as text. */
bool asl_read_source(struct asl_parser *, const cJSON *object, const char *name,
                     struct asl_template **ret);
/* text as a call, its variables and calls made the machine's own. */
MR_MUST_USE enum mr_code asl_parse_intrinsic(struct asl_parser *, const char *text,
                                             struct asl_intrinsic **ret, struct mr_error *err);
bool asl_read_template(struct asl_parser *, const cJSON *object, const char *name,
                       struct asl_template **ret);
/* One member of a template: "x" or "x.$". */
bool asl_read_member(struct asl_parser *, const cJSON *json, struct asl_template *ret);
/* parse_assign.c.  The machine's own name for a variable; NULL: out of memory. */
const char *asl_name_variable(struct asl_parser *, const char *name);
/* The state that is being read reads the variable of that (the machine's own) name. */
bool asl_note_variable(struct asl_parser *, const char *name);
/* object's member Assign. */
bool asl_read_assign(struct asl_parser *, const cJSON *object, struct asl_assign **ret);
/* Room in an array of items of that size for at least want of them. */
bool asl_grow(void **items, uint32_t *cap, uint32_t want, size_t size);
/* The machine's own name for a variable that is assigned to, or NULL and a report. */
const char *asl_read_variable_name(struct asl_parser *, const char *name);

/* parse_query.c: where JSONata is spoken.  Text of the form {% ... %}. */
bool asl_is_expression(const cJSON *json);
bool asl_read_query(struct asl_parser *, const cJSON *object, const char *name,
                    struct asl_queries *queries, struct asl_query **ret);
/* A number or text that is written down, into *ret, or an expression, into queries. */
bool asl_read_query_number(struct asl_parser *, const cJSON *object, const char *name, int64_t min,
                           int64_t max, struct asl_queries *queries, enum asl_query_id id,
                           struct asl_number *ret);
bool asl_read_query_str(struct asl_parser *, const cJSON *object, const char *name,
                        struct asl_queries *queries, enum asl_query_id id, const char **ret);
/* Whose Output and Assign they are. */
struct asl_way_of {
    unsigned reads;   /* what $states has there beside its input and context */
    const char *list; /* "Choices" or "Catch"; NULL: the state's own */
    uint32_t index;   /* in the list */
};
bool asl_read_way(struct asl_parser *, const cJSON *object, struct asl_queries *queries,
                  struct asl_way_of of, struct asl_way *ret);
bool asl_read_condition(struct asl_parser *, const cJSON *object, uint32_t index,
                        struct asl_queries *queries, struct asl_query *ret);
/* parse_reads.c: what text reads: of $states into *ret_reads, of variables into queries and the
 * machine's references.  A member of $states that is not there is a fault. */
bool asl_note_reads(struct asl_parser *, struct asl_queries *queries, const char *text,
                    unsigned *ret_reads);
/* Every member of object is one of names (NULL-terminated). */
bool asl_read_known(struct asl_parser *, const cJSON *object, const char *const *names);

/* The index of the state of that name in flow; reports the lack at member field. */
int32_t asl_find_state(struct asl_parser *, const struct asl_flow *flow, const char *name);
int32_t asl_read_target(struct asl_parser *, const cJSON *object, const char *field,
                        const struct asl_flow *flow);

/* parse_flow.c: adds a flow and its states, those nested in it too; its index in *ret. */
bool asl_parse_flow(struct asl_parser *, const cJSON *object, int32_t owner, uint32_t *ret);
/* Room for one more flow, of which the caller knows the members already. */
bool asl_reserve_flows(struct asl_parser *, uint32_t more);
bool asl_parse_flow_into(struct asl_parser *, const cJSON *object, int32_t owner, uint32_t flow);
/* parse_state.c: fills state, whose name and flow are set. */
void asl_parse_state(struct asl_parser *, const cJSON *json, uint32_t state);
/* parse_task.c, parse_fork.c, ...: what only one type has. */
void asl_parse_task(struct asl_parser *, const cJSON *json, uint32_t state);
void asl_parse_wait(struct asl_parser *, const cJSON *json, uint32_t state);
void asl_parse_fail(struct asl_parser *, const cJSON *json, uint32_t state);
void asl_parse_choice(struct asl_parser *, const cJSON *json, uint32_t state);
void asl_parse_fork(struct asl_parser *, const cJSON *json, uint32_t state);
/* parse_spread.c: a Map in DISTRIBUTED mode; and the same fields in a Map that is not. */
void asl_parse_spread(struct asl_parser *, const cJSON *json, uint32_t state);
void asl_refuse_spread(struct asl_parser *, const cJSON *json);
void asl_parse_retry(struct asl_parser *, const cJSON *json, uint32_t state);
/* check.c: reachability and the like, once everything is read. */
void asl_check_machine(struct asl_parser *);
/* warn.c: likewise, for who asked for diagnostics. */
void asl_warn_machine(struct asl_parser *);
/* check.c: a scope that assigns what an outer one assigns, too. */
void asl_warn_scopes(struct asl_parser *);

#endif

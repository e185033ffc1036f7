/* variables.h -- workflow variables: what Assign gives a name to.  Every flow has a scope of its
 * own, held by the frame that walks through it; a frame sees its own variables and those of the
 * frames above it, and changes none but its own.  Both query languages assign and read through
 * here.
 *
 * A name is the machine's: asl_machine_variable() gives the one pointer that stands for it, and
 * names are compared as pointers.  A value is shared by counting and numbered like every other
 * value of the run, so that it is encoded once, however many variables and inputs refer to it. */
#ifndef ASL_VARIABLES_H
#define ASL_VARIABLES_H

#include "orchestrator/asl/fault.h"
#include "orchestrator/asl/value.h"

enum {
    ASL_VARIABLE_NAME_MAX = 80,                 /* characters */
    ASL_VARIABLES_BYTES_MAX = 10 * 1024 * 1024, /* of all variables of a run, printed */
};

struct asl_machine;
struct asl_turn;
struct asl_frame;
struct asl_run;

struct asl_variable {
    const char *name; /* of the machine */
    struct asl_value *value;
    size_t bytes; /* printed; counted by asl_variables_check() */
};

/* A scope; or, while a state ends, what it has evaluated but not yet put into its scope. */
struct asl_variables { /* zeroed: none */
    struct asl_variable *items;
    uint32_t count, cap;
};
void asl_variables_release(struct asl_variables *); /* accepts NULL */
/* value is taken over, also on failure; NULL is one.  A name that is there gets the new value.
 * false: out of memory. */
bool asl_variables_add(struct asl_variables *, const char *name, struct asl_value *value);

/* The machine's own name equal to name; NULL: nothing in the definition assigns or reads it. */
const char *asl_machine_variable(const struct asl_machine *, const char *name);
/* Where name is, or would go, in a table of cap names (a power of two, not all full). */
const char **asl_variable_slot(const char **names, uint32_t cap, const char *name);
/* A letter or '_', then letters, digits and '_'; all of Unicode's, as far as we tell them apart. */
bool asl_variable_name_valid(const char *name);

/* What name stands for as frame sees it; NULL: nothing yet.  Lent. */
struct asl_value *asl_variable_get(const struct asl_frame *frame, const char *name);
/* Calls fn with all that frame sees, the outermost scope first, each scope in order of assignment.
 * No name comes twice. */
typedef void asl_variable_fn(void *ctx, const struct asl_variable *);
void asl_variables_each(const struct asl_frame *frame, asl_variable_fn *fn, void *ctx);

/* A state's way out, in two halves: what was evaluated is checked while the state can still fail,
 * and put into its scope when it no longer can.  Between the two the state sees the old values.
 * MR_INVALID: a name of an outer scope (States.Runtime); a value, or all of one state's together,
 * larger than a state's data may be, or more than ASL_VARIABLES_BYTES_MAX in all
 * (States.DataLimitExceeded).  On failure nothing is changed. */
MR_MUST_USE enum mr_code asl_variables_check(struct asl_turn *, struct asl_frame *,
                                             struct asl_variables *assigned, struct asl_fault *);
/* After asl_variables_check() of the same, which made the room.  Empties assigned. */
void asl_variables_apply(struct asl_turn *, struct asl_frame *, struct asl_variables *assigned);

/* A frame's scope goes: with the frame, or when its run ends. */
void asl_variables_forget(struct asl_run *, struct asl_frame *);

#endif

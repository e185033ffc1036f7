/* test_request.h -- what TestState is asked, read and checked. */
#ifndef ASL_TEST_REQUEST_H
#define ASL_TEST_REQUEST_H

#include "orchestrator/asl/test_state.h"

#include "orchestrator/asl/machine.h"

struct asl_test_request {
    const char *name;   /* of the state; lent by machine */
    const cJSON *state; /* lent by machine */
    cJSON *machine;     /* owned: a definition with this state, and stubs where it goes */
    cJSON *context;     /* owned */
    cJSON *variables;   /* owned; NULL: none */
    cJSON *result;      /* owned: the mocked one; NULL: none */
    cJSON *items;       /* owned: mapItemReaderData; NULL: none, or not to be read here */
    bool in_map;        /* the state is one of a Map's iterations */
    enum asl_test_fields { ASL_FIELDS_STRICT, ASL_FIELDS_PRESENT, ASL_FIELDS_NONE } fields;
    const cJSON *raised; /* errorOutput; lent by the options; NULL: none */
    bool inspects;       /* DEBUG, TRACE */
    uint32_t tries;      /* retrierRetryCount */
    int64_t failures;    /* mapIterationFailureCount */
};
void asl_test_request_release(struct asl_test_request *);

struct asl_rejection { /* why a request is none */
    const char *error; /* ValidationException, InvalidDefinition */
    char cause[400];
};

/* MR_INVALID: *ret_why says why.  Release the request in any case. */
MR_MUST_USE enum mr_code asl_test_request_read(const struct asl_test *, struct asl_test_request *,
                                               struct asl_rejection *ret_why);

#endif

/* choice.h -- the rules of a Choice state. */
#ifndef ASL_CHOICE_H
#define ASL_CHOICE_H

#include "orchestrator/asl/assign.h"
#include "orchestrator/asl/fault.h"
#include "orchestrator/asl/path.h"
#include "orchestrator/asl/timestamp.h"

enum asl_rule_kind { ASL_RULE_AND, ASL_RULE_OR, ASL_RULE_NOT, ASL_RULE_TEST };

enum asl_operand { /* what a test compares */
                   ASL_OPERAND_STRING,
                   ASL_OPERAND_NUMERIC,
                   ASL_OPERAND_BOOLEAN,
                   ASL_OPERAND_TIMESTAMP,
                   ASL_OPERAND_TYPE, /* Is...: the operand says which answer is wanted */
};

enum asl_test {
    ASL_TEST_EQUALS,
    ASL_TEST_LESS,
    ASL_TEST_GREATER,
    ASL_TEST_LESS_EQUALS,
    ASL_TEST_GREATER_EQUALS,
    ASL_TEST_MATCHES,
    ASL_TEST_IS_NULL,
    ASL_TEST_IS_PRESENT,
    ASL_TEST_IS_NUMERIC,
    ASL_TEST_IS_STRING,
    ASL_TEST_IS_BOOLEAN,
    ASL_TEST_IS_TIMESTAMP,
};

struct asl_operator { /* a row of the table of all 39 */
    const char *name; /* "StringLessThanEqualsPath" */
    enum asl_operand operand;
    enum asl_test test;
    bool path; /* the operand is a path to it */
};
/* NULL: no operator of that name. */
const struct asl_operator *asl_operator_find(const char *name);

struct asl_rule {
    enum asl_rule_kind kind;
    struct asl_rule *rules; /* AND, OR, NOT */
    uint32_t count;
    const struct asl_operator *op; /* TEST */
    struct asl_path variable;
    struct asl_path operand_path; /* op->path */
    const cJSON *operand;         /* otherwise; of the operator's type */
    struct asl_query_rule *query; /* JSONata: the rule is its Condition */
    int32_t next;                 /* of a rule at the top */
    struct asl_assign *assign;    /* likewise; NULL: none */
};

struct asl_scope;
/* MR_INVALID: a path names nothing (States.Runtime).  Values of another type than the operator's
 * are no fault: the test is false. */
MR_MUST_USE enum mr_code asl_rule_test(const struct asl_rule *rule, struct asl_scope *scope,
                                       bool *ret, struct asl_fault *fault);
/* As Java compares strings: by UTF-16 units, so that U+10000 and above stand before U+E000. */
int asl_string_order(const char *a, const char *b);
enum { ASL_MATCH_PATTERN_MAX = 1024 }; /* bytes: a match may take its length times the text's */
/* StringMatches: '*' stands for any characters; \* and \\ for themselves. */
bool asl_string_matches(const char *text, const char *pattern);

#endif

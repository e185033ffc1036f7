/* path_filter.h -- filters of paths: [?(@.price < 10 && @.tags contains 'new')]. */
#ifndef ASL_PATH_FILTER_H
#define ASL_PATH_FILTER_H

#include "orchestrator/asl/path.h"
#include "orchestrator/asl/path_regex.h"

enum asl_filter_kind {
    ASL_FILTER_AND,
    ASL_FILTER_OR,
    ASL_FILTER_NOT,     /* left alone */
    ASL_FILTER_EXISTS,  /* a.path names something */
    ASL_FILTER_COMPARE, /* a op b */
};

enum asl_filter_op {
    ASL_OP_EQ,       /* == : 1 == '1', too */
    ASL_OP_NE,       /* != */
    ASL_OP_SAME,     /* === : of one type, too */
    ASL_OP_NOT_SAME, /* !== */
    ASL_OP_LT,       /* numbers, or texts; anything else is false */
    ASL_OP_LE,
    ASL_OP_GT,
    ASL_OP_GE,
    ASL_OP_IN, /* left is in the list right */
    ASL_OP_NIN,
    ASL_OP_SUBSETOF, /* all of the list left are in right */
    ASL_OP_ANYOF,    /* one of them is */
    ASL_OP_NONEOF,   /* none is */
    ASL_OP_CONTAINS, /* text in text, value in list */
    ASL_OP_SIZE,     /* text or list has that length */
    ASL_OP_EMPTY,    /* text or list is empty: true or false */
    ASL_OP_MATCHES,  /* =~ /pattern/i : all of the text does */
};

struct asl_filter_value {
    const struct asl_path *path; /* from @, or from $ where root; NULL: json */
    bool root;
    const cJSON *json; /* in the arena */
    const struct asl_regex *regex;
};

struct asl_filter {
    enum asl_filter_kind kind;
    enum asl_filter_op op;
    const struct asl_filter *left, *right;
    struct asl_filter_value a, b;
};

/* One walk of one path over one document. */
struct asl_walk {
    const struct asl_path *path;
    const cJSON *root; /* $ of its filters */
    cJSON *made;
    cJSON *list;         /* of an indefinite path */
    const cJSON *single; /* of a definite one */
    bool missing;        /* a part before everything indefinite named nothing */
    uint32_t *visits;    /* shared with the walks of its filters */
    enum mr_code rc;     /* the first thing that went wrong */
};

/* Counts one value looked at; false: the walk is over, see rc. */
bool asl_walk_visit(struct asl_walk *walk);
/* Counts steps to get somewhere, which are cheaper: through a list, or through a text. */
void asl_walk_pay(struct asl_walk *walk, uint64_t steps);
/* Member by name, paid for; NULL: none, or node is no object. */
const cJSON *asl_walk_member(struct asl_walk *walk, const cJSON *node, const char *name);
/* Whether node passes; sets walk->rc. */
bool asl_filter_accepts(struct asl_walk *walk, const struct asl_filter *filter, const cJSON *node);
/* path from node, as part of walk; NULL: nothing, or walk->rc. *ret_missing: see asl_walk. */
const cJSON *asl_walk_inner(struct asl_walk *walk, const struct asl_path *path, const cJSON *node,
                            bool *ret_missing);

#endif

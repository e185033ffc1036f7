/* path_read.h -- reading the text of a path, and of the filters in it. */
#ifndef ASL_PATH_READ_H
#define ASL_PATH_READ_H

#include "orchestrator/asl/path.h"
#include "orchestrator/asl/path_filter.h"

struct asl_path_reader {
    struct asl_arena *arena;
    const char *text; /* all of it, for messages */
    const char *at;
    unsigned depth; /* of filters and parentheses */
    struct mr_error *err;
};

/* MR_INVALID, with why. */
enum mr_code asl_path_wrong(struct asl_path_reader *, const char *why);
enum mr_code asl_path_no_memory(struct asl_path_reader *);
void asl_path_blanks(struct asl_path_reader *);

/* The parts from where the reader is; ends before what cannot be one of them.  inside: of a filter,
 * where operators end a name. */
MR_MUST_USE enum mr_code asl_path_read_parts(struct asl_path_reader *, bool inside,
                                             struct asl_path *ret);
/* 'text' or "text", the reader at its quote.  A backslash stands for itself but before a quote or
 * another one. */
MR_MUST_USE enum mr_code asl_path_read_quoted(struct asl_path_reader *, const char **ret);
/* path_read_filter.c: what stands in [?( and )], the reader behind the first of these. */
MR_MUST_USE enum mr_code asl_path_read_filter(struct asl_path_reader *,
                                              const struct asl_filter **ret);

#endif

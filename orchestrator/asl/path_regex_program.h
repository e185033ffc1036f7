/* path_regex_program.h -- what a regular expression becomes: a program of single characters, forks
 * and jumps.  path_regex_read.c writes it, path_regex.c runs it. */
#ifndef ASL_PATH_REGEX_PROGRAM_H
#define ASL_PATH_REGEX_PROGRAM_H

#include "orchestrator/asl/path_regex.h"

enum asl_regex_op {
    ASL_RX_SET,   /* a character of set; then the next instruction */
    ASL_RX_FORK,  /* to x, and to y */
    ASL_RX_JUMP,  /* to x */
    ASL_RX_BEGIN, /* ^ */
    ASL_RX_END,   /* $ */
    ASL_RX_WORD,  /* \b; x: 1 where it must not be one */
    ASL_RX_MATCH,
};

struct asl_regex_range {
    uint32_t from, to;
};

struct asl_regex_set {
    bool negated;
    uint32_t count;
    const struct asl_regex_range *ranges;
};

struct asl_regex_step {
    enum asl_regex_op op;
    uint32_t x, y;
    const struct asl_regex_set *set;
};

struct asl_regex {
    bool fold_case;
    uint32_t count;
    struct asl_regex_step *program;
};

/* The character at *at, which is UTF-8 (what is not counts byte by byte); *at goes behind it. */
uint32_t asl_regex_char(const char **at, const char *end);
uint32_t asl_regex_lower(uint32_t c);
bool asl_regex_is_word(uint32_t c);

#endif

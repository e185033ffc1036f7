/* path_regex_read.c -- a regular expression's text becomes a program. */
#include "orchestrator/asl/path_regex_program.h"

#include <string.h>

enum { RANGES_MAX = 64 };
struct draft { /* a set while it is read */
    bool negated;
    uint32_t count;
    struct asl_regex_range ranges[RANGES_MAX];
};

struct reader {
    struct asl_arena *arena;
    const char *at, *end;
    unsigned depth;
    uint32_t count;
    const char *why;
    bool no_memory;
    struct asl_regex_step program[ASL_REGEX_SIZE_MAX];
};

static bool fail(struct reader *r, const char *why)
{
    if (!r->why)
        r->why = why;
    return false;
}

/* ---- characters --------------------------------------------------------------------------- */

static bool add_range(struct reader *r, struct draft *set, uint32_t from, uint32_t to)
{
    if (from > to)
        return fail(r, "a range ends before it begins");
    if (set->count == RANGES_MAX)
        return fail(r, "too many ranges in one []");
    set->ranges[set->count++] = (struct asl_regex_range){from, to};
    return true;
}

/* \d \w \s and their opposites. */
static bool add_class(struct reader *r, struct draft *set, char name)
{
    static const struct asl_regex_range digits[] = {{'0', '9'}},
                                        words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}},
                                        blanks[] = {{'\t', '\r'}, {' ', ' '}};
    const struct asl_regex_range *ranges = digits;
    size_t count = 1;
    uint32_t from = 0;
    bool ok = true;

    if (asl_regex_lower((unsigned char)name) == 'w') {
        ranges = words;
        count = 4;
    } else if (asl_regex_lower((unsigned char)name) == 's') {
        ranges = blanks;
        count = 2;
    }
    if (name >= 'a') {
        for (size_t i = 0; ok && i < count; i++)
            ok = add_range(r, set, ranges[i].from, ranges[i].to);
        return ok;
    }
    for (size_t i = 0; ok && i < count; i++) { /* what lies between the ranges */
        if (ranges[i].from > from)
            ok = add_range(r, set, from, ranges[i].from - 1);
        from = ranges[i].to + 1;
    }
    return ok && add_range(r, set, from, 0x10FFFF);
}

/* Behind a backslash; *ret_class: a class was added, else *ret is the character. */
static bool read_escape(struct reader *r, struct draft *set, bool *ret_class, uint32_t *ret)
{
    static const char names[] = "tnrfae", characters[] = "\t\n\r\f\a\033";
    const char *known;

    *ret_class = false;
    if (r->at == r->end)
        return fail(r, "nothing stands behind a backslash");
    if (strchr("dDwWsS", *r->at)) {
        *ret_class = true;
        return add_class(r, set, *r->at++);
    }
    known = strchr(names, *r->at);
    if (known) {
        *ret = (unsigned char)characters[known - names];
        r->at++;
        return true;
    }
    if (asl_regex_is_word((unsigned char)*r->at))
        return fail(r, "an escape is not known");
    *ret = asl_regex_char(&r->at, r->end);
    return true;
}

/* One member of [...], perhaps the begin of a range. */
static bool read_member(struct reader *r, struct draft *set)
{
    uint32_t from = 0, to;
    bool class = false;

    if (*r->at != '\\') {
        from = asl_regex_char(&r->at, r->end);
    } else {
        r->at++;
        if (!read_escape(r, set, &class, &from))
            return false;
    }
    if (class)
        return true;
    if (r->end - r->at < 2 || r->at[0] != '-' || r->at[1] == ']')
        return add_range(r, set, from, from);
    r->at++;
    if (*r->at != '\\') {
        to = asl_regex_char(&r->at, r->end);
    } else {
        r->at++;
        if (!read_escape(r, set, &class, &to))
            return false;
        if (class)
            return fail(r, "a range ends in a class");
    }
    return add_range(r, set, from, to);
}

/* ---- the program -------------------------------------------------------------------------- */

static bool emit(struct reader *r, struct asl_regex_step instruction)
{
    if (r->count == ASL_REGEX_SIZE_MAX)
        return fail(r, "it is too large");
    r->program[r->count++] = instruction;
    return true;
}

static bool emit_set(struct reader *r, const struct draft *draft)
{
    size_t size = draft->count * sizeof(draft->ranges[0]);
    struct asl_regex_set *set = asl_arena_take(r->arena, sizeof(*set));
    struct asl_regex_range *ranges = asl_arena_take(r->arena, size + 1);

    if (!set || !ranges) {
        r->no_memory = true;
        return false;
    }
    memcpy(ranges, draft->ranges, size);
    *set = (struct asl_regex_set){draft->negated, draft->count, ranges};
    return emit(r, (struct asl_regex_step){.op = ASL_RX_SET, .set = set});
}

static bool read_alternatives(struct reader *r);

/* Behind '['. */
static bool read_set(struct reader *r)
{
    struct draft set = {0};
    bool first = true;

    if (r->at < r->end && *r->at == '^') {
        set.negated = true;
        r->at++;
    }
    for (; r->at < r->end && (first || *r->at != ']'); first = false)
        if (!read_member(r, &set))
            return false;
    if (r->at == r->end)
        return fail(r, "a [ is not closed");
    r->at++;
    return emit_set(r, &set);
}

/* Behind '('. */
static bool read_group(struct reader *r)
{
    if (r->at < r->end && *r->at == '?') {
        if (r->end - r->at < 2 || r->at[1] != ':')
            return fail(r, "behind (? stands : and nothing else");
        r->at += 2;
    }
    if (++r->depth > ASL_REGEX_DEPTH_MAX)
        return fail(r, "it is nested too deep");
    if (!read_alternatives(r))
        return false;
    r->depth--;
    if (r->at == r->end || *r->at != ')')
        return fail(r, "a ( is not closed");
    r->at++;
    return true;
}

static bool read_backslash(struct reader *r)
{
    struct draft set = {0};
    uint32_t c = 0;
    bool class;

    if (r->at < r->end && (*r->at == 'b' || *r->at == 'B'))
        return emit(r, (struct asl_regex_step){.op = ASL_RX_WORD, .x = *r->at++ == 'B'});
    if (!read_escape(r, &set, &class, &c))
        return false;
    return (class || add_range(r, &set, c, c)) && emit_set(r, &set);
}

static bool read_atom(struct reader *r)
{
    struct draft set = {0};
    char c = *r->at;
    uint32_t character;

    if (strchr("*+?{", c))
        return fail(r, "there is nothing to repeat");
    if (strchr("([^$\\", c)) {
        r->at++;
        if (c == '(')
            return read_group(r);
        if (c == '[')
            return read_set(r);
        if (c == '\\')
            return read_backslash(r);
        return emit(r, (struct asl_regex_step){.op = c == '^' ? ASL_RX_BEGIN : ASL_RX_END});
    }
    character = asl_regex_char(&r->at, r->end);
    if (character == '.') {
        set.negated = true;
        return add_range(r, &set, '\n', '\n') && add_range(r, &set, '\r', '\r') &&
               emit_set(r, &set);
    }
    return add_range(r, &set, character, character) && emit_set(r, &set);
}

/* Copies of the instructions from start to end, with their jumps moved. */
static bool copy(struct reader *r, uint32_t start, uint32_t end)
{
    uint32_t shift = r->count - start;

    for (uint32_t i = start; i < end; i++) {
        struct asl_regex_step instruction = r->program[i];
        if (instruction.op == ASL_RX_FORK || instruction.op == ASL_RX_JUMP) {
            instruction.x += shift;
            instruction.y += shift;
        }
        if (!emit(r, instruction))
            return false;
    }
    return true;
}

/* Room for one instruction at start: what is there moves up. */
static bool insert(struct reader *r, uint32_t start, struct asl_regex_step instruction)
{
    if (!emit(r, instruction))
        return false;
    for (uint32_t i = r->count - 1; i > start; i--) {
        r->program[i] = r->program[i - 1];
        if (r->program[i].op == ASL_RX_FORK || r->program[i].op == ASL_RX_JUMP) {
            r->program[i].x++;
            r->program[i].y++;
        }
    }
    r->program[start] = instruction;
    return true;
}

static bool optional(struct reader *r, uint32_t start)
{
    return insert(r, start,
                  (struct asl_regex_step){.op = ASL_RX_FORK, .x = start + 1, .y = r->count + 1});
}

static bool star(struct reader *r, uint32_t start)
{
    return optional(r, start) && emit(r, (struct asl_regex_step){.op = ASL_RX_JUMP, .x = start}) &&
           (r->program[start].y = r->count, true);
}

static bool plus(struct reader *r, uint32_t start)
{
    return emit(r, (struct asl_regex_step){.op = ASL_RX_FORK, .x = start, .y = r->count + 1});
}

static bool read_count(struct reader *r, uint32_t *ret)
{
    uint32_t n = 0;
    const char *start = r->at;

    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && n <= ASL_REGEX_SIZE_MAX; r->at++)
        n = n * 10 + (uint32_t)(*r->at - '0');
    *ret = n;
    return (r->at > start && n <= ASL_REGEX_SIZE_MAX) || fail(r, "{} wants numbers");
}

/* {n}, {n,} or {n,m}; *ret_open: {n,}. */
static bool read_bounds(struct reader *r, uint32_t *ret_min, uint32_t *ret_max, bool *ret_open)
{
    r->at++;
    if (!read_count(r, ret_min))
        return false;
    *ret_max = *ret_min;
    *ret_open = false;
    if (r->at < r->end && *r->at == ',') {
        r->at++;
        *ret_open = r->at < r->end && *r->at == '}';
        if (!*ret_open && !read_count(r, ret_max))
            return false;
    }
    if (r->at == r->end || *r->at != '}' || *ret_max < *ret_min)
        return fail(r, "{} is written {n}, {n,} or {n,m}");
    r->at++;
    return true;
}

/* Up to max times, and perhaps not at all. */
static bool at_most(struct reader *r, uint32_t start, uint32_t max)
{
    if (max == 0) {
        r->count = start;
        return true;
    }
    if (!optional(r, start))
        return false;
    for (uint32_t i = 1, end = r->count; i < max; i++)
        if (!copy(r, start, end))
            return false;
    return true;
}

/* What stands from start on is repeated as {} says. */
static bool read_counts(struct reader *r, uint32_t start)
{
    uint32_t end = r->count, min, max, last = start;
    bool open;

    if (!read_bounds(r, &min, &max, &open))
        return false;
    if (end == start) /* nothing, however often */
        return true;
    if (min == 0)
        return open ? star(r, start) : at_most(r, start, max);
    for (uint32_t i = 1; i < min; i++) {
        last = r->count;
        if (!copy(r, start, end))
            return false;
    }
    if (open)
        return plus(r, last);
    for (uint32_t i = min; i < max; i++) {
        last = r->count;
        if (!copy(r, start, end) || !optional(r, last))
            return false;
    }
    return true;
}

static bool read_piece(struct reader *r)
{
    uint32_t start = r->count;
    bool ok;

    if (!read_atom(r))
        return false;
    if (r->at == r->end || !strchr("*+?{", *r->at))
        return true;
    if (*r->at == '{') {
        ok = read_counts(r, start);
    } else {
        char c = *r->at++;
        ok = c == '*' ? star(r, start) : c == '+' ? plus(r, start) : optional(r, start);
    }
    if (r->at < r->end && (*r->at == '?' || *r->at == '+'))
        r->at++; /* lazy or greedy: all of the text must match anyway */
    return ok;
}

static bool read_alternatives(struct reader *r)
{
    uint32_t start = r->count, jumps[ASL_REGEX_DEPTH_MAX * 4], count = 0;

    for (;;) {
        while (r->at < r->end && *r->at != '|' && *r->at != ')')
            if (!read_piece(r))
                return false;
        if (r->at == r->end || *r->at == ')')
            break;
        r->at++;
        if (count == sizeof(jumps) / sizeof(jumps[0]))
            return fail(r, "too many alternatives");
        if (!insert(r, start, (struct asl_regex_step){.op = ASL_RX_FORK, .x = start + 1}) ||
            !emit(r, (struct asl_regex_step){.op = ASL_RX_JUMP}))
            return false;
        r->program[start].y = r->count;
        jumps[count++] = r->count - 1;
        start = r->count;
    }
    while (count > 0)
        r->program[jumps[--count]].x = r->count;
    return true;
}

const struct asl_regex *asl_regex_parse(struct asl_arena *arena, const char *pattern, size_t len,
                                        bool fold_case, const char **ret_why)
{
    struct reader r = {.arena = arena, .at = pattern, .end = pattern + len};
    struct asl_regex *regex = asl_arena_take(arena, sizeof(*regex));
    bool ok =
        regex && read_alternatives(&r) && emit(&r, (struct asl_regex_step){.op = ASL_RX_MATCH});

    if (ok && r.at < r.end)
        ok = fail(&r, "a ) closes nothing");
    *ret_why = r.no_memory || !regex ? NULL : r.why;
    if (!ok)
        return NULL;
    regex->fold_case = fold_case;
    regex->count = r.count;
    regex->program = asl_arena_take(arena, r.count * sizeof(*r.program));
    if (!regex->program)
        return NULL;
    memcpy(regex->program, r.program, r.count * sizeof(*r.program));
    return regex;
}

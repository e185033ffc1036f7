/* path_regex.c -- see path_regex.h.  A pattern becomes a program of single characters, forks and
 * jumps; a text is read once, with the list of all places where the program may be. */
#include "orchestrator/asl/path_regex.h"

#include <string.h>

enum op {
    OP_SET,   /* a character of set; then the next instruction */
    OP_FORK,  /* to x, and to y */
    OP_JUMP,  /* to x */
    OP_BEGIN, /* ^ */
    OP_END,   /* $ */
    OP_WORD,  /* \b; x: 1 where it must not be one */
    OP_MATCH,
};

struct range {
    uint32_t from, to;
};

struct set {
    bool negated;
    uint32_t count;
    const struct range *ranges;
};

struct instruction {
    enum op op;
    uint32_t x, y;
    const struct set *set;
};

struct asl_regex {
    bool fold_case;
    uint32_t count;
    struct instruction *program;
};

enum { RANGES_MAX = 64 };
struct draft { /* a set while it is read */
    bool negated;
    uint32_t count;
    struct range ranges[RANGES_MAX];
};

struct reader {
    struct asl_arena *arena;
    const char *at, *end;
    unsigned depth;
    uint32_t count;
    const char *why;
    bool no_memory;
    struct instruction program[ASL_REGEX_SIZE_MAX];
};

static bool fail(struct reader *r, const char *why)
{
    if (!r->why)
        r->why = why;
    return false;
}

/* ---- characters --------------------------------------------------------------------------- */

/* The character at *at, which is UTF-8 (what is not counts byte by byte). */
static uint32_t next_char(const char **at, const char *end)
{
    const unsigned char *p = (const unsigned char *)*at;
    uint32_t c = *p++;
    int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;

    if (more > 0 && (const char *)p + more <= end) {
        c &= 0x3Fu >> more;
        while (more-- > 0)
            c = c << 6 | (*p++ & 0x3F);
    }
    *at = (const char *)p;
    return c;
}

static uint32_t lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool is_word(uint32_t c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool in_ranges(const struct set *set, uint32_t c)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (c >= set->ranges[i].from && c <= set->ranges[i].to)
            return true;
    return false;
}

static bool in_set(const struct set *set, uint32_t c, bool fold_case)
{
    bool found = in_ranges(set, c);

    if (!found && fold_case && lower(c) >= 'a' && lower(c) <= 'z')
        found = in_ranges(set, lower(c)) || in_ranges(set, lower(c) - 32);
    return found != set->negated;
}

static bool add_range(struct reader *r, struct draft *set, uint32_t from, uint32_t to)
{
    if (from > to)
        return fail(r, "a range ends before it begins");
    if (set->count == RANGES_MAX)
        return fail(r, "too many ranges in one []");
    set->ranges[set->count++] = (struct range){from, to};
    return true;
}

/* \d \w \s and their opposites. */
static bool add_class(struct reader *r, struct draft *set, char name)
{
    static const struct range digits[] = {{'0', '9'}},
                              words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}},
                              blanks[] = {{'\t', '\r'}, {' ', ' '}};
    const struct range *ranges = digits;
    size_t count = 1;
    uint32_t from = 0;
    bool ok = true;

    if (lower((unsigned char)name) == 'w') {
        ranges = words;
        count = 4;
    } else if (lower((unsigned char)name) == 's') {
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
    if (is_word((unsigned char)*r->at))
        return fail(r, "an escape is not known");
    *ret = next_char(&r->at, r->end);
    return true;
}

/* One member of [...], perhaps the begin of a range. */
static bool read_member(struct reader *r, struct draft *set)
{
    uint32_t from = 0, to;
    bool class = false;

    if (*r->at != '\\') {
        from = next_char(&r->at, r->end);
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
        to = next_char(&r->at, r->end);
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

static bool emit(struct reader *r, struct instruction instruction)
{
    if (r->count == ASL_REGEX_SIZE_MAX)
        return fail(r, "it is too large");
    r->program[r->count++] = instruction;
    return true;
}

static bool emit_set(struct reader *r, const struct draft *draft)
{
    size_t size = draft->count * sizeof(draft->ranges[0]);
    struct set *set = asl_arena_take(r->arena, sizeof(*set));
    struct range *ranges = asl_arena_take(r->arena, size + 1);

    if (!set || !ranges) {
        r->no_memory = true;
        return false;
    }
    memcpy(ranges, draft->ranges, size);
    *set = (struct set){draft->negated, draft->count, ranges};
    return emit(r, (struct instruction){.op = OP_SET, .set = set});
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
        return emit(r, (struct instruction){.op = OP_WORD, .x = *r->at++ == 'B'});
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
        return emit(r, (struct instruction){.op = c == '^' ? OP_BEGIN : OP_END});
    }
    character = next_char(&r->at, r->end);
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
        struct instruction instruction = r->program[i];
        if (instruction.op == OP_FORK || instruction.op == OP_JUMP) {
            instruction.x += shift;
            instruction.y += shift;
        }
        if (!emit(r, instruction))
            return false;
    }
    return true;
}

/* Room for one instruction at start: what is there moves up. */
static bool insert(struct reader *r, uint32_t start, struct instruction instruction)
{
    if (!emit(r, instruction))
        return false;
    for (uint32_t i = r->count - 1; i > start; i--) {
        r->program[i] = r->program[i - 1];
        if (r->program[i].op == OP_FORK || r->program[i].op == OP_JUMP) {
            r->program[i].x++;
            r->program[i].y++;
        }
    }
    r->program[start] = instruction;
    return true;
}

static bool optional(struct reader *r, uint32_t start)
{
    return insert(r, start, (struct instruction){.op = OP_FORK, .x = start + 1, .y = r->count + 1});
}

static bool star(struct reader *r, uint32_t start)
{
    return optional(r, start) && emit(r, (struct instruction){.op = OP_JUMP, .x = start}) &&
           (r->program[start].y = r->count, true);
}

static bool plus(struct reader *r, uint32_t start)
{
    return emit(r, (struct instruction){.op = OP_FORK, .x = start, .y = r->count + 1});
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

/* {n}, {n,} or {n,m} behind what stands from start on. */
static bool read_counts(struct reader *r, uint32_t start)
{
    uint32_t end = r->count, min, max, last = start;
    bool open = false;

    r->at++;
    if (!read_count(r, &min))
        return false;
    max = min;
    if (r->at < r->end && *r->at == ',') {
        r->at++;
        open = r->at < r->end && *r->at == '}';
        if (!open && !read_count(r, &max))
            return false;
    }
    if (r->at == r->end || *r->at != '}' || max < min)
        return fail(r, "{} is written {n}, {n,} or {n,m}");
    r->at++;
    if (end == start)
        return true;
    for (uint32_t i = 1; i < (min > 1 ? min : 1); i++) {
        last = r->count;
        if (!copy(r, start, end))
            return false;
    }
    if (open)
        return min > 0 ? plus(r, last) : star(r, start);
    if (min == 0) {
        if (max == 0) {
            r->count = start;
            return true;
        }
        if (!optional(r, start))
            return false;
        end++;
        for (uint32_t i = 1; i < max; i++)
            if (!copy(r, start, end))
                return false;
        return true;
    }
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
        if (!insert(r, start, (struct instruction){.op = OP_FORK, .x = start + 1}) ||
            !emit(r, (struct instruction){.op = OP_JUMP}))
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
    bool ok = regex && read_alternatives(&r) && emit(&r, (struct instruction){.op = OP_MATCH});

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

/* ---- matching ----------------------------------------------------------------------------- */

struct threads {
    uint32_t at[ASL_REGEX_SIZE_MAX];
    uint32_t count;
    uint64_t seen[ASL_REGEX_SIZE_MAX / 64 + 1];
};

struct place { /* in the text */
    bool begin, end;
    uint32_t before, after; /* characters; 0 at the ends */
};

/* Adds start and all that is reached from it without reading. */
static void add(const struct asl_regex *regex, struct threads *threads, uint32_t start,
                const struct place *place)
{
    uint32_t stack[ASL_REGEX_SIZE_MAX + 1], depth = 0;

    stack[depth++] = start;
    while (depth > 0) {
        uint32_t pc = stack[--depth];
        const struct instruction *instruction = &regex->program[pc];
        if (threads->seen[pc / 64] >> (pc % 64) & 1)
            continue;
        threads->seen[pc / 64] |= UINT64_C(1) << (pc % 64);
        switch (instruction->op) {
        case OP_SET:
        case OP_MATCH:
            threads->at[threads->count++] = pc;
            break;
        case OP_FORK:
            if (depth < ASL_REGEX_SIZE_MAX)
                stack[depth++] = instruction->y;
            stack[depth++] = instruction->x;
            break;
        case OP_JUMP:
            stack[depth++] = instruction->x;
            break;
        case OP_BEGIN:
            if (place->begin)
                stack[depth++] = pc + 1;
            break;
        case OP_END:
            if (place->end)
                stack[depth++] = pc + 1;
            break;
        case OP_WORD:
            if ((is_word(place->before) != is_word(place->after)) == (instruction->x == 0))
                stack[depth++] = pc + 1;
            break;
        }
    }
}

static void clear(struct threads *threads)
{
    threads->count = 0;
    memset(threads->seen, 0, sizeof(threads->seen));
}

bool asl_regex_matches(const struct asl_regex *regex, const char *text, uint64_t *ret_work)
{
    const char *end = text + strlen(text), *ahead = text;
    struct threads one, two, *now = &one, *then = &two, *spare;
    struct place place = {.begin = true, .end = text == end};

    place.after = place.end ? 0 : next_char(&ahead, end);
    clear(now);
    add(regex, now, 0, &place);
    *ret_work = 1;
    while (text < end && now->count > 0) {
        uint32_t c = place.after;
        text = ahead;
        place = (struct place){.before = c, .end = text == end};
        place.after = place.end ? 0 : next_char(&ahead, end);
        clear(then);
        *ret_work += now->count;
        for (uint32_t i = 0; i < now->count; i++) {
            const struct instruction *instruction = &regex->program[now->at[i]];
            if (instruction->op == OP_SET && in_set(instruction->set, c, regex->fold_case))
                add(regex, then, now->at[i] + 1, &place);
        }
        spare = now;
        now = then;
        then = spare;
    }
    for (uint32_t i = 0; text == end && i < now->count; i++)
        if (regex->program[now->at[i]].op == OP_MATCH)
            return true;
    return false;
}

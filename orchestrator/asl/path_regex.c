/* path_regex.c -- running the program of a regular expression: a text is read once, with the list
 * of all places where the program may be. */
#include "orchestrator/asl/path_regex_program.h"

#include <string.h>

uint32_t asl_regex_char(const char **at, const char *end)
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

uint32_t asl_regex_lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool asl_regex_is_word(uint32_t c)
{
    return (asl_regex_lower(c) >= 'a' && asl_regex_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           c == '_';
}

static bool in_ranges(const struct asl_regex_set *set, uint32_t c)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (c >= set->ranges[i].from && c <= set->ranges[i].to)
            return true;
    return false;
}

static bool in_set(const struct asl_regex_set *set, uint32_t c, bool fold_case)
{
    bool found = in_ranges(set, c);

    if (!found && fold_case && asl_regex_lower(c) >= 'a' && asl_regex_lower(c) <= 'z')
        found = in_ranges(set, asl_regex_lower(c)) || in_ranges(set, asl_regex_lower(c) - 32);
    return found != set->negated;
}

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
    uint32_t stack[ASL_REGEX_SIZE_MAX + 1], depth = 0; /* each step adds at most one, once */

    stack[depth++] = start;
    while (depth > 0) {
        uint32_t pc = stack[--depth];
        const struct asl_regex_step *instruction = &regex->program[pc];
        if (threads->seen[pc / 64] >> (pc % 64) & 1)
            continue;
        threads->seen[pc / 64] |= UINT64_C(1) << (pc % 64);
        switch (instruction->op) {
        case ASL_RX_SET:
        case ASL_RX_MATCH:
            threads->at[threads->count++] = pc;
            break;
        case ASL_RX_FORK:
            stack[depth++] = instruction->y;
            stack[depth++] = instruction->x;
            break;
        case ASL_RX_JUMP:
            stack[depth++] = instruction->x;
            break;
        case ASL_RX_BEGIN:
            if (place->begin)
                stack[depth++] = pc + 1;
            break;
        case ASL_RX_END:
            if (place->end)
                stack[depth++] = pc + 1;
            break;
        case ASL_RX_WORD:
            if ((asl_regex_is_word(place->before) != asl_regex_is_word(place->after)) ==
                (instruction->x == 0))
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

    place.after = place.end ? 0 : asl_regex_char(&ahead, end);
    clear(now);
    add(regex, now, 0, &place);
    *ret_work = 1;
    while (text < end && now->count > 0) {
        uint32_t c = place.after;
        text = ahead;
        place = (struct place){.before = c, .end = text == end};
        place.after = place.end ? 0 : asl_regex_char(&ahead, end);
        clear(then);
        *ret_work += now->count;
        for (uint32_t i = 0; i < now->count; i++) {
            const struct asl_regex_step *instruction = &regex->program[now->at[i]];
            if (instruction->op == ASL_RX_SET && in_set(instruction->set, c, regex->fold_case))
                add(regex, then, now->at[i] + 1, &place);
        }
        spare = now;
        now = then;
        then = spare;
    }
    for (uint32_t i = 0; text == end && i < now->count; i++)
        if (regex->program[now->at[i]].op == ASL_RX_MATCH)
            return true;
    return false;
}

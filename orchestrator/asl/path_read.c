/* path_read.c -- a path's text, part by part. */
#include "orchestrator/asl/path_read.h"

#include "orchestrator/asl/path_function.h"
#include "orchestrator/asl/variables.h"

#include <string.h>

enum { UNION_MAX = 256 };

enum mr_code asl_path_wrong(struct asl_path_reader *r, const char *why)
{
    return mr_fail(r->err, MR_INVALID, "'%.120s' is not a valid path: %s", r->text, why);
}

enum mr_code asl_path_no_memory(struct asl_path_reader *r)
{
    return mr_fail(r->err, MR_NO_MEMORY, "no memory for a path");
}

void asl_path_blanks(struct asl_path_reader *r)
{
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')
        r->at++;
}

/* ---- one part ----------------------------------------------------------------------------- */

/* Behind a dot: a name, up to what cannot be in one, or a function. */
static enum mr_code read_name(struct asl_path_reader *r, bool inside, struct asl_part *part)
{
    const char *start = r->at, *ends = inside ? ".[]()*?,'\" =!<>&|~" : ".[( ";

    while (*r->at && !strchr(ends, *r->at) && (unsigned char)*r->at >= 0x20)
        r->at++;
    if (r->at == start)
        return asl_path_wrong(r, "a name is missing behind '.'");
    if (*r->at == '(') {
        part->kind = ASL_PART_FUNCTION;
        if (!asl_path_function_find(start, (size_t)(r->at - start), &part->function))
            return asl_path_wrong(r, "there is no such function: length, min, max, avg, sum, "
                                     "stddev and concat are");
        if (r->at[1] != ')')
            return asl_path_wrong(r, "a function takes no arguments, and ends in ')'");
        r->at += 2;
        return MR_OK;
    }
    if (!inside && *r->at && *r->at != '.' && *r->at != '[')
        return asl_path_wrong(r, "write such a name as ['name']");
    part->kind = ASL_PART_KEY;
    part->key = asl_arena_copy(r->arena, start, (size_t)(r->at - start));
    return part->key ? MR_OK : asl_path_no_memory(r);
}

enum mr_code asl_path_read_quoted(struct asl_path_reader *r, const char **ret)
{
    char quote = *r->at++;
    char *text = asl_arena_take(r->arena, strlen(r->at) + 1);
    size_t len = 0;

    if (!text)
        return asl_path_no_memory(r);
    while (*r->at && *r->at != quote) {
        if (*r->at == '\\' && (r->at[1] == quote || r->at[1] == '\\'))
            r->at++;
        text[len++] = *r->at++;
    }
    if (*r->at != quote)
        return asl_path_wrong(r, "a quote is not closed");
    r->at++;
    *ret = text;
    return MR_OK;
}

/* ['a'] or ['a','b'] */
static enum mr_code read_keys(struct asl_path_reader *r, struct asl_part *part)
{
    const char *keys[UNION_MAX], **copy;
    uint32_t count = 0;
    enum mr_code rc;

    do {
        if (count == UNION_MAX)
            return asl_path_wrong(r, "too many names in one '['");
        r->at += count > 0;
        asl_path_blanks(r);
        if (*r->at != '\'' && *r->at != '"')
            return asl_path_wrong(r, "a name in quotes is missing");
        rc = asl_path_read_quoted(r, &keys[count++]);
        if (rc)
            return rc;
        asl_path_blanks(r);
    } while (*r->at == ',');
    part->kind = count > 1 ? ASL_PART_KEYS : ASL_PART_KEY;
    part->key = keys[0];
    part->count = count;
    if (count == 1)
        return MR_OK;
    part->keys = copy = asl_arena_take(r->arena, count * sizeof(*copy));
    if (!copy)
        return asl_path_no_memory(r);
    memcpy(copy, keys, count * sizeof(*copy));
    return MR_OK;
}

static enum mr_code read_int(struct asl_path_reader *r, int *ret)
{
    bool negative = *r->at == '-';
    int64_t n = 0;
    const char *start;

    r->at += negative;
    start = r->at;
    for (; *r->at >= '0' && *r->at <= '9' && n <= INT32_MAX; r->at++)
        n = n * 10 + (*r->at - '0');
    if (r->at == start || n > INT32_MAX)
        return asl_path_wrong(r, "'[' wants an index or a name in quotes, then ']'");
    *ret = (int)(negative ? -n : n);
    asl_path_blanks(r);
    return MR_OK;
}

/* Behind the colon of [from:to].  A step is read and, as in Jayway, means nothing. */
static enum mr_code read_slice(struct asl_path_reader *r, struct asl_part *part)
{
    enum mr_code rc = MR_OK;
    int step;

    part->kind = ASL_PART_SLICE;
    r->at++;
    asl_path_blanks(r);
    part->has_to = *r->at != ']' && *r->at != ':';
    if (part->has_to)
        rc = read_int(r, &part->to);
    if (!rc && !part->has_from && !part->has_to)
        rc = asl_path_wrong(r, "a slice wants a begin or an end");
    if (!rc && *r->at == ':') {
        r->at++;
        asl_path_blanks(r);
        rc = *r->at == ']' ? MR_OK : read_int(r, &step);
    }
    return rc;
}

/* [n], [n,m], [from:to] */
static enum mr_code read_indexes(struct asl_path_reader *r, struct asl_part *part)
{
    int indexes[UNION_MAX], *copy;
    uint32_t count = 0;
    enum mr_code rc;

    if (*r->at == ':')
        return read_slice(r, part);
    do {
        if (count == UNION_MAX)
            return asl_path_wrong(r, "too many indexes in one '['");
        r->at += count > 0;
        asl_path_blanks(r);
        rc = read_int(r, &indexes[count++]);
        if (rc)
            return rc;
    } while (*r->at == ',');
    part->from = part->index = indexes[0];
    part->has_from = true;
    if (*r->at == ':' && count == 1)
        return read_slice(r, part);
    part->kind = count > 1 ? ASL_PART_INDEXES : ASL_PART_INDEX;
    part->count = count;
    if (count == 1)
        return MR_OK;
    part->indexes = copy = asl_arena_take(r->arena, count * sizeof(*copy));
    if (!copy)
        return asl_path_no_memory(r);
    memcpy(copy, indexes, count * sizeof(*copy));
    return MR_OK;
}

static bool read_word(struct asl_path_reader *r, const char *word)
{
    size_t len = strlen(word);

    asl_path_blanks(r);
    if (strncmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    asl_path_blanks(r);
    return true;
}

/* [(@.length - n)], where the library had no negative index yet: n items from the end. */
static enum mr_code read_counted(struct asl_path_reader *r, struct asl_part *part)
{
    static const char form[] = "an index by count is written [(@.length - n)]";
    enum mr_code rc;
    int n;

    if (!read_word(r, "(") || !read_word(r, "@.") ||
        (!read_word(r, "length") && !read_word(r, "size")))
        return asl_path_wrong(r, form);
    (void)read_word(r, "()");
    if (!read_word(r, "-") || *r->at == '-')
        return asl_path_wrong(r, form);
    rc = read_int(r, &n);
    if (rc)
        return rc;
    if (!read_word(r, ")"))
        return asl_path_wrong(r, form);
    part->kind = ASL_PART_INDEX;
    part->counted = true;
    part->index = n > 0 ? -n : INT32_MAX; /* behind the last there is nothing */
    return MR_OK;
}

static enum mr_code read_filter(struct asl_path_reader *r, struct asl_part *part)
{
    enum mr_code rc;

    part->kind = ASL_PART_FILTER;
    r->at++;
    asl_path_blanks(r);
    if (*r->at != '(')
        return asl_path_wrong(r, "a filter is written [?(...)]");
    r->at++;
    rc = asl_path_read_filter(r, &part->filter);
    if (rc)
        return rc;
    if (*r->at != ')')
        return asl_path_wrong(r, "')' is missing behind a filter");
    r->at++;
    return MR_OK;
}

/* Behind '['. */
static enum mr_code read_bracket(struct asl_path_reader *r, struct asl_part *part)
{
    enum mr_code rc = MR_OK;

    asl_path_blanks(r);
    if (*r->at == '\'' || *r->at == '"') {
        rc = read_keys(r, part);
    } else if (*r->at == '?') {
        rc = read_filter(r, part);
    } else if (*r->at == '*') {
        part->kind = ASL_PART_WILDCARD;
        r->at++;
    } else if (*r->at == '(') {
        rc = read_counted(r, part);
    } else {
        rc = read_indexes(r, part);
    }
    if (rc)
        return rc;
    asl_path_blanks(r);
    if (*r->at != ']')
        return asl_path_wrong(r, "']' is missing");
    r->at++;
    return MR_OK;
}

/* ---- all parts ---------------------------------------------------------------------------- */

static enum mr_code read_part(struct asl_path_reader *r, bool inside, bool scanned,
                              struct asl_part *part)
{
    if (*r->at == '[') {
        r->at++;
        return read_bracket(r, part);
    }
    if (!scanned && *r->at == '.')
        r->at++;
    if (*r->at == '[') { /* $.['a'] is $['a'] */
        r->at++;
        return read_bracket(r, part);
    }
    if (*r->at == '*') {
        r->at++;
        part->kind = ASL_PART_WILDCARD;
        return MR_OK;
    }
    return read_name(r, inside, part);
}

static bool part_definite(const struct asl_part *parts, uint32_t count, uint32_t i)
{
    switch (parts[i].kind) {
    case ASL_PART_KEY:
    case ASL_PART_INDEX:
    case ASL_PART_FUNCTION:
        return true;
    case ASL_PART_KEYS:
        return i + 1 == count;
    case ASL_PART_INDEXES:
    case ASL_PART_SLICE:
    case ASL_PART_WILDCARD:
    case ASL_PART_SCAN:
    case ASL_PART_FILTER:
        break;
    }
    return false;
}

static enum mr_code finish(struct asl_path_reader *r, const struct asl_part *parts, uint32_t count,
                           struct asl_path *ret)
{
    struct asl_part *copy = asl_arena_take(r->arena, count * sizeof(*copy) + 1);

    if (!copy)
        return asl_path_no_memory(r);
    if (count > 0)
        memcpy(copy, parts, count * sizeof(*copy));
    ret->parts = copy;
    ret->count = count;
    ret->reference = true;
    for (uint32_t i = 0; i < count; i++)
        ret->reference &=
            parts[i].kind == ASL_PART_KEY || (parts[i].kind == ASL_PART_INDEX && !parts[i].counted);
    while (ret->lead < count && part_definite(parts, count, ret->lead))
        ret->lead++;
    ret->definite = ret->lead == count;
    return MR_OK;
}

/* As in Jayway, a name behind ']' needs no dot: $[*]a is $[*].a. */
static bool name_behind_bracket(const struct asl_path_reader *r)
{
    return r->at[-1] == ']' && (*r->at == '_' || (*r->at >= 'A' && *r->at <= 'Z') ||
                                (*r->at >= 'a' && *r->at <= 'z') || (unsigned char)*r->at >= 0x80);
}

enum mr_code asl_path_read_parts(struct asl_path_reader *r, bool inside, struct asl_path *ret)
{
    struct asl_part parts[ASL_PATH_PARTS_MAX];
    uint32_t count = 0;
    bool scanned = false;

    while (scanned || *r->at == '.' || *r->at == '[' || (!inside && name_behind_bracket(r))) {
        enum mr_code rc;
        if (count == ASL_PATH_PARTS_MAX)
            return mr_fail(r->err, MR_INVALID, "'%.120s' has more than %d parts", r->text,
                           ASL_PATH_PARTS_MAX);
        parts[count] = (struct asl_part){.kind = ASL_PART_SCAN};
        if (!scanned && r->at[0] == '.' && r->at[1] == '.') {
            r->at += 2;
            count++;
            scanned = true;
            continue;
        }
        rc = read_part(r, inside, scanned, &parts[count]);
        if (rc)
            return rc;
        if (parts[count].kind == ASL_PART_FUNCTION) {
            if (scanned)
                return asl_path_wrong(r, "a function cannot stand behind '..'");
            count++;
            break;
        }
        scanned = false;
        count++;
    }
    return finish(r, parts, count, ret);
}

static enum mr_code read_variable(struct asl_path_reader *r, struct asl_path *path)
{
    const char *start = r->at;
    char *name;

    while (*r->at && *r->at != '.' && *r->at != '[')
        r->at++;
    name = asl_arena_copy(r->arena, start, (size_t)(r->at - start));
    if (!name)
        return asl_path_no_memory(r);
    if (!asl_variable_name_valid(name))
        return asl_path_wrong(r, "behind '$' stands '.', '[', '$' or the name of a variable");
    if (strcmp(name, "states") == 0)
        return asl_path_wrong(r, "$states is of JSONata alone");
    path->variable = name;
    return MR_OK;
}

enum mr_code asl_path_parse(struct asl_arena *arena, const char *text, struct asl_path *ret,
                            struct mr_error *err)
{
    struct asl_path_reader r = {.arena = arena, .text = text, .err = err};
    struct asl_path path = {0};
    size_t len = strlen(text);
    enum mr_code rc = MR_OK;

    while (len > 0 && text[len - 1] == ' ') /* blanks behind a path mean nothing, as in Jayway */
        len--;
    if (text[len])
        text = asl_arena_copy(arena, text, len);
    if (!text)
        return asl_path_no_memory(&r);
    r.text = r.at = path.text = text;
    if (strncmp(text, "States.", 7) == 0)
        return asl_path_wrong(&r, "an intrinsic function is not allowed here");
    if (*r.at++ != '$')
        return asl_path_wrong(&r, "it must begin with '$'");
    if (*r.at == '$') {
        path.context = true;
        r.at++;
    } else if (*r.at && *r.at != '.' && *r.at != '[') {
        rc = read_variable(&r, &path);
    }
    if (!rc)
        rc = asl_path_read_parts(&r, false, &path);
    if (!rc && *r.at)
        rc = asl_path_wrong(&r, "a part begins with '.' or '['");
    if (!rc)
        *ret = path;
    return rc;
}

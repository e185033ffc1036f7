/* parse_reads.c -- what an expression reads: the variables that it names and the members of
 * $states, found by looking over its text.  More may be found than is read, never less: what is
 * found is sent along with it. */
#include "orchestrator/asl/parse.h"

#include <string.h>

/* Functions that JSONata and AWS give a name to; those that stand without a call are no variables.
 */
static const char *const functions[] = {
    "abs",
    "append",
    "assert",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "clone",
    "contains",
    "count",
    "decodeUrl",
    "decodeUrlComponent",
    "distinct",
    "each",
    "encodeUrl",
    "encodeUrlComponent",
    "error",
    "eval",
    "exists",
    "filter",
    "floor",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "hash",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "map",
    "match",
    "max",
    "merge",
    "millis",
    "min",
    "not",
    "now",
    "number",
    "pad",
    "parse",
    "parseInteger",
    "partition",
    "power",
    "random",
    "range",
    "reduce",
    "replace",
    "reverse",
    "round",
    "shuffle",
    "sift",
    "single",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringAfter",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "uuid",
    "zip",
};

static bool is_function(const char *name)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (strcmp(functions[i], name) == 0)
            return true;
    return false;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
        p++;
    return p;
}

/* Behind the quoted text or the comment that begins at p; p itself where none does. */
static const char *skip_quoted(const char *p)
{
    const char quote = *p;
    const char *end;

    if (p[0] == '/' && p[1] == '*') {
        end = strstr(p + 2, "*/");
        return end ? end + 2 : p + strlen(p);
    }
    if (quote != '"' && quote != '\'' && quote != '`')
        return p;
    for (p++; *p && *p != quote; p++)
        if (*p == '\\' && p[1] && quote != '`')
            p++;
    return *p ? p + 1 : p;
}

/* The next $name at or behind *p, without its $; *p goes behind it.  NULL: there is none. */
static const char *next_name(const char **p, size_t *ret_len)
{
    const char *name;

    while (**p) {
        const char *behind = skip_quoted(*p);
        if (behind != *p) {
            *p = behind;
            continue;
        }
        if (**p != '$' || !is_name_char((*p)[1])) {
            ++*p;
            continue;
        }
        name = ++*p;
        while (is_name_char(**p))
            ++*p;
        *ret_len = (size_t)(*p - name);
        return name;
    }
    return NULL;
}

/* The expression itself gives the name a value: $x := ..., function($x), λ($x), @$x, #$x. */
static bool is_bound(const char *text, const char *name, size_t len)
{
    const char *p = text, *found;
    size_t found_len;

    while ((found = next_name(&p, &found_len))) {
        const char *before = found - 1, *behind = skip_space(p);
        if (found_len != len || strncmp(found, name, len) != 0)
            continue;
        if (behind[0] == ':' && behind[1] == '=')
            return true;
        while (before > text && (before[-1] == ' ' || before[-1] == '\n'))
            before--;
        if (before > text && (before[-1] == '@' || before[-1] == '#'))
            return true;
        while (before > text && (before[-1] == ' ' || before[-1] == ',' || before[-1] == '$' ||
                                 is_name_char(before[-1])))
            before--; /* over the parameters before it, to the bracket */
        if (before > text && before[-1] == '(') {
            const char *word = before - 1;
            while (word > text && word[-1] == ' ')
                word--;
            if (word - text >= 8 && strncmp(word - 8, "function", 8) == 0)
                return true;
            if (word - text >= 2 && strncmp(word - 2, "\xce\xbb", 2) == 0)
                return true;
        }
    }
    return false;
}

/* Which member of $states stands behind the name; all of them where it is not said. */
static unsigned states_read(const char *behind)
{
    static const struct {
        const char *name;
        unsigned reads;
    } members[] = {{"input", ASL_READS_INPUT},
                   {"result", ASL_READS_RESULT},
                   {"errorOutput", ASL_READS_ERROR},
                   {"context", ASL_READS_CONTEXT}};

    behind = skip_space(behind);
    if (*behind == '.')
        behind = skip_space(behind + 1);
    else
        return ASL_READS_INPUT | ASL_READS_RESULT | ASL_READS_ERROR | ASL_READS_CONTEXT;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        size_t len = strlen(members[i].name);
        if (strncmp(behind, members[i].name, len) == 0 && !is_name_char(behind[len]))
            return members[i].reads;
    }
    return ASL_READS_INPUT | ASL_READS_RESULT | ASL_READS_ERROR | ASL_READS_CONTEXT;
}

/* What reads names by itself, and the field does not have.  $states as a whole may be read. */
static bool check_states(struct asl_parser *parser, unsigned reads)
{
    if (reads == ASL_READS_RESULT && !(parser->reads & reads))
        return asl_report_later(
            parser, ASL_SCHEMA,
            "$states.result is there only in the Output and Assign of a Task, Map or "
            "Parallel state");
    if (reads == ASL_READS_ERROR && !(parser->reads & reads))
        return asl_report_later(
            parser, ASL_SCHEMA,
            "$states.errorOutput is there only in the Output and Assign of a Catch");
    return true;
}

static bool note(struct asl_parser *parser, struct asl_queries *queries, const char *text,
                 const char *behind, const char *name)
{
    const char *own = asl_name_variable(parser, name);
    struct asl_query_name *item;

    if (!own)
        return false;
    for (item = queries->names; item && item->name != own; item = item->next)
        ;
    if (!item) {
        item = asl_take(parser, sizeof(*item));
        if (!item)
            return false;
        *item = (struct asl_query_name){own, queries->names};
        queries->names = item;
    }
    if (is_function(name) || *skip_space(behind) == '(' || is_bound(text, name, strlen(name)))
        return true;
    return asl_note_variable(parser, own);
}

bool asl_note_reads(struct asl_parser *parser, struct asl_queries *queries, const char *text,
                    unsigned *ret_reads)
{
    char name[ASL_VARIABLE_NAME_MAX * 4 + 1];
    const char *p = text, *found;
    bool ok = true;
    unsigned reads;
    size_t len;

    while (ok && (found = next_name(&p, &len))) {
        if (len >= sizeof(name))
            continue; /* longer than a variable's name can be */
        memcpy(name, found, len);
        name[len] = '\0';
        if (strcmp(name, "states") != 0) {
            ok = note(parser, queries, text, p, name);
            continue;
        }
        reads = states_read(p);
        *ret_reads |= reads;
        ok = check_states(parser, reads);
    }
    return ok;
}

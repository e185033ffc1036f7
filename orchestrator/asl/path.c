/* path.c -- see path.h.  A path is read once, when its machine is, and then followed. */
#include "orchestrator/asl/path.h"

#include "common/base/json.h"
#include "orchestrator/asl/variables.h"

#include <string.h>

struct reader {
    struct asl_arena *arena;
    const char *text;
    const char *at;
    struct asl_part parts[ASL_PATH_PARTS_MAX];
    uint32_t count;
    struct mr_error *err;
};

static enum mr_code invalid(struct reader *r, const char *why)
{
    return mr_fail(r->err, MR_INVALID, "'%.120s' is not a valid path: %s", r->text, why);
}

static enum mr_code unsupported(struct reader *r, const char *what)
{
    return mr_fail(r->err, MR_UNSUPPORTED, "'%.120s': %s not supported yet", r->text, what);
}

static enum mr_code add(struct reader *r, const char *key, size_t len, int index)
{
    struct asl_part *part = &r->parts[r->count];

    part->key = NULL;
    part->index = index;
    if (key) {
        part->key = asl_arena_copy(r->arena, key, len);
        if (!part->key)
            return mr_fail(r->err, MR_NO_MEMORY, "no memory for a path");
    }
    r->count++;
    return MR_OK;
}

/* Behind a dot: a name without characters that mean something in a path. */
static enum mr_code read_name(struct reader *r)
{
    const char *start = r->at;

    if (*r->at == '.')
        return unsupported(r, "'..' is");
    if (*r->at == '*')
        return unsupported(r, "wildcards are");
    while (*r->at && !strchr(".[]()*?@,'\" ", *r->at) && (unsigned char)*r->at >= 0x20)
        r->at++;
    if (r->at == start)
        return invalid(r, "a name is missing behind '.'");
    if (*r->at && *r->at != '.' && *r->at != '[')
        return *r->at == '(' ? unsupported(r, "functions are")
                             : invalid(r, "write such a name as ['name']");
    return add(r, start, (size_t)(r->at - start), 0);
}

/* ['name'] or ["name"].  A backslash stands for itself, but before the quote or another one. */
static enum mr_code read_quoted(struct reader *r)
{
    char quote = *r->at++;
    char *name = asl_arena_take(r->arena, strlen(r->at) + 1);
    size_t len = 0;

    if (!name)
        return mr_fail(r->err, MR_NO_MEMORY, "no memory for a path");
    while (*r->at && *r->at != quote) {
        if (*r->at == '\\' && (r->at[1] == quote || r->at[1] == '\\'))
            r->at++;
        name[len++] = *r->at++;
    }
    if (*r->at != quote)
        return invalid(r, "a quote is not closed");
    r->at++;
    if (*r->at == ',')
        return unsupported(r, "lists of names are");
    if (*r->at != ']')
        return invalid(r, "']' is missing");
    r->at++;
    return add(r, name, len, 0);
}

static enum mr_code read_index(struct reader *r)
{
    const char *start = r->at;
    bool negative = *r->at == '-';
    int64_t n = 0;

    r->at += negative;
    for (; *r->at >= '0' && *r->at <= '9' && n <= INT32_MAX; r->at++)
        n = n * 10 + (*r->at - '0');
    if (*r->at == ':')
        return unsupported(r, "slices are");
    if (*r->at == ',')
        return unsupported(r, "lists of indexes are");
    if (*r->at == '?' || *r->at == '(')
        return unsupported(r, "filters are");
    if (*r->at == '*')
        return unsupported(r, "wildcards are");
    if (r->at == start + negative || *r->at != ']' || n > INT32_MAX)
        return invalid(r, "'[' wants an index or a name in quotes, then ']'");
    r->at++;
    return add(r, NULL, 0, (int)(negative ? -n : n));
}

static enum mr_code read_part(struct reader *r)
{
    if (r->count == ASL_PATH_PARTS_MAX)
        return mr_fail(r->err, MR_INVALID, "'%.120s' has more than %d parts", r->text,
                       ASL_PATH_PARTS_MAX);
    if (*r->at == '.') {
        r->at++;
        return read_name(r);
    }
    if (*r->at == '[') {
        r->at++;
        return *r->at == '\'' || *r->at == '"' ? read_quoted(r) : read_index(r);
    }
    return invalid(r, "a part begins with '.' or '['");
}

static enum mr_code read_variable(struct reader *r, struct asl_path *path)
{
    const char *start = r->at;
    char *name;

    while (*r->at && *r->at != '.' && *r->at != '[')
        r->at++;
    name = asl_arena_copy(r->arena, start, (size_t)(r->at - start));
    if (!name)
        return mr_fail(r->err, MR_NO_MEMORY, "no memory for a path");
    if (!asl_variable_name_valid(name))
        return invalid(r, "behind '$' stands '.', '[', '$' or the name of a variable");
    if (strcmp(name, "states") == 0)
        return invalid(r, "$states is of JSONata alone");
    path->variable = name;
    return MR_OK;
}

enum mr_code asl_path_parse(struct asl_arena *arena, const char *text, struct asl_path *ret,
                            struct mr_error *err)
{
    struct reader r = {.arena = arena, .text = text, .at = text, .err = err};
    struct asl_path path = {.text = text};
    struct asl_part *parts;

    if (strncmp(text, "States.", 7) == 0)
        return unsupported(&r, "intrinsic functions are");
    if (*r.at++ != '$')
        return invalid(&r, "it must begin with '$'");
    if (*r.at == '$') {
        path.context = true;
        r.at++;
    } else if (*r.at && *r.at != '.' && *r.at != '[') {
        enum mr_code rc = read_variable(&r, &path);
        if (rc)
            return rc;
    }
    while (*r.at) {
        enum mr_code rc = read_part(&r);
        if (rc)
            return rc;
    }
    parts = asl_arena_take(arena, r.count * sizeof(*parts) + 1);
    if (!parts)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a path");
    memcpy(parts, r.parts, r.count * sizeof(*parts));
    path.parts = parts;
    path.count = r.count;
    *ret = path;
    return MR_OK;
}

static cJSON *child(const cJSON *at, const struct asl_part *part)
{
    int index = part->index;

    if (part->key)
        return cJSON_IsObject(at) ? mr_json_get(at, part->key) : NULL;
    if (!cJSON_IsArray(at))
        return NULL;
    if (index < 0)
        index += cJSON_GetArraySize(at);
    return index < 0 ? NULL : cJSON_GetArrayItem(at, index);
}

const cJSON *asl_path_get(const struct asl_path *path, const cJSON *root)
{
    for (uint32_t i = 0; root && i < path->count; i++)
        root = child(root, &path->parts[i]);
    return root;
}

/* Puts item, taken over, in at[part]; what was there goes. */
static enum mr_code put(cJSON *at, const struct asl_part *part, cJSON *item)
{
    cJSON *old = child(at, part);

    if (old && part->key) { /* the new item keeps the old one's place in the order */
        size_t size = strlen(part->key) + 1;
        char *key = cJSON_malloc(size);
        if (!key) {
            cJSON_Delete(item);
            return MR_NO_MEMORY;
        }
        memcpy(key, part->key, size);
        if (item->string && !(item->type & cJSON_StringIsConst))
            cJSON_free(item->string);
        item->string = key;
        item->type &= ~cJSON_StringIsConst;
    }
    if (old) {
        cJSON_ReplaceItemViaPointer(at, old, item);
        return MR_OK;
    }
    if (cJSON_AddItemToObject(at, part->key, item))
        return MR_OK;
    cJSON_Delete(item);
    return MR_NO_MEMORY;
}

bool asl_path_can_put(const struct asl_path *path, const cJSON *root)
{
    for (uint32_t i = 0; i < path->count; i++) {
        const struct asl_part *part = &path->parts[i];
        if (!root && !part->key)
            return false; /* an array is not made on the way */
        if (root && part->key && !cJSON_IsObject(root))
            return false;
        root = root ? child(root, part) : NULL;
        if (!root && !part->key)
            return false;
    }
    return true;
}

static enum mr_code no_match(const struct asl_path *path, struct asl_fault *fault)
{
    return asl_fault_set(fault, ASL_RESULT_PATH_MATCH,
                         "Unable to apply ResultPath '%.200s' to the state's input: a part of it "
                         "is neither missing nor of a kind that can hold it.",
                         path->text);
}

enum mr_code asl_path_put_take(const struct asl_path *path, cJSON **root, cJSON *item,
                               struct asl_fault *fault)
{
    cJSON *at = *root;

    if (path->count == 0) {
        cJSON_Delete(*root);
        *root = item;
        return MR_OK;
    }
    if (!asl_path_can_put(path, at)) { /* asked first, so that a failure leaves *root as it was */
        cJSON_Delete(item);
        return no_match(path, fault);
    }
    for (uint32_t i = 0; i + 1 < path->count; i++) {
        cJSON *next = child(at, &path->parts[i]);
        if (!next) {
            next = cJSON_CreateObject();
            if (!next || put(at, &path->parts[i], next)) {
                cJSON_Delete(item);
                return MR_NO_MEMORY;
            }
        }
        at = next;
    }
    return put(at, &path->parts[path->count - 1], item);
}

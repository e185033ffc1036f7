/* path.c -- following a path, and writing to the place that it names.  Where paths of other kinds
 * than references are concerned, this does what Jayway's JsonPath does, which is what Step
 * Functions runs, but for one thing: an indefinite path whose beginning names nothing gives [] as
 * the service does, not an error. */
#include "orchestrator/asl/path.h"

#include "common/base/json.h"
#include "orchestrator/asl/path_filter.h"
#include "orchestrator/asl/path_function.h"

#include <string.h>

/* ---- references --------------------------------------------------------------------------- */

static cJSON *at_index(const cJSON *array, int index)
{
    if (index < 0)
        index += cJSON_GetArraySize(array);
    return index < 0 ? NULL : cJSON_GetArrayItem(array, index);
}

static cJSON *child(const cJSON *at, const struct asl_part *part)
{
    if (part->kind == ASL_PART_KEY)
        return cJSON_IsObject(at) ? mr_json_get(at, part->key) : NULL;
    return cJSON_IsArray(at) ? at_index(at, part->index) : NULL;
}

const cJSON *asl_path_get(const struct asl_path *path, const cJSON *root)
{
    for (uint32_t i = 0; root && i < path->count; i++)
        root = child(root, &path->parts[i]);
    return root;
}

/* ---- walks -------------------------------------------------------------------------------- */

static void follow(struct asl_walk *walk, uint32_t at, const cJSON *node);

bool asl_walk_visit(struct asl_walk *walk)
{
    if (!walk->rc && ++*walk->visits > ASL_PATH_VISITS_MAX)
        walk->rc = MR_TOO_LARGE;
    return !walk->rc;
}

enum { STEPS_A_VISIT = 16 };

void asl_walk_pay(struct asl_walk *walk, uint64_t steps)
{
    uint64_t visits = *walk->visits + steps / STEPS_A_VISIT;

    *walk->visits = visits < UINT32_MAX / 2 ? (uint32_t)visits : UINT32_MAX / 2;
}

const cJSON *asl_walk_member(struct asl_walk *walk, const cJSON *node, const char *name)
{
    const cJSON *item = cJSON_IsObject(node) ? node->child : NULL;
    uint64_t steps = 0;

    for (; item && strcmp(item->string, name) != 0; item = item->next)
        steps++;
    asl_walk_pay(walk, steps);
    return item;
}

/* The child that a KEY or an INDEX names. */
static const cJSON *step_down(struct asl_walk *walk, const cJSON *node, const struct asl_part *part)
{
    if (part->kind == ASL_PART_KEY)
        return asl_walk_member(walk, node, part->key);
    if (!cJSON_IsArray(node))
        return NULL;
    asl_walk_pay(walk,
                 part->index < 0 ? (uint64_t)cJSON_GetArraySize(node) : (uint64_t)part->index);
    return at_index(node, part->index);
}

/* item, taken over, is among what the walk found. */
static void found_take(struct asl_walk *walk, cJSON *item)
{
    cJSON *into = walk->list ? walk->list : walk->made;

    if (!item || !cJSON_AddItemToArray(into, item)) {
        cJSON_Delete(item);
        if (!walk->rc)
            walk->rc = MR_NO_MEMORY;
        return;
    }
    walk->single = item;
}

static void found(struct asl_walk *walk, const cJSON *node)
{
    cJSON *reference;

    if (!walk->list) {
        walk->single = node;
        return;
    }
    reference = cJSON_CreateNull(); /* (cJSON's own function for this leaks without memory) */
    if (reference) {
        *reference = *node;
        reference->next = reference->prev = NULL;
        reference->string = NULL;
        reference->type = (node->type & ~cJSON_StringIsConst) | cJSON_IsReference;
    }
    found_take(walk, reference);
}

static bool has_all(struct asl_walk *walk, const struct asl_part *part, const cJSON *node)
{
    for (uint32_t i = 0; i < part->count; i++)
        if (!asl_walk_member(walk, node, part->keys[i]))
            return false;
    return true;
}

/* ['a','b'] at the end: one object of those that are there. */
static void merge_keys(struct asl_walk *walk, const struct asl_part *part, const cJSON *node)
{
    cJSON *object = cJSON_CreateObject();

    for (uint32_t i = 0; object && i < part->count; i++) {
        const cJSON *item = asl_walk_member(walk, node, part->keys[i]);
        cJSON *copy;
        if (!item || mr_json_get(object, part->keys[i]))
            continue;
        copy = cJSON_Duplicate(item, true);
        if (copy && cJSON_AddItemToObject(object, part->keys[i], copy))
            continue;
        cJSON_Delete(copy);
        cJSON_Delete(object);
        object = NULL;
    }
    found_take(walk, object);
}

static void follow_keys(struct asl_walk *walk, uint32_t at, const cJSON *node)
{
    const struct asl_part *part = &walk->path->parts[at];

    if (!cJSON_IsObject(node))
        walk->missing |= at < walk->path->lead;
    else if (at + 1 == walk->path->count)
        merge_keys(walk, part, node);
    else
        for (uint32_t i = 0; i < part->count; i++) {
            const cJSON *item = asl_walk_member(walk, node, part->keys[i]);
            if (item)
                follow(walk, at + 1, item);
        }
}

static void follow_indexes(struct asl_walk *walk, uint32_t at, const cJSON *node)
{
    const struct asl_part *part = &walk->path->parts[at];

    for (uint32_t i = 0; cJSON_IsArray(node) && i < part->count; i++) {
        struct asl_part one = {.kind = ASL_PART_INDEX, .index = part->indexes[i]};
        const cJSON *item = step_down(walk, node, &one);
        if (item)
            follow(walk, at + 1, item);
    }
}

/* As Jayway has it: a negative bound counts from the end where it stands alone; with both, indexes
 * go from one to the other, and each of them counts from the end while it is negative. */
static void follow_slice(struct asl_walk *walk, uint32_t at, const cJSON *node)
{
    const struct asl_part *part = &walk->path->parts[at];
    int size = cJSON_IsArray(node) ? cJSON_GetArraySize(node) : 0;
    int from = part->has_from ? part->from : 0, to = part->has_to ? part->to : size;
    const cJSON *item;

    if (!part->has_to && from < 0)
        from = size + from > 0 ? size + from : 0;
    if (!part->has_from && to < 0)
        to = size + to;
    if (from < -size)
        from = -size;
    if (to > size)
        to = size;
    asl_walk_pay(walk, (uint64_t)size);
    item = from < to ? at_index(node, from) : NULL;
    for (; item && from < to; from++) {
        follow(walk, at + 1, item);
        item = from == -1 ? node->child : item->next;
    }
}

static void follow_filter(struct asl_walk *walk, uint32_t at, const cJSON *node)
{
    const struct asl_filter *filter = walk->path->parts[at].filter;

    if (cJSON_IsObject(node)) {
        if (asl_filter_accepts(walk, filter, node))
            follow(walk, at + 1, node);
        return;
    }
    for (const cJSON *item = cJSON_IsArray(node) ? node->child : NULL; item && !walk->rc;
         item = item->next)
        if (asl_filter_accepts(walk, filter, item))
            follow(walk, at + 1, item);
}

/* What the part behind a '..' finds in an array, when it is not the last: Jayway then takes every
 * item, whatever the part is, and so do definitions that were written against it. */
static void scan_items(struct asl_walk *walk, uint32_t at, const cJSON *node)
{
    for (const cJSON *item = node->child; item; item = item->next)
        follow(walk, at + 1, item);
}

static bool fits_scan(struct asl_walk *walk, uint32_t at, const cJSON *node)
{
    const struct asl_part *part = &walk->path->parts[at];

    switch (part->kind) {
    case ASL_PART_KEY:
        return cJSON_IsObject(node);
    case ASL_PART_KEYS:
        return cJSON_IsObject(node) && (at + 1 < walk->path->count || has_all(walk, part, node));
    case ASL_PART_INDEX:
    case ASL_PART_INDEXES:
    case ASL_PART_SLICE:
        return cJSON_IsArray(node);
    case ASL_PART_FILTER:
        return asl_filter_accepts(walk, part->filter, node);
    case ASL_PART_WILDCARD:
    case ASL_PART_SCAN:
    case ASL_PART_FUNCTION:
        break;
    }
    return true;
}

/* node first, then what is below it; at is the part behind the '..'. */
static void scan(struct asl_walk *walk, uint32_t at, const cJSON *node)
{
    uint64_t steps = 0;

    if (!asl_walk_visit(walk))
        return;
    if (!fits_scan(walk, at, node))
        ; /* nothing here, perhaps below */
    else if (cJSON_IsArray(node) && at + 1 < walk->path->count)
        scan_items(walk, at, node);
    else
        follow(walk, at, node);
    for (const cJSON *item = node->child; item && !walk->rc; item = item->next, steps++)
        if (cJSON_IsObject(item) || cJSON_IsArray(item))
            scan(walk, at, item);
    asl_walk_pay(walk, steps);
}

static void follow(struct asl_walk *walk, uint32_t at, const cJSON *node)
{
    const struct asl_part *part = &walk->path->parts[at];
    const cJSON *next;

    if (!asl_walk_visit(walk))
        return;
    if (at == walk->path->count) {
        found(walk, node);
        return;
    }
    switch (part->kind) {
    case ASL_PART_KEY:
    case ASL_PART_INDEX:
        next = step_down(walk, node, part);
        if (next)
            follow(walk, at + 1, next);
        else
            walk->missing |= at < walk->path->lead;
        break;
    case ASL_PART_KEYS:
        follow_keys(walk, at, node);
        break;
    case ASL_PART_INDEXES:
        follow_indexes(walk, at, node);
        break;
    case ASL_PART_SLICE:
        follow_slice(walk, at, node);
        break;
    case ASL_PART_WILDCARD:
        for (next = node->child; next; next = next->next)
            follow(walk, at + 1, next);
        break;
    case ASL_PART_SCAN:
        scan(walk, at + 1, node);
        break;
    case ASL_PART_FILTER:
        follow_filter(walk, at, node);
        break;
    case ASL_PART_FUNCTION: {
        cJSON *made = NULL;
        asl_walk_pay(walk, (uint64_t)cJSON_GetArraySize(node));
        walk->rc = asl_path_function(part->function, node, &made);
        if (!walk->rc)
            found_take(walk, made);
        break;
    }
    }
}

/* Begins at node; what is found is in *ret_found (NULL: nothing). */
static void go(struct asl_walk *walk, const cJSON *node, const cJSON **ret_found)
{
    *ret_found = NULL;
    if (!walk->path->definite) {
        walk->list = cJSON_CreateArray();
        if (!walk->list || !cJSON_AddItemToArray(walk->made, walk->list)) {
            cJSON_Delete(walk->list);
            walk->rc = MR_NO_MEMORY;
            return;
        }
    }
    follow(walk, 0, node);
    if (!walk->rc)
        *ret_found = walk->list ? walk->list : walk->single;
}

const cJSON *asl_walk_inner(struct asl_walk *walk, const struct asl_path *path, const cJSON *node,
                            bool *ret_missing)
{
    struct asl_walk inner = {
        .path = path, .root = walk->root, .made = walk->made, .visits = walk->visits};
    const cJSON *ret;

    if (path->reference) {
        ret = asl_path_get(path, node);
        *ret_missing = !ret;
        return ret;
    }
    go(&inner, node, &ret);
    *ret_missing = inner.missing;
    if (inner.rc == MR_INVALID) /* a function that does not fit: nothing */
        return NULL;
    walk->rc = inner.rc;
    return ret;
}

enum mr_code asl_path_find(const struct asl_path *path, const cJSON *root, cJSON *made,
                           const cJSON **ret)
{
    uint32_t visits = 0;
    struct asl_walk walk = {.path = path, .root = root, .made = made, .visits = &visits};
    const cJSON *result = NULL;

    if (path->reference)
        result = asl_path_get(path, root);
    else if (root)
        go(&walk, root, &result);
    if (!walk.rc)
        *ret = result;
    return walk.rc;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Puts item, taken over, in at[part]; what was there goes. */
static enum mr_code put(cJSON *at, const struct asl_part *part, cJSON *item)
{
    cJSON *old = child(at, part);

    if (old &&
        part->kind == ASL_PART_KEY) { /* the new item keeps the old one's place in the order */
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

const struct asl_part *asl_path_stuck(const struct asl_path *path, const cJSON *root, bool writing)
{
    for (uint32_t i = 0; i < path->count; i++) {
        const struct asl_part *part = &path->parts[i];
        bool key = part->kind == ASL_PART_KEY;
        if (writing && (root ? key && !cJSON_IsObject(root) : !key))
            return part; /* it is no object; or an array, which is not made on the way */
        root = root ? child(root, part) : NULL;
        if (!root && !(writing && key))
            return part;
    }
    return NULL;
}

bool asl_path_can_put(const struct asl_path *path, const cJSON *root)
{
    return !asl_path_stuck(path, root, true);
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

/* json_keys.c -- see json_keys.h.  The names are well-formed already: json_check.c has seen them.
 */
#include "common/base/json_keys.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 16 }; /* up to here every name is compared with every other */

void mr_json_keys_init(struct mr_json_keys *keys)
{
    keys->keys = keys->own;
    keys->count = 0;
    keys->cap = MR_JSON_KEYS_INLINE;
    keys->plain = (struct mr_buf){0};
    keys->open = 0;
}

void mr_json_keys_release(struct mr_json_keys *keys)
{
    if (keys->keys != keys->own)
        free(keys->keys);
    mr_buf_release(&keys->plain);
}

void mr_json_keys_open(struct mr_json_keys *keys, unsigned depth)
{
    keys->objects[depth].first = keys->count;
    keys->objects[depth].plain_first = keys->plain.len;
    keys->open = depth + 1;
}

static const char *bytes_of(const struct mr_json_keys *keys, const char *text,
                            const struct mr_json_key *key)
{
    return (key->escaped ? keys->plain.data : text) + key->from;
}

static enum mr_code twice(const struct mr_json_keys *keys, const char *text,
                          const struct mr_json_key *key, struct mr_error *err)
{
    return mr_fail(err, MR_INVALID, "byte %zu: member \"%.*s\" is there twice", key->at,
                   key->len < 64 ? (int)key->len : 64, bytes_of(keys, text, key));
}

static unsigned hex4(const char *p)
{
    unsigned n = 0;

    for (int i = 0; i < 4; i++)
        n = n * 16 + (unsigned)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    return n;
}

static void add_utf8(struct mr_buf *buf, unsigned c)
{
    char out[4];
    size_t len = 0;

    if (c < 0x80) {
        out[len++] = (char)c;
    } else if (c < 0x800) {
        out[len++] = (char)(0xC0 | c >> 6);
        out[len++] = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        out[len++] = (char)(0xE0 | c >> 12);
        out[len++] = (char)(0x80 | (c >> 6 & 63));
        out[len++] = (char)(0x80 | (c & 63));
    } else {
        out[len++] = (char)(0xF0 | c >> 18);
        out[len++] = (char)(0x80 | (c >> 12 & 63));
        out[len++] = (char)(0x80 | (c >> 6 & 63));
        out[len++] = (char)(0x80 | (c & 63));
    }
    mr_buf_add(buf, out, len);
}

static void unescape(const char *p, const char *end, struct mr_buf *buf)
{
    static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";

    while (p < end) {
        const char *run = p, *letter;
        unsigned unit;
        while (p < end && *p != '\\')
            p++;
        mr_buf_add(buf, run, (size_t)(p - run));
        if (p == end)
            return;
        if (p[1] != 'u') {
            letter = strchr(letters, p[1]);
            mr_buf_add_char(buf, letter ? controls[letter - letters] : p[1]);
            p += 2;
            continue;
        }
        unit = hex4(p + 2);
        p += 6;
        if (unit >= 0xD800 && unit <= 0xDBFF) {
            unit = 0x10000 + ((unit - 0xD800) << 10) + (hex4(p + 2) - 0xDC00);
            p += 6;
        }
        add_utf8(buf, unit);
    }
}

static bool more_keys(struct mr_json_keys *keys)
{
    size_t cap = keys->cap * 2;
    bool own = keys->keys == keys->own;
    struct mr_json_key *grown = realloc(own ? NULL : keys->keys, cap * sizeof(*grown));

    if (!grown)
        return false;
    if (own)
        memcpy(grown, keys->own, sizeof(keys->own));
    keys->keys = grown;
    keys->cap = cap;
    return true;
}

enum mr_code mr_json_keys_add(struct mr_json_keys *keys, const char *text, size_t at, size_t len,
                              bool escaped, struct mr_error *err)
{
    struct mr_json_key *key;
    size_t first = keys->objects[keys->open - 1].first;
    const char *bytes;

    if (keys->count == keys->cap && !more_keys(keys))
        return mr_fail(err, MR_NO_MEMORY, "no memory to check the members of an object");
    key = &keys->keys[keys->count];
    *key = (struct mr_json_key){.len = len, .from = at, .at = at, .escaped = escaped};
    if (escaped) {
        key->from = keys->plain.len;
        unescape(text + at, text + at + len, &keys->plain);
        if (keys->plain.failed)
            return mr_fail(err, MR_NO_MEMORY, "no memory to check the members of an object");
        key->len = keys->plain.len - key->from;
    }
    bytes = bytes_of(keys, text, key);
    memcpy(&key->head, bytes, key->len < 8 ? key->len : 8);
    keys->count++;
    if (keys->count - first > FEW)
        return MR_OK; /* mr_json_keys_close() looks */
    for (const struct mr_json_key *other = keys->keys + first; other < key; other++)
        if (other->head == key->head && other->len == key->len &&
            memcmp(bytes_of(keys, text, other), bytes, key->len) == 0)
            return twice(keys, text, key, err);
    return MR_OK;
}

static int compare(const struct mr_json_keys *keys, const char *text, const struct mr_json_key *a,
                   const struct mr_json_key *b)
{
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(bytes_of(keys, text, a), bytes_of(keys, text, b), a->len);
}

/* Heap sort: in place, n log n for every input, and, unlike qsort(), it hands compare() what it
 * needs beside the two names. */
static void sift(const struct mr_json_keys *keys, const char *text, struct mr_json_key *heap,
                 size_t root, size_t count)
{
    struct mr_json_key moved = heap[root];
    size_t child;

    while ((child = 2 * root + 1) < count) {
        if (child + 1 < count && compare(keys, text, &heap[child], &heap[child + 1]) < 0)
            child++;
        if (compare(keys, text, &moved, &heap[child]) >= 0)
            break;
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = moved;
}

static void sort(const struct mr_json_keys *keys, const char *text, struct mr_json_key *row,
                 size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift(keys, text, row, i, count);
    for (size_t last = count; last-- > 1;) {
        struct mr_json_key top = row[0];
        row[0] = row[last];
        row[last] = top;
        sift(keys, text, row, 0, last);
    }
}

enum mr_code mr_json_keys_close(struct mr_json_keys *keys, const char *text, unsigned depth,
                                struct mr_error *err)
{
    struct mr_json_key *row = keys->keys + keys->objects[depth].first;
    size_t count = keys->count - keys->objects[depth].first;

    if (count > FEW) {
        sort(keys, text, row, count);
        for (size_t i = 1; i < count; i++)
            if (compare(keys, text, &row[i - 1], &row[i]) == 0)
                return twice(keys, text, &row[row[i - 1].at > row[i].at ? i - 1 : i], err);
    }
    keys->count = keys->objects[depth].first;
    keys->plain.len = keys->objects[depth].plain_first;
    keys->open = depth;
    return MR_OK;
}

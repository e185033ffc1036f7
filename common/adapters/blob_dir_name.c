/* blob_dir_name.c -- keys as names: see blob_dir.h for the rules.  Two keys never share a name, and
 * the names of one folder sort, decoded, as their keys do. */
#include "common/adapters/blob_dir.h"

#include <string.h>

enum { PIECE_LEN = 80 /* escaped three times as long: still below NAME_MAX with its mark */ };

#define PIECE_MARK  "%+"
#define EMPTY_MARK  "%_"
#define NO_DOT_MARK "%."

static void add_escaped(struct mr_buf *ret, const char *text, size_t len, bool is_file)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%')
            mr_buf_add_str(ret, "%25");
        else if (text[i] == '.' && (!is_file || i == 0))
            mr_buf_add_str(ret, "%2E");
        else
            mr_buf_add_char(ret, text[i]);
    }
}

static void add_file(struct mr_buf *ret, const char *text, size_t len)
{
    add_escaped(ret, text, len, true);
    if (len < 2 || !memchr(text + 1, '.', len - 1))
        mr_buf_add_str(ret, NO_DOT_MARK);
    mr_buf_add_char(ret, '\0');
}

static void add_folder(struct mr_buf *ret, const char *text, size_t len, const char *mark)
{
    add_escaped(ret, text, len, false);
    mr_buf_add_str(ret, mark);
    mr_buf_add_char(ret, '\0');
}

enum mr_code mr_dir_path_of(const char *key, struct mr_dir_path *ret, struct mr_error *err)
{
    struct mr_dir_path path = {.count = 0};

    for (const char *segment = key; segment;) {
        size_t len = strcspn(segment, "/");
        const char *next = segment[len] ? segment + len + 1 : NULL;
        for (; len >= PIECE_LEN; segment += PIECE_LEN, len -= PIECE_LEN, path.count++)
            add_folder(&path.names, segment, PIECE_LEN, PIECE_MARK);
        if (next)
            add_folder(&path.names, segment, len, len ? "" : EMPTY_MARK);
        else
            add_file(&path.names, segment, len);
        path.count++;
        segment = next;
    }
    if (path.names.failed) {
        mr_dir_path_release(&path);
        return mr_fail(err, MR_NO_MEMORY, "no memory for a path");
    }
    *ret = path;
    return MR_OK;
}

const char *mr_dir_path_name(const struct mr_dir_path *path, size_t n)
{
    const char *name = path->names.data;
    while (n-- > 0)
        name += strlen(name) + 1;
    return name;
}

void mr_dir_path_release(struct mr_dir_path *path)
{
    mr_buf_release(&path->names);
    path->count = 0;
}

/* Undoes add_escaped(); false for an escape that it does not make. */
static bool add_unescaped(struct mr_buf *ret, const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (c == '%') {
            if (len - i >= 3 && memcmp(name + i, "%25", 3) == 0)
                c = '%';
            else if (len - i >= 3 && memcmp(name + i, "%2E", 3) == 0)
                c = '.';
            else
                return false;
            i += 2;
        }
        mr_buf_add_char(ret, c);
    }
    return true;
}

static bool ends_with(const char *name, size_t len, const char *mark)
{
    size_t mark_len = strlen(mark);
    return len >= mark_len && memcmp(name + len - mark_len, mark, mark_len) == 0;
}

bool mr_dir_name_decode(const char *name, bool is_folder, struct mr_buf *key)
{
    size_t start = key->len, len = strlen(name), plain = len;
    struct mr_buf again = {0};
    bool is_piece = is_folder && ends_with(name, len, PIECE_MARK);
    bool right = true;

    if (is_piece || (is_folder && ends_with(name, len, EMPTY_MARK)) ||
        (!is_folder && ends_with(name, len, NO_DOT_MARK)))
        plain -= 2;
    if (!add_unescaped(key, name, plain)) {
        key->len = start;
        return false;
    }
    /* One key, one name: whatever else decodes to it is not ours. */
    const char *text = key->data ? key->data + start : "";
    size_t text_len = key->len - start;
    if (is_piece)
        right = text_len == PIECE_LEN;
    else
        right = text_len < PIECE_LEN && !memchr(text, '/', text_len);
    if (!is_folder)
        add_file(&again, text, text_len);
    else if (is_piece)
        add_folder(&again, text, text_len, PIECE_MARK);
    else
        add_folder(&again, text, text_len, text_len ? "" : EMPTY_MARK);
    right = right && !again.failed && strcmp(again.data, name) == 0;
    mr_buf_release(&again);
    if (!right)
        key->len = start;
    else if (is_folder && !is_piece)
        mr_buf_add_char(key, '/');
    return right;
}

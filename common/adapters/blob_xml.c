/* blob_xml.c -- see blob_xml.h. */
#include "common/adapters/blob_xml.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *data, *at, *end;
    mr_xml_end_fn *on_end;
    void *ctx;
    struct mr_error *err;
    struct mr_buf path; /* "a/b/c" of the open elements */
    struct mr_buf text; /* of the innermost one since its start */
    unsigned depth;
};

static enum mr_code corrupt(struct reader *r, const char *what)
{
    return mr_fail(r->err, MR_CORRUPT, "XML: %s at byte %td", what, r->at - r->data);
}

static bool looking_at(const struct reader *r, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(r->end - r->at) >= len && memcmp(r->at, word, len) == 0;
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && isspace((unsigned char)*r->at))
        r->at++;
}

/* Passes over everything up to and with word. */
static bool skip_past(struct reader *r, const char *word)
{
    size_t len = strlen(word);
    for (; (size_t)(r->end - r->at) >= len; r->at++)
        if (memcmp(r->at, word, len) == 0) {
            r->at += len;
            return true;
        }
    return false;
}

static size_t name_len(const struct reader *r)
{
    size_t len = 0, max = (size_t)(r->end - r->at);
    while (len < max && (isalnum((unsigned char)r->at[len]) || strchr("_-.:", r->at[len])))
        len++;
    bool begins = len > 0 && (isalpha((unsigned char)r->at[0]) || r->at[0] == '_');
    return begins && len <= MR_XML_NAME_MAX ? len : 0;
}

/* ---- entities -------------------------------------------------------------------------------- */

static void add_utf8(struct mr_buf *buf, uint32_t c)
{
    char out[4];
    size_t len = 0;

    if (c < 0x80) {
        out[len++] = (char)c;
    } else if (c < 0x800) {
        out[len++] = (char)(0xc0 | c >> 6);
        out[len++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out[len++] = (char)(0xe0 | c >> 12);
        out[len++] = (char)(0x80 | (c >> 6 & 0x3f));
        out[len++] = (char)(0x80 | (c & 0x3f));
    } else {
        out[len++] = (char)(0xf0 | c >> 18);
        out[len++] = (char)(0x80 | (c >> 12 & 0x3f));
        out[len++] = (char)(0x80 | (c >> 6 & 0x3f));
        out[len++] = (char)(0x80 | (c & 0x3f));
    }
    mr_buf_add(buf, out, len);
}

/* "&#34;" or "&#x22;": a character that XML allows, and never NUL. */
static bool add_numeric(struct mr_buf *buf, const char *digits)
{
    bool hex = digits[0] == 'x';
    char *end;

    digits += hex;
    if (!(hex ? isxdigit((unsigned char)*digits) : isdigit((unsigned char)*digits)))
        return false;
    unsigned long c = strtoul(digits, &end, hex ? 16 : 10);
    if (*end || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ||
        (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
        return false;
    add_utf8(buf, (uint32_t)c);
    return true;
}

static enum mr_code read_entity(struct reader *r)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    char name[12];
    size_t max = (size_t)(r->end - r->at - 1), len = 0;

    while (len < max && len < sizeof name && r->at[1 + len] != ';')
        len++;
    if (len == max || len == sizeof name || len == 0)
        return corrupt(r, "an entity has no end");
    memcpy(name, r->at + 1, len);
    name[len] = '\0';
    bool known = name[0] == '#' && add_numeric(&r->text, name + 1);
    for (size_t i = 0; !known && i < sizeof named / sizeof *named; i++)
        if (strcmp(name, named[i].name) == 0)
            known = !mr_buf_add_char(&r->text, named[i].c) || r->text.failed;
    if (!known)
        return corrupt(r, "unknown entity");
    r->at += len + 2;
    return MR_OK;
}

/* ---- elements -------------------------------------------------------------------------------- */

static enum mr_code close_element(struct reader *r)
{
    if (mr_buf_add_char(&r->text, '\0') || r->path.failed || r->text.failed)
        return mr_fail(r->err, MR_NO_MEMORY, "XML: no memory");
    enum mr_code rc = r->on_end(r->ctx, r->path.data, r->text.data, r->err);
    const char *slash = strrchr(r->path.data, '/');
    r->path.len = slash ? (size_t)(slash - r->path.data) : 0;
    r->path.data[r->path.len] = '\0';
    r->depth--;
    mr_buf_reset(&r->text); /* what stands between elements is nobody's */
    return rc;
}

static enum mr_code read_attributes(struct reader *r)
{
    for (;;) {
        skip_space(r);
        if (r->at == r->end || *r->at == '>' || *r->at == '/')
            return MR_OK;
        size_t len = name_len(r);
        if (len == 0)
            return corrupt(r, "an attribute's name is expected");
        r->at += len;
        if (r->end - r->at < 2 || r->at[0] != '=' || (r->at[1] != '"' && r->at[1] != '\''))
            return corrupt(r, "an attribute's value is expected");
        const char *quote = memchr(r->at + 2, r->at[1], (size_t)(r->end - r->at - 2));
        if (!quote)
            return corrupt(r, "an attribute's value has no end");
        r->at = quote + 1;
    }
}

static enum mr_code read_start(struct reader *r)
{
    size_t len = name_len(r);
    if (len == 0)
        return corrupt(r, "a name is expected");
    if (r->depth == MR_XML_DEPTH_MAX)
        return corrupt(r, "nested too deeply");
    if (r->depth++ > 0)
        mr_buf_add_char(&r->path, '/');
    mr_buf_add(&r->path, r->at, len);
    mr_buf_reset(&r->text);
    r->at += len;
    enum mr_code rc = read_attributes(r);
    if (rc)
        return rc;
    if (looking_at(r, "/>")) {
        r->at += 2;
        return close_element(r);
    }
    if (!looking_at(r, ">"))
        return corrupt(r, "'>' is expected");
    r->at++;
    return MR_OK;
}

static enum mr_code read_end(struct reader *r)
{
    size_t len = name_len(r);
    if (r->depth == 0 || r->path.failed)
        return corrupt(r, "an end without a start");
    const char *slash = strrchr(r->path.data, '/');
    const char *open = slash ? slash + 1 : r->path.data;
    if (len != strlen(open) || memcmp(open, r->at, len) != 0)
        return corrupt(r, "the end of another element");
    r->at += len;
    skip_space(r);
    if (!looking_at(r, ">"))
        return corrupt(r, "'>' is expected");
    r->at++;
    return close_element(r);
}

static enum mr_code read_text(struct reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at != '<' && *r->at != '&')
        r->at++;
    mr_buf_add(&r->text, from, (size_t)(r->at - from));
    return r->at < r->end && *r->at == '&' ? read_entity(r) : MR_OK;
}

static enum mr_code read_document(struct reader *r)
{
    const char *nul = memchr(r->data, '\0', (size_t)(r->end - r->data));
    enum mr_code rc = MR_OK;

    if (nul) { /* names, entities and texts are handled as strings from here on */
        r->at = nul;
        return corrupt(r, "a NUL byte");
    }
    if (looking_at(r, "\xef\xbb\xbf"))
        r->at += 3;
    if (looking_at(r, "<?xml") && !skip_past(r, "?>"))
        return corrupt(r, "the first line has no end");
    skip_space(r);
    if (!looking_at(r, "<"))
        return corrupt(r, "an element is expected");
    do {
        if (r->at == r->end)
            return corrupt(r, "the text ends too early");
        if (looking_at(r, "</")) {
            r->at += 2;
            rc = read_end(r);
        } else if (*r->at == '<') {
            r->at++;
            rc = read_start(r);
        } else {
            rc = read_text(r);
        }
    } while (!rc && r->depth > 0);
    skip_space(r);
    return rc || r->at == r->end ? rc : corrupt(r, "something behind the end");
}

enum mr_code mr_xml_read(const char *data, size_t len, mr_xml_end_fn *on_end, void *ctx,
                         struct mr_error *err)
{
    struct reader r = {.data = data ? data : "", .on_end = on_end, .ctx = ctx, .err = err};
    r.at = r.data;
    r.end = r.data + len;
    enum mr_code rc = read_document(&r);
    mr_buf_release(&r.path);
    mr_buf_release(&r.text);
    return rc;
}

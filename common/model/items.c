/* items.c -- a page of a distributed Map's items, out of an object or of a listing. */
#include "common/model/items.h"

#include "common/model/items_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the page ---------------------------------------------------------------------------------
 */

bool mr_page_is_last(const struct mr_page *page)
{
    return page->total_max && page->total >= page->total_max;
}

bool mr_page_has_room(const struct mr_page *page)
{
    return page->count < MR_ITEMS_PAGE_MAX && !page->full && !mr_page_is_last(page);
}

enum mr_code mr_page_add(struct mr_page *page, const char *json, size_t len, struct mr_error *err)
{
    if (len > MR_ITEMS_PAGE_BYTES)
        return mr_fail(err, MR_TOO_LARGE, "item %" PRIu64 ": %zu bytes, at most %d are allowed",
                       page->total, len, MR_ITEMS_PAGE_BYTES);
    if (page->count > 0 && page->bytes + len + 1 > MR_ITEMS_PAGE_BYTES) {
        page->full = true;
        return MR_OK;
    }
    if (page->count > 0)
        (void)mr_buf_add_char(page->buf, ',');
    (void)mr_buf_add(page->buf, json, len);
    page->count++;
    page->total++;
    page->bytes += len + 1;
    return page->buf->failed ? mr_fail(err, MR_NO_MEMORY, "a page of items") : MR_OK;
}

void mr_page_open(struct mr_page *page, char bracket)
{
    (void)mr_buf_add_str(page->buf, "{\"items\":");
    (void)mr_buf_add_char(page->buf, bracket);
}

enum mr_code mr_page_close(struct mr_page *page, char bracket, bool more, size_t at, uint64_t file,
                           struct mr_error *err)
{
    (void)mr_buf_add_char(page->buf, bracket);
    if ((more || page->others) && !mr_page_is_last(page)) {
        (void)mr_buf_addf(page->buf, ",\"cursor\":{\"at\":%zu,\"n\":%" PRIu64, more ? at : 0,
                          page->total);
        if (page->object) {
            (void)mr_buf_add_str(page->buf, more ? ",\"key\":" : ",\"after\":");
            (void)mr_buf_add_json(page->buf, page->object, strlen(page->object));
        } else {
            (void)mr_buf_addf(page->buf, ",\"file\":%" PRIu64, file);
        }
        (void)mr_buf_add_char(page->buf, '}');
    }
    (void)mr_buf_add_char(page->buf, '}');
    return page->buf->failed ? mr_fail(err, MR_NO_MEMORY, "a page of items") : MR_OK;
}

static uint64_t cursor_number(const struct mr_page *page, const char *name)
{
    const cJSON *item = mr_json_get(page->cursor, name);

    return cJSON_IsNumber(item) && item->valuedouble >= 0 ? (uint64_t)item->valuedouble : 0;
}

static const char *config_text(const struct mr_page *page, const char *name)
{
    const cJSON *item = mr_json_get(page->config, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

/* Over text that is known to be JSON. */
static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
        p++;
    return p;
}

static const char *skip_string(const char *p)
{
    for (p++; *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p + 1;
}

static const char *skip_value(const char *p)
{
    int depth = 0;

    if (*p != '"' && *p != '{' && *p != '[') {
        while (*p && !strchr(",]} \t\r\n", *p))
            p++;
        return p;
    }
    do {
        if (*p == '"') {
            p = skip_string(p);
            continue;
        }
        depth += *p == '{' || *p == '[';
        depth -= *p == '}' || *p == ']';
        p++;
    } while (depth > 0);
    return p;
}

/* Is the member's name at p the token (unescaped)? */
static bool is_name(const char *p, const char *token)
{
    cJSON *name = cJSON_ParseWithLength(p, (size_t)(skip_string(p) - p));
    bool same = name && cJSON_IsString(name) && strcmp(name->valuestring, token) == 0;

    cJSON_Delete(name);
    return same;
}

/* The value of member or element token of the value at p, or NULL. */
static const char *go_into(const char *p, const char *token)
{
    const bool object = *p == '{';
    unsigned long index = 0;

    if (*p != '{' && *p != '[')
        return NULL;
    for (p = skip_space(p + 1); *p != '}' && *p != ']';) {
        const char *name = p;
        char number[24];

        if (object)
            p = skip_space(skip_space(skip_string(p)) + 1);
        (void)snprintf(number, sizeof number, "%lu", index++);
        if (object ? is_name(name, token) : strcmp(number, token) == 0)
            return p;
        p = skip_space(skip_value(p));
        if (*p == ',')
            p = skip_space(p + 1);
    }
    return NULL;
}

static const char *follow(const char *p, const char *pointer)
{
    char token[256];

    while (p && *pointer == '/') {
        size_t len = 0;

        for (pointer++; *pointer && *pointer != '/'; pointer++) {
            char c = *pointer;
            if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
                c = *++pointer == '0' ? '~' : '/';
            if (len + 1 == sizeof token)
                return NULL;
            token[len++] = c;
        }
        token[len] = '\0';
        p = go_into(p, token);
    }
    return p;
}

static enum mr_code read_json(struct mr_page *page, const struct mr_buf *text, struct mr_error *err)
{
    static const struct mr_json_limits limits = {MR_ITEMS_OBJECT_MAX, MR_JSON_DEPTH_MAX};
    const char *pointer = config_text(page, "ItemsPointer"), *p = text->data ? text->data : "";
    size_t at = (size_t)cursor_number(page, "at");
    bool object;
    enum mr_code rc = mr_json_check(p, text->len, &limits, err);

    if (rc)
        return rc;
    p = follow(skip_space(p), pointer);
    if (!p || (*p != '[' && *p != '{'))
        return mr_fail(err, MR_INVALID,
                       "ItemsPointer \"%.120s\" is at %s: an array or an object is "
                       "wanted",
                       pointer, p ? "a plain value" : "nothing");
    object = *p == '{';
    mr_page_open(page, object ? '{' : '[');
    if (at > (size_t)(p - text->data) && at < text->len)
        p = text->data + at;
    else
        p = skip_space(p + 1);
    while (!rc && *p != ']' && *p != '}' && mr_page_has_room(page)) {
        const char *from = p;

        if (object)
            p = skip_space(skip_space(skip_string(p)) + 1);
        p = skip_value(p);
        rc = mr_page_add(page, from, (size_t)(p - from), err);
        if (page->full) {
            p = from;
            break;
        }
        p = skip_space(p);
        if (*p == ',')
            p = skip_space(p + 1);
    }
    if (rc)
        return rc;
    return mr_page_close(page, object ? '}' : ']', *p != ']' && *p != '}', (size_t)(p - text->data),
                         0, err);
}

static enum mr_code read_jsonl(struct mr_page *page, const struct mr_buf *text,
                               struct mr_error *err)
{
    static const struct mr_json_limits limits = {MR_ITEMS_PAGE_BYTES, MR_JSON_DEPTH_MAX};
    size_t at = (size_t)cursor_number(page, "at");
    enum mr_code rc = MR_OK;

    mr_page_open(page, '[');
    while (!rc && at < text->len && mr_page_has_room(page)) {
        const char *line = text->data + at, *end = memchr(line, '\n', text->len - at);
        size_t len = end ? (size_t)(end - line) : text->len - at;

        at += len + (end != NULL);
        if (strspn(line, " \t\r") >= len)
            continue;
        rc = mr_json_check(line, len, &limits, err);
        if (rc)
            return mr_fail_in(err, rc, "a line of JSON");
        rc = mr_page_add(page, line, len, err);
        if (page->full)
            at = (size_t)(line - text->data);
    }
    return rc ? rc : mr_page_close(page, ']', at < text->len, at, 0, err);
}

/* ---- CSV --------------------------------------------------------------------------------------
 */

static char delimiter_of(const struct mr_page *page)
{
    static const struct {
        const char *name;
        char c;
    } all[] = {{"PIPE", '|'}, {"SEMICOLON", ';'}, {"SPACE", ' '}, {"TAB", '\t'}};
    const char *name = config_text(page, "CSVDelimiter");

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].name, name) == 0)
            return all[i].c;
    return ',';
}

static enum mr_code read_csv(struct mr_page *page, const struct mr_buf *text, struct mr_error *err)
{
    const cJSON *names = mr_json_get(page->config, "CSVHeaders");
    const char *data = text->data ? text->data : "", delimiter = delimiter_of(page);
    size_t at = (size_t)cursor_number(page, "at"), first = 0;
    struct mr_columns columns = {0};
    enum mr_code rc = MR_OK;

    if (cJSON_IsArray(names)) {
        for (const cJSON *name = names->child; name && !rc; name = name->next)
            rc = mr_columns_add(&columns, cJSON_IsString(name) ? name->valuestring : "",
                                cJSON_IsString(name) ? strlen(name->valuestring) : 0, err);
    } else {
        rc = mr_columns_read(&columns, delimiter, data, text->len, &first, err);
    }
    if (at < first)
        at = first;
    mr_page_open(page, '[');
    if (!rc)
        rc = mr_items_csv(page, &columns, delimiter, data, text->len, &at, err);
    mr_columns_release(&columns);
    return rc ? rc : mr_page_close(page, ']', at < text->len, at, 0, err);
}

/* ---- an inventory: a manifest that names tables ------------------------------------------------
 */

static enum mr_code read_schema(const char *schema, struct mr_columns *columns,
                                struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    while (!rc && *schema) {
        size_t len;

        schema += strspn(schema, ", ");
        len = strcspn(schema, ",");
        if (len)
            rc = mr_columns_add(columns, schema, len, err);
        schema += len;
    }
    return rc;
}

static enum mr_code read_table(const cJSON *manifest, uint64_t file, const struct mr_objects *from,
                               struct mr_buf *ret, struct mr_error *err)
{
    static const char arn[] = "arn:aws:s3:::";
    const cJSON *files = mr_json_get(manifest, "files");
    const cJSON *key = mr_json_get(cJSON_GetArrayItem(files, (int)file), "key");
    const cJSON *bucket = mr_json_get(manifest, "destinationBucket");
    const char *name = cJSON_IsString(bucket) ? bucket->valuestring : "";
    struct mr_buf packed = {0};
    size_t len;
    enum mr_code rc;

    if (!cJSON_IsString(key))
        return mr_fail(err, MR_INVALID, "the manifest's file %" PRIu64 " has no key", file);
    if (strncmp(name, arn, sizeof arn - 1) == 0)
        name += sizeof arn - 1;
    len = strlen(key->valuestring);
    if (len < 3 || strcmp(key->valuestring + len - 3, ".gz") != 0)
        return from->get(from->ctx, name, key->valuestring, MR_ITEMS_OBJECT_MAX, ret, err);
    if (!from->unpack)
        return mr_fail(err, MR_UNSUPPORTED, "%s is packed, which cannot be read here",
                       key->valuestring);
    rc = from->get(from->ctx, name, key->valuestring, MR_ITEMS_OBJECT_MAX, &packed, err);
    if (!rc)
        rc = from->unpack(from->ctx, packed.data, packed.len, MR_ITEMS_OBJECT_MAX, ret, err);
    mr_buf_release(&packed);
    return rc ? mr_fail_in(err, rc, key->valuestring) : MR_OK;
}

static enum mr_code read_tables(struct mr_page *page, const cJSON *manifest,
                                const struct mr_objects *from, struct mr_error *err)
{
    const cJSON *schema = mr_json_get(manifest, "fileSchema"),
                *files = mr_json_get(manifest, "files");
    const cJSON *format = mr_json_get(manifest, "fileFormat");
    uint64_t file = cursor_number(page, "file"), count = (uint64_t)cJSON_GetArraySize(files);
    size_t at = (size_t)cursor_number(page, "at");
    struct mr_columns columns = {0};
    enum mr_code rc;

    if (!cJSON_IsString(schema) || !cJSON_IsArray(files))
        return mr_fail(err, MR_INVALID, "the manifest has no fileSchema or files");
    if (!cJSON_IsString(format) || strcmp(format->valuestring, "CSV") != 0)
        return mr_fail(err, MR_UNSUPPORTED, "the manifest's fileFormat is not CSV");
    rc = read_schema(schema->valuestring, &columns, err);
    mr_page_open(page, '[');
    while (!rc && file < count && mr_page_has_room(page)) {
        struct mr_buf table = {0};

        rc = read_table(manifest, file, from, &table, err);
        if (!rc)
            rc = mr_items_csv(page, &columns, ',', table.data ? table.data : "", table.len, &at,
                              err);
        if (!rc && at >= table.len) {
            file++;
            at = 0;
        }
        mr_buf_release(&table);
    }
    mr_columns_release(&columns);
    return rc ? rc : mr_page_close(page, ']', file < count, at, file, err);
}

static enum mr_code read_manifest(struct mr_page *page, const struct mr_buf *text,
                                  const struct mr_objects *from, struct mr_error *err)
{
    static const struct mr_json_limits limits = {MR_ITEMS_OBJECT_MAX, MR_JSON_DEPTH_MAX};
    cJSON *manifest = NULL;
    enum mr_code rc =
        mr_json_parse(text->data ? text->data : "", text->len, &limits, &manifest, err);

    if (!rc)
        rc = read_tables(page, manifest, from, err);
    cJSON_Delete(manifest);
    return rc;
}

/* ---- the request ------------------------------------------------------------------------------
 */

static enum mr_code parameter(const cJSON *request, const char *name, bool required,
                              const char **ret, struct mr_error *err)
{
    const cJSON *item = mr_json_get(mr_json_get(request, "Parameters"), name);

    if (!item && !required) {
        *ret = "";
        return MR_OK;
    }
    if (!cJSON_IsString(item))
        return mr_fail(err, MR_INVALID, "/Parameters/%s: must be a string", name);
    *ret = item->valuestring;
    return MR_OK;
}

enum mr_code mr_items_object(struct mr_page *page, const char *bucket, const char *key,
                             const struct mr_objects *from, struct mr_error *err)
{
    const char *type = config_text(page, "InputType");
    struct mr_buf text = {0};
    enum mr_code rc = from->get(from->ctx, bucket, key, MR_ITEMS_OBJECT_MAX, &text, err);

    if (rc)
        return mr_fail_in(err, rc, key);
    if (!type[0] && config_text(page, "ManifestType")[0])
        type = "MANIFEST"; /* as AWS's documents have it: an inventory needs no InputType */
    if (strcmp(type, "CSV") == 0)
        rc = read_csv(page, &text, err);
    else if (strcmp(type, "JSON") == 0)
        rc = read_json(page, &text, err);
    else if (strcmp(type, "JSONL") == 0)
        rc = read_jsonl(page, &text, err);
    else if (strcmp(type, "MANIFEST") == 0)
        rc = read_manifest(page, &text, from, err);
    else
        rc = mr_fail(err, MR_UNSUPPORTED, "InputType \"%.40s\" is not read", type);
    mr_buf_release(&text);
    return rc && rc != MR_NO_MEMORY ? mr_fail_in(err, rc, key) : rc;
}

enum mr_code mr_items_read(const cJSON *request, const struct mr_objects *from, struct mr_buf *buf,
                           struct mr_error *err)
{
    const cJSON *resource = mr_json_get(request, "Resource"), *max;
    struct mr_page page = {.buf = buf,
                           .start = buf->len,
                           .config = mr_json_get(request, "ReaderConfig"),
                           .cursor = mr_json_get(request, "cursor")};
    const char *bucket = NULL, *key = NULL;
    enum mr_code rc = parameter(request, "Bucket", true, &bucket, err);
    bool listing, flatten;

    if (rc)
        return rc;
    flatten = strcmp(config_text(&page, "Transformation"), "LOAD_AND_FLATTEN") == 0;
    max = mr_json_get(page.config, "MaxItems");
    page.total = cursor_number(&page, "n");
    page.total_max = cJSON_IsNumber(max) && max->valuedouble > 0 ? (uint64_t)max->valuedouble : 0;
    listing = cJSON_IsString(resource) && strstr(resource->valuestring, ":s3:listObjectsV2");
    rc = parameter(request, listing ? "Prefix" : "Key", !listing, &key, err);
    if (!rc)
        rc = !listing  ? mr_items_object(&page, bucket, key, from, err)
             : flatten ? mr_items_flattened(&page, bucket, key, from, err)
                       : mr_items_listing(&page, bucket, key, from, err);
    if (rc && buf->data) {
        buf->len = page.start;
        buf->data[buf->len] = '\0';
    }
    return rc;
}

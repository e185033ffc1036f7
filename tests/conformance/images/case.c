/* case.c -- see case.h. */
#include "tests/conformance/images/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool file_read(const char *path, struct mr_buf *buf)
{
    char piece[65536];
    FILE *file = fopen(path, "rb");
    size_t n;
    bool good;

    if (!file)
        return false;
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        if (mr_buf_add(buf, piece, n))
            break;
    good = feof(file) && !ferror(file) && !buf->failed;
    fclose(file);
    return good;
}

static void die(const char *path, size_t line, const char *why)
{
    fprintf(stderr, "%s:%zu: %s\n", path, line, why);
    exit(2);
}

/* An id becomes the name of a folder. */
static bool id_sound(const char *id)
{
    return id && *id && *id != '.' && strlen(id) < 200 && !strchr(id, '/');
}

static cJSON *line_parse(const char *path, size_t line, const char *text, size_t len)
{
    cJSON *item = cJSON_ParseWithLength(text, len);

    if (!cJSON_IsObject(item))
        die(path, line, "is no JSON object");
    if (!id_sound(case_text(item, "id")))
        die(path, line, "has no id that could be the name of a folder");
    if (!cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(item, "recipe")))
        die(path, line, "has no recipe");
    return item;
}

struct cases cases_read(const char *path)
{
    struct mr_buf text = {0};
    struct cases cases = {0};
    size_t line = 0, cap = 0;
    char *at, *end;

    if (!file_read(path, &text))
        die(path, 0, "cannot be read");
    for (at = text.data; at && *at; at = end) {
        end = strchr(at, '\n');
        end = end ? end + 1 : at + strlen(at);
        line++;
        if (strspn(at, " \r\n\t") >= (size_t)(end - at))
            continue;
        if (cases.count == cap) {
            cap = cap ? 2 * cap : 256;
            cases.list = realloc(cases.list, cap * sizeof(*cases.list));
            if (!cases.list)
                die(path, line, "no memory");
        }
        cases.list[cases.count++] = line_parse(path, line, at, (size_t)(end - at));
    }
    mr_buf_release(&text);
    return cases;
}

void cases_release(struct cases *cases)
{
    for (size_t i = 0; i < cases->count; i++)
        cJSON_Delete(cases->list[i]);
    free(cases->list);
    *cases = (struct cases){0};
}

const char *case_text(const cJSON *item, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, name));
}

const char *case_id(const cJSON *item)
{
    return case_text(item, "id");
}

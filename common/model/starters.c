/* starters.c -- see starters.h. */
#include "common/model/starters.h"

#include "common/base/json.h"

#include <string.h>

enum { MARK_LEN = 16 };

static const char *text_of(const cJSON *item)
{
    return cJSON_GetStringValue(mr_json_get(item, "token"));
}

bool mr_starters_have(const cJSON *list, const char *token_text)
{
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next)
        if (strcmp(text_of(item), token_text) == 0)
            return true;
    return false;
}

enum mr_code mr_starters_add(cJSON **list, const struct mr_parent *parent, struct mr_error *err)
{
    cJSON *item;

    if (cJSON_GetArraySize(*list) >= MR_STARTERS_MAX)
        return mr_fail(err, MR_TOO_LARGE, "%d tasks have started it, and no more may",
                       MR_STARTERS_MAX);
    if (!*list)
        *list = cJSON_CreateArray();
    item = *list ? cJSON_CreateObject() : NULL;
    if (item && cJSON_AddStringToObject(item, "token", parent->token_text) &&
        cJSON_AddStringToObject(item, "want", mr_want_name(parent->want)) &&
        cJSON_AddItemToArray(*list, item))
        return MR_OK;
    cJSON_Delete(item);
    return mr_fail(err, MR_NO_MEMORY, "who started a job");
}

enum mr_code mr_starters_check(const cJSON *list, struct mr_error *err)
{
    if (list && (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > MR_STARTERS_MAX))
        return mr_fail(err, MR_CORRUPT, "/starters: at most %d are kept", MR_STARTERS_MAX);
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next) {
        struct mr_parent parent = {0};
        enum mr_code rc = mr_parent_read(item, &parent, err);

        if (rc)
            return mr_fail_in(err, rc, "/starters");
    }
    return MR_OK;
}

struct mr_parent mr_starter_of(const cJSON *item)
{
    struct mr_parent parent = {0};

    if (mr_parent_read(item, &parent, NULL) != MR_OK)
        parent = (struct mr_parent){.want = MR_WANT_NOTHING}; /* checked when it came in */
    return parent;
}

void mr_starters_print_marks(const cJSON *list, struct mr_buf *buf)
{
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next) {
        const struct mr_parent parent = mr_starter_of(item);

        if (item != list->child)
            (void)mr_buf_add_char(buf, ' ');
        (void)mr_buf_add(buf, parent.token.mac, MARK_LEN);
    }
}

bool mr_starters_marked(const char *marks, const struct mr_token *token)
{
    while (marks && strlen(marks) >= MARK_LEN) {
        if (memcmp(marks, token->mac, MARK_LEN) == 0)
            return true;
        marks += MARK_LEN + (marks[MARK_LEN] == ' ');
    }
    return false;
}

/* json_diff.c -- what two JSON trees do not have in common, a line a place: members in any order,
 * items by their index. */
#include "gateway/cli/cli.h"

#include "common/base/json.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 160 }; /* bytes of a value in a line */

struct diff {
    const struct cli *cli;
    struct mr_buf at; /* JSON pointer of where we are */
    size_t count;
};

static void add_token(struct mr_buf *at, const char *name)
{
    (void)mr_buf_add_char(at, '/');
    for (; *name; name++) {
        if (*name == '~' || *name == '/')
            (void)mr_buf_add_str(at, *name == '~' ? "~0" : "~1");
        else
            (void)mr_buf_add_char(at, *name);
    }
}

static void leave(struct mr_buf *at, size_t mark)
{
    at->len = mark;
    if (at->data)
        at->data[mark] = '\0';
}

static void print_value(const cJSON *item)
{
    struct mr_buf text = {0};

    if (!mr_json_print(item, &text)) {
        size_t len = text.len > SHOWN_MAX ? SHOWN_MAX : text.len;
        while (len < text.len && len > 0 && ((unsigned char)text.data[len] & 0xC0) == 0x80)
            len--;
        printf("  %.*s%s", (int)len, text.data, len < text.len ? "..." : "");
    }
    mr_buf_release(&text);
}

static void tell(struct diff *diff, const cJSON *old, const cJSON *new)
{
    const char *colour = !diff->cli->tty ? "" : !new ? "\033[31m" : !old ? "\033[32m" : "\033[33m";

    diff->count++;
    printf("%s%c %s", colour, !new ? '-' : !old ? '+' : '~', diff->at.len ? diff->at.data : "/");
    if (old)
        print_value(old);
    if (old && new)
        printf("  ->");
    if (new)
        print_value(new);
    printf("%s\n", *colour ? "\033[0m" : "");
}

/* The trees are no deeper than the parser's limit. */
static void compare(struct diff *diff, const cJSON *old, const cJSON *new)
{
    size_t mark = diff->at.len;
    const cJSON *item;
    char index[16];
    int i = 0, sizes[2];

    if (cJSON_IsObject(old) && cJSON_IsObject(new)) {
        cJSON_ArrayForEach(item, old)
        {
            const cJSON *other = mr_json_get(new, item->string);
            add_token(&diff->at, item->string);
            if (other)
                compare(diff, item, other);
            else
                tell(diff, item, NULL);
            leave(&diff->at, mark);
        }
        cJSON_ArrayForEach(item, new)
        {
            if (mr_json_get(old, item->string))
                continue;
            add_token(&diff->at, item->string);
            tell(diff, NULL, item);
            leave(&diff->at, mark);
        }
    } else if (cJSON_IsArray(old) && cJSON_IsArray(new)) {
        sizes[0] = cJSON_GetArraySize(old);
        sizes[1] = cJSON_GetArraySize(new);
        for (; i < sizes[0] || i < sizes[1]; i++) {
            (void)snprintf(index, sizeof index, "%d", i);
            add_token(&diff->at, index);
            if (i < sizes[0] && i < sizes[1])
                compare(diff, cJSON_GetArrayItem(old, i), cJSON_GetArrayItem(new, i));
            else
                tell(diff, cJSON_GetArrayItem(old, i), cJSON_GetArrayItem(new, i));
            leave(&diff->at, mark);
        }
    } else if (!cJSON_Compare(old, new, true)) {
        tell(diff, old, new);
    }
}

size_t cli_json_diff(const struct cli *cli, const cJSON *old, const cJSON *new)
{
    struct diff diff = {.cli = cli};

    compare(&diff, old, new);
    mr_buf_release(&diff.at);
    return diff.count;
}

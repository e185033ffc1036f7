/* json.c -- the strict door: what is let in prints, and what is printed reads back as the same. */
#include "tests/fuzz/fuzz.h"

#include "common/base/json.h"

static bool same(const cJSON *a, const cJSON *b)
{
    if ((a->type & 0xFF) != (b->type & 0xFF))
        return false;
    if (cJSON_IsNumber(a) &&
        !(a->valuedouble >= b->valuedouble && a->valuedouble <= b->valuedouble))
        return false;
    if (cJSON_IsString(a) && strcmp(a->valuestring, b->valuestring) != 0)
        return false;
    for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
        if (!a->string != !b->string || (a->string && strcmp(a->string, b->string) != 0) ||
            !same(a, b))
            return false;
    return !a && !b;
}

static cJSON *read_back(const struct mr_buf *text)
{
    struct mr_json_limits limits = {.len_max = SIZE_MAX, .depth_max = MR_JSON_DEPTH_MAX};
    struct mr_error err = {0};
    cJSON *item = NULL;
    enum mr_code rc = mr_json_parse(text->data, text->len, &limits, &item, &err);

    FUZZ_PROMISE(!rc, "what was printed is refused: %s: %.*s", err.text, (int)text->len,
                 text->data);
    return item;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    struct mr_buf printed = {0}, sorted = {0}, again = {0};
    struct mr_error err = {0};
    cJSON *item = NULL, *other;
    enum mr_code checked = mr_json_check(text, len, &mr_json_limits_message, NULL);
    enum mr_code rc = mr_json_parse(text, len, &mr_json_limits_message, &item, &err);

    FUZZ_PROMISE(rc == checked, "check says %d, parse says %d: %s", checked, rc, err.text);
    if (rc) {
        FUZZ_PROMISE(err.text[0] && !item, "a refusal has its reason and no value");
        return 0;
    }
    FUZZ_PROMISE(!mr_json_print(item, &printed), "print");
    FUZZ_PROMISE(!mr_json_print_sorted(item, &sorted), "print sorted");
    other = read_back(&printed);
    FUZZ_PROMISE(same(item, other), "%.*s reads back as another value", (int)printed.len,
                 printed.data);
    FUZZ_PROMISE(!mr_json_print_sorted(other, &again), "print sorted");
    fuzz_same(&sorted, &again, "equal values give equal bytes");
    cJSON_Delete(other);
    other = read_back(&sorted);
    mr_buf_reset(&again);
    FUZZ_PROMISE(!mr_json_print(other, &again), "print");
    fuzz_same(&sorted, &again, "sorted text keeps its order");
    cJSON_Delete(other);
    cJSON_Delete(item);
    mr_buf_release(&printed);
    mr_buf_release(&sorted);
    mr_buf_release(&again);
    return 0;
}

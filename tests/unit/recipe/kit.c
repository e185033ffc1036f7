/* kit.c -- see kit.h. */
#include "tests/unit/recipe/kit.h"

#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum mr_code parse(const char *text, struct mr_recipe **ret, struct mr_error *err)
{
    cJSON *item = NULL;
    enum mr_code rc = mr_json_parse(text, strlen(text), &mr_json_limits_message, &item, err);

    assert_int_equal(rc, MR_OK);
    rc = mr_recipe_parse(item, ret, err);
    cJSON_Delete(item);
    return rc;
}

struct mr_recipe *parsed(const char *text)
{
    struct mr_recipe *recipe = NULL;
    struct mr_error err = {0};

    if (parse(text, &recipe, &err))
        fail_msg("%s: %s", text, err.text);
    return recipe;
}

void refused(const char *text, const char *start)
{
    struct mr_recipe *recipe = NULL;
    struct mr_error err = {0};
    enum mr_code rc = parse(text, &recipe, &err);

    if (rc != MR_INVALID || strncmp(err.text, start, strlen(start)) != 0)
        fail_msg("%s\n  gave  %s\n  wanted %s", text, rc ? err.text : "no error", start);
    assert_null(recipe);
}

void refused_op(const char *op, const char *start)
{
    char text[1024];

    snprintf(text, sizeof(text), "{" SOURCE ",\"ops\":[%s]," OUTPUT "}", op);
    refused(text, start);
}

void same_when_printed(const char *text)
{
    struct mr_recipe *recipe = parsed(text), *again;
    struct mr_buf first = {0}, second = {0};

    assert_int_equal(mr_recipe_print(recipe, &first), MR_OK);
    again = parsed(first.data);
    assert_int_equal(mr_recipe_print(again, &second), MR_OK);
    assert_string_equal(first.data, second.data);
    mr_buf_release(&first);
    mr_buf_release(&second);
    mr_recipe_free(recipe);
    mr_recipe_free(again);
}

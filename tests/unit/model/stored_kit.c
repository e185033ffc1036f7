/* stored_kit.c -- see stored_kit.h. */
#include "tests/unit/model/stored_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void stored_add(cJSON *stored, const char *key, const char *body)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "bucket", "b");
    cJSON_AddStringToObject(object, "key", key);
    cJSON_AddStringToObject(object, "body", body);
    cJSON_AddItemToArray(stored, object);
}

cJSON *stored_new(const char *body)
{
    cJSON *stored = cJSON_CreateArray();

    stored_add(stored, "k", body);
    return stored;
}

cJSON *stored_page(cJSON *stored, const char *request, struct mr_error *err)
{
    const struct mr_objects objects = asl_objects_of(stored);
    cJSON *json = cJSON_Parse(request), *page = NULL;
    struct mr_buf text = {0};
    enum mr_code rc;

    assert_non_null(json);
    rc = mr_items_read(json, &objects, &text, err);
    if (!rc) {
        page = cJSON_ParseWithLength(text.data, text.len);
        assert_non_null(page);
    } else {
        assert_int_equal(text.len, 0); /* nothing half done */
    }
    mr_buf_release(&text);
    cJSON_Delete(json);
    return page;
}

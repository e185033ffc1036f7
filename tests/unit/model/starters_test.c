/* starters_test.c -- who has started a job whose Name is its identity: kept, told apart, limited.
 */
#include "common/model/starters.h"

#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *token_of(unsigned i)
{
    static char token[MR_TOKEN_MAX + 1];

    (void)snprintf(token, sizeof token, "job-%u.1.1.%032x", i, i + 1);
    return token;
}

static void each_is_known_by_its_token_and_the_list_has_an_end(void **state)
{
    struct mr_error err = {0};
    cJSON *list = NULL;

    (void)state;
    assert_false(mr_starters_have(list, token_of(0)));
    assert_int_equal(mr_starters_check(list, &err), MR_OK);
    for (unsigned i = 0; i < MR_STARTERS_MAX; i++) {
        const struct mr_parent parent = {.token_text = token_of(i),
                                         .want = i ? MR_WANT_SYNC2 : MR_WANT_START};

        assert_int_equal(mr_starters_add(&list, &parent, &err), MR_OK);
    }
    assert_int_equal(mr_starters_add(&list, &(struct mr_parent){.token_text = token_of(999)}, &err),
                     MR_TOO_LARGE);
    assert_non_null(strstr(err.text, "256"));
    assert_true(mr_starters_have(list, token_of(0)));
    assert_true(mr_starters_have(list, token_of(MR_STARTERS_MAX - 1)));
    assert_false(mr_starters_have(list, token_of(999)));
    assert_int_equal(mr_starters_check(list, &err), MR_OK);
    assert_int_equal(mr_starter_of(list->child).want, MR_WANT_START);
    assert_string_equal(mr_starter_of(list->child->next).token.job, "job-1");
    assert_int_equal(mr_starter_of(list->child->next).want, MR_WANT_SYNC2);
    cJSON_Delete(list);
}

static void a_row_keeps_marks_of_them(void **state)
{
    struct mr_buf marks = {0};
    struct mr_token token;
    cJSON *list = NULL;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        char text[MR_TOKEN_MAX + 1];
        const struct mr_parent parent = {.token_text = text};

        (void)snprintf(text, sizeof text, "j.1.1.%016x%016x", i + 7, 0U);
        assert_int_equal(mr_starters_add(&list, &parent, NULL), MR_OK);
    }
    mr_starters_print_marks(list, &marks);
    assert_string_equal(marks.data, "0000000000000007 0000000000000008 0000000000000009");
    assert_int_equal(mr_token_parse("j.1.1.00000000000000090000000000000000", &token, NULL), MR_OK);
    assert_true(mr_starters_marked(marks.data, &token));
    assert_int_equal(mr_token_parse("j.1.1.00000000000000060000000000000000", &token, NULL), MR_OK);
    assert_false(mr_starters_marked(marks.data, &token));
    assert_false(mr_starters_marked("", &token));
    assert_false(mr_starters_marked(NULL, &token));
    mr_buf_release(&marks);
    cJSON_Delete(list);
}

static void what_is_no_such_list_is_corrupt(void **state)
{
    static const char *const bad[] = {"{}", "[1]", "[{\"token\":\"x\",\"want\":\"sync\"}]",
                                      "[{\"token\":\"a.1.1.00000000000000000000000000000000\"}]"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct mr_error err = {0};
        cJSON *list = cJSON_Parse(bad[i]);

        assert_int_not_equal(mr_starters_check(list, &err), MR_OK);
        assert_non_null(strstr(err.text, "starters"));
        cJSON_Delete(list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_known_by_its_token_and_the_list_has_an_end),
        cmocka_unit_test(a_row_keeps_marks_of_them),
        cmocka_unit_test(what_is_no_such_list_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

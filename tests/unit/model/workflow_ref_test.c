/* workflow_ref_test.c -- how a workflow is asked for, and where an alias leads. */
#include "common/model/workflow_ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_workflow_is_asked_for_by_name_version_or_alias(void **state)
{
    struct mr_workflow_ref ref;

    (void)state;
    assert_int_equal(mr_workflow_ref_parse("thumbs", &ref, NULL), MR_OK);
    assert_string_equal(ref.name, "thumbs");
    assert_string_equal(ref.alias, "");
    assert_int_equal(ref.version, 0);
    assert_int_equal(mr_workflow_ref_parse("a.b:12", &ref, NULL), MR_OK);
    assert_string_equal(ref.name, "a.b");
    assert_int_equal(ref.version, 12);
    assert_int_equal(mr_workflow_ref_parse("a.b:live-1", &ref, NULL), MR_OK);
    assert_string_equal(ref.alias, "live-1");
    assert_int_equal(ref.version, 0);
}

static void what_is_neither_is_refused(void **state)
{
    static const char *const bad[] = {"",      ":1",
                                      ".x",    "a:",
                                      "a:0",   "a:01",
                                      "a:1x",  "a:-x",
                                      "a:b:c", "a:1234567890",
                                      "a b",   "a:b c",
                                      "a:b.c", "a:abcdefghijklmnopqrstuvwxyzabcdefg"};
    struct mr_workflow_ref ref;
    struct mr_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (mr_workflow_ref_parse(bad[i], &ref, &err) != MR_INVALID)
            fail_msg("%s was taken", bad[i]);
}

static enum mr_code read(const char *text, struct mr_alias *ret)
{
    return mr_alias_parse(text, strlen(text), ret, NULL);
}

static void an_alias_shares_its_jobs_out_by_weight_and_each_job_always_alike(void **state)
{
    struct mr_alias alias;
    char job[16];
    int third = 0;

    (void)state;
    assert_int_equal(read("{\"v\":1,\"routes\":[{\"version\":3,\"weight\":90},"
                          "{\"version\":4,\"weight\":10}]}",
                          &alias),
                     MR_OK);
    for (int i = 0; i < 10000; i++) {
        int64_t version;
        (void)snprintf(job, sizeof(job), "job-%d", i);
        version = mr_alias_pick(&alias, job);
        assert_true(version == 3 || version == 4);
        assert_int_equal(version, mr_alias_pick(&alias, job));
        third += version == 3;
    }
    assert_in_range(third, 8800, 9200);
}

static void routes_are_checked(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"routes\":[]}",
        "{\"routes\":[{\"version\":1,\"weight\":99}]}",
        "{\"routes\":[{\"version\":0,\"weight\":100}]}",
        "{\"routes\":[{\"version\":1,\"weight\":60},{\"version\":2,\"weight\":60}]}",
        "{\"routes\":[{\"version\":1,\"weight\":100,\"x\":1}]}",
        "{\"routes\":[{\"version\":1,\"weight\":101},{\"version\":2,\"weight\":-1}]}"};
    struct mr_alias alias;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (read(bad[i], &alias) != MR_INVALID)
            fail_msg("%s was taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workflow_is_asked_for_by_name_version_or_alias),
        cmocka_unit_test(what_is_neither_is_refused),
        cmocka_unit_test(an_alias_shares_its_jobs_out_by_weight_and_each_job_always_alike),
        cmocka_unit_test(routes_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

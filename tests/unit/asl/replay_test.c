/* replay_test.c -- logs that each engine once wrote give the same bytes, for ever.  The files
 * beside this one were made by the program that had the engine, with MILLRACE_RECORD of
 * property_test.c and by hand; a line that no longer fits is a change of what step answers: that
 * wants a new engine's number, and the old answer for runs of the old one. */
#include "tests/unit/asl/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"

enum { LINE_MAX_BYTES = 1 << 20 };

static void replay_file(int engine)
{
    char path[512], *line = malloc(LINE_MAX_BYTES);
    int count = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/engine-%d.jsonl", FOLDER, engine);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(line);
    while (fgets(line, LINE_MAX_BYTES, file)) {
        cJSON *log = cJSON_Parse(line);
        const char *digest = cJSON_GetStringValue(mr_json_get(log, "digest"));
        const char *status = cJSON_GetStringValue(mr_json_get(log, "status"));
        char got[RECORDED_DIGEST];
        struct asl_run *run = NULL;
        struct mr_error err = {0};

        count++;
        assert_true(digest && status);
        if (recorded_replay(log, got, &run, &err))
            fail_msg("%s:%d: %s", path, count, err.text);
        if (strcmp(status, asl_status_name(asl_run_status(run))) != 0 || strcmp(got, digest) != 0)
            fail_msg("%s:%d: is %s %s", path, count, asl_status_name(asl_run_status(run)), got);
        asl_run_free(run);
        cJSON_Delete(log);
    }
    assert_int_equal(fclose(file), 0);
    assert_true(count >= 10);
    free(line);
}

static void logs_of_every_engine_replay_to_the_same_bytes(void **state)
{
    (void)state;
    for (int engine = 1; engine <= ASL_ENGINE; engine++)
        replay_file(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_of_every_engine_replay_to_the_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

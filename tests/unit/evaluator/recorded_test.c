/* recorded_test.c -- every expression of expressions.txt says in the evaluator what it says in
 * node: expressions.recorded, a line each, made by record.js with the untouched package. */
#include "tests/unit/evaluator/ask.h"

#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EXPRESSIONS_MIN = 300 };

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct mr_buf text = {0};
    char piece[4096];
    size_t n;

    assert_non_null(file);
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        assert_int_equal(mr_buf_add(&text, piece, n), MR_OK);
    (void)fclose(file);
    return mr_buf_detach(&text);
}

static bool same_value(const cJSON *want, const cJSON *got)
{
    struct mr_buf a = {0}, b = {0};
    bool same;

    assert_int_equal(mr_json_print_sorted(want, &a), MR_OK);
    assert_int_equal(mr_json_print_sorted(got, &b), MR_OK);
    same = strcmp(a.data, b.data) == 0;
    mr_buf_release(&a);
    mr_buf_release(&b);
    return same;
}

static bool same(const cJSON *recorded, const cJSON *answer)
{
    const char *kind = recorded->child->next->valuestring;
    const cJSON *what = recorded->child->next->next, *values = mr_json_get(answer, "values");
    const cJSON *cause = mr_json_get(answer, "cause");

    if (strcmp(kind, "value") == 0)
        return values && same_value(what, values->child);
    if (!cause)
        return false;
    if (strcmp(kind, "nothing") == 0)
        return strstr(cause->valuestring, "returned nothing (undefined)");
    if (strcmp(kind, "foreign") == 0)
        return strstr(cause->valuestring, "Expected 'JSON', but was ");
    return strstr(cause->valuestring, what->valuestring);
}

static void expressions_say_what_they_say_in_node(void **state)
{
    char *lines = read_file(FOLDER "/expressions.recorded");
    char *input = read_file(FOLDER "/expressions.input.json"), *save = NULL;
    struct mr_buf variables = {0};
    struct ev_config config;
    struct mr_error err;
    struct ev *ev;
    int count = 0, differ = 0;

    (void)state;
    ask_config(&config);
    config.time_ms = 60000; /* what they say is judged, not how long a busy machine takes */
    assert_int_equal(ev_new(&config, &ev, &err), MR_OK);
    mr_buf_addf(&variables, "{\"i\":%s}", input);
    for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        cJSON *recorded = cJSON_Parse(line), *answer;
        char *text;
        assert_non_null(recorded);
        answer = ask(ev, recorded->child->valuestring, "null", variables.data);
        text = cJSON_PrintUnformatted(answer);
        if (!same(recorded, answer)) {
            print_error("node: %s\nhere: %s\n", line, text);
            differ++;
        }
        count++;
        free(text);
        cJSON_Delete(answer);
        cJSON_Delete(recorded);
    }
    assert_int_equal(differ, 0);
    assert_true(count >= EXPRESSIONS_MIN);
    ev_free(ev);
    mr_buf_release(&variables);
    free(input);
    free(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_say_what_they_say_in_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

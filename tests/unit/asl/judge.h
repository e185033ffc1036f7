/* judge.h -- definitions that are good, and such that are refused at a place, in certain words. */
#ifndef TESTS_ASL_JUDGE_H
#define TESTS_ASL_JUDGE_H

#include "tests/unit/asl/play.h"

#include <string.h>

#define ONE(state) "{\"StartAt\":\"S\",\"States\":{\"S\":" state "}}"
#define TASK       "\"Type\":\"Task\",\"Resource\":\"millrace:a.b\",\"End\":true"
#define END        "\"E\":{\"Type\":\"Succeed\"}"
#define RULE(rule)                                                                                 \
    "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[" rule                 \
    "],\"Default\":\"E\"}," END "}}"

static inline void assert_valid(const char *definition)
{
    struct asl_machine *machine = NULL;
    struct mr_error err = {0};

    if (asl_machine_parse(definition, strlen(definition), NULL, &machine, &err))
        fail_msg("%s\n%s", definition, err.text);
    asl_machine_unref(machine);
}

/* One of the diagnostics has this code and place, and its message holds word. */
static inline void assert_invalid(const char *definition, const char *code, const char *location,
                                  const char *word)
{
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine = NULL;
    struct mr_error err = {0};
    bool found = false;

    assert_int_equal(asl_machine_parse(definition, strlen(definition), &diags, &machine, &err),
                     MR_INVALID);
    assert_null(machine);
    assert_true(diags.errors > 0);
    for (size_t i = 0; i < diags.count; i++)
        found |= strcmp(diags.items[i].code, code) == 0 &&
                 strcmp(diags.items[i].location, location) == 0 &&
                 strstr(diags.items[i].message, word);
    if (!found)
        fail_msg("%s\nwanted %s at %s (%s), got %s", definition, code, location, word, err.text);
    assert_non_null(strstr(err.text, diags.items[0].message));
    asl_diagnostics_release(&diags);
}

#define SCHEMA "SCHEMA_VALIDATION_FAILED"
#define TARGET "MISSING_TRANSITION_TARGET"
#define LATER  "NOT_SUPPORTED"

#endif

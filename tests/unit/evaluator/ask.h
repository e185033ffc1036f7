/* ask.h -- requests for an evaluator, as the tests write them. */
#ifndef TEST_EVALUATOR_ASK_H
#define TEST_EVALUATOR_ASK_H

#include "orchestrator/evaluator/evaluator.h"

#include <cjson/cJSON.h>

/* The defaults, with the program that this build made. */
void ask_config(struct ev_config *ret);
/* A request for one expression in the field "Output"; input is JSON text, variables too.  To free.
 */
char *ask_text(const char *expression, const char *input, const char *variables);
/* The parsed answer to it; the test fails where there is none. */
cJSON *ask(struct ev *ev, const char *expression, const char *input, const char *variables);
/* The value alone as compact text, to free; where it is an error, its cause. */
char *ask_value(struct ev *ev, const char *expression, const char *input);

#endif

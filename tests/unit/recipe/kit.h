/* kit.h -- recipes taken and refused; every helper fails the test by itself. */
#ifndef RECIPE_KIT_H
#define RECIPE_KIT_H

#include "common/model/recipe_ops.h"

#define SOURCE "\"source\":{\"key\":\"in/a.jpg\"}"
#define OUTPUT "\"outputs\":[{\"name\":\"o\",\"format\":\"jpeg\"}]"

struct mr_recipe *parsed(const char *text);         /* must be taken; mr_recipe_free() */
void refused(const char *text, const char *start);  /* the error begins like this */
void refused_op(const char *op, const char *start); /* the same for "ops": [op] */
/* Printed, read and printed again it reads the same. */
void same_when_printed(const char *text);

#endif

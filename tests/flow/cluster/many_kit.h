/* many_kit.h -- jobs by the dozen: prefix-0, prefix-1 and so on. */
#ifndef FLOW_MANY_KIT_H
#define FLOW_MANY_KIT_H

#include "tests/flow/cluster/kit.h"

void many_submit(struct flow *, const char *prefix, int count, const char *definition);
/* How many of them have that status. */
int many_count(struct flow *, const char *prefix, int count, const char *status);

#endif

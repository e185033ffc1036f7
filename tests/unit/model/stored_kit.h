/* stored_kit.h -- for tests of a distributed Map's requests: objects of the bucket "b", and a page
 * of what a request asks for. */
#ifndef TESTS_STORED_KIT_H
#define TESTS_STORED_KIT_H

#include "common/base/json.h"
#include "common/model/items.h"
#include "gateway/cli/asl_objects.h"

#define READ(config, rest)                                                                         \
    "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":\"b\",\"Key\":"    \
    "\"k\"},\"ReaderConfig\":{" config "}" rest "}"
#define CSV(rest) "\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\"" rest

cJSON *stored_new(const char *body); /* it is in the object "k"; the caller's */
void stored_add(cJSON *stored, const char *key, const char *body);
/* The page for the request, the caller's; NULL with *err filled. */
cJSON *stored_page(cJSON *stored, const char *request, struct mr_error *err);

#endif

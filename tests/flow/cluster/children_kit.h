/* children_kit.h -- definitions of a distributed Map, and its children. */
#ifndef FLOW_CHILDREN_KIT_H
#define FLOW_CHILDREN_KIT_H

#include "tests/flow/cluster/kit.h"

#define PROCESSOR                                                                                  \
    "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":"          \
    "\"STANDARD\"},\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"           \
    "\"millrace:noop\",\"End\":true}}}"
#define MAP(rest)                                                                                  \
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\"," PROCESSOR rest ",\"End\":true}}}"
#define READER                                                                                     \
    ",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"  \
    "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{\"InputType\":\"JSONL\"}}"
#define WRITER                                                                                     \
    ",\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\",\"Parameters\":{"           \
    "\"Bucket\":\"b\",\"Prefix\":\"out\"}}"

/* The id of the child of the job's first state; four may be in use at a time. */
const char *children_id(const char *parent, uint32_t index);
/* Puts an object into the bucket "b". */
void children_store(struct flow *, const char *key, const char *body);

#endif

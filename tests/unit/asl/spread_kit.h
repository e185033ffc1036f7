/* spread_kit.h -- definitions with a Map in DISTRIBUTED mode, for its tests. */
#ifndef TEST_ASL_SPREAD_KIT_H
#define TEST_ASL_SPREAD_KIT_H

#include "tests/unit/asl/play.h"

#define PROCESSOR                                                                                  \
    "{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},"              \
    "\"StartAt\":\"I\",\"States\":{\"I\":{\"Type\":\"Pass\",\"End\":true}}}"
#define MAP(rest)                                                                                  \
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":" PROCESSOR rest     \
    ",\"End\":true},\"C\":{\"Type\":\"Pass\",\"End\":true}}}"
#define MAP_ONLY(rest)                                                                             \
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":" PROCESSOR rest     \
    ",\"End\":true}}}"
#define CATCH(name) ",\"Catch\":[{\"ErrorEquals\":[\"" name "\"],\"Next\":\"C\"}]"
#define READER(config)                                                                             \
    ",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"             \
    "\"Bucket\":\"b\",\"Key.$\":\"$.key\"},\"ReaderConfig\":{\"InputType\":\"JSONL\"" config "}}"
#define WRITER                                                                                     \
    ",\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\",\"Parameters\":{"           \
    "\"Bucket\":\"b\",\"Prefix\":\"out\"}}"

#endif

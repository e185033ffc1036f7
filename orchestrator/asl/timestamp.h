/* timestamp.h -- RFC 3339 times as the language writes them: upper-case T, Z or an offset. */
#ifndef ASL_TIMESTAMP_H
#define ASL_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct asl_timestamp {
    int64_t seconds; /* since 1970 */
    int32_t nanos;   /* 0..999999999 */
};

enum { ASL_TIMESTAMP_SIZE = 32 };

bool asl_timestamp_parse(const char *text, struct asl_timestamp *ret);
int asl_timestamp_compare(const struct asl_timestamp *, const struct asl_timestamp *); /* -1 0 1 */
int64_t asl_timestamp_ms(const struct asl_timestamp *); /* rounded up: never too early */
/* 2026-01-31T12:00:00.123Z */
void asl_timestamp_print(int64_t ms, char buf[ASL_TIMESTAMP_SIZE]);

#endif

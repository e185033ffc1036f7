/* log.h -- lines for operators on stderr.  A line is an event with a fixed name; a job's lines
 * carry job=.  Written with one write(2) a line, so that processes may share a descriptor.
 * text:  2026-01-31T12:00:00.123Z WARN job.retry job=... attempt=2
 * json:
 * {"time":"...","level":"warn","program":"worker","event":"job.retry","job":"...","attempt":"2"}
 * fmt is made of ` name=value` pairs; a value with a space, quote or control byte must be given
 * by mr_log_quote().  Nothing secret is ever passed in. */
#ifndef MR_LOG_H
#define MR_LOG_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum mr_log_level { MR_DEBUG, MR_INFO, MR_WARN, MR_ERROR, MR_ALARM };

/* The base has no clock: the program gives the wall clock, in ms since 1970. */
typedef int64_t mr_log_clock_fn(void);

struct mr_log_settings {
    const char *program;         /* "worker"; lent for the process */
    enum mr_log_level level_min; /* lines below are not written */
    bool json;
    mr_log_clock_fn *now_ms;
};

void mr_log_setup(const struct mr_log_settings *settings);         /* once, before any thread */
bool mr_log_level_parse(const char *text, enum mr_log_level *ret); /* debug info warn error alarm */
void mr_log(enum mr_log_level level, const char *event, const char *fmt, ...) MR_PRINTF(3, 4);
/* Quotes text for a value into buf of size bytes (cut to fit) and returns buf. */
const char *mr_log_quote(const char *text, char *buf, size_t size);
/* An event handled: logs " code=NAME error=\"text\"" after the pairs of fmt. */
void mr_log_error(enum mr_log_level level, const char *event, const struct mr_error *err,
                  const char *fmt, ...) MR_PRINTF(4, 5);

#endif

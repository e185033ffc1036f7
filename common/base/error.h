/* error.h -- one table of codes for programs, one text for people.
 * Every function that can fail returns an enum mr_code and, through a struct mr_error *err
 * that may be NULL, says in words which thing was wrong, how, and what is allowed.
 * The leaf that finds the fault writes both; callers pass them on unchanged. */
#ifndef MR_ERROR_H
#define MR_ERROR_H

#include <stdbool.h>

#define MR_MUST_USE     __attribute__((warn_unused_result))
#define MR_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* clang-format off */
#define MR_CODES(X) /*     http  retry  meaning */ \
    X(MR_OK,               200, false, "done") \
    X(MR_INVALID,          422, false, "the request is not of the right form") \
    X(MR_TOO_LARGE,        413, false, "longer or bigger than its limit") \
    X(MR_UNSUPPORTED,      415, false, "a kind of thing that is not known here") \
    X(MR_CORRUPT,          422, false, "bytes are not what they claim to be") \
    X(MR_UNAUTHENTICATED,  401, false, "no valid credentials") \
    X(MR_DENIED,           403, false, "the credentials do not allow it") \
    X(MR_NOT_FOUND,        404, false, "no such thing") \
    X(MR_CONFLICT,         409, false, "another one of the same name is there already") \
    X(MR_EXISTS,           412, false, "not written, since it is there already") \
    X(MR_CHANGED,          412, false, "not the bytes that were expected") \
    X(MR_FENCED,           409, false, "a newer owner has taken over") \
    X(MR_TRUNCATED,        500, false, "the log no longer holds what is needed") \
    X(MR_CANCELLED,        409, false, "cancelled") \
    X(MR_BUSY,             429, true,  "a bounded queue is full") \
    X(MR_UNAVAILABLE,      503, true,  "a dependency did not answer") \
    X(MR_TIMEOUT,          504, true,  "a deadline passed") \
    X(MR_NO_MEMORY,        503, true,  "memory ran out") \
    X(MR_IO,               500, true,  "an operating system call failed") \
    X(MR_INTERNAL,         500, false, "a fault of this program")
/* clang-format on */

enum mr_code {
#define MR_CODE_ENUM(name, http, retry, meaning) name,
    MR_CODES(MR_CODE_ENUM)
#undef MR_CODE_ENUM
        MR_CODE_COUNT
};

enum { MR_ERROR_TEXT_MAX = 512 };

struct mr_error {
    enum mr_code code;
    char text[MR_ERROR_TEXT_MAX]; /* one line, cut to fit; never holds a secret */
};

/* Writes code and text into err (which may be NULL) and gives code:
 *     return mr_fail(err, MR_INVALID, "%s: must be 1..%d", pointer, max);
 * Control bytes in the result are replaced by '?', so that it is one line of a log.
 * A macro, so that the compiler sees the code that is given and knows what is set on MR_OK. */
#define mr_fail(err, code, ...) (mr_fail_text((err), (code), __VA_ARGS__), mr_code_itself(code))
void mr_fail_text(struct mr_error *err, enum mr_code code, const char *fmt, ...) MR_PRINTF(3, 4);

/* Puts "what: " in front of err's text, as a caller that knows the larger thing. Gives code. */
#define mr_fail_in(err, code, what) (mr_fail_text_in((err), (code), (what)), mr_code_itself(code))
void mr_fail_text_in(struct mr_error *err, enum mr_code code, const char *what);

static inline enum mr_code mr_code_itself(enum mr_code code)
{
    return code;
}

const char *mr_code_name(enum mr_code code);    /* "MR_INVALID" */
const char *mr_code_meaning(enum mr_code code); /* for people */
int mr_code_http(enum mr_code code);
bool mr_code_retriable(enum mr_code code);

#endif

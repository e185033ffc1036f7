/* sigv4.h -- AWS Signature Version 4: from a request and a key to its Authorization header.
 * A pure function: no clock, no socket.  Two flavours: S3 signs the path as it is sent (encoded
 * once), every other service signs it normalised and encoded once more. */
#ifndef MR_SIGV4_H
#define MR_SIGV4_H

#include "common/adapters/crypto.h"
#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/ports/http.h"

enum {
    MR_SIGV4_DATE = 17,      /* "20150830T123600Z" and its NUL */
    MR_SIGV4_SCOPE = 192,    /* "20150830/region/service/aws4_request" and its NUL */
    MR_SIGV4_SIGNATURE = 65, /* hex and its NUL */
    MR_SIGV4_SECRET_MAX = 256,
};

struct mr_sigv4_keys { /* all lent */
    const char *access_key;
    const char *secret_key;
    const char *region;
    const char *service;
    bool s3; /* the path is signed as it is */
};

struct mr_sigv4_request {
    const char *method;
    const char *path;                     /* as sent: absolute, "/bucket/a%20b" */
    const char *query;                    /* as sent, without '?'; NULL: none */
    const struct mr_http_header *headers; /* all that is to be signed: host and x-amz-date too */
    size_t header_count;                  /* at most MR_HTTP_HEADERS_MAX */
    const char *payload_sha256; /* hex of the body's hash, or UNSIGNED-PAYLOAD, STREAMING-... */
    int64_t time_ms;            /* since 1970; x-amz-date must say the same second */
};

/* Where a body's chunks go on signing, each over the one before (STREAMING-AWS4-HMAC-SHA256-...).
 */
struct mr_sigv4_chain {
    uint8_t key[MR_SHA256_LEN];
    char date[MR_SIGV4_DATE];
    char scope[MR_SIGV4_SCOPE];
    char signature[MR_SIGV4_SIGNATURE]; /* of what was signed last, hex */
};

/* The value of x-amz-date. */
void mr_sigv4_date(int64_t time_ms, char ret[MR_SIGV4_DATE]);
/* Appends the Authorization header's value to ret.  chain may be NULL; else it is ready for the
 * first chunk. */
MR_MUST_USE enum mr_code mr_sigv4_sign(const struct mr_sigv4_keys *keys,
                                       const struct mr_sigv4_request *request, struct mr_buf *ret,
                                       struct mr_sigv4_chain *chain, struct mr_error *err);
/* Signs the next chunk: its signature is in chain->signature.  The chunk of 0 bytes is the last. */
void mr_sigv4_chunk(struct mr_sigv4_chain *chain, const void *data, size_t len);
/* Signs the trailer behind the last chunk; text is its "name:value\n" lines, sorted. */
void mr_sigv4_trailer(struct mr_sigv4_chain *chain, const char *text, size_t len);

/* Appends text percent-encoded as AWS wants it: all but A-Z a-z 0-9 - . _ ~ (and '/' where kept).
 */
enum mr_code mr_sigv4_encode(struct mr_buf *ret, const char *text, size_t len, bool keep_slash);

#endif

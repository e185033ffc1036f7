/* blob_s3.h -- the inside of the S3 driver, in five files:
 *   blob_s3.c          the port's calls
 *   blob_s3_range.c    a piece of an object
 *   blob_s3_request.c  one signed request: sending, trying again, what its refusal means
 *   blob_s3_upload.c   a body whose hash is known only at its end
 *   blob_s3_list.c     listings
 * Nothing but plain S3 is used: AWS, MinIO and their like. */
#ifndef MR_BLOB_S3_H
#define MR_BLOB_S3_H

#include "common/adapters/adapters.h"
#include "common/adapters/crypto.h"
#include "common/adapters/sigv4.h"
#include "common/ports/blob.h"
#include "common/ports/clock.h"
#include "common/ports/http.h"

enum {
    MR_S3_CHUNK = 64 * 1024,              /* bytes of a body that are signed at a time */
    MR_S3_ANSWER_MAX = 64 * 1024,         /* of an answer that is not an object */
    MR_S3_LISTING_MAX = 16 * 1024 * 1024, /* of one page: 1,000 keys, escaped twice at the worst */
    MR_S3_HEADERS_MAX = 24,
    MR_S3_CHECKSUM_LEN = 45, /* base64 of a SHA-256 and its NUL */
};

struct mr_s3 {
    struct mr_blob blob;
    struct mr_http *http;         /* owned */
    struct mr_clock *clock;       /* lent */
    struct mr_blob_config config; /* owned copy */
    char *host;                   /* as curl sends it: lower-case, without a default port */
    char *base;                   /* "http://host:port", to put a path behind */
};

/* One call of the S3 API. */
struct mr_s3_call {
    const char *method;
    const char *key;   /* NULL: the bucket itself */
    const char *query; /* percent-encoded; NULL: none */
    struct mr_http_header headers[MR_S3_HEADERS_MAX];
    size_t header_count;
    const char *payload_sha256; /* hex or a STREAMING- name; NULL: there is no body */
    const void *body;
    mr_blob_read_fn *body_read; /* or this */
    void *body_ctx;
    int64_t body_len;
    mr_blob_write_fn *on_body;
    void *on_body_ctx;
    int64_t response_max;         /* of on_body's bytes; without it 0 is MR_S3_ANSWER_MAX */
    struct mr_sigv4_chain *chain; /* NULL, or made ready for the body's chunks */
    const bool *touched; /* NULL, or: a byte went through a callback, so it cannot be repeated */
    int tries;           /* so far, over all requests of the port's call */
};

void mr_s3_add_header(struct mr_s3_call *call, const char *name, const char *value);
/* Sends until there is an answer that stands.  MR_OK: its status is 2xx.  Else the code of the
 * refusal, its reason and a way out in err.  *response is the caller's to release in every case. */
MR_MUST_USE enum mr_code mr_s3_send(struct mr_s3 *s3, struct mr_s3_call *call,
                                    struct mr_http_response *response, struct mr_error *err);
/* Waits before the next try; false where there is none left, or the caller was stopped. */
bool mr_s3_again(struct mr_s3 *s3, const struct mr_s3_call *call);

/* A body sent in signed chunks, its SHA-256 behind it as a trailer, so that storage has checked and
 * keeps it though it was not known when the headers went. */
struct mr_s3_upload {
    mr_blob_read_fn *read;
    void *read_ctx;
    int64_t left; /* of the body */
    struct mr_sigv4_chain chain;
    struct mr_sha256 sha;
    const char *sha256_expected; /* hex, NULL where not known */
    char sha256[MR_SHA256_HEX];  /* set with the last chunk */
    struct mr_buf frame;         /* what is ready to be sent */
    size_t frame_at;
    bool ended;
    bool touched;
};
MR_MUST_USE enum mr_code mr_s3_upload_init(struct mr_s3_upload *upload, int64_t len,
                                           mr_blob_read_fn *read, void *read_ctx,
                                           struct mr_error *err);
int64_t mr_s3_upload_len(int64_t len); /* of the framed body */
int64_t mr_s3_upload_read(void *upload, void *buf, size_t size, struct mr_error *err);
void mr_s3_upload_release(struct mr_s3_upload *upload);

MR_MUST_USE enum mr_code mr_s3_get_range(struct mr_blob *blob, const char *key,
                                         const struct mr_blob_range *range, struct mr_buf *ret,
                                         struct mr_blob_info *info, struct mr_error *err);
/* What the headers of an answer say of the object. */
void mr_s3_read_info(const struct mr_http_response *response, struct mr_blob_info *ret);
MR_MUST_USE enum mr_code mr_s3_list(struct mr_blob *blob, const struct mr_blob_span *span,
                                    mr_blob_each_fn *each, void *ctx, struct mr_error *err);
/* Asks for one key, whichever: can the bucket be reached with our keys? */
MR_MUST_USE enum mr_code mr_s3_list_first(struct mr_s3 *s3, struct mr_error *err);

/* SHA-256 as S3's checksum headers write it. */
void mr_s3_checksum(const uint8_t sha[MR_SHA256_LEN], char ret[MR_S3_CHECKSUM_LEN]);
/* From such a header to hex; false where it is none of a whole body. */
bool mr_s3_checksum_hex(const char *checksum, char ret[MR_SHA256_HEX]);
bool mr_s3_sha_from_hex(const char *hex, uint8_t ret[MR_SHA256_LEN]);

/* For tests: over another http and clock.  http is moved in, also on failure. */
MR_MUST_USE struct mr_blob *mr_blob_s3_new_take(const struct mr_blob_config *, struct mr_http *http,
                                                struct mr_clock *clock, struct mr_error *err);

#endif

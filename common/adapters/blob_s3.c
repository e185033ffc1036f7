/* blob_s3.c -- objects in S3-compatible storage.
 * The SHA-256 of an object is kept as S3's own checksum, which storage verifies, and, where it is
 * known before the body goes, as the metadata x-amz-meta-sha256 too, for storage without checksums.
 * A download that breaks goes on where it broke, from the same version of the object (If-Match). */
#include "common/adapters/blob_s3.h"

#include "common/adapters/blob_probe.h"
#include "common/base/id.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mr_s3 *of(struct mr_blob *blob)
{
    return (struct mr_s3 *)blob;
}

/* ---- what an answer says of an object -------------------------------------------------------- */

void mr_s3_read_info(const struct mr_http_response *response, struct mr_blob_info *ret)
{
    char text[128];
    uint8_t sha[MR_SHA256_LEN];
    long long total;

    *ret = (struct mr_blob_info){.bytes = 0};
    if (mr_http_header_get(response, "content-range", text, sizeof text) &&
        sscanf(text, "bytes %*d-%*d/%lld", &total) == 1)
        ret->bytes = total;
    else if (mr_http_header_get(response, "content-length", text, sizeof text))
        ret->bytes = strtoll(text, NULL, 10);
    if (!mr_http_header_get(response, "content-type", ret->content_type, sizeof ret->content_type))
        ret->content_type[0] = '\0';
    if (mr_http_header_get(response, "x-amz-checksum-sha256", text, sizeof text) &&
        mr_s3_checksum_hex(text, ret->sha256))
        return;
    if (mr_http_header_get(response, "x-amz-meta-sha256", text, sizeof text) &&
        mr_s3_sha_from_hex(text, sha))
        mr_hex(sha, sizeof sha, ret->sha256);
}

static enum mr_code s3_head(struct mr_blob *blob, const char *key, struct mr_blob_info *ret,
                            struct mr_error *err)
{
    struct mr_http_response response = {0};
    struct mr_s3_call call = {.method = "HEAD", .key = key};

    mr_s3_add_header(&call, "x-amz-checksum-mode", "ENABLED");
    enum mr_code rc = mr_s3_send(of(blob), &call, &response, err);
    if (!rc)
        mr_s3_read_info(&response, ret);
    mr_http_response_release(&response);
    return rc;
}

/* ---- get ------------------------------------------------------------------------------------- */

struct sink { /* between the connection and the caller's write */
    mr_blob_write_fn *write;
    void *ctx;
    const struct mr_http_response *response;
    int64_t received; /* over all tries */
    bool touched;     /* by this try */
    bool gave_up;     /* the caller did */
};

static enum mr_code sink_write(void *ctx, const void *data, size_t len, struct mr_error *err)
{
    struct sink *sink = ctx;
    long long from = 0;
    char range[64];

    if (!sink->touched && sink->received > 0 &&
        (sink->response->status != 206 ||
         !mr_http_header_get(sink->response, "content-range", range, sizeof range) ||
         sscanf(range, "bytes %lld-", &from) != 1 || from != sink->received)) {
        sink->gave_up = true;
        return mr_fail(err, MR_CORRUPT, "S3: asked for the bytes from %" PRId64 ", got others",
                       sink->received);
    }
    sink->touched = true;
    enum mr_code rc = sink->write(sink->ctx, data, len, err);
    sink->gave_up = rc != MR_OK;
    sink->received += (int64_t)len;
    return rc;
}

static enum mr_code s3_get_stream(struct mr_blob *blob, const char *key, int64_t len_max,
                                  mr_blob_write_fn *write, void *ctx, struct mr_blob_info *ret,
                                  struct mr_error *err)
{
    struct mr_http_response response = {0};
    struct sink sink = {.write = write, .ctx = ctx, .response = &response};
    char etag[128] = "", range[48];
    int tries = 0;
    enum mr_code rc;

    for (;;) {
        struct mr_s3_call call = {.method = "GET", .key = key, .tries = tries};
        mr_s3_add_header(&call, "x-amz-checksum-mode", "ENABLED");
        if (sink.received > 0) { /* on from where it broke */
            snprintf(range, sizeof range, "bytes=%" PRId64 "-", sink.received);
            mr_s3_add_header(&call, "range", range);
            mr_s3_add_header(&call, "if-match", etag);
        }
        sink.touched = false;
        call.on_body = sink_write;
        call.on_body_ctx = &sink;
        call.response_max = len_max - sink.received;
        call.touched = &sink.touched;
        rc = mr_s3_send(of(blob), &call, &response, err);
        tries = call.tries;
        if (!rc || sink.gave_up || !sink.touched || !mr_code_retriable(rc))
            break;
        if (!etag[0] && !mr_http_header_get(&response, "etag", etag, sizeof etag))
            break;
        if (!mr_s3_again(of(blob), &call))
            break;
    }
    if (rc == MR_EXISTS) /* 412: If-Match did not */
        rc = mr_fail(err, MR_CHANGED, "S3 GET %s: overwritten while it was read", key);
    if (!rc)
        mr_s3_read_info(&response, ret);
    mr_http_response_release(&response);
    return rc;
}

/* ---- put ------------------------------------------------------------------------------------- */

static const char *type_of(const struct mr_blob_put *put)
{
    return put->content_type ? put->content_type : "application/octet-stream";
}

static void add_put_headers(struct mr_s3_call *call, const struct mr_blob_put *put,
                            const char *sha256)
{
    mr_s3_add_header(call, "content-type", type_of(put));
    mr_s3_add_header(call, "cache-control", put->cache_control);
    mr_s3_add_header(call, "content-disposition", put->content_disposition);
    mr_s3_add_header(call, "x-amz-tagging", put->tags);
    mr_s3_add_header(call, "if-none-match", put->if_absent ? "*" : NULL);
    mr_s3_add_header(call, "x-amz-meta-sha256", sha256);
}

/* After the request: *ret tells of the object that is there now, ours or the one before us. */
static enum mr_code end_put(struct mr_blob *blob, const char *key, const struct mr_blob_put *put,
                            int64_t len, const char *sha256, enum mr_code rc,
                            struct mr_blob_info *ret, struct mr_error *err)
{
    if (rc == MR_EXISTS) {
        rc = s3_head(blob, key, ret, err);
        if (rc == MR_NOT_FOUND)
            return mr_fail(err, MR_UNAVAILABLE, "S3 PUT %s: refused for an object that is gone",
                           key);
        return rc ? rc : mr_fail(err, MR_EXISTS, "S3 PUT %s: there is one already", key);
    }
    if (!rc) {
        *ret = (struct mr_blob_info){.bytes = len};
        memcpy(ret->sha256, sha256, MR_SHA256_HEX);
        snprintf(ret->content_type, sizeof ret->content_type, "%s", type_of(put));
    }
    return rc;
}

static enum mr_code s3_put(struct mr_blob *blob, const char *key, const struct mr_blob_put *put,
                           const void *data, size_t len, struct mr_blob_info *ret,
                           struct mr_error *err)
{
    struct mr_http_response response = {0};
    struct mr_s3_call call = {.method = "PUT", .key = key, .body = data, .body_len = (int64_t)len};
    uint8_t digest[MR_SHA256_LEN];
    char sha256[MR_SHA256_HEX], checksum[MR_S3_CHECKSUM_LEN];

    mr_sha256_of(data, len, digest);
    mr_hex(digest, sizeof digest, sha256);
    if (put->sha256 && strcmp(put->sha256, sha256) != 0)
        return mr_fail(err, MR_CHANGED, "body: its SHA-256 is %s, not %s as promised", sha256,
                       put->sha256);
    mr_s3_checksum(digest, checksum);
    call.payload_sha256 = sha256;
    add_put_headers(&call, put, sha256);
    mr_s3_add_header(&call, "x-amz-checksum-sha256", checksum);
    enum mr_code rc = mr_s3_send(of(blob), &call, &response, err);
    mr_http_response_release(&response);
    return end_put(blob, key, put, (int64_t)len, sha256, rc, ret, err);
}

/* A body of one chunk is not worth a frame, and may be sent again. */
static enum mr_code put_small(struct mr_blob *blob, const char *key, const struct mr_blob_put *put,
                              size_t len, mr_blob_read_fn *read, void *ctx,
                              struct mr_blob_info *ret, struct mr_error *err)
{
    struct mr_buf body = {0};
    enum mr_code rc = MR_OK;

    if (mr_buf_reserve(&body, len + 1))
        return mr_fail(err, MR_NO_MEMORY, "no memory for a body of %zu bytes", len);
    while (!rc && body.len < len) {
        int64_t n = read(ctx, body.data + body.len, len - body.len, err);
        if (n > 0)
            body.len += (size_t)n;
        else
            rc = err->code;
    }
    if (!rc)
        rc = s3_put(blob, key, put, body.data, len, ret, err);
    mr_buf_release(&body);
    return rc;
}

static enum mr_code s3_put_stream(struct mr_blob *blob, const char *key,
                                  const struct mr_blob_put *put, int64_t len, mr_blob_read_fn *read,
                                  void *ctx, struct mr_blob_info *ret, struct mr_error *err)
{
    struct mr_http_response response = {0};
    struct mr_s3_upload upload;
    char decoded_len[24];

    if (len <= MR_S3_CHUNK)
        return put_small(blob, key, put, (size_t)len, read, ctx, ret, err);
    struct mr_s3_call call = {
        .method = "PUT",
        .key = key,
        .payload_sha256 = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        .body_read = mr_s3_upload_read,
        .body_ctx = &upload,
        .body_len = mr_s3_upload_len(len),
        .chain = &upload.chain,
        .touched = &upload.touched,
    };
    snprintf(decoded_len, sizeof decoded_len, "%" PRId64, len);
    add_put_headers(&call, put, put->sha256);
    mr_s3_add_header(&call, "content-encoding", "aws-chunked");
    mr_s3_add_header(&call, "x-amz-decoded-content-length", decoded_len);
    mr_s3_add_header(&call, "x-amz-sdk-checksum-algorithm", "SHA256");
    mr_s3_add_header(&call, "x-amz-trailer", "x-amz-checksum-sha256");

    enum mr_code rc = mr_s3_upload_init(&upload, len, read, ctx, err);
    if (!rc) {
        upload.sha256_expected = put->sha256;
        rc = mr_s3_send(of(blob), &call, &response, err);
        rc = end_put(blob, key, put, len, upload.sha256, rc, ret, err);
    }
    mr_http_response_release(&response);
    mr_s3_upload_release(&upload);
    return rc;
}

static enum mr_code s3_remove(struct mr_blob *blob, const char *key, struct mr_error *err)
{
    struct mr_http_response response = {0};
    struct mr_s3_call call = {.method = "DELETE", .key = key};

    enum mr_code rc = mr_s3_send(of(blob), &call, &response, err);
    if (rc == MR_NOT_FOUND && !strstr(err->text, "NoSuchBucket"))
        rc = MR_OK; /* S3 says 204; some of its like say 404 */
    mr_http_response_release(&response);
    return rc;
}

/* A listing first: unlike HEAD it says in words why it is refused. */
static enum mr_code s3_check(struct mr_blob *blob, struct mr_error *err)
{
    struct mr_s3 *s3 = of(blob);
    char what[320];

    enum mr_code rc = mr_s3_list_first(s3, err);
    if (!rc)
        rc = mr_blob_probe(blob, err);
    if (!rc || rc == MR_CANCELLED)
        return rc;
    snprintf(what, sizeof what, "storage at MILLRACE_S3_ENDPOINT=%.200s, bucket %.63s", s3->base,
             s3->config.bucket);
    return mr_fail_in(err, rc, what);
}

/* ---- making ---------------------------------------------------------------------------------- */

static void s3_free(struct mr_blob *blob)
{
    struct mr_s3 *s3 = of(blob);
    char *owned[] = {s3->config.endpoint,
                     s3->config.region,
                     s3->config.bucket,
                     s3->config.access_key,
                     s3->config.secret_key,
                     s3->config.session_token,
                     s3->config.ca_file,
                     s3->host,
                     s3->base};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    mr_http_free(s3->http);
    free(s3);
}

static enum mr_code need(const char *name, const char *value, struct mr_error *err)
{
    return value && *value ? MR_OK : mr_fail(err, MR_INVALID, "%s: must be given for s3", name);
}

static enum mr_code check_config(const struct mr_blob_config *config, struct mr_error *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";

    enum mr_code rc = need("MILLRACE_S3_ENDPOINT", config->endpoint, err);
    if (!rc)
        rc = need("MILLRACE_S3_REGION", config->region, err);
    if (!rc)
        rc = need("MILLRACE_S3_BUCKET", config->bucket, err);
    if (!rc)
        rc = need("MILLRACE_S3_ACCESS_KEY", config->access_key, err);
    if (!rc)
        rc = need("MILLRACE_S3_SECRET_KEY", config->secret_key, err);
    if (rc)
        return rc;
    size_t len = strlen(config->bucket);
    if (len < 3 || len > 63 || strspn(config->bucket, allowed) != len || config->bucket[0] == '.')
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_S3_BUCKET \"%.80s\": must be 3..63 of A-Z a-z 0-9 . - _",
                       config->bucket);
    return MR_OK;
}

/* From "https://Host:443/" the host as it is sent and signed, and what paths are put behind. */
static enum mr_code set_endpoint(struct mr_s3 *s3, const char *endpoint, struct mr_error *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
    bool tls = strncmp(endpoint, "https://", 8) == 0;
    const char *from = endpoint + (tls ? 8 : 7);
    const char *port = tls ? ":443" : ":80";

    if (!tls && strncmp(endpoint, "http://", 7) != 0)
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_S3_ENDPOINT \"%.200s\": must begin with http:// or https://",
                       endpoint);
    size_t len = strlen(from);
    if (len > 0 && from[len - 1] == '/')
        len--;
    if (len == 0 || len > 255 || strspn(from, allowed) < len)
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_S3_ENDPOINT \"%.200s\": must be scheme://host:port and no path",
                       endpoint);
    if (len > strlen(port) && memcmp(from + len - strlen(port), port, strlen(port)) == 0)
        len -= strlen(port);
    size_t base_size = len + 9;
    s3->host = calloc(1, len + 1);
    s3->base = calloc(1, base_size);
    if (!s3->host || !s3->base)
        return mr_fail(err, MR_NO_MEMORY, "S3: no memory");
    for (size_t i = 0; i < len; i++)
        s3->host[i] = (char)tolower((unsigned char)from[i]);
    snprintf(s3->base, base_size, "%s%s", tls ? "https://" : "http://", s3->host);
    return MR_OK;
}

static bool copy_text(char **to, const char *from)
{
    *to = strdup(from ? from : "");
    return *to != NULL;
}

static struct mr_blob *s3_dup(struct mr_blob *blob, struct mr_error *err)
{
    struct mr_blob *copy = mr_blob_s3_new(&of(blob)->config, err);
    if (copy)
        copy->stop = blob->stop;
    return copy;
}

struct mr_blob *mr_blob_s3_new_take(const struct mr_blob_config *config, struct mr_http *http,
                                    struct mr_clock *clock, struct mr_error *err)
{
    static const struct mr_blob_ops ops = {
        .get_stream = s3_get_stream,
        .put_stream = s3_put_stream,
        .put = s3_put,
        .head = s3_head,
        .remove = s3_remove,
        .list = mr_s3_list,
        .get_range = mr_s3_get_range,
        .check = s3_check,
        .dup = s3_dup,
        .free = s3_free,
    };
    struct mr_s3 *s3 = calloc(1, sizeof *s3);
    if (!s3) {
        mr_http_free(http);
        mr_fail(err, MR_NO_MEMORY, "S3: no memory");
        return NULL;
    }
    s3->blob.ops = &ops;
    s3->http = http;
    s3->clock = clock;
    s3->config = (struct mr_blob_config){.kind = config->kind,
                                         .timeout_ms = config->timeout_ms,
                                         .stall_ms = config->stall_ms,
                                         .connect_ms = config->connect_ms,
                                         .tries = config->tries,
                                         .retry_ms = config->retry_ms};
    if (check_config(config, err) || set_endpoint(s3, config->endpoint, err))
        goto fail;
    if (!copy_text(&s3->config.endpoint, config->endpoint) ||
        !copy_text(&s3->config.region, config->region) ||
        !copy_text(&s3->config.bucket, config->bucket) ||
        !copy_text(&s3->config.access_key, config->access_key) ||
        !copy_text(&s3->config.secret_key, config->secret_key) ||
        !copy_text(&s3->config.session_token, config->session_token) ||
        !copy_text(&s3->config.ca_file, config->ca_file)) {
        mr_fail(err, MR_NO_MEMORY, "S3: no memory");
        goto fail;
    }
    return &s3->blob;
fail:
    s3_free(&s3->blob);
    return NULL;
}

struct mr_blob *mr_blob_s3_new(const struct mr_blob_config *config, struct mr_error *err)
{
    struct mr_http_curl_options options = {.ca_file = config->ca_file};
    struct mr_http *http = mr_http_curl_new_with(&options, err);
    return http ? mr_blob_s3_new_take(config, http, mr_clock_sys(), err) : NULL;
}

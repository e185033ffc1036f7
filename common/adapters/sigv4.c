/* sigv4.c -- see sigv4.h.  The order of things is that of AWS's description: canonical request,
 * string to sign, signing key, signature. */
#include "common/adapters/sigv4.h"

#include "common/base/id.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

void mr_sigv4_date(int64_t time_ms, char ret[MR_SIGV4_DATE])
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm = {0};
    gmtime_r(&seconds, &tm);
    if (strftime(ret, MR_SIGV4_DATE, "%Y%m%dT%H%M%SZ", &tm) == 0)
        ret[0] = '\0'; /* a year beyond 9999 */
}

enum mr_code mr_sigv4_encode(struct mr_buf *ret, const char *text, size_t len, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x80 && isalnum(c)) || (c && strchr("-._~", c)) || (c == '/' && keep_slash)) {
            mr_buf_add_char(ret, (char)c);
        } else {
            char hex[3] = {'%', digits[c >> 4], digits[c & 15]};
            mr_buf_add(ret, hex, sizeof hex);
        }
    }
    return ret->failed ? MR_NO_MEMORY : MR_OK;
}

/* ---- path ------------------------------------------------------------------------------------ */

/* Resolves "." and "..", and takes runs of '/' as one (RFC 3986, 6.2.2.3), then encodes. */
static void add_path_normalised(struct mr_buf *ret, const char *path)
{
    struct mr_buf plain = {0};

    for (const char *at = path; *at;) {
        at += strspn(at, "/");
        size_t len = strcspn(at, "/");
        if (len == 2 && at[0] == '.' && at[1] == '.') {
            while (plain.len > 0 && plain.data[plain.len - 1] != '/')
                plain.len--;
            plain.len -= plain.len > 0; /* the '/' of the segment that goes */
        } else if (len > 0 && !(len == 1 && at[0] == '.')) {
            mr_buf_add_char(&plain, '/');
            mr_buf_add(&plain, at, len);
        }
        at += len;
    }
    size_t path_len = strlen(path);
    if (plain.len == 0 || (path_len > 0 && path[path_len - 1] == '/'))
        mr_buf_add_char(&plain, '/');
    if (plain.failed)
        ret->failed = true;
    else
        mr_sigv4_encode(ret, plain.data, plain.len, true);
    mr_buf_release(&plain);
}

/* ---- query ----------------------------------------------------------------------------------- */

struct param {
    const char *name;
    const char *value;
};

static int param_order(const void *a, const void *b)
{
    const struct param *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : strcmp(left->value, right->value);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* However a parameter was encoded, it is signed in the one right encoding. */
static void add_recoded(struct mr_buf *ret, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
            i += 2;
        }
        mr_sigv4_encode(ret, &c, 1, false);
    }
}

static void add_query(struct mr_buf *ret, const char *query)
{
    size_t count = 1, n = 0;
    struct mr_buf text = {0}; /* name NUL value NUL name ... */
    struct param *params = NULL;

    if (!query || !*query)
        return;
    for (const char *at = query; *at; at++)
        count += *at == '&';
    for (const char *at = query; at;) {
        size_t len = strcspn(at, "&");
        const char *equals = memchr(at, '=', len);
        size_t name_len = equals ? (size_t)(equals - at) : len;
        add_recoded(&text, at, name_len);
        mr_buf_add_char(&text, '\0');
        if (equals)
            add_recoded(&text, equals + 1, len - name_len - 1);
        mr_buf_add_char(&text, '\0');
        at = at[len] ? at + len + 1 : NULL;
    }
    params = calloc(count, sizeof *params);
    if (!params || text.failed) {
        ret->failed = true;
        goto done;
    }
    for (const char *at = text.data; n < count; n++) {
        params[n].name = at;
        params[n].value = at + strlen(at) + 1;
        at = params[n].value + strlen(params[n].value) + 1;
    }
    qsort(params, count, sizeof *params, param_order);
    for (n = 0; n < count; n++) {
        if (n > 0)
            mr_buf_add_char(ret, '&');
        mr_buf_add_str(ret, params[n].name);
        mr_buf_add_char(ret, '=');
        mr_buf_add_str(ret, params[n].value);
    }
done:
    free(params);
    mr_buf_release(&text);
}

/* ---- headers --------------------------------------------------------------------------------- */

/* Orders indices by lower-case name; headers of one name keep their order. */
static void sort_headers(const struct mr_http_header *headers, size_t count, size_t *order)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        while (at > 0 && strcasecmp(headers[order[at - 1]].name, headers[i].name) > 0) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

static void add_lower(struct mr_buf *ret, const char *name)
{
    for (; *name; name++)
        mr_buf_add_char(ret, (char)tolower((unsigned char)*name));
}

/* Without spaces at the ends, and with one for each run of them. */
static void add_trimmed(struct mr_buf *ret, const char *value)
{
    for (bool first = true;; first = false) {
        value += strspn(value, " \t");
        size_t len = strcspn(value, " \t");
        if (len == 0)
            return;
        if (!first)
            mr_buf_add_char(ret, ' ');
        mr_buf_add(ret, value, len);
        value += len;
    }
}

static void add_headers(struct mr_buf *ret, struct mr_buf *names,
                        const struct mr_sigv4_request *request)
{
    size_t order[MR_HTTP_HEADERS_MAX];

    sort_headers(request->headers, request->header_count, order);
    for (size_t i = 0; i < request->header_count; i++) {
        const struct mr_http_header *header = &request->headers[order[i]];
        bool again = i > 0 && strcasecmp(header->name, request->headers[order[i - 1]].name) == 0;
        if (again) {
            ret->len--; /* the newline of its namesake */
            mr_buf_add_char(ret, ',');
        } else {
            if (i > 0)
                mr_buf_add_char(names, ';');
            add_lower(names, header->name);
            add_lower(ret, header->name);
            mr_buf_add_char(ret, ':');
        }
        add_trimmed(ret, header->value);
        mr_buf_add_char(ret, '\n');
    }
}

/* ---- signature ------------------------------------------------------------------------------- */

static void hmac_text(const uint8_t *key, size_t key_len, const char *text, uint8_t *ret)
{
    mr_hmac_sha256(key, key_len, text, strlen(text), ret);
}

static void derive_key(const struct mr_sigv4_keys *keys, const char day[9],
                       uint8_t ret[MR_SHA256_LEN])
{
    char secret[4 + MR_SIGV4_SECRET_MAX + 1];
    int len = snprintf(secret, sizeof secret, "AWS4%s", keys->secret_key);

    hmac_text((const uint8_t *)secret, (size_t)len, day, ret);
    hmac_text(ret, MR_SHA256_LEN, keys->region, ret);
    hmac_text(ret, MR_SHA256_LEN, keys->service, ret);
    hmac_text(ret, MR_SHA256_LEN, "aws4_request", ret);
}

/* Signs "kind, date, scope, rest", each on its line. */
static void sign_text(struct mr_sigv4_chain *chain, const char *kind, const char *rest)
{
    char text[512];
    uint8_t digest[MR_SHA256_LEN];
    int len = snprintf(text, sizeof text, "%s\n%s\n%s\n%s", kind, chain->date, chain->scope, rest);

    mr_hmac_sha256(chain->key, sizeof chain->key, text, (size_t)len, digest);
    mr_hex(digest, sizeof digest, chain->signature);
}

static enum mr_code check(const struct mr_sigv4_keys *keys, const struct mr_sigv4_request *request,
                          struct mr_error *err)
{
    if (strlen(keys->secret_key) > MR_SIGV4_SECRET_MAX)
        return mr_fail(err, MR_INVALID, "secret key: longer than %d bytes", MR_SIGV4_SECRET_MAX);
    if (strlen(keys->region) > 64 || strlen(keys->service) > 64)
        return mr_fail(err, MR_INVALID, "region and service: must be at most 64 bytes each");
    if (request->header_count > MR_HTTP_HEADERS_MAX)
        return mr_fail(err, MR_INVALID, "headers to sign: %zu, at most %d", request->header_count,
                       MR_HTTP_HEADERS_MAX);
    return MR_OK;
}

enum mr_code mr_sigv4_sign(const struct mr_sigv4_keys *keys, const struct mr_sigv4_request *request,
                           struct mr_buf *ret, struct mr_sigv4_chain *chain, struct mr_error *err)
{
    struct mr_buf canonical = {0}, names = {0};
    struct mr_sigv4_chain own;
    char digest[MR_SIGV4_SIGNATURE];

    enum mr_code rc = check(keys, request, err);
    if (rc)
        return rc;
    mr_buf_addf(&canonical, "%s\n", request->method);
    if (keys->s3)
        mr_buf_add_str(&canonical, request->path);
    else
        add_path_normalised(&canonical, request->path);
    mr_buf_add_char(&canonical, '\n');
    add_query(&canonical, request->query);
    mr_buf_add_char(&canonical, '\n');
    add_headers(&canonical, &names, request);
    if (!canonical.failed && !names.failed)
        mr_buf_addf(&canonical, "\n%s\n%s", names.data ? names.data : "", request->payload_sha256);
    if (canonical.failed || names.failed) {
        rc = mr_fail(err, MR_NO_MEMORY, "no memory to sign a request");
        goto done;
    }

    if (!chain)
        chain = &own;
    mr_sigv4_date(request->time_ms, chain->date);
    snprintf(chain->scope, sizeof chain->scope, "%.8s/%s/%s/aws4_request", chain->date,
             keys->region, keys->service);
    char day[9] = {0};
    memcpy(day, chain->date, 8);
    derive_key(keys, day, chain->key);
    mr_sha256_hex(canonical.data, canonical.len, digest);
    sign_text(chain, ALGORITHM, digest);
    if (mr_buf_addf(ret, ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                    keys->access_key, chain->scope, names.data ? names.data : "", chain->signature))
        rc = mr_fail(err, MR_NO_MEMORY, "no memory to sign a request");
done:
    mr_buf_release(&names);
    mr_buf_release(&canonical);
    return rc;
}

void mr_sigv4_chunk(struct mr_sigv4_chain *chain, const void *data, size_t len)
{
    char nothing[MR_SIGV4_SIGNATURE], digest[MR_SIGV4_SIGNATURE];
    char rest[3 * MR_SIGV4_SIGNATURE];

    mr_sha256_hex("", 0, nothing);
    mr_sha256_hex(data, len, digest);
    snprintf(rest, sizeof rest, "%s\n%s\n%s", chain->signature, nothing, digest);
    sign_text(chain, ALGORITHM "-PAYLOAD", rest);
}

void mr_sigv4_trailer(struct mr_sigv4_chain *chain, const char *text, size_t len)
{
    char digest[MR_SIGV4_SIGNATURE];
    char rest[2 * MR_SIGV4_SIGNATURE];

    mr_sha256_hex(text, len, digest);
    snprintf(rest, sizeof rest, "%s\n%s", chain->signature, digest);
    sign_text(chain, ALGORITHM "-TRAILER", rest);
}

/* blob_s3_upload.c -- STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER: a reader between the caller's
 * body and the connection that puts every chunk into its signed frame.  One chunk is in memory. */
#include "common/adapters/blob_s3.h"

#include "common/base/id.h"

#include <stdio.h>
#include <string.h>

#define CHUNK_SIGNATURE   ";chunk-signature="
#define CHECKSUM_TRAILER  "x-amz-checksum-sha256:"
#define SIGNATURE_TRAILER "x-amz-trailer-signature:"

enum { SIGNATURE_LEN = MR_SIGV4_SIGNATURE - 1 };

/* ---- checksums ------------------------------------------------------------------------------- */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mr_s3_checksum(const uint8_t sha[MR_SHA256_LEN], char ret[MR_S3_CHECKSUM_LEN])
{
    for (int i = 0; i < MR_SHA256_LEN; i += 3, ret += 4) {
        bool last = i + 3 > MR_SHA256_LEN; /* 32 = 10 * 3 + 2 */
        uint32_t bits =
            (uint32_t)sha[i] << 16 | (uint32_t)sha[i + 1] << 8 | (last ? 0 : sha[i + 2]);
        ret[0] = base64[bits >> 18];
        ret[1] = base64[bits >> 12 & 63];
        ret[2] = base64[bits >> 6 & 63];
        ret[3] = last ? '=' : base64[bits & 63];
    }
    *ret = '\0';
}

bool mr_s3_checksum_hex(const char *checksum, char ret[MR_SHA256_HEX])
{
    uint8_t sha[MR_SHA256_LEN + 1];
    uint32_t bits = 0;
    size_t n = 0;

    /* a multipart upload has "...-N", which is not the body's hash */
    if (strlen(checksum) != MR_S3_CHECKSUM_LEN - 1 || checksum[MR_S3_CHECKSUM_LEN - 2] != '=')
        return false;
    for (int i = 0; i < MR_S3_CHECKSUM_LEN - 1; i++) {
        const char *digit = checksum[i] == '=' ? base64 : strchr(base64, checksum[i]);
        if (!digit || (checksum[i] == '=' && i != MR_S3_CHECKSUM_LEN - 2))
            return false;
        bits = bits << 6 | (uint32_t)(digit - base64);
        if (i % 4 == 3) {
            sha[n++] = (uint8_t)(bits >> 16);
            sha[n++] = (uint8_t)(bits >> 8);
            sha[n++] = (uint8_t)bits;
        }
    }
    mr_hex(sha, MR_SHA256_LEN, ret);
    return true;
}

bool mr_s3_sha_from_hex(const char *hex, uint8_t ret[MR_SHA256_LEN])
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(hex) != MR_SHA256_HEX - 1 || strspn(hex, digits) != MR_SHA256_HEX - 1)
        return false;
    for (size_t i = 0; i < MR_SHA256_LEN; i++)
        ret[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
                           (strchr(digits, hex[2 * i + 1]) - digits));
    return true;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static int64_t frame_len(int64_t chunk)
{
    return snprintf(NULL, 0, "%llx" CHUNK_SIGNATURE "\r\n\r\n", (unsigned long long)chunk) +
           SIGNATURE_LEN + chunk;
}

static int64_t trailer_len(void)
{
    return (int64_t)strlen("0" CHUNK_SIGNATURE "\r\n" CHECKSUM_TRAILER "\r\n" SIGNATURE_TRAILER
                           "\r\n\r\n") +
           INT64_C(2) * SIGNATURE_LEN + MR_S3_CHECKSUM_LEN - 1;
}

int64_t mr_s3_upload_len(int64_t len)
{
    int64_t rest = len % MR_S3_CHUNK;
    return len / MR_S3_CHUNK * frame_len(MR_S3_CHUNK) + (rest ? frame_len(rest) : 0) +
           trailer_len();
}

enum mr_code mr_s3_upload_init(struct mr_s3_upload *upload, int64_t len, mr_blob_read_fn *read,
                               void *read_ctx, struct mr_error *err)
{
    *upload = (struct mr_s3_upload){.read = read, .read_ctx = read_ctx, .left = len};
    enum mr_code rc = mr_sha256_init(&upload->sha, err);
    if (rc)
        return rc;
    if (mr_buf_reserve(&upload->frame, (size_t)frame_len(MR_S3_CHUNK)))
        return mr_fail(err, MR_NO_MEMORY, "no memory for a chunk of %d bytes", MR_S3_CHUNK);
    return MR_OK;
}

void mr_s3_upload_release(struct mr_s3_upload *upload)
{
    mr_sha256_release(&upload->sha);
    mr_buf_release(&upload->frame);
}

/* The head's length is known before its signature is: the chunk is read behind it at once. */
static enum mr_code fill_chunk(struct mr_s3_upload *upload, struct mr_error *err)
{
    size_t chunk = upload->left < MR_S3_CHUNK ? (size_t)upload->left : MR_S3_CHUNK;
    char head[128];
    char *data = upload->frame.data;
    size_t head_len = (size_t)frame_len((int64_t)chunk) - chunk - 2;

    for (size_t have = 0; have < chunk;) {
        int64_t n = upload->read(upload->read_ctx, data + head_len + have, chunk - have, err);
        upload->touched = true;
        if (n < 0)
            return err->code;
        if (n == 0)
            return mr_fail(err, MR_INVALID, "body: ended too early");
        have += (size_t)n;
    }
    mr_sha256_add(&upload->sha, data + head_len, chunk);
    mr_sigv4_chunk(&upload->chain, data + head_len, chunk);
    snprintf(head, sizeof head, "%zx" CHUNK_SIGNATURE "%s\r\n", chunk, upload->chain.signature);
    memcpy(data, head, head_len);
    memcpy(data + head_len + chunk, "\r\n", 2);
    upload->frame.len = head_len + chunk + 2;
    upload->left -= (int64_t)chunk;
    return MR_OK;
}

static enum mr_code fill_trailer(struct mr_s3_upload *upload, struct mr_error *err)
{
    uint8_t digest[MR_SHA256_LEN];
    char checksum[MR_S3_CHECKSUM_LEN], trailer[128], last[MR_SIGV4_SIGNATURE];

    mr_sha256_end(&upload->sha, digest);
    mr_hex(digest, sizeof digest, upload->sha256);
    if (upload->sha256_expected && strcmp(upload->sha256, upload->sha256_expected) != 0)
        return mr_fail(err, MR_CHANGED, "body: its SHA-256 is %s, not %s as promised",
                       upload->sha256, upload->sha256_expected);
    mr_s3_checksum(digest, checksum);
    mr_sigv4_chunk(&upload->chain, "", 0);
    memcpy(last, upload->chain.signature, sizeof last);
    int len = snprintf(trailer, sizeof trailer, CHECKSUM_TRAILER "%s\n", checksum);
    mr_sigv4_trailer(&upload->chain, trailer, (size_t)len);
    upload->ended = true;
    if (mr_buf_addf(&upload->frame,
                    "0" CHUNK_SIGNATURE "%s\r\n" CHECKSUM_TRAILER "%s\r\n" SIGNATURE_TRAILER
                    "%s\r\n\r\n",
                    last, checksum, upload->chain.signature))
        return mr_fail(err, MR_NO_MEMORY, "no memory for a trailer");
    return MR_OK;
}

int64_t mr_s3_upload_read(void *ctx, void *buf, size_t size, struct mr_error *err)
{
    struct mr_s3_upload *upload = ctx;

    if (upload->frame_at == upload->frame.len) {
        if (upload->ended)
            return 0;
        mr_buf_reset(&upload->frame);
        upload->frame_at = 0;
        enum mr_code rc = upload->left > 0 ? fill_chunk(upload, err) : fill_trailer(upload, err);
        if (rc)
            return -1;
    }
    size_t n = upload->frame.len - upload->frame_at;
    if (n > size)
        n = size;
    memcpy(buf, upload->frame.data + upload->frame_at, n);
    upload->frame_at += n;
    return (int64_t)n;
}

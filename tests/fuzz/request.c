/* request.c -- bytes of a connection.  The first byte says how they are cut; the answers must be
 * those of the same bytes given at once. */
#include "tests/fuzz/fuzz.h"

#include "gateway/parse.h"

enum { HEAD_BYTES_MAX = 1024 };

static void keep_body(void *ctx, const char *data, size_t len)
{
    (void)mr_buf_add(ctx, data, len);
}

static void note_request(const struct gw_request *request, struct mr_buf *seen)
{
    char value[GW_QUERY_VALUE_MAX + 1];
    bool found = false;
    struct mr_error err = {0};
    enum mr_code rc;

    FUZZ_PROMISE(request->path[0] == '/' || request->method == GW_OPTIONS, "path %s",
                 request->path);
    (void)mr_buf_addf(seen, "%s %s ?%s 1.%d len=%lld%s%s%s\n", gw_method_name(request->method),
                      request->path, request->query, request->minor,
                      (long long)request->content_length, request->chunked ? " chunked" : "",
                      request->keep_alive ? " keep" : "",
                      request->expect_continue ? " expect" : "");
    FUZZ_PROMISE(!(request->chunked && request->content_length >= 0), "two lengths of one body");
    for (size_t i = 0; i < request->header_count; i++) {
        (void)mr_buf_addf(seen, "%s: %s\n", request->headers[i].name, request->headers[i].value);
        FUZZ_PROMISE(gw_request_header(request, request->headers[i].name), "a header is found");
    }
    rc = gw_request_query(request, "x", value, &found, &err);
    (void)mr_buf_addf(seen, "x %d %d %s\n", rc, found, !rc && found ? value : "");
    rc = gw_request_query_known(request, (const char *const[]){"x", "name", NULL}, &err);
    (void)mr_buf_addf(seen, "known %d\n", rc);
}

/* cuts: the next piece's length comes of its bits; 0: all at once. */
static void answers(const char *bytes, size_t len, unsigned cuts, struct mr_buf *seen)
{
    struct mr_buf body = {0};
    struct mr_error err;
    struct gw_parser *parser = gw_parser_new(HEAD_BYTES_MAX, keep_body, &body, &err);
    size_t at = 0;
    bool open = true;

    FUZZ_PROMISE(parser, "a parser");
    while (open && at < len) {
        size_t left = len - at, piece = left, used = 0;
        enum gw_parse got;
        char *copy;

        if (cuts) {
            cuts = cuts * 1103515245u + 12345u;
            piece = cuts >> 16 & 64 ? 1 : 1 + (cuts >> 16) % 40;
            piece = piece < left ? piece : left;
        }
        copy = fuzz_text((const uint8_t *)bytes + at, piece); /* a byte read too far is seen */
        got = gw_parser_feed(parser, copy, piece, &used);
        free(copy);
        FUZZ_PROMISE(used <= piece, "%zu of %zu bytes used", used, piece);
        FUZZ_PROMISE(used > 0 || got != GW_PARSE_MORE, "no progress");
        at += used;
        if (got == GW_PARSE_HEAD) {
            note_request(gw_parser_request(parser), seen);
            if (gw_parser_complete(parser))
                got = GW_PARSE_END;
        }
        if (got == GW_PARSE_END) {
            (void)mr_buf_addf(seen, "end, %zu bytes: ", body.len);
            (void)mr_buf_add(seen, body.data, body.len);
            mr_buf_reset(&body);
            open = gw_parser_request(parser)->keep_alive;
            gw_parser_reset(parser);
        } else if (got == GW_PARSE_REFUSED) {
            const struct gw_refusal refusal = gw_parser_refusal(parser);

            FUZZ_PROMISE(refusal.status >= 400 && refusal.detail, "a refusal has its reason");
            (void)mr_buf_addf(seen, "refused %d\n", refusal.status);
            open = false;
        }
    }
    (void)mr_buf_addf(seen, "%s", open ? "open" : "closed");
    gw_parser_free(parser);
    mr_buf_release(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct mr_buf whole = {0}, cut = {0};

    if (len < 1)
        return 0;
    answers((const char *)data + 1, len - 1, 0, &whole);
    answers((const char *)data + 1, len - 1, 1u + data[0], &cut);
    fuzz_same(&whole, &cut, "the answer does not depend on the cuts");
    mr_buf_release(&whole);
    mr_buf_release(&cut);
    return 0;
}

/* parse.c -- the strict reader in front of the gateway.  Three readers look at the same bytes: our
 * own of the request line, a guard over the raw header block (no bare CR or LF, no folding, no
 * control bytes, no more than the limit), and llhttp; any of them may refuse. */
#include "gateway/parse.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>

enum at { AT_LINE, AT_HEADERS, AT_BODY, AT_END, AT_REFUSED };

struct span {
    uint32_t name, value; /* offsets into text */
};

struct gw_parser {
    llhttp_t llhttp;
    size_t head_bytes_max;
    gw_body_fn *on_body;
    void *ctx;
    enum at at;
    bool complete;     /* llhttp has said that the message ends */
    bool skipped;      /* one empty line in front of the request line was passed over */
    size_t head_bytes; /* of this message so far */
    size_t column;     /* bytes of the current header line so far */
    char before;       /* the byte before, in the header block */
    char line[GW_TARGET_MAX + 1];
    size_t line_len;
    char target_text[GW_TARGET_MAX + 2]; /* path and query of request */
    char authority[256];
    struct mr_buf text; /* names and values of headers, each with its NUL */
    struct span spans[GW_HEADERS_MAX];
    size_t span_count;
    size_t extension_bytes;
    size_t gap;       /* framing bytes since the last piece of body */
    const char *mark; /* in the bytes being read: end of the last piece of body */
    struct gw_request request;
    struct gw_refusal refusal;
};

static int refuse(struct gw_parser *parser, int status, const char *detail)
{
    if (!parser->refusal.status)
        parser->refusal = (struct gw_refusal){.status = status, .detail = detail};
    return -1;
}

/* ---- llhttp's callbacks
 * ------------------------------------------------------------------------------ */

static int add_text(struct gw_parser *parser, const char *data, size_t len)
{
    if (parser->at == AT_BODY) /* a trailer: bounded by the gap, and not kept */
        return 0;
    if (mr_buf_add(&parser->text, data, len))
        return refuse(parser, 503, "memory ran out");
    return 0;
}

static int on_header_bytes(llhttp_t *llhttp, const char *data, size_t len)
{
    return add_text(llhttp->data, data, len);
}

static int on_field_complete(llhttp_t *llhttp)
{
    struct gw_parser *parser = llhttp->data;

    if (parser->at == AT_BODY)
        return 0;
    if (parser->span_count == GW_HEADERS_MAX)
        return refuse(parser, 431, "more than 100 headers");
    if (add_text(parser, "", 1))
        return -1;
    parser->spans[parser->span_count].value = (uint32_t)parser->text.len;
    return 0;
}

static int on_value_complete(llhttp_t *llhttp)
{
    struct gw_parser *parser = llhttp->data;

    if (parser->at == AT_BODY)
        return 0;
    if (add_text(parser, "", 1))
        return -1;
    parser->span_count++;
    if (parser->span_count < GW_HEADERS_MAX)
        parser->spans[parser->span_count].name = (uint32_t)parser->text.len;
    return 0;
}

static void resolve_headers(struct gw_parser *parser)
{
    for (size_t i = 0; i < parser->span_count; i++) {
        char *name = parser->text.data + parser->spans[i].name;
        char *value = parser->text.data + parser->spans[i].value;
        size_t len = strlen(value);
        while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
            value[--len] = '\0';
        for (char *p = name; *p; p++)
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p + ('a' - 'A'));
        parser->request.headers[i] = (struct gw_header){.name = name, .value = value};
    }
    parser->request.header_count = parser->span_count;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    struct gw_parser *parser = llhttp->data;

    resolve_headers(parser);
    if (!gw_request_check(&parser->request, parser->authority, &parser->refusal))
        return -1;
    parser->request.keep_alive = llhttp_should_keep_alive(llhttp);
    llhttp->upgrade = 0; /* an upgrade is an offer; it is not taken, so the message goes on */
    return 0;
}

static int on_body(llhttp_t *llhttp, const char *data, size_t len)
{
    struct gw_parser *parser = llhttp->data;

    parser->gap += (size_t)(data - parser->mark);
    if (parser->gap > GW_FRAMING_GAP_MAX)
        return refuse(parser, 400, "too many bytes between two pieces of the body");
    parser->gap = 0;
    parser->mark = data + len;
    parser->on_body(parser->ctx, data, len);
    return 0;
}

static int on_extension(llhttp_t *llhttp, const char *data, size_t len)
{
    struct gw_parser *parser = llhttp->data;

    (void)data;
    parser->extension_bytes += len;
    if (parser->extension_bytes > GW_CHUNK_EXTENSIONS_MAX)
        return refuse(parser, 400, "more than 256 bytes of chunk extensions");
    return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct gw_parser *parser = llhttp->data;

    parser->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_header_field = on_header_bytes,
    .on_header_value = on_header_bytes,
    .on_header_field_complete = on_field_complete,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_message_complete = on_message_complete,
};

/* ---- life
 * ---------------------------------------------------------------------------------------------- */

struct gw_parser *gw_parser_new(size_t head_bytes_max, gw_body_fn *body, void *ctx,
                                struct mr_error *err)
{
    struct gw_parser *parser = calloc(1, sizeof(*parser));

    if (!parser) {
        (void)mr_fail(err, MR_NO_MEMORY, "parser: memory ran out");
        return NULL;
    }
    parser->head_bytes_max = head_bytes_max;
    parser->on_body = body;
    parser->ctx = ctx;
    gw_parser_reset(parser);
    return parser;
}

void gw_parser_free(struct gw_parser *parser)
{
    if (!parser)
        return;
    mr_buf_release(&parser->text);
    free(parser);
}

void gw_parser_reset(struct gw_parser *parser)
{
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &callbacks);
    parser->llhttp.data = parser;
    parser->at = AT_LINE;
    parser->complete = parser->skipped = false;
    parser->head_bytes = parser->column = parser->line_len = parser->span_count = 0;
    parser->spans[0].name = 0;
    parser->extension_bytes = parser->gap = 0;
    parser->before = '\0';
    mr_buf_reset(&parser->text);
    parser->request = (struct gw_request){.content_length = -1};
    parser->refusal = (struct gw_refusal){0};
}

bool gw_parser_complete(const struct gw_parser *parser)
{
    return parser->complete;
}

bool gw_parser_begun(const struct gw_parser *parser)
{
    return parser->head_bytes > 0;
}

const struct gw_request *gw_parser_request(const struct gw_parser *parser)
{
    return &parser->request;
}

struct gw_refusal gw_parser_refusal(const struct gw_parser *parser)
{
    return parser->refusal;
}

/* ---- reading
 * -------------------------------------------------------------------------------------------- */

static enum gw_parse refused(struct gw_parser *parser, int status, const char *detail)
{
    (void)refuse(parser, status, detail);
    parser->at = AT_REFUSED;
    return GW_PARSE_REFUSED;
}

/* Gives bytes to llhttp.  false: it, or a callback, refused them. */
static bool execute(struct gw_parser *parser, const char *data, size_t len)
{
    llhttp_errno_t code = llhttp_execute(&parser->llhttp, data, len);

    if (code == HPE_OK)
        return true;
    if (code == HPE_PAUSED && parser->complete)
        return true;
    (void)refuse(parser, 400,
                 parser->at == AT_BODY ? "the body's chunked framing is broken"
                                       : "the header block is not well-formed");
    return false;
}

/* The request line is complete: ours reads it first, then llhttp. */
static enum gw_parse end_line(struct gw_parser *parser)
{
    if (!gw_request_line(parser->line, parser->line_len, &parser->request, parser->target_text,
                         &parser->refusal)) {
        parser->at = AT_REFUSED;
        return GW_PARSE_REFUSED;
    }
    gw_request_authority(parser->line, parser->line_len, parser->authority,
                         sizeof(parser->authority));
    parser->at = AT_HEADERS;
    parser->before = '\n';
    if (!execute(parser, parser->line, parser->line_len) || !execute(parser, "\r\n", 2))
        return refused(parser, 400, "the request line is not well-formed");
    return GW_PARSE_MORE;
}

static enum gw_parse feed_line(struct gw_parser *parser, const char *data, size_t len,
                               size_t *ret_used)
{
    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        *ret_used = i + 1;
        if (++parser->head_bytes > parser->head_bytes_max)
            return refused(parser, 431, "the header block is longer than its limit");
        if (parser->before == '\r') {
            if (c != '\n')
                return refused(parser, 400, "CR without LF in the request line");
            parser->before = c;
            if (parser->line_len > 0)
                return end_line(parser);
            if (parser->skipped)
                return refused(parser, 400, "empty lines in front of the request line");
            parser->skipped = true;
            continue;
        }
        parser->before = c;
        if (c == '\r')
            continue;
        if ((unsigned char)c < 0x20 || (unsigned char)c >= 0x7F)
            return refused(parser, 400, "the request line has a byte that is not printable ASCII");
        if (parser->line_len == GW_TARGET_MAX)
            return refused(parser, 414, "the request line is longer than 8192 bytes");
        parser->line[parser->line_len++] = c;
    }
    return GW_PARSE_MORE;
}

/* Looks at raw bytes of the header block.  Returns how many are right; *ret_end: the last of these
 * ends the block; less than len without it: the next byte is wrong (*ret_bad). */
static size_t guard(struct gw_parser *parser, const char *data, size_t len, bool *ret_end,
                    struct gw_refusal *ret_bad)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        *ret_bad = (struct gw_refusal){.status = 400};
        if (parser->head_bytes == parser->head_bytes_max) {
            *ret_bad = (struct gw_refusal){431, "the header block is longer than its limit"};
            return i;
        }
        ret_bad->detail = "bare CR or LF in the header block";
        if ((parser->before == '\r') != (c == '\n'))
            return i;
        ret_bad->detail = "a header line must not begin with a space";
        if (parser->before == '\n' && (c == ' ' || c == '\t'))
            return i;
        ret_bad->detail = "the header block has a control byte";
        if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7F)
            return i;
        parser->head_bytes++;
        parser->before = (char)c;
        if (c == '\n') {
            *ret_end = parser->column == 0;
            if (*ret_end)
                return i + 1;
            parser->column = 0;
        } else if (c != '\r') {
            parser->column++;
        }
    }
    return len;
}

static enum gw_parse feed_headers(struct gw_parser *parser, const char *data, size_t len,
                                  size_t *ret_used)
{
    struct gw_refusal bad = {0};
    bool end = false;
    size_t right = guard(parser, data, len, &end, &bad);

    *ret_used = right;
    if (right > 0 && !execute(parser, data, right))
        return refused(parser, 400, "the header block is not well-formed");
    if (!end)
        return right == len ? GW_PARSE_MORE : refused(parser, bad.status, bad.detail);
    parser->at = parser->complete ? AT_END : AT_BODY;
    return GW_PARSE_HEAD;
}

static enum gw_parse feed_body(struct gw_parser *parser, const char *data, size_t len,
                               size_t *ret_used)
{
    parser->mark = data;
    *ret_used = len;
    if (!execute(parser, data, len))
        return refused(parser, 400, "the body is not well-formed");
    if (parser->complete) {
        *ret_used = (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
        parser->at = AT_END;
        return GW_PARSE_END;
    }
    parser->gap += (size_t)(data + len - parser->mark);
    if (parser->gap > GW_FRAMING_GAP_MAX)
        return refused(parser, 400, "too many bytes between two pieces of the body");
    return GW_PARSE_MORE;
}

enum gw_parse gw_parser_feed(struct gw_parser *parser, const char *data, size_t len,
                             size_t *ret_used)
{
    *ret_used = 0;
    switch (parser->at) {
    case AT_LINE:
        return feed_line(parser, data, len, ret_used);
    case AT_HEADERS:
        return feed_headers(parser, data, len, ret_used);
    case AT_BODY:
        return feed_body(parser, data, len, ret_used);
    case AT_END:
        return GW_PARSE_END;
    case AT_REFUSED:
        break;
    }
    return GW_PARSE_REFUSED;
}

/* probes.h -- raw bytes and what they must be answered, for the parser alone and for the whole
 * server. Answers are the statuses in order, 200 for each message that is taken; a refusal ends the
 * connection, so nothing may stand behind one; "" is a message that is not complete. */
#ifndef GW_PROBES_H
#define GW_PROBES_H

#include <stddef.h>

struct probe {
    const char *name;
    const char *bytes;
    size_t len;
    const char *answers;
};

#define H                       "Host: a\r\n"
#define P(name, bytes, answers) {name, bytes, sizeof(bytes) - 1, answers}
#define CHUNKED                 "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
#define NEXT                    "GET /next HTTP/1.1\r\n" H "\r\n"
#define X64                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X256                    X64 X64 X64 X64
#define X1024                   X256 X256 X256 X256
#define X8192                   X1024 X1024 X1024 X1024 X1024 X1024 X1024 X1024
#define Z64                     "0000000000000000000000000000000000000000000000000000000000000000"
#define Z1024                   Z64 Z64 Z64 Z64 Z64 Z64 Z64 Z64 Z64 Z64 Z64 Z64 Z64 Z64 Z64 Z64
#define H10                     "a: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\n"

#pragma GCC diagnostic ignored "-Woverlength-strings" /* long ones are what some probes are about  \
                                                       */
/* clang-format off */
static const struct probe probes[] = {
    /* ---- what is right ---- */
    P("a plain get", "GET / HTTP/1.1\r\n" H "\r\n", "200"),
    P("a query", "GET /v1/jobs?status=OPEN&limit=5 HTTP/1.1\r\n" H "\r\n", "200"),
    P("an empty line in front", "\r\nGET / HTTP/1.1\r\n" H "\r\n", "200"),
    P("http 1.0 without host", "GET / HTTP/1.0\r\n\r\n", "200"),
    P("http 1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" "GET / HTTP/1.0\r\n\r\n", "200 200"),
    P("a body with a length", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello", "200"),
    P("a body of no bytes", "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", "200"),
    P("a chunked body", CHUNKED "5\r\nhello\r\n0\r\n\r\n", "200"),
    P("chunked in capitals", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200"),
    P("chunk sizes in hex of both cases", CHUNKED "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "200"),
    P("a short chunk extension", CHUNKED "5;name=value\r\nhello\r\n0\r\n\r\n", "200"),
    P("a quoted chunk extension", CHUNKED "5;name=\"v;x\"\r\nhello\r\n0\r\n\r\n", "200"),
    P("a trailer", CHUNKED "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "200"),
    P("a trailer called host is no host", CHUNKED "5\r\nhello\r\n0\r\nHost: evil\r\n\r\n" NEXT, "200 200"),
    P("absolute form of the same host", "GET http://a/x HTTP/1.1\r\n" H "\r\n", "200"),
    P("absolute form without a path", "GET http://a HTTP/1.1\r\n" H "\r\n", "200"),
    P("absolute form with a query alone", "GET http://a?x=1 HTTP/1.1\r\n" H "\r\n", "200"),
    P("host with a port", "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n", "200"),
    P("host in ipv6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "200"),
    P("an empty header value", "GET / HTTP/1.1\r\n" H "X-Empty:\r\n\r\n", "200"),
    P("spaces round a value", "GET / HTTP/1.1\r\n" H "X-A: \t b \t \r\n\r\n", "200"),
    P("no space before a value", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", "200"),
    P("latin-1 in a value", "GET / HTTP/1.1\r\n" H "X-A: caf\xe9\r\n\r\n", "200"),
    P("percent-encoded utf-8", "GET /caf%C3%A9 HTTP/1.1\r\n" H "\r\n", "200"),
    P("an upgrade is not taken", "GET / HTTP/1.1\r\n" H "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n" NEXT, "200 200"),
    P("an upgrade with a body", "POST / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello" NEXT, "200 200"),
    P("close is kept", "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", "200"),
    P("the same harmless header twice", "GET / HTTP/1.1\r\n" H "X-A: 1\r\nX-A: 2\r\n\r\n", "200"),
    P("ninety headers", "GET / HTTP/1.1\r\n" H H10 H10 H10 H10 H10 H10 H10 H10 H10 "\r\n", "200"),
    P("a long header below the limit", "GET / HTTP/1.1\r\n" H "X-A: " X8192 "\r\n\r\n", "200"),

    /* ---- pipelining ---- */
    P("two gets in one read", NEXT NEXT, "200 200"),
    P("three of them", NEXT NEXT NEXT, "200 200 200"),
    P("a body, then a get", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello" NEXT, "200 200"),
    P("a chunked body, then a get", CHUNKED "5\r\nhello\r\n0\r\n\r\n" NEXT, "200 200"),
    P("a get, then a body", NEXT "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", "200 200"),
    P("a get, then garbage", NEXT "\x01\x02\x03", "200 400"),
    P("an empty line between", NEXT "\r\n" NEXT, "200 200"),
    P("nothing is read behind close", "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n" NEXT, "200"),
    P("nothing is read behind http 1.0", "GET / HTTP/1.0\r\n\r\n" NEXT, "200"),

    /* ---- not complete ---- */
    P("no byte at all", "", ""),
    P("half a request line", "GET / HT", ""),
    P("a header block without its end", "GET / HTTP/1.1\r\n" H, ""),
    P("half a body", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhel", ""),
    P("half a chunk", CHUNKED "5\r\nhel", ""),
    P("no last chunk", CHUNKED "5\r\nhello\r\n", ""),
    P("no end of the trailers", CHUNKED "5\r\nhello\r\n0\r\n", ""),

    /* ---- the request line ---- */
    P("http 0.9", "GET /\r\n", "400"),
    P("http 0.9 by name", "GET / HTTP/0.9\r\n" H "\r\n", "505"),
    P("http 2.0", "GET / HTTP/2.0\r\n" H "\r\n", "505"),
    P("http 2", "GET / HTTP/2\r\n" H "\r\n", "505"),
    P("http 1.2", "GET / HTTP/1.2\r\n" H "\r\n", "505"),
    P("http 1.10", "GET / HTTP/1.10\r\n" H "\r\n", "505"),
    P("http 3", "GET / HTTP/3.0\r\n" H "\r\n", "505"),
    P("the preface of http 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
    P("http in small letters", "GET / http/1.1\r\n" H "\r\n", "400"),
    P("a version that is no number", "GET / HTTP/x.y\r\n" H "\r\n", "400"),
    P("rtsp", "GET / RTSP/1.0\r\n" H "\r\n", "400"),
    P("ice", "SOURCE / ICE/1.0\r\n" H "\r\n", "400"),
    P("a space behind the version", "GET / HTTP/1.1 \r\n" H "\r\n", "505"),
    P("two spaces in front of the target", "GET  / HTTP/1.1\r\n" H "\r\n", "400"),
    P("two spaces behind the target", "GET /  HTTP/1.1\r\n" H "\r\n", "400"),
    P("a space in front of the method", " GET / HTTP/1.1\r\n" H "\r\n", "400"),
    P("a tab between", "GET\t/ HTTP/1.1\r\n" H "\r\n", "400"),
    P("three words of target", "GET /a b HTTP/1.1\r\n" H "\r\n", "400"),
    P("connect", "CONNECT a:443 HTTP/1.1\r\n" H "\r\n", "501"),
    P("trace", "TRACE / HTTP/1.1\r\n" H "\r\n", "501"),
    P("an unknown method", "FROB / HTTP/1.1\r\n" H "\r\n", "501"),
    P("a method in small letters", "get / HTTP/1.1\r\n" H "\r\n", "501"),
    P("a webdav method", "PROPFIND / HTTP/1.1\r\n" H "\r\n", "501"),
    P("a method that is no token", "G@T / HTTP/1.1\r\n" H "\r\n", "400"),
    P("tls spoken to us", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"),
    P("nul in the request line", "GET /\0 HTTP/1.1\r\n" H "\r\n", "400"),
    P("latin-1 in the target", "GET /\xe9 HTTP/1.1\r\n" H "\r\n", "400"),
    P("a fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", "400"),
    P("a quote in the target", "GET /a\"b HTTP/1.1\r\n" H "\r\n", "400"),
    P("angle brackets in the target", "GET /<a> HTTP/1.1\r\n" H "\r\n", "400"),
    P("a backslash in the target", "GET /a\\b HTTP/1.1\r\n" H "\r\n", "400"),
    P("a broken percent", "GET /%zz HTTP/1.1\r\n" H "\r\n", "400"),
    P("a cut percent", "GET /%4 HTTP/1.1\r\n" H "\r\n", "400"),
    P("an encoded nul", "GET /%00 HTTP/1.1\r\n" H "\r\n", "400"),
    P("an encoded slash", "GET /a%2fb HTTP/1.1\r\n" H "\r\n", "400"),
    P("an encoded newline", "GET /a%0d%0ab HTTP/1.1\r\n" H "\r\n", "400"),
    P("encoded bytes that are not utf-8", "GET /%ff HTTP/1.1\r\n" H "\r\n", "400"),
    P("dot segments", "GET /a/../b HTTP/1.1\r\n" H "\r\n", "400"),
    P("encoded dot segments", "GET /a/%2e%2e/b HTTP/1.1\r\n" H "\r\n", "400"),
    P("a dot at the end", "GET /a/. HTTP/1.1\r\n" H "\r\n", "400"),
    P("a target that is no path", "GET a HTTP/1.1\r\n" H "\r\n", "400"),
    P("a star", "OPTIONS * HTTP/1.1\r\n" H "\r\n", "400"),
    P("absolute form of another host", "GET http://b/x HTTP/1.1\r\n" H "\r\n", "400"),
    P("absolute form with a user", "GET http://u@a/x HTTP/1.1\r\n" H "\r\n", "400"),
    P("absolute form of another scheme", "GET ftp://a/x HTTP/1.1\r\n" H "\r\n", "400"),
    P("a target that is too long", "GET /" X8192 " HTTP/1.1\r\n" H "\r\n", "414"),
    P("a method that never ends", X8192 X64, "414"),
    P("two empty lines in front", "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", "400"),
    P("a bare newline in front", "\nGET / HTTP/1.1\r\n" H "\r\n", "400"),
    P("cr without lf in the request line", "GET / HTTP/1.1\rX", "400"),
    P("lf without cr behind the request line", "GET / HTTP/1.1\n" H "\r\n", "400"),

    /* ---- headers ---- */
    P("no host", "GET / HTTP/1.1\r\n\r\n", "400"),
    P("two hosts", "GET / HTTP/1.1\r\n" H "Host: b\r\n\r\n", "400"),
    P("two hosts that are the same", "GET / HTTP/1.1\r\n" H H "\r\n", "400"),
    P("two hosts in http 1.0", "GET / HTTP/1.0\r\n" H "Host: b\r\n\r\n", "400"),
    P("an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400"),
    P("a host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
    P("a host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"),
    P("a host with a comma is a list", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400"),
    P("a folded header", "GET / HTTP/1.1\r\n" H "X-A: 1\r\n 2\r\n\r\n", "400"),
    P("a folded header by tab", "GET / HTTP/1.1\r\n" H "X-A: 1\r\n\t2\r\n\r\n", "400"),
    P("a fold in front of the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"),
    P("a space in front of the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"),
    P("no colon", "GET / HTTP/1.1\r\n" H "X-A\r\n\r\n", "400"),
    P("no name", "GET / HTTP/1.1\r\n" H ": x\r\n\r\n", "400"),
    P("a name that is no token", "GET / HTTP/1.1\r\n" H "X(A): x\r\n\r\n", "400"),
    P("a name in latin-1", "GET / HTTP/1.1\r\n" H "X\xe9: x\r\n\r\n", "400"),
    P("lf without cr in the headers", "GET / HTTP/1.1\r\n" H "X-A: 1\nX-B: 2\r\n\r\n", "400"),
    P("lf without cr at the end of the headers", "GET / HTTP/1.1\r\n" H "\n", "400"),
    P("cr without lf in a value", "GET / HTTP/1.1\r\n" H "X-A: 1\rX-B: 2\r\n\r\n", "400"),
    P("cr cr lf", "GET / HTTP/1.1\r\n" H "X-A: 1\r\r\n\r\n", "400"),
    P("nul in a value", "GET / HTTP/1.1\r\n" H "X-A: 1\0002\r\n\r\n", "400"),
    P("an escape in a value", "GET / HTTP/1.1\r\n" H "X-A: \x1b[0m\r\n\r\n", "400"),
    P("del in a value", "GET / HTTP/1.1\r\n" H "X-A: \x7f\r\n\r\n", "400"),
    P("a header block that is too long", "GET / HTTP/1.1\r\n" H "X-A: " X8192 "\r\nX-B: " X8192 "\r\n\r\n", "431"),
    P("a header that never ends", "GET / HTTP/1.1\r\n" H "X-A: " X8192 X8192, "431"),
    P("more than a hundred headers", "GET / HTTP/1.1\r\n" H H10 H10 H10 H10 H10 H10 H10 H10 H10 H10 "\r\n", "431"),
    P("two content types", "POST / HTTP/1.1\r\n" H "Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n\r\n", "400"),
    P("two credentials", "GET / HTTP/1.1\r\n" H "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", "400"),
    P("an expectation that is not known", "POST / HTTP/1.1\r\n" H "Expect: tea\r\nContent-Length: 1\r\n\r\n", "417"),

    /* ---- framing: two readers must not differ ---- */
    P("two lengths that are the same", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400"),
    P("two lengths that differ", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"),
    P("a list of lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello", "400"),
    P("a length with a plus", "POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello", "400"),
    P("a length below nothing", "POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\nhello", "400"),
    P("a length in hex", "POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello", "400"),
    P("a length with a space inside", "POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\nhello", "400"),
    P("an empty length", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nhello", "400"),
    P("a length that overflows", "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999999\r\n\r\nhello", "400"),
    P("a length of nineteen digits", "POST / HTTP/1.1\r\n" H "Content-Length: 9999999999999999999\r\n\r\nhello", "413"),
    P("length and chunked", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    P("chunked and length", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400"),
    P("gzip, chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"),
    P("chunked, gzip", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400"),
    P("chunked twice in a list", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400"),
    P("chunked in two headers", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    P("identity", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", "501"),
    P("a coding like chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", "501"),
    P("chunked with a parameter", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", "501"),
    P("chunked in quotes", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "501"),
    P("chunked behind a vertical tab", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", "400"),
    P("an empty coding", "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n", "501"),
    P("a coding in http 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    P("a coding whose name has a space", "POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"),
    P("a get that hides a request", "GET / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 0\r\n\r\n" NEXT, "400"),

    /* ---- chunks ---- */
    P("a chunk size in no hex", CHUNKED "5g\r\nhello\r\n0\r\n\r\n", "400"),
    P("a chunk size with 0x", CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", "400"),
    P("a chunk size with a sign", CHUNKED "+5\r\nhello\r\n0\r\n\r\n", "400"),
    P("a chunk size in front of a space", CHUNKED "5 \r\nhello\r\n0\r\n\r\n", "400"),
    P("a chunk size behind a space", CHUNKED " 5\r\nhello\r\n0\r\n\r\n", "400"),
    P("a chunk size that overflows", CHUNKED "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", "400"),
    P("an empty chunk size", CHUNKED "\r\nhello\r\n0\r\n\r\n", "400"),
    P("lf alone behind a chunk size", CHUNKED "5\nhello\r\n0\r\n\r\n", "400"),
    P("cr alone behind a chunk size", CHUNKED "5\rhello\r\n0\r\n\r\n", "400"),
    P("a chunk that is longer than it says", CHUNKED "5\r\nhello!\r\n0\r\n\r\n", "400"),
    P("lf alone behind a chunk", CHUNKED "5\r\nhello\n0\r\n\r\n", "400"),
    P("nothing behind a chunk", CHUNKED "5\r\nhello0\r\n\r\n", "400"),
    P("long chunk extensions", CHUNKED "5;" X256 "x\r\nhello\r\n0\r\n\r\n", "400"),
    P("a long value of a chunk extension", CHUNKED "5;a=" X256 "\r\nhello\r\n0\r\n\r\n", "400"),
    P("lf alone in a chunk extension", CHUNKED "5;a\nb\r\nhello\r\n0\r\n\r\n", "400"),
    P("zeros in front of a chunk size", CHUNKED "0005\r\nhello\r\n0\r\n\r\n", "200"),
    P("an endless row of zeros in front of a chunk size", CHUNKED Z1024 Z1024 Z1024 Z1024 Z1024 "5\r\nhello\r\n0\r\n\r\n", "400"),
    P("trailers that never end", CHUNKED "5\r\nhello\r\n0\r\nX-A: " X1024 X1024 X1024 X1024 X1024, "400"),
    P("a folded trailer", CHUNKED "5\r\nhello\r\n0\r\nX-A: 1\r\n 2\r\n\r\n", "400"),
    P("lf alone behind the trailers", CHUNKED "5\r\nhello\r\n0\r\n\n" NEXT, "400"),
    P("a length among the trailers", CHUNKED "5\r\nhello\r\n0\r\nContent-Length: 40\r\n\r\n" NEXT, "400"),
    P("a coding among the trailers", CHUNKED "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n" NEXT, "400"),
    P("nul in a trailer", CHUNKED "5\r\nhello\r\n0\r\nX-A: 1\0002\r\n\r\n", "400"),
};
/* clang-format on */
enum { PROBE_COUNT = sizeof(probes) / sizeof(probes[0]) };

#endif

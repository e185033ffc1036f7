/* main.c -- millrace-evaluator, the only program that runs JSONata: warms up, locks itself, and
 * answers one request after another until its supervisor is gone or a limit was passed.  Started by
 * child.c only. */
#include "orchestrator/evaluator/engine.h"
#include "orchestrator/evaluator/engine_hash.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MALLOC_KEEP_BYTES = 16 << 20, STACK_MARGIN = 1 << 20, WARM_US = 60 * 1000000 };

static unsigned char packet[EV_PACKET_MAX];

static ssize_t receive(void)
{
    ssize_t n;

    do
        n = recv(SB_SOCKET, packet, sizeof(packet), 0);
    while (n < 0 && errno == EINTR);
    return n;
}

static bool send_packet(const void *data, size_t len)
{
    ssize_t n;

    do
        n = send(SB_SOCKET, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len;
}

static bool reply(enum ev_kind kind, uint32_t sequence, enum ev_limit limit, const void *text,
                  size_t len)
{
    const struct ev_head head = {EV_MAGIC, EV_VERSION, (uint16_t)kind, sequence, (uint32_t)limit,
                                 0,        len};
    size_t sent = len < sizeof(packet) - sizeof(head) ? len : sizeof(packet) - sizeof(head);

    memcpy(packet, &head, sizeof(head));
    if (sent)
        memcpy(packet + sizeof(head), text, sent);
    if (!send_packet(packet, sizeof(head) + sent))
        return false;
    while (sent < len) {
        size_t piece = len - sent < sizeof(packet) ? len - sent : sizeof(packet);
        if (!send_packet((const char *)text + sent, piece))
            return false;
        sent += piece;
    }
    return true;
}

static bool head_read(ssize_t n, enum ev_kind kind, struct ev_head *ret)
{
    if (n < (ssize_t)sizeof(*ret))
        return false;
    memcpy(ret, packet, sizeof(*ret));
    return ret->magic == EV_MAGIC && ret->version == EV_VERSION && ret->kind == kind;
}

static bool settings_read(struct ev_child_settings *ret)
{
    struct ev_settings_packet whole;
    struct ev_head head;
    ssize_t n = receive();

    if (n != (ssize_t)sizeof(whole) || !head_read(n, EV_SETTINGS, &head))
        return false;
    memcpy(&whole, packet, sizeof(whole));
    *ret = whole.settings;
    return true;
}

static bool request_read(const struct ev_child_settings *settings, struct ev_head *head,
                         struct mr_buf *text)
{
    ssize_t n = receive();

    mr_buf_reset(text);
    if (!head_read(n, EV_REQUEST, head) || head->text_len > (uint64_t)settings->text_max ||
        mr_buf_add(text, packet + sizeof(*head), (size_t)n - sizeof(*head)))
        return false;
    while (text->len < head->text_len) {
        n = receive();
        if (n <= 0 || mr_buf_add(text, packet, (size_t)n))
            return false;
    }
    return text->len == head->text_len;
}

/* Every part of the language once, so that nothing of it wants the machine later. */
static bool warm(struct ev_engine *engine)
{
    static const char request[] =
        "{\"now_ms\":0,\"seed\":\"0000000000000001\",\"states\":{\"input\":{\"a\":[1,2,3]}},"
        "\"variables\":{},\"conditions\":[],\"groups\":[[{\"field\":\"warm\",\"text\":"
        "\"[$sum($states.input.a[$ > 1]), $now(), $uuid(), $hash('x'), $fromMillis(0, '[Y]-[M]'), "
        "$match('abc', /b/), $formatNumber(1234.5, '#,##0.00'), $sort([3,1,2])]\"}]]}";
    struct mr_buf answer = {0};
    bool ok = ev_engine_run(engine, request, sizeof(request) - 1, ev_engine_now_us() + WARM_US,
                            &answer) == EV_LIMIT_NONE &&
              answer.len > 10 && memcmp(answer.data, "{\"chosen\"", 9) == 0;

    mr_buf_release(&answer);
    return ok;
}

/* As much as settings say, where the machine lets us. */
static void stack_setup(const struct ev_child_settings *settings)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_STACK, &limit) < 0)
        return;
    limit.rlim_cur = (rlim_t)settings->stack_max + STACK_MARGIN;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_STACK, &limit);
}

/* Ends with the first limit that is passed: what is left of the interpreter then is not used. */
static void serve(struct ev_engine *engine, const struct ev_child_settings *settings)
{
    struct mr_buf text = {0}, answer = {0};
    enum ev_limit limit = EV_LIMIT_NONE;
    struct ev_head head;

    while (!limit && request_read(settings, &head, &text)) {
        limit =
            ev_engine_run(engine, text.data, text.len, ev_engine_now_us() + head.time_us, &answer);
        if (!limit && answer.len > (size_t)settings->text_max)
            limit = EV_LIMIT_MEMORY;
        if (limit && answer.len > EV_FIELD_MAX)
            mr_buf_reset(&answer);
        if (!reply(limit ? EV_LIMIT : EV_ANSWER, head.sequence, limit, answer.data, answer.len))
            break;
    }
}

int main(void)
{
    struct ev_child_settings settings;
    struct sb_report report = {0};
    struct ev_engine *engine;

    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, MALLOC_KEEP_BYTES);
    setenv("TZ", "UTC0", 1);
    tzset();
    if (!settings_read(&settings))
        _exit(EV_EXIT_BROKEN);
    stack_setup(&settings);
    engine = ev_engine_new(&settings);
    if (!engine || !ev_hash_setup() || !warm(engine))
        _exit(EV_EXIT_BROKEN);
    sb_lock(&report);
    if (reply(EV_HELLO, 0, EV_LIMIT_NONE, &report, sizeof(report)))
        serve(engine, &settings);
    _exit(EXIT_SUCCESS); /* nothing to put in order */
}

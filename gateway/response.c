/* response.c -- prints status line and headers.  Values come from us or are checked before: no byte
 * of a client's reaches a header here unless it is in a safe alphabet. */
#include "gateway/response.h"

#include <time.h>

/* RFC 9110: Sun, 06 Nov 1994 08:49:37 GMT; not by strftime's names, which a locale may change. */
static void add_date(struct mr_buf *out, int64_t wall_ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;

    if (gmtime_r(&seconds, &tm))
        (void)mr_buf_addf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday],
                          tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                          tm.tm_sec);
}

void gw_response_print(const struct gw_response_head *head, struct mr_buf *out)
{
    const struct gw_answer *answer = head->answer;

    (void)mr_buf_addf(out, "HTTP/1.1 %d %s\r\n", answer->status, gw_status_reason(answer->status));
    add_date(out, head->wall_ms);
    (void)mr_buf_addf(out, "X-Request-Id: %s\r\n", head->id);
    if (answer->content_type)
        (void)mr_buf_addf(out, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n",
                          answer->content_type);
    if (answer->status != 204 && answer->status != 304)
        (void)mr_buf_addf(out, "Content-Length: %lld\r\n", (long long)head->len);
    if (answer->headers)
        (void)mr_buf_add_str(out, answer->headers);
    if (head->close)
        (void)mr_buf_add_str(out, "Connection: close\r\n");
    else if (head->keep_alive_told)
        (void)mr_buf_add_str(out, "Connection: keep-alive\r\n");
    (void)mr_buf_add_str(out, "\r\n");
}

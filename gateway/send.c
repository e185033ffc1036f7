/* send.c -- 202 only after the broker's report: the tag of a message is what waits for it. */
#include "gateway/send.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "gateway/metrics.h"

#include <stdlib.h>
#include <string.h>

static void free_send(struct gw_send *send)
{
    if (send->release)
        send->release(send);
    free(send);
}

static void leave(struct gw_exchange *ex)
{
    struct gw_send *send = ex->work;

    send->ex = NULL;
    ex->work = NULL;
}

void gw_send_problem(struct gw_exchange *ex, enum mr_code code)
{
    if (code == MR_TOO_LARGE)
        gw_problem(ex, 413, mr_code_name(code), "the message is longer than the broker takes");
    else
        gw_problem_more(ex, 503, mr_code_name(MR_UNAVAILABLE),
                        "the queue did not confirm the message; it may be there all the same: ask "
                        "again with the same id or Idempotency-Key",
                        "Retry-After: 1\r\n", NULL);
}

static void note_failure(struct gw_app *app, enum mr_code code)
{
    int64_t now_ms = app->ports.clock->mono_ms(app->ports.clock);

    gw_count(GW_METRIC_SENDS_FAILED, 1);
    if (code == MR_TOO_LARGE)
        return;
    if (app->send_failed_ms == INT64_MIN || now_ms - app->send_failed_ms > GW_SEND_LATELY_MS)
        mr_log(MR_ERROR, "gateway.send_failed", " code=%s", mr_code_name(code));
    app->send_failed_ms = now_ms;
}

void gw_send_take(struct gw_app *app, struct gw_exchange *ex, struct gw_send *send,
                  const struct gw_message *message)
{
    struct mr_error err;
    enum mr_code rc;

    send->app = app;
    send->ex = ex;
    rc = mr_bus_send(app->ports.bus, message->topic, message->partition, message->key,
                     strlen(message->key), message->value, message->value ? message->len : 0, send,
                     &err);
    if (rc == MR_OK) {
        mr_fail_point("gateway.sent");
        if (ex) {
            ex->work = send;
            ex->gone = leave;
        }
        return;
    }
    note_failure(app, rc);
    free_send(send);
    if (ex)
        gw_send_problem(ex, rc);
}

void gw_send_on_sent(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                     int64_t time_ms)
{
    struct gw_send *send = tag;

    (void)partition;
    if (code)
        note_failure(owner, code);
    send->done(send, code, offset, time_ms);
    free_send(send);
}

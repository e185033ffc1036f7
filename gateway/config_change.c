/* config_change.c -- changes of millrace.config: one record after the other, each when the broker
 * has the one before, and an answer behind the last.  A client that leaves stops none of them. */
#include "gateway/handlers.h"
#include "gateway/send.h"

#include <stdlib.h>
#include <string.h>

struct change {
    struct gw_send send;
    struct change *next; /* sent when this one is stored */
    char *key;
    struct mr_buf value; /* len 0: removed */
    struct mr_buf body;  /* of the answer, in the last one; len 0: none */
    int status;
};

static void release(struct gw_send *send)
{
    struct change *change = (struct change *)send;

    free(change->key);
    mr_buf_release(&change->value);
    mr_buf_release(&change->body);
    if (change->next) {
        release(&change->next->send);
        free(change->next);
    }
}

static void send_change(struct gw_app *app, struct gw_exchange *ex, struct change *change)
{
    gw_send_take(app, ex, &change->send,
                 &(struct gw_message){.topic = app->topics.config,
                                      .partition = -1,
                                      .key = change->key,
                                      .value = change->value.len ? change->value.data : NULL,
                                      .len = change->value.len});
}

/* What the broker has holds, whatever becomes of the topic's reader or of Redis. */
static void on_report(struct gw_send *send, enum mr_code code, int64_t offset, int64_t time_ms)
{
    struct change *change = (struct change *)send, *next = change->next;
    struct gw_answer answer = {.status = change->status};

    (void)time_ms;
    if (code == MR_OK)
        gw_config_copy_apply(send->app, change->key, strlen(change->key),
                             change->value.len ? change->value.data : NULL, change->value.len,
                             offset);
    if (code == MR_OK && next) {
        change->next = NULL;
        send_change(send->app, send->ex, next);
        return;
    }
    if (!send->ex)
        return;
    if (code) {
        gw_send_problem(send->ex, code);
        return;
    }
    if (change->body.len > 0) {
        answer.content_type = "application/json";
        answer.body = change->body.data;
        answer.len = change->body.len;
    }
    gw_exchange_answer(send->ex, &answer);
}

void gw_changes_add(struct gw_changes *changes, const char *key, struct mr_buf *value)
{
    struct change *change = calloc(1, sizeof(*change));
    size_t size = strlen(key) + 1;

    if (change) {
        change->send.done = on_report;
        change->send.release = release;
        change->key = malloc(size);
        if (value)
            change->value = *value;
    } else if (value) {
        mr_buf_release(value);
    }
    changes->failed |= !change || !change->key || change->value.failed;
    if (!change)
        return;
    if (change->key)
        memcpy(change->key, key, size);
    if (changes->last)
        changes->last->next = change;
    else
        changes->first = change;
    changes->last = change;
}

void gw_changes_send(struct gw_app *app, struct gw_exchange *ex, struct gw_changes *changes,
                     int status, struct mr_buf *body)
{
    if (changes->last) {
        changes->last->status = status;
        if (body)
            changes->last->body = *body;
        changes->failed |= changes->last->body.failed;
    } else if (body) {
        mr_buf_release(body);
    }
    if (changes->failed || !changes->first) {
        if (changes->first) {
            release(&changes->first->send);
            free(changes->first);
        }
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
        return;
    }
    send_change(app, ex, changes->first);
}

void gw_config_change(struct gw_app *app, struct gw_exchange *ex, const char *key,
                      struct mr_buf *value, int status, struct mr_buf *body)
{
    struct gw_changes changes = {0};

    gw_changes_add(&changes, key, value);
    gw_changes_send(app, ex, &changes, status, body);
}

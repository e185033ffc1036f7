/* admit.c -- A1 to A6 of docs/lifecycle.md: take, check, into the shard's log, release.
 * One pass over what is there; nothing waits for one tenant: what must wait is set aside. */
#include "orchestrator/admit.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { TAKE_MAX = 512 };

/* A definition and the shards whose log has had it from this process. */
struct announcement {
    UT_hash_handle hh;
    bool reported, sending;
    int32_t shard;
    char *text; /* owned; NULL once it is reported */
    size_t len;
    char name[80]; /* "<shard>/<def>" */
};

struct announce_send {
    struct oc_send send;
    struct oc *oc;
    char name[80];
};

struct oc_admit {
    struct mr_queue *jobs, *results;
    struct oc_admit_item *waiting; /* all that are not SENDING */
    size_t pending;                /* SENDING too */
    struct announcement *announced;
    struct mr_msg msgs[TAKE_MAX];
    int64_t pause_until_ms;
};

enum { ANNOUNCED_MAX = 100000 }; /* definitions times shards remembered; then all are forgotten */

static void pause_sends(struct oc *oc)
{
    oc->admit->pause_until_ms = oc->clock->mono_ms(oc->clock) + oc->config->send_retry_ms;
}

/* ---- definitions --------------------------------------------------------------------------------
 */

static void announced_clear(struct oc_admit *admit)
{
    struct announcement *entry, *next;

    HASH_ITER(hh, admit->announced, entry, next)
    {
        HASH_DEL(admit->announced, entry);
        free(entry->text);
        free(entry);
    }
}

static void definition_reported(struct oc_send *send, enum mr_code code, int32_t partition,
                                int64_t offset, int64_t time_ms)
{
    struct announce_send *said = (struct announce_send *)send;
    struct announcement *entry = NULL;

    (void)partition, (void)offset, (void)time_ms;
    HASH_FIND_STR(said->oc->admit->announced, said->name, entry);
    if (entry) {
        entry->sending = false;
        entry->reported = entry->reported || code == MR_OK;
    }
    if (entry && entry->reported) {
        free(entry->text);
        entry->text = NULL;
    }
    if (code) {
        mr_log(MR_WARN, "admit.definition", " definition=%s code=%s", said->name,
               mr_code_name(code));
        pause_sends(said->oc);
    }
    free(said);
}

static void send_definition(struct oc *oc, struct announcement *entry)
{
    struct announce_send *send = calloc(1, sizeof *send);
    struct mr_event event = {.kind = MR_EVENT_DEFINITION,
                             .def = strchr(entry->name, '/') + 1,
                             .definition_text = entry->text,
                             .definition_len = entry->len};
    struct mr_buf text = {0};
    struct mr_error err;

    if (send && mr_event_print(&event, &text) == MR_OK) {
        send->send.done = definition_reported;
        send->oc = oc;
        (void)snprintf(send->name, sizeof send->name, "%s", entry->name);
        if (mr_bus_send(oc->bus, oc->topics.log, entry->shard, NULL, 0, text.data, text.len,
                        &send->send, &err) == MR_OK) {
            entry->sending = true;
            send = NULL;
        }
    }
    free(send);
    mr_buf_release(&text);
}

static struct announcement *announcement_get(struct oc_admit *admit, int32_t shard, const char *def)
{
    struct announcement *entry = NULL;
    char name[80];

    (void)snprintf(name, sizeof name, "%" PRId32 "/%s", shard, def);
    HASH_FIND_STR(admit->announced, name, entry);
    return entry;
}

static struct announcement *announcement_new(struct oc_admit *admit, int32_t shard, const char *def,
                                             const char *text, size_t len)
{
    struct announcement *entry = calloc(1, sizeof *entry);

    if (HASH_COUNT(admit->announced) >= ANNOUNCED_MAX)
        announced_clear(admit); /* items that wait for one of them are read again */
    if (!entry)
        return NULL;
    entry->text = malloc(len + 1);
    if (!entry->text) {
        free(entry);
        return NULL;
    }
    memcpy(entry->text, text, len);
    entry->len = len;
    entry->shard = shard;
    (void)snprintf(entry->name, sizeof entry->name, "%" PRId32 "/%s", shard, def);
    HASH_ADD_STR(admit->announced, name, entry);
    return entry;
}

bool oc_admit_announced(struct oc *oc, int32_t shard, const char *def, const char *text, size_t len)
{
    struct announcement *entry = announcement_get(oc->admit, shard, def);

    if (!entry && text)
        entry = announcement_new(oc->admit, shard, def, text, len);
    if (entry && !entry->reported && !entry->sending)
        send_definition(oc, entry);
    return entry && entry->reported;
}

/* ---- items --------------------------------------------------------------------------------------
 */

static void item_free(struct oc_admit *admit, struct oc_admit_item *item)
{
    mr_buf_release(&item->bytes);
    free(item);
    admit->pending--;
}

static void item_done(struct oc_admit *admit, struct oc_admit_item *item)
{
    mr_queue_release(item->queue, item->msg.partition, item->msg.offset);
    mr_fail_point("admit.released");
    item_free(admit, item);
}

/* The bus does not take it. true: it is a dead letter now, to be sent; false: it is one already. */
static bool too_large(struct oc *oc, struct oc_admit_item *item)
{
    struct mr_error why, err;

    mr_log(MR_ALARM, "admit.too_large", " topic=%s partition=%" PRId32 " offset=%" PRId64,
           item->topic, item->msg.partition, item->msg.offset);
    if (item->topic == oc->topics.dlq)
        return false;
    (void)mr_fail(&why, MR_TOO_LARGE, "its event: %zu bytes, at most %d are allowed",
                  item->bytes.len, MR_BUS_MESSAGE_MAX);
    if (oc_admit_dead(oc, item, &item->msg, &why, &err))
        item->state = OC_ADMIT_AGAIN;
    return true;
}

static void item_reported(struct oc_send *send, enum mr_code code, int32_t partition,
                          int64_t offset, int64_t time_ms)
{
    struct oc_admit_item *item = (struct oc_admit_item *)send;
    struct oc *oc = item->oc;

    (void)partition, (void)offset, (void)time_ms;
    item->state = OC_ADMIT_READY;
    if (code == MR_OK)
        mr_fail_point("admit.reported");
    if (code == MR_OK || (code == MR_TOO_LARGE && !too_large(oc, item))) {
        item_done(oc->admit, item);
        return;
    }
    DL_APPEND(oc->admit->waiting, item);
    pause_sends(oc);
    mr_log(MR_WARN, "admit.again", " offset=%" PRId64 " code=%s", item->msg.offset,
           mr_code_name(code));
}

/* true: it is on its way or done with, and must not be in the waiting list. */
static bool item_send(struct oc *oc, struct oc_admit_item *item)
{
    struct mr_error err;
    enum mr_code rc;

    item->send.done = item_reported;
    rc = mr_bus_send(oc->bus, item->topic, item->partition, item->key, strlen(item->key),
                     item->bytes.data, item->bytes.len, &item->send, &err);
    if (rc == MR_OK) {
        item->state = OC_ADMIT_SENDING;
        if (item->topic == oc->topics.dlq)
            mr_fail_point("admit.dead");
        else
            mr_fail_point("admit.appended");
        return true;
    }
    if (rc == MR_TOO_LARGE && !too_large(oc, item)) {
        item_done(oc->admit, item);
        return true;
    }
    if (rc != MR_BUSY && rc != MR_TOO_LARGE) {
        mr_log_error(MR_WARN, "admit.send", &err, " topic=%s", item->topic);
        pause_sends(oc);
    }
    return false;
}

/* ---- what waits ---------------------------------------------------------------------------------
 */

/* Reads it again; true: it is to be sent. */
static bool read_again(struct oc *oc, struct oc_admit_item *item)
{
    struct mr_error err;

    if (item->read(oc, item, &item->msg, &err)) {
        mr_log_error(MR_ALARM, "admit.memory", &err, " offset=%" PRId64, item->msg.offset);
        pause_sends(oc);
        return false;
    }
    return item->state == OC_ADMIT_READY;
}

/* *config_end: of the config as it is now, asked once for all that wait for a name; -1: not yet. */
static bool waits_no_more(struct oc *oc, struct oc_admit_item *item, int64_t *config_end)
{
    struct announcement *entry;
    struct mr_error err;

    switch (item->state) {
    case OC_ADMIT_READY:
        return true;
    case OC_ADMIT_SENDING:
        return false;
    case OC_ADMIT_AGAIN:
        item->state = OC_ADMIT_READY;
        item->topic = oc->topics.log;
        if (read_again(oc, item))
            return true;
        if (item->state == OC_ADMIT_READY)
            item->state = OC_ADMIT_AGAIN;
        return false;
    case OC_ADMIT_NAME:
        if (item->wait_config < 0 && *config_end < 0 &&
            oc_config_copy_end(&oc->workflows, config_end, &err)) {
            mr_log_error(MR_WARN, "admit.config", &err, " offset=%" PRId64, item->msg.offset);
            pause_sends(oc);
            return false;
        }
        if (item->wait_config < 0)
            item->wait_config = *config_end;
        return oc->workflows.next >= item->wait_config && read_again(oc, item);
    case OC_ADMIT_DEFINITION:
        entry = announcement_get(oc->admit, item->partition, item->def);
        if (!entry)
            return read_again(oc, item);
        if (!entry->reported && !entry->sending)
            send_definition(oc, entry);
        return entry->reported;
    }
    return false;
}

static bool paused(const struct oc *oc)
{
    return oc->clock->mono_ms(oc->clock) < oc->admit->pause_until_ms;
}

static int retry_waiting(struct oc *oc)
{
    struct oc_admit *admit = oc->admit;
    struct oc_admit_item *item, *next;
    int64_t config_end = -1;
    int done = 0;

    DL_FOREACH_SAFE(admit->waiting, item, next)
    {
        if (paused(oc))
            break;
        if (!waits_no_more(oc, item, &config_end))
            continue;
        item->state = OC_ADMIT_READY;
        DL_DELETE(admit->waiting, item);
        if (!item_send(oc, item)) {
            DL_PREPEND(admit->waiting, item);
            break;
        }
        done++;
    }
    return done;
}

static int take(struct oc *oc, struct mr_queue *queue, oc_admit_fn *read)
{
    struct oc_admit *admit = oc->admit;
    struct mr_error err;
    int n = mr_queue_take(queue, admit->msgs, TAKE_MAX, &err);

    if (n < 0) {
        mr_log_error(MR_WARN, "admit.take", &err, " %s", "");
        return 0;
    }
    if (n > 0)
        mr_fail_point("admit.taken");
    for (int i = 0; i < n; i++) {
        const struct mr_msg *msg = &admit->msgs[i];
        struct oc_admit_item *item = calloc(1, sizeof *item);

        if (!item) { /* stays taken until the next start: nothing is lost */
            mr_log(MR_ALARM, "admit.memory", " offset=%" PRId64, msg->offset);
            continue;
        }
        *item = (struct oc_admit_item){
            .oc = oc, .queue = queue, .read = read, .msg = *msg, .topic = oc->topics.log};
        admit->pending++;
        if (read(oc, item, msg, &err)) {
            mr_log_error(MR_ALARM, "admit.memory", &err, " offset=%" PRId64, msg->offset);
            item->state = OC_ADMIT_AGAIN;
        }
        if (item->state != OC_ADMIT_READY || admit->waiting || paused(oc) || !item_send(oc, item))
            DL_APPEND(admit->waiting, item);
    }
    return n;
}

int oc_admit_pass(struct oc *oc)
{
    int done;

    if (!oc_config_copy_ready(&oc->workflows)) /* names may still mean what they meant long ago */
        return 0;
    done = retry_waiting(oc);
    done += take(oc, oc->admit->jobs, oc_admit_job);
    return done + take(oc, oc->admit->results, oc_admit_result);
}

size_t oc_admit_pending(const struct oc *oc)
{
    return oc->admit ? oc->admit->pending : 0;
}

enum mr_code oc_admit_open(struct oc *oc, struct mr_error *err)
{
    struct oc_admit *admit = calloc(1, sizeof *admit);
    const int window = (int)oc->config->admit_window;
    char group[MR_TOPIC_MAX];

    if (!admit)
        return mr_fail(err, MR_NO_MEMORY, "admit");
    oc->admit = admit;
    (void)snprintf(group, sizeof group, "%.80s.admit", oc->cluster->topics);
    admit->jobs = mr_queue_open(oc->bus, oc->topics.jobs, group, window, err);
    if (!admit->jobs)
        return err ? err->code : MR_UNAVAILABLE;
    admit->results = mr_queue_open(oc->bus, oc->topics.results, group, window, err);
    if (!admit->results)
        return err ? err->code : MR_UNAVAILABLE;
    return MR_OK;
}

void oc_admit_queues(const struct oc *oc, struct mr_queue *ret[2])
{
    ret[0] = oc->admit->jobs;
    ret[1] = oc->admit->results;
}

void oc_admit_close(struct oc *oc)
{
    struct oc_admit *admit = oc->admit;
    struct oc_admit_item *item, *next;

    if (!admit)
        return;
    DL_FOREACH_SAFE(admit->waiting, item, next)
    {
        item_free(admit, item);
    }
    if (admit->jobs)
        mr_queue_free(admit->jobs);
    if (admit->results)
        mr_queue_free(admit->results);
    announced_clear(admit);
    free(admit);
    oc->admit = NULL;
}

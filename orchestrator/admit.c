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
    char *text; /* owned; until it is reported */
    size_t len;
    char name[80]; /* "<shard>/<def>" */
};

struct announce_send {
    struct oc_send send;
    struct oc_admit *admit;
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

/* ---- definitions -------------------------------------------------------------------------------- */

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
    HASH_FIND_STR(said->admit->announced, said->name, entry);
    if (entry) {
        entry->sending = false;
        entry->reported = code == MR_OK;
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
        send->admit = oc->admit;
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

bool oc_admit_announced(struct oc *oc, int32_t shard, const char *def, const char *text, size_t len)
{
    struct oc_admit *admit = oc->admit;
    struct announcement *entry = NULL;
    char name[80];

    (void)snprintf(name, sizeof name, "%" PRId32 "/%s", shard, def);
    HASH_FIND_STR(admit->announced, name, entry);
    if (!entry && text) {
        if (HASH_COUNT(admit->announced) >= ANNOUNCED_MAX)
            announced_clear(admit);
        entry = calloc(1, sizeof *entry);
        if (!entry)
            return false;
        entry->text = malloc(len + 1);
        if (!entry->text) {
            free(entry);
            return false;
        }
        memcpy(entry->text, text, len);
        entry->len = len;
        entry->shard = shard;
        (void)snprintf(entry->name, sizeof entry->name, "%s", name);
        HASH_ADD_STR(admit->announced, name, entry);
    }
    if (!entry)
        return false;
    if (entry->reported)
        return true;
    if (!entry->sending)
        send_definition(oc, entry);
    return false;
}

/* ---- items -------------------------------------------------------------------------------------- */

static void item_free(struct oc_admit *admit, struct oc_admit_item *item)
{
    mr_buf_release(&item->bytes);
    free(item);
    admit->pending--;
}

static void item_reported(struct oc_send *send, enum mr_code code, int32_t partition,
                          int64_t offset, int64_t time_ms)
{
    struct oc_admit_item *item = (struct oc_admit_item *)send;
    struct oc_admit *admit = item->oc->admit;

    (void)partition, (void)offset, (void)time_ms;
    if (code == MR_OK || code == MR_TOO_LARGE) {
        mr_fail_point("admit.reported");
        if (code)
            mr_log(MR_ALARM, "admit.too_large", " partition=%" PRId32 " offset=%" PRId64,
                   item->from_partition, item->from_offset);
        mr_queue_release(item->queue, item->from_partition, item->from_offset);
        mr_fail_point("admit.released");
        item_free(admit, item);
        return;
    }
    item->state = OC_ADMIT_READY;
    DL_APPEND(admit->waiting, item);
    admit->pause_until_ms =
        item->oc->clock->mono_ms(item->oc->clock) + item->oc->config->send_retry_ms;
    mr_log(MR_WARN, "admit.again", " offset=%" PRId64 " code=%s", item->from_offset,
           mr_code_name(code));
}

/* true: it is on its way, and no longer in the waiting list. */
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
    if (rc != MR_BUSY) {
        mr_log_error(MR_WARN, "admit.send", &err, " topic=%s", item->topic);
        oc->admit->pause_until_ms = oc->clock->mono_ms(oc->clock) + oc->config->send_retry_ms;
    }
    return false;
}

static int retry_waiting(struct oc *oc)
{
    struct oc_admit *admit = oc->admit;
    struct oc_admit_item *item, *next;
    struct mr_error err;
    int done = 0;

    if (oc->clock->mono_ms(oc->clock) < admit->pause_until_ms)
        return 0;
    DL_FOREACH_SAFE(admit->waiting, item, next)
    {
        if (item->state == OC_ADMIT_NAME && oc->workflows.next >= item->wait_config &&
            oc_admit_job(oc, item, &item->msg, &err) != MR_OK)
            continue;
        if (item->state == OC_ADMIT_DEFINITION &&
            oc_admit_announced(oc, item->partition, item->def, NULL, 0))
            item->state = OC_ADMIT_READY;
        if (item->state != OC_ADMIT_READY)
            continue;
        DL_DELETE(admit->waiting, item);
        if (!item_send(oc, item)) {
            DL_PREPEND(admit->waiting, item);
            break;
        }
        done++;
    }
    return done;
}

typedef enum mr_code admit_fn(struct oc *, struct oc_admit_item *, const struct mr_msg *,
                              struct mr_error *err);

static int take(struct oc *oc, struct mr_queue *queue, admit_fn *fn)
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
        *item = (struct oc_admit_item){.oc = oc, .queue = queue, .msg = *msg,
                                       .from_partition = msg->partition,
                                       .from_offset = msg->offset, .topic = oc->topics.log};
        admit->pending++;
        if (fn(oc, item, msg, &err)) {
            mr_log_error(MR_ALARM, "admit.memory", &err, " offset=%" PRId64, msg->offset);
            item_free(admit, item);
            continue;
        }
        if (item->state != OC_ADMIT_READY || admit->waiting || !item_send(oc, item))
            DL_APPEND(admit->waiting, item);
    }
    return n;
}

int oc_admit_pass(struct oc *oc)
{
    int done = retry_waiting(oc);

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

/* outbox.c -- lists and one index; sends nothing itself. */
#include "orchestrator/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

void oc_send_report(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                    int64_t time_ms)
{
    struct oc_send *send = tag;

    (void)owner;
    if (send)
        send->done(send, code, partition, offset, time_ms);
}

enum mr_code oc_ops_add(struct mr_batch_op **ops, size_t *count, size_t *cap,
                        const struct mr_batch_op *op, struct mr_error *err)
{
    if (*count == *cap) {
        size_t more = *cap ? 2 * *cap : 256;
        struct mr_batch_op *grown = realloc(*ops, more * sizeof *grown);

        if (!grown)
            return mr_fail(err, MR_NO_MEMORY, "batch of %zu writes", *count);
        *ops = grown;
        *cap = more;
    }
    (*ops)[(*count)++] = *op;
    return MR_OK;
}

void oc_outbox_init(struct oc_outbox *outbox, struct oc *oc)
{
    *outbox = (struct oc_outbox){.oc = oc};
}

static struct oc_effect **list_of(struct oc_outbox *outbox, struct oc_effect *effect)
{
    switch (effect->state) {
    case OC_FRESH:
        return &outbox->fresh;
    case OC_READY:
        if (effect->kind == OC_EFFECT_EVALUATE)
            return &outbox->asks;
        return effect->class_of ? &effect->class_of->ready : &outbox->ready;
    case OC_SENT:
        return &outbox->sent;
    case OC_TRIMMING:
        return &outbox->trimming;
    case OC_SENDING:
        return NULL;
    }
    return NULL;
}

static bool is_to_child(const struct oc_effect *effect)
{
    return effect->kind == OC_EFFECT_CHILD || effect->kind == OC_EFFECT_WORD;
}

static void move(struct oc_outbox *outbox, struct oc_effect *effect, enum oc_effect_state state)
{
    struct oc_effect **from = list_of(outbox, effect), **to;

    if (from)
        DL_DELETE(*from, effect);
    if (effect->state == OC_SENDING && is_to_child(effect))
        HASH_DELETE(hh_key, outbox->busy, effect);
    if (effect->state == OC_FRESH) {
        outbox->fresh_count--;
        outbox->fresh_bytes -= effect->payload_len;
    }
    if (effect->state == OC_SENT)
        outbox->sent_count--;
    effect->state = state;
    if (state == OC_SENT)
        outbox->sent_count++;
    to = list_of(outbox, effect);
    if (to)
        DL_APPEND(*to, effect);
}

static void forget(struct oc_outbox *outbox, struct oc_effect *effect)
{
    struct oc_effect **list = list_of(outbox, effect);

    if (list)
        DL_DELETE(*list, effect);
    if (effect->state == OC_FRESH) {
        outbox->fresh_count--;
        outbox->fresh_bytes -= effect->payload_len;
    }
    if (effect->state == OC_SENT)
        outbox->sent_count--;
    HASH_DEL(outbox->by_field, effect);
    free(effect);
}

void oc_outbox_release(struct oc_outbox *outbox)
{
    struct oc_effect *effect, *next;
    struct oc_class *class_of, *next_class;
    struct oc_sent_task *task, *next_task;

    HASH_CLEAR(hh_key, outbox->busy);
    HASH_ITER(hh, outbox->by_field, effect, next)
    {
        HASH_DEL(outbox->by_field, effect);
        if (effect->state == OC_SENDING)
            effect->outbox = NULL; /* its report frees it */
        else
            free(effect);
    }
    HASH_ITER(hh, outbox->sent_tasks, task, next_task)
    {
        HASH_DEL(outbox->sent_tasks, task);
        free(task);
    }
    HASH_ITER(hh, outbox->classes, class_of, next_class)
    {
        HASH_DEL(outbox->classes, class_of);
        free(class_of);
    }
    *outbox = (struct oc_outbox){.oc = outbox->oc};
}

static struct oc_class *class_get(struct oc_outbox *outbox, const char *name,
                                  const struct mr_topics *topics)
{
    struct oc_class *found = NULL;

    HASH_FIND_STR(outbox->classes, name, found);
    if (found)
        return found;
    found = calloc(1, sizeof *found);
    if (!found)
        return NULL;
    (void)strncpy(found->name, name, sizeof found->name - 1);
    mr_topic_of_class(topics, name, found->topic);
    HASH_ADD_STR(outbox->classes, name, found);
    return found;
}

static enum mr_code insert(struct oc_outbox *outbox, const struct oc_new_effect *new_effect,
                           const struct mr_topics *topics, bool persisted, struct mr_error *err)
{
    const size_t field_len = strlen(new_effect->field), key_len = strlen(new_effect->key);
    const size_t class_len = strlen(new_effect->class_name);
    struct oc_effect *effect = NULL;
    char *bytes;

    HASH_FIND(hh, outbox->by_field, new_effect->field, field_len, effect);
    if (effect)
        return MR_OK;
    effect =
        calloc(1, sizeof *effect + field_len + key_len + class_len + new_effect->payload_len + 4);
    if (!effect)
        return mr_fail(err, MR_NO_MEMORY, "effect %s", new_effect->field);
    effect->outbox = outbox;
    effect->persisted = persisted;
    effect->kind = new_effect->kind;
    if (effect->kind == OC_EFFECT_TASK) {
        effect->class_of = class_get(outbox, new_effect->class_name, topics);
        if (!effect->class_of) {
            free(effect);
            return mr_fail(err, MR_NO_MEMORY, "class %s", new_effect->class_name);
        }
    }
    bytes = (char *)(effect + 1);
    effect->field = memcpy(bytes, new_effect->field, field_len + 1);
    effect->field_len = field_len;
    bytes += field_len + 1;
    effect->key = memcpy(bytes, new_effect->key, key_len + 1);
    effect->key_len = key_len;
    bytes += key_len + 1;
    effect->class_name = memcpy(bytes, new_effect->class_name, class_len + 1);
    bytes += class_len + 1;
    effect->payload = memcpy(bytes, new_effect->payload, new_effect->payload_len);
    effect->payload_len = new_effect->payload_len;
    effect->state = persisted ? OC_READY : OC_FRESH;
    HASH_ADD_KEYPTR(hh, outbox->by_field, effect->field, effect->field_len, effect);
    DL_APPEND(*list_of(outbox, effect), effect);
    if (!persisted) {
        outbox->fresh_count++;
        outbox->fresh_bytes += effect->payload_len;
    }
    return MR_OK;
}

enum mr_code oc_outbox_add(struct oc_outbox *outbox, const struct oc_new_effect *new_effect,
                           const struct mr_topics *topics, struct mr_error *err)
{
    return insert(outbox, new_effect, topics, false, err);
}

/* value: class NUL key NUL payload */
enum mr_code oc_outbox_load(struct oc_outbox *outbox, const char *field, const char *value,
                            size_t len, const struct mr_topics *topics, struct mr_error *err)
{
    const char *class_end = memchr(value, '\0', len);
    const char *key = class_end ? class_end + 1 : NULL;
    const char *key_end = key ? memchr(key, '\0', len - (size_t)(key - value)) : NULL;
    struct oc_new_effect new_effect;

    if (!key_end || field[0] == '\0')
        return mr_fail(err, MR_CORRUPT, "outbox entry %.80s is not of its form", field);
    new_effect = (struct oc_new_effect){field[0], field,       value,
                                        key,      key_end + 1, len - (size_t)(key_end + 1 - value)};
    return insert(outbox, &new_effect, topics, true, err);
}

/* Where a word stands among those to its child: by the round it belongs to, and in it first what
 * begins it, last what ends it. */
static int64_t place_of(const struct oc_effect *effect)
{
    uint32_t attempt = 0;
    char word[8] = "";

    if (effect->kind != OC_EFFECT_WORD ||
        sscanf(effect->field, "w:%*[^:]:%*[0-9]:%" SCNu32 ":%*[0-9]:%7s", &attempt, word) != 2)
        return -1;
    return (int64_t)attempt * 4 + (strcmp(word, "again") == 0 ? 0
                                   : strcmp(word, "ask") == 0 ? 1
                                                              : 2);
}

static int by_place(struct oc_effect *a, struct oc_effect *b)
{
    const int64_t x = place_of(a), y = place_of(b);

    return (x > y) - (x < y);
}

void oc_outbox_loaded(struct oc_outbox *outbox)
{
    DL_SORT(outbox->ready, by_place);
}

bool oc_outbox_waits(const struct oc_effect *effect)
{
    struct oc_effect *other = NULL;

    if (is_to_child(effect))
        HASH_FIND(hh_key, effect->outbox->busy, effect->key, effect->key_len, other);
    return other != NULL;
}

static void sent_task_end(struct oc_outbox *outbox, const char *field)
{
    struct oc_sent_task *task = NULL;

    HASH_FIND(hh, outbox->sent_tasks, field, strlen(field), task);
    if (!task)
        return;
    task->class_of->outstanding--;
    HASH_DEL(outbox->sent_tasks, task);
    free(task);
}

void oc_outbox_end_task(struct oc_outbox *outbox, const char *field)
{
    struct oc_effect *effect = NULL;

    sent_task_end(outbox, field);
    HASH_FIND(hh, outbox->by_field, field, strlen(field), effect);
    if (!effect)
        return;
    if (effect->state == OC_FRESH)
        forget(outbox, effect); /* was never written */
    else if (effect->state == OC_READY)
        move(outbox, effect, OC_SENT); /* trimmed like one that was sent */
    else
        effect->unwanted = true;
}

bool oc_outbox_has(const struct oc_outbox *outbox, const char *field)
{
    struct oc_effect *effect = NULL;

    HASH_FIND(hh, outbox->by_field, field, strlen(field), effect);
    return effect && effect->state != OC_SENT && effect->state != OC_TRIMMING;
}

static enum mr_code write_put(const struct oc_effect *effect, struct asl_arena *arena,
                              struct mr_batch_op *op, struct mr_error *err)
{
    const char *class_name = effect->class_name;
    const size_t class_len = strlen(class_name);
    const size_t len = class_len + 1 + effect->key_len + 1 + effect->payload_len;
    char *value = asl_arena_take(arena, len + 1);

    if (!value)
        return mr_fail(err, MR_NO_MEMORY, "outbox entry of %zu bytes", len);
    memcpy(value, class_name, class_len + 1);
    memcpy(value + class_len + 1, effect->key, effect->key_len + 1);
    memcpy(value + class_len + 1 + effect->key_len + 1, effect->payload, effect->payload_len);
    *op = (struct mr_batch_op){.kind = MR_BATCH_OUT,
                               .key = effect->field,
                               .key_len = effect->field_len,
                               .a = value,
                               .a_len = len};
    return MR_OK;
}

enum mr_code oc_outbox_write(struct oc_outbox *outbox, struct asl_arena *arena,
                             struct mr_batch_op **ops, size_t *count, size_t *cap,
                             struct mr_error *err)
{
    struct oc_effect *effect, *next;
    struct mr_batch_op op;
    enum mr_code rc;

    DL_FOREACH(outbox->fresh, effect)
    {
        rc = write_put(effect, arena, &op, err);
        if (!rc)
            rc = oc_ops_add(ops, count, cap, &op, err);
        if (rc)
            return rc;
    }
    DL_FOREACH_SAFE(outbox->sent, effect, next)
    {
        op = (struct mr_batch_op){
            .kind = MR_BATCH_OUT_DEL, .key = effect->field, .key_len = effect->field_len};
        rc = oc_ops_add(ops, count, cap, &op, err);
        if (rc)
            return rc;
        move(outbox, effect, OC_TRIMMING);
    }
    return MR_OK;
}

void oc_outbox_commit(struct oc_outbox *outbox)
{
    struct oc_effect *effect, *next;

    DL_FOREACH_SAFE(outbox->fresh, effect, next)
    {
        effect->persisted = true;
        move(outbox, effect, OC_READY);
    }
    DL_FOREACH_SAFE(outbox->trimming, effect, next)
    {
        forget(outbox, effect);
    }
}

static void count_task(struct oc_outbox *outbox, struct oc_effect *effect)
{
    struct oc_sent_task *task = NULL;

    HASH_FIND(hh, outbox->sent_tasks, effect->field, effect->field_len, task);
    if (task)
        return;
    task = calloc(1, sizeof *task + effect->field_len + 1);
    if (!task)
        return; /* the bound is a little wider for it, nothing else */
    task->class_of = effect->class_of;
    task->field_len = effect->field_len;
    memcpy(task->field, effect->field, effect->field_len);
    HASH_ADD_KEYPTR(hh, outbox->sent_tasks, task->field, task->field_len, task);
    effect->class_of->outstanding++;
}

void oc_outbox_sending(struct oc_effect *effect)
{
    if (effect->class_of)
        count_task(effect->outbox, effect);
    move(effect->outbox, effect, OC_SENDING);
    if (is_to_child(effect))
        HASH_ADD_KEYPTR(hh_key, effect->outbox->busy, effect->key, effect->key_len, effect);
}

void oc_outbox_sent(struct oc_effect *effect, int64_t now_ms)
{
    struct oc_outbox *outbox = effect->outbox;

    if (!outbox) {
        free(effect);
        return;
    }
    if (outbox->sent_count == 0)
        outbox->sent_since_ms = now_ms;
    move(outbox, effect, OC_SENT);
}

void oc_outbox_again(struct oc_effect *effect)
{
    struct oc_outbox *outbox = effect->outbox;

    if (!outbox) {
        free(effect);
        return;
    }
    if (effect->class_of)
        sent_task_end(outbox, effect->field);
    move(outbox, effect, effect->unwanted ? OC_SENT : OC_READY);
    if (effect->unwanted || !is_to_child(effect))
        return;
    DL_DELETE(outbox->ready, effect); /* before what was said to its child since */
    DL_PREPEND(outbox->ready, effect);
}

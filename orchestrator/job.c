/* job.c -- a job's memory and its text.  Knows no Redis and no bus. */
#include "orchestrator/job.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "common/model/starters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from ? from : "");
}

enum mr_code oc_job_new(const struct mr_event *submit, int64_t time_ms, struct asl_machine *machine,
                        struct oc_job **ret, struct mr_error *err)
{
    struct oc_job *job = calloc(1, sizeof *job);
    struct asl_start start;
    enum mr_code rc;

    if (!job)
        return mr_fail(err, MR_NO_MEMORY, "job %s", submit->job);
    copy(job->id, sizeof job->id, submit->job);
    copy(job->tenant, sizeof job->tenant, submit->tenant);
    copy(job->workflow, sizeof job->workflow, submit->workflow);
    copy(job->def, sizeof job->def, submit->def);
    copy(job->nonce, sizeof job->nonce, submit->nonce);
    copy(job->sum, sizeof job->sum, submit->sum);
    if (submit->parent.token_text)
        oc_job_parent(job, &submit->parent);
    job->is_inline = submit->definition != NULL;
    job->created_ms = time_ms;
    start = (struct asl_start){.job = job->id,
                               .workflow = job->workflow,
                               .name = submit->name,
                               .tenant = job->tenant,
                               .flow = submit->parent.flow,
                               .engine = (uint32_t)submit->engine,
                               .seed = mr_hash64(0, job->nonce, strlen(job->nonce))};
    rc = asl_run_new(machine, &start, &job->run, err);
    if (!rc && submit->parent.named)
        rc = mr_starters_add(&job->starters, &submit->parent, err);
    if (rc) {
        oc_job_free(job);
        return rc;
    }
    *ret = job;
    return MR_OK;
}

void oc_job_parent(struct oc_job *job, const struct mr_parent *parent)
{
    copy(job->parent_token, sizeof job->parent_token, parent->token_text);
    job->parent = *parent;
    job->parent.token_text = NULL;
}

void oc_job_free(struct oc_job *job)
{
    if (!job)
        return;
    asl_run_free(job->run);
    cJSON_Delete(job->starters);
    cJSON_Delete(job->named);
    cJSON_Delete(job->chain);
    mr_buf_release(&job->pairs);
    free(job);
}

/* ---- text: {"v":1,...} LF run -------------------------------------------------------------------
 */

enum mr_code oc_job_encode(struct oc_job *job, const struct asl_values_fn *values,
                           struct mr_buf *buf, struct mr_error *err)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", 1);
    mr_jw_str(&w, "tenant", job->tenant);
    mr_jw_str(&w, "workflow", job->workflow);
    mr_jw_str(&w, "def", job->def);
    mr_jw_str(&w, "nonce", job->nonce);
    mr_jw_str(&w, "sum", job->sum);
    mr_jw_bool(&w, "inline", job->is_inline);
    mr_jw_int(&w, "created", job->created_ms);
    mr_jw_int(&w, "rev", (int64_t)job->rev);
    if (job->chain)
        mr_jw_item(&w, "chain", job->chain);
    if (job->starters)
        mr_jw_item(&w, "starters", job->starters);
    if (job->named)
        mr_jw_item(&w, "named", job->named);
    if (job->parent_token[0]) {
        struct mr_parent parent = job->parent;

        parent.token_text = job->parent_token;
        mr_parent_write(&w, &parent);
    }
    mr_jw_close(&w, '}');
    (void)mr_buf_add_char(buf, '\n');
    if (buf->failed)
        return mr_fail(err, MR_NO_MEMORY, "state of job %s", job->id);
    return asl_run_encode(job->run, values, buf, err);
}

static enum mr_code read_head(const cJSON *head, struct oc_job *job, struct mr_error *err)
{
    const struct {
        const char *name;
        char *to;
        size_t size;
    } texts[] = {
        {"tenant", job->tenant, sizeof job->tenant},
        {"workflow", job->workflow, sizeof job->workflow},
        {"def", job->def, sizeof job->def},
        {"nonce", job->nonce, sizeof job->nonce},
        {"sum", job->sum, sizeof job->sum},
    };
    struct mr_parent parent = {0};
    int64_t rev = 0;
    enum mr_code rc;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = NULL;

        rc = mr_json_str(head, "", texts[i].name, texts[i].size - 1, &text, err);
        if (rc)
            return rc;
        copy(texts[i].to, texts[i].size, text);
    }
    if ((rc = mr_json_bool_opt(head, "", "inline", &job->is_inline, err)) ||
        (rc = mr_json_int(head, "", "created", 0, INT64_MAX, &job->created_ms, err)) ||
        (rc = mr_json_int(head, "", "rev", 0, INT64_MAX, &rev, err)) ||
        (rc = mr_parent_read(mr_json_get(head, "parent"), &parent, err)))
        return rc;
    if (parent.token_text)
        oc_job_parent(job, &parent);
    job->rev = (uint64_t)rev;
    return MR_OK;
}

enum mr_code oc_job_decode_head(const struct mr_job_load *load, struct oc_job_text *ret,
                                struct mr_error *err)
{
    const char *end = load->run.data ? memchr(load->run.data, '\n', load->run.len) : NULL;
    struct oc_job *job = NULL;
    cJSON *head = NULL;
    enum mr_code rc;

    if (!end)
        return mr_fail(err, MR_CORRUPT, "state of job %s has no head", load->job);
    rc = mr_json_parse(load->run.data, (size_t)(end - load->run.data), &mr_json_limits_message,
                       &head, err);
    if (rc)
        goto done;
    job = calloc(1, sizeof *job);
    if (!job) {
        rc = mr_fail(err, MR_NO_MEMORY, "job %s", load->job);
        goto done;
    }
    copy(job->id, sizeof job->id, load->job);
    rc = read_head(head, job, err);
    if (rc)
        goto done;
    rc = mr_starters_check(mr_json_get(head, "starters"), err);
    if (rc)
        goto done;
    job->starters = cJSON_DetachItemFromObjectCaseSensitive(head, "starters");
    job->named = cJSON_DetachItemFromObjectCaseSensitive(head, "named");
    job->chain = cJSON_DetachItemFromObjectCaseSensitive(head, "chain");
    *ret = (struct oc_job_text){job, end + 1, load->run.len - (size_t)(end + 1 - load->run.data)};
    job = NULL;
done:
    cJSON_Delete(head);
    oc_job_free(job);
    return rc;
}

bool oc_job_value(const struct mr_job_load *load, uint32_t id, const char **text, size_t *len)
{
    const char *p = load->vals.data, *end = p ? p + load->vals.len : NULL;

    while (p && p < end) {
        char *next = NULL;
        const unsigned long long found = strtoull(p, NULL, 10);
        const char *size = memchr(p, '\0', (size_t)(end - p));
        size_t bytes;

        if (!size)
            return false;
        bytes = strtoull(size + 1, &next, 10);
        if (next >= end || *next != '\0' || bytes > (size_t)(end - next - 1))
            return false;
        if (found == id) {
            *text = next + 1;
            *len = bytes;
            return true;
        }
        p = next + 1 + bytes;
    }
    return false;
}

static bool get_value(void *ctx, uint32_t id, const char **json, size_t *len)
{
    return oc_job_value(ctx, id, json, len);
}

enum mr_code oc_job_decode_run(const struct mr_job_load *load, struct oc_job_text *text,
                               struct asl_machine *machine, struct mr_error *err)
{
    union { /* the callback's context is not const */
        const struct mr_job_load *from;
        void *to;
    } ctx = {.from = load};

    return asl_run_decode(machine, text->run, text->run_len, get_value, ctx.to, &text->job->run,
                          err);
}

/* Like snprintf("%s"), but never through the middle of a character: the text must stay JSON. */
static void copy_short(char *to, size_t size, const char *from)
{
    size_t len = strnlen(from, size);

    if (len == size)
        for (len = size - 1; len > 0 && ((unsigned char)from[len] & 0xC0) == 0x80;)
            len--;
    memcpy(to, from, len);
    to[len] = '\0';
}

/* ---- chain of errors ----------------------------------------------------------------------------
 */

void oc_job_chain_add(struct oc_job *job, uint64_t seq, uint32_t attempt, const char *error,
                      const char *cause, int64_t time_ms)
{
    cJSON *entry = cJSON_CreateObject();
    char short_cause[512];

    if (!job->chain)
        job->chain = cJSON_CreateArray();
    copy_short(short_cause, sizeof short_cause, cause ? cause : "");
    if (!entry || !job->chain || !cJSON_AddNumberToObject(entry, "seq", (double)seq) ||
        !cJSON_AddNumberToObject(entry, "attempt", attempt) ||
        !cJSON_AddStringToObject(entry, "error", error ? error : "") ||
        !cJSON_AddStringToObject(entry, "cause", short_cause) ||
        !cJSON_AddNumberToObject(entry, "time_ms", (double)time_ms) ||
        !cJSON_AddItemToArray(job->chain, entry)) {
        cJSON_Delete(entry); /* the chain is a help for people: better short than no progress */
        return;
    }
    while (cJSON_GetArraySize(job->chain) > OC_CHAIN_MAX)
        cJSON_DeleteItemFromArray(job->chain, 0);
}

void oc_job_chain_undo(struct oc_job *job)
{
    cJSON_DeleteItemFromArray(job->chain, cJSON_GetArraySize(job->chain) - 1);
    if (cJSON_GetArraySize(job->chain) == 0) {
        cJSON_Delete(job->chain);
        job->chain = NULL;
    }
}

/* ---- tokens -------------------------------------------------------------------------------------
 */

static void mac_of(const struct oc_job *job, uint64_t seq, uint32_t attempt, char mac[33])
{
    uint8_t sum[MR_SHA256_LEN];
    char said[MR_JOB_ID_MAX + 48];
    int len = snprintf(said, sizeof said, "%s.%" PRIu64 ".%" PRIu32, job->id, seq, attempt);

    mr_hmac_sha256(job->nonce, strlen(job->nonce), said, (size_t)len, sum);
    mr_hex(sum, 16, mac);
}

bool oc_token_make(const struct oc_job *job, uint64_t seq, uint32_t attempt, char *buf, size_t size)
{
    char mac[33];
    int len;

    mac_of(job, seq, attempt, mac);
    len = snprintf(buf, size, "%s.%" PRIu64 ".%" PRIu32 ".%s", job->id, seq, attempt, mac);
    return len > 0 && (size_t)len < size;
}

bool oc_token_right(const struct oc_job *job, const struct mr_token *token)
{
    char mac[33];

    mac_of(job, token->seq, token->attempt, mac);
    return strcmp(job->id, token->job) == 0 && mr_same_bytes(mac, token->mac, 32);
}

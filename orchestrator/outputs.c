/* outputs.c -- which objects in storage a step made, noted in its job's row for people. */
#include "orchestrator/orchestrator.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <string.h>

enum {
    OUTPUT_STEPS_MAX = 200,  /* a row shows outputs of so many steps, */
    OUTPUTS_MAX = 64,        /* so many of each, */
    OUTPUT_BYTES_MAX = 1024, /* and none longer; the history has all */
};

/* A task whose whole answer is one object in storage, as the manifest's: named by its file. */
static void note_object(struct oc_job *job, uint64_t seq, const cJSON *output)
{
    const cJSON *key = mr_json_get(output, "key");
    const char *name = cJSON_IsString(key) ? strrchr(key->valuestring, '/') : NULL;
    const size_t len = name ? strcspn(name + 1, ".") : 0;
    struct mr_buf text = {0};

    if (!name || !cJSON_IsString(mr_json_get(output, "sha256")) || !mr_id_valid(name + 1, len))
        return;
    if (mr_json_print(output, &text) == MR_OK && text.len <= OUTPUT_BYTES_MAX) {
        (void)mr_buf_addf(&job->pairs, "output:%" PRIu64 "/%.*s", seq, (int)len, name + 1);
        (void)mr_buf_add_char(&job->pairs, '\0');
        (void)mr_buf_add(&job->pairs, text.data, text.len);
        (void)mr_buf_add_char(&job->pairs, '\0');
    }
    mr_buf_release(&text);
}

/* Row fields "output:<step>/<name>" for each object with a key in {"outputs": {...}}. */
void oc_note_outputs(struct oc_job *job, uint64_t seq, const cJSON *output)
{
    const cJSON *outputs = mr_json_get(output, "outputs"), *item;
    struct mr_buf text = {0};
    int noted = 0;

    if (seq > OUTPUT_STEPS_MAX)
        return;
    note_object(job, seq, output);
    if (!cJSON_IsObject(outputs))
        return;
    cJSON_ArrayForEach(item, outputs)
    {
        const cJSON *key = mr_json_get(item, "key");

        mr_buf_reset(&text);
        if (!cJSON_IsString(key) || strlen(item->string) > 64 || mr_json_print(item, &text) ||
            text.len > OUTPUT_BYTES_MAX)
            continue;
        if (noted++ == OUTPUTS_MAX)
            break;
        (void)mr_buf_addf(&job->pairs, "output:%" PRIu64 "/%s", seq, item->string);
        (void)mr_buf_add_char(&job->pairs, '\0');
        (void)mr_buf_add(&job->pairs, text.data, text.len);
        (void)mr_buf_add_char(&job->pairs, '\0');
    }
    mr_buf_release(&text);
}

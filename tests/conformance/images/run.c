/* run.c -- every case of a file through the worker's own image.render and its real decoder.
 *
 *     conformance_images CASES FILES OUT
 *
 * Two processes share the cases, each with storage in memory and a decoder of its own.  A case that
 * ends its process is written down as Image.Crashed by the parent, which then starts another. */
#include "common/base/json.h"
#include "common/model/format.h"
#include "common/ports/clock.h"
#include "common/sim/sim.h"
#include "tests/conformance/images/case.h"
#include "worker/tasks.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 2, CASE_MS_MAX = 120000, STARTS_MAX = 1000 };

struct progress { /* shared by the processes */
    atomic_size_t next;
    atomic_size_t current[WORKERS]; /* one more than the case at work; 0: none */
};

struct bench { /* of one process */
    const char *files, *out;
    struct mr_sim_world world;
    struct mr_sim_bucket *bucket;
    struct mr_blob *blob;
    struct wk_imaging_config imaging;
    struct wk_decoder *decoder;
};

/* ---- what is written ------------------------------------------------------------------------- */

static bool file_write(const char *out, const char *id, const char *name, const char *extension,
                       const void *data, size_t len)
{
    char path[PATH_MAX];
    FILE *file;
    bool good;

    snprintf(path, sizeof(path), "%s/%s/%s.%s", out, id, name, extension);
    file = fopen(path, "wb");
    good = file && fwrite(data, 1, len, file) == len;
    if (!file || fclose(file) || !good)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return good;
}

static void error_write(const char *out, const char *id, const char *name, const char *cause)
{
    const char *end = strstr(cause, ": ");
    char pointer[256];
    struct mr_buf text = {0};
    struct mr_jw w;

    mr_jw_begin(&w, &text);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "error", name);
    if (cause[0] == '/' && end && (size_t)(end - cause) < sizeof(pointer)) {
        snprintf(pointer, sizeof(pointer), "%.*s", (int)(end - cause), cause);
        mr_jw_str(&w, "pointer", pointer);
    }
    mr_jw_str(&w, "message", cause);
    mr_jw_close(&w, '}');
    if (!text.failed)
        file_write(out, id, "error", "json", text.data, text.len);
    mr_buf_release(&text);
}

/* A folder of its own, with nothing of an earlier run in it. */
static void folder_make(const char *out, const char *id)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/%s", out, id);
    if (mkdir(path, 0755) && errno != EEXIST)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    folder = opendir(path);
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void put(struct bench *bench, const char *name, const void *data, size_t len)
{
    const struct mr_blob_put how = {0};
    struct mr_error err;
    char key[PATH_MAX];

    snprintf(key, sizeof(key), "in/%s", name);
    if (mr_blob_put(bench->blob, key, &how, len ? data : "", len, NULL, &err))
        fprintf(stderr, "%s: %s\n", key, err.text);
}

static void put_file(struct bench *bench, const char *name)
{
    struct mr_buf body = {0};
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", bench->files, name);
    if (file_read(path, &body))
        put(bench, name, body.data, body.len);
    mr_buf_release(&body);
}

static void put_files(struct bench *bench)
{
    DIR *folder = opendir(bench->files);
    const struct dirent *entry;

    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            put_file(bench, entry->d_name);
    if (folder)
        closedir(folder);
}

static size_t base64_read(const char *text, unsigned char *ret)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = 0;
    unsigned bits = 0, held = 0;

    for (; *text; text++) {
        const char *digit = strchr(digits, *text);
        if (!digit)
            continue;
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffffu;
        held += 6;
        if (held >= 8) {
            held -= 8;
            ret[len++] = (unsigned char)(bits >> held);
        }
    }
    return len;
}

/* The case's own bytes in place of the file; true: to be put back after it. */
static bool input_prepare(struct bench *bench, const cJSON *item)
{
    const char *name = case_text(item, "input"), *base64 = case_text(item, "input_base64");
    const cJSON *cut = cJSON_GetObjectItemCaseSensitive(item, "cut");
    struct mr_buf body = {0};
    char path[PATH_MAX];

    if (!name || (!base64 && !cJSON_IsNumber(cut)))
        return false;
    if (base64) {
        unsigned char *bytes = malloc(strlen(base64) + 1);
        if (bytes)
            put(bench, name, bytes, base64_read(base64, bytes));
        free(bytes);
        return true;
    }
    snprintf(path, sizeof(path), "%s/%s", bench->files, name);
    if (file_read(path, &body))
        put(bench, name, body.data,
            (double)body.len < cut->valuedouble ? body.len : (size_t)cut->valuedouble);
    mr_buf_release(&body);
    return true;
}

static void input_restore(struct bench *bench, const cJSON *item)
{
    const char *name = case_text(item, "input");
    char key[PATH_MAX];
    struct mr_error err;

    snprintf(key, sizeof(key), "in/%s", name);
    if (mr_blob_remove(bench->blob, key, &err))
        fprintf(stderr, "%s: %s\n", key, err.text);
    put_file(bench, name);
}

/* ---- one case -------------------------------------------------------------------------------- */

/* Every output that the answer names, out of storage into the folder. */
static void outputs_write(struct bench *bench, const char *id, const struct mr_buf *answer)
{
    cJSON *root = cJSON_ParseWithLength(answer->data, answer->len);
    const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(root, "outputs"), *output;

    cJSON_ArrayForEach(output, outputs)
    {
        const char *key = case_text(output, "key");
        const char *point = key ? strrchr(key, '.') : NULL;
        struct mr_buf body = {0};
        struct mr_error err;
        if (!key || mr_blob_get(bench->blob, key, SIZE_MAX / 2, &body, NULL, &err))
            continue;
        file_write(bench->out, id, output->string, point ? point + 1 : case_text(output, "format"),
                   body.data, body.len);
        mr_buf_release(&body);
        if (mr_blob_remove(bench->blob, key, &err))
            fprintf(stderr, "%s: %s\n", key, err.text);
    }
    cJSON_Delete(root);
}

static void case_run(struct bench *bench, const cJSON *item)
{
    const char *id = case_id(item);
    const struct mr_task task = {.job = "case",
                                 .tenant = "conformance",
                                 .step = "Render.1",
                                 .attempt = 1,
                                 .type = "image.render",
                                 .input = cJSON_GetObjectItemCaseSensitive(item, "recipe")};
    struct mr_buf answer = {0};
    struct wk_fault fault = {0};
    struct wk_run run = {.task = &task,
                         .imaging = &bench->imaging,
                         .blob = bench->blob,
                         .decoder = bench->decoder,
                         .deadline_ms = mr_mono_ms() + CASE_MS_MAX,
                         .output = &answer};
    bool changed = input_prepare(bench, item);

    if (wk_render_run(&run, &fault))
        error_write(bench->out, id, fault.name, fault.cause);
    else
        outputs_write(bench, id, &answer);
    if (changed)
        input_restore(bench, item);
    mr_buf_release(&answer);
}

/* ---- processes ------------------------------------------------------------------------------- */

static bool bench_open(struct bench *bench)
{
    static char path[] = DECODER;
    struct mr_settings_part part = {"", wk_imaging_settings, wk_imaging_settings_count,
                                    &bench->imaging};
    struct mr_error err = {0};

    if (mr_config_load(&part, 1, 0, NULL, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return false;
    }
    free(bench->imaging.decoder);
    bench->imaging.decoder = path;
    free(bench->imaging.untrusted);
    bench->imaging.untrusted = strdup("jxl,jp2,svg,pdf");
    bench->world = (struct mr_sim_world){.seed = 1};
    bench->bucket = mr_sim_bucket_new(&bench->world);
    bench->blob = bench->bucket ? mr_blob_sim_new(bench->bucket, &err) : NULL;
    if (!bench->blob || wk_decoder_new(&bench->imaging, &bench->decoder, &err)) {
        fprintf(stderr, "no decoder: %s\n", err.text);
        return false;
    }
    put_files(bench);
    return true;
}

static void work(struct progress *progress, size_t me, const struct cases *cases, const char *files,
                 const char *out)
{
    static struct bench bench;
    size_t i;

    bench.files = files;
    bench.out = out;
    if (!bench_open(&bench))
        _exit(3);
    while ((i = atomic_fetch_add(&progress->next, 1)) < cases->count) {
        atomic_store(&progress->current[me], i + 1);
        folder_make(out, case_id(cases->list[i]));
        case_run(&bench, cases->list[i]);
        atomic_store(&progress->current[me], 0);
    }
    wk_decoder_free(bench.decoder);
    _exit(0);
}

static pid_t start(struct progress *progress, size_t me, const struct cases *cases,
                   const char *files, const char *out)
{
    pid_t pid = fork();

    if (pid == 0)
        work(progress, me, cases, files, out);
    return pid;
}

/* True: all cases were tried. */
static bool run_all(struct progress *progress, const struct cases *cases, const char *files,
                    const char *out)
{
    pid_t pids[WORKERS];
    size_t running = WORKERS, starts = WORKERS;

    for (size_t w = 0; w < WORKERS; w++)
        pids[w] = start(progress, w, cases, files, out);
    while (running > 0) {
        int status;
        pid_t pid = wait(&status);
        size_t w = 0, i;
        if (pid < 0)
            return false;
        while (w < WORKERS && pids[w] != pid)
            w++;
        if (w == WORKERS)
            continue;
        i = atomic_exchange(&progress->current[w], 0);
        if (i > 0)
            error_write(out, case_id(cases->list[i - 1]), "Image.Crashed",
                        "the process that ran the case ended");
        if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
            return false;
        if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) || starts++ == STARTS_MAX)
            running--;
        else
            pids[w] = start(progress, w, cases, files, out);
    }
    return atomic_load(&progress->next) >= cases->count;
}

int main(int argc, char **argv)
{
    struct progress *progress =
        mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct cases cases;
    int64_t start_ms = mr_mono_ms();
    bool all;

    if (argc != 4 || progress == MAP_FAILED) {
        fprintf(stderr, "usage: conformance_images CASES FILES OUT\n");
        return 2;
    }
    cases = cases_read(argv[1]);
    for (size_t i = 0; i < cases.count; i++)
        folder_make(argv[3], case_id(cases.list[i]));
    all = run_all(progress, &cases, argv[2], argv[3]);
    printf("%zu cases tried in %.1f s\n", cases.count, (double)(mr_mono_ms() - start_ms) / 1000);
    cases_release(&cases);
    return all ? 0 : 1;
}

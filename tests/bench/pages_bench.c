/* pages_bench.c -- what the pages of a distributed Map's ItemReader cost on a folder, one JSON line:
 * a CSV of ROWS rows of 42 bytes, read page after page as the worker reads them.  CPU time and peak
 * memory of this process, writing and parsing of the pages included, making of the file not.
 *
 *     pages_bench FOLDER [ROWS] */
#include "common/adapters/adapters.h"
#include "common/base/json.h"
#include "worker/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 1000000, ROW_BYTES = 42 };

static void must(enum mr_code rc, const char *what)
{
    if (!rc)
        return;
    fprintf(stderr, "%s: %s\n", mr_code_name(rc), what);
    exit(1);
}

struct rows {
    long count, at;
    struct mr_buf left;
    size_t used;
};

static int64_t read_rows(void *ctx, void *buf, size_t size, struct mr_error *err)
{
    struct rows *rows = ctx;
    size_t n;

    (void)err;
    if (rows->used == rows->left.len) {
        mr_buf_reset(&rows->left);
        rows->used = 0;
        for (int i = 0; i < 1000 && rows->at < rows->count; i++, rows->at++)
            (void)mr_buf_addf(&rows->left, "%07ld,in/photo-%07ld.jpg,\"a, %07ld\"\n", rows->at,
                              rows->at, rows->at);
    }
    n = rows->left.len - rows->used < size ? rows->left.len - rows->used : size;
    memcpy(buf, rows->left.data + rows->used, n);
    rows->used += n;
    return (int64_t)n;
}

static double cpu_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long rss_peak_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kib = -1;

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (file)
        (void)fclose(file);
    return kib;
}

static cJSON *read_page(struct mr_blob *blob, const cJSON *cursor)
{
    cJSON *input = cJSON_Parse("{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"
                               "\"Bucket\":\"all\",\"Key\":\"rows.csv\"},\"ReaderConfig\":{"
                               "\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"GIVEN\","
                               "\"CSVHeaders\":[\"id\",\"key\",\"title\"]}}");
    struct mr_buf output = {0};
    struct wk_fault fault = {0};
    cJSON *page = NULL;

    if (cursor)
        cJSON_AddItemToObject(input, "cursor", cJSON_Duplicate(cursor, true));
    const struct mr_task task = {.type = "map.read", .input = input};
    struct wk_run run = {.task = &task,
                         .blob = blob,
                         .bucket = "all",
                         .deadline_ms = INT64_MAX,
                         .output = &output};

    must(wk_task_type_find("map.read")->run(&run, &fault), fault.cause);
    must(mr_json_parse(output.data, output.len, &mr_json_limits_message, &page, NULL), "a page");
    mr_buf_release(&output);
    cJSON_Delete(input);
    return page;
}

int main(int argc, char **argv)
{
    struct rows rows = {.count = argc > 2 ? atol(argv[2]) : ROWS};
    const int64_t bytes = rows.count * ROW_BYTES;
    struct mr_error err = {0};
    cJSON *page = NULL;
    long pages = 0, items = 0;

    if (argc < 2 || rows.count < 1 || rows.count > 9999999) {
        fprintf(stderr, "usage: pages_bench FOLDER [ROWS of at most 9999999]\n");
        return 2;
    }
    struct mr_blob *blob = mr_blob_dir_new(&(struct mr_blob_config){.dir = argv[1]}, &err);

    must(blob ? MR_OK : err.code, err.text);
    must(mr_blob_put_stream(blob, "rows.csv", NULL, bytes, read_rows, &rows, NULL, &err), err.text);
    mr_buf_release(&rows.left);
    const double before = cpu_s();

    do {
        cJSON *next = read_page(blob, mr_json_get(page, "cursor"));

        cJSON_Delete(page);
        page = next;
        pages++;
        items += cJSON_GetArraySize(mr_json_get(page, "items"));
    } while (mr_json_get(page, "cursor"));
    printf("{\"rows\":%ld,\"bytes\":%lld,\"pages\":%ld,\"cpu_s\":%.2f,\"peak_kib\":%ld}\n", items,
           (long long)bytes, pages, cpu_s() - before, rss_peak_kib());
    cJSON_Delete(page);
    must(mr_blob_remove(blob, "rows.csv", &err), err.text);
    mr_blob_free(blob);
    return items == rows.count ? 0 : 1;
}

/* bench_kit.c -- see bench_kit.h. */
#include "tests/unit/worker/bench_kit.h"

#include "common/base/json.h"
#include "tests/unit/worker/imaging_twin.h"
#include "tests/unit/worker/stage.h"

#include <stdlib.h>
#include <string.h>

void bench_put(struct bench *bench, const char *key, const char *text)
{
    const struct mr_blob_put how = {0};
    struct mr_error err;

    assert_int_equal(mr_blob_put(bench->run.blob, key, &how, text, strlen(text), NULL, &err),
                     MR_OK);
}

int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct mr_error err;

    imaging_twin_reset();
    bench->world = (struct mr_sim_world){.seed = 1};
    bench->bucket = mr_sim_bucket_new(&bench->world);
    bench->imaging.source_bytes_max = 1000;
    bench->task =
        (struct mr_task){.job = "job-1", .tenant = "shop", .step = "Render.1", .attempt = 3};
    bench->run = (struct wk_run){.task = &bench->task,
                                 .imaging = &bench->imaging,
                                 .blob = mr_blob_sim_new(bench->bucket, &err),
                                 .deadline_ms = INT64_MAX,
                                 .output = &bench->output};
    assert_int_equal(wk_decoder_new(&bench->imaging, &bench->run.decoder, &err), MR_OK);
    bench_put(bench, "in/a.jpg", "picture");
    bench_put(bench, "in/b.png", "stamp");
    *state = bench;
    return 0;
}

int bench_close(void **state)
{
    struct bench *bench = *state;

    wk_decoder_free(bench->run.decoder);
    mr_blob_free(bench->run.blob);
    mr_sim_bucket_free(bench->bucket);
    mr_buf_release(&bench->output);
    free(bench);
    return 0;
}

enum mr_code bench_run(struct bench *bench, const char *type, const char *input)
{
    cJSON *root = NULL;
    struct mr_error err;
    enum mr_code rc;

    mr_buf_reset(&bench->output);
    bench->fault = (struct wk_fault){0};
    if (input)
        assert_int_equal(mr_json_parse(input, strlen(input), &mr_json_limits_message, &root, &err),
                         MR_OK);
    bench->task.input = root;
    bench->task.type = type;
    rc = wk_task_type_find(type)->run(&bench->run, &bench->fault);
    cJSON_Delete(root);
    return rc;
}

void bench_fails(struct bench *bench, enum mr_code rc, const char *name, const char *cause)
{
    assert_int_not_equal(rc, MR_OK);
    assert_string_equal(bench->fault.name, name);
    stage_has(bench->fault.cause, cause);
}

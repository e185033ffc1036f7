/* local.c -- what render and inspect share: a decoder of their own, files, progress. */
#include "gateway/cli/local.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PARTS = 2 };

static void parts_of(struct cli_local *local, struct mr_settings_part ret[PARTS])
{
    ret[0] = (struct mr_settings_part){"", wk_imaging_settings, wk_imaging_settings_count,
                                       &local->config};
    ret[1] =
        (struct mr_settings_part){"", wk_fetch_settings, wk_fetch_settings_count, &local->fetch};
}

enum mr_code cli_local_setup(struct cli_local *local, struct mr_error *err)
{
    struct mr_settings_part parts[PARTS];
    struct mr_error why;
    enum mr_code rc;

    *local = (struct cli_local){0};
    parts_of(local, parts);
    rc = mr_config_load(parts, PARTS, 0, NULL, err);
    if (rc)
        return rc;
    if (wk_decoder_new(&local->config, &local->decoder, &why))
        rc = mr_fail(err, why.code,
                     "no decoder: %.300s; `millrace doctor` lists the layers of the sandbox, and "
                     "WORKER_SANDBOX=best takes what this machine has",
                     why.text);
    return rc;
}

void cli_local_teardown(struct cli_local *local)
{
    struct mr_settings_part parts[PARTS];

    parts_of(local, parts);
    wk_decoder_free(local->decoder);
    mr_config_release(parts, PARTS);
}

enum mr_code cli_local_fetch(const struct cli_local *local, const struct mr_recipe_source *source,
                             struct mr_buf *ret, struct mr_error *err)
{
    struct wk_fetcher *fetcher = NULL;
    struct wk_fault fault = {0};
    enum mr_code rc = wk_fetcher_new(&local->fetch, &fetcher, err);

    if (rc)
        return rc;
    rc = wk_fetcher_get(fetcher, source, local->config.source_bytes_max, NULL, ret, &fault);
    if (rc)
        rc = mr_fail(err, rc, "%s: %s", fault.name, fault.cause);
    wk_fetcher_free(fetcher);
    return rc;
}

enum mr_code cli_local_read(const struct cli_local *local, const char *file, struct mr_buf *ret,
                            struct mr_error *err)
{
    enum mr_code rc = cli_read_file(file, (size_t)local->config.source_bytes_max, ret, err);

    if (rc == MR_TOO_LARGE)
        return mr_fail(err, rc, "%s: longer than %lld bytes; WORKER_SOURCE_BYTES_MAX allows more",
                       file, (long long)local->config.source_bytes_max);
    return rc;
}

void cli_local_progress(int at, int count, const char *file)
{
    if (count > 1 && isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%d/%d %.60s", at, count, file);
}

void cli_local_progress_end(void)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
}

void cli_local_fault(const struct cli *cli, const char *file, const struct wk_fault *fault,
                     cJSON *object)
{
    cJSON *error;

    if (!cli->json) {
        cli_local_progress_end();
        fprintf(stderr, "millrace: %s: %s: %s\n", file, fault->name, fault->cause);
        return;
    }
    error = cJSON_AddObjectToObject(object, "error");
    (void)cJSON_AddStringToObject(error, "name", fault->name);
    (void)cJSON_AddStringToObject(error, "cause", fault->cause);
}

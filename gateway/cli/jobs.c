/* jobs.c -- looking at jobs and telling them to stop or go on. */
#include "gateway/cli/cli.h"

#include "common/base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum mr_code get_job(struct cli *cli, const char *what, cJSON **ret, struct mr_error *err)
{
    char path[256];

    (void)snprintf(path, sizeof path, "/v1/jobs/%.100s%s", cli->argv[0], what);
    return cli_call(cli, "GET", path, NULL, ret, err);
}

/* Appends one status' newest jobs to list. */
static enum mr_code add_status(struct cli *cli, const char *status, long limit, cJSON *list,
                               struct mr_error *err)
{
    cJSON *page = NULL, *jobs, *job;
    char path[256];
    enum mr_code rc;

    (void)snprintf(path, sizeof path, "/v1/jobs?limit=%ld&status=%.20s", limit, status);
    rc = cli_call(cli, "GET", path, NULL, &page, err);
    jobs = rc ? NULL : mr_json_get(page, "jobs");
    while (jobs && (job = cJSON_DetachItemFromArray(jobs, 0)) != NULL)
        (void)cJSON_AddItemToArray(list, job);
    cJSON_Delete(page);
    return rc;
}

static void print_job(const struct cli *cli, const cJSON *job)
{
    const int64_t created = cli_time(job, "created"), ended = cli_time(job, "ended");
    const char *name = cli_text(job, "workflow"), *status = cli_text(job, "status");
    char when[32], seconds[32] = "";

    cli_when(created, when, sizeof when);
    if (ended)
        (void)snprintf(seconds, sizeof seconds, "%.1f", (double)(ended - created) / 1000);
    printf("%-36s  %s%-9s%s  %-24s  %-19s  %s\n", cli_text(job, "id"), cli_paint(cli, status),
           status, cli_plain(cli), name[0] ? name : "-", when, seconds);
}

/* The newest of the list, taken out of it; NULL when it is empty. */
static cJSON *take_newest(cJSON *list)
{
    cJSON *job, *newest = NULL;

    cJSON_ArrayForEach(job, list)
    {
        if (!newest || cli_time(job, "created") > cli_time(newest, "created"))
            newest = job;
    }
    return newest ? cJSON_DetachItemViaPointer(list, newest) : NULL;
}

enum mr_code cli_ls(struct cli *cli, struct mr_error *err)
{
    static const char *const every[] = {"OPEN", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"};
    const char *status = cli_option(cli, "status"), *limit_text = cli_option(cli, "limit");
    const long limit = limit_text ? strtol(limit_text, NULL, 10) : 20;
    cJSON *found = cJSON_CreateArray(), *shown = cJSON_CreateArray(), *job;
    enum mr_code rc = cli_words(cli, 0, 0, "ls [--status STATUS] [--limit N]", err);

    if (!rc && (limit < 1 || limit > 100))
        rc = mr_fail(err, MR_INVALID, "--limit: must be 1..100, is \"%s\"", limit_text);
    for (size_t i = 0; i < sizeof every / sizeof every[0] && !rc && !status; i++)
        rc = add_status(cli, every[i], limit, found, err);
    if (!rc && status)
        rc = add_status(cli, status, limit, found, err);
    if (!rc && !cli->json)
        printf("%-36s  %-9s  %-24s  %-19s  %s\n", "JOB", "STATUS", "WORKFLOW", "CREATED",
               "SECONDS");
    for (long n = 0; n < limit && !rc && (job = take_newest(found)) != NULL; n++) {
        if (!cli->json)
            print_job(cli, job);
        (void)cJSON_AddItemToArray(shown, job);
    }
    if (!rc && cli->json)
        cli_print_json(shown);
    cJSON_Delete(found);
    cJSON_Delete(shown);
    return rc;
}

enum mr_code cli_show(struct cli *cli, struct mr_error *err)
{
    cJSON *job = NULL;
    const cJSON *item;
    enum mr_code rc = cli_words(cli, 1, 1, "show JOB", err);

    if (!rc)
        rc = get_job(cli, "", &job, err);
    if (rc)
        return rc;
    if (cli->json) {
        cli_print_json(job);
        cJSON_Delete(job);
        return MR_OK;
    }
    cJSON_ArrayForEach(item, job)
    {
        struct mr_buf text = {0};
        char when[32];

        if (strcmp(item->string, "created") == 0 || strcmp(item->string, "ended") == 0) {
            cli_when(cli_time(job, item->string), when, sizeof when);
            printf("%-14s  %s\n", item->string, when);
            continue;
        }
        if (!cJSON_IsString(item))
            (void)mr_json_print(item, &text);
        printf("%-14s  %s\n", item->string,
               cJSON_IsString(item) ? item->valuestring
               : text.data          ? text.data
                                    : "");
        mr_buf_release(&text);
    }
    cJSON_Delete(job);
    return MR_OK;
}

static void print_events(const cJSON *history, int64_t *first)
{
    const cJSON *event;

    cJSON_ArrayForEach(event, mr_json_get(history, "events"))
    {
        const int64_t at = cli_time(event, "timestamp");

        *first = *first ? *first : at;
        printf("%5lld  %5lld  %8.3f  %-24s  %s\n", (long long)cli_int(event, "id"),
               (long long)cli_int(event, "previousEventId"), (double)(at - *first) / 1000,
               cli_text(event, "type"), cli_text(mr_json_get(event, "details"), "name"));
    }
}

/* However long it is: an answer a page, printed as it comes. */
enum mr_code cli_history(struct cli *cli, struct mr_error *err)
{
    cJSON *history = NULL;
    char path[256];
    int64_t first = 0;
    enum mr_code rc = cli_words(cli, 1, 1, "history JOB", err);

    if (rc)
        return rc;
    (void)snprintf(path, sizeof path, "/v1/jobs/%.100s/history", cli->argv[0]);
    if (!cli->json)
        printf("%5s  %5s  %8s  %-24s  %s\n", "ID", "AFTER", "SECONDS", "TYPE", "STATE");
    while (!rc && path[0]) {
        rc = cli_call(cli, "GET", path, NULL, &history, err);
        if (rc)
            break;
        if (cli->json)
            cli_print_json(history);
        else
            print_events(history, &first);
        (void)snprintf(path, sizeof path, "%.200s", cli_text(history, "next"));
        cJSON_Delete(history);
        history = NULL;
    }
    return rc;
}

/* ---- outputs ------------------------------------------------------------------------------------
 */

/* The last part of a key, which no storage path can be hidden in. */
static const char *file_name(const char *key)
{
    const char *slash = strrchr(key, '/');

    return slash ? slash + 1 : key;
}

static enum mr_code fetch(struct cli *cli, const cJSON *output, const char *dir,
                          struct mr_error *err)
{
    const char *name = file_name(cli_text(output, "key")), *path = cli_text(output, "href");
    char file[4200];
    enum mr_code rc;

    if (name[0] == '\0' || name[0] == '.' || path[0] != '/')
        return mr_fail(err, MR_INVALID, "output \"%s\" has no name for a file",
                       cli_text(output, "key"));
    (void)snprintf(file, sizeof file, "%s/%s", dir, name);
    rc = cli_download(cli, path, file, err);
    if (!rc && !cli->json)
        printf("%s\n", file);
    return rc;
}

enum mr_code cli_outputs(struct cli *cli, struct mr_error *err)
{
    const char *dir = cli_option(cli, "to");
    cJSON *list = NULL;
    const cJSON *output;
    enum mr_code rc = cli_words(cli, 1, 1, "outputs JOB [--to DIR]", err);

    if (!rc)
        rc = get_job(cli, "/outputs", &list, err);
    if (!rc && dir && mkdir(dir, 0755) && errno != EEXIST)
        rc = mr_fail(err, MR_IO, "%s: %s", dir, strerror(errno));
    if (!rc && cli->json)
        cli_print_json(list);
    else if (!rc && !dir)
        printf("%-24s  %-6s  %11s  %10s  %-14s  %s\n", "NAME", "FORMAT", "SIZE", "BYTES", "SHA256",
               "KEY");
    cJSON_ArrayForEach(output, mr_json_get(list, "outputs"))
    {
        char size[32] = "";

        if (rc)
            break;
        if (dir) {
            rc = fetch(cli, output, dir, err);
            continue;
        }
        if (cli->json)
            continue;
        if (cli_int(output, "width"))
            (void)snprintf(size, sizeof size, "%lldx%lld", (long long)cli_int(output, "width"),
                           (long long)cli_int(output, "height"));
        printf("%-24s  %-6s  %11s  %10lld  %-14.12s  %s\n", cli_text(output, "name"),
               cli_text(output, "format"), size, (long long)cli_int(output, "bytes"),
               cli_text(output, "sha256"), cli_text(output, "key"));
    }
    cJSON_Delete(list);
    return rc;
}

/* ---- cancel, redrive ----------------------------------------------------------------------------
 */

static enum mr_code tell(struct cli *cli, const char *verb, const char *usage,
                         const struct mr_buf *body, struct mr_error *err)
{
    cJSON *answer = NULL;
    char path[256];
    enum mr_code rc = cli_words(cli, 1, 1, usage, err);

    if (rc)
        return rc;
    (void)snprintf(path, sizeof path, "/v1/jobs/%.100s/%s", cli->argv[0], verb);
    rc = cli_call(cli, "POST", path, body && body->len ? body : NULL, &answer, err);
    if (!rc && cli->json)
        cli_print_json(answer);
    else if (!rc)
        printf("%s is in the log of job %s\n", verb, cli->argv[0]);
    cJSON_Delete(answer);
    return rc;
}

enum mr_code cli_cancel(struct cli *cli, struct mr_error *err)
{
    return tell(cli, "cancel", "cancel JOB", NULL, err);
}

enum mr_code cli_redrive(struct cli *cli, struct mr_error *err)
{
    const char *word = cli_option(cli, "workflow");
    struct mr_buf body = {0};
    cJSON *object = cJSON_CreateObject(), *definition = NULL;
    enum mr_code rc = MR_OK;

    if (word && access(word, F_OK) == 0) {
        rc = cli_read_json_file(word, &definition, err);
        if (!rc && !cJSON_AddItemToObject(object, "definition", definition))
            rc = mr_fail(err, MR_NO_MEMORY, "definition");
    } else if (word && !cJSON_AddStringToObject(object, "workflow", word)) {
        rc = mr_fail(err, MR_NO_MEMORY, "workflow");
    }
    if (!rc && word)
        rc = mr_json_print(object, &body);
    if (!rc)
        rc = tell(cli, "redrive", "redrive JOB [--workflow NAME|FILE]", &body, err);
    mr_buf_release(&body);
    cJSON_Delete(object);
    return rc;
}

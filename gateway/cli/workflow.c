/* workflow.c -- named workflows: put, ls, show, rm. */
#include "gateway/cli/cli.h"

#include "common/base/json.h"
#include "orchestrator/asl/machine.h"

#include <stdio.h>
#include <string.h>

#define USAGE "workflow put NAME FILE | ls | show NAME | rm NAME"

static enum mr_code put(struct cli *cli, struct mr_error *err)
{
    struct mr_buf text = {0};
    cJSON *answer = NULL;
    char path[256];
    enum mr_code rc = cli_words(cli, 2, 2, USAGE, err);

    if (!rc)
        rc = cli_read_file(cli->argv[1], ASL_DEFINITION_MAX, &text, err);
    (void)snprintf(path, sizeof path, "/v1/workflows/%.100s", rc ? "" : cli->argv[0]);
    if (!rc)
        rc = cli_call(cli, "PUT", path, &text, &answer, err);
    if (!rc && cli->json)
        cli_print_json(answer);
    else if (!rc)
        printf("workflow  %s  definition %.12s...\n", cli->argv[0], cli_text(answer, "def"));
    mr_buf_release(&text);
    cJSON_Delete(answer);
    return rc;
}

static enum mr_code list(struct cli *cli, struct mr_error *err)
{
    cJSON *answer = NULL;
    const cJSON *item;
    enum mr_code rc = cli_words(cli, 0, 0, USAGE, err);

    if (!rc)
        rc = cli_call(cli, "GET", "/v1/workflows", NULL, &answer, err);
    if (!rc && cli->json) {
        cli_print_json(answer);
    } else if (!rc) {
        printf("%-32s  %-14s  %s\n", "WORKFLOW", "DEFINITION", "CREATED");
        cJSON_ArrayForEach(item, mr_json_get(answer, "workflows"))
        {
            char when[32];

            cli_when(cli_time(item, "created"), when, sizeof when);
            printf("%-32s  %-14.12s  %s\n", cli_text(item, "name"), cli_text(item, "def"), when);
        }
    }
    cJSON_Delete(answer);
    return rc;
}

static enum mr_code one(struct cli *cli, const char *method, struct mr_error *err)
{
    cJSON *answer = NULL;
    char path[256];
    enum mr_code rc = cli_words(cli, 1, 1, USAGE, err);

    if (rc)
        return rc;
    (void)snprintf(path, sizeof path, "/v1/workflows/%.100s", cli->argv[0]);
    rc = cli_call(cli, method, path, NULL, &answer, err);
    if (!rc && answer)
        cli_print_json(answer);
    cJSON_Delete(answer);
    return rc;
}

enum mr_code cli_workflow(struct cli *cli, struct mr_error *err)
{
    const char *verb = cli->argc > 0 ? cli->argv[0] : "";

    if (cli->argc > 0) {
        cli->argc--;
        cli->argv++;
    }
    if (strcmp(verb, "put") == 0)
        return put(cli, err);
    if (strcmp(verb, "ls") == 0)
        return list(cli, err);
    if (strcmp(verb, "show") == 0)
        return one(cli, "GET", err);
    if (strcmp(verb, "rm") == 0)
        return one(cli, "DELETE", err);
    return mr_fail(err, MR_INVALID, "usage: millrace " USAGE);
}

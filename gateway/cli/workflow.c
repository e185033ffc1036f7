/* workflow.c -- named workflows: put, ls, show, rm, diff; and the table of words. */
#include "gateway/cli/workflow.h"

#include "common/base/json.h"
#include "orchestrator/asl/machine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                                      \
    "workflow put NAME FILE | ls | show NAME | rm NAME | diff NAME|FILE NAME|FILE | validate "     \
    "FILE "                                                                                        \
    "| test-state FILE ... | simulate FILE ..."

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

/* A definition: of a file where there is one, else of a named workflow. */
static enum mr_code find_definition(struct cli *cli, const char *word, cJSON **ret,
                                    struct mr_error *err)
{
    cJSON *answer = NULL;
    char path[256];
    enum mr_code rc;

    if (access(word, F_OK) == 0)
        return cli_read_json_file(word, ret, err);
    rc = cli_connect(cli, err);
    (void)snprintf(path, sizeof path, "/v1/workflows/%.200s", word);
    if (!rc)
        rc = cli_call(cli, "GET", path, NULL, &answer, err);
    if (rc)
        return mr_fail_in(err, rc, word);
    *ret = cJSON_DetachItemFromObjectCaseSensitive(answer, "definition");
    cJSON_Delete(answer);
    return *ret ? MR_OK : mr_fail(err, MR_CORRUPT, "%s: the answer has no definition", word);
}

static enum mr_code diff(struct cli *cli, struct mr_error *err)
{
    cJSON *old = NULL, *new = NULL;
    enum mr_code rc = cli_words(cli, 2, 2, "workflow diff NAME|FILE NAME|FILE", err);

    if (!rc)
        rc = find_definition(cli, cli->argv[0], &old, err);
    if (!rc)
        rc = find_definition(cli, cli->argv[1], &new, err);
    if (!rc && cli_json_diff(cli, old, new) > 0) {
        rc = MR_CHANGED; /* as diff: the exit status tells */
        err->text[0] = '\0';
    }
    cJSON_Delete(old);
    cJSON_Delete(new);
    return rc;
}

static enum mr_code show(struct cli *cli, struct mr_error *err)
{
    return one(cli, "GET", err);
}

static enum mr_code remove_one(struct cli *cli, struct mr_error *err)
{
    return one(cli, "DELETE", err);
}

static const struct word {
    const char *name;
    cli_verb_fn *run;
    bool remote; /* talks to the gateway in any case */
} words[] = {
    {"put", put, true},
    {"ls", list, true},
    {"show", show, true},
    {"rm", remove_one, true},
    {"diff", diff, false},
    {"validate", cli_workflow_validate, false},
    {"test-state", cli_workflow_test_state, false},
    {"simulate", cli_workflow_simulate, false},
};

enum mr_code cli_workflow(struct cli *cli, struct mr_error *err)
{
    const char *name = cli->argc > 0 ? cli->argv[0] : "";
    enum mr_code rc;

    if (cli->argc > 0) {
        cli->argc--;
        cli->argv++;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(name, words[i].name) != 0)
            continue;
        rc = words[i].remote ? cli_connect(cli, err) : MR_OK;
        return rc ? rc : words[i].run(cli, err);
    }
    return mr_fail(err, MR_INVALID, "usage: millrace " USAGE);
}

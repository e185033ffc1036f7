/* workflow.c -- named workflows, their versions and aliases; and the table of words. */
#include "gateway/cli/workflow.h"

#include "common/base/json.h"
#include "common/model/workflow_ref.h"
#include "orchestrator/asl/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                                      \
    "workflow put NAME FILE | ls | show NAME[:VERSION] | versions NAME | alias NAME ALIAS "        \
    "VERSION[=WEIGHT]... | rm NAME[:VERSION|:ALIAS] | diff NAME|FILE NAME|FILE | validate FILE | " \
    "test-state FILE ... | simulate FILE ..."

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
        printf("workflow  %s  version %lld  definition %.12s...\n", cli->argv[0],
               (long long)cli_int(answer, "version"), cli_text(answer, "def"));
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
        printf("%-32s  %7s  %-14s  %s\n", "WORKFLOW", "VERSION", "DEFINITION", "CREATED");
        cJSON_ArrayForEach(item, mr_json_get(answer, "workflows"))
        {
            char when[32];

            cli_when(cli_time(item, "created"), when, sizeof when);
            printf("%-32s  %7lld  %-14.12s  %s\n", cli_text(item, "name"),
                   (long long)cli_int(item, "version"), cli_text(item, "def"), when);
        }
    }
    cJSON_Delete(answer);
    return rc;
}

/* Numbers as our own text of them: cJSON_Print() ends them where the last digit still differs. */
static bool keep_numbers(cJSON *item)
{
    bool ok = true;

    for (cJSON *child = item ? item->child : NULL; child && ok; child = child->next)
        ok = keep_numbers(child);
    if (ok && cJSON_IsNumber(item)) {
        struct mr_buf text = {0};
        cJSON *raw = NULL;

        if (!mr_json_print(item, &text))
            raw = cJSON_CreateRaw(text.data);
        mr_buf_release(&text);
        if (!raw)
            return false;
        item->type = raw->type;
        item->valuestring = raw->valuestring;
        raw->valuestring = NULL;
        cJSON_Delete(raw);
    }
    return ok;
}

/* For people: a line about it, then the definition as one would write it. */
static enum mr_code print_definition(const cJSON *answer, struct mr_error *err)
{
    cJSON *definition = mr_json_get(answer, "definition");
    char *text = keep_numbers(definition) ? cJSON_Print(definition) : NULL;
    char when[32];

    if (!text)
        return mr_fail(err, MR_NO_MEMORY, "definition");
    cli_when(cli_time(answer, "created"), when, sizeof when);
    fprintf(stderr, "workflow  %s  version %lld  definition %.12s...  %s\n",
            cli_text(answer, "name"), (long long)cli_int(answer, "version"),
            cli_text(answer, "def"), when);
    printf("%s\n", text);
    cJSON_free(text);
    return MR_OK;
}

static enum mr_code show(struct cli *cli, struct mr_error *err)
{
    cJSON *answer = NULL;
    char path[256];
    enum mr_code rc = cli_words(cli, 1, 1, "workflow show NAME[:VERSION|:ALIAS]", err);

    if (rc)
        return rc;
    (void)snprintf(path, sizeof path, "/v1/workflows/%.200s", cli->argv[0]);
    rc = cli_call(cli, "GET", path, NULL, &answer, err);
    if (!rc && cli->json)
        cli_print_json(answer);
    else if (!rc)
        rc = print_definition(answer, err);
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

/* NAME, NAME:VERSION or NAME:ALIAS. */
static enum mr_code remove_one(struct cli *cli, struct mr_error *err)
{
    struct mr_workflow_ref ref;
    cJSON *answer = NULL;
    char path[256];
    enum mr_code rc = cli_words(cli, 1, 1, USAGE, err);

    if (!rc && (rc = mr_workflow_ref_parse(cli->argv[0], &ref, err)))
        (void)mr_fail_in(err, rc, cli->argv[0]);
    if (rc)
        return rc;
    if (ref.version > 0)
        (void)snprintf(path, sizeof path, "/v1/workflows/%s/versions/%lld", ref.name,
                       (long long)ref.version);
    else
        (void)snprintf(path, sizeof path, "/v1/workflows/%s%s%s", ref.name,
                       ref.alias[0] ? "/aliases/" : "", ref.alias);
    rc = cli_call(cli, "DELETE", path, NULL, &answer, err);
    cJSON_Delete(answer);
    return rc;
}

static void print_routes(const cJSON *alias)
{
    const cJSON *route;

    cJSON_ArrayForEach(route, mr_json_get(alias, "routes"))
    {
        printf("  version %lld", (long long)cli_int(route, "version"));
        if (cli_int(route, "weight") != 100)
            printf(" (%lld %%)", (long long)cli_int(route, "weight"));
    }
    printf("\n");
}

static enum mr_code versions(struct cli *cli, struct mr_error *err)
{
    cJSON *answer = NULL;
    const cJSON *item;
    char path[256], when[32];
    enum mr_code rc = cli_words(cli, 1, 1, "workflow versions NAME", err);

    if (rc)
        return rc;
    (void)snprintf(path, sizeof path, "/v1/workflows/%.100s/versions", cli->argv[0]);
    rc = cli_call(cli, "GET", path, NULL, &answer, err);
    if (!rc && cli->json) {
        cli_print_json(answer);
    } else if (!rc) {
        printf("%7s  %-14s  %s\n", "VERSION", "DEFINITION", "CREATED");
        cJSON_ArrayForEach(item, mr_json_get(answer, "versions"))
        {
            cli_when(cli_time(item, "created"), when, sizeof when);
            printf("%7lld  %-14.12s  %s\n", (long long)cli_int(item, "version"),
                   cli_text(item, "def"), when);
        }
        cJSON_ArrayForEach(item, mr_json_get(answer, "aliases"))
        {
            printf("alias %s", cli_text(item, "alias"));
            print_routes(item);
        }
    }
    cJSON_Delete(answer);
    return rc;
}

/* VERSION, or VERSION=WEIGHT several times. */
static enum mr_code add_route(const char *word, int words, cJSON *routes, struct mr_error *err)
{
    const char *equals = strchr(word, '=');
    char version[16] = "";
    cJSON *route = cJSON_CreateObject();
    char *end = NULL;
    double weight = equals ? strtod(equals + 1, &end) : 100;

    (void)snprintf(version, sizeof version, "%.*s",
                   (int)(equals ? equals - word : (int)strlen(word)), word);
    if (mr_version_parse(version) == 0 || (equals && (*end || !equals[1])) ||
        (!equals && words > 1)) {
        cJSON_Delete(route);
        return mr_fail(err, MR_INVALID,
                       "%s: must be VERSION, or VERSION=WEIGHT for each of several", word);
    }
    if (!route || !cJSON_AddItemToArray(routes, route) ||
        !cJSON_AddNumberToObject(route, "version", (double)mr_version_parse(version)) ||
        !cJSON_AddNumberToObject(route, "weight", weight))
        return mr_fail(err, MR_NO_MEMORY, "alias");
    return MR_OK;
}

static enum mr_code alias(struct cli *cli, struct mr_error *err)
{
    cJSON *body = cJSON_CreateObject(), *routes = cJSON_AddArrayToObject(body, "routes");
    cJSON *answer = NULL;
    struct mr_buf text = {0};
    char path[256];
    enum mr_code rc = cli_words(cli, 3, 2 + MR_ALIAS_ROUTES_MAX,
                                "workflow alias NAME ALIAS VERSION[=WEIGHT]...", err);

    for (int i = 2; i < cli->argc && !rc; i++)
        rc = add_route(cli->argv[i], cli->argc - 2, routes, err);
    if (!rc)
        rc = mr_json_print(body, &text);
    if (!rc) {
        (void)snprintf(path, sizeof path, "/v1/workflows/%.100s/aliases/%.40s", cli->argv[0],
                       cli->argv[1]);
        rc = cli_call(cli, "PUT", path, &text, &answer, err);
    }
    if (!rc && cli->json) {
        cli_print_json(answer);
    } else if (!rc) {
        printf("alias %s:%s", cli->argv[0], cli->argv[1]);
        print_routes(answer);
    }
    mr_buf_release(&text);
    cJSON_Delete(answer);
    cJSON_Delete(body);
    return rc;
}

static const struct word {
    const char *name;
    cli_verb_fn *run;
    bool remote; /* talks to the gateway in any case */
} words[] = {
    {"put", put, true},
    {"ls", list, true},
    {"show", show, true},
    {"versions", versions, true},
    {"alias", alias, true},
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
        if (!rc)
            rc = words[i].run(cli, err);
        cli_evaluator_end();
        return rc;
    }
    return mr_fail(err, MR_INVALID, "usage: millrace " USAGE);
}

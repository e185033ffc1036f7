/* submit.c -- a workflow's name, a definition file or a recipe file, an input and pictures: one
 * job. */
#include "gateway/cli/cli.h"

#include "common/base/json.h"
#include "common/model/message.h"
#include "common/model/workflow_ref.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file is a definition when it has States, else a recipe; a word that is no file is a name. */
static enum mr_code what_to_run(const char *word, cJSON *body, struct mr_error *err)
{
    struct mr_workflow_ref ref;
    cJSON *file = NULL;
    enum mr_code rc;

    if (access(word, F_OK) != 0) {
        if (mr_workflow_ref_parse(word, &ref, NULL))
            return mr_fail(err, MR_NOT_FOUND, "%s: is neither a file nor a workflow's name", word);
        if (strstr(word, ".json"))
            return mr_fail(err, MR_NOT_FOUND, "%s: there is no such file", word);
        return cJSON_AddStringToObject(body, "workflow", word) ? MR_OK : MR_NO_MEMORY;
    }
    rc = cli_read_json_file(word, &file, err);
    if (rc)
        return rc;
    if (!cJSON_AddItemToObject(body, mr_json_get(file, "States") ? "definition" : "recipe", file)) {
        cJSON_Delete(file);
        return MR_NO_MEMORY;
    }
    return MR_OK;
}

/* Uploads a picture; its key becomes /source/key of the input (or of a recipe). */
static enum mr_code add_picture(struct cli *cli, const char *file, cJSON *body,
                                struct mr_error *err)
{
    cJSON *stored = NULL, *into = mr_json_get(body, "recipe"), *source;
    enum mr_code rc = cli_upload(cli, file, &stored, err);

    if (rc)
        return rc;
    if (!into)
        into = mr_json_get(body, "input");
    if (!into)
        into = cJSON_AddObjectToObject(body, "input");
    cJSON_DeleteItemFromObjectCaseSensitive(into, "source");
    source = cJSON_AddObjectToObject(into, "source");
    if (!source || !cJSON_AddStringToObject(source, "key", cli_text(stored, "key")))
        rc = mr_fail(err, MR_NO_MEMORY, "input");
    if (!cli->json)
        fprintf(stderr, "uploaded  %s  %lld bytes  sha256 %.12s...\n", cli_text(stored, "key"),
                (long long)cli_int(stored, "bytes"), cli_text(stored, "sha256"));
    cJSON_Delete(stored);
    return rc;
}

static enum mr_code build_body(struct cli *cli, cJSON *body, const char *input, const char *photo,
                               const char *id, struct mr_error *err)
{
    cJSON *item = NULL;
    enum mr_code rc = what_to_run(cli->argv[0], body, err);

    if (!rc && id && !cJSON_AddStringToObject(body, "id", id))
        rc = mr_fail(err, MR_NO_MEMORY, "id");
    if (!rc && input) {
        rc = cli_read_json(input, &item, err);
        if (rc)
            return mr_fail_in(err, rc, "--input");
        if (!cJSON_AddItemToObject(body, "input", item)) {
            cJSON_Delete(item);
            return mr_fail(err, MR_NO_MEMORY, "input");
        }
    }
    if (!rc && photo)
        rc = add_picture(cli, photo, body, err);
    return rc;
}

enum mr_code cli_submit(struct cli *cli, struct mr_error *err)
{
    const char *input = cli_option(cli, "input"), *photo = cli_option(cli, "upload");
    const char *id = cli_option(cli, "id");
    const bool watch = cli_flag(cli, "watch");
    cJSON *body = cJSON_CreateObject(), *answer = NULL;
    struct mr_buf text = {0};
    enum mr_code rc;

    rc = cli_words(cli, 1, 1,
                   "submit WORKFLOW|FILE [--input JSON|@FILE] [--upload PHOTO] [--id ID] "
                   "[--watch]",
                   err);
    if (!rc)
        rc = build_body(cli, body, input, photo, id, err);
    if (!rc)
        rc = mr_json_print(body, &text);
    if (!rc)
        rc = cli_call(cli, "POST", "/v1/jobs", &text, &answer, err);
    if (!rc && cli->json && !watch)
        cli_print_json(answer);
    else if (!rc)
        printf("job       %s\n", cli_text(answer, "id"));
    cli->submitted = true;
    if (!rc && watch)
        rc = cli_watch_job(cli, cli_text(answer, "id"), err);
    else if (!rc && !cli->json && cli->tty)
        printf("next      millrace watch %s\n", cli_text(answer, "id"));
    mr_buf_release(&text);
    cJSON_Delete(answer);
    cJSON_Delete(body);
    return rc;
}

enum mr_code cli_put(struct cli *cli, struct mr_error *err)
{
    cJSON *stored = NULL;
    enum mr_code rc = cli_words(cli, 1, 1, "upload FILE", err);

    if (!rc)
        rc = cli_upload(cli, cli->argv[0], &stored, err);
    if (!rc && cli->json)
        cli_print_json(stored);
    else if (!rc)
        printf("%s\n", cli_text(stored, "key"));
    cJSON_Delete(stored);
    return rc;
}

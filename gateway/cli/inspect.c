/* inspect.c -- millrace inspect: what pictures are, from files, by the engine of image.inspect. */
#include "gateway/cli/local.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "common/model/inspect.h"
#include "common/ports/clock.h"

#include <stdio.h>

#define USAGE                                                                                      \
    "inspect FILE... [--all] [--stats] [--entropy] [--sharpness] [--dominant] [--palette] "        \
    "[--blurhash] [--thumbhash] [--phash]"

static unsigned take_wanted(struct cli *cli)
{
    unsigned wanted = cli_flag(cli, "all") ? MR_INSPECT_ALL : 0;

    for (unsigned i = 0; mr_inspect_words[i]; i++)
        wanted |= cli_flag(cli, mr_inspect_words[i]) ? 1U << i : 0;
    return wanted;
}

static enum mr_code ask(struct cli_local *local, const char *file, unsigned wanted, cJSON **ret,
                        struct wk_fault *fault)
{
    struct mr_buf bytes = {0};
    char sha256[2 * MR_SHA256_LEN + 1];
    struct mr_error err;
    cJSON *found = NULL;
    enum mr_code rc = cli_local_read(local, file, &bytes, &err);

    if (rc) {
        (void)snprintf(fault->name, sizeof fault->name, "%s",
                       rc == MR_NOT_FOUND   ? "Blob.NotFound"
                       : rc == MR_TOO_LARGE ? "Image.TooLarge"
                                            : "Blob.Unavailable");
        (void)snprintf(fault->cause, sizeof fault->cause, "%s", err.text);
        return rc;
    }
    rc = wk_decoder_inspect(local->decoder, &(struct wk_source){bytes.data, bytes.len}, wanted,
                            mr_mono_ms() + CLI_LOCAL_MS_MAX, &found, fault);
    if (!rc) {
        mr_sha256_hex(bytes.data, bytes.len, sha256);
        (void)cJSON_AddNumberToObject(found, "bytes", (double)bytes.len);
        (void)cJSON_AddStringToObject(found, "sha256", sha256);
        *ret = found;
    }
    mr_buf_release(&bytes);
    return rc;
}

/* A line a field; what has an inside, as JSON. */
static void print(const char *file, const cJSON *found)
{
    const cJSON *item;

    printf("%s\n", file);
    cJSON_ArrayForEach(item, found)
    {
        struct mr_buf text = {0};

        if (cJSON_IsString(item))
            (void)mr_buf_add_str(&text, item->valuestring);
        else
            (void)mr_json_print(item, &text);
        printf("  %-12s %s\n", item->string, text.data ? text.data : "");
        mr_buf_release(&text);
    }
}

enum mr_code cli_inspect(struct cli *cli, struct mr_error *err)
{
    const unsigned wanted = take_wanted(cli);
    struct cli_local local = {0};
    cJSON *all = NULL;
    int failed = 0;
    enum mr_code rc = cli_words(cli, 1, CLI_LOCAL_FILES_MAX, USAGE, err);

    if (!rc)
        rc = cli_local_setup(&local, err);
    if (!rc)
        all = cJSON_CreateArray();
    for (int i = 0; !rc && i < cli->argc; i++) {
        cJSON *object = cJSON_CreateObject(), *found = NULL;
        struct wk_fault fault = {0};

        cli_local_progress(i + 1, cli->argc, cli->argv[i]);
        (void)cJSON_AddStringToObject(object, "file", cli->argv[i]);
        if (ask(&local, cli->argv[i], wanted, &found, &fault)) {
            cli_local_fault(cli, cli->argv[i], &fault, object);
            failed++;
        } else if (cli->json) {
            (void)cJSON_AddItemToObject(object, "picture", found);
        } else {
            cli_local_progress_end();
            print(cli->argv[i], found);
            cJSON_Delete(found);
        }
        (void)cJSON_AddItemToArray(all, object);
    }
    cli_local_progress_end();
    if (!rc && cli->json)
        cli_print_json(all);
    if (!rc && failed)
        rc = cli->argc == 1
                 ? mr_fail(err, MR_CORRUPT, "%s", "")
                 : mr_fail(err, MR_CORRUPT, "%d of %d files could not be read", failed, cli->argc);
    cJSON_Delete(all);
    cli_local_teardown(&local);
    return rc;
}

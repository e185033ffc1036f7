/* main.c -- millrace: find the verb, run it, say what went wrong. */
#include "common/base/log.h"
#include "common/ports/clock.h"
#include "gateway/cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct verb {
    const char *name, *usage, *help;
    cli_verb_fn *run;
    bool remote; /* talks to the gateway */
} verbs[] = {
    {"up", "up [--data DIR]", "start the embedded cluster: gateway, orchestrator, worker, Redis",
     cli_up, false},
    {"submit", "submit WORKFLOW|FILE [--input JSON|@FILE] [--upload PHOTO] [--id ID] [--watch]",
     "start a job: of a named workflow, a definition file or a recipe file", cli_submit, true},
    {"upload", "upload FILE", "store a picture, and print its key", cli_put, true},
    {"watch", "watch JOB", "follow a job to its end", cli_watch, true},
    {"ls", "ls [--status STATUS] [--limit N]", "list jobs, newest first", cli_ls, true},
    {"show", "show JOB", "what is known of a job", cli_show, true},
    {"history", "history JOB", "every event of a job", cli_history, true},
    {"outputs", "outputs JOB [--to DIR]", "list a job's outputs, or fetch them", cli_outputs, true},
    {"cancel", "cancel JOB", "abort a job", cli_cancel, true},
    {"redrive", "redrive JOB [--workflow NAME|FILE]",
     "run a failed job again from where it failed, also in a corrected definition", cli_redrive,
     true},
    {"workflow", "workflow put|ls|show|versions|alias|rm|diff|validate|test-state|simulate ...",
     "keep named workflows, and try definitions without a cluster", cli_workflow, false},
    {"render", "render RECIPE IN... --to DIR [--name PATTERN] [--force]",
     "a recipe on files of this machine, without a cluster", cli_render, false},
    {"inspect",
     "inspect FILE... [--all] [--stats] [--entropy] [--sharpness] [--dominant] [--palette] "
     "[--blurhash] [--thumbhash] [--phash]",
     "what pictures are, without a cluster", cli_inspect, false},
    {"doctor", "doctor", "check each dependency, and say what to do", cli_doctor, false},
};
enum { VERBS = sizeof verbs / sizeof verbs[0], SETTINGS_MAX = 16 };

static void usage(FILE *out)
{
    fprintf(out, "Usage: millrace VERB [WORDS] [--json]\n\n");
    for (int i = 0; i < VERBS; i++)
        fprintf(out, "  %-10s %s\n             millrace %s\n", verbs[i].name, verbs[i].help,
                verbs[i].usage);
    fprintf(out, "\nSettings (environment variables, or options among the words):\n\n");
    mr_config_help(
        &(struct mr_settings_part){"Command line", cli_settings, cli_settings_count, NULL}, 1, out);
}

static int run(struct cli *cli, const struct verb *verb)
{
    struct mr_error err = {0};
    enum mr_code rc = verb->remote ? cli_connect(cli, &err) : MR_OK;

    if (!rc)
        rc = verb->run(cli, &err);
    mr_http_free(cli->http);
    if (rc && err.text[0])
        fprintf(stderr, "millrace %s: %s\n", verb->name, err.text);
    return rc == MR_OK ? 0 : strncmp(err.text, "usage:", 6) == 0 ? 2 : 1;
}

/* Settings may stand among the words as options: --millrace-url=... */
static int take_settings(struct cli *cli, char *options[SETTINGS_MAX])
{
    int taken = 0, kept = 0;

    for (int i = 0; i < cli->argc; i++) {
        if (strncmp(cli->argv[i], "--millrace-", 11) == 0 && taken < SETTINGS_MAX)
            options[taken++] = cli->argv[i];
        else
            cli->argv[kept++] = cli->argv[i];
    }
    cli->argc = kept;
    return taken;
}

int main(int argc, char **argv)
{
    struct cli cli = {.tty = isatty(STDOUT_FILENO)};
    struct mr_settings_part part = {"Command line", cli_settings, cli_settings_count, &cli.config};
    const char *name = argc > 1 ? argv[1] : "--help";
    const struct verb *verb = NULL;
    char *options[SETTINGS_MAX];
    struct mr_error err;
    int status, option_count;

    (void)signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < VERBS; i++)
        if (strcmp(name, verbs[i].name) == 0)
            verb = &verbs[i];
    if (strcmp(name, "--version") == 0) {
        printf("millrace %s\n", MR_VERSION);
        return 0;
    }
    if (strcmp(name, "--settings-markdown") == 0) {
        mr_config_markdown(&part, 1, stdout);
        return 0;
    }
    if (!verb) {
        const bool asked = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;

        if (!asked)
            fprintf(stderr, "millrace: there is no verb \"%s\"\n\n", name);
        usage(asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    mr_log_setup(&(struct mr_log_settings){"millrace", MR_INFO, false, mr_wall_ms});
    cli.argc = argc - 2;
    cli.argv = argv + 2;
    cli.json = cli_flag(&cli, "json");
    if (cli_flag(&cli, "help")) {
        printf("millrace %s\n    %s\n", verb->usage, verb->help);
        return 0;
    }
    option_count = take_settings(&cli, options);
    if (mr_config_load(&part, 1, option_count, options, &err)) {
        fprintf(stderr, "millrace: %s\n", err.text);
        return 2;
    }
    status = run(&cli, verb);
    mr_config_release(&part, 1);
    return status;
}

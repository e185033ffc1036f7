/* watch.c -- a job to its end: one live line on a terminal, a line per change elsewhere. */
#include "gateway/cli/cli.h"

#include "common/ports/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 150, OUTAGE_MS = 30000, ADMIT_MS = 10000 };

static void pause_ms(long ms)
{
    const struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

    (void)nanosleep(&ts, NULL);
}

static void show(const struct cli *cli, const cJSON *job, int64_t started_ms)
{
    static const char *const wheel[] = {"|", "/", "-", "\\"};
    const int64_t spent = mr_mono_ms() - started_ms;
    const char *status = cli_text(job, "status"), *state = cli_text(job, "state");

    if (cli->tty)
        printf("\r\033[K%s %s%-9s%s  %6.1f s  steps %lld/%lld  %s", wheel[spent / 150 % 4],
               cli_paint(cli, status), status, cli_plain(cli), (double)spent / 1000,
               (long long)cli_int(job, "steps_done"), (long long)cli_int(job, "steps_entered"),
               state);
    else
        printf("%-9s  %6.1f s  steps %lld/%lld  %s\n", status, (double)spent / 1000,
               (long long)cli_int(job, "steps_done"), (long long)cli_int(job, "steps_entered"),
               state);
    (void)fflush(stdout);
}

static bool is_final(const char *status)
{
    return status[0] && strcmp(status, "RUNNING") != 0 && strcmp(status, "ACCEPTED") != 0;
}

static enum mr_code end(const struct cli *cli, const cJSON *job, struct mr_error *err)
{
    const char *status = cli_text(job, "status");

    if (cli->json)
        cli_print_json(job);
    else if (cli->tty)
        printf("\n");
    if (strcmp(status, "SUCCEEDED") == 0)
        return MR_OK;
    return mr_fail(err, MR_INTERNAL,
                   "job %s %s: %s: %s; `millrace redrive %s` runs it again from there",
                   cli_text(job, "id"), status, cli_text(job, "error"), cli_text(job, "cause"),
                   cli_text(job, "id"));
}

enum mr_code cli_watch_job(struct cli *cli, const char *id, struct mr_error *err)
{
    const int64_t started = mr_mono_ms();
    int64_t answered = started, rev = -1; /* an id of one's own is unknown until it is admitted */
    char path[256], seen[512] = "";

    (void)snprintf(path, sizeof path, "/v1/jobs/%s", id);
    for (;;) {
        cJSON *job = NULL;
        enum mr_code rc = cli_call(cli, "GET", path, NULL, &job, err);

        if (rc == MR_OK) {
            char now[512];
            bool final;

            answered = mr_mono_ms();
            (void)snprintf(now, sizeof now, "%s %s %lld", cli_text(job, "status"),
                           cli_text(job, "state"), (long long)cli_int(job, "steps_done"));
            if (!cli->json && (cli->tty || cli_int(job, "rev") != rev) &&
                (cli->tty || strcmp(now, seen) != 0))
                show(cli, job, started);
            (void)snprintf(seen, sizeof seen, "%s", now);
            rev = cli_int(job, "rev");
            final = is_final(cli_text(job, "status"));
            if (final)
                rc = end(cli, job, err);
            cJSON_Delete(job);
            if (final)
                return rc;
        } else if (!(rc == MR_NOT_FOUND && cli->submitted && mr_mono_ms() - started < ADMIT_MS) &&
                   (rc != MR_UNAVAILABLE || mr_mono_ms() - answered > OUTAGE_MS)) {
            return rc; /* a short outage of the gateway is waited out */
        }
        pause_ms(POLL_MS);
    }
}

enum mr_code cli_watch(struct cli *cli, struct mr_error *err)
{
    enum mr_code rc = cli_words(cli, 1, 1, "watch JOB", err);

    return rc ? rc : cli_watch_job(cli, cli->argv[0], err);
}

/* output.c -- words, options and colours. */
#include "gateway/cli/cli.h"

#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void take_out(struct cli *cli, int at, int count)
{
    for (int i = at; i + count < cli->argc; i++)
        cli->argv[i] = cli->argv[i + count];
    cli->argc -= count;
}

const char *cli_option(struct cli *cli, const char *name)
{
    const size_t len = strlen(name);

    for (int i = 0; i < cli->argc; i++) {
        char *word = cli->argv[i];

        if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, len) != 0)
            continue;
        if (word[2 + len] == '=') {
            take_out(cli, i, 1);
            return word + 2 + len + 1;
        }
        if (word[2 + len] == '\0' && i + 1 < cli->argc) {
            char *value = cli->argv[i + 1];

            take_out(cli, i, 2);
            return value;
        }
    }
    return NULL;
}

bool cli_flag(struct cli *cli, const char *name)
{
    for (int i = 0; i < cli->argc; i++)
        if (strncmp(cli->argv[i], "--", 2) == 0 && strcmp(cli->argv[i] + 2, name) == 0) {
            take_out(cli, i, 1);
            return true;
        }
    return false;
}

enum mr_code cli_words(struct cli *cli, int min, int max, const char *usage, struct mr_error *err)
{
    for (int i = 0; i < cli->argc; i++)
        if (cli->argv[i][0] == '-' && cli->argv[i][1] != '\0')
            return mr_fail(err, MR_INVALID, "%s is no option here; usage: millrace %s",
                           cli->argv[i], usage);
    if (cli->argc < min || cli->argc > max)
        return mr_fail(err, MR_INVALID, "usage: millrace %s", usage);
    return MR_OK;
}

const char *cli_text(const cJSON *object, const char *name)
{
    const cJSON *item = object ? mr_json_get(object, name) : NULL;

    return cJSON_IsString(item) ? item->valuestring : "";
}

int64_t cli_int(const cJSON *object, const char *name)
{
    const cJSON *item = object ? mr_json_get(object, name) : NULL;

    if (cJSON_IsNumber(item))
        return (int64_t)item->valuedouble;
    return cJSON_IsString(item) ? strtoll(item->valuestring, NULL, 10) : 0;
}

/* Days since 1970-01-01 of a Gregorian date, by counting years from March. */
static int64_t days_of(int64_t year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = y / 400, of_era = y % 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t cli_time(const cJSON *object, const char *name)
{
    const char *text = cli_text(object, name);
    int year, month, day, hour, minute, second, ms = 0;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3d", &year, &month, &day, &hour, &minute, &second,
               &ms) < 6)
        return cli_int(object, name);
    return ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60000 + second * 1000 + ms;
}

const char *cli_paint(const struct cli *cli, const char *status)
{
    if (!cli->tty)
        return "";
    if (strcmp(status, "SUCCEEDED") == 0 || strcmp(status, "ok") == 0)
        return "\033[32m";
    if (strcmp(status, "RUNNING") == 0 || strcmp(status, "ACCEPTED") == 0)
        return "\033[36m";
    return "\033[31m";
}

const char *cli_plain(const struct cli *cli)
{
    return cli->tty ? "\033[0m" : "";
}

void cli_print_json(const cJSON *item)
{
    struct mr_buf text = {0};

    (void)mr_json_print(item, &text);
    printf("%s\n", text.data ? text.data : "null");
    mr_buf_release(&text);
}

void cli_when(int64_t time_ms, char *buf, size_t size)
{
    const time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;

    if (time_ms <= 0 || !localtime_r(&seconds, &tm) ||
        strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        (void)snprintf(buf, size, "-");
}

/* config_help.c -- the rows of the tables as text for people: --help and docs/settings.md. */
#include "common/base/config.h"

#include <inttypes.h>
#include <string.h>

/* WORKER_SLOTS as --worker-slots */
static void print_option(const char *env, FILE *out)
{
    fputs("--", out);
    for (; *env; env++) {
        char c = *env == '_' ? '-' : *env;
        fputc(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c, out);
    }
}

/* What may stand there: "1..64", "true or false", the words. */
static void print_range(const struct mr_setting *row, FILE *out)
{
    switch (row->type) {
    case MR_SETTING_STR:
        if (row->min > 0)
            fprintf(out, "text, %" PRId64 "..%" PRId64 " bytes", row->min, row->max);
        else
            fprintf(out, "text");
        break;
    case MR_SETTING_LONG:
        if (row->min == INT64_MIN && row->max == INT64_MAX)
            fprintf(out, "number");
        else if (row->max == INT64_MAX)
            fprintf(out, "%" PRId64 " or more", row->min);
        else
            fprintf(out, "%" PRId64 "..%" PRId64, row->min, row->max);
        break;
    case MR_SETTING_BOOL:
        fprintf(out, "true or false");
        break;
    case MR_SETTING_CHOICE:
        fprintf(out, "%s", row->choices);
        break;
    }
}

static void print_default(const struct mr_setting *row, const char *around, FILE *out)
{
    if (!row->fallback)
        fprintf(out, "required");
    else if (!*row->fallback)
        fprintf(out, "empty");
    else if (row->secret)
        fprintf(out, "(not shown)");
    else
        fprintf(out, "%s%s%s", around, row->fallback, around);
}

/* '|' would end a table's cell. */
static void print_cell(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

void mr_config_help(const struct mr_settings_part *parts, size_t part_count, FILE *out)
{
    for (size_t i = 0; i < part_count; i++) {
        fprintf(out, "%s%s:\n", i ? "\n" : "", parts[i].title);
        for (size_t j = 0; j < parts[i].row_count; j++) {
            const struct mr_setting *row = &parts[i].rows[j];
            fputs("  ", out);
            print_option(row->env, out);
            fprintf(out, "=...  (%s%s)\n      %s\n      ", row->env,
                    row->secret ? ", or a path in its _FILE" : "", row->help);
            print_range(row, out);
            fputs("; default: ", out);
            print_default(row, "", out);
            fputc('\n', out);
        }
    }
}

void mr_config_markdown(const struct mr_settings_part *parts, size_t part_count, FILE *out)
{
    for (size_t i = 0; i < part_count; i++) {
        fprintf(out, "%s## %s\n\n", i ? "\n" : "", parts[i].title);
        fputs("| Setting | Default | Allowed | What it does |\n| --- | --- | --- | --- |\n", out);
        for (size_t j = 0; j < parts[i].row_count; j++) {
            const struct mr_setting *row = &parts[i].rows[j];
            fprintf(out, "| `%s`%s | ", row->env, row->secret ? " (or `_FILE`)" : "");
            print_default(row, "`", out);
            fputs(" | ", out);
            print_range(row, out);
            fputs(" | ", out);
            print_cell(row->help, out);
            fputs(" |\n", out);
        }
    }
}

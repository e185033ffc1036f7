/* config.h -- settings are tables.  A row names a field of a struct, its environment variable,
 * default, range and what it does; the row makes the parsing, the checks, --help and
 * docs/settings.md.  Config is read once at the start and then constant.
 * Order: default < environment < command line (--worker-slots=4 for WORKER_SLOTS; --x alone is true
 * for a BOOL).  A variable that is set but empty counts as not set, as in env files and compose.
 * A value out of range, an unknown --option, or a required setting without a value stops the
 * program with one line that says which setting, what it was and what would be right.
 * A secret's value is never printed; NAME_FILE=path reads it from a file (trailing newline cut). */
#ifndef MR_CONFIG_H
#define MR_CONFIG_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <stddef.h>
#include <stdio.h>

enum mr_setting_type {
    MR_SETTING_STR,    /* char *: owned by the struct */
    MR_SETTING_LONG,   /* int64_t: decimal, and K M G suffixes (1024) where min >= 0 */
    MR_SETTING_BOOL,   /* bool: true false 1 0 yes no on off */
    MR_SETTING_CHOICE, /* int: index into the space-separated words of `choices` */
};

struct mr_setting {
    enum mr_setting_type type;
    size_t offset;
    const char *env;      /* WORKER_SLOTS */
    const char *fallback; /* default, as text; NULL: must be given */
    int64_t min, max;     /* LONG: value; STR: length */
    const char *choices;
    const char *help; /* one line, with the unit */
    bool secret;
};

/* clang-format off */
#define MR_STR(s, f, env, def, help)            {MR_SETTING_STR,  offsetof(struct s, f), env, def, 0, 4096, NULL, help, false}
#define MR_SECRET(s, f, env, def, help)         {MR_SETTING_STR,  offsetof(struct s, f), env, def, 0, 4096, NULL, help, true}
#define MR_LONG(s, f, env, def, min, max, help) {MR_SETTING_LONG, offsetof(struct s, f), env, def, min, max, NULL, help, false}
#define MR_BOOL(s, f, env, def, help)           {MR_SETTING_BOOL, offsetof(struct s, f), env, def, 0, 1, NULL, help, false}
#define MR_CHOICE(s, f, env, def, words, help)  {MR_SETTING_CHOICE, offsetof(struct s, f), env, def, 0, 0, words, help, false}
/* clang-format on */

/* One table with the struct it fills. */
struct mr_settings_part {
    const char *title; /* "Worker", "Kafka": a heading in the help */
    const struct mr_setting *rows;
    size_t row_count;
    void *config; /* the struct; NULL where only text is made from the table */
};

/* Fills every part.  argv holds only options (the program's own words taken out before).
 * On failure nothing stays allocated. */
MR_MUST_USE enum mr_code mr_config_load(struct mr_settings_part *parts, size_t part_count, int argc,
                                        char *const *argv, struct mr_error *err);
void mr_config_release(struct mr_settings_part *parts, size_t part_count); /* frees the strings */
/* For tests and embedding: sets one by its environment name, with all checks. */
MR_MUST_USE enum mr_code mr_config_set(struct mr_settings_part *parts, size_t part_count,
                                       const char *env, const char *value, struct mr_error *err);
void mr_config_help(const struct mr_settings_part *parts, size_t part_count, FILE *out);
void mr_config_markdown(const struct mr_settings_part *parts, size_t part_count, FILE *out);

#endif

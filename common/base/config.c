/* config.c -- from text to the fields of structs, by the rows of tables.  config_help.c makes the
 * text about them. */
#include "common/base/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void *field_of(const struct mr_settings_part *part, const struct mr_setting *row)
{
    return (char *)part->config + row->offset;
}

static const char *shown(const struct mr_setting *row, const char *value)
{
    return row->secret ? "(not shown)" : value;
}

static enum mr_code set_str(const struct mr_setting *row, void *field, const char *value,
                            struct mr_error *err)
{
    size_t len = strlen(value);
    char *copy, *old;

    if (len > (uint64_t)row->max)
        return mr_fail(err, MR_INVALID, "%s: must be at most %" PRId64 " bytes, is %zu", row->env,
                       row->max, len);
    if (len < (uint64_t)row->min)
        return mr_fail(err, MR_INVALID, "%s: must be at least %" PRId64 " bytes, is %zu", row->env,
                       row->min, len);
    copy = strdup(value);
    if (!copy)
        return mr_fail(err, MR_NO_MEMORY, "%s: no memory for its value", row->env);
    memcpy(&old, field, sizeof(old));
    free(old);
    memcpy(field, &copy, sizeof(copy));
    return MR_OK;
}

/* Decimal digits, a minus, and where min >= 0 one of K M G; false where it is not, or not an int64.
 */
static bool read_long(const char *text, bool suffix, int64_t *ret)
{
    uint64_t n = 0, limit = INT64_MAX, factor = 1;
    bool minus = *text == '-';

    text += minus;
    limit += minus;
    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        unsigned digit = (unsigned)(*text - '0');
        if (n > (limit - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (suffix && *text) {
        static const char letters[] = "KMG";
        const char *letter = strchr(letters, *text & ~0x20); /* either case */
        if (!letter || !*letter)
            return false;
        for (ptrdiff_t i = letter - letters; i >= 0; i--)
            factor *= 1024;
        text++;
    }
    if (*text || n > limit / factor)
        return false;
    n *= factor;
    *ret = minus && n ? -(int64_t)(n - 1) - 1 : (int64_t)n;
    return true;
}

static enum mr_code set_long(const struct mr_setting *row, void *field, const char *value,
                             struct mr_error *err)
{
    int64_t n;

    if (!read_long(value, row->min >= 0, &n) || n < row->min || n > row->max)
        return mr_fail(
            err, MR_INVALID, "%s: must be a whole number %" PRId64 "..%" PRId64 "%s, is \"%.64s\"",
            row->env, row->min, row->max,
            row->min >= 0 && row->max >= 1024 ? " (K, M, G are 1024s)" : "", shown(row, value));
    memcpy(field, &n, sizeof(n));
    return MR_OK;
}

static enum mr_code set_bool(const struct mr_setting *row, void *field, const char *value,
                             struct mr_error *err)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(value, words[i]) == 0) {
            bool b = i % 2;
            memcpy(field, &b, sizeof(b));
            return MR_OK;
        }
    return mr_fail(err, MR_INVALID, "%s: must be true or false (1 0 yes no on off), is \"%.64s\"",
                   row->env, shown(row, value));
}

static enum mr_code set_choice(const struct mr_setting *row, void *field, const char *value,
                               struct mr_error *err)
{
    const char *word = row->choices;
    size_t value_len = strlen(value);

    for (int i = 0; *word; i++) {
        size_t len = strcspn(word, " ");
        if (len == value_len && memcmp(word, value, len) == 0) {
            memcpy(field, &i, sizeof(i));
            return MR_OK;
        }
        word += len;
        word += strspn(word, " ");
    }
    return mr_fail(err, MR_INVALID, "%s: must be one of: %s; is \"%.64s\"", row->env, row->choices,
                   shown(row, value));
}

static enum mr_code set_row(const struct mr_settings_part *part, const struct mr_setting *row,
                            const char *value, struct mr_error *err)
{
    void *field = field_of(part, row);

    switch (row->type) {
    case MR_SETTING_STR:
        return set_str(row, field, value, err);
    case MR_SETTING_LONG:
        return set_long(row, field, value, err);
    case MR_SETTING_BOOL:
        return set_bool(row, field, value, err);
    case MR_SETTING_CHOICE:
        return set_choice(row, field, value, err);
    }
    return mr_fail(err, MR_INTERNAL, "%s: has no type", row->env);
}

/* The text of NAME_FILE, without the newline that editors leave at its end. */
static enum mr_code read_secret(const struct mr_setting *row, const char *path, struct mr_buf *ret,
                                struct mr_error *err)
{
    enum mr_code rc = MR_OK;
    size_t len, max = (size_t)row->max + 2; /* CR LF */
    FILE *file = fopen(path, "rb");

    if (!file)
        return mr_fail(err, MR_INVALID, "%s_FILE: cannot open \"%s\": %s", row->env, path,
                       strerror(errno));
    if (mr_buf_reserve(ret, max + 1)) {
        rc = mr_fail(err, MR_NO_MEMORY, "%s_FILE: no memory for its value", row->env);
        goto done;
    }
    len = fread(ret->data, 1, max + 1, file);
    if (ferror(file)) {
        rc = mr_fail(err, MR_INVALID, "%s_FILE: cannot read \"%s\": %s", row->env, path,
                     strerror(errno));
        goto done;
    }
    if (len > 0 && ret->data[len - 1] == '\n')
        len--;
    if (len > 0 && ret->data[len - 1] == '\r')
        len--;
    ret->data[len] = '\0';
    ret->len = len;
    if (strlen(ret->data) != len)
        rc = mr_fail(err, MR_INVALID, "%s_FILE: \"%s\" has a zero byte in it", row->env, path);
done:
    fclose(file);
    return rc;
}

static enum mr_code set_from_file(const struct mr_settings_part *part, const struct mr_setting *row,
                                  const char *path, struct mr_error *err)
{
    struct mr_buf secret = {0};
    enum mr_code rc = read_secret(row, path, &secret, err);

    if (!rc)
        rc = set_row(part, row, secret.data, err);
    if (secret.data) /* not left behind in freed memory; volatile: no dead store to drop */
        for (size_t i = 0; i < secret.cap; i++)
            ((volatile char *)secret.data)[i] = 0;
    mr_buf_release(&secret);
    return rc;
}

/* A set but empty variable counts as not set: that is what `NAME=` in an env file or
 * `NAME: ${NAME:-}` of a compose file means. */
static const char *environment(const char *name, const char *suffix)
{
    char full[128];
    const char *value;
    int len = snprintf(full, sizeof(full), "%s%s", name, suffix);

    if (len < 0 || (size_t)len >= sizeof(full))
        return NULL;
    value = getenv(full); /* NOLINT(concurrency-mt-unsafe): before any thread */
    return value && *value ? value : NULL;
}

static enum mr_code load_environment(const struct mr_settings_part *part,
                                     const struct mr_setting *row, bool *given,
                                     struct mr_error *err)
{
    const char *value = environment(row->env, "");
    const char *path = row->secret ? environment(row->env, "_FILE") : NULL;

    *given = value || path;
    if (value && path)
        return mr_fail(err, MR_INVALID, "%s and %s_FILE are both set: give one of them", row->env,
                       row->env);
    if (path)
        return set_from_file(part, row, path, err);
    return value ? set_row(part, row, value, err) : MR_OK;
}

/* Is option (of option_len bytes, without dashes) the name of env followed by suffix? */
static bool names(const char *option, size_t option_len, const char *env, const char *suffix)
{
    size_t env_len = strlen(env), suffix_len = strlen(suffix);

    if (option_len != env_len + suffix_len || memcmp(option + env_len, suffix, suffix_len) != 0)
        return false;
    for (size_t i = 0; i < env_len; i++) {
        char c = env[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (option[i] != (c == '_' ? '-' : c))
            return false;
    }
    return true;
}

/* One --name=value, given to every row of that name (parts may share a setting). */
static enum mr_code load_option(struct mr_settings_part *parts, size_t part_count, const char *arg,
                                struct mr_error *err)
{
    const char *name = arg + 2, *value;
    size_t len;
    bool found = false;

    if (strncmp(arg, "--", 2) != 0)
        return mr_fail(err, MR_INVALID, "\"%.64s\" is no --option=value", arg);
    len = strcspn(name, "=");
    value = name[len] ? name + len + 1 : NULL;
    for (size_t i = 0; i < part_count; i++)
        for (size_t j = 0; parts[i].config && j < parts[i].row_count; j++) {
            const struct mr_setting *row = &parts[i].rows[j];
            bool file = row->secret && names(name, len, row->env, "-file");
            enum mr_code rc;
            if (!file && !names(name, len, row->env, ""))
                continue;
            found = true;
            if (!value && row->type != MR_SETTING_BOOL)
                return mr_fail(err, MR_INVALID, "--%.*s: needs a value: --%.*s=...", (int)len, name,
                               (int)len, name);
            rc = file ? set_from_file(&parts[i], row, value, err)
                      : set_row(&parts[i], row, value ? value : "true", err);
            if (rc)
                return rc;
        }
    if (!found)
        return mr_fail(err, MR_INVALID, "--%.*s: no such option; --help lists them",
                       len > 64 ? 64 : (int)len, name);
    return MR_OK;
}

static bool option_given(const struct mr_setting *row, int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        const char *name = argv[i] + 2;
        if (strncmp(argv[i], "--", 2) != 0)
            continue;
        if (names(name, strcspn(name, "="), row->env, "") ||
            (row->secret && names(name, strcspn(name, "="), row->env, "-file")))
            return true;
    }
    return false;
}

static void clear(struct mr_settings_part *parts, size_t part_count)
{
    char *none = NULL;

    for (size_t i = 0; i < part_count; i++)
        for (size_t j = 0; parts[i].config && j < parts[i].row_count; j++)
            if (parts[i].rows[j].type == MR_SETTING_STR)
                memcpy(field_of(&parts[i], &parts[i].rows[j]), &none, sizeof(none));
}

static enum mr_code load_row(const struct mr_settings_part *part, const struct mr_setting *row,
                             int argc, char *const *argv, struct mr_error *err)
{
    enum mr_code rc = row->fallback ? set_row(part, row, row->fallback, err) : MR_OK;
    bool given;

    if (rc)
        return rc;
    if (option_given(row, argc, argv)) /* it wins: what the environment says is not even checked */
        return MR_OK;
    rc = load_environment(part, row, &given, err);
    if (rc)
        return rc;
    if (!row->fallback && !given)
        return mr_fail(err, MR_INVALID, "%s%s%s: must be set: %s", row->env,
                       row->secret ? " or " : "", row->secret ? "its _FILE" : "", row->help);
    return MR_OK;
}

enum mr_code mr_config_load(struct mr_settings_part *parts, size_t part_count, int argc,
                            char *const *argv, struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    clear(parts, part_count); /* the structs may hold anything */
    for (size_t i = 0; i < part_count && !rc; i++)
        for (size_t j = 0; parts[i].config && j < parts[i].row_count && !rc; j++)
            rc = load_row(&parts[i], &parts[i].rows[j], argc, argv, err);
    for (int i = 0; i < argc && !rc; i++)
        rc = load_option(parts, part_count, argv[i], err);
    if (rc)
        mr_config_release(parts, part_count);
    return rc;
}

void mr_config_release(struct mr_settings_part *parts, size_t part_count)
{
    for (size_t i = 0; i < part_count; i++)
        for (size_t j = 0; parts[i].config && j < parts[i].row_count; j++)
            if (parts[i].rows[j].type == MR_SETTING_STR) {
                char *text;
                memcpy(&text, field_of(&parts[i], &parts[i].rows[j]), sizeof(text));
                free(text);
            }
    clear(parts, part_count);
}

enum mr_code mr_config_set(struct mr_settings_part *parts, size_t part_count, const char *env,
                           const char *value, struct mr_error *err)
{
    bool found = false;

    for (size_t i = 0; i < part_count; i++)
        for (size_t j = 0; parts[i].config && j < parts[i].row_count; j++)
            if (strcmp(parts[i].rows[j].env, env) == 0) {
                enum mr_code rc = set_row(&parts[i], &parts[i].rows[j], value, err);
                if (rc)
                    return rc;
                found = true;
            }
    return found ? MR_OK : mr_fail(err, MR_INVALID, "%.64s: no such setting", env);
}

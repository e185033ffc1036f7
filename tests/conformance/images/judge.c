/* judge.c -- do the pictures of an engine pass?  The rule is the one that the cases come with; on
 * the outputs of one run of all 792 this judge and their own, which needs npm sharp 0.35, named the
 * same 322 that failed.
 *
 *     conformance_judge [--known FILE [--update-known]] [--verbose] CASES OUT
 *
 * FILE lists cases that may fail: id, a tab, the reason; one that passes after all is a failure of
 * the list, unless it is to be updated: then its line is dropped.  Prints what fails, a line a
 * group, and "N passed, N failed, N skipped". */
#include "tests/conformance/images/case.h"
#include "tests/conformance/images/measure.h"

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

enum { WHY_MAX = 1200, GROUPS_MAX = 128, KNOWN_MAX = 1024 };

struct why { /* what is wrong with a case; "": nothing */
    char text[WHY_MAX];
    size_t len;
};

static void why_add(struct why *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void why_add(struct why *why, const char *fmt, ...)
{
    va_list args;
    int n;

    if (why->len && why->len + 2 < WHY_MAX)
        why->len += (size_t)snprintf(why->text + why->len, WHY_MAX - why->len, "; ");
    if (why->len >= WHY_MAX - 1)
        return;
    va_start(args, fmt);
    n = vsnprintf(why->text + why->len, WHY_MAX - why->len, fmt, args);
    va_end(args);
    why->len += n > 0 ? (size_t)n : 0;
    if (why->len > WHY_MAX - 1)
        why->len = WHY_MAX - 1;
}

static const cJSON *member(const cJSON *item, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(item, name);
}

static double number(const cJSON *item, const char *name, double otherwise)
{
    const cJSON *n = member(item, name);

    return cJSON_IsNumber(n) ? n->valuedouble : otherwise;
}

/* ---- one output ------------------------------------------------------------------------------ */

static void text_compare(const cJSON *expected, const char *name, const char *got, struct why *why)
{
    const char *text = case_text(expected, name);

    if (text && strcmp(text, got) != 0)
        why_add(why, "%s %s, expected %s", name, got, text);
}

static void int_compare(const cJSON *expected, const char *name, int got, struct why *why)
{
    const cJSON *n = member(expected, name);

    if (cJSON_IsNumber(n) && n->valuedouble != got)
        why_add(why, "%s %d, expected %g", name, got, n->valuedouble);
}

static void bool_compare(const cJSON *expected, const char *name, bool got, struct why *why)
{
    const cJSON *b = member(expected, name);

    if (cJSON_IsBool(b) && cJSON_IsTrue(b) != got)
        why_add(why, "%s %s, expected %s", name, got ? "true" : "false", got ? "false" : "true");
}

static void grid_compare(const cJSON *expected, const char *name, const uint8_t *got,
                         struct why *why)
{
    const cJSON *tolerance = member(expected, "tolerance");
    const char *base64 = case_text(expected, name);
    double mean_max = number(tolerance, "mean", 0), max_max = number(tolerance, "max", 0), mean;
    gsize len = 0;
    guchar *grid;
    int sum = 0, max = 0;

    if (!base64)
        return;
    if (!got) {
        why_add(why, "no %s", name);
        return;
    }
    grid = g_base64_decode(base64, &len);
    for (size_t i = 0; i < len && i < GRID_BYTES; i++) {
        int d = abs(grid[i] - got[i]);
        sum += d;
        max = d > max ? d : max;
    }
    mean = (double)sum / GRID_BYTES;
    if (len != GRID_BYTES || mean > mean_max || max > max_max)
        why_add(why, "%s mean %.2f/%g max %d/%g", name, mean, mean_max, max, max_max);
    g_free(grid);
}

static void detail_compare(const cJSON *expected, const double got[2], struct why *why)
{
    const cJSON *tolerance = member(expected, "tolerance"), *list = member(expected, "detail");
    double rel = number(tolerance, "detail_rel", 0), abs_max = number(tolerance, "detail_abs", 0);

    for (int i = 0; i < 2; i++) {
        const cJSON *n = cJSON_GetArrayItem(list, i);
        double v = cJSON_IsNumber(n) ? n->valuedouble : 0;
        if (fabs(v - got[i]) > abs_max + rel * v)
            why_add(why, "detail %c %g, expected %g", 'x' + i, got[i], v);
    }
}

static void counts_compare(const cJSON *expected, const struct seen *seen, struct why *why)
{
    double pages_max = number(expected, "pages_max", INFINITY);
    double bytes_max = number(expected, "max_bytes", INFINITY);
    double duration = number(expected, "duration", 0);

    if (seen->pages < number(expected, "pages_min", 0) || seen->pages > pages_max)
        why_add(why, "pages %d, expected %g to %g", seen->pages, number(expected, "pages_min", 0),
                pages_max);
    if ((double)seen->bytes > bytes_max)
        why_add(why, "%zu bytes, at most %g", seen->bytes, bytes_max);
    if (duration > 0 && seen->pages > 1 &&
        fabs(seen->duration_ms - duration) > 10 * number(expected, "pages_max", seen->pages))
        why_add(why, "duration %g ms, expected %g", seen->duration_ms, duration);
}

static void output_judge(const cJSON *expected, const struct mr_buf *file, struct why *why)
{
    char cause[256];
    struct seen seen;

    if (!file_see(file->data, file->len, &seen, cause, sizeof(cause))) {
        why_add(why, "%s", cause);
        return;
    }
    text_compare(expected, "format", seen.format, why);
    int_compare(expected, "width", seen.width, why);
    int_compare(expected, "height", seen.height, why);
    int_compare(expected, "pages", seen.pages, why);
    bool_compare(expected, "has_alpha", seen.has_alpha, why);
    counts_compare(expected, &seen, why);
    text_compare(expected, "depth", seen.depth, why);
    text_compare(expected, "space", seen.space, why);
    bool_compare(expected, "icc", seen.icc, why);
    bool_compare(expected, "exif", seen.exif, why);
    grid_compare(expected, "grid", seen.first.grid, why);
    grid_compare(expected, "grid_last", seen.pages > 1 ? seen.last.grid : NULL, why);
    detail_compare(expected, seen.first.detail, why);
}

/* ---- one case -------------------------------------------------------------------------------- */

/* The file in folder that is called name, with whatever extension. */
static bool output_read(const char *folder, const char *name, struct mr_buf *ret)
{
    size_t len = strlen(name);
    char path[2 * PATH_MAX];
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    bool found = false;

    while (dir && !found && (entry = readdir(dir))) {
        const char *rest = entry->d_name + len;
        if (strncmp(entry->d_name, name, len) != 0 ||
            !(*rest == '\0' || (*rest == '.' && !strchr(rest + 1, '.'))))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        found = file_read(path, ret);
    }
    if (dir)
        closedir(dir);
    return found;
}

static bool word_is(const cJSON *list, const char *word)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list) if (cJSON_IsString(item) &&
                                       strcmp(item->valuestring, word) == 0) return true;
    return false;
}

static void error_judge(const cJSON *expect, const cJSON *error, struct why *why)
{
    const char *wanted = case_text(expect, "error"), *name = case_text(error, "error");
    const char *pointer = case_text(expect, "pointer"), *got = case_text(error, "pointer");

    if (!error)
        why_add(why, "no error, expected %s", wanted);
    else if (!name || (strcmp(name, wanted) != 0 && !word_is(member(expect, "error_or"), name)))
        why_add(why, "%s, expected %s", name ? name : "(nothing)", wanted);
    else if (got && pointer && strcmp(got, pointer) != 0)
        why_add(why, "pointer %s, expected %s", got, pointer);
}

static cJSON *error_read(const char *folder)
{
    struct mr_buf text = {0};
    char path[2 * PATH_MAX];
    cJSON *error = NULL;

    snprintf(path, sizeof(path), "%s/error.json", folder);
    if (file_read(path, &text))
        error = cJSON_ParseWithLength(text.data, text.len);
    mr_buf_release(&text);
    return error;
}

static void outputs_judge(const cJSON *expect, const char *folder, struct why *why)
{
    const cJSON *expected;

    cJSON_ArrayForEach(expected, member(expect, "outputs"))
    {
        struct why own = {"", 0};
        struct mr_buf file = {0};
        if (!output_read(folder, expected->string, &file))
            why_add(&own, "no output");
        else
            output_judge(expected, &file, &own);
        mr_buf_release(&file);
        if (own.len)
            why_add(why, "%s: %s", expected->string, own.text);
    }
}

static void case_judge(const cJSON *item, const char *out, struct why *why)
{
    const cJSON *expect = member(item, "expect");
    const char *status = case_text(expect, "status");
    char folder[PATH_MAX];
    cJSON *error;

    snprintf(folder, sizeof(folder), "%s/%s", out, case_id(item));
    error = error_read(folder);
    if (status && strcmp(status, "error") == 0)
        error_judge(expect, error, why);
    else if (error)
        why_add(why, "%s: %s", case_text(error, "error"), case_text(error, "message"));
    else
        outputs_judge(expect, folder, why);
    cJSON_Delete(error);
}

/* ---- known differences ----------------------------------------------------------------------- */

struct known {
    const char *path;
    bool update;
    struct mr_buf comments; /* the lines before the first case */
    char *text;             /* owned; ids and reasons are in it */
    const char *ids[KNOWN_MAX], *reasons[KNOWN_MAX];
    bool seen[KNOWN_MAX], passes[KNOWN_MAX];
    size_t count;
};

static bool known_read(const char *path, struct known *known)
{
    struct mr_buf text = {0};
    char *line, *rest;

    if (!file_read(path, &text))
        return false;
    known->path = path;
    known->text = mr_buf_detach(&text);
    for (line = known->text ? strtok_r(known->text, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest)) {
        char *tab = strchr(line, '\t');
        if (*line == '#') {
            if (mr_buf_addf(&known->comments, "%s\n", line))
                return false;
            continue;
        }
        if (!tab || !tab[1] || known->count == KNOWN_MAX)
            return false;
        *tab = '\0';
        known->ids[known->count] = line;
        known->reasons[known->count++] = tab + 1;
    }
    return true;
}

/* True: id may fail.  passes: it does not. */
static bool known_has(struct known *known, const char *id, bool passes)
{
    for (size_t i = 0; i < known->count; i++)
        if (strcmp(known->ids[i], id) == 0) {
            known->passes[i] = passes;
            return known->seen[i] = true;
        }
    return false;
}

/* The list without what passes and what is no case. */
static bool known_write(const struct known *known)
{
    FILE *file = fopen(known->path, "w");

    if (!file)
        return false;
    fprintf(file, "%s", known->comments.data ? known->comments.data : "");
    for (size_t i = 0; i < known->count; i++)
        if (known->seen[i] && !known->passes[i])
            fprintf(file, "%s\t%s\n", known->ids[i], known->reasons[i]);
    return fclose(file) == 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

struct tally {
    const char *group;
    int passed, failed, known, listed; /* known: fails as listed; listed: passes all the same */
};

static struct tally *tally_of(struct tally *tallies, size_t *count, const char *group)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(tallies[i].group, group) == 0)
            return &tallies[i];
    if (*count == GROUPS_MAX)
        return &tallies[GROUPS_MAX - 1];
    tallies[*count] = (struct tally){.group = group};
    return &tallies[(*count)++];
}

static void count(struct tally *tally, const char *id, const struct why *why, bool may_fail,
                  bool verbose)
{
    if (why->len && may_fail) {
        tally->known++;
        if (verbose)
            printf("KNOWN %s: %s\n", id, why->text);
    } else if (why->len) {
        tally->failed++;
        printf("FAIL %s: %s\n", id, why->text);
    } else if (may_fail) {
        tally->passed++;
        tally->listed++;
        if (verbose)
            printf("PASS %s: is listed as a known difference\n", id);
    } else {
        tally->passed++;
    }
}

static int report(const struct tally *tallies, size_t n, const struct known *known)
{
    struct tally all = {0};

    for (size_t i = 0; i < n; i++) {
        printf("%-12s %5d passed %5d failed %5d known\n", tallies[i].group, tallies[i].passed,
               tallies[i].failed, tallies[i].known);
        all.passed += tallies[i].passed;
        all.failed += tallies[i].failed;
        all.known += tallies[i].known;
        all.listed += tallies[i].listed;
    }
    for (size_t i = 0; i < known->count; i++)
        all.listed += !known->seen[i];
    if (known->update && !known_write(known)) {
        printf("FAIL %s: cannot be written\n", known->path);
        all.failed++;
    } else if (known->update) {
        printf("%s: %d lines dropped\n", known->path, all.listed);
    } else if (all.listed) {
        printf("FAIL %s: %d listed cases pass, or are none: tests/conformance/run images "
               "--update-known drops them\n",
               known->path, all.listed);
        all.failed++;
    }
    printf("images: %d as recorded, %d known to differ\n", all.passed, all.known);
    printf("%d passed, %d failed, 0 skipped\n", all.passed, all.failed);
    return all.failed ? 1 : 0;
}

static bool options_read(int argc, char **argv, int *at, struct known *known, bool *verbose)
{
    for (; *at < argc && strncmp(argv[*at], "--", 2) == 0; ++*at)
        if (strcmp(argv[*at], "--verbose") == 0)
            *verbose = true;
        else if (strcmp(argv[*at], "--update-known") == 0 && known->path)
            known->update = true;
        else if (strcmp(argv[*at], "--known") != 0 || ++*at >= argc ||
                 !known_read(argv[*at], known))
            return false;
    return argc - *at == 2;
}

int main(int argc, char **argv)
{
    static struct tally tallies[GROUPS_MAX];
    static struct known known;
    size_t group_count = 0;
    bool verbose = false;
    struct cases cases;
    int at = 1, rc;

    if (!options_read(argc, argv, &at, &known, &verbose) || vips_init(argv[0])) {
        fprintf(stderr,
                "usage: conformance_judge [--known FILE [--update-known]] [--verbose] CASES OUT\n"
                "FILE: id, a tab and a reason a line\n");
        return 2;
    }
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    cases = cases_read(argv[at]);
    for (size_t i = 0; i < cases.count; i++) {
        const char *id = case_id(cases.list[i]), *group = case_text(cases.list[i], "group");
        struct why why = {"", 0};
        case_judge(cases.list[i], argv[at + 1], &why);
        count(tally_of(tallies, &group_count, group ? group : "all"), id, &why,
              known_has(&known, id, why.len == 0), verbose);
    }
    rc = report(tallies, group_count, &known);
    cases_release(&cases);
    free(known.text);
    mr_buf_release(&known.comments);
    return rc;
}

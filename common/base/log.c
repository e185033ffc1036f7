/* log.c -- one event, one line, one write(2).  Uses no heap, so that it works when memory is out;
 * must not know what an event means. */
#include "common/base/log.h"

#include "common/base/json.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    PAIRS_MAX = 4096, /* the rest of longer ones is cut */
    /* A pair of 2 bytes (` "`) becomes at most 8 of JSON (`,"\"":""`), the front is below 512. */
    LINE_MAX_BYTES = 4 * PAIRS_MAX + 512,
};

struct line {
    char data[LINE_MAX_BYTES];
    size_t len;
};

static struct mr_log_settings log_settings = {.program = "millrace", .level_min = MR_INFO};
static const char *const level_words[] = {"debug", "info", "warn", "error", "alarm"};
static const char *const level_marks[] = {"DEBUG", "INFO", "WARN", "ERROR", "ALARM"};

void mr_log_setup(const struct mr_log_settings *settings)
{
    log_settings = *settings;
}

bool mr_log_level_parse(const char *text, enum mr_log_level *ret)
{
    for (int i = MR_DEBUG; i <= MR_ALARM; i++)
        if (strcmp(text, level_words[i]) == 0) {
            *ret = (enum mr_log_level)i;
            return true;
        }
    return false;
}

static void put(struct line *line, const char *data, size_t len)
{
    size_t room = sizeof(line->data) - 1 - line->len; /* 1: the newline always fits */

    len = len < room ? len : room;
    memcpy(line->data + line->len, data, len);
    line->len += len;
}

static void put_str(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Text that is already clean (see mr_utf8_clean) as a JSON string. */
static void put_json(struct line *line, const char *text, size_t len)
{
    put(line, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            put(line, "\\", 1);
        put(line, text + i, 1);
    }
    put(line, "\"", 1);
}

/* 2026-01-31T12:00:00.123Z; by arithmetic, as gmtime_r() may take a lock and read the zone. */
static void put_time(struct line *line, int64_t ms)
{
    char text[64];
    int64_t days = ms / 86400000, rest = ms % 86400000;
    int64_t era, day_of_era, year_of_era, day_of_year, month, year;

    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    days += 719468; /* from 0000-03-01, so that the leap day ends a year (H. Hinnant,
                       civil_from_days) */
    era = (days >= 0 ? days : days - 146096) / 146097;
    day_of_era = days - era * 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153;
    year = year_of_era + era * 400 + (month >= 10);
    snprintf(text, sizeof(text),
             "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64
             ".%03" PRId64 "Z",
             year, month < 10 ? month + 3 : month - 9, day_of_year - (153 * month + 2) / 5 + 1,
             rest / 3600000, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
    put_str(line, text);
}

/* Length of the value at text: to the quote that closes it, or to the next space. */
static size_t value_len(const char *text)
{
    size_t i = 1;

    if (text[0] != '"')
        return strcspn(text, " ");
    while (text[i] && text[i] != '"')
        i += text[i] == '\\' && text[i + 1] ? 2 : 1;
    return text[i] ? i + 1 : i;
}

static void put_pairs_json(struct line *line, const char *pairs)
{
    static const struct mr_json_limits limits = {PAIRS_MAX, 1};

    while (*(pairs += strspn(pairs, " "))) {
        size_t len = strcspn(pairs, " =");
        put(line, ",", 1);
        put_json(line, pairs, len);
        put(line, ":", 1);
        pairs += len;
        pairs += *pairs == '=';
        len = value_len(pairs);
        /* What mr_log_quote() made is a JSON string already, unless the end was cut. */
        if (pairs[0] == '"' && mr_json_check(pairs, len, &limits, NULL) == MR_OK)
            put(line, pairs, len);
        else
            put_json(line, pairs, len);
        pairs += len;
    }
}

static void write_line(enum mr_log_level level, const char *event, char *pairs)
{
    struct line line;
    int errno_before = errno; /* who logs between a failed call and its report loses nothing */

    line.len = 0;
    mr_utf8_clean(pairs, strlen(pairs));
    if (log_settings.json) {
        put_str(&line, "{");
        if (log_settings.now_ms) {
            put_str(&line, "\"time\":\"");
            put_time(&line, log_settings.now_ms());
            put_str(&line, "\",");
        }
        put_str(&line, "\"level\":\"");
        put_str(&line, level_words[level]);
        put_str(&line, "\",\"program\":");
        put_json(&line, log_settings.program, strlen(log_settings.program));
        put_str(&line, ",\"event\":");
        put_json(&line, event, strlen(event));
        put_pairs_json(&line, pairs);
        put_str(&line, "}");
    } else {
        if (log_settings.now_ms)
            put_time(&line, log_settings.now_ms());
        else
            put_str(&line, "-");
        put_str(&line, " ");
        put_str(&line, level_marks[level]);
        put_str(&line, " ");
        put_str(&line, event);
        if (pairs[0] && pairs[0] != ' ')
            put_str(&line, " ");
        put_str(&line, pairs);
    }
    line.data[line.len++] = '\n';
    while (write(STDERR_FILENO, line.data, line.len) < 0 && errno == EINTR)
        ; /* any other failure has nowhere to be told */
    errno = errno_before;
}

void mr_log(enum mr_log_level level, const char *event, const char *fmt, ...)
{
    char pairs[PAIRS_MAX];
    va_list args;

    if (level < log_settings.level_min)
        return;
    va_start(args, fmt);
    if (vsnprintf(pairs, sizeof(pairs), fmt, args) < 0)
        pairs[0] = '\0';
    va_end(args);
    write_line(level, event, pairs);
}

const char *mr_log_quote(const char *text, char *buf, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *p = (const unsigned char *)(text ? text : "");
    const unsigned char *end = p + strlen((const char *)p);
    size_t len = 0;

    if (size == 0)
        return "";
    if (size >= 3)
        buf[len++] = '"';
    while (size >= 3 && p < end) {
        size_t n = mr_utf8_len(p, end), out = n ? n : 1;
        char piece[6] = {'?'};
        if (n == 1 && (*p == '"' || *p == '\\')) {
            piece[0] = '\\';
            piece[1] = (char)*p;
            out = 2;
        } else if (n == 1 && (*p < 0x20 || *p == 0x7F)) {
            memcpy(piece, (char[]){'\\', 'u', '0', '0', hex[*p >> 4], hex[*p & 15]}, 6);
            out = 6;
        } else if (n > 0) {
            memcpy(piece, p, n);
        }
        if (out > size - len - 2) /* whole pieces only; the quote and the NUL always fit */
            break;
        memcpy(buf + len, piece, out);
        len += out;
        p += n ? n : 1;
    }
    if (size >= 3)
        buf[len++] = '"';
    buf[len] = '\0';
    return buf;
}

void mr_log_error(enum mr_log_level level, const char *event, const struct mr_error *err,
                  const char *fmt, ...)
{
    char pairs[PAIRS_MAX], quoted[2 * MR_ERROR_TEXT_MAX + 4];
    size_t len, room = sizeof(pairs) - sizeof(quoted) - 64; /* the error is never what is cut */
    va_list args;

    if (level < log_settings.level_min)
        return;
    va_start(args, fmt);
    if (vsnprintf(pairs, room, fmt, args) < 0)
        pairs[0] = '\0';
    va_end(args);
    len = strlen(pairs);
    if (err)
        snprintf(pairs + len, sizeof(pairs) - len, " code=%s error=%s", mr_code_name(err->code),
                 mr_log_quote(err->text, quoted, sizeof(quoted)));
    write_line(level, event, pairs);
}

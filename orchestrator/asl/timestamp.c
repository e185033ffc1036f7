/* timestamp.c -- civil time without the C library's time zones. */
#include "orchestrator/asl/timestamp.h"

#include <stdio.h>

/* Days since 1970 of a day in the Gregorian calendar (Hinnant, days_from_civil). */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t era, year_of_era, day_of_year;

    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    year_of_era = year - era * 400;
    day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool digits(const char **text, int count, int *ret)
{
    int n = 0;

    for (int i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        n = n * 10 + (**text - '0');
    }
    *ret = n;
    return true;
}

static bool letter(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static bool fraction(const char **text, int32_t *ret)
{
    int32_t nanos = 0, unit = 100000000;
    int count = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++, count++) {
        if (count == 9)
            return false;
        nanos += (**text - '0') * unit;
        unit /= 10;
    }
    *ret = nanos;
    return count > 0;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        return 29;
    return days[month - 1];
}

bool asl_timestamp_parse(const char *text, struct asl_timestamp *ret)
{
    int year, month, day, hour, minute, second, offset = 0;
    int32_t nanos = 0;

    if (!digits(&text, 4, &year) || !letter(&text, '-') || !digits(&text, 2, &month) ||
        !letter(&text, '-') || !digits(&text, 2, &day) || !letter(&text, 'T') ||
        !digits(&text, 2, &hour) || !letter(&text, ':') || !digits(&text, 2, &minute) ||
        !letter(&text, ':') || !digits(&text, 2, &second))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    if (letter(&text, '.') && !fraction(&text, &nanos))
        return false;
    if (!letter(&text, 'Z')) {
        int sign = *text == '-' ? -1 : 1, hours, minutes;
        if (!letter(&text, '-') && !letter(&text, '+'))
            return false;
        if (!digits(&text, 2, &hours) || !letter(&text, ':') || !digits(&text, 2, &minutes) ||
            hours > 23 || minutes > 59)
            return false;
        offset = sign * (hours * 3600 + minutes * 60);
    }
    if (*text)
        return false;
    second += (hour * 60 + minute) * 60 - offset; /* of the day, as UTC has it */
    ret->seconds = days_of(year, month, day) * 86400 + second;
    ret->nanos = nanos;
    return true;
}

int asl_timestamp_compare(const struct asl_timestamp *a, const struct asl_timestamp *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    return (a->nanos > b->nanos) - (a->nanos < b->nanos);
}

int64_t asl_timestamp_ms(const struct asl_timestamp *time)
{
    return time->seconds * 1000 + (time->nanos + 999999) / 1000000;
}

void asl_timestamp_print(int64_t ms, char buf[ASL_TIMESTAMP_SIZE])
{
    int64_t days = ms / 86400000 - (ms % 86400000 < 0), rest = ms - days * 86400000;
    int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    int day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    int civil_month = (int)(month < 10 ? month + 3 : month - 9);
    int year = (int)((year_of_era + era * 400 + (civil_month <= 2)) % 100000);

    (void)snprintf(buf, ASL_TIMESTAMP_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year,
                   civil_month, day, (int)(rest / 3600000), (int)(rest / 60000 % 60),
                   (int)(rest / 1000 % 60), (int)(rest % 1000));
}

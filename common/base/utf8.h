/* utf8.h -- what is well-formed UTF-8 (RFC 3629), for the few files of base that look at bytes. */
#ifndef MR_UTF8_H
#define MR_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the well-formed sequence at p (1..4), 0 where there is none before end: overlong forms,
 * surrogates, above U+10FFFF and cut sequences are not well-formed.  Inline: the JSON check calls
 * it for every character that is not ASCII. */
static inline size_t mr_utf8_len(const unsigned char *p, const unsigned char *end)
{
    size_t left = (size_t)(end - p);
    unsigned char lowest = 0x80, highest = 0xBF; /* of the second byte */

    if (left == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2)
        return 0;
    if (p[0] < 0xE0)
        return left >= 2 && (p[1] & 0xC0) == 0x80 ? 2 : 0;
    if (p[0] < 0xF0) {
        if (p[0] == 0xE0)
            lowest = 0xA0;
        else if (p[0] == 0xED)
            highest = 0x9F;
        return left >= 3 && p[1] >= lowest && p[1] <= highest && (p[2] & 0xC0) == 0x80 ? 3 : 0;
    }
    if (p[0] > 0xF4)
        return 0;
    if (p[0] == 0xF0)
        lowest = 0x90;
    else if (p[0] == 0xF4)
        highest = 0x8F;
    return left >= 4 && p[1] >= lowest && p[1] <= highest && (p[2] & 0xC0) == 0x80 &&
                   (p[3] & 0xC0) == 0x80
               ? 4
               : 0;
}

bool mr_utf8_valid(const char *text, size_t len);
/* Makes text one harmless line, in place: control characters (C0, DEL and C1, which terminals obey)
 * and bytes that are not UTF-8, such as a sequence cut at the end, become '?' each. */
void mr_utf8_clean(char *text, size_t len);

#endif

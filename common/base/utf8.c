/* utf8.c -- whole texts: valid or not, and made fit for one line. */
#include "common/base/utf8.h"

bool mr_utf8_valid(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len;

    while (p < end) {
        size_t n = mr_utf8_len(p, end);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

void mr_utf8_clean(char *text, size_t len)
{
    unsigned char *p = (unsigned char *)text, *end = p + len;

    while (p < end) {
        size_t n = mr_utf8_len(p, end);
        bool control = n == 1 ? *p < 0x20 || *p == 0x7F : n == 2 && p[0] == 0xC2 && p[1] < 0xA0;
        size_t bad = n == 0 ? 1 : control ? n : 0;
        for (size_t i = 0; i < bad; i++)
            p[i] = '?';
        p += n ? n : 1;
    }
}

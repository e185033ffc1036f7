/* suggest.c -- see suggest.h.  The edits are Levenshtein's, whatever the capitals. */
#include "orchestrator/asl/suggest.h"

#include <ctype.h>
#include <string.h>

enum { EDITS_MAX = 2 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

/* More than EDITS_MAX is not counted on. */
static unsigned edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned row[ASL_SUGGEST_BYTES + 1], before, above, lowest = 0;

    for (size_t i = 0; i <= b_len; i++)
        row[i] = (unsigned)i;
    for (size_t i = 0; i < a_len && lowest <= EDITS_MAX; i++) {
        before = row[0];
        lowest = row[0] = (unsigned)i + 1;
        for (size_t n = 0; n < b_len; n++) {
            const bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[n]);
            above = row[n + 1];
            row[n + 1] = least(above + 1, row[n] + 1, before + !same);
            before = above;
            lowest = row[n + 1] < lowest ? row[n + 1] : lowest;
        }
    }
    return lowest > EDITS_MAX ? lowest : row[b_len];
}

void asl_suggest_offer(struct asl_suggestion *suggestion, const char *name)
{
    size_t len = suggestion->word ? strlen(suggestion->word) : 0, name_len = strlen(name);
    unsigned found, max = len < 3 ? 0 : len < 4 ? 1 : EDITS_MAX;

    if (len == 0 || len > ASL_SUGGEST_BYTES || name_len > ASL_SUGGEST_BYTES ||
        (len > name_len ? len - name_len : name_len - len) > max)
        return;
    found = edits(suggestion->word, len, name, name_len);
    if (found > max || (suggestion->nearest && found >= suggestion->edits))
        return;
    suggestion->nearest = name;
    suggestion->edits = found;
}

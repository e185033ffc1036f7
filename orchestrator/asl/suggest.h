/* suggest.h -- for who wrote a word wrong: which of the words that may stand there is meant. */
#ifndef ASL_SUGGEST_H
#define ASL_SUGGEST_H

#include <stdbool.h>

enum { ASL_SUGGEST_BYTES = 80 /* longer words are not looked at */ };

struct asl_suggestion {
    const char *word;    /* as it was written; lent; NULL: nothing is looked for */
    const char *nearest; /* of what was offered; lent; NULL: none is near */
    unsigned edits;      /* between the two */
};

/* name may stand there.  Near is what one or two letters make of the word, or other capitals. */
void asl_suggest_offer(struct asl_suggestion *, const char *name);
/* Both as arguments of "%s%.80s%s": ", did you mean 'X'?", or nothing. */
#define ASL_SUGGESTED(suggestion)                                                                  \
    (suggestion).nearest ? ": did you mean '" : "",                                                \
        (suggestion).nearest ? (suggestion).nearest : "", (suggestion).nearest ? "'?" : ""

#endif

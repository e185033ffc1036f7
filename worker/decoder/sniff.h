/* sniff.h -- which format the first bytes are of.  The supervisor decides it, and by it which
 * decoder and which loader read the source; libvips' own sniffers run the libraries of formats that
 * we do not read. */
#ifndef DEC_SNIFF_H
#define DEC_SNIFF_H

#include "common/model/format.h"

#include <stdbool.h>
#include <stddef.h>

/* False: not one that is read here.  *ret_word: what it is called in an error. */
bool dec_sniff(const void *data, size_t len, enum mr_format *ret, const char **ret_word);

#endif

/* buf.h -- bytes that grow.  A zeroed struct is an empty buffer; data is NUL-terminated whenever
 * it is not NULL, the NUL not counted in len.  Allocation failure is MR_NO_MEMORY and leaves the
 * buffer as it was; `failed` then stays set, so that a row of appends needs one check at its end.
 */
#ifndef MR_BUF_H
#define MR_BUF_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct mr_buf {
    char *data; /* owned; NULL while empty and never grown */
    size_t len;
    size_t cap;
    bool failed; /* an append since the last reset ran out of memory */
};

enum mr_code mr_buf_reserve(struct mr_buf *buf, size_t more);
enum mr_code mr_buf_add(struct mr_buf *buf, const void *data, size_t len);
enum mr_code mr_buf_add_str(struct mr_buf *buf, const char *text);
enum mr_code mr_buf_add_char(struct mr_buf *buf, char c);
enum mr_code mr_buf_add_int(struct mr_buf *buf, int64_t n); /* decimal */
enum mr_code mr_buf_addf(struct mr_buf *buf, const char *fmt, ...) MR_PRINTF(2, 3);
/* The text as a JSON string with its quotes; bytes >= 0x80 pass unchanged (they must be UTF-8). */
enum mr_code mr_buf_add_json(struct mr_buf *buf, const char *text, size_t len);
void mr_buf_reset(struct mr_buf *buf);   /* len = 0, failed = false, keeps the memory */
void mr_buf_release(struct mr_buf *buf); /* frees; the struct is empty again */
char *mr_buf_detach(struct mr_buf *buf); /* the caller's, to free(); NULL when empty or failed;
                                            the struct is empty again either way */

#endif

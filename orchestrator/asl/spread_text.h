/* spread_text.h -- a distributed Map's part of a run's text, for encode.c and decode.c. */
#ifndef ASL_SPREAD_TEXT_H
#define ASL_SPREAD_TEXT_H

#include "common/base/buf.h"
#include "orchestrator/asl/spread.h"

void asl_spread_encode(const struct asl_spread_run *, struct mr_buf *buf);
/* Puts the value that item numbers into *slot; false: there is none, or no memory. */
typedef bool asl_spread_value_fn(void *ctx, const cJSON *item, bool required,
                                 struct asl_value **slot);
/* false: it does not fit, or (*ret_no_memory) memory ran out; *ret is then half filled and still to
 * be freed. */
bool asl_spread_decode(const cJSON *json, const struct asl_spread *fields, asl_spread_value_fn *,
                       void *ctx, struct asl_spread_run **ret, bool *ret_no_memory);

#endif

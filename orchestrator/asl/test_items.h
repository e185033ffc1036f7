/* test_items.h -- stateConfiguration's mapItemReaderData: what the ItemReader of the Map that is
 * tested would have read. */
#ifndef ASL_TEST_ITEMS_H
#define ASL_TEST_ITEMS_H

#include "common/base/error.h"

#include <cjson/cJSON.h>

/* said, the text as it stands where it is read (or a tree), by the InputType of state's reader.
 * MR_OK: *ret is the caller's, NULL where it is of a kind that is not read here (CSV ...).
 * MR_INVALID: err says what is wrong with it. */
MR_MUST_USE enum mr_code asl_test_items_parse(const cJSON *said, const cJSON *state, cJSON **ret,
                                              struct mr_error *err);
/* What read_request (of a task of ASL_RESOURCE_READ) is answered out of read.  *ret_data is the
 * caller's; *ret_pointed, lent by read, is what ItemsPointer points to, NULL: there is none.
 * MR_INVALID: the reader fails, err says why. */
MR_MUST_USE enum mr_code asl_test_items_answer(const cJSON *read, const char *read_request,
                                               cJSON **ret_data, const cJSON **ret_pointed,
                                               struct mr_error *err);

#endif

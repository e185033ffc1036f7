/* service_result.h -- what calls of AWS's services answer, for a mock that stands in for one.  The
 * models are services/SERVICE.txt, which deploy/service-results makes and explains. */
#ifndef ASL_SERVICE_RESULT_H
#define ASL_SERVICE_RESULT_H

#include "common/base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Whether result may be the answer of the call that resource names; complete: members that the
 * service always gives must be there.  Members that the model does not know, and those that are
 * null, are not looked at.  MR_OK too where there is no model: of a resource that is no service's
 * call, of one whose answer comes from elsewhere (a token), of services that have no file.
 * MR_INVALID: err names the member and what it must be. */
MR_MUST_USE enum mr_code asl_service_result_check(const char *resource, const cJSON *result,
                                                  bool complete, struct mr_error *err);

#endif

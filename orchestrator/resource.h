/* resource.h -- which task type and class a definition's Resource means.  The rows of design §4:
 *   millrace:<class>.<name>                          that class; type "<class>.<name>"
 *   millrace:<name>                                  class io (manifest, noop)
 *   arn:aws:lambda:R:A:function:NAME[:V]             class NAME
 *   arn:aws:states:R:A:activity:NAME                 class NAME
 * The suffix .waitForTaskToken is taken off. Others are refused when a definition is put. */
#ifndef OC_RESOURCE_H
#define OC_RESOURCE_H

#include "common/base/error.h"
#include "common/model/topics.h"

struct oc_resource {
    char class_name[MR_CLASS_MAX];
    char type[256];
};
/* MR_UNSUPPORTED: nothing of the table. */
MR_MUST_USE enum mr_code oc_resource_resolve(const char *resource, struct oc_resource *ret,
                                             struct mr_error *err);

#endif

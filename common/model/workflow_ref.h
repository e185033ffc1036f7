/* workflow_ref.h -- which workflow a job asks for: "thumbs" (the newest version), "thumbs:3" (that
 * version, for ever) or "thumbs:live" (the version that an alias leads to); and aliases themselves.
 * Records of millrace.config bear the same words behind "workflow/". */
#ifndef MR_WORKFLOW_REF_H
#define MR_WORKFLOW_REF_H

#include "common/base/error.h"
#include "common/base/id.h"

#include <stddef.h>
#include <stdint.h>

enum {
    MR_ALIAS_MAX = 32, /* [A-Za-z_][A-Za-z0-9_-]{0,31} */
    MR_VERSION_MAX = 999999999,
    MR_WORKFLOW_REF_MAX = MR_NAME_MAX + 1 + MR_ALIAS_MAX,
    MR_ALIAS_ROUTES_MAX = 8,
};

struct mr_workflow_ref {
    char name[MR_NAME_MAX + 1];
    char alias[MR_ALIAS_MAX + 1]; /* "": none */
    int64_t version;              /* 0: none */
};
/* MR_INVALID: the form is off. */
MR_MUST_USE enum mr_code mr_workflow_ref_parse(const char *text, struct mr_workflow_ref *ret,
                                               struct mr_error *err);
bool mr_alias_valid(const char *name);
/* A version's number in text; 0: it is none. */
int64_t mr_version_parse(const char *text);

/* ---- millrace.config: "workflow/<name>:<alias>"
 * {"v":1,"routes":[{"version":3,"weight":90},{"version":4,"weight":10}]}; weights add up to 100 */
struct mr_alias {
    struct {
        int64_t version;
        int64_t weight;
    } routes[MR_ALIAS_ROUTES_MAX];
    size_t count;
};
MR_MUST_USE enum mr_code mr_alias_parse(const char *text, size_t len, struct mr_alias *ret,
                                        struct mr_error *err);
/* The version for this job: the same whenever it is asked. */
int64_t mr_alias_pick(const struct mr_alias *, const char *job);

#endif

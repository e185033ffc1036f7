/* state.h -- what Redis says of a job, behind a circuit: after a call that was not answered the
 * next ones fail at once for a moment, so that a dead Redis does not hold up the loop again and
 * again. */
#ifndef GW_STATE_H
#define GW_STATE_H

#include "gateway/app.h"

enum { GW_ROW_FIELDS_MAX = 512, GW_ROW_BYTES_MAX = 4 * 1024 * 1024 };

struct gw_row {
    struct mr_buf bytes; /* name NUL value NUL */
    size_t fields;
};

/* MR_OK: *ret is the caller's to release.  MR_NOT_FOUND: no such job of this tenant; with
 * *ret_taken (may be NULL) where another tenant has the id.  MR_UNAVAILABLE. */
MR_MUST_USE enum mr_code gw_row_get(struct gw_app *, const char *tenant, const char *job,
                                    struct gw_row *ret, bool *ret_taken, struct mr_error *err);
const char *gw_row_field(const struct gw_row *, const char *name); /* "" where there is none */
/* Fields one by one: *at is 0 at first; false at the end. */
bool gw_row_next(const struct gw_row *, size_t *at, const char **name, const char **value);
void gw_row_release(struct gw_row *);
uint32_t gw_shard_of(const struct gw_app *, const char *job);

/* May Redis be asked now?  MR_UNAVAILABLE: not yet. */
MR_MUST_USE enum mr_code gw_store_open(const struct gw_app *, struct mr_error *err);
/* What a call answered: a failure to answer opens the circuit.  Returns rc. */
enum mr_code gw_store_said(struct gw_app *, enum mr_code rc, const struct mr_error *err);

#endif

/* ids.h -- job ids that this cluster has issued can be told from others: 20 characters and 8 of a
 * MAC over tenant and them.  So a job that got its 202 is never answered 404. */
#ifndef GW_IDS_H
#define GW_IDS_H

#include "gateway/app.h"

enum { GW_ID_BODY = 20, GW_ID_MAC = 8, GW_ID_LEN = GW_ID_BODY + GW_ID_MAC };

MR_MUST_USE enum mr_code gw_id_new(const struct gw_app *, const char *tenant,
                                   char ret[GW_ID_LEN + 1], struct mr_error *err);
/* The same key of the same tenant gives the same id. */
void gw_id_of_key(const struct gw_app *, const char *tenant, const char *key,
                  char ret[GW_ID_LEN + 1]);
bool gw_id_issued(const struct gw_app *, const char *tenant, const char *id);

#endif

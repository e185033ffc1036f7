/* blob_probe.h -- the last step of every driver's check(): write, read and delete one small object.
 */
#ifndef MR_BLOB_PROBE_H
#define MR_BLOB_PROBE_H

#include "common/ports/blob.h"

/* The key is "millrace-check/" and random; err says which of the three steps failed. */
MR_MUST_USE enum mr_code mr_blob_probe(struct mr_blob *blob, struct mr_error *err);

#endif

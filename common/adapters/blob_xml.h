/* blob_xml.h -- a reader for the little XML that S3 answers with.  It takes elements, attributes
 * (passed over), text and the five named and the numeric entities; it refuses all else: document
 * types, CDATA, processing instructions behind the first line, a nesting beyond its limit. */
#ifndef MR_BLOB_XML_H
#define MR_BLOB_XML_H

#include "common/base/buf.h"
#include "common/base/error.h"

enum {
    MR_XML_DEPTH_MAX = 16,
    MR_XML_NAME_MAX = 64,
};

/* An element has ended: its path from the root ("ListBucketResult/Contents/Key") and its own text,
 * decoded and NUL-terminated; text is "" for an element that holds others.  Anything but MR_OK ends
 * the reading. */
typedef enum mr_code mr_xml_end_fn(void *ctx, const char *path, const char *text,
                                   struct mr_error *err);

/* Reads the whole document.  MR_CORRUPT with the byte offset where it is not of this form. */
MR_MUST_USE enum mr_code mr_xml_read(const char *data, size_t len, mr_xml_end_fn *on_end, void *ctx,
                                     struct mr_error *err);

#endif

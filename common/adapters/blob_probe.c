/* blob_probe.c -- see blob_probe.h. */
#include "common/adapters/blob_probe.h"

#include "common/adapters/crypto.h"
#include "common/base/id.h"

#include <stdio.h>
#include <string.h>

enum mr_code mr_blob_probe(struct mr_blob *blob, struct mr_error *err)
{
    static const struct mr_blob_put put = {.content_type = "text/plain", .if_absent = true};
    uint8_t random[8];
    char name[2 * sizeof random + 1], key[64];
    struct mr_buf back = {0};

    enum mr_code rc = mr_random(random, sizeof random, err);
    if (rc)
        return rc;
    mr_hex(random, sizeof random, name);
    snprintf(key, sizeof key, "millrace-check/%s", name);

    rc = mr_blob_put(blob, key, &put, name, strlen(name), NULL, err);
    if (rc)
        return mr_fail_in(err, rc, "writing a probe");
    rc = mr_blob_get(blob, key, sizeof name, &back, NULL, err);
    if (rc)
        rc = mr_fail_in(err, rc, "reading a probe");
    else if (back.len != strlen(name) || memcmp(back.data, name, back.len) != 0)
        rc = mr_fail(err, MR_CORRUPT, "reading a probe: not the bytes that were written");
    mr_buf_release(&back);
    enum mr_code removed = mr_blob_remove(blob, key, rc ? NULL : err);
    return rc || !removed ? rc : mr_fail_in(err, removed, "deleting a probe");
}

/* xml.c -- what a store of blobs answers with. */
#include "tests/fuzz/fuzz.h"

#include "common/adapters/blob_xml.h"

static enum mr_code on_end(void *ctx, const char *path, const char *text, struct mr_error *err)
{
    size_t depth = 1;

    (void)err;
    for (const char *p = path; *p; p++)
        depth += *p == '/';
    FUZZ_PROMISE(depth <= MR_XML_DEPTH_MAX, "%zu deep: %s", depth, path);
    FUZZ_PROMISE(path[0] && path[strlen(path) - 1] != '/', "an element has a name: %s", path);
    (void)mr_buf_addf(ctx, "%s=%s\n", path, text);
    return MR_OK;
}

static enum mr_code stop_at_first(void *ctx, const char *path, const char *text,
                                  struct mr_error *err)
{
    (void)path, (void)text;
    ++*(int *)ctx;
    return mr_fail(err, MR_CANCELLED, "enough");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct mr_buf seen = {0};
    struct mr_error err = {0};
    int ends = 0;
    enum mr_code rc = mr_xml_read((const char *)data, len, on_end, &seen, &err);

    FUZZ_PROMISE(!rc || (rc == MR_CORRUPT && err.text[0]), "%d %s", rc, err.text);
    rc = mr_xml_read((const char *)data, len, stop_at_first, &ends, &err);
    FUZZ_PROMISE(ends <= 1 && (seen.len > 0) == (ends == 1), "the first element's end is the last");
    FUZZ_PROMISE(ends == 0 || rc == MR_CANCELLED, "the reader's code is passed on, not %d", rc);
    mr_buf_release(&seen);
    return 0;
}

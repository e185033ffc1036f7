/* run.c -- what stands where a run's state should be: decoded to a run that encodes to itself and
 * takes events, or MR_CORRUPT.  Behind the first NUL: a byte for each event. */
#include "tests/fuzz/machines.h"

/* Values 1..9 are there, and are what a store may have in their place. */
static bool get(void *ctx, uint32_t id, const char **json, size_t *len)
{
    static const char *const texts[] = {"{\"list\":[1,2],\"a\":1}", "[]", "{", "", "7"};

    (void)ctx;
    if (id < 1 || id > 9)
        return false;
    *json = texts[id % 5];
    *len = strlen(*json);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, 0, len) : NULL;
    const size_t text_len = end ? (size_t)(end - data) : len;
    char *text = fuzz_text(data, text_len);
    struct asl_run *run = NULL, *again = NULL;
    struct mr_buf one = {0}, two = {0};
    struct mr_error err = {0};
    enum mr_code rc = asl_run_decode(fuzz_machine(), text, text_len, get, NULL, &run, &err);

    free(text); /* a run lends nothing from it */
    if (rc) {
        FUZZ_PROMISE(rc == MR_CORRUPT && err.text[0] && !run, "MR_CORRUPT with its reason: %d %s",
                     rc, err.text);
        return 0;
    }
    fuzz_encode(run, NULL, &one);
    rc = asl_run_decode(fuzz_machine(), one.data, one.len, get, NULL, &again, &err);
    if (!rc) { /* a value that is kept apart may be one that get() does not have */
        fuzz_encode(again, NULL, &two);
        fuzz_same(&one, &two, "a decoded run encodes to itself");
    }
    fuzz_poke(run, end ? end + 1 : data, end ? len - text_len - 1 : 0);
    asl_run_free(again);
    asl_run_free(run);
    mr_buf_release(&one);
    mr_buf_release(&two);
    return 0;
}

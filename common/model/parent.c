/* parent.c -- whose child a job is: the part of submit, redrive and ask events that says it. */
#include "common/model/message_read.h"

#include <string.h>

static const char *const want_names[MR_WANT_COUNT] = {
    [MR_WANT_OUTPUT] = "output",   [MR_WANT_RECORD] = "record", [MR_WANT_SYNC] = "sync",
    [MR_WANT_SYNC2] = "sync2",     [MR_WANT_START] = "start",   [MR_WANT_NOTHING] = "nothing",
    [MR_WANT_EXPRESS] = "express",
};

const char *mr_want_name(enum mr_want want)
{
    return want < MR_WANT_COUNT ? want_names[want] : "?";
}

enum mr_code mr_parent_read(const cJSON *object, struct mr_parent *ret, struct mr_error *err)
{
    struct mr_parent parent = {0};
    const char *want = NULL;
    int64_t index = 0, items = 1, flow = 0, depth = 0;
    enum mr_code rc;

    if (!object)
        return MR_OK;
    if ((rc = mr_json_str(object, "/parent", "token", MR_TOKEN_MAX, &parent.token_text, err)) ||
        (rc = mr_token_parse(parent.token_text, &parent.token, err)) ||
        (rc = mr_json_int_opt(object, "/parent", "index", 0, UINT32_MAX, &index, err)) ||
        (rc = mr_json_int_opt(object, "/parent", "items", 1, UINT32_MAX, &items, err)) ||
        (rc = mr_json_int_opt(object, "/parent", "flow", 0, UINT32_MAX, &flow, err)) ||
        (rc = mr_json_int_opt(object, "/parent", "depth", 0, UINT32_MAX, &depth, err)) ||
        (rc = mr_json_bool_opt(object, "/parent", "named", &parent.named, err)) ||
        (rc = mr_json_bool_opt(object, "/parent", "sdk", &parent.sdk, err)) ||
        (rc = mr_json_str(object, "/parent", "want", 16, &want, err)))
        return rc;
    parent.index = (uint32_t)index;
    parent.items = (uint32_t)items;
    parent.flow = (uint32_t)flow;
    parent.depth = (uint32_t)depth;
    parent.want = MR_WANT_COUNT;
    for (unsigned i = 0; i < MR_WANT_COUNT; i++)
        if (strcmp(want, want_names[i]) == 0)
            parent.want = (enum mr_want)i;
    if (parent.want == MR_WANT_COUNT)
        return mr_fail(err, MR_UNSUPPORTED, "/parent/want: \"%.16s\" is not known", want);
    *ret = parent;
    return MR_OK;
}

void mr_parent_write(struct mr_jw *w, const struct mr_parent *parent)
{
    mr_jw_open(w, "parent", '{');
    mr_jw_str(w, "token", parent->token_text);
    mr_jw_int(w, "index", parent->index);
    mr_jw_int(w, "items", parent->items ? parent->items : 1);
    if (parent->flow)
        mr_jw_int(w, "flow", parent->flow);
    if (parent->depth)
        mr_jw_int(w, "depth", parent->depth);
    mr_jw_str(w, "want", mr_want_name(parent->want));
    if (parent->named)
        mr_jw_bool(w, "named", true);
    if (parent->sdk)
        mr_jw_bool(w, "sdk", true);
    mr_jw_close(w, '}');
}

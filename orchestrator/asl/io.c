/* io.c -- data on their way through a state:
 *   raw input - InputPath - Parameters - (the state) - ResultSelector - ResultPath - OutputPath. */
#include "orchestrator/asl/turn.h"

#include "orchestrator/asl/parse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum mr_code asl_io_too_large(struct asl_turn *turn, const char *who, size_t len,
                              struct asl_fault *fault)
{
    (void)asl_fault_set(fault, ASL_DATA_LIMIT_EXCEEDED, ASL_TOO_LARGE, (int)len, who);
    fault->cause = asl_turn_keep(turn, fault->text, strlen(fault->text));
    return fault->cause ? MR_INVALID : MR_NO_MEMORY;
}

enum mr_code asl_io_check(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *value,
                          struct asl_fault *fault)
{
    const char *name = asl_turn_state(turn, frame)->name;

    if (asl_value_fits(value, turn->data_max))
        return MR_OK;
    if (asl_turn_since(turn, ASL_ENGINE_REVIEW))
        return asl_io_too_large(turn, name, strlen(name), fault);
    return asl_fault_set(fault, ASL_DATA_LIMIT_EXCEEDED,
                         "The state/task '%.80s' returned a result with a size exceeding the "
                         "maximum: %zu bytes and %d levels are allowed.",
                         name, turn->data_max, ASL_DATA_DEPTH_MAX);
}

enum mr_code asl_io_filter(struct asl_turn *turn, struct asl_frame *frame, struct asl_value **ret,
                           struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = frame->input};
    enum mr_code rc = asl_scope_value(&scope, state->input_path, "InputPath", ret, fault);

    asl_scope_release(&scope);
    if (!rc)
        asl_probe_value(turn, "afterInputPath", *ret);
    return rc;
}

enum mr_code asl_io_fill(struct asl_scope *scope, const struct asl_template *template,
                         struct asl_value **ret, struct asl_fault *fault)
{
    struct asl_turn *turn = scope->turn;
    struct asl_value *value;
    cJSON *json;
    enum mr_code rc = asl_template_fill(template, scope, &json, fault);

    if (rc)
        return rc;
    value = asl_value_new_take(json);
    if (!value)
        return MR_NO_MEMORY;
    rc = asl_io_check(turn, scope->frame, value, fault);
    if (rc)
        asl_value_unref(value);
    else
        *ret = value;
    return rc;
}

/* Replaces *value by template filled in from it; template NULL: leaves it. */
static enum mr_code fill(struct asl_turn *turn, struct asl_frame *frame,
                         const struct asl_template *template, struct asl_value **value,
                         struct asl_fault *fault)
{
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = *value};
    struct asl_value *filled;
    enum mr_code rc;

    if (!template)
        return MR_OK;
    rc = asl_io_fill(&scope, template, &filled, fault);
    asl_scope_release(&scope);
    if (rc)
        return rc;
    asl_value_unref(*value);
    *value = filled;
    return MR_OK;
}

enum mr_code asl_io_parameters(struct asl_turn *turn, struct asl_frame *frame,
                               struct asl_value **value, struct asl_fault *fault)
{
    enum mr_code rc = fill(turn, frame, asl_turn_state(turn, frame)->parameters, value, fault);

    if (!rc)
        asl_probe_value(turn, "afterParameters", *value);
    return rc;
}

enum mr_code asl_io_input(struct asl_turn *turn, struct asl_frame *frame, struct asl_value **ret,
                          struct asl_fault *fault)
{
    struct asl_value *value;
    enum mr_code rc = asl_io_filter(turn, frame, &value, fault);

    if (rc)
        return rc;
    rc = asl_io_parameters(turn, frame, &value, fault);
    if (rc)
        asl_value_unref(value);
    else
        *ret = value;
    return rc;
}

/* Whether the raw input may be changed in place: nobody else looks at it, and nothing can fail from
 * here on, for a catcher or a redrive would want it as it was. */
static bool may_consume(struct asl_turn *turn, const struct asl_value *raw,
                        const struct asl_path *path, struct asl_value *result)
{
    size_t bytes = raw->bytes + result->bytes + 6 * strlen(path->text) + 16;

    return raw->refs == 1 && !raw->owner && raw->bytes > 0 && result->bytes > 0 &&
           bytes <= turn->data_max && raw->depth <= ASL_DATA_DEPTH_MAX &&
           result->depth + path->count <= ASL_DATA_DEPTH_MAX && asl_path_can_put(path, raw->json);
}

enum mr_code asl_io_conflict(const struct asl_path *path, struct asl_value *data, bool writing,
                             struct asl_fault *fault)
{
    const struct asl_part *part = asl_path_stuck(path, data->json, writing);
    char index[16] = "";
    const char *text;
    size_t len;

    assert(part);
    text = asl_value_text(data, &len);
    if (!text)
        return MR_NO_MEMORY;
    if (part->kind == ASL_PART_INDEX)
        (void)snprintf(index, sizeof(index), "%d", part->index);
    return asl_fault_set(fault, ASL_REFERENCE_CONFLICT,
                         "Unable to apply step \"%.120s\" to input %.480s",
                         part->kind == ASL_PART_INDEX ? index : part->key, text);
}

enum mr_code asl_io_merge(struct asl_turn *turn, struct asl_frame *frame,
                          const struct asl_path *path, bool may_fail, struct asl_value *result,
                          struct asl_value **ret, struct asl_fault *fault)
{
    struct asl_value *raw = frame->input, *merged;
    size_t bytes = 0;
    unsigned depth;
    cJSON *tree, *item;
    enum mr_code rc;

    if (!path || (path->count == 0 && !path->null)) {
        *ret = result;
        return MR_OK;
    }
    if (path->null) {
        asl_value_unref(result);
        *ret = asl_value_ref(raw);
        return MR_OK;
    }
    (void)asl_value_fits(raw, turn->data_max); /* counts what is not yet counted */
    (void)asl_value_fits(result, turn->data_max);
    if (raw->bytes > 0 && result->bytes > 0)
        bytes = raw->bytes + result->bytes + 6 * strlen(path->text) + 16;
    depth = raw->depth > result->depth + path->count ? raw->depth : result->depth + path->count;
    if (!may_fail && may_consume(turn, raw, path, result)) {
        frame->input = NULL;
        tree = asl_value_detach(raw);
    } else {
        tree = cJSON_Duplicate(raw->json, true);
    }
    item = asl_value_detach(result);
    if (!tree || !item) {
        cJSON_Delete(tree);
        cJSON_Delete(item);
        return MR_NO_MEMORY;
    }
    rc = asl_path_put_take(path, &tree, item, fault);
    if (rc) {
        cJSON_Delete(tree);
        return rc == MR_INVALID && asl_turn_since(turn, ASL_ENGINE_REVIEW)
                   ? asl_io_conflict(path, raw, true, fault)
                   : rc;
    }
    merged = asl_value_new_take(tree);
    if (!merged)
        return MR_NO_MEMORY;
    merged->bytes = bytes;
    merged->depth = depth;
    *ret = merged;
    return MR_OK;
}

enum mr_code asl_io_assign(struct asl_turn *turn, struct asl_frame *frame,
                           const struct asl_assign *assign, struct asl_value *data,
                           struct asl_variables *ret, struct asl_fault *fault)
{
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = data};
    enum mr_code rc = asl_assign_fill(assign, &scope, ret, fault);

    asl_scope_release(&scope);
    return rc;
}

/* OutputPath; then, as nothing can fail any more, the variables take their new values. */
static enum mr_code leave(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *data,
                          struct asl_variables *assigned, int32_t next, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = data};
    struct asl_value *output = data;
    enum mr_code rc;

    if (state->output_path) {
        rc = asl_scope_value(&scope, state->output_path, "OutputPath", &output, fault);
        asl_scope_release(&scope);
        asl_value_unref(data);
        if (rc)
            return rc;
    }
    asl_variables_apply(turn, frame, assigned);
    return asl_turn_leave(turn, frame, output, next);
}

enum mr_code asl_io_pass_on(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *data,
                            const struct asl_assign *assign, int32_t next, struct asl_fault *fault)
{
    struct asl_variables assigned = {0};
    enum mr_code rc = asl_io_assign(turn, frame, assign, data, &assigned, fault);

    if (rc) {
        asl_value_unref(data);
        return rc;
    }
    rc = leave(turn, frame, data, &assigned, next, fault);
    asl_variables_release(&assigned);
    return rc;
}

/* ResultSelector and ResultPath; result is taken over. */
static enum mr_code shape(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *result,
                          struct asl_value **ret, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_value *merged;
    enum mr_code rc = fill(turn, frame, state->result_selector, &result, fault);

    if (rc) {
        asl_value_unref(result);
        return rc;
    }
    asl_probe_value(turn, "afterResultSelector", result);
    rc = asl_io_merge(turn, frame, state->result_path, state->output_path != NULL, result, &merged,
                      fault);
    if (rc)
        return rc;
    asl_probe_value(turn, "afterResultPath", merged);
    rc = asl_io_check(turn, frame, merged, fault);
    if (rc)
        asl_value_unref(merged);
    else
        *ret = merged;
    return rc;
}

enum mr_code asl_io_output(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *result,
                           struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_variables assigned = {0};
    struct asl_value *output;
    enum mr_code rc;

    if (state->queries)
        return asl_query_result(turn, frame, result, fault);
    rc = asl_io_assign(turn, frame, state->assign, result, &assigned, fault);
    if (rc) {
        asl_value_unref(result);
        return rc;
    }
    rc = shape(turn, frame, result, &output, fault);
    if (!rc)
        rc = leave(turn, frame, output, &assigned, state->next, fault);
    asl_variables_release(&assigned);
    return rc;
}

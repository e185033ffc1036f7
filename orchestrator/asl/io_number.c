/* io_number.c -- numbers that a definition names by a path: what is found there, and in the
 * service's words what is wrong with it. */
#include "orchestrator/asl/turn.h"

#include "common/base/json.h"
#include "orchestrator/asl/parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number, or text that is one. */
static bool read_number(const cJSON *json, double *ret)
{
    char *end;

    if (cJSON_IsNumber(json)) {
        *ret = json->valuedouble;
        return true;
    }
    if (!cJSON_IsString(json) || !json->valuestring[0])
        return false;
    for (const char *p = json->valuestring; *p; p++)
        if ((*p < '0' || *p > '9') && !(*p == '-' && p == json->valuestring))
            return false;
    *ret = strtod(json->valuestring, &end);
    return *end == '\0';
}

/* A value as causes show it: text without its quotes, else JSON.  false: out of memory. */
static bool show(const cJSON *found, struct mr_buf *ret)
{
    return cJSON_IsString(found) ? mr_buf_add_str(ret, found->valuestring) == MR_OK
                                 : mr_json_print(found, ret) == MR_OK;
}

/* "The SecondsPath parameter references a negative value: $.n == -1" */
static enum mr_code wrong_number(struct asl_fault *fault, const char *field, const char *what,
                                 const struct asl_path *path, const cJSON *found)
{
    struct mr_buf text = {0};
    bool ok = show(found, &text);

    if (ok)
        (void)asl_fault_set(fault, ASL_RUNTIME, "The %s parameter %s: %.160s == %.160s", field,
                            what, path->text, text.len ? text.data : "");
    mr_buf_release(&text);
    return ok ? MR_INVALID : MR_NO_MEMORY;
}

enum mr_code asl_io_mistyped(const char *field, const char *wanted, const struct asl_path *path,
                             const cJSON *found, struct asl_fault *fault)
{
    struct mr_buf text = {0};
    bool ok = show(found, &text);

    if (ok)
        (void)asl_fault_set(
            fault, ASL_RUNTIME,
            "The %s field refers to value \"%.240s\" which is not a valid %s: %.200s", field,
            text.len ? text.data : "", wanted, path->text);
    mr_buf_release(&text);
    return ok ? MR_INVALID : MR_NO_MEMORY;
}

/* Times have words of their own. */
static bool is_time(const char *field)
{
    return strstr(field, "Seconds") != NULL;
}

static enum mr_code no_integer(const struct asl_turn *turn, const char *field,
                               const struct asl_path *path, const cJSON *found,
                               struct asl_fault *fault)
{
    if (is_time(field) || !asl_turn_since(turn, ASL_ENGINE_REVIEW))
        return wrong_number(fault, field, "cannot be parsed as a long value", path, found);
    return asl_io_mistyped(field, "integer", path, found, fault);
}

static enum mr_code negative(const struct asl_turn *turn, const char *field,
                             const struct asl_path *path, const cJSON *found,
                             struct asl_fault *fault)
{
    if (is_time(field) || !asl_turn_since(turn, ASL_ENGINE_REVIEW))
        return wrong_number(fault, field, "references a negative value", path, found);
    return asl_fault_set(fault, ASL_RUNTIME, "%.*s cannot be negative.",
                         (int)(strlen(field) - strlen("Path")), field);
}

enum mr_code asl_io_number(struct asl_turn *turn, struct asl_frame *frame,
                           const struct asl_number *number, const char *field, int64_t min,
                           int64_t max, struct asl_value *data, int64_t *ret,
                           struct asl_fault *fault)
{
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = data};
    const cJSON *found = NULL;
    enum mr_code rc;
    double n;

    *ret = number->n;
    if (!number->path)
        return MR_OK;
    rc = asl_scope_find(&scope, number->path, &found, fault);
    if (!rc && !found)
        rc = asl_fault_set(fault, ASL_RUNTIME,
                           "The %s parameter does not reference an input value: %.200s", field,
                           number->path->text);
    else if (!rc && (!read_number(found, &n) || n != floor(n)))
        rc = no_integer(turn, field, number->path, found, fault);
    else if (!rc && n < 0 && n < (double)min)
        rc = negative(turn, field, number->path, found, fault);
    else if (!rc && (n < (double)min || n > (double)max))
        rc = wrong_number(fault, field, "references a value that is out of range", number->path,
                          found);
    else if (!rc)
        *ret = (int64_t)n;
    asl_scope_release(&scope);
    return rc;
}

/* script.c -- see script.h. */
#include "orchestrator/asl/script.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

enum { NESTING_MAX = 8 }; /* scripts within scripts */

struct asl_script {
    const cJSON *json;
    bool otherwise_echo;
    uint32_t *calls; /* of each member, in order */
    uint32_t count;
};

static const char *const verbs[] = {"return", "raise", "hang", "script", "by_input", "behaviour"};

/* ---- checking it -------------------------------------------------------------------------- */

static enum mr_code check(const char *name, const cJSON *said, unsigned depth,
                          struct mr_error *err);

static enum mr_code check_list(const char *name, const char *verb, const cJSON *list,
                               unsigned depth, struct mr_error *err)
{
    const cJSON *item;
    enum mr_code rc = MR_OK;

    if (!cJSON_IsArray(list) || !list->child)
        return mr_fail(err, MR_INVALID, "answers of '%.80s': %s must be an array with an item",
                       name, verb);
    cJSON_ArrayForEach(item, list)
    {
        if (!rc)
            rc = check(name, strcmp(verb, "script") == 0 ? item : mr_json_get(item, "do"),
                       depth + 1, err);
    }
    return rc;
}

static enum mr_code check(const char *name, const cJSON *said, unsigned depth, struct mr_error *err)
{
    const cJSON *member, *delay = mr_json_get(said, "after_seconds");

    if (depth > NESTING_MAX)
        return mr_fail(err, MR_INVALID, "answers of '%.80s' nest deeper than %d", name,
                       NESTING_MAX);
    if (cJSON_IsString(said) && strcmp(said->valuestring, "echo") == 0)
        return MR_OK;
    if (delay && (!cJSON_IsNumber(delay) || delay->valuedouble < 0 || delay->valuedouble > 1e9))
        return mr_fail(err, MR_INVALID,
                       "answers of '%.80s': after_seconds must be a number from 0 to 1e9", name);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (!(member = mr_json_get(said, verbs[i])))
            continue;
        if (strcmp(verbs[i], "behaviour") == 0)
            return check(name, member, depth + 1, err);
        if (strcmp(verbs[i], "script") == 0 || strcmp(verbs[i], "by_input") == 0)
            return check_list(name, verbs[i], member, depth, err);
        if (strcmp(verbs[i], "raise") == 0 && !cJSON_IsObject(member))
            return mr_fail(err, MR_INVALID,
                           "answers of '%.80s': raise must be {\"error\", \"cause\"}", name);
        return MR_OK;
    }
    return mr_fail(err, MR_INVALID,
                   "answers of '%.80s': expected \"echo\", or an object with return, raise, hang, "
                   "script or by_input",
                   name);
}

enum mr_code asl_script_new(const cJSON *json, bool otherwise_echo, struct asl_script **ret,
                            struct mr_error *err)
{
    struct asl_script *script;
    const cJSON *item;
    enum mr_code rc;

    if (json && !cJSON_IsObject(json))
        return mr_fail(err, MR_INVALID, "answers must be an object: {\"STATE or RESOURCE\": ...}");
    cJSON_ArrayForEach(item, json)
    {
        if ((rc = check(item->string, item, 0, err)))
            return rc;
    }
    script = calloc(1, sizeof(*script));
    if (!script)
        return mr_fail(err, MR_NO_MEMORY, "script: memory ran out");
    script->json = json;
    script->otherwise_echo = otherwise_echo;
    script->count = (uint32_t)cJSON_GetArraySize(json);
    script->calls = calloc(script->count + 1, sizeof(*script->calls));
    if (!script->calls) {
        free(script);
        return mr_fail(err, MR_NO_MEMORY, "script: memory ran out");
    }
    *ret = script;
    return MR_OK;
}

void asl_script_free(struct asl_script *script)
{
    if (!script)
        return;
    free(script->calls);
    free(script);
}

/* ---- answering from it -------------------------------------------------------------------- */

static const cJSON *by_input(const cJSON *list, const cJSON *input)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_Compare(mr_json_get(item, "input"), input, true))
            return mr_json_get(item, "do");
    }
    return NULL;
}

/* Down to what is done this time; NULL: nothing is said for this input. */
static const cJSON *resolve(const cJSON *said, uint32_t call, const cJSON *input,
                            int64_t *ret_after_ms)
{
    const cJSON *list, *delay;

    for (;;) {
        if ((delay = mr_json_get(said, "after_seconds")))
            *ret_after_ms = (int64_t)(delay->valuedouble * 1000);
        if ((list = mr_json_get(said, "behaviour"))) {
            said = list;
        } else if ((list = mr_json_get(said, "script"))) {
            uint32_t size = (uint32_t)cJSON_GetArraySize(list);
            said = cJSON_GetArrayItem(list, (int)(call < size ? call : size - 1));
        } else if ((list = mr_json_get(said, "by_input"))) {
            said = by_input(list, input);
        } else {
            return said;
        }
    }
}

static const cJSON *find(struct asl_script *script, const struct asl_effect *task,
                         uint32_t *ret_index)
{
    const cJSON *item, *found = NULL;
    uint32_t i = 0;

    cJSON_ArrayForEach(item, script->json)
    {
        bool is_state = strcmp(item->string, task->state) == 0;
        if (is_state || (!found && strcmp(item->string, task->resource) == 0)) {
            found = item;
            *ret_index = i;
        }
        if (is_state)
            break;
        i++;
    }
    return found;
}

enum mr_code asl_script_answer(struct asl_script *script, const struct asl_effect *task,
                               const cJSON *input, struct asl_answer *ret, struct mr_error *err)
{
    uint32_t index = 0;
    const cJSON *said = find(script, task, &index), *member;
    bool is_named = said != NULL;

    *ret = (struct asl_answer){.kind = ASL_ANSWER_OK};
    if (said)
        said = resolve(said, script->calls[index]++, input, &ret->after_ms);
    if (!said && !script->otherwise_echo)
        return mr_fail(err, MR_NOT_FOUND, "state %.80s: %s %.200s", task->state,
                       is_named ? "no answer is written for this input of"
                                : "no answer is written for",
                       task->resource);
    if ((member = mr_json_get(said, "raise"))) {
        ret->kind = ASL_ANSWER_FAILED;
        ret->error = cJSON_GetStringValue(mr_json_get(member, "error"));
        ret->cause = cJSON_GetStringValue(mr_json_get(member, "cause"));
        return MR_OK;
    }
    if (mr_json_get(said, "hang")) {
        ret->kind = ASL_ANSWER_NEVER;
        return MR_OK;
    }
    member = mr_json_get(said, "return");
    ret->output = cJSON_Duplicate(member ? member : input, true);
    return ret->output ? MR_OK : mr_fail(err, MR_NO_MEMORY, "script: memory ran out");
}

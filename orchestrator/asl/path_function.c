/* path_function.c -- functions of paths, as Jayway's JsonPath answers them. */
#include "orchestrator/asl/path_function.h"

#include "common/base/buf.h"
#include "common/base/json.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    enum asl_path_function function;
} functions[] = {
    {"length", ASL_PATH_LENGTH}, {"size", ASL_PATH_LENGTH},   {"min", ASL_PATH_MIN},
    {"max", ASL_PATH_MAX},       {"avg", ASL_PATH_AVG},       {"sum", ASL_PATH_SUM},
    {"stddev", ASL_PATH_STDDEV}, {"concat", ASL_PATH_CONCAT},
};

bool asl_path_function_find(const char *name, size_t len, enum asl_path_function *ret)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (strlen(functions[i].name) == len && strncmp(functions[i].name, name, len) == 0) {
            *ret = functions[i].function;
            return true;
        }
    }
    return false;
}

static cJSON *length_of(const cJSON *node)
{
    return cJSON_IsArray(node) || cJSON_IsObject(node)
               ? cJSON_CreateNumber(cJSON_GetArraySize(node))
               : cJSON_CreateNull();
}

static cJSON *concat(const cJSON *node)
{
    struct mr_buf buf = {0};
    cJSON *text = NULL;

    for (const cJSON *item = cJSON_IsArray(node) ? node->child : NULL; item; item = item->next) {
        if (cJSON_IsString(item))
            mr_buf_add_str(&buf, item->valuestring);
        else if (cJSON_IsNumber(item) && mr_json_print(item, &buf))
            buf.failed = true;
    }
    if (!buf.failed)
        text = cJSON_CreateString(buf.len ? buf.data : "");
    mr_buf_release(&buf);
    return text;
}

/* Of the numbers in node; others are passed over. */
struct numbers {
    double min, max, sum, squares;
    int count;
};

static struct numbers count_numbers(const cJSON *node)
{
    struct numbers n = {.min = INFINITY, .max = -INFINITY};

    for (const cJSON *item = cJSON_IsArray(node) ? node->child : NULL; item; item = item->next) {
        if (!cJSON_IsNumber(item))
            continue;
        n.min = fmin(n.min, item->valuedouble);
        n.max = fmax(n.max, item->valuedouble);
        n.sum += item->valuedouble;
        n.squares += item->valuedouble * item->valuedouble;
        n.count++;
    }
    return n;
}

static enum mr_code statistic(enum asl_path_function function, const struct numbers *n, double *ret)
{
    double mean = n->count ? n->sum / n->count : 0;

    if (n->count == 0)
        return MR_INVALID;
    switch (function) {
    case ASL_PATH_MIN:
        *ret = n->min;
        break;
    case ASL_PATH_MAX:
        *ret = n->max;
        break;
    case ASL_PATH_AVG:
        *ret = mean;
        break;
    case ASL_PATH_SUM:
        *ret = n->sum;
        break;
    case ASL_PATH_STDDEV:
        *ret = sqrt(fmax(0, n->squares / n->count - mean * mean));
        break;
    case ASL_PATH_LENGTH:
    case ASL_PATH_CONCAT:
        return MR_INVALID;
    }
    return isfinite(*ret) ? MR_OK : MR_INVALID;
}

enum mr_code asl_path_function(enum asl_path_function function, const cJSON *node, cJSON **ret)
{
    struct numbers n;
    double number = 0;
    enum mr_code rc;

    if (function == ASL_PATH_LENGTH) {
        *ret = length_of(node);
    } else if (function == ASL_PATH_CONCAT) {
        *ret = concat(node);
    } else {
        n = count_numbers(node);
        rc = statistic(function, &n, &number);
        if (rc)
            return rc;
        *ret = cJSON_CreateNumber(number);
    }
    return *ret ? MR_OK : MR_NO_MEMORY;
}

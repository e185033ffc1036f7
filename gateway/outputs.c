/* outputs.c -- GET /v1/jobs/{id}/outputs: what a job has made so far, out of its row.  The
 * orchestrator writes a field "output:<step>/<name>" with one JSON object for each. */
#include "common/base/json.h"
#include "gateway/handlers.h"

#include <stdlib.h>
#include <string.h>

static const char field_prefix[] = "output:";

bool gw_output_next(const struct gw_row *row, size_t *at, struct gw_output *ret)
{
    const char *name, *value, *slash;

    while (gw_row_next(row, at, &name, &value)) {
        if (strncmp(name, field_prefix, sizeof(field_prefix) - 1) != 0)
            continue;
        name += sizeof(field_prefix) - 1;
        slash = strchr(name, '/');
        if (!slash || !slash[1])
            continue;
        ret->step = name;
        ret->step_len = (size_t)(slash - name);
        ret->name = slash + 1;
        ret->json = value;
        return true;
    }
    return false;
}

bool gw_output_find(const struct gw_row *row, const char *name, struct gw_output *ret)
{
    struct gw_output output;
    long long newest = -1;

    for (size_t at = 0; gw_output_next(row, &at, &output);)
        if (strcmp(output.name, name) == 0 && strtoll(output.step, NULL, 10) > newest) {
            newest = strtoll(output.step, NULL, 10);
            *ret = output;
        }
    return newest >= 0;
}

/* "/v1/jobs/<id>/outputs/<name>" with name percent-encoded. */
static void add_link(struct mr_buf *buf, const char *job, const char *name)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    (void)mr_buf_addf(buf, "\"/v1/jobs/%s/outputs/", job);
    for (const char *p = name; *p; p++) {
        if (strchr(plain, *p))
            (void)mr_buf_add_char(buf, *p);
        else
            (void)mr_buf_addf(buf, "%%%02X", (unsigned char)*p);
    }
    (void)mr_buf_add_char(buf, '"');
}

static void add_output(struct mr_buf *body, const char *job, const struct gw_output *output)
{
    static const char *const members[] = {"key",          "bytes", "sha256", "format",
                                          "content_type", "width", "height", "pages"};
    cJSON *root = NULL;
    struct mr_jw w;

    if (mr_json_parse(output->json, strlen(output->json), &mr_json_limits_message, &root, NULL))
        return; /* a row that was not written by us: nothing to show */
    if (body->len > 0 && body->data[body->len - 1] != '[')
        (void)mr_buf_add_char(body, ',');
    mr_jw_begin(&w, body);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "name", output->name);
    mr_jw_int(&w, "step", strtoll(output->step, NULL, 10));
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const cJSON *item = mr_json_get(root, members[i]);
        if (cJSON_IsString(item) || cJSON_IsNumber(item))
            mr_jw_item(&w, members[i], item);
    }
    (void)mr_buf_add_str(body, ",\"href\":");
    add_link(body, job, output->name);
    mr_jw_close(&w, '}');
    cJSON_Delete(root);
}

void gw_outputs_list(struct gw_app *app, struct gw_exchange *ex)
{
    const char *job = ex->params[0];
    struct gw_row row = {0};
    struct gw_output output;
    struct mr_buf body = {0};
    struct mr_error err;

    if (gw_row_get(app, ex->who.tenant, job, &row, NULL, &err)) {
        gw_problem_error(ex, &err);
        return;
    }
    (void)mr_buf_add_str(&body, "{\"id\":");
    (void)mr_buf_add_json(&body, job, strlen(job));
    (void)mr_buf_add_str(&body, ",\"outputs\":[");
    for (size_t at = 0; gw_output_next(&row, &at, &output);)
        add_output(&body, job, &output);
    (void)mr_buf_add_str(&body, "]}");
    gw_row_release(&row);
    gw_exchange_json(ex, 200, &body);
}

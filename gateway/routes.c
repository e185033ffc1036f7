/* routes.c -- finds the route, asks for the key, looks at what the headers say of the body; in this
 * order, and all of it before a byte of the body is read. */
#include "gateway/routes.h"

#include "common/base/log.h"
#include "common/model/message.h"
#include "gateway/auth.h"
#include "gateway/handlers.h"
#include "gateway/metrics.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    JOB_BYTES = MR_JOB_MESSAGE_MAX - 1024,
    DEFINITION_BYTES = ASL_DEFINITION_MAX,
    SMALL = 65536
};

/* clang-format off */
const struct gw_route gw_routes[] = {
    {GW_GET,    "/healthz",                    true,  GW_SCOPE_NONE,   GW_BODY_NONE,     0,                gw_health_live},
    {GW_GET,    "/readyz",                     true,  GW_SCOPE_NONE,   GW_BODY_NONE,     0,                gw_health_ready},
    {GW_GET,    "/metrics",                    true,  GW_SCOPE_NONE,   GW_BODY_NONE,     0,                gw_health_metrics},
    {GW_PUT,    "/v1/uploads",                 false, GW_SCOPE_SUBMIT, GW_BODY_STREAM,   0,                gw_upload},
    {GW_POST,   "/v1/uploads",                 false, GW_SCOPE_SUBMIT, GW_BODY_STREAM,   0,                gw_upload},
    {GW_POST,   "/v1/jobs",                    false, GW_SCOPE_SUBMIT, GW_BODY_JSON,     JOB_BYTES,        gw_submit},
    {GW_GET,    "/v1/jobs",                    false, GW_SCOPE_READ,   GW_BODY_NONE,     0,                gw_jobs_list},
    {GW_GET,    "/v1/jobs/{}",                 false, GW_SCOPE_READ,   GW_BODY_NONE,     0,                gw_jobs_get},
    {GW_GET,    "/v1/jobs/{}/outputs",         false, GW_SCOPE_READ,   GW_BODY_NONE,     0,                gw_outputs_list},
    {GW_GET,    "/v1/jobs/{}/outputs/{}",      false, GW_SCOPE_READ,   GW_BODY_NONE,     0,                gw_download},
    {GW_GET,    "/v1/jobs/{}/history",         false, GW_SCOPE_READ,   GW_BODY_NONE,     0,                gw_history},
    {GW_POST,   "/v1/jobs/{}/cancel",          false, GW_SCOPE_SUBMIT, GW_BODY_OPTIONAL, SMALL,            gw_jobs_cancel},
    {GW_POST,   "/v1/jobs/{}/redrive",         false, GW_SCOPE_SUBMIT, GW_BODY_OPTIONAL, DEFINITION_BYTES, gw_jobs_redrive},
    {GW_GET,    "/v1/workflows",               false, GW_SCOPE_READ,   GW_BODY_NONE,     0,                gw_workflows_list},
    {GW_PUT,    "/v1/workflows/{}",            false, GW_SCOPE_WRITE,  GW_BODY_JSON,     DEFINITION_BYTES, gw_workflows_put},
    {GW_GET,    "/v1/workflows/{}",            false, GW_SCOPE_READ,   GW_BODY_NONE,     0,                gw_workflows_get},
    {GW_DELETE, "/v1/workflows/{}",            false, GW_SCOPE_WRITE,  GW_BODY_NONE,     0,                gw_workflows_delete},
    {GW_GET,    "/v1/workflows/{}/versions",   false, GW_SCOPE_READ,   GW_BODY_NONE,     0,                gw_versions_list},
    {GW_DELETE, "/v1/workflows/{}/versions/{}", false, GW_SCOPE_WRITE, GW_BODY_NONE,     0,                gw_versions_delete},
    {GW_PUT,    "/v1/workflows/{}/aliases/{}", false, GW_SCOPE_WRITE,  GW_BODY_JSON,     SMALL,            gw_aliases_put},
    {GW_DELETE, "/v1/workflows/{}/aliases/{}", false, GW_SCOPE_WRITE,  GW_BODY_NONE,     0,                gw_aliases_delete},
    {GW_POST,   "/v1/validate",                false, GW_SCOPE_NONE,   GW_BODY_JSON,     DEFINITION_BYTES, gw_validate},
    {GW_POST,   "/v1/test-state",              false, GW_SCOPE_NONE,   GW_BODY_JSON,     DEFINITION_BYTES, gw_test_state},
    {GW_POST,   "/v1/keys",                    false, GW_SCOPE_ADMIN,  GW_BODY_JSON,     SMALL,            gw_keys_add},
    {GW_GET,    "/v1/keys",                    false, GW_SCOPE_ADMIN,  GW_BODY_NONE,     0,                gw_keys_list},
    {GW_DELETE, "/v1/keys/{}",                 false, GW_SCOPE_ADMIN,  GW_BODY_NONE,     0,                gw_keys_delete},
};
/* clang-format on */
const size_t gw_routes_count = sizeof(gw_routes) / sizeof(gw_routes[0]);

/* ---- finding
 * --------------------------------------------------------------------------------------------- */

/* Does path have the shape of pattern?  Then params are what stood for its {}. */
static bool match(const char *pattern, const char *path,
                  char params[GW_PARAMS_MAX][GW_QUERY_VALUE_MAX + 1])
{
    size_t n = 0;

    for (;;) {
        size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");
        if (want == 2 && pattern[0] == '{') {
            if (have == 0 || have > GW_QUERY_VALUE_MAX)
                return false;
            memcpy(params[n], path, have);
            params[n++][have] = '\0';
        } else if (want != have || memcmp(pattern, path, want) != 0) {
            return false;
        }
        pattern += want;
        path += have;
        if (!*pattern || !*path)
            return !*pattern && !*path;
        pattern++;
        path++;
    }
}

static bool serves(const struct gw_route *route, enum gw_method method)
{
    return route->method == method || (route->method == GW_GET && method == GW_HEAD);
}

/* Finds ex->route; else answers 404, or 405 with what is allowed. */
static bool find_route(struct gw_exchange *ex)
{
    char allow[128] = "Allow: ", *at = allow + strlen(allow);
    bool some = false;

    for (size_t i = 0; i < gw_routes_count; i++) {
        const struct gw_route *route = &gw_routes[i];
        if (!match(route->pattern, ex->request->path, ex->params))
            continue;
        if (serves(route, ex->request->method)) {
            ex->route = route;
            return true;
        }
        at += snprintf(at, sizeof(allow) - (size_t)(at - allow), "%s%s%s", some ? ", " : "",
                       gw_method_name(route->method), route->method == GW_GET ? ", HEAD" : "");
        some = true;
    }
    (void)snprintf(at, sizeof(allow) - (size_t)(at - allow), "\r\n");
    if (some)
        gw_problem_more(ex, 405, gw_status_code(405), "this path does not take this method", allow,
                        NULL);
    else
        gw_problem(ex, 404, gw_status_code(404), "no such path");
    return false;
}

/* ---- what the headers say of the body
 * ----------------------------------------------------------------- */

static bool is_json(const char *type)
{
    size_t len = strcspn(type, "; \t");

    if (strncasecmp(type, "application/", 12) != 0)
        return false;
    return (len == 16 && strncasecmp(type + 12, "json", 4) == 0) ||
           (len > 17 && strncasecmp(type + len - 5, "+json", 5) == 0);
}

static bool no(struct gw_exchange *ex, int status, const char *detail)
{
    gw_problem(ex, status, gw_status_code(status), detail);
    return false;
}

static bool check_json(struct gw_exchange *ex)
{
    const char *type = gw_request_header(ex->request, "content-type");
    const char *coding = gw_request_header(ex->request, "content-encoding");

    if (type && !is_json(type))
        return no(ex, 415, "Content-Type must be application/json");
    if (coding && strcasecmp(coding, "identity") != 0)
        return no(ex, 415, "Content-Encoding must be identity");
    if (ex->request->content_length > (int64_t)ex->route->body_max)
        return no(ex, 413, "the body is longer than this route takes");
    ex->body_max = ex->route->body_max;
    return true;
}

static bool check_body(struct gw_app *app, struct gw_exchange *ex)
{
    const struct gw_request *request = ex->request;
    bool none = request->content_length <= 0 && !request->chunked;

    switch (ex->route->body) {
    case GW_BODY_NONE:
        return none ? true : no(ex, 400, "this route takes no body");
    case GW_BODY_JSON:
        return none ? no(ex, 400, "this route needs a body") : check_json(ex);
    case GW_BODY_OPTIONAL:
        return none ? true : check_json(ex);
    case GW_BODY_STREAM:
        if (request->content_length < 0)
            return no(ex, 411, "an upload needs a Content-Length");
        if (request->content_length == 0)
            return no(ex, 422, "an upload must have at least one byte");
        if (request->content_length > app->config->upload_bytes_max)
            return no(ex, 413, "longer than GATEWAY_UPLOAD_BYTES_MAX");
        return true;
    }
    return false;
}

/* ---- the hooks
 * -------------------------------------------------------------------------------------------- */

void gw_routes_head(void *ctx, struct gw_exchange *ex)
{
    struct gw_app *app = ctx;
    struct mr_error err;

    if (!find_route(ex))
        return;
    if (!ex->route->open && gw_auth_check(app, ex, ex->route->scope, &err)) {
        if (err.code == MR_UNAUTHENTICATED)
            gw_problem_more(ex, 401, mr_code_name(err.code), err.text,
                            "WWW-Authenticate: Bearer realm=\"millrace\"\r\n", NULL);
        else
            gw_problem_error(ex, &err);
        return;
    }
    if (!check_body(app, ex))
        return;
    if (ex->route->body == GW_BODY_STREAM)
        ex->route->run(app, ex);
}

void gw_routes_ready(void *ctx, struct gw_exchange *ex)
{
    ex->route->run(ctx, ex);
}

void gw_routes_ended(void *ctx, struct gw_exchange *ex, bool cut)
{
    struct gw_app *app = ctx;
    int64_t ms = app->ports.clock->mono_ms(app->ports.clock) - ex->began_ms;
    char path[512];

    gw_observe(GW_METRIC_REQUEST_MS, ms);
    if (cut)
        gw_count(GW_METRIC_REQUESTS_CUT, 1);
    if (ex->status >= 200 && ex->status < 600)
        gw_count((enum gw_metric)(GW_METRIC_REQUESTS_2XX + ex->status / 100 - 2), 1);
    mr_log(MR_DEBUG, "gateway.request",
           " request=%s method=%s path=%s status=%d ms=%lld tenant=%s cut=%d", ex->id,
           ex->request ? gw_method_name(ex->request->method) : "-",
           mr_log_quote(ex->request ? ex->request->path : "-", path, sizeof(path)), ex->status,
           (long long)ms, ex->who.tenant[0] ? ex->who.tenant : "-", cut);
}

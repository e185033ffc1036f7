/* tasks.c -- which types of tasks there are, and the names of what can go wrong in them. */
#include "worker/tasks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct wk_task_type wk_task_types[] = {
    {"image.render",     wk_render_run,    true},
    {"image.inspect",    wk_inspect_run,   true},
    {"manifest",         wk_manifest_run,  false},
    {"map.read",         wk_map_read_run,  false},
    {"map.write",        wk_map_write_run, false},
    {"s3.getObject",     wk_s3_get_run,    false},
    {"s3.putObject",     wk_s3_put_run,    false},
    {"s3.headObject",    wk_s3_head_run,   false},
    {"s3.deleteObject",  wk_s3_delete_run, false},
    {"s3.listObjectsV2", wk_s3_list_run,   false},
    {"noop",             NULL,             false},
};
/* clang-format on */
const size_t wk_task_types_count = sizeof wk_task_types / sizeof wk_task_types[0];

const struct wk_task_type *wk_task_type_find(const char *name)
{
    for (size_t i = 0; i < wk_task_types_count; i++)
        if (strcmp(wk_task_types[i].name, name) == 0)
            return &wk_task_types[i];
    return NULL;
}

void wk_task_type_names(char *buf, size_t size)
{
    size_t len = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < wk_task_types_count && len < size; i++)
        len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? " " : "", wk_task_types[i].name);
}

enum mr_code wk_task_fault(struct wk_fault *fault, enum mr_code code, const char *name,
                           const char *fmt, ...)
{
    struct mr_error err; /* makes one clean line of it */
    char text[sizeof fault->cause];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)mr_fail(&err, code, "%s", text);
    (void)snprintf(fault->name, sizeof fault->name, "%s", name);
    (void)snprintf(fault->cause, sizeof fault->cause, "%s", err.text);
    fault->retriable = mr_code_retriable(code);
    return code;
}

enum mr_code wk_task_fault_own(const struct mr_task *task, struct wk_fault *fault,
                               enum mr_code code, const char *cause)
{
    char name[sizeof fault->name];

    (void)snprintf(name, sizeof name, "%s.%s",
                   strncmp(task->type, "image.", 6) == 0 ? "Image" : "Task",
                   code == MR_NO_MEMORY ? "OutOfMemory"
                   : code == MR_TIMEOUT ? "Timeout"
                                        : "Failed");
    return wk_task_fault(fault, code, name, "%s", cause);
}

enum mr_code wk_task_fault_blob(const struct wk_run *run, struct wk_fault *fault, const char *key,
                                const struct mr_error *err)
{
    const char *name = "Blob.Unavailable"; /* whatever else storage may say, it did not do it */

    switch (err->code) {
    case MR_CANCELLED:
        return MR_CANCELLED;
    case MR_NO_MEMORY:
        return wk_task_fault_own(run->task, fault, MR_NO_MEMORY, err->text);
    case MR_INVALID:
        name = "Recipe.Invalid";
        break;
    case MR_NOT_FOUND:
        name = "Blob.NotFound";
        break;
    case MR_DENIED:
    case MR_UNAUTHENTICATED:
        name = "Blob.Denied";
        break;
    case MR_TOO_LARGE:
        name = "Image.TooLarge";
        break;
    case MR_CHANGED:
        name = "Blob.Changed";
        break;
    default:
        break;
    }
    return wk_task_fault(fault, err->code, name, "%s: %s", key, err->text);
}

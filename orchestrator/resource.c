/* resource.c -- text in, class and type out. */
#include "orchestrator/resource.h"

#include <stdio.h>
#include <string.h>

static bool take_class(struct oc_resource *ret, const char *name, size_t len)
{
    if (!mr_class_valid(name, len))
        return false;
    memcpy(ret->class_name, name, len);
    ret->class_name[len] = '\0';
    return true;
}

/* The part behind `mark` of an ARN, up to a colon or the end; NULL where the mark is not there. */
static const char *arn_name(const char *resource, const char *service, const char *mark,
                            size_t *len)
{
    const char *found;

    if (strncmp(resource, service, strlen(service)) != 0)
        return NULL;
    found = strstr(resource, mark);
    if (!found)
        return NULL;
    found += strlen(mark);
    *len = strcspn(found, ":");
    return found;
}

enum mr_code oc_resource_resolve(const char *resource, struct oc_resource *ret,
                                 struct mr_error *err)
{
    static const char own[] = "millrace:", wait[] = ".waitForTaskToken";
    struct oc_resource found = {0};
    size_t len = strlen(resource), name_len = 0;
    const char *name;

    if (len > sizeof wait && strcmp(resource + len - (sizeof wait - 1), wait) == 0)
        len -= sizeof wait - 1;
    if (strncmp(resource, own, sizeof own - 1) == 0) {
        const char *type = resource + sizeof own - 1;
        const size_t type_len = len - (sizeof own - 1);
        const char *dot = memchr(type, '.', type_len);

        if (type_len == 0 || type_len >= sizeof found.type)
            goto failed;
        if (!take_class(&found, dot ? type : "io", dot ? (size_t)(dot - type) : 2))
            goto failed;
        memcpy(found.type, type, type_len);
        *ret = found;
        return MR_OK;
    }
    name = arn_name(resource, "arn:aws:lambda:", ":function:", &name_len);
    if (!name)
        name = arn_name(resource, "arn:aws:states:", ":activity:", &name_len);
    if (!name || !take_class(&found, name, name_len))
        goto failed;
    (void)snprintf(found.type, sizeof found.type, "%s", found.class_name);
    *ret = found;
    return MR_OK;
failed:
    return mr_fail(
        err, MR_UNSUPPORTED,
        "Resource \"%.100s\" is not served: use millrace:<class>.<name>, or the ARN of a "
        "Lambda function or an activity whose name is a class (A-Z a-z 0-9 _ -, up to "
        "%d)",
        resource, MR_CLASS_MAX - 1);
}

/* usage.c -- the kernel counts the peak of the resident set for the life of a process; clear_refs
 * lets it be counted for one task. */
#include "worker/decoder/usage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int status_fd = -1, clear_fd = -1;

void dec_usage_setup(void)
{
    status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    clear_fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
}

void dec_usage_begin(void)
{
    static const char reset_peak[] = "5";

    if (clear_fd >= 0 && pwrite(clear_fd, reset_peak, 1, 0) != 1) {
        close(clear_fd);
        clear_fd = -1;
    }
}

int64_t dec_usage_peak_bytes(void)
{
    char text[4096];
    ssize_t len = status_fd >= 0 ? pread(status_fd, text, sizeof(text) - 1, 0) : -1;
    const char *line;
    struct rusage usage;

    text[len > 0 ? len : 0] = '\0';
    line = strstr(text, "VmHWM:");
    if (line)
        return strtoll(line + strlen("VmHWM:"), NULL, 10) * 1024;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (int64_t)usage.ru_maxrss * 1024 : 0;
}

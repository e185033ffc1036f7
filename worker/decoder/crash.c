/* crash.c -- libraries abort when memory runs out: glib says so in a message first, others do not.
 * A process that has no address space left when it crashes is taken to have crashed of that.
 * Without handlers the process would, as number 1 of its name space, even survive its abort(). */
#include "worker/decoder/crash.h"

#include "worker/decoder/protocol.h"

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECKED_BUILD 1 /* the checker's own reports are better */
#else
#define CHECKED_BUILD 0
#endif

enum { PROBE_BYTES = 32 << 20, STACK_BYTES = 64 << 10 };

/* The supervisor hears it before the kernel has taken this process apart; the status is for when it
 * does not. */
static _Noreturn void end(int signal, bool no_memory)
{
    const struct dec_last last = {.head = {DEC_MAGIC, DEC_VERSION, DEC_LAST, sizeof(last), 0},
                                  .signal = signal,
                                  .no_memory = no_memory};

    (void)!send(SB_SOCKET, &last, sizeof(last), MSG_NOSIGNAL | MSG_DONTWAIT);
    _exit(no_memory ? DEC_EXIT_NO_MEMORY : DEC_EXIT_CRASHED);
}

static void on_crash(int signal)
{
    end(signal,
        mmap(NULL, PROBE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void on_message(const char *domain, GLogLevelFlags level, const char *message, void *data)
{
    (void)domain, (void)data;
    if (!(level & (G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL)))
        return; /* warnings: libvips says them again in its errors, where they matter */
    end(0, message && strstr(message, "failed to allocate"));
}

/* The newer way of glib's messages.  Its own writer would ask the kernel where stderr goes. */
static GLogWriterOutput on_fields(GLogLevelFlags level, const GLogField *fields, gsize count,
                                  gpointer data)
{
    const char *message = NULL;

    for (gsize i = 0; i < count; i++)
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            message = fields[i].value;
    on_message(NULL, level, message, data);
    return G_LOG_WRITER_HANDLED;
}

void dec_crash_setup(void)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    static char stack[STACK_BYTES]; /* for a stack that overflowed */
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};

    g_log_set_default_handler(on_message, NULL);
    g_log_set_writer_func(on_fields, NULL, NULL);
    if (CHECKED_BUILD)
        return;
    sigaltstack(&other, NULL);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}

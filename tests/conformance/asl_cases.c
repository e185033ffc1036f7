/* asl_cases.c -- plays recorded cases of the workflow language, one JSON object a line, on virtual
 * time, and writes a line of results for each: ../shared/asl/README.md has both forms.  Each case
 * runs in a child with limits of its own: one that crashes or never ends costs its line, no other.
 *
 *     conformance_asl CASES RESULTS        exit 0: every case was tried */
#include "tests/conformance/asl_play.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPU_SECONDS_MAX = 20, WALL_SECONDS_MAX = 60 };

/* What is written where the child had no answer. */
static void write_outcome(const cJSON *test, const char *status, const char *cause, FILE *out)
{
    cJSON *line = cJSON_CreateObject();
    char *text = NULL;

    if (line && test && mr_json_get(test, "id"))
        cJSON_AddItemToObject(line, "id", cJSON_Duplicate(mr_json_get(test, "id"), true));
    if (line && cJSON_AddStringToObject(line, "status", status) &&
        cJSON_AddStringToObject(line, "cause", cause))
        text = cJSON_PrintUnformatted(line);
    (void)fprintf(out, "%s\n", text ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(line);
}

static void play_in_child(const cJSON *test, int fd)
{
    struct rlimit cpu = {CPU_SECONDS_MAX, CPU_SECONDS_MAX}, core = {0, 0};
    FILE *out = fdopen(fd, "w");
    struct mr_buf text = {0};
    cJSON *line;

    (void)setrlimit(RLIMIT_CPU, &cpu);
    (void)setrlimit(RLIMIT_CORE, &core);
    (void)alarm(WALL_SECONDS_MAX);
    line = asl_play_case(test);
    /* (cJSON's own printing takes doubles that differ in the last digits for the same) */
    if (!line || mr_json_print(line, &text) != MR_OK || !out ||
        fprintf(out, "%s\n", text.data) < 0 || fflush(out) != 0)
        _exit(1);
    _exit(0);
}

static bool read_all(int fd, struct mr_buf *buf)
{
    char piece[16384];
    ssize_t n;

    while ((n = read(fd, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || mr_buf_add(buf, piece, (size_t)n))
            return false;
    }
    return true;
}

static void try_case(const cJSON *test, FILE *out)
{
    struct mr_buf line = {0};
    char why[80];
    int ends[2], status = 0;
    pid_t child;

    (void)fflush(out);
    if (pipe(ends) != 0) {
        write_outcome(test, "NOT_PLAYED", "no pipe", out);
        return;
    }
    child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        play_in_child(test, ends[1]);
    }
    (void)close(ends[1]);
    if (child > 0 && read_all(ends[0], &line))
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    (void)close(ends[0]);
    if (line.len > 1 && line.data[line.len - 1] == '\n' && WIFEXITED(status) &&
        WEXITSTATUS(status) == 0) {
        (void)fwrite(line.data, 1, line.len, out);
    } else {
        (void)snprintf(why, sizeof(why),
                       WIFSIGNALED(status) ? "ended by signal %d" : "ended with %d",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        (void)fprintf(stderr, "%s: %s\n", cJSON_GetStringValue(mr_json_get(test, "id")), why);
        write_outcome(test, "CRASHED", why, out);
    }
    mr_buf_release(&line);
}

int main(int argc, char **argv)
{
    FILE *in = argc == 3 ? fopen(argv[1], "r") : NULL;
    FILE *out = in ? fopen(argv[2], "w") : NULL;
    char *line = NULL;
    size_t cap = 0, tried = 0;
    ssize_t len;
    bool written;

    if (!out) {
        (void)fprintf(stderr, argc == 3 ? "conformance_asl: %s: %s\n" : "usage: %s CASES RESULTS\n",
                      argc == 3 ? argv[in ? 2 : 1] : argv[0], strerror(errno));
        if (in)
            (void)fclose(in);
        return 2;
    }
    while ((len = getline(&line, &cap, in)) >= 0) {
        cJSON *test;
        if (strspn(line, " \t\r\n") == (size_t)len)
            continue;
        test = cJSON_ParseWithLength(line, (size_t)len);
        if (test)
            try_case(test, out);
        else
            write_outcome(NULL, "NOT_PLAYED", "the line is no JSON", out);
        tried++;
        cJSON_Delete(test);
    }
    written = !ferror(in) && fflush(out) == 0 && !ferror(out);
    written = fclose(out) == 0 && written;
    (void)fclose(in);
    free(line);
    (void)fprintf(stderr, "%zu cases were tried\n", tried);
    return written ? 0 : 1;
}

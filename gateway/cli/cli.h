/* cli.h -- the `millrace` command: a client of the gateway, and the keeper of the embedded cluster.
 * Output for people is aligned, coloured only on a terminal, with --json beside it; errors go to
 * stderr and say what to do next. Exit status: 0 done, 1 it went wrong, 2 the words are off. */
#ifndef CLI_H
#define CLI_H

#include "common/base/buf.h"
#include "common/base/config.h"
#include "common/base/error.h"
#include "common/ports/http.h"

#include <cjson/cJSON.h>

struct cli_config {
    char *url;  /* MILLRACE_URL; "": of the embedded cluster in data */
    char *key;  /* MILLRACE_KEY; "": the same */
    char *data; /* MILLRACE_DATA: folder of the embedded cluster */
    int64_t timeout_ms;
    int64_t port, redis_port; /* of the embedded cluster */
};
extern const struct mr_setting cli_settings[];
extern const size_t cli_settings_count;

struct cli { /* one call of the command */
    struct cli_config config;
    struct mr_http *http;
    char url[512]; /* of the gateway, without a last slash */
    char key[256]; /* never printed */
    bool json;
    bool tty;
    bool submitted; /* the job that is watched was submitted by this call */
    int argc;       /* the words behind the verb */
    char **argv;
};

/* ---- options of a verb --------------------------------------------------------------------------
 */
/* Takes "--name VALUE" or "--name=VALUE" out of the words; NULL where absent. */
const char *cli_option(struct cli *, const char *name);
bool cli_flag(struct cli *, const char *name); /* takes "--name" out of the words */
/* What is left must be min..max plain words; else says how the verb is used. */
MR_MUST_USE enum mr_code cli_words(struct cli *, int min, int max, const char *usage,
                                   struct mr_error *err);

/* ---- the gateway --------------------------------------------------------------------------------
 */
/* Finds url and key: setting, else what `millrace up` wrote in its data folder. */
MR_MUST_USE enum mr_code cli_connect(struct cli *, struct mr_error *err);
/* One request; answers of 2xx give *ret (a JSON tree, the caller's; NULL where there is no body),
 * others an error with the problem's words. */
MR_MUST_USE enum mr_code cli_call(struct cli *, const char *method, const char *path,
                                  const struct mr_buf *body, cJSON **ret, struct mr_error *err);
/* Streams a file to the gateway; *ret: {"key","bytes","sha256"}. */
MR_MUST_USE enum mr_code cli_upload(struct cli *, const char *file, cJSON **ret,
                                    struct mr_error *err);
/* Streams an answer's body into a new file at path, whole or not at all. */
MR_MUST_USE enum mr_code cli_download(struct cli *, const char *path, const char *file,
                                      struct mr_error *err);
/* Reads a whole file, or stdin for "-", at most max bytes. */
MR_MUST_USE enum mr_code cli_read_file(const char *file, size_t max, struct mr_buf *ret,
                                       struct mr_error *err);

/* JSON: the text itself, or after an @ the file that holds it. *ret is the caller's. */
MR_MUST_USE enum mr_code cli_read_json(const char *text_or_file, cJSON **ret, struct mr_error *err);
MR_MUST_USE enum mr_code cli_read_json_file(const char *file, cJSON **ret, struct mr_error *err);

/* ---- output -------------------------------------------------------------------------------------
 */
const char *cli_text(const cJSON *object, const char *name); /* "" where absent; lent */
int64_t cli_int(const cJSON *object, const char *name);      /* numbers and numeric strings */
/* A moment as ms since 1970: of RFC 3339 text as the gateway writes it, or a number of ms; 0: none.
 */
int64_t cli_time(const cJSON *object, const char *name);
const char *cli_paint(const struct cli *, const char *status); /* colour of a status, or "" */
const char *cli_plain(const struct cli *);                     /* ends it */
void cli_print_json(const cJSON *item);
/* Prints what differs, a line a place; how many places. */
size_t cli_json_diff(const struct cli *, const cJSON *old, const cJSON *new);
void cli_when(int64_t time_ms, char *buf, size_t size); /* local time, for people */

/* ---- verbs; each prints what it has to say and returns the outcome ------------------------------
 */
typedef enum mr_code cli_verb_fn(struct cli *, struct mr_error *err);
cli_verb_fn cli_up, cli_submit, cli_put, cli_watch, cli_ls, cli_show, cli_outputs, cli_cancel,
    cli_redrive, cli_workflow, cli_doctor, cli_history, cli_render,
    cli_inspect;
/* Watches one job to its end. MR_OK: it SUCCEEDED. */
MR_MUST_USE enum mr_code cli_watch_job(struct cli *, const char *id, struct mr_error *err);

#endif

/* local.h -- the image engine on this machine, without a cluster: the worker's own supervisor and a
 * sandboxed decoder, so that a file gets here what it would get there.  WORKER_* settings hold. */
#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

#include "gateway/cli/cli.h"
#include "worker/fetch.h"
#include "worker/imaging.h"

enum {
    CLI_LOCAL_FILES_MAX = 100000, /* inputs of one call */
    CLI_LOCAL_MS_MAX = 300000,    /* of one picture, as WORKER_TASK_TIMEOUT_MS is by default */
};

struct cli_local {
    struct wk_imaging_config config;
    struct wk_fetch_config fetch;
    struct wk_decoder *decoder;
};
/* Errors say what to do next.  Released by cli_local_teardown() also after a failure. */
MR_MUST_USE enum mr_code cli_local_setup(struct cli_local *, struct mr_error *err);
void cli_local_teardown(struct cli_local *);
/* A whole picture; *ret is the caller's. */
MR_MUST_USE enum mr_code cli_local_read(const struct cli_local *, const char *file,
                                        struct mr_buf *ret, struct mr_error *err);
/* A source by URL, as a worker fetches it: WORKER_FETCH* settings hold.  *ret is the caller's. */
MR_MUST_USE enum mr_code cli_local_fetch(const struct cli_local *,
                                         const struct mr_recipe_source *source, struct mr_buf *ret,
                                         struct mr_error *err);
/* "3/20 photo.jpg" on a terminal, over the line before; nothing elsewhere or of one. */
void cli_local_progress(int at, int count, const char *file);
void cli_local_progress_end(void); /* takes the line away */
/* "Image.Corrupt: cause" of a file, for people or as its "error" in object. */
void cli_local_fault(const struct cli *, const char *file, const struct wk_fault *, cJSON *object);

/* ---- local_name.c: where an output goes ------------------------------------------------------ */

struct cli_local_vars {
    const char *stem; /* of the input: its name without folder and extension */
    const char *name, *ext, *sha256;
    int width, height;
};
enum { CLI_LOCAL_PATH_MAX = 4096 };
/* pattern with {stem} {name} {ext} {sha256} {width} {height} filled in: a path below a folder. */
MR_MUST_USE enum mr_code cli_local_name(const char *pattern, const struct cli_local_vars *,
                                        char ret[CLI_LOCAL_PATH_MAX], struct mr_error *err);
/* "photo" of "a/photo.jpg", "a" of "a" and ".b" of ".b"; cut to fit. */
void cli_local_stem(const char *file, char *ret, size_t size);

/* ---- local_write.c: whole or not at all, and nothing lost ------------------------------------ */

MR_MUST_USE enum mr_code cli_local_free(const char *path,
                                        struct mr_error *err); /* MR_EXISTS: not */
/* Writes a file that is not there, with the folders on its way; force: one that is there is
 * replaced.  MR_EXISTS: it is there. */
MR_MUST_USE enum mr_code cli_local_write(const char *path, const void *data, size_t len, bool force,
                                         struct mr_error *err);

#endif

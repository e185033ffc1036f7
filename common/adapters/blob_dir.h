/* blob_dir.h -- the inside of the folder driver, in five files:
 *   blob_dir.c       the port's calls
 *   blob_dir_range.c a piece of an object
 *   blob_dir_name.c  from keys to names of files and folders, and back
 *   blob_dir_put.c   how an object comes to its place
 *   blob_dir_list.c  listings
 *
 * How keys become paths.  "in/photo.jpg" is the file in/photo.jpg, so that people find their
 * pictures; the rest is there so that every key has a place of its own ("a" and "a/b" too), and
 * none leads out of the root or to a name that the file system does not take:
 *   - the last segment is a file, the others are folders; a file's name always has a '.', a
 * folder's never: in a folder's name '.' is written %2E, and a file's name without '.' gets "%."
 * behind it
 *   - a leading '.' of a file is %2E, and '%' is %25
 *   - a segment of 80 bytes or more is cut: each 80 bytes are a folder whose name ends in "%+"; a
 *     folder's rest of no bytes is "%_"
 * The root's own folder .tmp holds what is being written.  A file that somebody else put under the
 * root is an object where its name is the one that we would have given it. */
#ifndef MR_BLOB_DIR_H
#define MR_BLOB_DIR_H

#include "common/ports/blob.h"

#include <sys/stat.h>

enum {
    MR_DIR_COPY_BYTES = 256 * 1024, /* of a body in memory at a time */
    MR_DIR_ATTRIBUTE_MAX = 512,
};

struct mr_dir {
    struct mr_blob blob;
    int root; /* descriptors of the folders */
    int tmp;
    char *path; /* of root, for people */
};

/* The names from the root to an object's file, each NUL-terminated, the file's last. */
struct mr_dir_path {
    struct mr_buf names;
    size_t count;
};
/* MR_NO_MEMORY is the only failure. */
MR_MUST_USE enum mr_code mr_dir_path_of(const char *key, struct mr_dir_path *ret,
                                        struct mr_error *err);
const char *mr_dir_path_name(const struct mr_dir_path *path, size_t n);
void mr_dir_path_release(struct mr_dir_path *path);

/* Appends to key what name stands for, a folder's with its '/'.  False where it is none of our
 * names. */
bool mr_dir_name_decode(const char *name, bool is_folder, struct mr_buf *key);

/* The folder of the first count names, made where create says so, MR_NOT_FOUND where it is missing.
 * *ret is the caller's to close. */
MR_MUST_USE enum mr_code mr_dir_open_folder(struct mr_dir *dir, const struct mr_dir_path *path,
                                            size_t count, bool create, int *ret,
                                            struct mr_error *err);
/* Puts errno into our codes: "what key: reason". */
enum mr_code mr_dir_fail(struct mr_error *err, int number, const char *what, const char *key);

enum mr_code mr_dir_check_stop(struct mr_dir *dir, struct mr_error *err);

/* The extended attribute of an object: "size mtime sha256 type"; it holds for the file as long as
 * size and mtime are the file's own. Returns its length. */
#define MR_DIR_ATTRIBUTE "user.millrace"
/* Others, where an object has them, as the port has them: for whoever publishes the folder. */
#define MR_DIR_TAGS                "user.millrace.tags"
#define MR_DIR_CACHE_CONTROL       "user.millrace.cache_control"
#define MR_DIR_CONTENT_DISPOSITION "user.millrace.content_disposition"
int mr_dir_describe(char ret[MR_DIR_ATTRIBUTE_MAX], const struct stat *st, const char *sha256,
                    const char *type);

/* Opens an object and says what is known of it; sha256 is "" where only its bytes can tell. *ret_fd
 * is the caller's to close. */
MR_MUST_USE enum mr_code mr_dir_open_object(struct mr_dir *dir, const char *key, int *ret_fd,
                                            struct stat *ret_st, struct mr_blob_info *ret,
                                            struct mr_error *err);

MR_MUST_USE enum mr_code mr_dir_get_range(struct mr_blob *blob, const char *key,
                                          const struct mr_blob_range *range, struct mr_buf *ret,
                                          struct mr_blob_info *info, struct mr_error *err);
MR_MUST_USE enum mr_code mr_dir_head(struct mr_blob *blob, const char *key,
                                     struct mr_blob_info *ret, struct mr_error *err);
MR_MUST_USE enum mr_code mr_dir_put_stream(struct mr_blob *blob, const char *key,
                                           const struct mr_blob_put *put, int64_t len,
                                           mr_blob_read_fn *read_body, void *ctx,
                                           struct mr_blob_info *ret, struct mr_error *err);
MR_MUST_USE enum mr_code mr_dir_list(struct mr_blob *blob, const struct mr_blob_span *span,
                                     mr_blob_each_fn *each, void *ctx, struct mr_error *err);

#endif

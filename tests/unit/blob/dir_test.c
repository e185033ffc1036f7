/* dir_test.c -- what is special to storage in a folder: names, links, attributes, and a kill at any
 * moment.  What every storage does is in tests/contract/blob. */
#include "common/adapters/adapters.h"
#include "common/adapters/blob_dir.h"
#include "common/adapters/crypto.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];
static struct mr_blob *blob;
static struct mr_error err;

static struct mr_blob *open_root(void)
{
    const struct mr_blob_config config = {.dir = root};
    return mr_blob_dir_new(&config, &err);
}

static int open_dir(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "blob-dir-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    blob = open_root();
    return blob ? 0 : -1;
}

static int close_dir(void **state)
{
    char command[128];
    (void)state;
    mr_blob_free(blob);
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static const char *at(const char *rest)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", root, rest);
    return path;
}

static void put(const char *key, const char *text)
{
    assert_int_equal(mr_blob_put(blob, key, NULL, text, strlen(text), NULL, &err), MR_OK);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int files_in_tmp(void)
{
    int count = 0;
    DIR *folder = opendir(at(".tmp"));
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void a_picture_lies_where_people_look_for_it(void **state)
{
    struct stat st;
    (void)state;
    put("out/job 1/b\xc3\xa4r.jpg", "x");
    assert_int_equal(stat(at("out/job 1/b\xc3\xa4r.jpg"), &st), 0);
    assert_int_equal(st.st_size, 1);
}

static void every_other_key_has_a_name_by_the_rules(void **state)
{
    static const struct {
        const char *key, *path;
    } cases[] = {
        {"README", "README%."},
        {"v1.2/a.png", "v1%2E2/a.png"},
        {".tmp", "%2Etmp%."},
        {".a.b", "%2Ea.b"},
        {"100%.jpg", "100%25.jpg"},
        {"a%+/b", "a%25+/b%."},
        {"...", "%2E.."},
        {"00000000001111111111222222222233333333334444444444555555555566666666667777777777/x.y",
         "00000000001111111111222222222233333333334444444444555555555566666666667777777777%+/%_/"
         "x.y"},
        {"00000000001111111111222222222233333333334444444444555555555566666666667777777777x.y",
         "00000000001111111111222222222233333333334444444444555555555566666666667777777777%+/x.y"},
    };
    struct stat st;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(cases[i].key, "x");
        if (stat(at(cases[i].path), &st))
            fail_msg("%s is not at %s", cases[i].key, cases[i].path);
    }
}

static void a_name_that_we_would_not_give_is_no_key(void **state)
{
    static const char *const files[] = {"plain",   "%41.x",   ".hidden", "a%.",
                                        "%2E%2E.", "a%2Eb.c", "a.b%.",   "%.x%."};
    struct mr_buf key = {0};
    (void)state;
    assert_true(mr_dir_name_decode("a%.", false, &key)); /* the one of "a" */
    assert_string_equal(key.data, "a");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        mr_buf_reset(&key);
        if (strcmp(files[i], "a%.") != 0 && mr_dir_name_decode(files[i], false, &key))
            fail_msg("%s is taken for %s", files[i], key.data);
    }
    assert_false(mr_dir_name_decode("a.b", true, &key));
    assert_false(mr_dir_name_decode("short%+", true, &key));
    assert_false(mr_dir_name_decode("a%_", true, &key));
    mr_buf_release(&key);
}

static enum mr_code note(void *ctx, const char *key, const struct mr_blob_info *info,
                         struct mr_error *e)
{
    (void)info, (void)e;
    mr_buf_addf(ctx, "%s\n", key);
    return MR_OK;
}

static void a_file_put_there_by_hand_is_an_object(void **state)
{
    struct mr_blob_info info;
    struct mr_buf list = {0};
    char sha256[MR_SHA256_HEX];
    (void)state;
    assert_int_equal(mkdir(at("in"), 0777), 0);
    write_file(at("in/photo.JPG"), "pixels");
    write_file(at("in/.hidden"), "no key has this name");
    write_file(at("in/plain"), "nor this");
    assert_int_equal(mr_blob_list(blob, "", note, &list, &err), MR_OK);
    assert_string_equal(list.data, "in/photo.JPG\n");
    assert_int_equal(mr_blob_head(blob, "in/photo.JPG", &info, &err), MR_OK);
    mr_sha256_hex("pixels", 6, sha256);
    assert_string_equal(info.sha256, sha256);
    assert_string_equal(info.content_type, "image/jpeg");
    assert_int_equal(mr_blob_head(blob, "in/plain", NULL, &err), MR_NOT_FOUND);
    mr_buf_release(&list);
}

static void a_file_changed_by_hand_has_its_new_hash(void **state)
{
    struct mr_blob_info info;
    char sha256[MR_SHA256_HEX];
    (void)state;
    put("a.png", "before");
    const struct timespec tick = {.tv_nsec = 20000000}; /* of the file system's clock */
    nanosleep(&tick, NULL);
    write_file(at("a.png"), "after!");
    mr_sha256_hex("after!", 6, sha256);
    assert_int_equal(mr_blob_head(blob, "a.png", &info, &err), MR_OK);
    assert_string_equal(info.sha256, sha256);
}

static void a_file_changed_by_hand_is_another_object_to_a_range(void **state)
{
    struct mr_blob_range range = {.at = 0, .len_max = 3};
    struct mr_blob_info first, info;
    struct mr_buf buf = {0};
    const struct timespec tick = {.tv_nsec = 20000000}; /* of the file system's clock */

    (void)state;
    write_file(at("a.csv"), "before"); /* nothing tells its hash */
    assert_int_equal(mr_blob_get_range(blob, "a.csv", &range, &buf, &first, &err), MR_OK);
    range = (struct mr_blob_range){3, 3, first.etag};
    assert_int_equal(mr_blob_get_range(blob, "a.csv", &range, &buf, &info, &err), MR_OK);
    assert_string_equal(buf.data, "ore");
    assert_string_equal(info.etag, first.etag);
    nanosleep(&tick, NULL);
    write_file(at("a.csv"), "after!"); /* the same file, as long as it was */
    assert_int_equal(mr_blob_get_range(blob, "a.csv", &range, &buf, &info, &err), MR_CHANGED);
    mr_buf_release(&buf);
}

/* A folder's name has no '.', a file's has one: a listing looks at no other, and stumbles over
 * none.
 */
static void what_has_the_name_of_the_other_kind_is_not_listed(void **state)
{
    struct mr_buf list = {0};

    (void)state;
    put("in/a.png", "a");
    put("in/c.png", "c");
    write_file(at("in/b"), "a file with a folder's name");
    assert_int_equal(mkdir(at("in/b.png"), 0777), 0);
    assert_int_equal(symlink("..", at("in/up")), 0);
    assert_int_equal(mr_blob_list(blob, "", note, &list, &err), MR_OK);
    assert_string_equal(list.data, "in/a.png\nin/c.png\n");
    mr_buf_release(&list);
}

static void without_attributes_only_the_type_is_guessed(void **state)
{
    const struct mr_blob_put given = {.content_type = "image/x-own"};
    struct mr_blob_info info;
    struct mr_buf buf = {0};
    char sha256[MR_SHA256_HEX];
    (void)state;
    assert_int_equal(mr_blob_put(blob, "a.webp", &given, "w", 1, NULL, &err), MR_OK);
    assert_int_equal(mr_blob_head(blob, "a.webp", &info, &err), MR_OK);
    assert_string_equal(info.content_type, "image/x-own");
    assert_int_equal(removexattr(at("a.webp"), MR_DIR_ATTRIBUTE), 0);
    mr_sha256_hex("w", 1, sha256);
    assert_int_equal(mr_blob_get(blob, "a.webp", 1, &buf, &info, &err), MR_OK);
    assert_string_equal(info.sha256, sha256);
    assert_string_equal(info.content_type, "image/webp");
    assert_int_equal(setxattr(at("a.webp"), MR_DIR_ATTRIBUTE, "1 nonsense", 10, 0), 0);
    assert_int_equal(mr_blob_head(blob, "a.webp", &info, &err), MR_OK);
    assert_string_equal(info.sha256, sha256);
    mr_buf_release(&buf);
}

static void assert_attribute(const char *name, const char *expected)
{
    char text[200] = "";
    const ssize_t len = getxattr(at("a.png"), name, text, sizeof text - 1);
    if (!expected) {
        assert_int_equal(len, -1);
        return;
    }
    assert_int_equal(len, strlen(expected));
    assert_string_equal(text, expected);
}

static void what_is_said_of_an_object_lies_beside_it(void **state)
{
    const struct mr_blob_put given = {.cache_control = "max-age=60",
                                      .content_disposition = "inline; filename=\"a b.png\"",
                                      .tags = "album=summer%202026&kind=thumb"};
    char tags[4000];
    const struct mr_blob_put long_one = {.tags = tags, .cache_control = tags + sizeof tags - 1000};
    (void)state;
    assert_int_equal(mr_blob_put(blob, "a.png", &given, "a", 1, NULL, &err), MR_OK);
    assert_attribute("user.millrace.tags", given.tags);
    assert_attribute("user.millrace.cache_control", given.cache_control);
    assert_attribute("user.millrace.content_disposition", given.content_disposition);
    assert_int_equal(mr_blob_put(blob, "a.png", NULL, "b", 1, NULL, &err), MR_OK);
    assert_attribute("user.millrace.tags", NULL); /* of another object */
    memset(tags, 't', sizeof tags);
    tags[sizeof tags - 1] = '\0'; /* ext4 has no room for it; xfs and btrfs have */
    const enum mr_code rc = mr_blob_put(blob, "b.png", &long_one, "a", 1, NULL, &err);
    if (rc) {
        assert_int_equal(rc, MR_TOO_LARGE);
        assert_non_null(strstr(err.text, "has no room for "));
        assert_int_equal(access(at("b.png"), F_OK), -1); /* nothing is half stored */
    }
}

/* ---- links ----------------------------------------------------------------------------------- */

static void no_link_leads_out_of_the_root(void **state)
{
    struct mr_buf buf = {0};
    char outside[] = "blob-outside-XXXXXX", secret[64];
    (void)state;
    assert_non_null(mkdtemp(outside));
    snprintf(secret, sizeof secret, "%s/secret.txt", outside);
    write_file(secret, "secret");
    char folder[400], target[512];
    assert_non_null(getcwd(folder, sizeof folder));
    snprintf(target, sizeof target, "%s/%s", folder, outside);
    assert_int_equal(symlink(target, at("link")), 0);
    snprintf(target, sizeof target, "%s/%s", folder, secret);
    assert_int_equal(symlink(target, at("file.txt")), 0);
    assert_int_equal(mr_blob_get(blob, "link/secret.txt", 100, &buf, NULL, &err), MR_DENIED);
    assert_int_equal(mr_blob_get(blob, "file.txt", 100, &buf, NULL, &err), MR_DENIED);
    assert_int_equal(mr_blob_put(blob, "link/new.txt", NULL, "x", 1, NULL, &err), MR_DENIED);
    assert_int_equal(mr_blob_list(blob, "", note, &buf, &err), MR_OK);
    assert_int_equal(buf.len, 0);
    put("file.txt", "replaces the link, not what it shows");
    FILE *file = fopen(secret, "r");
    char text[20] = "";
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_string_equal(text, "secret");
    assert_int_equal(remove(secret) | rmdir(outside), 0);
    mr_buf_release(&buf);
}

static void what_is_no_file_is_no_object(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    assert_int_equal(mkfifo(at("pipe.x"), 0666), 0);
    assert_int_equal(mkdir(at("folder.x"), 0777), 0);
    assert_int_equal(mr_blob_get(blob, "pipe.x", 10, &buf, NULL, &err), MR_DENIED);
    assert_int_equal(mr_blob_get(blob, "folder.x", 10, &buf, NULL, &err), MR_DENIED);
}

/* ---- a kill ---------------------------------------------------------------------------------- */

enum { BODY_BYTES = 600000 };

static int64_t read_new(void *ctx, void *buf, size_t size, struct mr_error *e)
{
    int64_t *left = ctx, n = *left < (int64_t)size ? *left : (int64_t)size;
    (void)e;
    memset(buf, 'n', (size_t)n);
    *left -= n;
    return n;
}

/* Puts in a process of its own that dies at a moment; true where it did die. */
static bool put_and_die(const char *moment, const char *key, bool if_absent)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct mr_blob_put given = {.if_absent = if_absent};
        int64_t left = BODY_BYTES;
        struct mr_blob *own = open_root();
        setenv("MILLRACE_FAIL_POINT", moment, 1);
        _exit(mr_blob_put_stream(own, key, &given, left, read_new, &left, NULL, &err) ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void a_kill_at_any_moment_leaves_a_whole_object_or_none(void **state)
{
    static const struct {
        const char *moment;
        bool is_there; /* afterwards: the new object */
    } cases[] = {
        {"blob_dir.before_body", false}, {"blob_dir.after_body", false},
        {"blob_dir.before_sync", false}, {"blob_dir.before_name", false},
        {"blob_dir.after_name", true},
    };
    char body[] = "old", *all = malloc(BODY_BYTES), new_sha[MR_SHA256_HEX], old_sha[MR_SHA256_HEX];
    struct mr_blob_info info;
    (void)state;
    assert_non_null(all);
    memset(all, 'n', BODY_BYTES);
    mr_sha256_hex(all, BODY_BYTES, new_sha);
    mr_sha256_hex(body, 3, old_sha);
    free(all);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *moment = cases[i].moment;
        assert_int_equal(mr_blob_remove(blob, "new/a.jpg", &err), MR_OK);
        put("old/a.jpg", "old");
        assert_true(put_and_die(moment, "new/a.jpg", true));
        assert_int_equal(mr_blob_head(blob, "new/a.jpg", &info, &err),
                         cases[i].is_there ? MR_OK : MR_NOT_FOUND);
        if (cases[i].is_there)
            assert_string_equal(info.sha256, new_sha);
        assert_true(put_and_die(moment, "old/a.jpg", false));
        assert_int_equal(mr_blob_head(blob, "old/a.jpg", &info, &err), MR_OK);
        assert_string_equal(info.sha256, cases[i].is_there ? new_sha : old_sha);
        assert_int_equal(info.bytes, cases[i].is_there ? BODY_BYTES : 3);
    }
}

static void what_a_killed_process_left_is_swept_after_a_day(void **state)
{
    const struct timespec long_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    (void)state;
    write_file(at(".tmp/old"), "x");
    write_file(at(".tmp/young"), "x");
    assert_int_equal(utimensat(AT_FDCWD, at(".tmp/old"), long_ago, 0), 0);
    mr_blob_free(open_root());
    assert_int_equal(files_in_tmp(), 1);
    assert_int_equal(access(at(".tmp/young"), F_OK), 0);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void nothing_is_left_in_tmp_after_a_put(void **state)
{
    const struct mr_blob_put once = {.if_absent = true};
    int64_t too_short = 10;
    (void)state;
    put("a.x", "1");
    assert_int_equal(mr_blob_put(blob, "a.x", &once, "2", 1, NULL, &err), MR_EXISTS);
    assert_int_equal(mr_blob_put_stream(blob, "b.x", NULL, 20, read_new, &too_short, NULL, &err),
                     MR_INVALID);
    assert_int_equal(files_in_tmp(), 0);
}

static void folders_go_with_their_last_object(void **state)
{
    (void)state;
    put("a/b/c/d.x", "1");
    put("a/e.x", "1");
    assert_int_equal(mr_blob_remove(blob, "a/b/c/d.x", &err), MR_OK);
    assert_int_equal(access(at("a/b"), F_OK), -1);
    assert_int_equal(access(at("a/e.x"), F_OK), 0);
}

static void a_root_that_cannot_be_made_is_named(void **state)
{
    char none[] = "", file[600];
    struct mr_blob_config config = {.dir = none};
    (void)state;
    assert_null(mr_blob_dir_new(&config, &err));
    assert_non_null(strstr(err.text, "MILLRACE_BLOB_DIR"));
    write_file(at("file"), "x");
    snprintf(file, sizeof file, "%s/file/deeper", root);
    config.dir = file;
    assert_null(mr_blob_dir_new(&config, &err));
    assert_int_equal(err.code, MR_DENIED);
    assert_non_null(strstr(err.text, "MILLRACE_BLOB_DIR"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_dir, close_dir)
    const struct CMUnitTest tests[] = {
        CASE(a_picture_lies_where_people_look_for_it),
        CASE(every_other_key_has_a_name_by_the_rules),
        CASE(a_name_that_we_would_not_give_is_no_key),
        CASE(a_file_put_there_by_hand_is_an_object),
        CASE(a_file_changed_by_hand_has_its_new_hash),
        CASE(a_file_changed_by_hand_is_another_object_to_a_range),
        CASE(what_has_the_name_of_the_other_kind_is_not_listed),
        CASE(without_attributes_only_the_type_is_guessed),
        CASE(what_is_said_of_an_object_lies_beside_it),
        CASE(no_link_leads_out_of_the_root),
        CASE(what_is_no_file_is_no_object),
        CASE(a_kill_at_any_moment_leaves_a_whole_object_or_none),
        CASE(what_a_killed_process_left_is_swept_after_a_day),
        CASE(nothing_is_left_in_tmp_after_a_put),
        CASE(folders_go_with_their_last_object),
        CASE(a_root_that_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

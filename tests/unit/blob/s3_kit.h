/* s3_kit.h -- for tests of the S3 driver: the driver over a scripted server, and what it sent
 * there. One script at a time: S3_CASE() closes what a test has left open. */
#ifndef TESTS_S3_KIT_H
#define TESTS_S3_KIT_H

#include "common/adapters/blob_s3.h"
#include "common/sim/sim.h"

enum { S3_TRIES = 3 };
#define S3_SECRET "very-secret"

extern struct s3_kit {
    struct mr_sim_world world;
    struct mr_sim_clock clock;
    struct mr_http *http; /* the blob's */
    struct mr_blob *blob;
    struct mr_error err;
} s3_kit;

struct mr_blob_config s3_config(void); /* of http://Storage:9000, bucket pics */
/* Opens the driver over a script of answers. */
void s3_open(const struct mr_sim_answer *answers, size_t n);
int s3_close(void **state);
#define S3_CASE(name) cmocka_unit_test_teardown(name, s3_close)

enum mr_code s3_get(const char *key, struct mr_buf *ret); /* at most 1000 bytes */
/* A source of *(int64_t *)left bytes 'a', which it counts down. */
int64_t s3_letters(void *left, void *buf, size_t size, struct mr_error *);
#define S3_ERROR(code)                                                                             \
    "<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>Said so.</Message></Error>"

void assert_seen(size_t n, const char *text); /* the n-th request from 0 has that text */
void assert_requests(size_t count);           /* so many were sent, at least one */

#endif

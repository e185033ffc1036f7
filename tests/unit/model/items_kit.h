/* items_kit.h -- for tests of a distributed Map's pages: storage that counts what is fetched, and
 * the pages of a request read to their end.  One world a test: items_open() and items_close()
 * around it. */
#ifndef TESTS_ITEMS_KIT_H
#define TESTS_ITEMS_KIT_H

#include "common/base/json.h"
#include "common/model/items.h"
#include "common/sim/sim.h"

extern struct items_kit {
    struct mr_sim_world world;
    struct mr_sim_bucket *bucket;
    struct mr_blob *blob;
    struct mr_objects objects; /* over blob; tests make its steps small */
    struct mr_error err;       /* of the last read that failed */
    struct {
        uint64_t gets, bytes, keys; /* asked for so far */
        size_t largest;             /* piece */
    } cost;
} items_kit;

int items_open(void **state);
int items_close(void **state);
#define ITEMS_CASE(name) cmocka_unit_test_setup_teardown(name, items_open, items_close)

/* ReaderConfig of a table whose first row names its columns. */
#define ITEMS_CSV "\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\""

void items_put(const char *key, const struct mr_buf *body);
void items_put_text(const char *key, const char *text);

/* A request for the object "k", config being the members of its ReaderConfig. The caller's. */
cJSON *items_request(const char *config);
cJSON *items_page(const cJSON *request); /* NULL: items_kit.err says why not */
/* Puts the page's cursor into the request; false where there is none. */
bool items_turn(cJSON *request, cJSON *page);
void items_lines(struct mr_buf *all, const cJSON *items); /* appends them, a line each */
/* All items of a request from its cursor on, a line each; how many pages.  0: one failed. */
int items_rest(cJSON *request, struct mr_buf *all);
int items_all(const char *config, struct mr_buf *all); /* from the beginning; *all is replaced */

#endif

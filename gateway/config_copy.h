/* config_copy.h -- the cluster's configuration (workflows and keys) in memory, as millrace.config
 * has it, and its copy in Redis for the orchestrators.  The topic is the truth; Redis may lose its
 * copy at any time and is given it again.  Keys are not copied: only gateways look at them. */
#ifndef GW_CONFIG_COPY_H
#define GW_CONFIG_COPY_H

#include "common/ports/bus.h"
#include "gateway/exchange.h"

struct gw_app;

struct gw_config_entry {
    char *key;   /* "workflow/<name>", "key/<sha256>" */
    char *value; /* JSON text */
    size_t len;
    int64_t offset;
    bool has_who; /* a key/ entry that could be read */
    struct gw_who who;
};

enum { GW_CONFIG_PARTITIONS_MAX = 64 };

struct gw_config_copy {
    struct gw_config_entry **entries; /* sorted by key */
    size_t count, cap;
    struct mr_log *log;
    int32_t partitions;
    int64_t until[GW_CONFIG_PARTITIONS_MAX]; /* offset that was the end at the start; -1: reached */
    int64_t offset;                          /* of the newest entry */
    bool loaded;                             /* the end seen at the start was reached */
    bool lost;        /* some change could not be kept in memory: not to be relied on */
    bool copying;     /* Redis is being given all of it */
    size_t copied;    /* entries of it that it has been given */
    int64_t check_ms; /* monotonic: of the last question to Redis */
};

MR_MUST_USE enum mr_code gw_config_copy_setup(struct gw_app *, struct mr_error *err);
void gw_config_copy_teardown(struct gw_app *);
void gw_config_copy_poll(struct gw_app *); /* reads what is new */
void gw_config_copy_tick(struct gw_app *, int64_t now_ms);
/* A change that is in the topic at offset.  value NULL: removed.  Older than what is known: no
 * change. */
void gw_config_copy_apply(struct gw_app *, const char *key, size_t key_len, const char *value,
                          size_t len, int64_t offset);
const struct gw_config_entry *gw_config_copy_get(const struct gw_config_copy *, const char *key);
/* Index of the first entry whose key is prefix or behind it. */
size_t gw_config_copy_from(const struct gw_config_copy *, const char *prefix);
bool gw_config_copy_ready(const struct gw_config_copy *);

#endif

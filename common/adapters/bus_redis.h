/* bus_redis.h -- what the files of bus_redis share: topics, links that come back, one descriptor.
 *
 *   mr:bus:topics          hash: topic -> "id partitions compacted retention_ms read"
 *   mr:bus:{topic/p}       stream: entry offset + 1, fields t (ms, Redis's clock), k, v
 *   mr:bus:{topic/p}:n     the offset that the next message gets
 *   mr:bus:{topic/p}:k     hash: key -> its newest entry, where the topic is compacted
 *
 * Everything that must be one step is in orchestrator/functions/bus_*.lua. */
#ifndef MR_BUS_REDIS_H
#define MR_BUS_REDIS_H

#include "common/adapters/redis_conn.h"
#include "common/ports/bus.h"

enum { BUS_ID_MAX = 33, BUS_TOPIC_TEXT_MAX = 96 };

/* ---- waiting: one descriptor a handle, whatever becomes of its connections ---------------------
 */

struct bus_waker {
    int epoll_fd; /* what the owner waits on: the sockets and the timer are in it */
    int timer_fd;
    int64_t due_ms; /* when the timer goes off; 0: not set */
};
MR_MUST_USE enum mr_code bus_waker_init(struct bus_waker *waker, struct mr_error *err);
void bus_waker_release(struct bus_waker *waker);
/* Readable in so many ms at the latest; 0: now. */
void bus_waker_in(struct bus_waker *waker, int64_t ms);
void bus_waker_clear(struct bus_waker *waker); /* a call has come: what is due now is done with */

/* ---- links: a connection that is made anew, with growing pauses between the tries
 * ---------------- */

struct bus_link {
    struct mr_redis_conn conn;
    struct bus_waker *waker;
    int64_t retry_ms; /* not before; 0: at once */
    int64_t pause_ms; /* before the next try but one */
};
/* MR_BUSY without a text: it is not time yet for the next try. */
MR_MUST_USE enum mr_code bus_link_open(struct bus_link *link, struct mr_error *err);
/* It failed, or answered with a fault: next try after a pause. */
void bus_link_failed(struct bus_link *link);
void bus_link_works(struct bus_link *link);
/* Sends cmd, comes back soon where the socket did not take all of it. */
MR_MUST_USE enum mr_code bus_link_send(struct bus_link *link, struct mr_redis_cmd *cmd,
                                       struct mr_error *err);

/* ---- topics
 * ----------------------------------------------------------------------------------------- */

struct bus_topic {
    char id[BUS_ID_MAX];
    int32_t partitions;
    bool compacted;
    int64_t retention_ms;
};
/* MR_NOT_FOUND names the topic. */
MR_MUST_USE enum mr_code bus_topic_get(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                                       const char *topic, struct bus_topic *ret,
                                       struct mr_error *err);
/* Makes the topic, or checks the one that is there. */
MR_MUST_USE enum mr_code bus_topic_ensure(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                                          const struct mr_topic_spec *spec, struct mr_error *err);
void bus_stream_word(struct mr_redis_cmd *cmd, const char *topic, int32_t partition);

/* ---- entries
 * ------------------------------------------------------------------------------------------ */

/* An entry as XREAD and XREADGROUP give it; the bytes are lent by it. False: not one of ours. */
MR_MUST_USE bool bus_entry_read(const redisReply *entry, struct mr_msg *ret);

/* ---- the handle
 * ----------------------------------------------------------------------------------------- */

struct redis_bus {
    struct mr_bus bus;
    struct mr_redis_config config; /* url lent for the process */
    struct mr_redis_conn control;  /* for calls that wait */
    struct mr_redis_cmd cmd;
    struct bus_waker waker;
    struct bus_link link;            /* of the sends */
    struct bus_known *known;         /* topics that were sent to */
    struct bus_pending *head, *tail; /* not yet sent */
    struct bus_group *groups;        /* of the call under way */
    size_t waiting, under_way, group_count;
    int64_t sent_ms; /* when the call under way was sent */
};

/* bus_redis_send.c */
enum mr_code redis_bus_send(struct mr_bus *, const char *, int32_t, const char *, size_t,
                            const char *, size_t, void *, struct mr_error *);
int redis_bus_poll(struct mr_bus *);
enum mr_code redis_bus_flush(struct mr_bus *, int64_t, struct mr_error *);
MR_MUST_USE enum mr_code redis_bus_sends_init(struct redis_bus *bus, struct mr_error *err);
void redis_bus_sends_release(struct redis_bus *bus);

/* bus_redis_log.c */
struct mr_log *redis_log_open(struct mr_bus *, const char *, struct mr_error *);
enum mr_code redis_log_start(struct mr_log *, int32_t, int64_t, struct mr_error *);
void redis_log_stop(struct mr_log *, int32_t);
enum mr_code redis_log_bounds(struct mr_log *, int32_t, int64_t *, int64_t *, struct mr_error *);
enum mr_code redis_log_id(struct mr_log *, struct mr_buf *, struct mr_error *);
int redis_log_poll(struct mr_log *, struct mr_msg *, int, struct mr_error *);
enum mr_code redis_log_trim(struct mr_log *, int32_t, int64_t, struct mr_error *);
int redis_log_fd(struct mr_log *);
void redis_log_free(struct mr_log *);

/* bus_redis_queue.c */
struct mr_queue *redis_queue_open(struct mr_bus *, const char *, const char *, int,
                                  struct mr_error *);
int redis_queue_take(struct mr_queue *, struct mr_msg *, int, struct mr_error *);
void redis_queue_release(struct mr_queue *, int32_t, int64_t);
enum mr_code redis_queue_flush(struct mr_queue *, struct mr_error *);
int redis_queue_fd(struct mr_queue *);
void redis_queue_free(struct mr_queue *);

#endif

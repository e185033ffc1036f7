/* message.h -- what travels: each message, its JSON both ways.  docs/protocol.md and
 * docs/schemas/ describe the same for people and for other languages.
 * A parsed message lends its strings and items out of one cJSON tree, freed by _release().
 * Unknown fields are refused in what others write (jobs, results), so that a misspelt one is not
 * passed over; "v" is the version, 1 where absent, anything else is MR_UNSUPPORTED. */
#ifndef MR_MESSAGE_H
#define MR_MESSAGE_H

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/id.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MR_MESSAGE_VERSION = 1,
    MR_JOB_MESSAGE_MAX = 1536 * 1024,     /* bytes of a job: a definition and an input */
    MR_EVENT_BYTES_MAX = 2 * 1024 * 1024, /* of the log: a job and what admit adds */
    MR_DEAD_BYTES_MAX = 2 * 1024 * 1024,  /* of a dead letter: in base64 they fit the bus (3 MiB) */
    MR_INPUT_MAX = 262144,                /* bytes of an input or output, as AWS's */
    MR_TOKEN_MAX = 160,
    MR_ERROR_NAME_MAX = 256, /* longer ones are cut, as AWS does */
    MR_CAUSE_MAX = 32768,
    MR_NONCE_LEN = 16,
};

/* ---- millrace.jobs ---------------------------------------------------------------------------
 * {"v":1,"id":"order-7","tenant":"shop","workflow":"thumbs","input":{...}}
 * exactly one of "workflow" (as workflow_ref.h says), "definition" (a machine), "recipe" (for
 * image.render) */
struct mr_job {
    cJSON *root;        /* owned */
    const char *id;     /* NULL: none given */
    const char *tenant; /* "default" where none is given */
    const char *workflow;
    const cJSON *definition;
    const cJSON *recipe;
    const cJSON *input; /* NULL: {} */
};
MR_MUST_USE enum mr_code mr_job_parse(const char *text, size_t len, struct mr_job *ret,
                                      struct mr_error *err);
void mr_job_release(struct mr_job *);
/* What makes two submits the same job: sorted text of everything but the id; hash it. */
enum mr_code mr_job_canonical(const struct mr_job *, struct mr_buf *buf);
/* As a message for millrace.jobs. */
enum mr_code mr_job_print(const struct mr_job *, struct mr_buf *buf);

/* ---- task tokens -------------------------------------------------------------------------------
 * "<job>.<seq>.<attempt>.<mac>": mac = 32 hex digits of HMAC-SHA256(nonce,
 * "<job>.<seq>.<attempt>"). Here only its form; the mac is made and checked in
 * orchestrator/token.c. */
struct mr_token {
    char job[MR_JOB_ID_MAX + 1];
    uint64_t seq;
    uint32_t attempt;
    char mac[33];
};
MR_MUST_USE enum mr_code mr_token_parse(const char *text, struct mr_token *ret,
                                        struct mr_error *err);

/* ---- millrace.tasks.<class> ---------------------------------------------------------------------
 * {"v":1,"job":..,"tenant":..,"step":"Render.1","seq":3,"attempt":1,"token":..,"type":"image.render",
 *  "timeout_ms":0,"heartbeat_ms":0,"input":{...}} */
struct mr_task {
    cJSON *root; /* owned; NULL where the struct is being written */
    const char *job, *tenant, *step, *token, *type;
    uint64_t seq;
    uint32_t attempt;
    int64_t timeout_ms;     /* 0: none given */
    int64_t heartbeat_ms;   /* a sign of life is wanted at least so often; 0: none is */
    const cJSON *input;     /* read */
    const char *input_text; /* written: JSON text */
    size_t input_len;
};
MR_MUST_USE enum mr_code mr_task_parse(const char *text, size_t len, struct mr_task *ret,
                                       struct mr_error *err);
void mr_task_release(struct mr_task *);
enum mr_code mr_task_print(const struct mr_task *, struct mr_buf *buf);

/* ---- millrace.results (custom workers), and as a "result" event in millrace.log -----------------
 * {"v":1,"token":..,"output":..} or {"v":1,"token":..,"error":"Name","cause":"text"}, or, while the
 * task goes on, {"v":1,"token":..,"heartbeat":true}; "worker" may name who did it. */
struct mr_result {
    cJSON *root; /* owned; NULL where the struct is being written */
    const char *token, *worker;
    bool heartbeat;          /* no answer yet: a sign of life */
    const cJSON *output;     /* NULL: it failed */
    const char *output_text; /* written instead of output where not NULL: JSON text */
    size_t output_len;
    const char *error, *cause;
};
MR_MUST_USE enum mr_code mr_result_parse(const char *text, size_t len, struct mr_result *ret,
                                         struct mr_error *err);
void mr_result_release(struct mr_result *);

/* ---- whose child a job is ----------------------------------------------------------------------
 * {"token":.., "index":n, "items":n, "flow":n, "want":..}: in submit, redrive, child and ask events
 */
enum mr_want {                  /* what the parent is told */
               MR_WANT_OUTPUT,  /* the end, with the output; a "child" event, as the next */
               MR_WANT_RECORD,  /* the end, with asl_run_record() */
               MR_WANT_SYNC,    /* the end, as the result of the task that started it: .sync */
               MR_WANT_SYNC2,   /* likewise, Input and Output as JSON: .sync:2 */
               MR_WANT_START,   /* that it has begun, as the result of that task */
               MR_WANT_NOTHING, /* .waitForTaskToken */
               MR_WANT_EXPRESS, /* the end, failed or not, as a result: sfn:startSyncExecution */
               MR_WANT_COUNT
};
const char *mr_want_name(enum mr_want);
struct mr_parent {
    const char *token_text; /* of the parent's task or Map; NULL: no child */
    struct mr_token token;
    uint32_t index; /* which child of a Map */
    uint32_t items; /* of the Map, that it stands for */
    uint32_t flow;  /* of the machine, that it runs; 0: all of it */
    uint32_t depth; /* how many nested workflows it stands in */
    enum mr_want want;
    bool named; /* SUBMIT: its Name is its identity, and others may start it too: starters.h */
    bool sdk;   /* started by an aws-sdk Resource: errors of the start are Sfn.*, not
                   StepFunctions.* */
};
struct mr_jw;
/* object NULL: *ret stays as it is. Strings are lent by object. */
MR_MUST_USE enum mr_code mr_parent_read(const cJSON *object, struct mr_parent *ret,
                                        struct mr_error *err);
void mr_parent_write(struct mr_jw *, const struct mr_parent *); /* as member "parent" */

/* ---- millrace.log ------------------------------------------------------------------------------
 */
/* clang-format off */
#define MR_EVENT_KINDS(X) /*                      what it says */ \
    X(MR_EVENT_TAKEOVER,   "takeover")   /* owner: has taken this shard; its offset is the epoch */ \
    X(MR_EVENT_DEFINITION, "definition") /* def, definition: later submits name it by its hash */ \
    X(MR_EVENT_SUBMIT,     "submit")     /* job and all that step needs */ \
    X(MR_EVENT_RESULT,     "result")     /* token; output, or error and cause */ \
    X(MR_EVENT_TIMER,      "timer")      /* job, seq, attempt, timer, due_ms: has fallen due */ \
    X(MR_EVENT_HEARTBEAT,  "heartbeat")  /* token: its worker is alive and goes on */ \
    X(MR_EVENT_EVALUATED,  "evaluated")  /* job, seq, attempt, number; answer of an evaluation */ \
    X(MR_EVENT_CANCEL,     "cancel")     /* job, cause; parent: only if that task has started it */ \
    X(MR_EVENT_REDRIVE,    "redrive")    /* job; def and definition: it goes on in these; parent: who redrives it */ \
    X(MR_EVENT_CHILD,      "child")      /* parent; ok, output, error, cause: how its child ended */ \
    X(MR_EVENT_ASK,        "ask")        /* job, parent: its end is to be told (once more) */
/* clang-format on */
enum mr_event_kind {
#define MR_EVENT_ENUM(name, word) name,
    MR_EVENT_KINDS(MR_EVENT_ENUM)
#undef MR_EVENT_ENUM
        MR_EVENT_KIND_COUNT
};
const char *mr_event_kind_name(enum mr_event_kind);

struct mr_event {
    cJSON *root; /* owned; NULL where the struct is being written */
    enum mr_event_kind kind;
    const char *job;             /* all but TAKEOVER, DEFINITION; RESULT, HEARTBEAT, CHILD: of the
                                    token */
    const char *owner;           /* TAKEOVER */
    const char *def;             /* DEFINITION, SUBMIT, REDRIVE: sha256 of the definition's text */
    const cJSON *definition;     /* DEFINITION; SUBMIT of an inline one; REDRIVE with another one */
    const char *definition_text; /* written instead where not NULL */
    size_t definition_len;
    const char *tenant, *workflow, *nonce, *sum, *from; /* SUBMIT; from: "topic/partition/offset" */
    const char *name; /* SUBMIT: of a child, as it was asked for */
    int64_t engine;
    const cJSON *input;     /* SUBMIT */
    const char *input_text; /* written instead where not NULL */
    size_t input_len;
    struct mr_parent parent; /* SUBMIT, REDRIVE, CHILD, ASK; CANCEL of a named child: who ends it;
                                token_text NULL: none */
    bool ok;                 /* CHILD: it succeeded */
    struct mr_token token;   /* RESULT, HEARTBEAT */
    const char *token_text, *worker;
    const cJSON *answer;     /* EVALUATED: an object */
    const cJSON *output;     /* RESULT; NULL: it failed */
    const char *output_text; /* written instead where not NULL; for answer too */
    size_t output_len;
    const char *error, *cause; /* RESULT, CANCEL */
    uint32_t number;           /* EVALUATED */
    uint64_t seq;              /* TIMER, EVALUATED */
    uint32_t attempt;
    char timer;
    int64_t due_ms;
};
/* MR_UNSUPPORTED: a kind or version that this program does not know: it must stop, not skip. */
MR_MUST_USE enum mr_code mr_event_parse(const char *text, size_t len, struct mr_event *ret,
                                        struct mr_error *err);
void mr_event_release(struct mr_event *);
enum mr_code mr_event_print(const struct mr_event *, struct mr_buf *buf);

/* ---- millrace.control: {"v":1,"k":"cancel","job":..,"seq":..,"attempt":..}
 * ----------------------- */
struct mr_control {
    char job[MR_JOB_ID_MAX + 1];
    uint64_t seq;
    uint32_t attempt;
};
MR_MUST_USE enum mr_code mr_control_parse(const char *text, size_t len, struct mr_control *ret,
                                          struct mr_error *err);
enum mr_code mr_control_print(const struct mr_control *, struct mr_buf *buf);

/* ---- millrace.dlq -------------------------------------------------------------------------------
 * What could not be understood, with its bytes; or a job that failed, with its chain of errors.
 * {"v":1,"reason":"MR_INVALID","error":text,"topic":..,"partition":..,"offset":..,"bytes":base64}
 * Bytes beyond MR_DEAD_BYTES_MAX are cut; "bytes_total" then says how many there were. */
enum mr_code mr_dead_print(const char *reason, const char *error, const char *topic,
                           int32_t partition, int64_t offset, const void *bytes, size_t len,
                           struct mr_buf *buf);

/* ---- millrace.config: key "<kind>/<name>", value one object, no value: removed
 * ------------------- "workflow/<name>" (the newest) and "workflow/<name>:<version>"
 * {"v":1,"version":..,"def":sha256,"definition":{...},"created_ms":..}; for
 * "workflow/<name>:<alias>" see workflow_ref.h "key/<sha256 of the key>"
 * {"v":1,"tenant":..,"scopes":["submit","read","write","admin"],"name":..} */
struct mr_config_workflow {
    cJSON *root;
    const char *def;
    const cJSON *definition;
    int64_t created_ms;
    int64_t version; /* 1 where it is not told */
};
MR_MUST_USE enum mr_code mr_config_workflow_parse(const char *text, size_t len,
                                                  struct mr_config_workflow *ret,
                                                  struct mr_error *err);
void mr_config_workflow_release(struct mr_config_workflow *);

/* "quarantine/<job>"  {"v":1,"log":id of millrace.log,"offset":..,"at_ms":..}: events of the job
 * from offset on are passed over. */
struct mr_config_quarantine {
    char log_id[64];
    int64_t offset, at_ms;
};
MR_MUST_USE enum mr_code mr_config_quarantine_parse(const char *text, size_t len,
                                                    struct mr_config_quarantine *ret,
                                                    struct mr_error *err);
enum mr_code mr_config_quarantine_print(const struct mr_config_quarantine *, struct mr_buf *buf);

/* ---- the two definitions that are always there --------------------------------------------------
 */
/* A bare recipe's: one Task, Render, of millrace:image.render, whose input is the recipe; then
 * Manifest. Constant text. */
extern const char mr_definition_recipe[];

#endif

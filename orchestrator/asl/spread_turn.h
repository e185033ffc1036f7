/* spread_turn.h -- what step.c, fail.c and state_fork.c call of a distributed Map. */
#ifndef ASL_SPREAD_TURN_H
#define ASL_SPREAD_TURN_H

#include "orchestrator/asl/spread.h"
#include "orchestrator/asl/turn.h"

#include "common/base/buf.h"

#include <string.h>

/* state_spread.c: input and items (NULL: the reader brings them) are taken over.  filled: what its
 * fields come to where JSONata is spoken; else NULL. */
enum mr_code asl_spread_enter(struct asl_turn *, struct asl_frame *, struct asl_value *input,
                              struct asl_value *items, int64_t concurrency,
                              struct asl_filled *filled, struct asl_fault *);
/* query_spread.c: these fields, into frame->spread. */
enum mr_code asl_query_tolerance(struct asl_turn *, struct asl_frame *, const struct asl_filled *,
                                 struct asl_fault *);
enum mr_code asl_query_spread(struct asl_turn *, struct asl_frame *, struct asl_filled *,
                              struct asl_fault *);
/* spread.c: the frame's own turn: children started, its next exchange, its end. */
enum mr_code asl_turn_spread(struct asl_turn *, struct asl_frame *, struct asl_fault *);
/* What the writer answered is the state's result (taken over). */
enum mr_code asl_spread_finished(struct asl_turn *, struct asl_frame *, struct asl_value *result,
                                 struct asl_fault *);
/* Its children answer with records, not with outputs alone. */
static inline bool asl_spread_records(const struct asl_spread *fields)
{
    return fields->writer ||
           (fields->writes && (!fields->writer_form || strcmp(fields->writer_form, "NONE") == 0));
}
static inline bool asl_query_selects(const struct asl_state *state)
{
    return state->queries && state->queries->fields[ASL_Q_SELECTOR];
}
/* query_stage.c, JSONata's ItemSelector.  Is the next item selected? If not, it is asked for as
 * soon as the Map has nothing else out; the frame gets its turn with the answer. */
enum mr_code asl_query_prepare(struct asl_turn *, struct asl_frame *, bool *ret_ready,
                               struct asl_fault *);
bool asl_query_selected(const struct asl_turn *, const struct asl_frame *);
/* What it is selected to be; *ret is the caller's. */
enum mr_code asl_query_pick(struct asl_turn *, struct asl_frame *, struct asl_value **ret,
                            struct asl_fault *);
/* spread_events.c: what came for the frame, which is in phase SPREAD. */
enum mr_code asl_spread_child(struct asl_turn *, struct asl_frame *, const struct asl_event *,
                              bool *ret_changed);
enum mr_code asl_spread_answer(struct asl_turn *, struct asl_frame *, const cJSON *data);
enum mr_code asl_spread_refusal(struct asl_turn *, struct asl_frame *, const char *cause);
/* Its children, its exchange and its timer are told to end; it stays as it is, for a redrive. */
enum mr_code asl_spread_stop(struct asl_turn *, struct asl_frame *);
void asl_spread_resume(struct asl_run *, struct asl_frame *);
/* spread_pending.c: records of what is read and not started wait to be written. */
enum mr_code asl_spread_pending(struct asl_turn *, struct asl_frame *);
/* spread_ask.c: the task of the exchange under way, with its input made (again). */
enum mr_code asl_spread_ask(struct asl_turn *, const struct asl_frame *);
/* The Map run's name: MapRunArn. */
void asl_spread_arn(const struct asl_run *, const struct asl_frame *, struct mr_buf *buf);
/* history.c: MapRunStarted, MapRunSucceeded, MapRunFailed. */
void asl_history_map_run(struct asl_turn *, struct asl_frame *, const char *suffix,
                         const struct asl_fault *fault);

#endif

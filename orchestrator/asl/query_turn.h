/* query_turn.h -- between the files of a state that speaks JSONata: query_stage.c asks and goes on,
 * query_enter.c begins what a state does, query_items.c asks for the items of a Map.  To the rest:
 * query.h. */
#ifndef ASL_QUERY_TURN_H
#define ASL_QUERY_TURN_H

#include "orchestrator/asl/spread_turn.h"

/* An answer without the values that were asked for, or with others: of the evaluator, which is in a
 * cage, and what it says is looked at like any stranger's word.  MR_INVALID. */
enum mr_code asl_query_misshapen(struct asl_fault *fault);
/* A template's value in *ret, the caller's, out of *values, which moves behind what it took. */
enum mr_code asl_query_fill_in(const struct asl_query *query, const cJSON **values, cJSON **ret,
                               struct asl_fault *fault);

/* A stage: ask, whose value is taken over, is sent to be evaluated; without expressions it goes on
 * at once. */
enum mr_code asl_query_run(struct asl_turn *turn, struct asl_frame *frame, struct asl_ask ask,
                           struct asl_fault *fault);

/* The way out: output (else otherwise) and variables out of values, on to next. */
enum mr_code asl_query_leave(struct asl_turn *turn, struct asl_frame *frame,
                             const struct asl_way *way, struct asl_value *otherwise,
                             const cJSON *values, int32_t next, struct asl_fault *fault);
/* The way in: the state's fields are there, so it does what its type does. chosen: of a Choice. */
enum mr_code asl_query_begin(struct asl_turn *turn, struct asl_frame *frame, uint32_t chosen,
                             const cJSON *values, struct asl_fault *fault);
/* What was selected for count items from first on: a list of lists of values. */
enum mr_code asl_query_take_selected(struct asl_turn *turn, struct asl_frame *frame, uint32_t first,
                                     uint32_t count, const cJSON *lists, struct asl_fault *fault);

#endif

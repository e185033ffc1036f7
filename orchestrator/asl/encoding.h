/* encoding.h -- the text of a run, for encode.c and decode.c.  One object:
 *
 *   v    version of this form          e    engine whose answers the run gets
 *   job, wf, seed (16 hex digits)      st   status          up  1: started    rd  redrives
 *   rt   redrive_ms, after a redrive
 *   nm   name, where it is not the job's id
 *   t0   start_ms                      due  of the machine's time-out
 *   en, fi  states entered, left       ev   history entries so far
 *   fl   the flow that it walks through, where that is not the machine
 *   vn   the last value's number       n    [state, entries, state, entries ...], none that are 0
 *   in, out  numbers of values; 0: none              err, cause  text, where there is one
 *   f    frames, parents first, each [parent (its place in f, -1), index, state, phase, seq,
 *        attempt, entry, retries, entered_ms, since_ms, due_ms, timeout_ms, heartbeat_ms,
 *        heartbeat_every_ms, entered_event, last_event, input, tries, fork,
 *        variables, query]
 *        tries: 0, or a number for each retrier
 *        variables: 0, or [name, its value, name, its value ...]
 *        fork: 0, or what spread_text.c says of a distributed Map, or
 *        [count, next, concurrency, input, items, [output of each child before next]]
 *        query: 0, or [asked, arguments, selected, selected_first] and, where an evaluation is
 *        out, behind these [..., stage, number, which, count, since_ms, value]
 *   go   go_on_ms, and rdy  [places in f], the next first: where a step's budget was used up
 *   val  {"number": value}, those that are not kept apart
 *
 * A value is always referred to by its number.  A child is done when it has an output. */
#ifndef ASL_ENCODING_H
#define ASL_ENCODING_H

enum { ASL_ENCODING_VERSION = 1, ASL_FRAME_FIELDS = 21, ASL_FORK_FIELDS = 6 };
enum { ASL_QUERY_FIELDS = 4, ASL_ASK_FIELDS = 6 };

#endif

/* machines.h -- runs played by bytes, for the targets that read what runs are written as. */
#ifndef TESTS_FUZZ_MACHINES_H
#define TESTS_FUZZ_MACHINES_H

#include "tests/fuzz/fuzz.h"

#include "orchestrator/asl/run.h"
#include "orchestrator/asl/step.h"

/* One machine with every kind of state; lives as long as the program. */
struct asl_machine *fuzz_machine(void);

/* A run that has not started; the caller's. */
struct asl_run *fuzz_run_new(struct asl_machine *machine);

enum { FUZZ_VALUES_MAX = 512 };
struct fuzz_values { /* zeroed at first; what the run keeps apart, by number */
    char *text[FUZZ_VALUES_MAX];
    size_t len[FUZZ_VALUES_MAX];
};
bool fuzz_value_get(void *values, uint32_t id, const char **json, size_t *len);
void fuzz_values_release(struct fuzz_values *values);
/* Appends run's encoding; values may be NULL: they are then given to nobody. */
void fuzz_encode(struct asl_run *run, struct fuzz_values *values, struct mr_buf *buf);

/* Starts the run and gives it one event for each byte.  A twin, decoded from the last encoding,
 * takes the same event and must come to the same bytes and effects. */
void fuzz_play(struct asl_machine *machine, struct asl_run *run, const uint8_t *data, size_t len);
/* Runs a machine that waits for nothing on the input that len bytes are (else on {}), twice: both
 * come to the same bytes. */
void fuzz_at_once(struct asl_machine *machine, const char *input, size_t len);
/* Gives the events to a run that may be forged: whatever it answers, it lives. */
void fuzz_poke(struct asl_run *run, const uint8_t *data, size_t len);

#endif

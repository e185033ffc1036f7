/* fault.h -- what goes wrong in a workflow, as opposed to in us: an error name and a cause.
 * Functions that evaluate a definition return MR_OK, MR_NO_MEMORY, or MR_INVALID with the fault
 * filled in; the run then retries, catches or fails. */
#ifndef ASL_FAULT_H
#define ASL_FAULT_H

#include "common/base/error.h"

enum { ASL_FAULT_TEXT_MAX = 768, ASL_ERROR_MAX = 256, ASL_CAUSE_MAX = 32768 };

struct asl_fault {
    const char *error;  /* NULL: none was given */
    const char *cause;  /* NULL: none was given */
    bool heartbeat;     /* a States.Timeout for want of a heartbeat: States.HeartbeatTimeout too */
    bool late;          /* a States.Timeout of a task: what catches it is given "" for its cause */
    bool own;           /* no Retry and Catch of the state itself takes it */
    bool branch;        /* came out of a branch of a Parallel: States.BranchFailed too */
    const char *inside; /* cause where it tells what went wrong inside a state, not in text */
    const char *location; /* the field that went wrong, where it is known */
    char text[ASL_FAULT_TEXT_MAX];
};

/* clang-format off */
#define ASL_RUNTIME              "States.Runtime"
#define ASL_TIMEOUT              "States.Timeout"
#define ASL_HEARTBEAT_TIMEOUT    "States.HeartbeatTimeout"
#define ASL_ALL                  "States.ALL"
#define ASL_TASK_FAILED          "States.TaskFailed"
#define ASL_BRANCH_FAILED        "States.BranchFailed"
#define ASL_DATA_LIMIT_EXCEEDED  "States.DataLimitExceeded"
#define ASL_INTRINSIC_FAILURE    "States.IntrinsicFailure"
#define ASL_RESULT_PATH_MATCH    "States.ResultPathMatchFailure"
#define ASL_REFERENCE_CONFLICT   "States.ReferencePathConflict"
#define ASL_NO_CHOICE_MATCHED    "States.NoChoiceMatched"
#define ASL_ITEM_READER_FAILED   "States.ItemReaderFailed"
#define ASL_RESULT_WRITER_FAILED "States.ResultWriterFailed"
#define ASL_EXCEED_TOLERATED     "States.ExceedToleratedFailureThreshold"
/* clang-format on */

/* The cause of States.DataLimitExceeded: a name with its length. */
#define ASL_TOO_LARGE                                                                              \
    "The state/task '%.*s' returned a result with a size exceeding the maximum number of bytes "   \
    "service limit."

/* Fills fault with error and a cause made by the rest, as printf does, cut to fit; gives
 * MR_INVALID. A macro, as mr_fail() is: the compiler sees what is given. */
#define asl_fault_set(fault, error, ...)                                                           \
    (asl_fault_text((fault), (error), __VA_ARGS__), mr_code_itself(MR_INVALID))
void asl_fault_text(struct asl_fault *fault, const char *error, const char *fmt, ...)
    MR_PRINTF(3, 4);

#endif

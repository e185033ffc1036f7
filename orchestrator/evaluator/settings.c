/* settings.c -- the evaluators' settings table. */
#include "orchestrator/evaluator/evaluator.h"

enum { SANDBOX_BEST = 1 };

/* clang-format off */
const struct mr_setting ev_settings[] = {
    MR_STR(ev_config, program, "ORCH_EVALUATOR", "",
           "path of millrace-evaluator; empty: beside this program"),
    MR_CHOICE(ev_config, sandbox, "ORCH_EVALUATOR_SANDBOX", "strict", "strict best",
              "strict: evaluate nothing where a layer of the sandbox is missing; best: take what the platform has and say what is missing"),
    MR_LONG(ev_config, children, "ORCH_EVALUATORS", "2", 1, 64,
            "evaluators of JSONata for what is answered quickly"),
    MR_LONG(ev_config, slow_children, "ORCH_EVALUATORS_SLOW", "1", 1, 64,
            "evaluators of JSONata for what takes longer than ORCH_EVALUATOR_FAST_MS"),
    MR_LONG(ev_config, fast_ms, "ORCH_EVALUATOR_FAST_MS", "25", 1, 10000,
            "a state's expressions that take longer go to a slow evaluator, ms of a processor; those that did within a minute have a fifth of it"),
    MR_LONG(ev_config, time_ms, "ORCH_EVALUATOR_TIME_MS", "1000", 10, 60000,
            "longest evaluation of a state's JSONata expressions, ms of a processor"),
    MR_LONG(ev_config, patience, "ORCH_EVALUATOR_PATIENCE", "20", 2, 1000,
            "an evaluation is given up after so many times its time by the clock on the wall, however little of a processor it had"),
    MR_LONG(ev_config, memory_max, "ORCH_EVALUATOR_MEMORY", "64M", 16777216, 4294967296,
            "memory of one evaluation, bytes"),
    MR_LONG(ev_config, stack_max, "ORCH_EVALUATOR_STACK", "32M", 1048576, 1073741824,
            "stack of one evaluation, bytes"),
    MR_LONG(ev_config, depth_max, "ORCH_EVALUATOR_DEPTH", "5000", 100, 1000000,
            "JSONata expressions within expressions, as a recursion makes them"),
    MR_LONG(ev_config, text_max, "ORCH_EVALUATOR_TEXT_MAX", "4M", 65536, 268435456,
            "longest request to an evaluator and longest answer, bytes"),
};
/* clang-format on */
const size_t ev_settings_count = sizeof(ev_settings) / sizeof(ev_settings[0]);

void ev_config_default(struct ev_config *ret)
{
    *ret = (struct ev_config){
        .program = NULL,
        .sandbox = SANDBOX_BEST,
        .children = 2,
        .slow_children = 1,
        .fast_ms = 25,
        .time_ms = 1000,
        .patience = 20,
        .memory_max = 64 << 20,
        .stack_max = 32 << 20,
        .depth_max = 5000,
        .text_max = 4 << 20,
    };
}

# Every test of the language plays runs through play.c, which also keeps a twin of each.
add_library(asl_play STATIC ${CMAKE_CURRENT_SOURCE_DIR}/unit/asl/play.c)
target_link_libraries(asl_play PUBLIC asl PkgConfig::CMOCKA)

mr_test(asl_states unit unit/asl/states_test.c asl_play)
mr_test(asl_parts unit unit/asl/parts_test.c asl_play)
mr_test(asl_simulate unit unit/asl/simulate_test.c asl_play)
mr_test(asl_machine unit unit/asl/machine_test.c asl_play)
mr_test(asl_choice unit unit/asl/choice_test.c asl_play)
mr_test(asl_data unit unit/asl/data_test.c asl_play)
mr_test(asl_variables unit unit/asl/variables_test.c asl_play)
mr_test(asl_failure unit unit/asl/failure_test.c asl_play)
mr_test(asl_fork unit unit/asl/fork_test.c asl_play)
mr_test(asl_run unit unit/asl/run_test.c asl_play)
mr_test(asl_property unit unit/asl/property_test.c asl_play)
mr_test(asl_mutation unit unit/asl/mutation_test.c asl_play)
mr_test(asl_memory unit unit/asl/memory_test.c asl_play)
target_link_options(test_asl_memory PRIVATE
    LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup)

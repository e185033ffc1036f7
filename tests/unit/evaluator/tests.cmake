add_library(evaluator_kit STATIC unit/evaluator/ask.c)
target_link_libraries(evaluator_kit PUBLIC ev PkgConfig::CMOCKA)
target_compile_definitions(evaluator_kit PRIVATE EVALUATOR="$<TARGET_FILE:millrace-evaluator>")
add_dependencies(evaluator_kit millrace-evaluator)

mr_test(evaluator unit unit/evaluator/evaluator_test.c evaluator_kit)
mr_test(evaluator_handover unit unit/evaluator/handover_test.c evaluator_kit)
target_compile_definitions(test_evaluator_handover PRIVATE _GNU_SOURCE) # sched_setaffinity
mr_test(evaluator_pool unit unit/evaluator/pool_test.c evaluator_kit)
set_tests_properties(evaluator_pool PROPERTIES TIMEOUT 600) # 30 s alone: it asks for seconds of work, and waits for all of it
mr_test(evaluator_recorded unit unit/evaluator/recorded_test.c evaluator_kit)
target_compile_definitions(test_evaluator_recorded PRIVATE FOLDER="${CMAKE_CURRENT_SOURCE_DIR}/unit/evaluator")
mr_test(evaluator_parts unit unit/evaluator/parts_test.c ev ev_engine)

# The programs behind tests/conformance/run: they play recorded cases, a judge compares.
add_executable(conformance_asl ${CMAKE_CURRENT_SOURCE_DIR}/conformance/asl_cases.c
    ${CMAKE_SOURCE_DIR}/gateway/cli/asl_objects.c
    ${CMAKE_CURRENT_SOURCE_DIR}/conformance/asl_play.c)
target_link_libraries(conformance_asl PRIVATE mr_crypto asl mr_model ev_machine)
target_compile_definitions(conformance_asl PRIVATE EVALUATOR="$<TARGET_FILE:millrace-evaluator>")
add_dependencies(conformance_asl millrace-evaluator)
set_target_properties(conformance_asl PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

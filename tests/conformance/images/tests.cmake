# Not tests by themselves: tests/conformance/images/run and check start them.
add_executable(conformance_images conformance/images/run.c conformance/images/case.c)
target_link_libraries(conformance_images PRIVATE wk mr_sim)
target_compile_definitions(conformance_images PRIVATE _GNU_SOURCE DECODER="$<TARGET_FILE:millrace-decoder>") # mkdirat, MAP_ANONYMOUS
add_dependencies(conformance_images millrace-decoder)

add_executable(conformance_judge conformance/images/judge.c conformance/images/measure.c conformance/images/case.c)
target_link_libraries(conformance_judge PRIVATE mr_base PkgConfig::VIPS)
target_compile_definitions(conformance_judge PRIVATE _GNU_SOURCE)

set_target_properties(conformance_images conformance_judge PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

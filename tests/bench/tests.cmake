# What tests/bench/run runs; no tests by themselves.
add_executable(bench-load ${CMAKE_CURRENT_SOURCE_DIR}/bench/load.c)
target_link_libraries(bench-load PRIVATE mr_parts)
add_executable(render_bench ${CMAKE_CURRENT_SOURCE_DIR}/bench/render_bench.c)
target_link_libraries(render_bench PRIVATE wk PkgConfig::VIPS)
add_executable(store_bench ${CMAKE_CURRENT_SOURCE_DIR}/bench/store_bench.c)
target_link_libraries(store_bench PRIVATE redis_kit)
add_executable(bus_bench ${CMAKE_CURRENT_SOURCE_DIR}/bench/bus_bench.c)
target_link_libraries(bus_bench PRIVATE redis_kit)
add_executable(evaluator_bench ${CMAKE_CURRENT_SOURCE_DIR}/bench/evaluator_bench.c)
target_link_libraries(evaluator_bench PRIVATE ev)
target_compile_definitions(evaluator_bench PRIVATE _GNU_SOURCE) # clock_getcpuclockid
add_executable(asl_bench ${CMAKE_CURRENT_SOURCE_DIR}/bench/asl_bench.c)
target_link_libraries(asl_bench PRIVATE asl)

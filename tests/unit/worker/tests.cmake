# The twin of the decoder stands in front of wk, so that its wk_decoder_*() are the ones that are linked.
add_library(wk_stage STATIC unit/worker/stage.c unit/worker/stage_blob.c unit/worker/imaging_twin.c)
target_link_libraries(wk_stage PUBLIC wk mr_sim PkgConfig::CMOCKA)

mr_test(worker_key unit unit/worker/key_test.c wk)
foreach(type render inspect manifest map s3)
    mr_test(worker_task_${type} unit unit/worker/task_${type}_test.c wk_stage)
    target_sources(test_worker_task_${type} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit/worker/bench_kit.c)
endforeach()
foreach(noun source reach fault room worker)
    mr_test(worker_fetch_${noun} unit unit/worker/fetch_${noun}_test.c wk_stage http_server)
    target_sources(test_worker_fetch_${noun} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit/worker/fetcher_kit.c)
endforeach()
mr_test(worker unit unit/worker/worker_test.c wk_stage)
mr_test(worker_cut unit unit/worker/worker_cut_test.c wk_stage)
mr_test(worker_room unit unit/worker/worker_room_test.c wk_stage)

# For test_schemas.py beside it: what the programs print and accept.
add_executable(message_tool unit/worker/message_tool.c)
target_link_libraries(message_tool PRIVATE mr_model)
set_target_properties(message_tool PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

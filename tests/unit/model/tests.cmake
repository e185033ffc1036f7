mr_test(model_message unit unit/model/message_test.c mr_model)
mr_test(items unit unit/model/items_test.c mr_model asl)
target_sources(test_items PRIVATE ${CMAKE_SOURCE_DIR}/gateway/cli/asl_objects.c)
mr_test(workflow_ref unit unit/model/workflow_ref_test.c mr_model)

mr_test(flow_cluster flow flow/cluster/flow_test.c oc mr_sim)
if(TARGET test_flow_cluster)
    target_sources(test_flow_cluster PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/flow/cluster/kit.c)
endif()

# The kit needs cmocka, as the tests do.
add_library(flow_kit STATIC ${CMAKE_CURRENT_SOURCE_DIR}/flow/cluster/kit.c
    ${CMAKE_CURRENT_SOURCE_DIR}/flow/cluster/many_kit.c ${CMAKE_CURRENT_SOURCE_DIR}/flow/cluster/children_kit.c
    ${CMAKE_SOURCE_DIR}/gateway/cli/asl_objects.c)
target_link_libraries(flow_kit PUBLIC oc mr_sim PkgConfig::CMOCKA)

foreach(noun job task redrive timer admission takeover log batch)
    mr_test(flow_${noun} flow flow/cluster/${noun}_test.c flow_kit)
endforeach()
mr_test(flow_evaluate flow flow/cluster/evaluate_test.c flow_kit)
mr_test(flow_children flow flow/cluster/children_test.c flow_kit)
foreach(noun redrive cancel crash end)
    mr_test(flow_children_${noun} flow flow/cluster/children_${noun}_test.c flow_kit)
endforeach()
mr_test(flow_files flow flow/cluster/files_test.c flow_kit)
mr_test(flow_budget flow flow/cluster/budget_test.c flow_kit)
mr_test(flow_nested flow flow/cluster/nested_test.c flow_kit)
mr_test(flow_named flow flow/cluster/named_test.c flow_kit)
mr_test(flow_again flow flow/cluster/again_test.c flow_kit)

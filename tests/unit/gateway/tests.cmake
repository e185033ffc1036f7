add_library(gw_fixture STATIC ${CMAKE_CURRENT_SOURCE_DIR}/unit/gateway/fixture.c)
target_link_libraries(gw_fixture PUBLIC gw mr_sim PkgConfig::CMOCKA)

mr_test(gateway_parse unit unit/gateway/parse_test.c gw)
mr_test(gateway_server unit unit/gateway/server_test.c gw_fixture)
mr_test(gateway_routes unit unit/gateway/routes_test.c gw_fixture)
mr_test(gateway_fold unit unit/gateway/fold_test.c gw)
mr_test(gateway_transfer unit unit/gateway/transfer_test.c gw_fixture)
mr_test(gateway_child unit unit/gateway/child_test.c cli Threads::Threads)

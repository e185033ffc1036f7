# The same cases on every implementation of store.h.
add_library(store_contract STATIC contract/store/store_contract.c contract/store/store_contract_kit.c
    contract/store/contract_positions.c contract/store/contract_batches.c contract/store/contract_lists.c
    contract/store/contract_times.c contract/store/contract_shared.c)
target_link_libraries(store_contract PUBLIC mr_ports PkgConfig::CMOCKA)
add_library(redis_kit STATIC ${CMAKE_CURRENT_SOURCE_DIR}/lib/redis_kit.c)
target_link_libraries(redis_kit PUBLIC mr_redis PkgConfig::HIREDIS)

mr_test(store_sim unit contract/store/store_sim_test.c store_contract mr_sim)
mr_test(store_redis contract contract/store/store_redis_test.c store_contract redis_kit)
mr_test(bus_redis contract contract/bus/bus_redis_test.c bus_contract redis_kit)
# They wipe a database, kill connections and change settings of the server: nothing beside them.
set_tests_properties(store_redis bus_redis PROPERTIES RUN_SERIAL TRUE)

add_library(bus_contract STATIC ${CMAKE_CURRENT_SOURCE_DIR}/contract/bus/bus_contract.c
    ${CMAKE_CURRENT_SOURCE_DIR}/contract/bus/bus_contract_read.c
    ${CMAKE_CURRENT_SOURCE_DIR}/contract/bus/bus_contract_kit.c)
target_link_libraries(bus_contract PUBLIC mr_ports PkgConfig::CMOCKA)
add_library(kafka_kit STATIC ${CMAKE_CURRENT_SOURCE_DIR}/contract/bus/kafka_kit.c)
target_link_libraries(kafka_kit PUBLIC mr_bus_kafka PkgConfig::RDKAFKA)

mr_test(bus_sim unit contract/bus/bus_sim_test.c bus_contract mr_sim)
mr_test(bus_kafka contract contract/bus/bus_kafka_test.c bus_contract kafka_kit)
mr_test(bus_kafka_only contract contract/bus/bus_kafka_only_test.c bus_contract kafka_kit)

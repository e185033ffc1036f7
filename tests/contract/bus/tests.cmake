# The same cases on every driver of bus.h.
add_library(bus_contract STATIC contract/bus/bus_contract.c contract/bus/bus_contract_kit.c contract/bus/contract_sends.c
    contract/bus/contract_topics.c contract/bus/contract_logs.c contract/bus/contract_queues.c
    contract/bus/contract_descriptors.c)
target_link_libraries(bus_contract PUBLIC mr_ports PkgConfig::CMOCKA)
add_library(kafka_kit STATIC ${CMAKE_CURRENT_SOURCE_DIR}/contract/bus/kafka_kit.c)
target_link_libraries(kafka_kit PUBLIC mr_bus_kafka PkgConfig::RDKAFKA)

mr_test(bus_sim unit contract/bus/bus_sim_test.c bus_contract mr_sim)
mr_test(bus_kafka contract contract/bus/bus_kafka_test.c bus_contract kafka_kit)
mr_test(bus_kafka_only contract contract/bus/bus_kafka_only_test.c bus_contract kafka_kit)

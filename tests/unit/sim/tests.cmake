mr_test(sim_bus unit unit/sim/bus_sim_test.c mr_sim)
mr_test(kafka_window unit unit/sim/kafka_window_test.c mr_bus_kafka)

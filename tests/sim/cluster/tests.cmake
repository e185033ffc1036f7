mr_test(sim_cluster sim sim/cluster/sim_test.c flow_kit)

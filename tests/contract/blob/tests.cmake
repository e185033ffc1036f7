# One file of cases on every driver of blob.h.
add_library(blob_contract STATIC contract/blob/blob_contract.c)
target_link_libraries(blob_contract PUBLIC mr_ports mr_crypto PkgConfig::CMOCKA Threads::Threads)

mr_test(blob_contract_sim unit contract/blob/sim_test.c blob_contract mr_sim)
mr_test(blob_contract_dir unit contract/blob/dir_test.c blob_contract mr_blob)
mr_test(blob_contract_s3 contract contract/blob/s3_test.c blob_contract mr_blob)

# The same cases on every driver of blob.h.
add_library(blob_contract STATIC contract/blob/blob_contract.c contract/blob/blob_kit.c contract/blob/contract_objects.c
    contract/blob/contract_keys.c contract/blob/contract_once.c contract/blob/contract_streams.c contract/blob/contract_ranges.c
    contract/blob/contract_lists.c contract/blob/contract_handles.c)
target_link_libraries(blob_contract PUBLIC mr_ports mr_crypto PkgConfig::CMOCKA Threads::Threads)

mr_test(blob_contract_sim unit contract/blob/sim_test.c blob_contract mr_sim)
mr_test(blob_contract_dir unit contract/blob/dir_test.c blob_contract mr_blob)
mr_test(blob_contract_s3 contract contract/blob/s3_test.c blob_contract mr_blob)

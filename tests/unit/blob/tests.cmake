mr_test(blob_xml unit unit/blob/xml_test.c mr_blob)
mr_test(blob_s3 unit unit/blob/s3_test.c mr_blob mr_sim Threads::Threads)
mr_test(blob_dir unit unit/blob/dir_test.c mr_blob)
mr_test(blob_sim unit unit/blob/sim_test.c mr_sim)

mr_test(oc_job unit unit/orchestrator/job_test.c oc)
mr_test(oc_outbox unit unit/orchestrator/outbox_test.c oc)
mr_test(oc_machines unit unit/orchestrator/machines_test.c oc)

mr_test(sandbox_spawn unit unit/sandbox/spawn_test.c sb PkgConfig::SECCOMP)

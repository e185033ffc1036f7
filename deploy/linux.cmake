# Files that use calls of Linux or of glibc beyond POSIX, each by name.
mr_linux(
    common/sandbox/landlock.c
    common/sandbox/lock.c
    common/sandbox/seccomp.c
    common/sandbox/spawn.c
    common/sandbox/threads.c
    worker/imaging.c
    worker/imaging_child.c
    worker/imaging_pool.c
    worker/decoder/channel.c
    worker/decoder/main.c
    worker/decoder/usage.c

    common/adapters/blob_dir.c     # strerrordesc_np
    common/adapters/blob_dir_put.c # renameat2
)

# Files that use calls of Linux or of glibc beyond POSIX, each by name.
mr_linux(
    gateway/server.c     # accept4
    gateway/cli/doctor.c # realpath
    gateway/cli/up.c     # realpath
    common/base/program.c        # realpath
    common/sandbox/landlock.c
    common/sandbox/lock.c
    common/sandbox/seccomp.c
    common/sandbox/spawn.c
    common/sandbox/threads.c
    orchestrator/evaluator/handover.c # sched_setaffinity
    orchestrator/evaluator/pool.c  # eventfd
    worker/imaging.c               # eventfd
    worker/imaging_child.c
    worker/imaging_crew.c
    worker/imaging_pool.c
    worker/decoder/channel.c
    worker/decoder/crash.c         # SA_ONSTACK
    worker/decoder/heif.c          # RTLD_NEXT
    worker/decoder/files.c         # RTLD_NEXT, O_TMPFILE
    worker/decoder/main.c
    worker/decoder/processors.c    # RTLD_NEXT
    worker/decoder/shed.c          # madvise, malloc_trim
    common/adapters/blob_dir.c     # strerrordesc_np
    common/adapters/blob_dir_put.c # renameat2
)

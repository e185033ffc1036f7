/* hostile_reach.c -- system calls that reach for what is outside of the process: each is to end it.
 */
#include "tests/unit/decoder/hostile.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* System calls by themselves: the C library's open() is the decoder's own (worker/decoder/files.h).
 */

static void open_file(void)
{
    (void)syscall(SYS_open, "/etc/passwd", O_RDONLY);
}

static void *opening(void *unused)
{
    (void)unused;
    open_file();
    return NULL;
}

static void open_in_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, opening, NULL) == 0)
        pthread_join(thread, NULL);
}

static void openat_inherited(void)
{
    (void)syscall(SYS_openat, SB_SOCKET + 1, "..", O_RDONLY | O_DIRECTORY);
}

static void open_proc(void)
{
    (void)syscall(SYS_openat, AT_FDCWD, "/proc/self/environ", O_RDONLY);
}

static void open_memory_of_first(void)
{
    (void)syscall(SYS_openat, AT_FDCWD, "/proc/1/mem", O_RDWR);
}

static void make_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM, 0);
}

static void connect_socket(void)
{
    const struct sockaddr_un address = {AF_UNIX, "/run/systemd/private"};

    (void)connect(SB_SOCKET, (const struct sockaddr *)&address, sizeof(address));
}

static void execute(void)
{
    char *const argv[] = {(char[]){"sh"}, NULL};

    (void)execve("/bin/sh", argv, NULL);
}

static void fork_process(void)
{
    (void)syscall(SYS_fork);
}

static void vfork_process(void)
{
    (void)syscall(SYS_vfork);
}

static void clone_space(void)
{
    (void)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void leave_spaces(void)
{
    (void)syscall(SYS_unshare, CLONE_NEWUSER);
}

static void kill_parent(void)
{
    (void)kill(getppid() ? getppid() : -1, SIGKILL);
}

static void trace(void)
{
    (void)ptrace(PTRACE_ATTACH, 1, NULL, NULL);
}

static void read_other_memory(void)
{
    char byte;
    struct iovec mine = {&byte, 1}, theirs = {&byte, 1};

    (void)process_vm_readv(1, &mine, 1, &theirs, 1, 0);
}

static void map_executable(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_executable(void)
{
    (void)mprotect(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096,
                   PROT_READ | PROT_EXEC);
}

static void make_memfd(void)
{
    (void)memfd_create("mine", 0);
}

static void grow_output(void)
{
    (void)ftruncate(SB_SOCKET + 1, 1 << 30);
}

static void ring(void)
{
    struct io_uring_params params = {0};

    (void)syscall(SYS_io_uring_setup, 8, &params);
}

static void load_bpf(void)
{
    union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4};

    (void)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void user_faults(void)
{
    (void)syscall(SYS_userfaultfd, O_CLOEXEC);
}

static void key_ring(void)
{
    (void)syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1);
}

static void add_key(void)
{
    (void)syscall(SYS_add_key, "user", "mine", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}

static void count_events(void)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr)};

    (void)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static void mount_proc(void)
{
    (void)mount("none", "/", "proc", 0, NULL);
}

static void set_seals(void)
{
    (void)fcntl(SB_SOCKET + 1, F_ADD_SEALS, 0);
}

static void raise_limits(void)
{
    (void)syscall(SYS_prlimit64, 0, 9 /* RLIMIT_AS */, NULL, NULL);
}

static void control_terminal(void)
{
    (void)syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x");
}

/* In the order of the test that goes through them. */
const struct dec_reach dec_reaches[] = {
    {"open", open_file},
    {"open-in-thread", open_in_thread},
    {"openat-inherited", openat_inherited},
    {"open-proc", open_proc},
    {"open-memory", open_memory_of_first},
    {"socket", make_socket},
    {"connect", connect_socket},
    {"execve", execute},
    {"fork", fork_process},
    {"vfork", vfork_process},
    {"clone-space", clone_space},
    {"unshare", leave_spaces},
    {"kill", kill_parent},
    {"ptrace", trace},
    {"read-memory", read_other_memory},
    {"executable", map_executable},
    {"make-executable", make_executable},
    {"memfd", make_memfd},
    {"grow", grow_output},
    {"io-uring", ring},
    {"bpf", load_bpf},
    {"userfaultfd", user_faults},
    {"keyctl", key_ring},
    {"add-key", add_key},
    {"perf", count_events},
    {"mount", mount_proc},
    {"seal", set_seals},
    {"prlimit", raise_limits},
    {"ioctl", control_terminal},
};
const size_t dec_reaches_count = sizeof(dec_reaches) / sizeof(dec_reaches[0]);

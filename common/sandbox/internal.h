/* internal.h -- between the files of the sandbox. */
#ifndef SB_INTERNAL_H
#define SB_INTERNAL_H

/* Each returns 0 or an errno. */
int sb_seccomp_load(void);         /* for every thread of the process */
int sb_landlock_open(int *ret_fd); /* a rule set that allows nothing */
int sb_landlock_restrict(int fd);  /* the calling thread; safe in a signal handler */
/* Runs fn in every thread, the calling one last; the first errno that one of them returned. fn is
 * safe in a signal handler.  tasks: the open folder /proc/self/task, closed here. */
int sb_threads_each(int tasks, int (*fn)(void));

#endif

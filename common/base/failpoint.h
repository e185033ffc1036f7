/* failpoint.h -- where docs/lifecycle.md says that a crash may come, tests make it come.
 * MILLRACE_FAIL_POINT=name or name:n kills the process with SIGKILL at the n-th pass (from 1).
 * Compiled to nothing where MR_FAIL_POINTS is 0 (the release preset). */
#ifndef MR_FAILPOINT_H
#define MR_FAILPOINT_H

#if MR_FAIL_POINTS
void mr_fail_point_hit(const char *name);
#define mr_fail_point(name) mr_fail_point_hit(name)
#else
#define mr_fail_point(name) ((void)0)
#endif

#endif

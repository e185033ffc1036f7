/* failpoint.h -- where docs/lifecycle.md says that a crash may come, tests make it come.
 * MILLRACE_FAIL_POINT=name or name:n kills the process with SIGKILL at the n-th pass (from 1).
 * name=subject kills at each pass with that subject: mr_fail_point_for("apply.event", job).
 * Compiled to nothing where MR_FAIL_POINTS is 0 (the release preset). */
#ifndef MR_FAILPOINT_H
#define MR_FAILPOINT_H

#if MR_FAIL_POINTS
void mr_fail_point_hit(const char *name);
void mr_fail_point_hit_for(const char *name, const char *subject);
#define mr_fail_point(name)              mr_fail_point_hit(name)
#define mr_fail_point_for(name, subject) mr_fail_point_hit_for(name, subject)
#else
#define mr_fail_point(name)              ((void)0)
#define mr_fail_point_for(name, subject) ((void)0)
#endif

#endif

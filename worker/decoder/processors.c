/* processors.c -- how many processors there are is a file to the C library, and codecs ask again
 * for every picture: after the lock that would be their end.  The answer is given here, one, which
 * is also how many a decoder is to keep busy. */
#include "worker/decoder/processors.h"

#include <dlfcn.h>
#include <unistd.h>

static long (*libc_sysconf)(int);

void dec_processors_setup(void)
{
    *(void **)&libc_sysconf = dlsym(RTLD_NEXT, "sysconf"); /* C17 has no conversion for it */
}

/* Stands before the C library's own, for the libraries too. */
long sysconf(int name)
{
    if (name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF)
        return 1;
    if (!libc_sysconf)
        dec_processors_setup();
    return libc_sysconf ? libc_sysconf(name) : -1;
}

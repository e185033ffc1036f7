/* files.h -- what opening a file comes to once the decoder is locked.  Libraries open files
 * whenever they like: a font when its first letter is drawn, a table of a character set with the
 * first odd byte.  The kernel ends a locked process that tries.  So the C library's functions that
 * open files are this program's own: until the lock they are the usual ones, from then on they know
 * the files that were kept open for it, and every other one is not there (ENOENT).  Code that a
 * picture brought in makes the system call itself, and is ended. */
#ifndef DEC_FILES_H
#define DEC_FILES_H

#include <stdbool.h>

enum { DEC_FILES_MAX = 32 };

/* Keeps a regular file at hand, to be opened after the lock under this path.  False: it is not
 * there, or there are DEC_FILES_MAX. */
bool dec_files_keep(const char *path);
/* Keeps every font that fontconfig knows, as far as there is room. */
void dec_files_keep_fonts(void);
/* From here on nothing else is opened.  Just after the lock, which opens files of its own. */
void dec_files_close(void);

#endif

/*
 * spool - standard input that can be read twice
 *
 * A file is read twice as it is.  A pipe is first copied into a temporary file
 * that has no name (TMPDIR, else /tmp), which takes its place.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <sys/types.h>

off_t spool_stdin(void);		/* where its records begin */
void spool_rewind(off_t start);		/* back to there; nd_open reads it again */

#endif

/*
 * cli - what every program's command line shares
 *
 * cli_start first thing in main: --help (the usage on stdout, 0) and --version
 * are answered, an argument list with a wrong option is the program's own
 * business (getopt_long, then cli_usage).  SIGPIPE is ignored, so that a lost
 * reader shows as a failed write; a standard descriptor that is closed is taken,
 * so that no file of ours gets its number (reading or writing it fails); the locale stays "C".
 */
#ifndef CLI_H
#define CLI_H

#define SMDYN_VERSION "0.1.0"

void cli_start(int argc, char *argv[], const char *usage);
_Noreturn void cli_usage(const char *usage);		/* the first line of usage and a hint on stderr, exit 64 */
unsigned long cli_number(const char *text, unsigned long min, unsigned long max, const char *option);	/* or 64 */
/* A secret: the value of environment variable NAME, or of the file named by NAME_FILE (which must be
 * readable by its owner alone, else 77).  NULL if neither is set.  Trailing newline taken off; caller frees. */
char *cli_secret(const char *name);
const char *cli_env(const char *name, const char *fallback);	/* blank counts as unset */
void cli_no_core(void);					/* no core dumps: for programs that hold secrets */

#endif

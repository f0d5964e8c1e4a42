/*
 * start - everything opened in its order, and closed again
 */
#ifndef START_H
#define START_H

struct settings {
	const char *store, *metadata, *users, *rows, *faults, *limits;
	unsigned long port;
};

unsigned short start_all(const struct settings *s);	/* the port that is served; failures end the program */
void start_reload(void);				/* the faults file again */
void start_end(void);

extern const char limits_usage[], faults_usage[];

#endif

/*
 * serve - one request from its arrival to its answer (libmicrohttpd's callbacks)
 */
#ifndef SERVE_H
#define SERVE_H

#include <microhttpd.h>

void *serve_begin(void *cls, const char *uri, struct MHD_Connection *c);
enum MHD_Result serve_request(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version,
    const char *upload, size_t *n, void **state);
void serve_end(void *cls, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why);
void serve_stop(void);		/* waits end early, nothing new is done */

#endif

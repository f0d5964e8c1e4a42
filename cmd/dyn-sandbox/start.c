/*
 * start - everything opened in its order, and closed again
 */
#include <arpa/inet.h>
#include <err.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "serve.h"
#include "start.h"
#include "store.h"

void faults_reload(void);

static struct MHD_Daemon *running;

static struct MHD_Daemon *
listen_on(unsigned long port, unsigned short *number)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *d;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	d = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL,
	    (unsigned short)port, NULL, NULL, serve_request, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
	    MHD_OPTION_URI_LOG_CALLBACK, serve_begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, serve_end, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, 1000U, MHD_OPTION_LISTEN_BACKLOG_SIZE, 256U,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)256 * 1024, MHD_OPTION_END);
	if (d == NULL)
		err(EX_UNAVAILABLE, "cannot listen on 127.0.0.1:%lu", port);
	info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
	*number = info != NULL ? info->port : (unsigned short)port;
	return d;
}

unsigned short
start_all(const struct settings *s)
{
	unsigned short number;

	auth_open();
	limits_open(s->limits);
	faults_open(s->faults);
	store_open(s->store);
	meta_open(store_db(), s->metadata);
	seed_open(s->users, s->rows);
	running = listen_on(s->port, &number);
	return number;
}

void
start_reload(void)
{
	faults_reload();
}

void
start_end(void)
{
	serve_stop();
	MHD_stop_daemon(running);
	store_close();
}

/*
 * Reads a $batch answer, leniently: the boundary is taken from Content-Type,
 * lines end in CRLF or LF, the status line may read "HTTP/ 1.1 200 OK", a
 * change set's parts are taken out of it, a part that makes no sense gets
 * status 0.  Who a part belongs to is for answer.c to say.
 * Source: reference section 4.2, 4.3.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "load.h"
#include "xalloc.h"

struct list {
	struct part *part;
	size_t n, cap;
};

/* One line of p..end without its line end; returns the start of the next. */
static const char *
take_line(const char *p, const char *end, const char **line, size_t *n)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf != NULL ? lf : end;

	*line = p;
	*n = (size_t)(stop - p);
	if (*n > 0 && p[*n - 1] == '\r')
		--*n;
	return lf != NULL ? lf + 1 : end;
}

/* The value of a header line if it has that name. */
static const char *
header_value(const char *line, size_t n, const char *name, size_t *len)
{
	size_t k = strlen(name);

	if (n <= k || line[k] != ':' || strncasecmp(line, name, k) != 0)
		return NULL;
	for (k++; k < n && (line[k] == ' ' || line[k] == '\t'); k++)
		;
	*len = n - k;
	return line + k;
}

/* "…/contacts(<guid>)" */
static void
take_entity(struct part *p, const char *v, size_t n)
{
	if (n > GUID_TEXT + 1 && v[n - 1] == ')' && v[n - GUID_TEXT - 2] == '(' &&
	    guid_parse(v + n - GUID_TEXT - 1, GUID_TEXT, &p->id))
		p->has_id = true;
}

static void
take_header(struct part *p, const char *line, size_t n)
{
	const char *v;
	size_t len;

	if ((v = header_value(line, n, "OData-EntityId", &len)) != NULL || (v = header_value(line, n, "Location", &len)) != NULL) {
		if (!p->has_id)
			take_entity(p, v, len);
	} else if ((v = header_value(line, n, "Content-ID", &len)) != NULL) {
		p->content_id = len > 0 && isdigit((unsigned char)*v) ? strtol(v, NULL, 10) : -1;
	} else if ((v = header_value(line, n, "Content-Type", &len)) != NULL) {
		p->type = v;
		p->typelen = len;
	} else if ((v = header_value(line, n, "Retry-After", &len)) != NULL) {
		p->retry_after = len > 0 && isdigit((unsigned char)*v) ? strtol(v, NULL, 10) : -1;
	} else if ((v = header_value(line, n, "REQ_ID", &len)) != NULL && len < sizeof(p->request)) {
		memcpy(p->request, v, len);
		p->request[len] = '\0';
	}
}

/* "HTTP/1.1 204 No Content", "HTTP/ 1.1 200 OK" */
static int
status_of(const char *line, size_t n)
{
	size_t i = 5;
	int status = 0, digits;

	if (n < 9 || strncasecmp(line, "HTTP/", 5) != 0)
		return 0;
	while (i < n && line[i] == ' ')
		i++;
	while (i < n && line[i] != ' ')
		i++;
	while (i < n && line[i] == ' ')
		i++;
	for (digits = 0; i < n && isdigit((unsigned char)line[i]) && digits < 4; i++, digits++)
		status = status * 10 + (line[i] - '0');
	return digits == 3 ? status : 0;
}

static void read_parts(struct list *l, const char *type, size_t typelen, const char *p, const char *end, int depth);

static void
read_part(struct list *l, const char *p, const char *end, int depth)
{
	struct part part = { .content_id = -1, .retry_after = -1, .type = "" };
	const char *line;
	size_t n;

	do {
		p = take_line(p, end, &line, &n);
		take_header(&part, line, n);
	} while (n > 0 && p < end);
	if (part.typelen >= 10 && strncasecmp(part.type, "multipart/", 10) == 0) {
		if (depth == 0)
			read_parts(l, part.type, part.typelen, p, end, 1);
		return;
	}
	part.type = "";
	part.typelen = 0;
	while (p < end && (*p == '\r' || *p == '\n'))
		p++;
	p = take_line(p, end, &line, &n);
	part.status = status_of(line, n);
	do {
		p = take_line(p, end, &line, &n);
		take_header(&part, line, n);
	} while (n > 0 && p < end);
	while (end > p && (end[-1] == '\r' || end[-1] == '\n'))
		end--;
	part.body = p;
	part.n = (size_t)(end - p);
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 128 : l->cap * 2;
		l->part = xreallocarray(l->part, l->cap, sizeof(*l->part));
	}
	l->part[l->n++] = part;
}

/* "--" and the boundary of a Content-Type, or an empty text. */
static void
delimiter(const char *type, size_t n, char *text, size_t size)
{
	const char *end = type + n, *p;
	size_t i = 2;

	text[0] = '\0';
	for (p = type; p + 9 < end && strncasecmp(p, "boundary=", 9) != 0; p++)
		;
	if (p + 9 >= end)
		return;
	p += 9;
	if (*p == '"')
		p++;
	memcpy(text, "--", 2);
	while (p < end && *p != '"' && *p != ';' && !isspace((unsigned char)*p) && i + 1 < size)
		text[i++] = *p++;
	text[i] = '\0';
}

/* The delimiter at the start of a line at or after p. */
static const char *
next_delimiter(const char *start, const char *p, const char *end, const char *text, size_t n)
{
	while ((p = memmem(p, (size_t)(end - p), text, n)) != NULL) {
		if (p == start || p[-1] == '\n')
			return p;
		p += n;
	}
	return NULL;
}

static void
read_parts(struct list *l, const char *type, size_t typelen, const char *p, const char *end, int depth)
{
	char text[200];
	const char *start = p, *at, *next, *line;
	size_t n, len;

	delimiter(type, typelen, text, sizeof(text));
	n = strlen(text);
	if (n < 3)
		return;
	at = next_delimiter(start, p, end, text, n);
	while (at != NULL && !(end - at >= (ptrdiff_t)n + 2 && memcmp(at + n, "--", 2) == 0)) {
		p = take_line(at, end, &line, &len);
		next = next_delimiter(start, p, end, text, n);
		/* A part that the answer's end cut off proves nothing. */
		if (next != NULL)
			read_part(l, p, next, depth);
		at = next;
	}
}

size_t
parts_read(const char *type, const char *body, size_t n, struct part **parts)
{
	struct list l = { 0 };

	*parts = NULL;
	if (strncasecmp(type, "multipart/", 10) != 0)
		return 0;
	read_parts(&l, type, strlen(type), body, body + n, 0);
	*parts = l.part;
	return l.n;
}

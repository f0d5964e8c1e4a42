#include "split.h"

#include <string.h>
#include <strings.h>

#include "base64.h"

static bool
space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

void
uri_unescape(struct buf *b, const char *p, size_t n)
{
	size_t i;

	buf_room(b, n + 1);
	for (i = 0; i < n; i++) {
		if (p[i] == '%' && i + 2 < n && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
			b->p[b->n++] = (char)(hex(p[i + 1]) << 4 | hex(p[i + 2]));
			i += 2;
		} else {
			b->p[b->n++] = p[i];
		}
	}
}

/* Does the list of parameters end with base64?  Its length without it, if so. */
static bool
base64(const char *p, size_t *n)
{
	size_t k = *n;

	while (k > 0 && space(p[k - 1]))
		k--;
	if (k < 6 || strncasecmp(p + k - 6, "base64", 6) != 0)
		return false;
	for (k -= 6; k > 0 && space(p[k - 1]); k--)
		;
	if (k == 0 || p[k - 1] != ';')
		return false;
	*n = k - 1;
	return true;
}

enum uri
uri_data(const char *p, size_t n, struct buf *type, struct buf *bytes)
{
	struct buf plain = { 0 };
	const char *comma;
	size_t head, i;
	bool coded, ok = true;

	for (; n > 0 && space(*p); p++, n--)
		;
	if (n < 5 || strncasecmp(p, "data:", 5) != 0)
		return URI_OTHER;
	p += 5;
	n -= 5;
	comma = memchr(p, ',', n);
	head = comma != NULL ? (size_t)(comma - p) : n;
	coded = base64(p, &head);
	for (i = 0; i < head && p[i] != ';'; i++)
		if (!space(p[i]))
			buf_char(type, p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] | 32) : p[i]);
	if (type->n == 0)
		buf_str(type, "text/plain");
	if (comma == NULL)
		return URI_BROKEN;
	n -= (size_t)(comma + 1 - p);
	if (!coded) {
		uri_unescape(bytes, comma + 1, n);
		return URI_DATA;
	}
	uri_unescape(&plain, comma + 1, n);
	ok = base64_get(bytes, plain.p != NULL ? plain.p : "", plain.n);
	buf_free(&plain);
	return ok ? URI_DATA : URI_BROKEN;
}

const char *
uri_extension(const char *type, size_t n)
{
	static const char *const known[][2] = {
		{ "image/png", ".png" }, { "image/jpeg", ".jpg" }, { "image/jpg", ".jpg" }, { "image/pjpeg", ".jpg" },
		{ "image/gif", ".gif" }, { "image/webp", ".webp" }, { "image/svg+xml", ".svg" }, { "image/bmp", ".bmp" },
		{ "image/tiff", ".tif" }, { "image/x-icon", ".ico" }, { "image/vnd.microsoft.icon", ".ico" },
		{ "image/avif", ".avif" }, { "image/heic", ".heic" }, { "text/plain", ".txt" }, { "text/html", ".html" },
		{ "application/pdf", ".pdf" },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i][0]) == n && memcmp(known[i][0], type, n) == 0)
			return known[i][1];
	return ".bin";
}

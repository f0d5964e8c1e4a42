#include "split.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "xalloc.h"

#define LARGEST 5242880		/* maxuploadfilesize where an organisation does not tell; reference 6.3 */

/* ";exe;js;", lower case and without blanks, so that one search tells. */
static char *
list(const struct json_value *v)
{
	char *text = v != NULL && v->kind == JSON_STRING ? json_strdup(v) : NULL, *p;
	struct buf b = { 0 };

	buf_char(&b, ';');
	for (p = text; p != NULL && *p != '\0'; p++)
		if (*p != ' ' && *p != '.')
			buf_char(&b, *p >= 'A' && *p <= 'Z' ? (char)(*p | 32) : *p);
	buf_char(&b, ';');
	buf_nul(&b);
	free(text);
	return b.p;
}

void
limits_load(struct limits *l, const char *path)
{
	const struct json_value *v;
	struct json j = { 0 };
	struct nd_in in;
	int64_t n = LARGEST;

	nd_open(&in, path);
	if (!nd_read(&in) || in.toolong || !json_parse(&j, in.line, in.len))
		errx(EX_CONFIG, "%s: no organisation's row (dyn-extract --organization writes one)", path);
	if ((v = json_get(&j, "blockedattachments")) == NULL)
		warnx("%s: no blockedattachments: no kind of file is blocked here", path);
	l->blocked = list(v);
	if ((v = json_get(&j, "maxuploadfilesize")) != NULL && (!json_int(v, &n) || n <= 0))
		errx(EX_CONFIG, "%s: maxuploadfilesize is no number of bytes", path);
	l->largest = (uint64_t)n;
	nd_end(&in);
	json_free(&j);
}

bool
limits_blocked(const struct limits *l, const char *name, size_t n, const char **extension, size_t *len)
{
	char look[32];
	size_t i = n, k;

	while (i > 0 && name[i - 1] != '.')
		i--;
	*extension = name + i;
	*len = n - i;
	if (i == 0 || *len == 0 || *len > sizeof(look) - 3)
		return false;
	look[0] = ';';
	for (k = 0; k < *len; k++)
		look[k + 1] = name[i + k] >= 'A' && name[i + k] <= 'Z' ? (char)(name[i + k] | 32) : name[i + k];
	strcpy(look + k + 1, ";");
	return memchr(look + 1, '\0', *len) == NULL && strstr(l->blocked, look) != NULL;
}

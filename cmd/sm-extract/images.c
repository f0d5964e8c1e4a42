/* The addresses that the images of an HTML text are shown from, by libxml2's forgiving reader. */
#include <err.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <libxml/HTMLparser.h>

#include "extract.h"

struct images {
	image_found *found;
	void *arg;
};

static void
element(void *ctx, const xmlChar *name, const xmlChar **attribute)
{
	const struct images *im = ctx;

	if (strcasecmp((const char *)name, "img") != 0)
		return;
	for (; attribute != NULL && *attribute != NULL; attribute += 2)
		if (strcasecmp((const char *)attribute[0], "src") == 0 && attribute[1] != NULL)
			im->found((const char *)attribute[1], im->arg);
}

void
images_of(const char *html, size_t n, image_found *found, void *arg)
{
	struct images im = { found, arg };
	htmlSAXHandler sax;
	htmlParserCtxtPtr ctxt;
	size_t at, step;

	memset(&sax, 0, sizeof(sax));
	sax.startElement = element;
	ctxt = htmlCreatePushParserCtxt(&sax, &im, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (ctxt == NULL)
		errx(EX_IOERR, "libxml2: out of memory");
	htmlCtxtUseOptions(ctxt, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
	for (at = 0; at < n; at += step) {
		step = n - at < (16 << 20) ? n - at : 16 << 20;		/* its sizes are int */
		htmlParseChunk(ctxt, html + at, (int)step, 0);
	}
	htmlParseChunk(ctxt, NULL, 0, 1);
	htmlFreeParserCtxt(ctxt);
}

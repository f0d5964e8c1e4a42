/*
 * HTML made safe, and HTML to text: see html.h.
 *
 * Three steps: text that looks like markup is escaped and comments and scripts
 * are taken out (clean), libxml2 parses, and its events are written as HTML or
 * as text.  Whatever the parser makes of broken input, safe HTML holds no "<"
 * but those of the tags that are written here, so no browser reads it otherwise.
 */
#include "html.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <libxml/HTMLparser.h>

#include "xalloc.h"

#define DEPTH 256		/* tags open at once in safe HTML */
#define UNCLOSED 2048	/* tags open at once for the parser, whose time for an end tag grows with them */
#define LISTS 16		/* nested lists that are told apart in text */
#define END "smdyn-end"		/* an element after the last byte: seen if the parser came that far */

/* Sorted.  Only these, and names with ":" or "-", make a tag. */
static const char *const known[] = { "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b",
	"base", "basefont", "bdi", "bdo", "bgsound", "big", "blink", "blockquote", "body", "br", "button", "canvas", "caption",
	"center", "cite", "code", "col", "colgroup", "data", "datalist", "dd", "del", "details", "dfn", "dialog", "dir", "div",
	"dl", "dt", "em", "embed", "fieldset", "figcaption", "figure", "font", "footer", "form", "frame", "frameset", "h1",
	"h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe", "img", "input", "ins", "isindex",
	"kbd", "keygen", "label", "legend", "li", "link", "main", "map", "mark", "marquee", "math", "menu", "meta", "meter",
	"nav", "nobr", "noembed", "noframes", "noscript", "object", "ol", "optgroup", "option", "output", "p", "param",
	"picture", "pre", "progress", "q", "rp", "rt", "ruby", "s", "samp", "script", "section", "select", "small", "source",
	"span", "strike", "strong", "style", "sub", "summary", "sup", "svg", "table", "tbody", "td", "template", "textarea",
	"tfoot", "th", "thead", "time", "title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr" };

/* What is in them is no text of the document; the first two reach to the end where they are not closed. */
static const char *const raw[] = { "script", "style", "title", "iframe", "noembed", "noframes" };
#define RAWS (sizeof(raw) / sizeof(raw[0]))

/* Sorted: left out with all that is in them; left out, but what is in them stays; without an end tag. */
static const char *const gone[] = { "applet", "math", "object", "svg", "template" };
static const char *const opened[] = { "base", "basefont", "bgsound", "body", "button", "embed", "form", "frame", "frameset",
	"head", "html", "iframe", "input", "isindex", "keygen", "link", "meta", "noembed", "noframes", "noscript", "optgroup",
	"option", "param", "script", "select", "style", "textarea", "title" };
static const char *const empty[] = { "area", "br", "col", "hr", "img", "source", "track", "wbr" };

/* Sorted: their end tags may be left out, so that many of them are no nesting. */
static const char *const unended[] = { "colgroup", "dd", "dt", "li", "option", "p", "tbody", "td", "tfoot", "th", "thead", "tr" };

/* Of text: a blank line around; a line of their own. */
static const char *const paragraphs[] = { "blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "ul" };
static const char *const lines[] = { "address", "article", "aside", "caption", "center", "dd", "details", "dialog", "dir", "div",
	"dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "legend", "li", "main", "menu", "nav", "option",
	"section", "summary", "table", "tr" };

static int
by_text(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

#define IS(set, name) (bsearch(name, set, sizeof(set) / sizeof(set[0]), sizeof(set[0]), by_text) != NULL)

struct writer {
	struct buf *out;
	size_t from;			/* of out, where this text begins */
	bool plain;
	bool ended;			/* END was seen */
	unsigned skip;			/* depth within an element that is gone */
	/* HTML */
	const char *open[DEPTH];	/* names of the tags that are open */
	size_t opens;
	size_t over;			/* and of those beyond DEPTH, which are not written */
	size_t units, limit, closing;	/* written; the most; that it takes to close what is open */
	bool full;
	struct buf tag;
	/* text */
	size_t pending;			/* line ends before the next character */
	bool begun, space, cell, row;	/* anything there yet; a blank, " | " due; text in this table row */
	unsigned pre;
	int number[LISTS];		/* of each list: the last item's; -1: bullets */
	unsigned lists;
	char bullet[16];
	struct buf href;		/* of the link that is open; n 0: none */
	size_t link;			/* of out, where its text begins; SIZE_MAX: no text yet */
};

/* --- what is markup */

struct cleaner {
	const char *p, *end;
	struct buf *b;
	bool found;			/* any markup at all */
	bool no_gt, no_comment, loose;	/* what is known not to come any more; a tag or quote is not closed */
	bool no_raw[RAWS];
	size_t unclosed;
};

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/* The name at p, in lower case; 0: it makes no tag. */
static size_t
tag_name(const char *p, const char *end, char name[32])
{
	bool special = false;
	size_t n;

	for (n = 0; p + n < end && n < 31 && (letter(p[n]) || (n > 0 && ((p[n] >= '0' && p[n] <= '9') || strchr(":-_.", p[n]) != NULL))); n++) {
		if (p[n] == '\0')
			break;
		name[n] = lower(p[n]);
		special = special || p[n] == ':' || p[n] == '-';
	}
	name[n] = '\0';
	if (n == 0 || p + n == end || !(blank(p[n]) || p[n] == '/' || p[n] == '>'))
		return 0;
	return special || IS(known, name) ? n : 0;
}

/*
 * Past the tag's ">", which may not be one inside quotes; NULL if there is
 * none.  Once a tag or a quote is not closed, later ones end at a "<" too: it
 * keeps the time linear, and the text that follows.
 */
static const char *
tag_end(struct cleaner *c, const char *p)
{
	const char *from = p, *q;

	if (c->no_gt)
		return NULL;
	while (p < c->end && *p != '>') {
		if (c->loose && *p == '<')
			return NULL;
		if (*p++ != '=')
			continue;
		while (p < c->end && blank(*p))
			p++;
		if (p == c->end || (*p != '"' && *p != '\''))
			continue;
		for (q = p + 1; q < c->end && *q != *p && !(c->loose && *q == '<'); q++)
			;
		if (q < c->end && *q == *p) {
			p = q + 1;
		} else if (c->loose) {
			return NULL;
		} else {
			c->loose = true;
			return tag_end(c, from);
		}
	}
	if (p < c->end)
		return p + 1;
	c->loose = true;
	c->no_gt = memchr(from, '>', (size_t)(c->end - from)) == NULL;
	return NULL;
}

/* Past "</name ...>" for an element of raw text that was opened before p; NULL if it is never closed. */
static const char *
raw_end(const struct cleaner *c, const char *p, const char *name)
{
	size_t n = strlen(name);
	const char *gt;

	while ((p = memchr(p, '<', (size_t)(c->end - p))) != NULL) {
		if ((size_t)(c->end - p) > n + 2 && p[1] == '/' && strncasecmp(p + 2, name, n) == 0 && !letter(p[n + 2])) {
			gt = memchr(p, '>', (size_t)(c->end - p));
			return gt != NULL ? gt + 1 : c->end;
		}
		p++;
	}
	return NULL;
}

/* A comment, a declaration or an instruction: past it; NULL if it is none. */
static const char *
aside_end(struct cleaner *c)
{
	const char *p = c->p, *to;

	if (c->end - p >= 4 && memcmp(p, "<!--", 4) == 0) {
		if (c->end - p > 4 && p[4] == '>')
			return p + 5;
		if (c->no_comment)
			return NULL;
		to = memmem(p + 4, (size_t)(c->end - p - 4), "-->", 3);
		c->no_comment = to == NULL;
		return to != NULL ? to + 3 : NULL;
	}
	if (c->end - p < 3 || c->no_gt || !((p[1] == '!' && (letter(p[2]) || p[2] == '[')) || (p[1] == '?' && letter(p[2]))))
		return NULL;
	to = memchr(p, '>', (size_t)(c->end - p));
	c->no_gt = to == NULL;
	return to != NULL ? to + 1 : NULL;
}

/* A tag that is read, to the document; beyond UNCLOSED of them only its text is. */
static void
add_tag(struct cleaner *c, const char *to, const char *name, bool close)
{
	if (!IS(unended, name) && !IS(empty, name)) {
		if (close)
			c->unclosed -= c->unclosed > 0;
		else if (c->unclosed == UNCLOSED)
			return;
		else
			c->unclosed++;
	}
	if (close) {		/* what else is in an end tag means nothing */
		buf_str(c->b, "</");
		buf_str(c->b, name);
		buf_char(c->b, '>');
	} else {
		buf_add(c->b, c->p, (size_t)(to - c->p));
	}
}

/* At a "<". */
static void
clean_tag(struct cleaner *c)
{
	bool close = c->p + 1 < c->end && c->p[1] == '/';
	const char *to = aside_end(c), *end;
	char name[32];
	size_t i;

	if (to != NULL) {
		c->found = true;
		c->p = to;
		return;
	}
	if (tag_name(c->p + 1 + close, c->end, name) == 0 || (to = tag_end(c, c->p + 1 + close + strlen(name))) == NULL) {
		buf_str(c->b, "&lt;");
		c->p++;
		return;
	}
	c->found = true;
	for (i = 0; i < RAWS && strcmp(raw[i], name) != 0; i++)
		;
	if (i == RAWS) {
		add_tag(c, to, name, close);
	} else if (!close && !c->no_raw[i]) {
		end = raw_end(c, to, name);
		c->no_raw[i] = end == NULL;
		to = end != NULL ? end : i < 2 ? c->end : to;
	}
	c->p = to;
}

/* At a "&": the length of an entity, 0 if it is none. */
static size_t
entity(const char *p, const char *end)
{
	size_t n = 1;

	if (p + n < end && p[n] == '#')
		n++;
	while (p + n < end && n < 33 && (letter(p[n]) || (p[n] >= '0' && p[n] <= '9')))
		n++;
	return n > 2 && p + n < end && p[n] == ';' && (p[1] == '#' || letter(p[1])) ? n + 1 : 0;
}

/* An entity that is one without its ";", as browsers have it; 0: none. */
static size_t
short_entity(const char *p, const char *end)
{
	static const char *const names[] = { "&amp", "&lt", "&gt", "&quot", "&nbsp" };
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n = strlen(names[i]);
		if ((size_t)(end - p) >= n && memcmp(p, names[i], n) == 0)
			return p + n == end || !(letter(p[n]) || (p[n] >= '0' && p[n] <= '9') || p[n] == '=') ? n : 0;
	}
	return 0;
}

/*
 * The document for the parser, to b; false if the text has no markup.  loose:
 * no tag may hold a "<", so that the parser cannot see one end elsewhere.
 */
static bool
clean(struct buf *b, const char *p, size_t n, bool loose)
{
	struct cleaner c = { .p = p, .end = p + n, .b = b, .loose = loose };
	const char *from;
	size_t k;

	b->n = 0;
	buf_str(b, "<html><body>");	/* so that none is made up, and no paragraph for text without one */
	while (c.p < c.end) {
		for (from = c.p; c.p < c.end && *c.p != '<' && *c.p != '&'; c.p++)
			;
		buf_add(b, from, (size_t)(c.p - from));
		if (c.p == c.end)
			break;
		if (*c.p == '<') {
			clean_tag(&c);
		} else if ((k = entity(c.p, c.end)) > 0) {
			c.found = true;
			buf_add(b, c.p, k);
			c.p += k;
		} else if ((k = short_entity(c.p, c.end)) > 0) {
			c.found = true;
			buf_add(b, c.p, k);
			buf_char(b, ';');
			c.p += k;
		} else {
			buf_str(b, "&amp;");
			c.p++;
		}
	}
	buf_str(b, "<" END ">");
	return c.found;
}

/* --- safe HTML */

static size_t
units_of(const char *p, size_t n)
{
	size_t i, units = 0;

	for (i = 0; i < n; i++)
		units += ((unsigned char)p[i] & 0xc0) != 0x80 ? 1 + ((unsigned char)p[i] >= 0xf0) : 0;
	return units;
}

/* Adds the bytes whole or not at all; more: what they will take to be closed. */
static bool
emit(struct writer *w, const char *p, size_t n, size_t more)
{
	size_t units;

	if (w->limit > 0) {
		units = units_of(p, n);
		if (w->full || w->units + units + w->closing + more > w->limit) {
			w->full = true;
			return false;
		}
		w->units += units;
		w->closing += more;
	}
	buf_add(w->out, p, n);
	return true;
}

/* Length of the character at p, and what stands for it where markup is. */
static size_t
escaped(const char *p, const char **as)
{
	*as = *p == '&' ? "&amp;" : *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : *p == '"' ? "&quot;" : NULL;
	if ((unsigned char)*p < 0x80)
		return 1;
	if (memcmp(p, "\xc2\xa0", 2) == 0)
		*as = "&nbsp;";
	return (unsigned char)*p < 0xe0 ? 2 : (unsigned char)*p < 0xf0 ? 3 : 4;
}

static void
safe_text(struct writer *w, const char *p, size_t n)
{
	const char *end = p + n, *as;
	size_t k;

	for (; p < end; p += k) {
		k = escaped(p, &as);
		if (k > (size_t)(end - p))
			k = (size_t)(end - p);
		if (as == NULL || *p == '"')
			emit(w, p, k, 0);
		else
			emit(w, as, strlen(as), 0);
	}
}

/* Whether an attribute's text is an address that runs something; browsers pass over blanks and controls in it. */
static bool
runs(const char *value)
{
	static const char *const schemes[] = { "javascript:", "vbscript:", "data:" };
	char start[24];
	size_t n = 0, i;

	for (; *value != '\0' && n < sizeof(start) - 1; value++)
		if ((unsigned char)*value > ' ' && *value != 0x7f)
			start[n++] = lower(*value);
	start[n] = '\0';
	for (i = 0; i < 3; i++)
		if (strncmp(start, schemes[i], strlen(schemes[i])) == 0)
			return i < 2 || strncmp(start, "data:image/", 11) != 0 || strncmp(start, "data:image/svg", 14) == 0;
	return false;
}

/* Whether a style attribute may run something, in the browsers that did. */
static bool
style_runs(const char *value)
{
	static const char *const words[] = { "javascript:", "vbscript:", "expression(", "-moz-binding", "behavior:url(" };
	char *text = xstrdup(value), *to = text;
	bool found = false;
	size_t i;

	for (; *value != '\0'; value++)
		if ((unsigned char)*value > ' ')
			*to++ = lower(*value);
	*to = '\0';
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		found = found || strstr(text, words[i]) != NULL;
	free(text);
	return found;
}

static bool
attribute_stays(const char *name, const char *value)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		if (!letter(name[i]) && (i == 0 || !((name[i] >= '0' && name[i] <= '9') || strchr(":-_.", name[i]) != NULL)))
			return false;
	if (strncasecmp(name, "on", 2) == 0 || strcasecmp(name, "srcdoc") == 0 || strcasecmp(name, "action") == 0 ||
	    strcasecmp(name, "formaction") == 0)
		return false;
	return value == NULL || (!runs(value) && !(strcasecmp(name, "style") == 0 && style_runs(value)));
}

static bool
name_stays(const char *name)
{
	char copy[64];
	size_t n = strlen(name);

	if (n > 30 || IS(opened, name))
		return false;
	memcpy(copy, name, n);
	memcpy(copy + n, ">", 2);
	return tag_name(copy, copy + n + 1, copy + 32) == n;
}

static void
safe_start(struct writer *w, const char *name, const char **attribute)
{
	const char *p, *end, *as;
	size_t k;

	if (w->full || !name_stays(name))
		return;
	if (w->opens == DEPTH && !IS(empty, name)) {
		w->over++;
		return;
	}
	w->tag.n = 0;
	buf_char(&w->tag, '<');
	buf_str(&w->tag, name);
	for (; attribute != NULL && attribute[0] != NULL; attribute += 2) {
		if (!attribute_stays(attribute[0], attribute[1]))
			continue;
		buf_char(&w->tag, ' ');
		buf_str(&w->tag, attribute[0]);
		if (attribute[1] == NULL)
			continue;
		buf_str(&w->tag, "=\"");
		for (p = attribute[1], end = p + strlen(p); p < end; p += k) {
			k = escaped(p, &as);
			if (as != NULL)
				buf_str(&w->tag, as);
			else
				buf_add(&w->tag, p, k);
		}
		buf_char(&w->tag, '"');
	}
	buf_char(&w->tag, '>');
	if (IS(empty, name))
		emit(w, w->tag.p, w->tag.n, 0);
	else if (emit(w, w->tag.p, w->tag.n, strlen(name) + 3))
		w->open[w->opens++] = name;
}

static void
close_last(struct writer *w)
{
	const char *name = w->open[--w->opens];

	buf_str(w->out, "</");
	buf_str(w->out, name);
	buf_char(w->out, '>');
	w->units += strlen(name) + 3;
	w->closing -= w->limit > 0 ? strlen(name) + 3 : 0;
}

static void
safe_end(struct writer *w, const char *name)
{
	if (w->full || !name_stays(name) || IS(empty, name))
		return;
	if (w->over > 0)
		w->over--;
	else if (w->opens > 0 && strcmp(w->open[w->opens - 1], name) == 0)
		close_last(w);
}

/* --- text */

static void
trim_line(struct writer *w)
{
	while (w->out->n > w->from && w->out->p[w->out->n - 1] == ' ')
		w->out->n--;
}

/* The next character is to stand after so many line ends at least. */
static void
need(struct writer *w, size_t ends)
{
	if (w->begun && w->pending < ends)
		w->pending = ends;
	w->space = w->cell = false;
}

/* What is due before a character. */
static void
lead(struct writer *w)
{
	unsigned depth = w->lists < LISTS ? w->lists : LISTS;

	if (w->pending > 0 || !w->begun) {
		trim_line(w);
		for (; w->pending > 0; w->pending--)
			buf_char(w->out, '\n');
		for (depth -= depth > 0 && w->bullet[0] != '\0'; depth > 0; depth--)
			buf_str(w->out, "  ");
		buf_str(w->out, w->bullet);
		w->bullet[0] = '\0';
	} else if (w->cell) {
		trim_line(w);
		buf_str(w->out, " | ");
	} else if (w->space) {
		buf_char(w->out, ' ');
	}
	w->space = w->cell = false;
	w->begun = w->row = true;
	if (w->link == SIZE_MAX)
		w->link = w->out->n;
}

static void
line_break(struct writer *w)
{
	if (w->begun)
		w->pending++;
	w->space = w->cell = false;
}

static void
plain_text(struct writer *w, const char *p, size_t n)
{
	const char *end = p + n;
	size_t k;

	for (; p < end; p += k) {
		k = 1;
		if (w->pre > 0 && *p == '\n') {
			line_break(w);
		} else if (blank(*p) && (w->pre == 0 || *p == '\r')) {
			w->space = w->pre == 0 && w->begun && w->pending == 0;
		} else if (end - p >= 2 && memcmp(p, "\xc2\xa0", 2) == 0) {
			k = 2;
			if (!w->begun)
				continue;
			lead(w);
			buf_char(w->out, ' ');
		} else {
			lead(w);
			buf_char(w->out, *p);
		}
	}
}

static const char *
attribute_of(const char **attribute, const char *name)
{
	for (; attribute != NULL && attribute[0] != NULL; attribute += 2)
		if (strcasecmp(attribute[0], name) == 0)
			return attribute[1];
	return NULL;
}

static void
link_start(struct writer *w, const char *href)
{
	w->href.n = 0;
	if (href == NULL || runs(href))
		return;
	while (blank(*href))
		href++;
	if (*href == '\0' || *href == '#')
		return;
	buf_str(&w->href, strncasecmp(href, "mailto:", 7) == 0 ? href + 7 : href);
	while (w->href.n > 0 && blank(w->href.p[w->href.n - 1]))
		w->href.n--;
	w->link = SIZE_MAX;
}

/* Whether the link's text is its address, which may have a scheme before and a slash after. */
static bool
shows_address(const struct writer *w)
{
	const char *text = w->out->p + w->link, *href = w->href.p;
	size_t n = w->out->n - w->link, m = w->href.n, i;

	for (i = 0; i + 2 < m && href[i] != '/' && href[i] != '?'; i++)
		;
	if (n < m && i > 0 && i + 2 < m && href[i - 1] == ':' && memcmp(href + i, "//", 2) == 0 && !memmem(text, n, "://", 3)) {
		href += i + 2;
		m -= i + 2;
	}
	m -= m == n + 1 && href[m - 1] == '/';
	n -= n == m + 1 && text[n - 1] == '/';
	return n == m && strncasecmp(text, href, n) == 0;
}

static void
link_end(struct writer *w)
{
	if (w->href.n == 0)
		return;
	if (w->link == SIZE_MAX) {
		plain_text(w, w->href.p, w->href.n);
	} else if (!shows_address(w)) {
		plain_text(w, " (", 2);
		plain_text(w, w->href.p, w->href.n);
		plain_text(w, ")", 1);
	}
	w->href.n = 0;
	w->link = 0;
}

static void
plain_block(struct writer *w, const char *name)
{
	if (IS(paragraphs, name))
		need(w, w->lists > 0 && name[1] == 'l' ? 1 : 2);
	else if (IS(lines, name))
		need(w, 1);
}

static bool
is_list(const char *name)
{
	return strcmp(name, "ul") == 0 || strcmp(name, "ol") == 0;
}

static void
item_start(struct writer *w)
{
	int *number = w->lists > 0 && w->lists <= LISTS ? &w->number[w->lists - 1] : NULL;

	if (number == NULL || *number < 0)
		strcpy(w->bullet, "- ");
	else
		snprintf(w->bullet, sizeof(w->bullet), "%d. ", ++*number);
}

static void
plain_start(struct writer *w, const char *name, const char **attribute)
{
	const char *alt;

	plain_block(w, name);
	if (strcmp(name, "br") == 0) {
		line_break(w);
	} else if (strcmp(name, "li") == 0) {
		item_start(w);
	} else if (is_list(name)) {
		if (w->lists++ < LISTS)
			w->number[w->lists - 1] = name[0] == 'o' ? 0 : -1;
	} else if (strcmp(name, "pre") == 0) {
		w->pre++;
	} else if (strcmp(name, "a") == 0) {
		link_start(w, attribute_of(attribute, "href"));
	} else if (strcmp(name, "hr") == 0) {
		plain_text(w, "---", 3);
		need(w, 1);
	} else if (strcmp(name, "tr") == 0) {
		w->row = false;
	} else if (strcmp(name, "td") == 0 || strcmp(name, "th") == 0) {
		w->cell = w->row && w->pending == 0;
	} else if (strcmp(name, "img") == 0 && (alt = attribute_of(attribute, "alt")) != NULL && alt[strspn(alt, " \t\r\n")] != '\0') {
		plain_text(w, "[image: ", 8);
		plain_text(w, alt, strlen(alt));
		plain_text(w, "]", 1);
	}
}

static void
plain_end(struct writer *w, const char *name)
{
	if (strcmp(name, "a") == 0)
		link_end(w);
	else if (strcmp(name, "pre") == 0 && w->pre > 0)
		w->pre--;
	else if (strcmp(name, "li") == 0)
		w->bullet[0] = '\0';
	else if (is_list(name) && w->lists > 0)
		w->lists--;
	plain_block(w, name);
}

/* --- the parser's events */

static void
on_start(void *user, const xmlChar *name, const xmlChar **attribute)
{
	struct writer *w = user;
	const char *element = (const char *)name;

	if (strcmp(element, END) == 0)
		w->ended = true;
	else if (w->skip > 0 || IS(gone, element))
		w->skip++;
	else if (w->plain)
		plain_start(w, element, (const char **)(uintptr_t)attribute);
	else
		safe_start(w, element, (const char **)(uintptr_t)attribute);
}

static void
on_end(void *user, const xmlChar *name)
{
	struct writer *w = user;
	const char *element = (const char *)name;

	if (strcmp(element, END) == 0)
		return;
	if (w->skip > 0)
		w->skip--;
	else if (w->plain)
		plain_end(w, element);
	else
		safe_end(w, element);
}

static void
put_text(struct writer *w, const char *p, size_t n)
{
	if (w->plain)
		plain_text(w, p, n);
	else
		safe_text(w, p, n);
}

/*
 * A number from 128 to 159 means, by HTML's rule, a character of Windows-1252:
 * &#146; is an apostrophe.  Source: the HTML standard, numeric character
 * reference end state.
 */
static const unsigned short windows[32] = { 0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160,
	0x2039, 0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161,
	0x203a, 0x153, 0x9d, 0x17e, 0x178 };

static void
on_text(void *user, const xmlChar *text, int n)
{
	struct writer *w = user;
	const char *p = (const char *)text, *end = p + n, *q;
	unsigned c;
	char as[3];

	if (w->skip > 0)
		return;
	for (; p < end; p = q + 2) {
		for (q = p; q < end && !((unsigned char)*q == 0xc2 && q + 1 < end && (unsigned char)q[1] < 0xa0); q++)
			;
		put_text(w, p, (size_t)(q - p));
		if (q == end)
			return;
		c = windows[(unsigned char)q[1] - 0x80];
		as[0] = (char)(c < 0x800 ? 0xc0 | c >> 6 : 0xe0 | c >> 12);
		as[1] = (char)(0x80 | (c < 0x800 ? c & 63 : (c >> 6 & 63)));
		as[2] = (char)(0x80 | (c & 63));
		put_text(w, as, c < 0x800 ? 2 : 3);
	}
}

static htmlParserCtxtPtr
parser(struct writer *w)
{
	static htmlParserCtxtPtr c;

	if (c == NULL) {
		xmlMemSetup(free, xmalloc, xrealloc, xstrdup);	/* out of memory: ends the program, as elsewhere */
		if ((c = htmlNewParserCtxt()) == NULL)
			errx(EX_IOERR, "libxml2 did not start");
		memset(c->sax, 0, sizeof(*c->sax));
		c->sax->startElement = on_start;
		c->sax->endElement = on_end;
		c->sax->characters = on_text;
		c->sax->ignorableWhitespace = on_text;
		c->sax->cdataBlock = on_text;
	}
	c->userData = w;
	return c;
}

/* False: the parser did not come to the end. */
static bool
parse_document(struct writer *w, const struct buf *document)
{
	htmlDocPtr doc;

	doc = htmlCtxtReadMemory(parser(w), document->p, (int)document->n, NULL, "UTF-8",
	    HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC | HTML_PARSE_NODEFDTD);
	if (doc != NULL)
		xmlFreeDoc(doc);
	return w->ended;
}

/* With the writer as it is given; a second time, more carefully, if an open quote swallowed the end. */
static enum html
parse(struct writer *w, const char *p, size_t n)
{
	static struct buf document;
	struct writer start = *w;
	int loose;

	for (loose = 0; loose < 2; loose++) {
		if (!clean(&document, p, n, loose == 1))
			return HTML_SAME;
		if (parse_document(w, &document))
			return HTML_DONE;
		start.tag = w->tag;
		start.href = w->href;
		start.href.n = 0;
		w->out->n = w->from;
		*w = start;
	}
	return HTML_BROKEN;
}

bool
html_markup(const char *p, size_t n)
{
	return memchr(p, '<', n) != NULL || memchr(p, '&', n) != NULL;
}

enum html
html_safe(struct buf *b, const char *p, size_t n, size_t units)
{
	static struct writer w;
	struct buf tag = w.tag;
	enum html done;

	w = (struct writer){ .out = b, .from = b->n, .limit = units, .tag = tag };
	done = parse(&w, p, n);
	while (w.opens > 0)
		close_last(&w);
	return done;
}

enum html
html_plain(struct buf *b, const char *p, size_t n)
{
	static struct writer w;
	struct buf href = w.href;
	enum html done;

	w = (struct writer){ .out = b, .from = b->n, .plain = true, .href = href };
	w.href.n = 0;
	done = parse(&w, p, n);
	trim_line(&w);
	return done;
}

/*
 * html - HTML made safe, and HTML to text
 *
 * libxml2 reads the markup: it mends what is unbalanced and decodes entities.
 * What is no markup is made plain to it first: a "<" that begins no known
 * element ("a < b", "<x@y.example>", a tag without its end) and a "&" that
 * begins no entity are text, so that nothing is lost with them.
 *
 * Bounded by the text: no nesting is too deep (safe HTML keeps the first 256
 * levels of tags and all text), and no text makes it slow.
 */
#ifndef HTML_H
#define HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

enum html { HTML_SAME, HTML_DONE, HTML_BROKEN };	/* no markup in it, and nothing is written; written; the reader gave up */

/*
 * Safe HTML, added to b: without script, style, title, iframe, object, applet,
 * svg, math, template and what is in them; without the tags, but with the text,
 * of embed, form and its controls, html, head, body; without comments, on...
 * attributes and addresses of javascript:, vbscript: and, but for images, data:.
 * units: at most so many UTF-16 units, cut between characters, every tag closed; 0: all.
 * p must hold no U+0000.
 */
enum html html_safe(struct buf *b, const char *p, size_t n, size_t units);

/*
 * Readable text, added to b: a line for each block, a blank one around
 * paragraphs, "- " or "1. " before list items, " | " between cells, "text
 * (address)" for links, [image: its alt text].  White space runs become one
 * blank but in pre; U+00A0 becomes a blank.
 */
enum html html_plain(struct buf *b, const char *p, size_t n);

bool html_markup(const char *p, size_t n);	/* whether there may be any: a quick look */

#endif

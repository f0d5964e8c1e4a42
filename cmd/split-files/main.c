/*
 * split-files - the files of notes and e-mails become records of their own
 *
 * stdin    records of Salesmate, one JSON object a line
 * stdout   the same, images in the text replaced by marks, each with a last
 *          member _text: text or blank
 * files    one record a file, its bytes in the store
 * rejects  (of files) missing-file empty-file size-differs blocked-extension
 *          too-large bad-hash bad-base64
 *
 * Holds the record in hand and, of --have, where its lines are; files stream.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base64.h"
#include "cli.h"
#include "record.h"
#include "split.h"
#include "xalloc.h"

static const char usage[] =
"usage: split-files --module note|email|message|file [--html FIELD [--limit UNITS]] [--have F] [--intake DIR]\n"
"                   --organization F --store DIR --files F [--rejects F] < records > records\n"
"\n"
"Takes the files out of records: attachments that a record declares, images\n"
"inside its HTML, a text too long for its column, the history of a note. Each\n"
"becomes a record in --files, its bytes in --store under their SHA-256, the same\n"
"bytes once. In the text a mark stands where an image was: [image: photo.png].\n"
"Nothing else of the text is touched; the record loses nothing but the image.\n"
"\n"
"  --module NAME       what the records are, and the beginning of the files' ids\n"
"                      (note-329-51); file: the records are files themselves\n"
"  --html FIELD        the field with HTML\n"
"  --limit UNITS       UTF-16 units that its column takes: of a longer text the\n"
"                      beginning stays, with a mark, and the whole becomes a file\n"
"                      (default: no limit)\n"
"  --have F            what was fetched (sm-extract attachment): lines with the\n"
"                      record's id, the attachment's id or the image's src, and\n"
"                      file {path, sha256, size} or problem {code, message}\n"
"  --intake DIR        files by hand: DIR/files/ and the attachment's path, or its\n"
"                      id where it has none, also in place of what could not be\n"
"                      fetched; not through links, not out of there\n"
"  --organization F    the target's settings, by dyn-extract --organization:\n"
"                      blockedattachments, maxuploadfilesize\n"
"  --store DIR         where the bytes go; made when it is not there\n"
"  --files F           the records of files\n"
"  --rejects F         files that do not fit, as records; without it the first ends\n"
"                      the run (65)\n"
"  --help, --version\n"
"\n"
"An image is an <img> whose src is a data: URI or an address in --have; others\n"
"stay as they are. A mark tells also what could not be kept: [image: a.png, damaged].\n"
"\n"
"Names are made safe: ../../etc/passwd is etc_passwd, con.txt is _con.txt, of\n"
"\" : * ? < > | and controls each is _, dots and blanks at the ends go, an empty\n"
"name is attachment-51, 255 UTF-16 units at most; a second photo.png of one\n"
"record is photo (2).png. The name as it was is kept in originalName.\n"
"\n"
"A file is set aside as\n"
"  missing-file         there are no bytes\n"
"  empty-file           there are none in the file\n"
"  size-differs         the record declares another size\n"
"  bad-hash             the bytes are not those that were fetched\n"
"  bad-base64           an image's data URI is damaged\n"
"  blocked-extension    the organisation blocks this kind\n"
"  too-large            more than the organisation takes\n"
"\n"
"A record in --files: {\"id\":\"note-329-51\",\"kind\":\"attachment\",\"noteId\":329,\n"
"\"moduleId\":4,\"objectId\":5880,\"name\":\"etc_passwd\",\"originalName\":\"../../etc/passwd\",\n"
"\"contentType\":\"text/plain\",\"createAt\":..,\"createdBy\":{..},\"file\":{\"path\":..,\"sha256\":..,\"size\":445}}\n"
"kind is attachment, image, text or history.\n"
"\n"
"in = out: a line that is no JSON object goes through, and the next program sets\n"
"it aside (one longer than 64 MiB is cut). _text is blank where the field shows\n"
"neither text nor an image. Bytes are hashed as they come and once more from the\n"
"store. Memory: the record in hand, and 60 bytes for each line of --have.\n"
"\n"
"Exit: 0 done, 64 usage, 65 a file to set aside without --rejects or a damaged\n"
"--have, 66 no such file, 73 cannot create, 74 read or write failed, 78 --organization\n"
"is none.\n"
"\n"
"Example:\n"
"  split-files --module note --html note --limit 100000 --have fetched.ndjson --organization organization.json \\\n"
"    --store data/files --files files.ndjson --rejects files.rejects.ndjson < note.ndjson > split.ndjson\n";

static const struct kind kinds[] = {
	{ "note", "noteId", { "createAt", "createdAt" }, { "createdBy", "owner" } },
	{ "email", "emailId", { "sentAt", "createdAt" }, { "owner", "createdBy" } },
	{ "message", "messageId", { "sentAt", "createdAt" }, { "author", "createdBy" } },
	{ "file", NULL, { "createdAt", "createAt" }, { "owner", "createdBy" } },
};
static const char *const ours[] = { "_error", "_text", NULL };

static const char *field, *havefile, *organization, *store, *filesfile, *rejectsfile;
static unsigned long limit;

static struct files files;
static struct nd_out out;

/* The text with a mark in the place of each image that we have; false: it has none, and b holds nothing. */
static bool
mark_images(const char *p, size_t n, struct buf *b)
{
	struct html h = { .p = p, .end = p + n };
	struct buf src = { 0 }, mark = { 0 };
	struct html_part part;
	struct html_value v;
	const char *from = p;
	unsigned number = 0;

	while (html_next(&h, &part)) {
		if (!html_is(&part, "img"))
			continue;
		v = html_attribute(&part, "src");
		src.n = mark.n = 0;
		if (v.p != NULL)
			html_decode(&src, v);
		if (src.n == 0 || !files_image(&files, number + 1, src.p, src.n, html_attribute(&part, "alt"), &mark))
			continue;
		buf_add(b, from, (size_t)(part.p - from));
		buf_add(b, mark.p, mark.n);
		from = part.p + part.n;
		number++;
	}
	buf_free(&src);
	buf_free(&mark);
	if (number == 0)
		return false;
	buf_add(b, from, (size_t)(p + n - from));
	return true;
}

/* The text, marked and cut, to b; false: it stays as it is. */
static bool
rewrite(const char *p, size_t n, struct buf *b)
{
	bool changed = mark_images(p, n, b);
	struct buf mark = { 0 }, cut = { 0 };
	size_t units;

	if (changed) {
		p = b->p;
		n = b->n;
	}
	if (limit == 0 || html_units(p, n) <= limit)
		return changed;
	buf_char(&mark, ' ');
	files_text(&files, p, n, &mark);
	units = html_units(mark.p, mark.n);
	buf_add(&cut, p, html_cut(p, n, limit > units ? limit - units : 0));
	buf_add(&cut, mark.p, mark.n);
	buf_free(&mark);
	buf_free(b);
	*b = cut;
	return true;
}

static void
declared(const struct json *j, const struct json_value *record)
{
	const struct json_value *v;
	struct json_iter it;
	struct json_value one;
	unsigned number = 0;

	if (files.kind->parent == NULL) {
		files_declared(&files, record, 1);
		return;
	}
	if ((v = json_get(j, "attachments")) != NULL && v->kind == JSON_ARRAY)
		for (it = json_iter(v); json_next(&it, NULL, &one);)
			files_declared(&files, &one, ++number);
	if ((v = json_get(j, "noteHistory")) != NULL && v->kind == JSON_ARRAY) {
		it = json_iter(v);
		if (json_next(&it, NULL, &one))
			files_history(&files, v);
	}
}

/* The line with another text in its field. */
static void
replace(struct buf *line, const struct json_value *whole, const struct json_value *v, const struct buf *text)
{
	const char *p;
	size_t n;

	json_raw(v, &p, &n);
	line->n = 0;
	buf_add(line, whole->p, (size_t)(p - whole->p));
	buf_json_string(line, text->p, text->n);
	buf_add(line, p + n, (size_t)(whole->p + whole->n - p - n));
}

static void
split(struct nd_in *in, const struct json *j)
{
	static struct buf text, marked, line;		/* kept from call to call; no state */
	struct json_value whole = { .p = in->line, .n = in->len, .kind = JSON_OBJECT };
	const struct json_value *v = field != NULL ? json_get(j, field) : NULL;
	bool shows = v != NULL && v->kind != JSON_NULL, changed = false;

	files_begin(&files, in, &whole);
	if (v != NULL && v->kind == JSON_STRING) {
		text.n = marked.n = 0;
		buf_room(&text, v->n + 1);
		text.n = json_decode(v, text.p);
		shows = html_shows(text.p, text.n);
		changed = rewrite(text.p, text.n, &marked);
	}
	declared(j, &whole);
	if (changed) {
		replace(&line, &whole, v, &marked);
		whole.p = line.p;
		whole.n = line.n;
	}
	if (field == NULL)
		nd_write(&out, whole.p, whole.n);
	else
		record_write(&out, whole.p, whole.n, "_text", shows ? "\"text\"" : "\"blank\"", shows ? 6 : 7);
}

/* A line that is no record goes on as it is; of one that is too long, what we have of it. */
static void
pass(const struct nd_in *in, const char *line, size_t len)
{
	struct buf b = { 0 };

	if (!in->toolong) {
		nd_write(&out, line, len);
		return;
	}
	buf_str(&b, "{\"_raw_base64\":\"");
	base64_put(&b, line, len);
	buf_str(&b, "\"}");
	nd_write(&out, b.p, b.n);
	buf_free(&b);
}

/* A record that was split before: as it was, without what this program added. */
static bool
again(struct nd_in *in, struct json *j)
{
	static struct buf clean;			/* kept from call to call; no state */

	if (json_get(j, "_error") == NULL && json_get(j, "_text") == NULL)
		return true;
	record_without(&clean, j, ours);
	json_pad(&clean);
	in->line = clean.p;
	in->len = clean.n;
	return json_parse(j, in->line, in->len);
}

static void
options(int argc, char *argv[])
{
	static const struct option longopts[] = {
		{ "module", required_argument, NULL, 'm' }, { "html", required_argument, NULL, 'h' },
		{ "limit", required_argument, NULL, 'l' }, { "have", required_argument, NULL, 'H' },
		{ "intake", required_argument, NULL, 'i' }, { "organization", required_argument, NULL, 'o' },
		{ "store", required_argument, NULL, 's' }, { "files", required_argument, NULL, 'f' },
		{ "rejects", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 }
	};
	const char *module = NULL;
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "r:", longopts, NULL)) != -1) {
		switch (c) {
		case 'm': module = optarg; break;
		case 'h': field = optarg; break;
		case 'l': limit = cli_number(optarg, 200, 1073741823, "limit"); break;
		case 'H': havefile = optarg; break;
		case 'i': files.intake = optarg; break;
		case 'o': organization = optarg; break;
		case 's': store = optarg; break;
		case 'f': filesfile = optarg; break;
		case 'r': rejectsfile = optarg; break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || module == NULL || organization == NULL || store == NULL || filesfile == NULL)
		cli_usage(usage);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, module) == 0)
			files.kind = &kinds[i];
	if (files.kind == NULL)
		errx(EX_USAGE, "--module is note, email, message or file, not \"%s\"", module);
	if (limit > 0 && field == NULL)
		errx(EX_USAGE, "--limit needs --html FIELD");
}

int
main(int argc, char *argv[])
{
	struct json j = { 0 };
	const char *line;
	struct nd_in in;
	size_t len;

	cli_start(argc, argv, usage);
	options(argc, argv);
	limits_load(&files.limits, organization);
	if (havefile != NULL)
		files.have = have_load(havefile, files.kind->parent != NULL ? files.kind->parent : "fileId");
	files.blobs = blob_open(store);
	nd_create(&files.out, filesfile);
	rej_open(&files.rej, "split-files", rejectsfile);
	nd_create(&out, NULL);
	nd_open(&in, NULL);
	while (nd_read(&in)) {
		line = in.line;
		len = in.len;
		if (record_parse(&in, &j) && again(&in, &j))
			split(&in, &j);
		else
			pass(&in, line, len);
	}
	nd_end(&in);
	files_end(&files);
	nd_close(&out);
	fprintf(stderr, "split-files: %llu declared, %llu images, %llu long texts, %llu histories: %llu files (%llu bytes), %llu set aside\n",
	    (unsigned long long)files.declared, (unsigned long long)files.images, (unsigned long long)files.texts,
	    (unsigned long long)files.histories, (unsigned long long)files.out.count, (unsigned long long)files.bytes,
	    (unsigned long long)files.rej.count);
	if (files.declared + files.images + files.texts + files.histories != files.out.count + files.rej.count)
		errx(EX_SOFTWARE, "our own bug: the sums differ");
	return rej_sum("split-files", in.count, out.count, &(struct rej){ 0 }, NULL, NULL);
}

/*
 * What a search asks for.  Only fields that are named come back, and a
 * relation asked for as a whole does not come as an object, so: the system
 * fields of the reference, and every field of the account's own metadata that
 * is not among them (custom fields above all); relations by their sub-fields.
 *
 * The metadata: that of --fields, or asked for.  A narrow list is for a
 * service that refuses names it does not know: of the system fields only
 * those of the metadata, of relations only id and name.
 */
#include <ctype.h>
#include <err.h>
#include <string.h>
#include <sysexits.h>

#include "extract.h"
#include "json.h"

#define ADDRESS "billingAddressLine1 billingAddressLine2 billingCity billingState billingZipCode billingCountry " \
	"skypeId linkedInHandle facebookHandle twitterHandle googlePlusHandle "
#define COMMUNICATION "lastCommunicationAt lastCommunicationMode lastCommunicationBy "
#define COMMON "lastNote lastNoteAddedAt lastNoteAddedBy owner.id owner.name owner.firstName owner.lastName owner.email " \
	"createdAt createdBy.id createdBy.name lastModifiedAt lastModifiedBy.id lastModifiedBy.name isDeleted tags"

static const struct {
	const char *module, *names;
} system_fields[] = {
	{ "contact", "id name firstName lastName email mobile phone otherPhone designation type typeId company.id company.name "
	    "website description currency " ADDRESS "photo imagePath library emailOptOut utmSource utmMedium utmCampaign utmTerm "
	    "utmContent emailMessageCount clicksOfLastEmailCount openDealCount openActivities closedActivities totalActivities "
	    COMMUNICATION COMMON },
	{ "company", "id name type typeId phone otherPhone website description currency " ADDRESS "annualRevenue numberOfEmployees "
	    "emailOptOut smsOptOut photo associatedContacts openDealCount wonDealCount lostDealCount totalAmountOfOpenDeal "
	    "totalAmountOfWonDeal totalAmountOfLostDeal openActivities totalActivities " COMMUNICATION COMMON },
	{ "deal", "id title primaryContact.id primaryContact.name primaryCompany.id primaryCompany.name pipeline stage status "
	    "statusId dealValue currency estimatedCloseDate closedDate lostReason source priority description winProbability "
	    "rottenDate isSplitted followers associatedProducts lastActivityAt lastActivityBy " COMMUNICATION
	    "createdLatitude createdLongitude createdAddress " COMMON },
	{ "activity", "id title type description note dueDate endDate duration isCompleted completedAt outcome purpose location "
	    "visibility isCalendarInvite isCreatedFromSystem primaryContact.id primaryContact.name primaryCompany.id "
	    "primaryCompany.name relatedTo.id relatedTo.title relatedTo.name relatedToModule followers createdLatitude createdLongitude "
	    "createdAddress " COMMON },
	{ "product", "id name sku currency unitPrice costPerUnit directCost description isActive owner tags photo prices "
	    "createdAt createdBy lastModifiedAt lastModifiedBy isDeleted" },
	/* tickets, quotes, custom modules */
	{ NULL, "id name title pipeline stage status priority description primaryContact.id primaryContact.name primaryCompany.id "
	    "primaryCompany.name " COMMON },
};

struct list {			/* of displayingFields, as JSON */
	const struct module *m;
	struct buf b;
	struct buf known;	/* " name name ": what was asked for, sub-fields under their relation's name */
	struct buf metadata;	/* definitions of the module, a line each */
	struct buf listed;	/* " name name ": of the metadata */
	bool narrow;
};

static bool
is_among(const struct buf *names, const char *name, size_t n)
{
	struct buf word = { 0 };
	bool found;

	buf_printf(&word, " %.*s ", (int)n, name);
	found = memmem(names->p, names->n, word.p, word.n) != NULL;
	buf_free(&word);
	return found;
}

static void
put_form(struct list *l, bool prefix, const char *name, size_t n, const char *sub)
{
	buf_str(&l->b, l->b.n > 1 ? ",\"" : "\"");
	if (prefix)
		buf_printf(&l->b, "%s.", l->m->name);
	buf_add(&l->b, name, n);
	buf_str(&l->b, sub);
	buf_char(&l->b, '"');
}

/*
 * The v3 search of products has no prefix.  For custom modules none is documented, and the v4 searches have
 * one: both forms are asked for, and the one that is not known is passed over.
 */
static void
put_name(struct list *l, const char *name, size_t n, const char *sub)
{
	if (l->m->way == SEARCH || (l->m->way == RECORDS && !l->narrow))
		put_form(l, true, name, n, sub);
	if (l->m->way != SEARCH)
		put_form(l, false, name, n, sub);
}

static void
put_word(struct buf *names, const char *name, size_t n)
{
	buf_add(names, name, n);
	buf_char(names, ' ');
}

static bool
is_asked(const struct list *l, const char *name, size_t n)
{
	size_t base = strcspn(name, ". ");

	if (!l->narrow || (n == 2 && memcmp(name, "id", 2) == 0))
		return true;
	return is_among(&l->listed, name, base) && (base == n || memmem(name, n, ".id", 3) != NULL ||
	    (n - base == 5 && memcmp(name + base, ".name", 5) == 0));
}

static void
put_system(struct list *l)
{
	const char *p, *end;
	size_t i;

	for (i = 0; system_fields[i].module != NULL && strcmp(system_fields[i].module, l->m->name) != 0; i++)
		;
	for (p = system_fields[i].names; *p != '\0'; p = *end == ' ' ? end + 1 : end) {
		end = p + strcspn(p, " ");
		if (!is_asked(l, p, (size_t)(end - p)))
			continue;
		put_name(l, p, (size_t)(end - p), "");
		put_word(&l->known, p, strcspn(p, ". "));
	}
}

/* A name that could not be a field's is nothing to ask for. */
static bool
is_name(struct span v)
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (!isalnum((unsigned char)v.p[i]) && v.p[i] != '_')
			return false;
	return v.n > 0;
}

/* The name of a definition; false if it has none that could be asked for. */
static bool
name_of(struct span definition, struct span *name)
{
	if (!span_member(definition, "fieldName", name) || name->n < 2 || *name->p != '"')
		return false;
	*name = (struct span){ name->p + 1, name->n - 2 };
	return is_name(*name);
}

static void
put_definition(struct list *l, struct span definition)
{
	struct span name, type;

	if (!name_of(definition, &name) || is_among(&l->known, name.p, name.n))
		return;
	put_word(&l->known, name.p, name.n);
	span_member(definition, "type", &type);
	if ((!span_is(type, "Lookup") && memmem(name.p, name.n, "LookupCustomField", 17) == NULL) ||
	    l->m->way == PRODUCTS) {
		put_name(l, name.p, name.n, "");
		return;
	}
	put_name(l, name.p, name.n, ".id");
	put_name(l, name.p, name.n, ".name");
}

/* The next line at *at; false after the last. */
static bool
next_line(const struct buf *lines, size_t *at, struct span *line)
{
	const char *p = lines->p + *at, *lf;

	if (*at >= lines->n)
		return false;
	lf = memchr(p, '\n', lines->n - *at);
	*line = (struct span){ p, (size_t)(lf - p) };
	*at += line->n + 1;
	return true;
}

static void
read_file(struct list *l)
{
	struct nd_in in = { 0 };
	struct json j = { 0 };
	struct span v, id;
	uint64_t number;

	nd_open(&in, opt.fields);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&j, in.line, in.len))
			errx(EX_DATAERR, "%s:%lu: %s", in.name, (unsigned long)in.lineno, in.toolong ? "too long a line" : j.detail);
		v = (struct span){ in.line, in.len };
		if (span_member(v, "moduleId", &id) && span_number(id, &number) && number == (uint64_t)l->m->id)
			span_line(&l->metadata, v);
	}
	nd_end(&in);
	json_free(&j);
	if (l->metadata.n == 0)
		errx(EX_CONFIG, "%s: no field of module %d (%s): is it the output of sm-extract field?", opt.fields, l->m->id, l->m->name);
}

static void
read_metadata(struct list *l)
{
	struct span line, name;
	size_t at = 0;

	if (opt.fields != NULL)
		read_file(l);
	else if (!list_fields(l->m, l->m->way == RECORDS, &l->metadata))
		warnx("%s: no field definitions of module %d, so its custom fields cannot be asked for", l->m->name, l->m->id);
	buf_char(&l->listed, ' ');
	while (next_line(&l->metadata, &at, &line))
		if (name_of(line, &name))
			put_word(&l->listed, name.p, name.n);
}

static void
put_metadata(struct list *l)
{
	struct span line;
	size_t at = 0;

	while (next_line(&l->metadata, &at, &line))
		put_definition(l, line);
}

static void
put_filter(struct buf *b, const struct module *m)
{
	buf_str(b, "{\"group\":{\"operator\":\"AND\",\"rules\":[");
	if (opt.since != NULL) {
		buf_printf(b, "{\"condition\":\"IS_AFTER\",\"moduleName\":\"%s\",\"field\":{\"fieldName\":\"%s%slastModifiedAt\","
		    "\"displayName\":\"Last Modified At\",\"type\":\"DateTime\"},\"data\":", m->rule,
		    m->way == PRODUCTS ? "" : m->name, m->way == PRODUCTS ? "" : ".");
		buf_json_str(b, opt.since);
		buf_str(b, ",\"eventType\":\"DateTime\"}");
	}
	buf_str(b, "]}}");
}

struct buf
fields_body(const struct module *m, bool narrow)
{
	struct list l = { .m = m, .narrow = narrow };
	struct buf body = { 0 };
	bool product = m->way == PRODUCTS;

	read_metadata(&l);
	buf_char(&l.b, '[');
	buf_char(&l.known, ' ');
	put_system(&l);
	put_metadata(&l);
	buf_printf(&body, "{\"%s\":", product ? "fields" : "displayingFields");
	buf_add(&body, l.b.p, l.b.n);
	buf_printf(&body, "],\"%s\":", product ? "query" : "filterQuery");
	put_filter(&body, m);
	if (!product)
		buf_printf(&body, ",\"sort\":{\"fieldName\":\"%s.id\",\"order\":\"asc\"},\"moduleId\":%d,\"reportType\":\"get_data\","
		    "\"getRecordsCount\":true", m->name, m->id);
	buf_char(&body, '}');
	buf_free(&l.b);
	buf_free(&l.known);
	buf_free(&l.metadata);
	buf_free(&l.listed);
	return body;
}

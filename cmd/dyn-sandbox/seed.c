/*
 * seed - what is in an environment before anybody loads anything
 *
 * Made once, in a fresh store: the organization, its root business unit, the
 * application user with its role, currencies, a default unit, and the default
 * processes of opportunities and leads.  All ids but the organization's are computed, so
 * that two fresh stores differ in nothing else.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"
#include "guid.h"
#include "nd.h"
#include "store.h"

char sandbox_user[37], sandbox_organization[37];

static struct arena memory;
static struct request request = { .arena = &memory, .method = "POST", .root = API_ROOT, .now = INT64_MAX, .strong = true, .body = "" };
static struct reply reply = { .arena = &memory };

static const char blocked_extensions[] = "ade;adp;app;asa;ashx;asmx;asp;bas;bat;cdx;cer;chm;class;cmd;com;config;cnt;cpl;crt;csh;der;"
    "dll;exe;fxp;gadget;hlp;hpj;hta;htr;htw;ida;idc;idq;inf;ins;isp;its;jar;js;jse;ksh;lnk;mad;maf;mag;mam;maq;mar;mas;mat;mau;"
    "mav;maw;mcf;mda;mdb;mde;mdt;mdw;mdz;msc;msh;msh1;msh1xml;msh2;msh2xml;mshxml;msi;msp;mst;ops;pcd;pif;prf;prg;printer;pst;"
    "reg;rem;scf;scr;sct;shb;shs;shtm;shtml;soap;stm;svc;tmp;url;vb;vbe;vbs;vsmacros;vss;vst;vsw;ws;wsc;wsf;wsh";

static void
computed(const char *kind, const char *key, char id[37])
{
	struct guid g = guid_make("sandbox", kind, key, strlen(key));

	guid_text(&g, id);
}

static struct row *
fresh(const char *table, const char *id)
{
	const struct table *t = schema_table(table);
	struct row *row;

	if (t == NULL)
		return NULL;
	row = row_new(&memory, t, id);
	row_set_text(&memory, row, t->primary_id, row->id);
	return row;
}

static void
text(struct row *row, const char *column, const char *value)
{
	if (schema_column(row->table, column) != NULL)
		row_set_text(&memory, row, column, value);
}

static void
raw(struct row *row, const char *column, const char *json)
{
	if (schema_column(row->table, column) != NULL)
		row_set(&memory, row, column, json);
}

static void
bind(struct row *row, const char *column, const char *table, const char *id)
{
	if (schema_column(row->table, column) != NULL && schema_table(table) != NULL)
		row_bind(&memory, row, column, table, id);
}

static void
keep(struct row *row)
{
	struct write w;

	if (store_exists(row->table, row->id))
		return;
	w = write_internal(&request, &reply, row->table, row, NULL);
	if (!write_store(&w) && !store_spoiled())
		errx(EX_SOFTWARE, "seed: %s: %.*s", row->table->name, (int)reply.body.n, reply.body.p);
}

static void
currencies(void)
{
	static const struct { const char *code, *name, *symbol, *rate; } list[] = {
		{ "USD", "US Dollar", "$", "1.000000000000" }, { "EUR", "Euro", "\xe2\x82\xac", "0.920000000000" },
		{ "GBP", "Pound Sterling", "\xc2\xa3", "0.790000000000" }, { "CHF", "Swiss Franc", "CHF", "0.880000000000" },
		{ "NOK", "Norwegian Krone", "kr", "10.700000000000" },
	};
	struct row *row;
	char id[37];
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		computed("currency", list[i].code, id);
		if ((row = fresh("transactioncurrency", id)) == NULL)
			return;
		if (i == 0)
			store_set_setting("basecurrency", id);
		text(row, "isocurrencycode", list[i].code);
		text(row, "currencyname", list[i].name);
		text(row, "currencysymbol", list[i].symbol);
		raw(row, "exchangerate", list[i].rate);
		raw(row, "currencyprecision", "2");
		bind(row, "organizationid", "organization", sandbox_organization);
		keep(row);
	}
}

static void
organization(void)
{
	char currency[37];
	struct row *row = fresh("organization", sandbox_organization);

	if (row == NULL)
		return;
	computed("currency", "USD", currency);
	text(row, "name", "sandbox");
	bind(row, "basecurrencyid", "transactioncurrency", currency);
	raw(row, "maxuploadfilesize", "5242880");
	raw(row, "pricingdecimalprecision", "2");
	raw(row, "currencydecimalprecision", "2");
	raw(row, "languagecode", "1033");
	raw(row, "localeid", "1033");
	raw(row, "fullnameconventioncode", "1");
	raw(row, "isauditenabled", "false");
	text(row, "blockedattachments", blocked_extensions);
	keep(row);
}

static void
people(void)
{
	char unit[37], role[37];
	struct row *row;

	computed("businessunit", "root", unit);
	computed("role", "System Administrator", role);
	if ((row = fresh("businessunit", unit)) != NULL) {
		text(row, "name", "sandbox");
		raw(row, "isdisabled", "false");
		bind(row, "organizationid", "organization", sandbox_organization);
		keep(row);
	}
	if ((row = fresh("role", role)) != NULL) {
		text(row, "name", "System Administrator");
		bind(row, "businessunitid", "businessunit", unit);
		keep(row);
	}
}

/* An application user's row is made when it is first needed. */
void
seed_user(const char *id)
{
	const struct table *t = schema_table("systemuser");
	char unit[37];
	struct row *row;

	if (t == NULL || store_exists(t, id) || (row = fresh("systemuser", id)) == NULL)
		return;
	memcpy(request.user, id, sizeof(request.user));
	computed("businessunit", "root", unit);
	text(row, "fullname", "# sandbox application");
	text(row, "lastname", "sandbox application");
	text(row, "firstname", "#");
	text(row, "domainname", arena_printf(&memory, "%s@sandbox.onmicrosoft.com", id));
	text(row, "internalemailaddress", arena_printf(&memory, "%s@sandbox.onmicrosoft.com", id));
	text(row, "applicationid", id);
	raw(row, "isdisabled", "false");
	raw(row, "accessmode", "4");
	bind(row, "businessunitid", "businessunit", unit);
	keep(row);
	reply_clear(&reply);
	arena_free(&memory);
	memcpy(request.user, sandbox_user, sizeof(request.user));
}

static void
units(void)
{
	char schedule[37], unit[37];
	struct row *row;

	computed("uomschedule", "Default Unit", schedule);
	computed("uom", "Primary Unit", unit);
	if ((row = fresh("uomschedule", schedule)) != NULL) {
		text(row, "name", "Default Unit");
		text(row, "baseuomname", "Primary Unit");
		keep(row);
	}
	if ((row = fresh("uom", unit)) != NULL) {
		text(row, "name", "Primary Unit");
		raw(row, "quantity", "1.0000000000");
		bind(row, "uomscheduleid", "uomschedule", schedule);
		raw(row, "isschedulebaseuom", "true");
		keep(row);
	}
}

static void
process(const char *name, const char *unique, const char *table)
{
	static const char *const stages[] = { "Qualify", "Develop", "Propose", "Close" };
	char flow[37], stage[37];
	struct row *row;
	size_t i;

	computed("workflow", unique, flow);
	if ((row = fresh("workflow", flow)) == NULL)
		return;
	text(row, "name", name);
	text(row, "uniquename", unique);
	raw(row, "category", "4");
	raw(row, "type", "1");
	raw(row, "businessprocesstype", "0");
	text(row, "primaryentity", table);
	raw(row, "statecode", "1");
	raw(row, "statuscode", "2");
	keep(row);
	for (i = 0; i < 4; i++) {
		computed("processstage", arena_printf(&memory, "%s/%s", unique, stages[i]), stage);
		if ((row = fresh("processstage", stage)) == NULL)
			return;
		text(row, "stagename", stages[i]);
		raw(row, "stagecategory", arena_printf(&memory, "%zu", i));
		text(row, "primaryentitytypecode", i == 0 ? table : "opportunity");
		bind(row, "processid", "workflow", flow);
		keep(row);
	}
}

static void
stock(void)
{
	char flow[37];

	guid_new(sandbox_organization);
	store_set_setting("organization", sandbox_organization);
	organization();
	people();
	currencies();
	units();
	process("Opportunity Sales Process", "opportunitysalesprocess", "opportunity");
	process("Lead to Opportunity Sales Process", "leadtoopportunitysalesprocess", "lead");
	computed("workflow", "opportunitysalesprocess", flow);
	store_set_setting("opportunityflow", flow);
	computed("workflow", "leadtoopportunitysalesprocess", flow);
	store_set_setting("leadflow", flow);
}

/* ---- rows of files ---- */

/* The members that are data, as an object of their own. */
static void
data_members(const struct json *j, struct buf *b)
{
	size_t i;

	buf_char(b, '{');
	for (i = 0; i < j->count; i++) {
		if (j->member[i].key.n > 0 && j->member[i].key.p[0] == '_')
			continue;
		if (b->n > 1)
			buf_char(b, ',');
		json_put(b, &j->member[i].key);
		buf_char(b, ':');
		json_put(b, &j->member[i].value);
	}
	buf_char(b, '}');
	json_pad(b);
}

static void
file_row(const struct nd_in *in, const struct table *t, const struct json *j, bool replace)
{
	const struct json_value *id = json_get(j, t->primary_id);
	struct write w = { .r = &request, .a = &reply, .table = t, .internal = true };
	struct json inner = { 0 };
	struct json_value v;
	struct row *old = NULL;
	struct buf b = { 0 };
	bool ok = true;

	if (id != NULL && id->kind == JSON_STRING && guid_ok(id->p, id->n))
		old = store_get(&memory, t, arena_dup(&memory, id->p, id->n));
	data_members(j, &b);
	json_parse_any(&inner, b.p, b.n, &v);
	if (old == NULL)
		ok = write_create(&w, &v, NULL, NULL);
	else if (replace)
		ok = write_update(&w, &v, old);
	if (!ok)
		errx(EX_DATAERR, "%s:%llu: %.*s", in->name, (unsigned long long)in->lineno, (int)reply.body.n, reply.body.p);
	buf_free(&b);
	json_free(&inner);
	reply_clear(&reply);
	arena_free(&memory);
}

/* table NULL: each line says its own in _table. */
static void
rows_of(const char *path, const char *table, bool replace)
{
	struct nd_in in = { 0 };
	struct json j = { 0 };
	const struct table *t;
	char *name;

	nd_open(&in, path);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&j, in.line, in.len))
			errx(EX_DATAERR, "%s:%llu: no JSON object: %s", in.name, (unsigned long long)in.lineno, in.toolong ? "line too long" : j.detail);
		name = table != NULL ? NULL : json_get(&j, "_table") != NULL ? json_strdup(json_get(&j, "_table")) : NULL;
		t = schema_table(table != NULL ? table : name != NULL ? name : "");
		if (t == NULL)
			errx(EX_DATAERR, "%s:%llu: unknown table '%s'", in.name, (unsigned long long)in.lineno, table != NULL ? table : name != NULL ? name : "");
		file_row(&in, t, &j, replace);
		free(name);
	}
	nd_end(&in);
	json_free(&j);
}

/* What RetrieveTotalRecordCount says until the next start: its snapshot is old by nature. */
static void
snapshot(void)
{
	struct table **list;
	size_t n = schema_tables(&list), i;
	char count[24];

	for (i = 0; i < n; i++) {
		snprintf(count, sizeof(count), "%zu", store_count(list[i]->name));
		store_set_setting(arena_printf(&memory, "count:%s", list[i]->name), count);
	}
	arena_free(&memory);
}

void
seed_open(const char *users, const char *rows)
{
	char *known;

	store_begin();
	computed("application-user", cli_env("DYN_CLIENT_ID", "sandbox"), sandbox_user);
	memcpy(request.user, sandbox_user, sizeof(request.user));
	if ((known = store_setting(&memory, "organization")) != NULL)
		memcpy(sandbox_organization, known, 37);
	else
		stock();
	arena_free(&memory);
	seed_user(sandbox_user);
	if (users != NULL)
		rows_of(users, "systemuser", true);
	if (rows != NULL)
		rows_of(rows, NULL, false);
	snapshot();
	if (!store_commit())
		exit(EX_IOERR);
}

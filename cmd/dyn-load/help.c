/* The manual: what --help prints. */
#include "load.h"

static const char options_text[] =
"usage: dyn-load --journal FILE --rejects FILE [OPTION...] <mapped.ndjson >loaded.ndjson\n"
"\n"
"Sends rows to Dataverse and writes one outcome line for each input line, in input\n"
"order.  A run that was cut off, by kill -9 even, is continued by the same command:\n"
"what has an outcome in the journal is not sent again, what was under way is asked\n"
"for by its id.  No row is written twice, none is lost.\n"
"\n"
"  --journal FILE       what is about to be sent and what came of it; made if missing.\n"
"                       It belongs to one organisation and is never to be deleted:\n"
"                       it is what makes a rollback possible.  FILE.lock goes with it\n"
"  --rejects FILE       rows that were refused, each with its _error; without it the\n"
"                       first one ends the run (65)\n"
"  --confirmed FILE     maps that a person confirmed (a line each, the map's hash first);\n"
"                       a row of another map ends the run (78) before it is sent\n"
"  --org ID             the organisation that must answer, else 78\n"
"  --batch N            rows in a call, 1 to 1000.  Without it: 100, and up to 1000 when\n"
"                       the service complains of too many requests\n"
"  --concurrency MAX    most requests in the air for each application user.  Without it:\n"
"                       what the service advises (x-ms-dop-hint), 8 if it says nothing\n"
"  --retries N          unusable answers in a row (no connection, 502 to 504, pages of a proxy)\n"
"                       before the run ends with 75; pauses grow from 0.1 to 20 s.  Without\n"
"                       it: 10, about a minute\n"
"  --form FORM          auto (CreateMultiple where the table has it, else $batch), bulk,\n"
"                       batch, or single.  Rows over 1 MB always go alone\n"
"  --bypass WHAT,...    what must not run in the target for these writes: sync, async\n"
"                       (customers' own plug-ins and workflows; needs\n"
"                       prvBypassCustomBusinessLogic), plugins (the older form, needs\n"
"                       prvBypassCustomPlugins), flows (Power Automate).  Default: nothing\n"
"                       is bypassed, because each needs a privilege or a decision\n"
"  --detect-duplicates  the target's duplicate rules apply (default: they do not, as ids\n"
"                       and matches were settled before)\n"
"  --progress           progress on stderr even when that is no terminal\n"
"  --help, --version\n"
"\n";

static const char formats_text[] =
"Input: {\"_table\":\"contact\",\"_source\":{\"module\":\"contact\",\"id\":\"1204\",\"hash\":\"...\"},\n"
"\"_map\":\"...\",\"contactid\":\"...\",\"firstname\":\"...\",\"parentcustomerid_account@odata.bind\":\n"
"\"/accounts(...)\"}.  The row's id is the member named like the table's primary key.\n"
"Members that begin with _ are not sent.  Tables may be mixed.  _how says what is meant:\n"
"  (none), new     create.  If the row is there already and is ours (its sm_salesmate_id is\n"
"                  _source.id; on tables without that column: it is in the journal), it is\n"
"                  compared and the columns that differ are updated; if it is not ours, it\n"
"                  is a conflict and stays as it is\n"
"  matched         a row that was there before us, by _match: fill (default; only columns\n"
"                  that are empty), overwrite, leave (nothing is sent)\n"
"  update          columns of a row that is there: waiting links, states\n"
"With _action (WinOpportunity, LoseOpportunity) and _status on _table opportunityclose the\n"
"opportunity that opportunityid@odata.bind names is closed; closed in that way already: fine.\n"
"Updates are guarded by the version that was read; what they replace is journalled first.\n"
"Nested rows (parties) are written on create and not compared later.  A row that refers to\n"
"a row which is not there yet waits for the rest of the input and is tried again.\n"
"\n"
"Output: {\"_source\":{...},\"table\":\"contact\",\"id\":\"...\",\"outcome\":\"created\",\"status\":204,\n"
"\"code\":\"\",\"message\":\"\",\"request\":\"...\",\"version\":\"...\",\"at\":\"2026-01-02T03:04:05Z\"}\n"
"outcome: created updated unchanged matched rejected\n"
"Reject codes: bad-json bad-utf8 too-deep line-too-long duplicate-member not-an-object\n"
"bad-id missing-field no-option missing-reference missing conflict refused\n"
"Rejected rows are sent again by the next run; the others are not.\n"
"\n"
"Environment: DYN_URL, DYN_LOGIN_URL, DYN_TENANT, DYN_CLIENT_ID, DYN_CLIENT_SECRET or\n"
"DYN_CLIENT_SECRET_FILE; DYN_CLIENTS_FILE: several application users share the work,\n"
"each with its own workers and limits.  SMDYN_FAILPOINT=N: for tests, the process kills\n"
"itself at its Nth step (around syncs of the journal, after answers, after output).\n"
"\n"
"Bounds: a deadlock is tried 25 times, a 500 for one row 4 times, then the row is rejected;\n"
"throttling ends the run (75) after an hour without one good answer.  Lines in memory: at\n"
"most the rows of the calls in the air and ready (workers * 1.5 + 3 calls), and 256 MB.\n"
"\n"
"SIGTERM, SIGINT, SIGHUP: what is in the air may finish (10 s), then 75; again: at once.\n"
"\n"
"Exit status: 0 every row has its outcome; 64 usage; 65 damaged journal, or a reject without\n"
"--rejects; 69 the service refused for good; 70 our own bug; 73, 74 local files (a full disk\n"
"at the journal stops before sending); 75 stopped, the same command goes on (also: another\n"
"dyn-load has the journal); 77 credentials or privilege; 78 another organisation, an\n"
"unconfirmed map, an unknown table.\n"
"\n"
"Protocol facts: Microsoft's Dataverse developer documentation: web API (create, update,\n"
"conditional operations, batch), bulk operations, service protection limits, optional\n"
"parameters, WinOpportunity and LoseOpportunity.\n"
"\n"
"Example: dyn-load --journal data/contact/load.journal --rejects data/contact/50-loaded.rejects.ndjson \\\n"
"           <data/contact/40-mapped.ndjson >data/contact/50-loaded.ndjson\n";

/* In two pieces because C promises no longer string. */
const char *
help_text(void)
{
	static struct buf b;

	if (b.n == 0) {
		buf_str(&b, options_text);
		buf_str(&b, formats_text);
		buf_nul(&b);
	}
	return b.p;
}

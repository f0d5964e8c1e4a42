# Words for people: what the codes ask for, what the objects are.  Shared by the page and the terminal.

# stage.5 has every code; this is what to do, in a few words.
def todo: {
	"bad-json": "mend the line, it is no JSON", "bad-utf8": "convert the file to UTF-8", "too-deep": "mend the line", "line-too-long": "mend the line",
	"duplicate-member": "take out one of the two", "not-an-object": "mend the line",
	"bad-id": "give the record a key that can be read", "missing-field": "add the field that the message names", "duplicate-id": "keep one of them",
	"required": "fill it in at the source, or give it a default in the map",
	"bad-character": "take the control character out at the source",
	"too-long": "shorten it at the source, or truncate:COLUMN in the map keeps the whole beside it",
	"bad-number": "write it with digits and a point, or keep it as text in a column of its own",
	"out-of-range": "mend the number, or map it to a column that takes it",
	"bad-date": "mend the date, or misfit null in the map leaves it out",
	"bad-boolean": "write 0, 1, true or false", "check": "mend the two that contradict each other",
	"no-option": "add its line to maps/choices.csv, or mend the value", "wrong-type": "mend the value, or the line of the map",
	"missing-reference": "bring back the record that it names, or take the name out",
	"undecided": "decide: a line in the table that the message names", "ambiguous": "choose one of those that the message names",
	"missing": "create or name what the message says is missing", "inactive": "enable the row in the target, or name a fallback owner",
	"lead-only": "decide with LEAD_DEALS", "conflict": "mend the record or the row that the message names",
	"refused": "the service says why; mend the record or the target", "missing-file": "put the file into intake/files/",
	"empty-file": "put the whole file into intake/files/", "size-differs": "put the whole file into intake/files/", "bad-hash": "fetch the file again",
	"bad-base64": "mend the image in the text, or accept the mark that stands for it",
	"blocked-extension": "allow this kind in the organisation's settings, or do without it",
	"too-large": "raise the organisation's limit, or keep the file elsewhere", "skipped": "nothing: a rule of its map leaves it out",
	"reference-queued": "decide what the message names", "reference-rejected": "mend what the message names"
}[.] // "the message says what to do";

# Objects whose name does not say it.
def about: {
	uomschedule: "unit group", uom: "unit", pricelevel: "price lists", price: "prices of products", activate: "products put on sale", retire: "products no longer sold",
	undecided: "contacts at no known stage", line: "products of opportunities", pendingcall: "calls that no activity has",
	file: "files of notes and records", thread: "conversations", message: "their messages", attachment: "files of e-mails and messages",
	link: "parents of accounts", close: "opportunities won or lost",
	"task-done": "tasks completed", "call-done": "calls completed", "pendingcall-done": "calls completed", "appointment-done": "meetings completed",
	"email-done": "e-mails sent or received", "message-done": "messages sent or received",
	process: "stages in process flows", flow: "members of smart flows"
}[.] // "";

def rank: {rejects: 0, queue: 1, skipped: 2}[.] // 3;
def kinds: {rejects: "rejected, for it does not fit", queue: "queued, for a person to decide", skipped: "left out by a rule of a map"}[.] // .;
# What changes rows that are there says nothing new about a record that was set aside before.
def closing: .phase | IN("links", "closing");
# First causes by code, the gravest kind and the most records first; in each how many records follow one of these.
def primary: [.causes[] | select((.follows | not) and ((closing | not) or (.code != "skipped" and (.code | startswith("reference-") | not))))]
	| group_by([.kind, .code]) | map(sort_by(-.count)) | sort_by((.[0].kind | rank), -(map(.count) | add));
def following: [.causes[] | select(.follows and (closing | not))];
def after($list; $cause): [$list[] | select(.follows.kind == $cause.kind and .follows.code == $cause.code) | .count] | add // 0;

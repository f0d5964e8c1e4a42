# summary.json: the objects' books, an entry an object, also when a gate stopped the chain; then what a reader asks next.
# --arg objects: PHASE:OBJECT, in their order; records: the objects that are records of Salesmate; gates: those whose gate is open.
def nothing: {source: 0, created: 0, updated: 0, matched: 0, unchanged: 0, skipped: 0, queued: 0, rejected: 0, balanced: false,
	fields_verified: 0, field_mismatches: 0, links_verified: 0, link_mismatches: 0, reached: false};
def of($name): first($done[] | select(.object == $name)) // null;
def reason($code): [$owner[] | select(._error.code == $code)] | length;
def matched($table): [$owner[] | select(.how == "matched" and .table == $table)] | length;
def by(key; value): group_by(key) | map({key: (.[0] | key), value: value}) | from_entries;
def sum(f): map(f) | add // 0;
($objects | split(" ") | map(split(":") | .[0] as $phase | .[1] as $o | (of($o) // ({object: $o} + nothing)) | {object, phase: $phase} + .)) as $all
| ($records | split(" ")) as $records | ($gates | split(" ")) as $gates
| [$all[] | select(.object as $o | any($records[]; . == $o))] as $own
| {
	balanced: all($all[]; .balanced),
	complete: all($all[]; .reached != false),
	# The first object that make did not get past; the contacts that nobody decided about have no gate.
	stopped: (first((["owner"] + ($all | map(.object)))[] | select(. != "undecided") | select(. as $o | all($gates[]; . != $o))) // null),
	records: ($own | {source: sum(.source), arrived: sum(.created + .updated + .matched + .unchanged),
		skipped: sum(.skipped), queued: sum(.queued), rejected: sum(.rejected)}),
	objects: $all,
	causes: ($cause | map({phase, object} + .)),
	lifecycle: {field: $lifecycle, lead: (of("lead").source // 0), contact: (of("contact").source // 0), undecided: (of("undecided").source // 0)},
	owners: {
		referenced: ([$owner[] | select(.how == "matched" or ._error)] | length),
		matched: (matched("systemuser") + matched("team")), users: matched("systemuser"), teams: matched("team"),
		missing: reason("missing"), inactive: reason("inactive"), ambiguous: reason("ambiguous"),
		fallback: (if $fallback == "" then null else $fallback end), records_with_fallback: $substituted
	},
	lead_deals: {policy: $lead_deals, linked: $linked, promoted: $promoted,
		queued: ([of("opportunity").causes[]? | select(.code == "lead-only") | .count] | add // 0)},
	files: ({count: ($file | length), bytes: ($file | sum(.size // 0)),
		set_aside: ([$all[] | select(.object as $o | any($holding | split(" ")[]; . == $o))] | sum(.skipped + .queued + .rejected)),
		by_object: ($file | by(.object; {count: length, bytes: sum(.size // 0)}))}),
	custom: {tags: (if $tags == "" then null else $tags end),
		columns: ($custom | map(.schema[]? | .[2]) | by(.; length)),
		schema: ($schema | map(select(.kind | IN("publisher", "solution", "table", "key") | not)) | by(.action; length))},
	fields: {mapped: ([$coverage[] | select(.fate == "mapped")] | length),
		left_behind: [$coverage[] | select(.fate != "mapped" and .values > 0) | {object, field, fate, values, reason: (.reason // "")}]},
	handoff: $handoff,
	settings: {namespace: $namespace, organization: $organization, allow_rejects: $allow}
}

# summary.json: the objects' books (DESIGN: an entry an object, also when a gate stopped the chain),
# and what a reader asks next: owners, the lifecycle split, deals of leads, files, custom fields, fields left behind, settings.
# --arg objects: PHASE:OBJECT, in their order.
def nothing: {source: 0, created: 0, updated: 0, matched: 0, unchanged: 0, skipped: 0, queued: 0, rejected: 0, balanced: false,
	fields_verified: 0, field_mismatches: 0, links_verified: 0, link_mismatches: 0, reached: false};
def of($name): first($done[] | select(.object == $name)) // null;
def reason($code): [$owner[] | select(._error.code == $code)] | length;
($objects | split(" ") | map(split(":") | .[0] as $phase | .[1] as $o | (of($o) // ({object: $o} + nothing)) | {object, phase: $phase} + .)) as $all
| {
	balanced: all($all[]; .balanced),
	complete: all($all[]; .reached != false),
	objects: $all,
	lifecycle: {field: $lifecycle, lead: (of("lead").source // 0), contact: (of("contact").source // 0), undecided: (of("undecided").source // 0)},
	owners: {
		referenced: ([$owner[] | select(.how == "matched" or ._error)] | length),
		matched: ([$owner[] | select(.how == "matched")] | length),
		missing: reason("missing"), inactive: reason("inactive"), ambiguous: reason("ambiguous"),
		fallback: (if $fallback == "" then null else $fallback end), records_with_fallback: $substituted
	},
	lead_deals: {policy: $lead_deals, linked: $linked, promoted: $promoted,
		queued: ([of("opportunity").causes[]? | select(.code == "lead-only") | .count] | add // 0)},
	files: ({count: ($file | length), bytes: ($file | map(.size // 0) | add // 0),
		by_object: ($file | group_by(.object) | map({key: .[0].object, value: {count: length, bytes: (map(.size // 0) | add)}}) | from_entries)}),
	custom: {tags: (if $tags == "" then null else $tags end),
		columns: ($custom | map(.schema[]? | .[2]) | group_by(.) | map({key: .[0], value: length}) | from_entries)},
	fields: {mapped: ([$coverage[] | select(.fate == "mapped")] | length),
		left_behind: [$coverage[] | select(.fate != "mapped" and .values > 0) | {object, field, fate, values, reason: (.reason // "")}]},
	settings: {namespace: $namespace, organization: $organization, allow_rejects: $allow}
}

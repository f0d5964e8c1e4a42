# The reconciliation on the terminal, 80 columns where the figures allow; all of it is in index.html.
def pad($n): tostring | if length < $n then (" " * ($n - length)) + . else . end;
def left($n): tostring | if length < $n then . + (" " * ($n - length)) else . end;
# Rows of cells, the head first: each column as wide as its widest cell; those in $text to the left.
def aligned($text): [transpose[] | map(tostring | length) | max] as $w
	| .[] | [to_entries[] | .key as $i | .value | if any($text[]; . == $i) then left($w[$i]) else pad($w[$i]) end]
	| join("  ") | sub(" +$"; "");
def verdict: if .reached == false then "not reached" elif .balanced then "balanced" else "NOT BALANCED" end;
def differences: .field_mismatches + .link_mismatches + (.missing_rows // 0) + (.unexpected_rows // 0);
# What no object has is left out.
def columns: [(.objects | map(.differ = differences)) as $o | "source", "created", "updated", "matched", "unchanged", "skipped", "queued", "rejected", "differ"
	| . as $c | select(any("source", "created", "rejected"; . == $c) or any($o[]; .[$c] > 0))];
def books: columns as $columns | ([["object"] + $columns + ["books"]]
	+ [.objects[] | (.differ = differences) as $o | [.object] + [$columns[] as $c | $o[$c]] + [verdict]]
	| aligned([0, ($columns | length + 1)]));
def sums: .objects[] | select(.sums) | "\(.object): \(.sums.of) by \(.sums.by), exact",
	([[.sums.by, "source", "sum", "target", "sum", "set aside", "sum"]]
		+ [.sums.groups[] | [(if .group == "" then "(blank)" else .group end), (.source, .target, .set_aside | .count, .sum)]]
		| aligned([0])), "";
def people: "owners: \(.owners.matched) matched, \(.owners.missing) missing, \(.owners.inactive) inactive, \(.owners.ambiguous) ambiguous",
	(.owners | select(.fallback) | "  \(.records_with_fallback) records went to the fallback owner \(.fallback)"),
	"contacts by their \(.lifecycle.field): \(.lifecycle.lead) to lead, \(.lifecycle.contact) to contact, \(.lifecycle.undecided) undecided",
	(.lead_deals | "deals of leads (LEAD_DEALS=\(.policy)): \(.linked) linked, \(.queued) queued, \(.promoted) promoted"),
	(.settings.allow_rejects | select(. != "0") | "rejects accepted by a setting: ALLOW_REJECTS=\(.)");
def rank: {rejects: 0, queue: 1, skipped: 2}[.] // 3;
# What waits for another record is said once; that it was set aside has its own cause.  So does what closes it.
def follows: .[4] | IN("reference-rejected", "reference-queued");
def causes: [.objects[] | .phase as $phase | .object as $o | .causes[]? | select(($phase | IN("links", "closing") | not) or (.code | IN("reference-rejected", "reference-queued") | not))
		| [.count, $o, .stage, .kind, .code, .field]] | sort_by((.[3] | rank), -.[0])
	| select(. != [])
	| ([.[] | select(follows) | .[0]] | add // 0) as $waiting | map(select(follows | not))
	| "set aside, by cause; the records are in data/OBJECT/STAGE.KIND.ndjson:",
		([["records", "object", "stage", "kind", "code", "field"]] + .[:24] | aligned([1, 2, 3, 4, 5])),
		(.[24:] | length | select(. > 0) | "and \(.) more causes, in report/index.html"),
		(if $waiting > 0 then "\($waiting) more refer to one of these, or to one that does: each says which (_error.root)" else empty end), "";
def last: if .balanced then "balanced: every record is accounted for; every field and link is as mapped"
	elif .complete then "NOT BALANCED: data/OBJECT/60-mismatches.ndjson has the differences"
	else "stopped before \(first(.objects[] | select(.reached == false) | .object)): mend the cause above and run make again" end;
"", books, "",
"read back and compared: \([.objects[].fields_verified] | add) fields, \([.objects[].links_verified] | add) links, \([.objects[] | differences] | add) differ", "",
sums, people, "", causes, last

# The reconciliation on the terminal, 80 columns where the figures allow; all of it is in index.html.
include "causes";
def pad($n): tostring | if length < $n then (" " * ($n - length)) + . else . end;
def left($n): tostring | if length < $n then . + (" " * ($n - length)) else . end;
# Rows of cells, the head first: each column as wide as its widest cell; those in $text to the left.
def aligned($text): [transpose[] | map(tostring | length) | max] as $w
	| .[] | [to_entries[] | .key as $i | .value | if any($text[]; . == $i) then left($w[$i]) else pad($w[$i]) end]
	| join("  ") | sub(" +$"; "");
def verdict: if .reached == false then "not reached" elif .balanced then "balanced" else "NOT BALANCED" end;
def differences: .field_mismatches + .link_mismatches + (.missing_rows // 0) + (.unexpected_rows // 0);
# What no object has is left out.
def columns: [(.objects | map(.differ = differences)) as $o | "source", "created", "updated", "matched", "unchanged", "handed", "skipped", "queued", "rejected", "differ"
	| . as $c | select(any("source", "created", "rejected"; . == $c) or any($o[]; (.[$c] // 0) > 0))];
def books: columns as $columns | ([["object"] + $columns + ["books"]]
	+ [.objects[] | (.differ = differences) as $o | [.object] + [$columns[] as $c | $o[$c] // 0] + [verdict]]
	| aligned([0, ($columns | length + 1)]));
def sums: .objects[] | select(.sums) | "\(.object): \(.sums.of) by \(.sums.by), exact",
	([[.sums.by, "source", "sum", "target", "sum", "set aside", "sum"]]
		+ [.sums.groups[] | [(if .group == "" then "(blank)" else .group end), (.source, .target, .set_aside | .count, .sum)]]
		| aligned([0])), "";
def people: "owners: \(.owners.users) matched to users, \(.owners.teams) to teams, \(.owners.missing) missing, \(.owners.inactive) inactive, \(.owners.ambiguous) ambiguous",
	(.owners | select(.fallback) | "  \(.records_with_fallback) records went to the fallback owner \(.fallback)"),
	"contacts by their \(.lifecycle.field): \(.lifecycle.lead) to lead, \(.lifecycle.contact) to contact, \(.lifecycle.undecided) undecided",
	(.lead_deals | "deals of leads (LEAD_DEALS=\(.policy)): \(.linked) linked, \(.queued) queued, \(.promoted) promoted"),
	(.settings.allow_rejects | select(. != "0") | "rejects accepted by a setting: ALLOW_REJECTS=\(.)");
# By code: what to do, and where; a record that refers to one of these follows it, and is only counted.
def wrapped($n): reduce (split(" ")[]) as $w ([""]; if (.[-1] | length) + ($w | length) + 1 > $n then . + [$w]
	else .[-1] |= (if . == "" then $w else . + " " + $w end) end) | .[];
def cause($after): .[0] as $c | after($after; $c) as $more | (map(.count) | add | pad(7)) as $count
	| [("\($c.code): \($c.code | todo)" | wrapped(70)),
		((group_by(.object) | map({object: .[0].object, count: (map(.count) | add)}) | sort_by(-.count) | map("\(.object) \(.count)") | join(", "))
			+ (if $more > 0 then "; \($more) more follow" else "" end) | wrapped(70))]
	| "\($count)  \(.[0])", (.[1:][] | "         " + .);
def causes: following as $after | primary | select(. != [])
	| "set aside: why, and what to do; each cause with a record is in report/index.html", "",
		(group_by(.[0].kind | rank)[] | (.[0][0].kind | kinds) + ":", (.[] | cause($after)), "");
def last: . as $all | if .balanced then "balanced: every record is accounted for; every field and link is as mapped"
	elif .complete then "NOT BALANCED: data/OBJECT/60-mismatches.ndjson has the differences"
	elif .stopped == "owner" and .owners.referenced > 0 then "stopped at the owners: data/owner/queue.csv says who has no user, and what to do"
	elif .stopped == "owner" then "stopped before the owners: mend what make says above and run it again"
	else first(.objects[] | select(.object == $all.stopped)) | if .reached == false then "stopped before \(.object): mend what make says above and run it again"
		elif .balanced then "stopped after \(.object): \(.rejected) rejected, ALLOW_REJECTS=\($all.settings.allow_rejects): mend or allow them, and run make again"
		else "stopped after \(.object): NOT BALANCED, data/\(.object)/60-mismatches.ndjson has the differences" end end;
# Of a chain that has reached nothing there is nothing to tell but that.
(select(any(.objects[]; .reached != false)) | "", books, "",
"read back and compared: \([.objects[].fields_verified] | add) fields, \([.objects[].links_verified] | add) links, \([.objects[] | differences] | add) differ", "",
	sums),
(select(.owners.referenced > 0) | people, "", causes), last

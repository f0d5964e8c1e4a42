# The reconciliation on the terminal.
def pad($n): tostring | if length < $n then (" " * ($n - length)) + . else . end;
def left($n): tostring | if length < $n then . + (" " * ($n - length)) else . end;
def columns: ["source", "created", "updated", "matched", "unchanged", "skipped", "queued", "rejected"];
def verdict: if .reached == false then "not reached" elif .balanced then "balanced" else "NOT BALANCED" end;
("" , ("object" | left(12)) + ([columns[] | pad(10)] | add) + ("fields" | pad(10)) + ("links" | pad(8)) + ("differ" | pad(8)) + "  books"),
(.objects[] | . as $o | (.object | left(12)) + ([columns[] as $c | $o[$c] | pad(10)] | add)
	+ (.fields_verified | pad(10)) + (.links_verified | pad(8))
	+ (.field_mismatches + .link_mismatches + (.missing_rows // 0) + (.unexpected_rows // 0) | pad(8)) + "  " + verdict),
"",
(.objects[] | select(.sums) | .sums as $s | "\(.object): \($s.of) by \($s.by), exact",
	("  " + ("" | left(14)) + ("source" | pad(28)) + ("target" | pad(28)) + ("set aside" | pad(28))),
	($s.groups[] | "  " + ((if .group == "" then "(blank)" else .group end) | left(14))
		+ ([.source, .target, .set_aside | "\(.count) / \(.sum)" | pad(28)] | add)), ""),
"owners: \(.owners.matched) matched, \(.owners.missing) missing, \(.owners.inactive) inactive, \(.owners.ambiguous) ambiguous"
	+ (if .owners.fallback then "; \(.owners.records_with_fallback) records went to the fallback owner \(.owners.fallback)" else "" end),
"lifecycle (\(.lifecycle.field)): \(.lifecycle.lead) leads, \(.lifecycle.contact) contacts, \(.lifecycle.undecided) undecided",
"deals of leads (\(.lead_deals.policy)): \(.lead_deals.linked) linked, \(.lead_deals.queued) queued, \(.lead_deals.promoted) contacts promoted",
(if .settings.allow_rejects != "0" then "rejects accepted by setting: ALLOW_REJECTS=\(.settings.allow_rejects)" else empty end),
(.objects[] | select((.causes // []) != []) | .object as $o | .causes[]
	| "  \($o | left(12)) \(.count | pad(6)) \(.kind | left(8)) \(.code) \(.field) (\(.stage))"),
"",
(if .balanced then "balanced: every record is accounted for, every field and link read back is as mapped"
	elif .complete then "NOT BALANCED" else "stopped at a gate: see above; make goes on from there" end)

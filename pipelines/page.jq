# index.html: the same for people; self-contained, every text of the data escaped, problems first.
include "causes";
def h: tostring | @html;
# 9972458.0000 -> 9,972,458.0000
def grouped: tostring | capture("^(?<sign>-?)(?<whole>[0-9]+)(?<rest>[.][0-9]+)?$")
	| .sign + (.whole | gsub("(?<d>[0-9])(?=([0-9]{3})+$)"; "\(.d),")) + (.rest // "");
def counted($one; $many): "\(grouped) \(if . == 1 then $one else $many end)";
def records: counted("record"; "records");
# A cell is a text, a number (zeros are faint), or an object with the HTML that it is to be.
def cell: if type == "object" then "<td\(if .class then " class=\"\(.class)\"" else "" end)>\(.html)</td>" elif . == 0 then "<td class=\"n zero\">0</td>"
	elif type == "number" or (type == "string" and test("^-?[0-9]+([.][0-9]+)?$")) then "<td class=\"n\">\(grouped)</td>" else "<td>\(h)</td>" end;
def link($path): "<a href=\"\("../" + ($path | split("/") | map(@uri) | join("/")) | h)\">\($path | h)</a>";
# $numbers: the places of the columns whose heads stand at the right; a row that is HTML is a heading over those below it
def laid($class; $head; $numbers; $rows): "<div class=\"\($class)\"><table><thead><tr>"
	+ ([$head | to_entries[] | .key as $i | if any($numbers[]; . == $i) then "<th class=\"n\">\(.value | h)</th>" else "<th>\(.value | h)</th>" end] | add)
	+ "</tr></thead><tbody>" + ([$rows[] | if type == "string" then "<tr class=\"phase\"><th colspan=\"\($head | length)\"><div>\(.)</div></th></tr>\n"
		else "<tr>" + (map(cell) | add) + "</tr>\n" end] | add // "") + "</tbody></table></div>\n";
def table($head; $numbers; $rows): laid("wide"; $head; $numbers; $rows);
def verdict: if .reached == false then "not reached" elif .balanced then "balanced" else {class: "off", html: "not balanced"} end;
def differences: .field_mismatches + .link_mismatches + (.missing_rows // 0) + (.unexpected_rows // 0);

def halted: . as $all | first(.objects[] | select(.object == $all.stopped)) // null
	| if $all.stopped == "owner" and $all.owners.referenced == 0 then "Stopped before the owners: the last lines of make say why."
	elif $all.stopped == "owner" then "Stopped at the owners: \($all.owners.missing + $all.owners.inactive + $all.owners.ambiguous | grouped) have no user. "
		+ link("data/owner/queue.csv") + " says who, and what to do."
	elif .reached == false then "Stopped before \($all.stopped | h): the last lines of make say why."
	elif .balanced then "Stopped after \($all.stopped | h): \(.rejected | records) were rejected, and ALLOW_REJECTS is \($all.settings.allow_rejects | h). Mend them, or allow them."
	else "Stopped after \($all.stopped | h): its books do not balance." end;
def headline: if .balanced then "<p class=\"verdict good\">Balanced: every record is accounted for, and every field and link read back is as mapped.</p>\n"
	elif .complete then "<p class=\"verdict bad\">The books do not balance.</p>\n"
	else "<p class=\"verdict bad\">\(halted)</p>\n" end;
def problems: [.objects[] | select(.reached != false and (.balanced | not))
		| "<li>\(.object | h): the books do not balance; \(differences | grouped) differences are in \(link("data/\(.object)/60-mismatches.ndjson"))</li>"]
	| if . == [] then "" else "<ul class=\"problems\">\(add)</ul>\n" end;
def brief: . as $all | ([primary[][] | select(.kind != "skipped") | .count] | add // 0) as $own | ([following[].count] | add // 0) as $after
	| "<p>Of \(.records.source | records), \(.records.arrived | grouped) are in Dynamics; "
	+ ([(.records.rejected | select(. > 0) | "\(grouped) were rejected"), (.records.queued | select(. > 0) | "\(grouped) wait for a person"),
		(.records.skipped | select(. > 0) | "\(grouped) were left out by a rule")] | if . == [] then "none was set aside" else join(", ") end) + ". "
	+ "\([.objects[].fields_verified] | add | grouped) fields and \([.objects[].links_verified] | add | grouped) links were read back and compared; \([.objects[] | differences] | add | if . == 0 then "none" else grouped end) differ."
	+ (if $own > 0 then " <a href=\"#causes\">What was set aside</a>: \($own | records) to mend or decide about\(if $after > 0 then "; \($after | grouped) more follow from these" else "" end)." else "" end) + "</p>\n";

def phases: {products: "Products", accounts: "Accounts, contacts and leads", contacts: "Accounts, contacts and leads", leads: "Accounts, contacts and leads", opportunities: "Opportunities and their lines",
	activities: "Activities and e-mails", notes: "Notes and files", inbox: "Team inbox, and what came with mails", own: "Modules of this migration",
	links: "Links that had to wait for their rows", closing: "Closing: rows that are there already become won or lost, completed, sent or retired", handoff: "Handed to people"};
# What no object has is left out.
def columns: [(.objects | map(.differ = differences)) as $o
	| "source", "created", "updated", "matched", "unchanged", "handed", "skipped", "queued", "rejected", "fields_verified", "links_verified", "differ"
	| . as $c | select(any("source", "created", "rejected", "differ"; . == $c) or any($o[]; (.[$c] // 0) > 0))];
def named: {html: "\(h)\(about | if . == "" then "" else " <small>\(h)</small>" end)"};
def books: . as $all | columns as $columns | "<h2>Records</h2>\n" + table(["object"] + $columns + ["books"] | map(gsub("_"; " ")); [range(1; $columns | length + 1)];
	[(reduce $all.objects[].phase as $p ([]; (phases[$p] // $p) as $title | if index([$title]) then . else . + [$title] end))[] as $title | ($title | h),
		($all.objects[] | select((phases[.phase] // .phase) == $title) | (.differ = differences) as $o
			| [(.object | named)] + [$columns[] as $c | $o[$c] // 0] + [verdict])]);

# By code, each with what to do once; a record that refers to one of these follows it, and is told in a number.
def file: "data/\(.object)/\(.stage).\(.kind).ndjson";
def causes: following as $after | primary as $first | if $first == [] then "" else "<h2 id=\"causes\">Set aside: why, and what to do</h2>\n"
	+ laid("wide stack"; ["object", "records", "field", "one of them", "what was said", "all of them"]; [1];
		[$first[] | . as $list | .[0] as $c | "\($c.code | h): \(map(.count) | add | records) \($c.kind | kinds | h)"
			+ (after($after; $c) | if . > 0 then ", \(grouped) more follow" else "" end) + "<small>\($c.code | todo | h)</small>",
			($list[] | [.object, .count, .field, {html: (.record // "" | h)}, {class: "said", html: (.message | h)}, {html: link(file)}])])
	+ "<p>Each file has the records unchanged, with the reason as the member _error. A record that follows another says in _error.root which; it comes along when that one is mended and make is run again.</p>\n" end;
def left: [.fields.left_behind[] | [.object, .field, .values, .fate, .reason]] | sort_by(.[3] == "dropped", .[0])
	| if . == [] then "" else "<details><summary>\(length | counted("field with values has"; "fields with values have")) no column of their own, each for a reason</summary>"
		+ table(["object", "field", "values", "fate", "reason"]; [2]; map(.[4] |= {class: "said", html: h})) + "</details>\n" end;
def sums: [.objects[] | select(.sums) | "<h2>\(.object | h): \(.sums.of | h) by \(.sums.by | h), exact</h2>"
	+ table([.sums.by, "source", "sum", "target", "sum", "set aside", "sum"]; [range(1; 7)];
		[.sums.groups[] | [(if .group == "" then "(blank)" else .group end), (.source, .target, .set_aside | .count, .sum)]])] | add // "";
# The state of the rows now that the closing is done.
def states: {"opportunity": ["open", "won", "lost"], "product": ["active", "retired", "draft", "under revision"]};
def tallies: [.objects[] | select(.tally.by == "statecode") | (if .object == "close" then "opportunity" else .object | sub("-done$"; "") end) as $name
	| (states[$name] // ["open", "completed", "cancelled", "scheduled"]) as $words
	| "\($name | h): \([.tally.groups[] | "\(.count | grouped) \(.group as $g | ($g | tonumber? | $words[.]) // $g | h)"] | join(", "))"]
	| if . == [] then "" else "<li>As they are now: \(join("; "))</li>" end;
def people: "<h2>Owners, lifecycle, files, settings</h2>\n<ul>"
	+ (.owners | "<li>Owners: \(.users | grouped) matched to users, \(.teams | grouped) to teams, \(.missing | grouped) missing, \(.inactive | grouped) inactive, \(.ambiguous | grouped) ambiguous"
		+ (if .fallback then "; \(.records_with_fallback | records) went to the fallback owner \(.fallback | h), the original owner is in sm_original_owner" else "" end)
		+ (if .missing + .inactive + .ambiguous > 0 then ". For the administrator: " + link("data/owner/queue.csv") else "" end) + "</li>")
	+ (.lifecycle | "<li>Contacts by their \(.field | h): \(.lead | grouped) to lead, \(.contact | grouped) to contact, \(.undecided | grouped) undecided</li>")
	+ (.lead_deals | "<li>Deals of contacts that became leads: \(.linked | grouped) linked, \(.queued | grouped) queued, \(.promoted | grouped) promoted (LEAD_DEALS=\(.policy | h))</li>")
	+ tallies
	+ (.files | "<li>Files: \(.count | grouped), \(.bytes | grouped) bytes, each compared with its source by hash; \(.set_aside | grouped) set aside</li>")
	+ (.custom | "<li>Custom fields: " + (.columns | to_entries | map("\(.value) \(.key | h)") | join(", ") | if . == "" then "none" else . end)
		+ "; tags as \(.tags // "?" | h); columns of the schema: " + (.schema | to_entries | map("\(.value | grouped) \(.key | h)") | join(", ") | if . == "" then "none" else . end) + "</li>")
	+ (.handoff | if . == [] then "" else "<li>Handed to people: \(map(link(.)) | join(", "))</li>" end)
	+ (.settings | "<li>Settings: namespace \(.namespace | h), organisation \(.organization | h), rejects accepted: \(.allow_rejects | h)</li>") + "</ul>\n";
"<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">
<title>Migration report</title>
<style>
:root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#d1242f}
body{font:15px/1.5 system-ui,sans-serif;max-width:86rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
.verdict{font-size:1.1rem;font-weight:600;padding:.6rem .9rem;border-left:.4rem solid}
.good{border-color:var(--good)}.bad{border-color:var(--bad)}.off{color:var(--bad);font-weight:600}
.wide{overflow-x:auto}table{border-collapse:separate;border-spacing:0;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .5rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}td{white-space:nowrap}
thead th{vertical-align:bottom}.zero,small{opacity:.6}small{font-size:.85em;font-weight:400}
.said{white-space:normal;min-width:16rem;max-width:36rem}
.phase th{padding-top:1rem;border-bottom-color:currentColor;font-weight:600;position:static}
.phase div{position:sticky;left:0;width:fit-content;max-width:calc(100vw - 3rem)}.phase small{display:block}summary{cursor:pointer;margin:1rem 0}
th:first-child,td:first-child{position:sticky;left:0;background:Canvas;padding-left:0}
th{overflow-wrap:normal}.n{text-align:right}
@media (max-width:40rem){td small{display:block;white-space:normal;max-width:8rem}
.stack thead{display:none}.stack table,.stack tbody,.stack tr,.stack .phase th{display:block}.stack tr:not(.phase){display:grid;grid-template-columns:7rem auto 1fr 1fr;gap:0 .5rem;padding:.4rem 0;border-bottom:1px solid var(--line)}
.stack td{border:0;padding:0;position:static;white-space:normal}.stack .said,.stack td:last-child{grid-column:1/-1;max-width:none;min-width:0;white-space:normal}}
@media print{body{margin:0;max-width:none}.wide{overflow:visible}}
</style></head><body>
<h1>Salesmate to Dynamics 365 Sales</h1>",
headline + problems + brief + books + causes + sums + people + left, "</body></html>"

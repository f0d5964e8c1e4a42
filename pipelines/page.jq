# index.html: the same for people; self-contained, every text of the data escaped, problems first.
def h: tostring | @html;
# 9972458.0000 -> 9,972,458.0000
def grouped: tostring | capture("^(?<sign>-?)(?<whole>[0-9]+)(?<rest>[.][0-9]+)?$")
	| .sign + (.whole | gsub("(?<d>[0-9])(?=([0-9]{3})+$)"; "\(.d),")) + (.rest // "");
def cell: if type == "number" or (type == "string" and test("^-?[0-9]+([.][0-9]+)?$")) then "<td class=\"n\">\(grouped)</td>" else "<td>\(h)</td>" end;
# $numbers: the places of the columns whose heads stand at the right; a row that is a text is a heading over those below it
def table($head; $numbers; $rows): "<div class=\"wide\"><table><thead><tr>"
	+ ([$head | to_entries[] | .key as $i | if any($numbers[]; . == $i) then "<th class=\"n\">\(.value | h)</th>" else "<th>\(.value | h)</th>" end] | add)
	+ "</tr></thead><tbody>" + ([$rows[] | if type == "string" then "<tr class=\"phase\"><th colspan=\"\($head | length)\">\(h)</th></tr>\n"
		else "<tr>" + (map(cell) | add) + "</tr>\n" end] | add // "") + "</tbody></table></div>\n";
def verdict: if .reached == false then "not reached" elif .balanced then "balanced" else "not balanced" end;
def differences: .field_mismatches + .link_mismatches + (.missing_rows // 0) + (.unexpected_rows // 0);
def columns: ["source", "created", "updated", "matched", "unchanged", "skipped", "queued", "rejected", "fields_verified", "links_verified", "differ"];
def rank: {rejects: 0, queue: 1, skipped: 2}[.] // 3;
def headline: if .balanced then "<p class=\"verdict good\">Balanced: every record is accounted for, and every field and link read back is as mapped.</p>"
	elif .complete then "<p class=\"verdict bad\">The books do not balance.</p>"
	else "<p class=\"verdict bad\">Stopped before \(first(.objects[] | select(.reached == false) | .object) | h); what was reached is below.</p>" end;
def problems: [.objects[] | select(.reached != false and (.balanced | not))
		| "<li>\(.object | h): the books do not balance; \(differences | grouped) differences are in data/\(.object | h)/60-mismatches.ndjson</li>"]
	| if . == [] then "" else "<ul class=\"problems\">\(add)</ul>\n" end;
def phases: {products: "Products", accounts: "Accounts, contacts and leads", contacts: "Accounts, contacts and leads", leads: "Accounts, contacts and leads", opportunities: "Opportunities and their lines",
	activities: "Activities and e-mails", notes: "Notes and files", inbox: "Team inbox, and what came with mails", own: "Modules of this migration",
	links: "Links that had to wait for their rows", closing: "Closing: rows that are there already become won or lost, completed, sent or retired", handoff: "Handed to people"};
def books: . as $all | "<h2>Records</h2>" + table(["object"] + columns + ["books"] | map(gsub("_"; " ")); [range(1; columns | length + 1)];
	[(reduce $all.objects[].phase as $p ([]; (phases[$p] // $p) as $title | if index([$title]) then . else . + [$title] end))[] as $title | $title,
		($all.objects[] | select((phases[.phase] // .phase) == $title) | (.differ = differences) as $o | [.object] + [columns[] as $c | $o[$c]] + [verdict])]);
# A record that refers to one that was set aside, and the closing of one that was, have their cause there: they are told apart.
def follows: .[4] | IN("reference-rejected", "reference-queued");
def causes: [.objects[] | .object as $o | .phase as $p | .causes[]? | [$o, .count, .kind, .stage, .code, .field, $p]] | sort_by((.[2] | rank), -.[1])
	| map(select((.[6] | IN("links", "closing") | not) or (follows | not)) | .[:6]) as $all
	| ($all | map(select(follows | not))) as $first | ($all | map(select(follows))) as $after
	| (if $first == [] then "" else "<h2>Set aside, by cause</h2>" + table(["object", "records", "kind", "stage", "code", "field"]; [1]; $first)
		+ "<p>Each record is in data/&lt;object&gt;/&lt;stage&gt;.&lt;kind&gt;.ndjson, unchanged, with its reason as the member _error.</p>\n" end)
	+ (if $after == [] then "" else "<details><summary>\($after | map(.[1]) | add | grouped) records refer to one of these, or to one that does</summary>"
		+ table(["object", "records", "kind", "stage", "code", "field"]; [1]; $after)
		+ "<p>Once the first is mended, make takes them along. Each says in _error.root which record that is.</p></details>\n" end);
def left: [.fields.left_behind[] | [.object, .field, .values, .fate, .reason]] | sort_by(.[3] == "dropped", .[0])
	| if . == [] then "" else "<details><summary>\(length) fields with values have no column of their own, each for a reason</summary>"
		+ table(["object", "field", "values", "fate", "reason"]; [2]; .) + "</details>\n" end;
def sums: [.objects[] | select(.sums) | "<h2>\(.object | h): \(.sums.of | h) by \(.sums.by | h), exact</h2>"
	+ table([.sums.by, "source", "sum", "target", "sum", "set aside", "sum"]; [range(1; 7)];
		[.sums.groups[] | [(if .group == "" then "(blank)" else .group end), (.source, .target, .set_aside | .count, .sum)]])] | add // "";
def people: "<h2>Owners, lifecycle, files, settings</h2><ul>"
	+ (.owners | "<li>Owners: \(.matched | grouped) matched, \(.missing | grouped) missing, \(.inactive | grouped) inactive, \(.ambiguous | grouped) ambiguous"
		+ (if .fallback then "; \(.records_with_fallback | grouped) records went to the fallback owner \(.fallback | h)" else "" end) + "</li>")
	+ (.lifecycle | "<li>Contacts by their \(.field | h): \(.lead | grouped) to lead, \(.contact | grouped) to contact, \(.undecided | grouped) undecided</li>")
	+ (.lead_deals | "<li>Deals of contacts that became leads: \(.linked | grouped) linked, \(.queued | grouped) queued, \(.promoted | grouped) promoted (LEAD_DEALS=\(.policy | h))</li>")
	+ (.files | "<li>Files: \(.count | grouped), \(.bytes | grouped) bytes, each compared with its source by hash" + "</li>")
	+ (.custom | "<li>Custom fields: " + (.columns | to_entries | map("\(.value) \(.key | h)") | join(", ") | if . == "" then "none" else . end) + "; tags as \(.tags // "?" | h)</li>")
	+ (.settings | "<li>Settings: namespace \(.namespace | h), organisation \(.organization | h), rejects accepted: \(.allow_rejects | h)</li>") + "</ul>\n";
"<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">
<title>Migration report</title>
<style>
:root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#d1242f}
body{font:15px/1.5 system-ui,sans-serif;max-width:82rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
.verdict{font-size:1.1rem;font-weight:600;padding:.6rem .9rem;border-left:.4rem solid}
.good{border-color:var(--good)}.bad{border-color:var(--bad)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .5rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:bottom}td{white-space:nowrap}
.phase th{padding-top:1rem;border-bottom-color:currentColor;font-weight:600;text-align:left;position:static}summary{cursor:pointer;margin:1rem 0}
th:first-child,td:first-child{position:sticky;left:0;background:Canvas;padding-left:0}
th{overflow-wrap:normal}.n{text-align:right}
@media print{body{margin:0;max-width:none}.wide{overflow:visible}}
</style></head><body>
<h1>Salesmate to Dynamics 365 Sales</h1>",
headline + problems + books + causes + sums + people + left, "</body></html>"

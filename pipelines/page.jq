# index.html: the same for people; self-contained, every text of the data escaped, problems first.
def h: tostring | @html;
# 9972458.0000 -> 9,972,458.0000
def grouped: tostring | capture("^(?<sign>-?)(?<whole>[0-9]+)(?<rest>[.][0-9]+)?$")
	| .sign + (.whole | gsub("(?<d>[0-9])(?=([0-9]{3})+$)"; "\(.d),")) + (.rest // "");
def cell: if type == "number" or (type == "string" and test("^-?[0-9]+([.][0-9]+)?$")) then "<td class=\"n\">\(grouped)</td>" else "<td>\(h)</td>" end;
# $numbers: the places of the columns whose heads stand at the right
def table($head; $numbers; $rows): "<div class=\"wide\"><table><thead><tr>"
	+ ([$head | to_entries[] | .key as $i | if any($numbers[]; . == $i) then "<th class=\"n\">\(.value | h)</th>" else "<th>\(.value | h)</th>" end] | add)
	+ "</tr></thead><tbody>" + ([$rows[] | "<tr>" + (map(cell) | add) + "</tr>\n"] | add // "") + "</tbody></table></div>\n";
def verdict: if .reached == false then "not reached" elif .balanced then "balanced" else "not balanced" end;
def differences: .field_mismatches + .link_mismatches + (.missing_rows // 0) + (.unexpected_rows // 0);
def columns: ["source", "created", "updated", "matched", "unchanged", "skipped", "queued", "rejected", "fields_verified", "field_mismatches", "links_verified", "link_mismatches"];
def rank: {rejects: 0, queue: 1, skipped: 2}[.] // 3;
def headline: if .balanced then "<p class=\"verdict good\">Balanced: every record is accounted for, and every field and link read back is as mapped.</p>"
	elif .complete then "<p class=\"verdict bad\">The books do not balance.</p>"
	else "<p class=\"verdict bad\">Stopped before \(first(.objects[] | select(.reached == false) | .object) | h); what was reached is below.</p>" end;
def problems: [.objects[] | select(.reached != false and (.balanced | not))
		| "<li>\(.object | h): the books do not balance; \(differences | grouped) differences are in data/\(.object | h)/60-mismatches.ndjson</li>"]
	| if . == [] then "" else "<ul class=\"problems\">\(add)</ul>\n" end;
def books: "<h2>Records</h2>" + table(["object"] + columns + ["books"] | map(gsub("_"; " ")); [range(1; columns | length + 1)];
	[.objects[] | . as $o | [.object] + [columns[] as $c | $o[$c]] + [verdict]]);
def causes: [.objects[] | .object as $o | .causes[]? | [$o, .count, .kind, .code, .field, .stage]] | sort_by((.[2] | rank), -.[1])
	| if . == [] then "" else "<h2>Set aside, by cause</h2>" + table(["object", "records", "kind", "code", "field", "stage"]; [1]; .)
		+ "<p>Each record is in data/&lt;object&gt;/&lt;stage&gt;.&lt;kind&gt;.ndjson, unchanged, with its reason as the member _error.</p>\n" end;
def sums: [.objects[] | select(.sums) | "<h2>\(.object | h): \(.sums.of | h) by \(.sums.by | h), exact</h2>"
	+ table([.sums.by, "source", "sum", "target", "sum", "set aside", "sum"]; [range(1; 7)];
		[.sums.groups[] | [(if .group == "" then "(blank)" else .group end), (.source, .target, .set_aside | .count, .sum)]])] | add // "";
def people: "<h2>Owners, lifecycle, deals of leads</h2><ul>"
	+ (.owners | "<li>Owners: \(.matched | grouped) matched, \(.missing | grouped) missing, \(.inactive | grouped) inactive, \(.ambiguous | grouped) ambiguous"
		+ (if .fallback then "; \(.records_with_fallback | grouped) records went to the fallback owner \(.fallback | h)" else "" end) + "</li>")
	+ (.lifecycle | "<li>Contacts by their \(.field | h): \(.lead | grouped) to lead, \(.contact | grouped) to contact, \(.undecided | grouped) undecided</li>")
	+ (.lead_deals | "<li>Deals of contacts that became leads: \(.linked | grouped) linked, \(.queued | grouped) queued, \(.promoted | grouped) promoted (LEAD_DEALS=\(.policy | h))</li>")
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
th:first-child,td:first-child{position:sticky;left:0;background:Canvas;padding-left:0}
th{overflow-wrap:normal}.n{text-align:right}
@media print{body{margin:0;max-width:none}.wide{overflow:visible}}
</style></head><body>
<h1>Salesmate to Dynamics 365 Sales</h1>",
headline + problems + books + causes + sums + people, "</body></html>"

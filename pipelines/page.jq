# index.html: the same for people; self-contained, escaped throughout.
def h: tostring | @html;
def cells($tag): map("<\($tag)>\(. | h)</\($tag)>") | add;
def verdict: if .reached == false then "not reached" elif .balanced then "balanced" else "not balanced" end;
def columns: ["source", "created", "updated", "matched", "unchanged", "skipped", "queued", "rejected", "fields_verified", "field_mismatches", "links_verified", "link_mismatches"];
"<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">
<title>Migration report</title>
<style>
:root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#b42318}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
.verdict{font-size:1.1rem;font-weight:600;padding:.6rem .9rem;border-left:.4rem solid}
.good{border-color:var(--good)}.bad{border-color:var(--bad)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child,.text td{text-align:left}
@media print{body{margin:0;max-width:none}}
</style></head><body>
<h1>Salesmate to Dynamics 365 Sales</h1>
<p class=\"verdict \(if .balanced then "good\">Balanced: every record is accounted for, and every field and link read back is as mapped." elif .complete then "bad\">The books do not balance." else "bad\">Stopped at a gate; what was reached is below." end)</p>
<h2>Records</h2><div class=\"wide\"><table><thead><tr>\(["object"] + columns + ["books"] | map(gsub("_"; " ")) | cells("th"))</tr></thead><tbody>"
+ ([.objects[] | . as $o | "<tr>\([.object] + [columns[] as $c | $o[$c]] + [verdict] | cells("td"))</tr>"] | add)
+ "</tbody></table></div>"
+ ([.objects[] | select(.sums) | "<h2>\(.object | h): \(.sums.of | h) by \(.sums.by | h)</h2><div class=\"wide\"><table><thead><tr>\(["", "source", "sum", "target", "sum", "set aside", "sum"] | cells("th"))</tr></thead><tbody>"
	+ ([.sums.groups[] | "<tr>\([if .group == "" then "(blank)" else .group end, .source.count, .source.sum, .target.count, .target.sum, .set_aside.count, .set_aside.sum] | cells("td"))</tr>"] | add // "")
	+ "</tbody></table></div>"] | add // "")
+ "<h2>Owners, lifecycle, deals of leads</h2><ul>"
+ "<li>Owners: \(.owners.matched | h) matched, \(.owners.missing | h) missing, \(.owners.inactive | h) inactive, \(.owners.ambiguous | h) ambiguous"
+ (if .owners.fallback then "; \(.owners.records_with_fallback | h) records went to the fallback owner \(.owners.fallback | h)" else "" end) + "</li>"
+ "<li>Lifecycle field \(.lifecycle.field | h): \(.lifecycle.lead | h) leads, \(.lifecycle.contact | h) contacts, \(.lifecycle.undecided | h) undecided</li>"
+ "<li>Deals whose contact became a lead (policy \(.lead_deals.policy | h)): \(.lead_deals.linked | h) linked, \(.lead_deals.queued | h) queued, \(.lead_deals.promoted | h) contacts promoted</li></ul>"
+ "<h2>Set aside, by cause</h2><div class=\"wide\"><table class=\"text\"><thead><tr>\(["object", "records", "kind", "code", "field", "stage"] | cells("th"))</tr></thead><tbody>"
+ ([.objects[] | .object as $o | .causes[]? | "<tr>\([$o, .count, .kind, .code, .field, .stage] | cells("td"))</tr>"] | add // "")
+ "</tbody></table></div><p>Each record is in data/&lt;object&gt;/&lt;stage&gt;.rejects.ndjson, .queue.ndjson or .skipped.ndjson, unchanged, with its reason.</p></body></html>"

# The inventory of smart flows, --arg form md or html.  Input: the enrolments; --slurpfile flow, equivalent (trigger, equivalent),
# books (of the membership).  Every text of the data is escaped.  Memory: a few words an enrolment.
def seconds: if type == "number" then (if . > 99999999999 then . / 1000 else . end)
	elif type == "string" and test("^[0-9]{9,}$") then tonumber | seconds
	elif type == "string" then (sub("[.][0-9]+"; "") | try fromdateiso8601 catch null) else null end;
def folded: (. // "") | tostring | ascii_downcase | gsub("^\\s+|\\s+$"; "");
def yes: . == 1 or . == true or . == "1" or . == "true" or . == "Yes";
def days: . / 86400 * 10 | round / 10 | "\(.) day\(if . == 1 then "" else "s" end)";
def text: if . == null or . == "" then "(none)" else tostring end;
def tally(f): group_by(f) | map({key: (.[0] | f), value: length}) | from_entries;
def counts: to_entries | sort_by(-.value, .key) | map("\(.key): \(.value)") | join(", ");

def e: text | if $form == "html" then @html
	else gsub("[\r\n]+"; " ") | gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub("(?<c>[\\\\`*_{}\\[\\]#|~])"; "\\\(.c)") end;
def heading($n): if $form == "html" then "<h\($n)>\(e)</h\($n)>" else ("#" * $n) + " " + e + "\n" end;
def para: if $form == "html" then "<p>\(e)</p>" else e + "\n" end;
def table: if $form == "html" then "<table><tbody>" + (map("<tr><th scope=\"row\">\(.[0] | e)</th><td>\(.[1] | e)</td></tr>") | join("\n")) + "</tbody></table>"
	else "| | |\n| --- | --- |\n" + (map("| \(.[0] | e) | \(.[1] | e) |\n") | join("")) end;

($equivalent | map({key: (.trigger | folded), value: .equivalent}) | from_entries) as $instead
| ([inputs | {f: "\(.flowId)", name: .flowName, s: (.status | text), step: (.currentStep | text),
		took: (if (.status | folded) == "completed" then (.exitedAt | seconds) as $to | (.enrolledAt | seconds) as $from
			| if $to and $from and $to >= $from then $to - $from else null end else null end)}]
	| group_by(.f) | map({key: .[0].f, value: {n: length, name: .[0].name, status: tally(.s), step: tally(.step), took: map(.took | select(.))}})
	| from_entries) as $enrolled
| ($flow | map("\(.id)")) as $known
| def facts: . as $f | ($enrolled["\($f.id)"] // {n: 0, status: {}, step: {}, took: []}) as $m | ($m.took | sort) as $took
	| [["Works on", $f.module], ["Trigger", $f.trigger], ["Steps", $f.stepCount],
		["Cadence", (if $f.cadence then $f.cadence else "not in the export"
			+ (if $took == [] then "" else "; completed enrolments took \($took[($took | length) / 2 | floor] | days) (median), from \($took[0] | days) to \($took[-1] | days)" end) end)],
		["Enrolments", $m.n], ["By status", ($m.status | counts)], ["By step reached", ($m.step | to_entries | sort_by(.key | tonumber? // 1e9) | map("step \(.key): \(.value)") | join(", "))],
		["Still under way", (($m.status | to_entries | map(select(.key | folded | IN("active", "paused")) | .value) | add // 0 | tostring)
			+ " to be connected to the new flow by hand; they are in smart-flow-membership.csv with the step they reached")],
		["Recommended in Power Automate", ($instead[$f.trigger | folded] // $instead["*"])]]
	+ (if ($f.steps | type) == "array" then [$f.steps | to_entries[] | ["Step \(.key + 1)", (.value | if type == "object" then (.name // .type // tojson) else . end)]] else [] end);
[$flow[] | select(.isActive | yes)] as $active | [$flow[] | select(.isActive | yes | not)] as $inactive
| ($enrolled | to_entries | map(select(.key as $k | $known | index($k) | not))) as $strange
| (if $form == "html" then "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">
<title>Smart flows</title>
<style>
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem;margin:1.5rem 0 .3rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.3rem .5rem;border-bottom:1px solid #8884;text-align:left;vertical-align:top}th{width:14rem;font-weight:600}
@media(max-width:40rem){th,td{display:block;width:auto}th{border:0;padding-bottom:0}}
@media print{body{margin:0;max-width:none}}
</style></head><body>" else empty end),
("Smart flows" | heading(1)),
("Dynamics 365 takes no running flows over. This is what ran in Salesmate. Active flows, to be built anew: \($active | length); inactive ones: \($inactive | length). "
	+ "Of \($books[0].source // 0) enrolments \($books[0].created // 0) are in smart-flow-membership.csv, \((($books[0].rejected // 0) + ($books[0].queued // 0) + ($books[0].skipped // 0))) were set aside with their reason." | para),
("Active" | heading(2)),
(if $active == [] then "None." | para else empty end),
($active[] | (.name | heading(3)), (facts | table)),
("Inactive" | heading(2)),
(if $inactive == [] then "None." | para else empty end),
($inactive[] | (.name | heading(3)), (facts | map(select(.[0] | IN("Still under way", "Recommended in Power Automate") | not)) | table)),
(if $strange != [] then ("Not in the export" | heading(2)),
	("Flows that enrolments name and the list of flows does not have; their enrolments are set aside." | para),
	($strange | map(["flow \(.key)", "\(.value.name | text): enrolments \(.value.n)"]) | table) else empty end),
(if $form == "html" then "</body></html>" else empty end)

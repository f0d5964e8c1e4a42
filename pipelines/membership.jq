# The memberships as CSV for people and their spreadsheets: RFC 4180, times in UTC, no cell that a spreadsheet would run
# (a text that begins with = + - @ TAB or CR gets a ' in front, so does one where a ' is in front already).
# --slurpfile name: what the records are called; --arg bom yes: a byte order mark for Excel.  Memory: all rows, for the repeats are counted.
def safe: if type == "string" and test("^'*[=+@\t\r-]") then "'" + . else . end;
def line: map(if . == null then "" else tostring | safe end) | @csv + "\r\n";
def key: "\(.flow_id) \(.module) \(.source_id)";
($name | map({key: .id, value: .name}) | from_entries) as $called
| [inputs] as $rows
| (reduce $rows[] as $r ({}; .[$r | key] += 1)) as $times
| (if $bom == "yes" then "\ufeff" else empty end),
(["Flow", "Record", "Kind", "Salesmate id", "Target table", "Target record id", "Enrolled at", "Exited at", "Step reached", "Status",
	"Flow id", "Enrolment", "Repeated"] | line),
(foreach $rows[] as $r ({seen: {}}; .seen[$r | key] += 1 | .n = .seen[$r | key];
	($r | to_entries[] | select(.key | startswith("target_"))) as $to
	| ($to.value | capture("[(](?<id>[^)]*)[)]").id) as $id
	| [$r.flow, $called[$id], $r.module, $r.source_id, ($to.key | capture("^target_(?<t>[^@]*)").t), $id, $r.enrolled_at, $r.exited_at, $r.step, $r.status,
		$r.flow_id, $r.enrolment, (if $times[$r | key] > 1 then "\(.n) of \($times[$r | key])" else "" end)] | line))

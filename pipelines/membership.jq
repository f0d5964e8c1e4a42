# The memberships as CSV for people and their spreadsheets: RFC 4180, times in UTC, no cell that a spreadsheet would run: a text
# that begins with = + - @ (or their wide forms), TAB, CR or LF, blanks before it or not, gets a ' in front.  So does one where
# a ' is in front already: taking one ' off such a cell gives the text back (membership-read.jq does).
# --slurpfile name: what the records are called; --arg bom yes: a byte order mark for Excel.  Memory: the enrolments, for the repeats are counted.
def safe: if type == "string" and test("^'*\\s*[=+@\\-＝＋－＠]|^'*[\t\r\n]") then "'" + . else . end;
def line: map(if . == null then "" else tostring | safe end) | @csv + "\r\n";
($name | map({key: .id, value: .name}) | from_entries) as $called
| (if $bom == "yes" then "\ufeff" else empty end),
(["Flow", "Record", "Kind", "Salesmate id", "Target table", "Target record id", "Enrolled at", "Exited at", "Step reached", "Status",
	"Flow id", "Enrolment", "Repeated"] | line),
([inputs] | to_entries | group_by(.value | [.flow_id, .module, .source_id])
	| map(length as $n | to_entries[] | .value + {repeated: (if $n > 1 then "\(.key + 1) of \($n)" else "" end)}) | sort_by(.key)[]
	| .repeated as $repeated | .value
	| (to_entries[] | select(.key | startswith("target_"))) as $to
	| ($to.value | capture("[(](?<id>[^)]*)[)]").id) as $id
	| [.flow, $called[$id], .module, .source_id, ($to.key | capture("^target_(?<t>[^@]*)").t), $id, .enrolled_at, .exited_at, .step, .status,
		.flow_id, .enrolment, $repeated] | line)

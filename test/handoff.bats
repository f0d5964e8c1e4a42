load helper

# What people take over: the CSV of memberships, safe in a spreadsheet, and the inventory of flows.

jqs=$root/pipelines

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# rows TEXT...: a membership for each flow name.
rows() {
	local n=0 t
	for t in "$@"; do
		n=$((n + 1))
		jq -n -c --arg t "$t" --arg n "$n" '{_table: "smart_flow_membership", _source: {id: $n}, smart_flow_membershipid: "00000000-0000-4000-8000-00000000000\($n[-1:])",
			enrolment: $n, flow: $t, flow_id: "1", module: "Contact", source_id: "7", "target_contact@odata.bind": "/contacts(c7)", step: "2", status: "Active"}'
	done
}
csv() { jq -n -j --slurpfile name names --arg bom "${1:-}" -f "$jqs/membership.jq" rows >out.csv; }

@test "no cell of the CSV is a formula, and every text comes back as it was" {
	texts=('=1+1' '+1' '-1' '@SUM(A1)' $'\tx' $'\r=x' $'\n=x' '  =1' '＝1' "'=1" "''-1" "'quoted'" "it's" 'a=b' 'say "x", y')
	rows "${texts[@]}" >rows
	echo '{"id":"c7","name":"=cmd|x"}' >names
	csv
	csv-ndjson --keep out.csv >cells
	run jq -r '.[] | select(type == "string" and test("^\\s*[=+@\\-＝＋－＠]|^[\t\r\n]"))' cells
	[ -z "$output" ]
	jq -n -c --slurpfile row rows -f "$jqs/membership-read.jq" cells | jq -c .flow | diff - <(jq -c .flow rows)
	[ "$(jq -r '.Repeated' cells | sed -n 15p)" = '15 of 15' ]
}

@test "a byte order mark comes first when it is asked for, and only then" {
	rows 'Été' >rows
	echo '{"id":"c7","name":"Zoë"}' >names
	csv yes
	[ "$(head -c 3 out.csv | od -An -tx1)" = ' ef bb bf' ]
	csv
	[ "$(head -c 1 out.csv)" = '"' ]
	run grep -c $'\r$' out.csv
	[ "$output" = 2 ]
}

@test "the inventory names trigger, cadence, steps, enrolments and what should replace a flow, and escapes every text" {
	cat >flow <<-'F'
	{"id":1,"name":"<script>alert(1)</script> | *x*","module":"Contact","isActive":1,"trigger":"Manual","stepCount":2,"cadence":"2 & 3 days","steps":["<b>call</b>","mail"]}
	{"id":2,"name":"Old","module":"Deal","isActive":0,"trigger":"Nobody knows","stepCount":1}
	F
	echo '{"trigger":"Manual","equivalent":"Instant <flow>"}' >eq
	echo '{"source":3,"created":2,"rejected":1}' >books
	cat >enrolled <<-'F'
	{"id":1,"flowId":1,"flowName":"x","status":"Active","currentStep":1,"enrolledAt":1500000000}
	{"id":2,"flowId":1,"flowName":"x","status":"Completed","currentStep":2,"enrolledAt":1500000000,"exitedAt":1500086400}
	{"id":3,"flowId":9,"flowName":"<i>gone</i>","status":"Active","currentStep":1,"enrolledAt":1500000000}
	F
	for form in md html; do
		jq -n -r --arg form $form --slurpfile flow flow --slurpfile equivalent eq --slurpfile books books -f "$jqs/flows.jq" enrolled >"out.$form"
		run grep -E '<(script|b|i|flow)>' "out.$form"
		[ "$status" -eq 1 ]
	done
	for text in '<td>Manual</td>' '<td>2 &amp; 3 days</td>' '<td>Instant &lt;flow&gt;</td>' '<td>step 1: 1, step 2: 1</td>' '<td>Active: 1, Completed: 1</td>' \
		'&lt;b&gt;call&lt;/b&gt;' '&lt;i&gt;gone&lt;/i&gt;' 'Active flows, to be built anew: 1; inactive ones: 1' 'Of 3 enrolments 2 are in'; do
		grep -qF "$text" out.html || { echo "$text"; false; }
	done
	grep -qF '### &lt;script>alert(1)&lt;/script> \| \*x\*' out.md
}

@test "what a conversation's messages say of it: who, how many, the first and the last, whatever their order in the file" {
	cat >messages <<-'F'
	{"id":1,"conversationId":7,"fromName":"Ann","fromEmail":"a@x.example","toEmails":["Team@x.example"],"_order":{"time":"2017-01-01T00:00:00Z","place":1}}
	{"id":2,"conversationId":8,"fromEmail":"c@x.example","toEmails":[],"_order":{"time":"2017-01-02T00:00:00Z","place":1}}
	{"id":3,"conversationId":7,"fromName":"Bob","fromEmail":"team@x.example","toEmails":["a@x.example"],"_order":{"time":"2017-01-03T00:00:00Z","place":2}}
	{"id":4,"conversationId":"","fromEmail":"z@x.example"}
	F
	jq -r -f "$jqs/inbox-people.jq" messages | LC_ALL=C sort -s -t $'\t' -k 1,1 | jq -n -R -c -f "$jqs/inbox.jq" >out
	diff out - <<-'F'
	{"conversationId":7,"participants":"Ann <a@x.example>\nBob <team@x.example>","count":2,"first":"2017-01-01T00:00:00Z","last":"2017-01-03T00:00:00Z"}
	{"conversationId":8,"participants":"c@x.example","count":1,"first":"2017-01-02T00:00:00Z","last":"2017-01-02T00:00:00Z"}
	F
}

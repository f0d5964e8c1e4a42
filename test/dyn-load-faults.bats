# dyn-load under faults: whatever is lost on the wire or on our side, the rows are there once

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
}

sandbox() {	# [OPTION...]
	local t n=0
	if [ ! -d metadata ]; then
		mkdir metadata
		cp "$fixtures"/metadata/{account,contact,email,annotation,activityparty,activitypointer,organization,systemuser,transactioncurrency}.ndjson metadata
		for t in account contact; do
			n=$((n + 1))
			sed "s/@TABLE@/$t/; s/@ID@/00000000-0000-4000-8000-00000000000$n/" "$fixtures/dyn-load/columns.ndjson" >>"metadata/$t.ndjson"
		done
	fi
	start dyn-sandbox dyn-sandbox --store "$BATS_TEST_TMPDIR/store" --metadata metadata "$@"
	export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port
}

rows() {	# FROM TO [EXTRA]
	jq -nc --argjson from "$1" --argjson to "$2" 'def pad(k): tostring | ("0" * (k - length)) + .;
		range($from; $to + 1) as $n |
		{_table: "account", _source: {module: "company", id: ($n | tostring), hash: ($n | pad(32))},
		accountid: ("00000001-0000-8000-8000-" + ($n | pad(12))), name: "Company \($n)", sm_salesmate_id: ($n | tostring)} + ('"${3:-{\}}"')'
}

notes() {	# FROM TO: a table without bulk message and without sm_salesmate_id
	jq -nc --argjson from "$1" --argjson to "$2" 'def pad(k): tostring | ("0" * (k - length)) + .;
		range($from; $to + 1) as $n |
		{_table: "annotation", _source: {module: "note", id: ($n | tostring), hash: ($n | pad(32))},
		annotationid: ("00000004-0000-8000-8000-" + ($n | pad(12))), subject: "Note \($n)", notetext: "text"}'
}

load_rows() { dyn-load --journal journal --rejects rejects "$@" >out 2>err; }

outcomes() { jq -r .outcome "${1:-out}" | sort | uniq -c | awk '{ printf "%s%s %s", sep, $2, $1; sep = ", " } END { print "" }'; }

# complete N: N accounts and N notes, each with its own name; every outcome sits on its row
complete() {
	dyn-extract account --select name,sm_salesmate_id 2>/dev/null | jq -r '[.accountid[-12:], .name, .sm_salesmate_id] | @tsv' | sort >accounts
	seq "$1" | awk '{ printf "%012d\tCompany %d\t%d\n", $1, $1, $1 }' | sort | diff - accounts
	dyn-extract annotation --select subject 2>/dev/null | jq -r '[.annotationid[-12:], .subject] | @tsv' | sort >notes
	seq "$1" | awk '{ printf "%012d\tNote %d\n", $1, $1 }' | sort | diff - notes
	[ "$(outcomes)" = "created $((2 * $1))" ]
	jq -r '[._source.module, (._source.id | tonumber), (.id[-12:] | tonumber)] | select(.[1] != .[2])' out | diff /dev/null -
}

under() {	# FAULT...: 300 accounts and 300 notes, with these faults
	printf '%s\n' "$@" >faults
	sandbox --faults faults
	{ rows 1 300; notes 1 300; } >in
	load_rows --batch 50 <in
	[ ! -s rejects ]
	complete 300
}

@test "answers lost after the commit: the rows are asked for, and none is sent twice" {
	under "match=CreateMultiple every=3 times=4 after=drop" 'match="POST $batch" every=4 times=4 after=reset' "match=CreateMultiple at=2 after=504"
}

@test "half an answer proves nothing" {
	under 'match="POST $batch" every=3 times=3 after=half' "match=CreateMultiple every=4 times=2 after=half"
}

@test "requests that never arrived are sent again" {
	under "match=POST every=4 times=6 drop" "match=POST every=7 times=3 reset"
}

@test "parts in another order, missing or repeated: every outcome still sits on its row" {
	under 'match="POST $batch" at=1 shuffle-parts' 'match="POST $batch" at=2 drop-part=3' 'match="POST $batch" at=3 repeat-part=2' 'match="POST $batch" at=4 shuffle-parts'
}

@test "refusals among parts in another order, missing or repeated sit on the rows that were refused" {
	local form
	for form in 'shuffle-parts' 'drop-part=3' 'repeat-part=2'; do
		echo "match=\"POST \$batch\" every=1 times=3 $form" >faults
		rm -f store* journal
		sandbox --faults faults
		notes 1 60 | jq -c 'if (._source.id | tonumber) % 7 == 2 then .subject = "x" * 600 else . end' >in
		load_rows --batch 20 <in
		[ "$(outcomes)" = "created 51, rejected 9" ]
		[ "$(jq -r ._source.id rejects | sort -n | tr '\n' ' ')" = "2 9 16 23 30 37 44 51 58 " ]
		[ "$(jq -r 'select(.outcome == "rejected") | ._source.id' out | tr '\n' ' ')" = "2 9 16 23 30 37 44 51 58 " ]
		[ "$(dyn-extract annotation --select subject 2>/dev/null | wc -l)" = 51 ]
		stop_servers
	done
}

@test "a throttled user holds back and goes on" {
	under "match=POST every=5 times=3 status=429 retry-after=1" "match=POST at=4 status=429 code=0x80072326" "match=POST at=9 status=429 code=0x80072321" "part every=70 times=2 status=429 retry-after=1"
}

@test "deadlocks, 500s and gateways' pages are ridden out" {
	under "match=CreateMultiple every=3 times=3 deadlock" "part every=60 times=4 deadlock" "match=POST at=3 status=500" "match=POST at=6 status=503" "match=POST at=8 html"
}

@test "tokens that expire in the middle are renewed" {
	under "match=POST every=4 times=3 expire-tokens"
}

@test "time-outs and too large messages make calls smaller" {
	under "match=CreateMultiple at=1 status=500 code=0x80044151 message=\"SQL timeout expired. Sql Number: -2\"" "match=CreateMultiple at=2 status=413"
}

@test "a missing privilege stops the table instead of rejecting every row, and the run goes on later" {
	echo "match=POST at=2 status=403 code=0x80040220 message=\"Principal user is missing prvCreateAccount privilege\"" >faults
	sandbox --faults faults
	rows 1 300 >in
	run -77 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects --batch 50 --concurrency 1 <in'
	[ "$(grep -c prvCreateAccount <<<"$stderr")" = 1 ]
	[ ! -s rejects ]
	load_rows <in
	[ "$(outcomes)" = "created 300" ]
}

@test "a table that refuses CreateMultiple in any way is loaded in batches" {
	for fault in 'status=501' 'status=404 code="" message=""' 'status=400 code=0x80040800 message="CreateMultiple does not support it"'; do
		echo "match=CreateMultiple $fault" >faults
		rm -f store journal
		sandbox --faults faults
		rows 1 120 | load_rows
		[ "$(outcomes)" = "created 120" ]
		stop_servers
	done
}

@test "a row of ours that is refused for its alternate key is recognised as there" {
	sandbox
	rows 1 20 >in
	load_rows <in
	stop_servers
	rm journal
	for fault in 'match=CreateMultiple' 'part match="POST"'; do
		echo "$fault status=412 code=0x80060892 message=\"Entity Key sm_id violated.\"" >>faults
	done
	sandbox --faults faults
	load_rows <in
	[ "$(outcomes)" = "unchanged 20" ]
}

@test "refusals without a code are understood: gone rows, changed versions" {
	echo 'part match="PATCH accounts(" times=2 status=412 code="" message=""' >faults
	sandbox --faults faults
	rows 1 5 | load_rows
	rows 1 5 '{name: "Other"}' | load_rows
	[ "$(outcomes)" = "updated 5" ]
	stop_servers
	echo 'match="accounts(" status=404 code="" message=""' >faults
	echo 'part match="GET accounts(" status=404 code="" message=""' >>faults
	sandbox --faults faults
	rows 7 8 '{_how: "matched"}' | load_rows
	[ "$(jq -r ._error.code rejects | uniq)" = missing ]
}

@test "a service that stays away ends the run with 75, and the same command goes on" {
	echo "match=POST every=1 drop" >faults
	sandbox --faults faults
	rows 1 10 >in
	run -75 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects --retries 3 <in'
	[[ $stderr == *"no usable answer 4 times in a row"* ]]
	: >faults
	kill -HUP "$dyn_sandbox_pid"
	load_rows <in
	[ "$(outcomes)" = "created 10" ]
}

@test "killed at every step, the same command ends in the same rows" {
	local i n=0 code=137
	sandbox
	for ((i = 1; code == 137; i++)); do
		{ rows $((n + 1)) $((n + 30)); notes $((n + 1)) $((n + 30)); } >in
		code=0
		SMDYN_FAILPOINT=$i dyn-load --journal "journal.$i" --rejects rejects --batch 10 <in >out 2>err || code=$?
		[ "$code" = 137 ] || [ "$code" = 0 ]
		dyn-load --journal "journal.$i" --rejects rejects --batch 10 <in >>all 2>err
		n=$((n + 30))
	done
	[ "$i" -gt 15 ]
	mv all out
	complete "$n"
}

@test "killed at any time, the same command loses nothing and doubles nothing" {
	local i pid
	echo "every=3 delay=20" >faults
	sandbox --faults faults
	{ rows 1 600; notes 1 600; } >in
	for ((i = 1; i <= 12; i++)); do
		dyn-load --journal journal --rejects rejects --batch 20 <in >out 2>err 3>&- &
		pid=$!
		timeout 0.$((i * 3 % 10 + 1)) tail --pid="$pid" -f /dev/null || true
		kill -9 "$pid" 2>/dev/null || break
		wait "$pid" 2>/dev/null || true
	done
	load_rows <in
	complete 600
}

@test "SIGTERM lets what is in the air finish: 75, no torn journal, and the same command goes on" {
	local pid code=0
	echo "match=POST delay=200" >faults
	sandbox --faults faults
	{ rows 1 300; notes 1 300; } >in
	dyn-load --journal journal --rejects rejects --batch 10 <in >out 2>err 3>&- &
	pid=$!
	until [ -s journal ] && grep -q outcome journal; do timeout 0.05 tail --pid="$pid" -f /dev/null || true; done
	kill -TERM "$pid"
	wait "$pid" || code=$?
	[ "$code" = 75 ]
	: >faults
	kill -HUP "$dyn_sandbox_pid"
	load_rows <in
	! grep -q torn err
	complete 300
}

@test "several application users share the work" {
	printf '{"id":"sandbox","secret":"sandbox"}\n{"id":"sandbox","secret":"sandbox"}\n' >clients
	chmod 600 clients
	export DYN_CLIENTS_FILE=clients
	under "match=POST every=6 times=4 status=429 retry-after=1"
}

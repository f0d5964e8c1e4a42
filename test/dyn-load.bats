# dyn-load: one outcome a line, nothing twice, nothing lost, nothing overwritten

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
}

# sandbox [OPTION...]: an organisation with sm_salesmate_id on its main tables
sandbox() {
	local t n=0
	if [ ! -d metadata ]; then
		mkdir metadata
		cp "$fixtures"/metadata/*.ndjson metadata
		for t in account contact lead opportunity; do
			n=$((n + 1))
			sed "s/@TABLE@/$t/; s/@ID@/00000000-0000-4000-8000-00000000000$n/" "$fixtures/dyn-load/columns.ndjson" >>"metadata/$t.ndjson"
		done
	fi
	start dyn-sandbox dyn-sandbox --store "$BATS_TEST_TMPDIR/store" --metadata metadata "$@"
	export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port
}

# rows FROM TO [EXTRA]: accounts, with EXTRA members each (jq object, $n is the number)
rows() {
	jq -nc --argjson from "$1" --argjson to "$2" 'def pad(k): tostring | ("0" * (k - length)) + .;
		range($from; $to + 1) as $n |
		{_table: "account", _source: {module: "company", id: ($n | tostring), hash: ($n | pad(32))}, _map: "'"$(printf 'a%.0s' {1..64})"'",
		accountid: ("00000001-0000-8000-8000-" + ($n | pad(12))), name: "Company \($n)", sm_salesmate_id: ($n | tostring)} + ('"${3:-{\}}"')'
}

load_rows() {	# [OPTION...] <rows: outcomes in out, rejects in rejects, stderr in err
	dyn-load --journal journal --rejects rejects "$@" >out 2>err
}

outcomes() { jq -r .outcome "${1:-out}" | sort | uniq -c | awk '{ printf "%s%s %s", sep, $2, $1; sep = ", " } END { print "" }'; }

# Without what differs from run to run (which form created a row is a matter of timing).
still() { jq -c 'del(.at, .request, .version) | if .outcome == "created" then del(.status) else . end' "$@"; }

there() {	# TABLE COLUMNS: the target's rows, without versions
	dyn-extract "$1" --select "$2" 2>/dev/null | jq -c 'del(."@odata.etag")'
}

@test "a mixed input: every line gets its outcome, in order, and every refusal its reason" {
	sandbox
	load_rows <"$fixtures/dyn-load/mixed.in.ndjson"
	still out >outcomes
	diff -u "$fixtures/dyn-load/mixed.out.ndjson" outcomes
	diff -u "$fixtures/dyn-load/mixed.rejects.ndjson" rejects
	[ "$(tail -n 1 err)" = "dyn-load: 15 in, 7 out, 8 rejected" ]
}

@test "the same command again sends nothing and repeats the outcomes, but tries rejected rows again" {
	sandbox
	rows 1 250 >in
	rows 251 251 '{name: ("x" * 300)}' >>in
	load_rows <in
	[ "$(outcomes)" = "created 250, rejected 1" ]
	cp out out.first
	there account name,createdon >rows.first
	load_rows <in
	cmp <(head -n 250 out) <(head -n 250 out.first)
	[ "$(outcomes)" = "created 250, rejected 1" ]
	there account name,createdon | cmp - rows.first
}

@test "a mended reject can be fed again" {
	sandbox
	rows 1 1 '{name: ("x" * 300)}' | load_rows
	[ "$(outcomes)" = "rejected 1" ]
	jq -c '.name = "mended"' rejects | load_rows
	[ "$(outcomes)" = "created 1" ]
	[ ! -s rejects ]
}

@test "with an empty journal a loaded target is recognised, and only what differs is updated" {
	sandbox
	rows 1 120 '{revenue: 10.50, overriddencreatedon: "2019-03-04T09:12:00Z"}' >in
	load_rows <in
	rm journal
	load_rows <in
	[ "$(outcomes)" = "unchanged 120" ]
	rm journal
	sed '7s/10.5/11.25/' in | load_rows
	[ "$(outcomes)" = "unchanged 119, updated 1" ]
	jq -se 'map(select(.e == "before")) | length == 1 and .[0].columns.revenue == 10.5 and (.[0].version | startswith("W/"))' journal
	[ "$(there account revenue | jq -s 'map(select(.revenue == 11.25)) | length')" = 1 ]
}

@test "an edited row of ours is updated; the created time is never sent again" {
	sandbox
	rows 1 3 '{overriddencreatedon: "2019-03-04T09:12:00Z"}' | load_rows
	rows 1 3 '{overriddencreatedon: "2019-03-04T09:12:00Z"} + if $n == 2 then {telephone1: "1"} else {} end' | load_rows
	[ "$(jq -r .outcome out | tr '\n' ' ')" = "created updated created " ]
	[ "$(there account telephone1,createdon | jq -c '[.telephone1, .createdon]' | sed -n 2p)" = '["1","2019-03-04T09:12:00Z"]' ]
}

@test "a row under our id that is not ours is a conflict and stays as it is" {
	sandbox
	rows 1 2 '{sm_salesmate_id: "someone else"}' | load_rows
	rm journal
	rows 1 3 '{name: "new name"}' | load_rows
	[ "$(outcomes)" = "created 1, rejected 2" ]
	[ "$(jq -r ._error.code rejects | uniq)" = conflict ]
	[ "$(there account name | jq -r .name | tr '\n' ' ')" = "Company 1 Company 2 new name " ]
}

@test "a matched row is filled, overwritten or left, by its policy" {
	sandbox
	rows 1 4 '{telephone1: "old"}' | load_rows
	for policy in fill overwrite leave; do
		rows 1 1 '{telephone1: "new", fax: "f"} | del(.sm_salesmate_id) | ._how = "matched" | ._match = "'$policy'"'
	done | jq -c '.accountid |= sub("1$"; (input_line_number | tostring))' >in
	load_rows <in
	[ "$(jq -r .outcome out | tr '\n' ' ')" = "updated updated matched " ]
	[ "$(there account telephone1,fax | head -n 3 | jq -c '[.telephone1, .fax]' | tr '\n' ' ')" = '["old","f"] ["new","f"] ["old",null] ' ]
	rows 9 9 '{_how: "matched", _match: "leave"}' | load_rows
	[ "$(jq -r ._error.code rejects)" = missing ]
}

opportunities() {
	jq -nc 'range(1; 4) as $n | {_table: "opportunity", _source: {module: "deal", id: "\($n)", hash: "\($n)"},
		opportunityid: "00000005-0000-8000-8000-00000000000\($n)", name: "Deal \($n)", sm_salesmate_id: "\($n)"}'
}

closing() {	# ACTION STATUS N
	jq -nc '{_table: "opportunityclose", _source: {module: "deal", id: "'"$3"'", hash: "1"}, _action: "'"$1"'", _status: '"$2"',
		activityid: "00000006-0000-8000-8000-00000000000'"$3"'", subject: "closed", actualend: "2023-05-11T00:00:00Z",
		"opportunityid@odata.bind": "/opportunities(00000005-0000-8000-8000-00000000000'"$3"')"}'
}

@test "opportunities are closed once; closed that way already is fine, the other way is a conflict" {
	sandbox
	opportunities | load_rows
	{ closing WinOpportunity 3 1; closing LoseOpportunity 4 2; } >close
	load_rows <close
	[ "$(outcomes)" = "created 2" ]
	[ "$(there opportunity statecode,statuscode | jq -c '[.statecode, .statuscode]' | tr '\n' ' ')" = '[1,3] [2,4] [0,1] ' ]
	rm journal
	load_rows <close
	[ "$(outcomes)" = "unchanged 2" ]
	rm journal
	{ closing LoseOpportunity 4 1; closing WinOpportunity 3 9; } | load_rows
	[ "$(jq -r ._error.code rejects | tr '\n' ' ')" = "conflict missing-reference " ]
}

@test "an opportunity that can no longer be closed is looked at: closed that way already is fine" {
	sandbox
	opportunities | load_rows
	closing WinOpportunity 3 1 >close
	load_rows <close
	stop_servers
	rm journal
	for line in 'match=Win' 'part match=Win'; do echo "$line status=400 code=0x80040516 message=\"It cannot be closed.\""; done >faults
	sandbox --faults faults
	{ cat close; closing WinOpportunity 3 2; } | load_rows
	[ "$(jq -r .outcome out | tr '\n' ' ')" = "unchanged rejected " ]
	[ "$(jq -r ._error.code rejects)" = refused ]
}

# activities: 60 e-mails with parties, and their completion (done)
activities() {
	jq -nc 'range(1; 61) as $n | ($n | tostring) as $k | ("00000008-0000-8000-8000-0000000000" + ("0" + $k)[-2:]) as $id |
		{_table: "email", _source: {module: "email", id: $k, hash: "0"}, activityid: $id, subject: "Mail \($n)", directioncode: ($n % 2 == 0),
		overriddencreatedon: "2019-03-04T09:12:00Z", email_activity_parties: [{participationtypemask: 1, addressused: "a\($n)@example.com"},
		{participationtypemask: 2, addressused: "b@example.com"}]}' >in
	jq -c 'del(.email_activity_parties, .subject, .directioncode, .overriddencreatedon) | ._how = "update" | .statecode = 1 |
		.statuscode = (if (._source.id | tonumber) % 2 == 0 then 3 else 4 end) | .actualend = "2019-03-04T09:12:00Z"' in >done
}

@test "rows with parties go many to a request, and are completed once, with what goes with it" {
	sandbox --limits requests=25
	activities
	load_rows <in
	[ "$(outcomes)" = "created 60" ]
	load_rows <done
	[ "$(outcomes)" = "updated 60" ]
	! grep -q 'throttled' err
	[ "$(there email statecode,statuscode,actualend | jq -r '[.statecode, .statuscode, .actualend] | @csv' | sort | uniq -c | sed 's/^ *//' | tr '\n' ' ')" = \
		'30 1,3,"2019-03-04T09:12:00Z" 30 1,4,"2019-03-04T09:12:00Z" ' ]
	[ "$(dyn-extract activityparty --select participationtypemask 2>/dev/null | jq -s 'map(select(.participationtypemask < 8)) | length')" = 120 ]
}

@test "rows that are completed already are unchanged; what can be changed no more is a reject, tried once" {
	sandbox
	activities
	load_rows <in
	load_rows <done
	rm journal
	load_rows <done
	[ "$(outcomes)" = "unchanged 60" ]
	sed '1s/"statuscode":4/"statuscode":4,"subject":"other"/' done | load_rows
	[ "$(jq -r '[._source.id, ._error.code] | @tsv' rejects)" = $'1\trefused' ]
	[ "$(there email subject | jq -r .subject | grep -c other)" = 0 ]
}

@test "nothing is ever put into a state in which the platform would send it" {
	sandbox
	activities
	load_rows <in
	jq -c '.statuscode = (if (._source.id | tonumber) % 2 == 0 then 6 else 7 end)' done | load_rows --form single
	[ "$(outcomes)" = "rejected 60" ]
	[ "$(jq -r ._error.code rejects | sort -u)" = refused ]
	[ "$(jq -r .status out | sort -u)" = 0 ]
	[ "$(there email statecode,statuscode | jq -c '[.statecode, .statuscode]' | sort -u)" = '[0,1]' ]
}

@test "waiting links and states are updates of rows that are there" {
	sandbox
	rows 1 3 | load_rows
	{
		rows 1 1 '{_how: "update", "parentaccountid@odata.bind": "/accounts(00000001-0000-8000-8000-000000000002)"}'
		rows 2 2 '{_how: "update", statecode: 1, statuscode: 2}'
		rows 3 3 '{_how: "update"}'
		rows 4 4 '{_how: "update"}'
	} | jq -c 'del(.name, .sm_salesmate_id)' >in
	load_rows <in
	[ "$(jq -r .outcome out | tr '\n' ' ')" = "updated updated unchanged rejected " ]
	[ "$(jq -r ._error.code rejects)" = missing ]
	[ "$(there account parentaccountid,statecode | jq -c '[._parentaccountid_value, .statecode]' | tr '\n' ' ')" = '["00000001-0000-8000-8000-000000000002",0] [null,1] [null,0] ' ]
	rm journal
	load_rows <in
	[ "$(jq -r .outcome out | tr '\n' ' ')" = "unchanged unchanged unchanged rejected " ]
	jq -se 'map(select(.e == "before")) | length == 0' journal
}

@test "rows may come before those they refer to, in chains" {
	sandbox
	rows 1 400 'if $n < 400 then {"parentaccountid@odata.bind": "/accounts(00000001-0000-8000-8000-\($n + 1 | pad(12)))"} else {} end' >in
	load_rows <in
	[ "$(outcomes)" = "created 400" ]
	[ "$(jq -r ._source.id out | cmp - <(seq 400) && echo same)" = same ]
}

@test "one bad row in a bulk message costs a handful of requests and harms only itself" {
	sandbox
	rows 1 100 'if $n == 37 then {name: ("x" * 300)} else {} end' | load_rows --concurrency 1
	[ "$(outcomes)" = "created 99, rejected 1" ]
	[ "$(jq -r ._source.id rejects)" = 37 ]
	[ "$(jq -r .request out | sort -u | wc -l)" -le 15 ]
}

@test "every form ends in the same rows" {
	local form
	for form in bulk batch single; do
		sandbox
		rows 1 30 'if $n == 7 then {numberofemployees: "ten"} else {} end' | load_rows --form "$form"
		[ "$(outcomes)" = "created 29, rejected 1" ]
		[ "$(jq -r ._source.id rejects)" = 7 ]
		there account name >"rows.$form"
		stop_servers
		rm -f store* journal
	done
	cmp rows.bulk rows.batch
	cmp rows.bulk rows.single
}

@test "an empty input asks nobody, and its journal is good" {
	load_rows </dev/null
	[ ! -s out ]
	[ "$(cat err)" = "dyn-load: 0 in, 0 out, 0 rejected" ]
}

@test "bad JSON is set aside with --rejects, and ends the run without" {
	sandbox
	{ rows 1 1; echo '{"a":'; rows 2 2; } >in
	load_rows <in
	[ "$(outcomes)" = "created 2, rejected 1" ]
	[ "$(jq -r ._error.code rejects)" = bad-json ]
	rm journal
	run -65 --separate-stderr dyn-load --journal journal <in
	[[ $stderr == *"stdin:2: bad-json"* ]]
}

@test "a full disk at the output is 74" {
	sandbox
	rows 1 1 >in
	run -74 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects <in >/dev/full'
}

@test "a full disk at the journal stops before anything is sent" {
	sandbox
	rows 1 200 >in
	run -74 --separate-stderr bash -c 'ulimit -f 4; exec dyn-load --journal journal --rejects rejects <in'
	[[ $stderr == *"not in the journal is not sent"* ]]
	[ "$(there account name | wc -l)" = 0 ]
	load_rows <in
	[ "$(outcomes)" = "created 200" ]
}

@test "a failing read is 74" {
	run -74 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects </'
}

@test "--help is on standard output, an unknown option and a missing journal are usage errors" {
	run -0 --separate-stderr dyn-load --help
	[[ $output == usage:* ]]
	run -64 dyn-load --nonsense
	run -64 dyn-load --rejects rejects
}

@test "another organisation is refused before anything is sent" {
	sandbox
	rows 1 2 >in
	run -78 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects --org 11111111-2222-4333-8444-555555555555 <in'
	[ "$(there account name | wc -l)" = 0 ]
	load_rows --org "$(dyn-extract --whoami 2>/dev/null | jq -r .OrganizationId)" <in
	[ "$(outcomes)" = "created 2" ]
}

@test "a journal of another organisation is refused" {
	sandbox
	rows 1 2 | load_rows
	stop_servers
	rm -f store*
	sandbox
	rows 3 4 >in
	[ "$(dyn-extract --whoami | jq -r .OrganizationId)" != "$(head -n 1 journal | jq -r .organization)" ]
	run -78 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects <in'
}

@test "a map that nobody confirmed is refused before anything is sent" {
	sandbox
	rows 1 150 >in
	printf '%064d  contact  me 2026-01-01T00:00:00Z\n' 0 >confirmed
	run -78 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects --confirmed confirmed <in'
	[ "$(there account name | wc -l)" = 0 ]
	printf 'a%.0s' {1..64} >>confirmed
	load_rows --confirmed confirmed <in
	[ "$(outcomes)" = "created 150" ]
}

@test "an unknown table is a matter for a person" {
	sandbox
	rows 1 1 '{_table: "sm_nothing"}' >in
	run -78 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects <in'
}

@test "a journal has one user; the second is told who" {
	sandbox
	rows 1 1 >in
	exec {held}>journal.lock
	echo "pid 4711 on elsewhere" >&"$held"
	flock "$held"
	run -75 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects <in'
	exec {held}>&-
	[[ $stderr == *"pid 4711 on elsewhere"* ]]
}

@test "a torn end of the journal is dropped, damage before it is refused" {
	sandbox
	rows 1 20 >in
	load_rows <in
	cp journal whole
	head -c -30 whole >journal
	load_rows <in
	grep -q "torn end" err
	[ "$(outcomes)" = "created 20" ]
	sed '5s/intent/intend/' whole >journal
	run -65 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects <in'
	[[ $stderr == *"journal:5: damaged"* ]]
	sed 5d whole >journal
	run -65 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects <in'
	echo '{"nothing":"of ours"}' >journal
	run -78 --separate-stderr bash -c 'dyn-load --journal journal --rejects rejects <in'
	[ "$(cat journal)" = '{"nothing":"of ours"}' ]
}

# dyn-load cut off anywhere: a mixed load killed at its steps, a torn or damaged journal, and limits of the machine

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
}

sandbox() {	# [OPTION...]
	local t n=0
	if [ ! -d metadata ]; then
		mkdir metadata
		cp "$fixtures"/metadata/*.ndjson metadata
		for t in account contact lead opportunity; do
			n=$((n + 1))
			sed "s/@TABLE@/$t/; s/@ID@/00000000-0000-4000-8000-00000000000$n/" "$fixtures/dyn-load/columns.ndjson" >>"metadata/$t.ndjson"
		done
	fi
	start dyn-sandbox dyn-sandbox --store "$BATS_TEST_TMPDIR/store" --metadata metadata --limits requests=1000000,time=1000000 "$@"
	export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port
}

# mixed: what the target has before (before), and a load of every kind of row (in): accounts with parents before and
# after them, contacts, notes, matched rows, updates, closings, and one row that is refused
mixed() {
	jq -nc 'def pad(k): tostring | ("0" * (k - length)) + .;
		def source(m): {_source: {module: m, id: tostring, hash: pad(32)}};
		def account: "00000001-0000-8000-8000-\(pad(12))";
		range(1; 9) as $n |
		($n + 900 | {_table: "account"} + source("company") + {accountid: account, name: "Old \(.)", telephone1: (if . % 2 == 0 then "old" else null end)}),
		($n | {_table: "opportunity"} + source("deal") + {opportunityid: "00000005-0000-8000-8000-\(pad(12))", name: "Deal \(.)", sm_salesmate_id: tostring})' >before
	jq -nc 'def pad(k): tostring | ("0" * (k - length)) + .;
		def source(m): {_source: {module: m, id: tostring, hash: pad(32)}};
		def account: "00000001-0000-8000-8000-\(pad(12))";
		range(1; 81) as $n |
		($n | {_table: "account"} + source("company") + {accountid: account, name: (if . == 37 then "x" * 300 else "Company \(.)" end),
			sm_salesmate_id: tostring, overriddencreatedon: "2019-03-04T09:12:00Z"} +
			if . % 7 == 0 then {"parentaccountid@odata.bind": "/accounts(\(. + 2 | account))"} elif . % 5 == 1 and . > 1 then
			{"parentaccountid@odata.bind": "/accounts(\(. - 1 | account))"} else {} end),
		(select($n % 2 == 0) | $n | {_table: "contact"} + source("contact") + {contactid: "00000002-0000-8000-8000-\(pad(12))",
			lastname: "Person \(.)", sm_salesmate_id: tostring, "parentcustomerid_account@odata.bind": "/accounts(\(account))"}),
		(select($n % 10 == 0) | $n / 10 |
			({_table: "annotation"} + source("note") + {annotationid: "00000004-0000-8000-8000-\(pad(12))", subject: "Note \(.)",
			"objectid_account@odata.bind": "/accounts(\(account))"}),
			({_table: "account", _how: "matched", _match: (if . % 3 == 0 then "overwrite" else "fill" end)} + source("match") +
			{accountid: (. + 900 | account), telephone1: "new", fax: "f"}),
			(. * 4 | {_table: "account", _how: "update"} + source("link") + {accountid: account, telephone1: "link \(.)"}),
			({_table: "opportunityclose", _action: (if . % 2 == 0 then "WinOpportunity" else "LoseOpportunity" end), _status: (if . % 2 == 0 then 3 else 4 end)} +
			source("deal") + {activityid: "00000006-0000-8000-8000-\(pad(12))", subject: "closed", "opportunityid@odata.bind": "/opportunities(00000005-0000-8000-8000-\(pad(12)))"}))' >in
}

# the target's rows and the outcomes and rejects, without what differs from run to run, in $1.*
picture() {
	local t
	for t in account:name,telephone1,fax,sm_salesmate_id,parentaccountid contact:lastname,parentcustomerid annotation:subject,objectid \
	    opportunity:statecode,statuscode opportunityclose:subject,opportunityid; do
		dyn-extract "${t%%:*}" --select "${t#*:}" 2>/dev/null
	done | jq -c 'del(."@odata.etag")' >"$1.rows"
	jq -c 'del(.at, .request, .version) | if .outcome == "rejected" then . else del(.status) end' out >"$1.outcomes"
	jq -c . rejects | sort >"$1.rejects"	# what had to wait for other rows is written last
}

same() {	# A B
	cmp "$1.rows" "$2.rows"
	cmp "$1.outcomes" "$2.outcomes"
	cmp "$1.rejects" "$2.rejects"
}

load_rows() { dyn-load --journal journal --rejects rejects --batch 10 "$@" <in >out 2>err; }

again() {	# a target as it was before the load, and no journal
	stop_servers
	rm -f store* journal
	cp base store
	sandbox
}

base() {
	mixed
	sandbox
	dyn-load --journal before.journal <before >/dev/null 2>&1
	stop_servers
	mv store base
}

@test "a load of all kinds of rows, killed at a step, resumed, killed and resumed again, ends as the unbroken one" {
	local i code=137 steps=0
	base
	again
	load_rows
	picture whole
	[ "$(jq -r .outcome out | sort -u | tr '\n' ' ')" = "created rejected updated " ]
	for ((i = 1; code == 137; i += 13)); do
		again
		code=0
		SMDYN_FAILPOINT=$i load_rows || code=$?
		[ "$code" = 137 ] || [ "$code" = 0 ]
		code2=0
		SMDYN_FAILPOINT=$((i % 14 + 1)) load_rows || code2=$?
		[ "$code2" = 137 ] || [ "$code2" = 0 ]
		load_rows
		picture now
		same whole now
		steps=$((steps + 1))
	done
	[ "$steps" -gt 3 ]
}

@test "a journal that ends anywhere in its last entries is continued" {
	local cut size last
	base
	again
	load_rows
	picture whole
	cp journal full
	size=$(stat -c %s full)
	last=$(tail -n 2 full | wc -c)
	for ((cut = size - last; cut < size; cut += 89)); do
		head -c "$cut" full >journal
		load_rows
		picture now
		same whole now
	done
}

@test "a journal with one byte changed before its last entry is refused, and stays as it is" {
	local at size
	base
	again
	load_rows
	cp journal full
	size=$(head -n -1 full | wc -c)
	for ((at = 31; at < size; at += size / 12)); do
		cp full journal
		printf '\x7f' | dd of=journal bs=1 seek="$at" conv=notrunc status=none
		cp journal damaged
		run -65 --separate-stderr load_rows
		cmp journal damaged
	done
}

@test "a full disk at the rejects, or a reader of the output who leaves, is 74, and the same command goes on" {
	base
	again
	run -74 --separate-stderr bash -c 'dyn-load --journal journal --rejects /dev/full --batch 10 <in'
	code=0
	dyn-load --journal journal --rejects rejects --batch 10 <in 2>err | true || code=$?
	load_rows
	picture now
	again
	load_rows
	picture whole
	same whole now
}

@test "a read-only directory is refused before anything is sent" {
	base
	again
	mkdir closed
	chmod 500 closed
	if touch closed/x 2>/dev/null; then
		rm -f closed/x
		rmdir closed	# permissions do not hold this user: a directory that is not there then
	fi
	run -73 --separate-stderr dyn-load --journal closed/journal --rejects rejects <in
	[ "$(dyn-extract account --select name 2>/dev/null | wc -l)" = 8 ]
}

@test "a lock file of a dead run is taken over" {
	base
	again
	echo "pid 1 on elsewhere" >journal.lock
	load_rows
	grep -q "pid [0-9]" journal.lock
	! grep -q elsewhere journal.lock
}

@test "few descriptors or little memory: the load ends well, or says what is wrong and can be continued" {
	local limit code
	base
	again
	load_rows
	picture whole
	# the sanitizers want memory of their own
	for limit in "-n 24" "-n 12" "-v 300000" "-v 100000"; do
		case $BIN_DIR$limit in *san*-v*) continue ;; esac
		again
		code=0
		bash -c "ulimit $limit; exec dyn-load --journal journal --rejects rejects --batch 10 <in >out 2>err" || code=$?
		[ "$code" = 0 ] || { [ "$limit" = "-n 12" ] && [ "$code" = 78 ]; } || { [[ $limit == -v* ]] && [ "$code" = 74 ]; }
		load_rows
		picture now
		same whole now
	done
}

@test "a signal is heard while the input keeps us waiting, and what came so far is loaded" {
	local pid code=0
	base
	again
	mkfifo pipe
	dyn-load --journal journal --rejects rejects <pipe >out 2>err 3>&- &
	pid=$!
	exec {writer}>pipe
	grep '"name":"Company [1-5]"' in >&"$writer"
	until [ "$(grep -sc '"e":"outcome"' journal)" = 5 ]; do timeout 0.05 tail --pid="$pid" -f /dev/null || true; done
	kill -TERM "$pid"
	wait "$pid" || code=$?
	exec {writer}>&-
	[ "$code" = 75 ]
	[ "$(wc -l <out)" = 5 ]
}

@test "a loaded target and an empty journal: after the first calls the rows are asked for before they are sent" {
	sandbox
	jq -nc 'def pad(k): tostring | ("0" * (k - length)) + .; range(1; 2001) as $n | {_table: "account", _source: {module: "company", id: "\($n)", hash: ($n | pad(32))},
		accountid: "00000001-0000-8000-8000-\($n | pad(12))", name: "Company \($n)", sm_salesmate_id: "\($n)"}' >in
	load_rows
	rm journal
	dyn-load --journal journal --rejects rejects --batch 50 --concurrency 2 <in >out 2>err
	[ "$(jq -r .outcome out | sort | uniq -c | tr -s ' ')" = " 2000 unchanged" ]
	[ "$(grep -c '"e":"intent"' journal)" -le 800 ]
}

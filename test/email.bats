load helper

# Settings of e-mails and of what is handed over.  How they arrive by default is in history.bats and inbox.bats.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
	private=$(jq 'select(.visibility == "Private") | .id' "$fixtures/demo/email.ndjson" | sort)
	[ "$(wc -l <<<"$private")" = 2 ]
}

demo() { BIN=${BIN_DIR:-$root/bin} sh "$root/pipelines/demo" "$fixtures/demo" >log 2>&1 || { tail -n 40 log; false; }; }

@test "private e-mails are loaded when the setting says so, and the list for Excel begins with a byte order mark" {
	PRIVATE_EMAILS=load HANDOFF_BOM=yes demo
	diff <(echo "$private") <(jq -r 'select(.sm_source_module == "email" and .sm_visibility == "Private") | .sm_salesmate_id' demo/data/email/55-read.ndjson | sort)
	[ "$(jq -r ._error.field demo/data/email/30-resolved.queue.ndjson | grep -c visibility)" = 1 ]	# one that nobody declared
	[ "$(head -c 3 demo/handoff/smart-flow-membership.csv | od -An -tx1 | tr -d ' ')" = efbbbf ]
	[ "$(jq .balanced demo/report/summary.json)" = true ]
}

@test "private e-mails are skipped when the setting says so, each named; another word is refused" {
	PRIVATE_EMAILS=skip demo
	diff <(echo "$private") <(jq -r .id demo/data/email/30-resolved.skipped.ndjson | sort)
	[ "$(jq -r 'select(._error.field == "visibility") | .id' demo/data/email/30-resolved.queue.ndjson)" = 9030 ]
	[ "$(jq .balanced demo/report/summary.json)" = true ]
	SM_TOKEN=sandbox DYN_CLIENT_SECRET=sandbox run make -C demo PRIVATE_EMAILS=perhaps chain
	[ "$status" = 2 ]
	[[ $output = *'PRIVATE_EMAILS=perhaps: load, queue or skip'* ]]
}

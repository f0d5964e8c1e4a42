load helper

# The README's rehearsal: a finished migration's own metadata, users and source, and no service but dyn-sandbox.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
	export SM_TOKEN=sandbox DYN_CLIENT_SECRET=sandbox
}

@test "a rehearsal against the metadata that was pulled ends with the same books, without Salesmate" {
	sh "$root/pipelines/demo" "$fixtures/demo" >log 2>&1 || { tail -n 40 log; false; }
	# The README's own lines, with other names of the folders and ports.
	sed -n '/^make new DIR=rehearsal/,/^mkdir/p' "$root/README.md" | sed "s,make new,make -C $root new,; s,DIR=rehearsal,DIR=$PWD/rehearsal,; s,acme,demo,g" >lines
	[ "$(wc -l <lines)" = 2 ]
	sh -e lines
	start dyn dyn-sandbox --store rehearsal.db --metadata demo/data/target/metadata --users demo/data/target/systemuser.ndjson
	set -- DYN_URL="http://127.0.0.1:$port" DYN_LOGIN_URL="http://127.0.0.1:$port" DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox
	make -C rehearsal "$@" target confirm >log 2>&1 && make -C rehearsal "$@" >>log 2>&1 || { tail -n 40 log; false; }
	run ! grep sm-extract: log
	books='[.balanced, (.objects[] | [.object, .source, .created, .updated, .matched, .skipped, .queued, .rejected])]'
	diff <(jq -c "$books | .[]" demo/report/summary.json) <(jq -c "$books | .[]" rehearsal/report/summary.json)
}

load helper

# What the API does not give: the operator's files in intake/, as records or as exports with display labels.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
	export SM_TOKEN=sandbox DYN_CLIENT_SECRET=sandbox
}

# export MODULE: its records as a person exports them, a column for the first label of each field.
export_of() {
	local table=$root/pipelines/labels/$1.csv
	jq -r -n --rawfile table "$table" '
		($table | split("\n")[1:] | map(select(. != "") | split(",") | {label: .[0], path: .[1]}) | reduce .[] as $c ([]; if any(.[]; .path == $c.path) then . else . + [$c] end)
			| map(select(.path != ""))) as $column
		| ($column | map(.label)), (inputs as $r | $column | map(.path as $p
			| if $p | contains("[]") then ($p | split("[]")) as [$list, $member]
				| ($r[$list] // []) | map(if $member == "" then . else .[$member[1:]] end | if . == null then "" else tostring end) | join(";")
			else $r | getpath($p | split(".")) | if . == null then "" elif type == "array" or type == "object" then tojson else tostring end end))
		| @csv' "$fixtures/demo/$1.ndjson"
}

demo() { BIN=${BIN_DIR:-$root/bin} sh "$root/pipelines/demo" "$@" >log 2>&1 || { tail -n 40 log; false; }; }

@test "exports as CSV with display labels end in the same rows as records do" {
	taken='email call deal_product team_inbox_conversation team_inbox_message smart_flow smart_flow_enrollment'
	demo "$fixtures/demo"
	mv demo records
	mkdir data
	for f in "$fixtures"/demo/*; do ln -s "$f" data/; done
	for m in $taken; do
		rm "data/$m.ndjson"
		export_of "$m" >"data/$m.csv"
	done
	demo data
	for m in $taken; do
		[ "$(cat "demo/data/source/$m/from")" = "intake/$m.csv" ]
		[ "$(wc -l <"demo/data/source/$m/10-extracted.ndjson")" = "$(wc -l <"records/data/source/$m/10-extracted.ndjson")" ]
	done
	for o in email call pendingcall line thread message attachment flow; do
		for d in records demo; do
			jq -cS 'del(._source.hash, ."uomid@odata.bind")' "$d/data/$o/40-mapped.ndjson" | sort >"$d.$o"
		done
		[ -s "demo.$o" ]
		diff "records.$o" "demo.$o" | head -n 4 | cut -c 1-700 >differ
		[ ! -s differ ] || { echo "$o"; cat differ; false; }
	done
	[ "$(jq .balanced demo/report/summary.json)" = true ]
}

@test "a header that nobody knows stops the chain with one line; a table of the migration's own mends it; a newer file is taken again" {
	start sm sm-sandbox --data "$fixtures/demo"
	sm_port=$port dyn_port=1
	migration m
	mkdir -p m/intake m/maps
	printf 'Id,Subject,Shoe Size\n9001,Berth,43\n' >m/intake/email.csv
	run make -C m data/source/email/10-extracted.ndjson
	[ "$status" = 2 ]
	[ "$(grep -c 'intake/email.csv:1: .*Shoe Size' <<<"$output")" = 1 ]
	printf 'label,field\nShoe Size,shoeSize\n' >m/maps/labels-email.csv
	make -C m data/source/email/10-extracted.ndjson >log 2>&1 || { cat log; false; }
	[ "$(cat m/data/source/email/10-extracted.ndjson)" = '{"kind":"email","id":"9001","subject":"Berth","shoeSize":"43"}' ]
	# Records go before an export; data/source/email/from says which it was.
	echo '{"kind":"email","id":9002}' >m/intake/email.ndjson
	make -C m data/source/email/10-extracted.ndjson >log 2>&1
	[ "$(cat m/data/source/email/10-extracted.ndjson m/data/source/email/from)" = $'{"kind":"email","id":9002}\nintake/email.ndjson' ]
	rm m/intake/email.*
	make -C m data/source/email/10-extracted.ndjson >log 2>&1
	[ ! -s m/data/source/email/10-extracted.ndjson ]
	grep -q 'email: no intake/email.ndjson or .csv, and the API has none: taken as empty' log
}

@test "a line in intake that is no record is named with its file and line before anything is made of it" {
	sm_port=1 dyn_port=1
	migration m 'ALLOW_REJECTS ?= any'
	mkdir -p m/intake
	printf '{"id":1}\n{"id":2,\n' >m/intake/email.ndjson
	run make -C m data/source/email/10-extracted.ndjson
	[ "$status" = 2 ]
	[ "$(grep -c '^split-records: intake/email.ndjson:2: bad-json: .*; mend that line$' <<<"$output")" = 1 ]
	[ ! -e m/data/source/email/10-extracted.ndjson ]
	printf '{"id":1}\n{ "id" : 2.50 }\n' >m/intake/email.ndjson
	make -C m data/source/email/10-extracted.ndjson >log 2>&1 || { cat log; false; }
	cmp m/intake/email.ndjson m/data/source/email/10-extracted.ndjson
}

@test "notes that the API cannot give, taken from intake, are set aside with what is missing" {
	start sm sm-sandbox --data "$fixtures/demo"
	sm_port=$port
	start dyn dyn-sandbox --store target.db --users "$fixtures/demo/target-users.ndjson"
	dyn_port=$port
	migration m 'ALLOW_REJECTS ?= any' "FALLBACK_OWNER ?= $(jq -r 'select(.isCurrentUser) | .email' "$fixtures/demo/user.ndjson")"
	mkdir -p m/intake
	{ head -n 3 "$fixtures/demo/note.ndjson"
		echo '{"id":990001,"moduleId":5,"objectId":424242,"note":"<p>of a company that is gone</p>","createAt":1740000000,"createdBy":{"id":2}}'
		echo '{"id":990002,"moduleId":9,"objectId":1,"note":"<p>of a ticket</p>","createAt":1740000000,"createdBy":{"id":2}}'; } >m/intake/note.ndjson
	make -C m confirm notes >log 2>&1 || { tail -n 30 log; false; }
	[ "$(jq -c '[.source, .rejected, .balanced]' m/data/note/60-verified.ndjson)" = '[5,2,true]' ]
	[ "$(jq -r '"\(.id) \(._error.code): \(._error.message)"' m/data/note/30-resolved.rejects.ndjson)" = \
		'990001 missing-reference: no company 424242 among the ids
990002 missing-reference: moduleId 9 stands for no module of the refs file' ]
}

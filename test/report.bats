load helper

# summary.json, the page and the terminal, made from whatever the chain reached.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
	sm_port=1 dyn_port=1
	migration m 'ALLOW_REJECTS ?= any'
	mkdir -p m/data/{account,opportunity,task,task-done,note,file,owner,profile} m/maps
	books='"created":1,"updated":0,"matched":0,"unchanged":0,"skipped":0,"queued":0,"rejected":2,"balanced":true,"fields_verified":4,"field_mismatches":0,"links_verified":1,"link_mismatches":0'
	echo "{\"object\":\"account\",\"source\":3,$books,\"causes\":[{\"stage\":\"40-mapped\",\"kind\":\"rejects\",\"code\":\"too-long\",\"field\":\"<b>name</b>\",\"count\":2}]}" >m/data/account/60-verified.ndjson
	echo "{\"object\":\"task\",\"source\":3,$books,\"causes\":[{\"stage\":\"30-resolved\",\"kind\":\"rejects\",\"code\":\"reference-rejected\",\"field\":\"primaryCompany.id\",\"count\":2}]}" >m/data/task/60-verified.ndjson
	echo "{\"object\":\"task-done\",\"source\":3,$books,\"causes\":[{\"stage\":\"30-resolved\",\"kind\":\"rejects\",\"code\":\"reference-rejected\",\"field\":\"id\",\"count\":2}]}" >m/data/task-done/60-verified.ndjson
	printf '%s\n' '{"field":"name","fate":"mapped","values":3,"lost":0}' '{"field":"photo","fate":"dropped","values":2,"lost":0,"reason":"<script>alert(1)</script>"}' \
		'{"field":"fax","fate":"dropped","values":0,"lost":0}' >m/data/account/coverage.ndjson
	printf '%s\n' '{"_file":{"size":100}}' '{"_file":{"size":23}}' >m/data/file/40-mapped.ndjson
	echo '{"schema":[["account","sm_a","Picklist"],["account","sm_b","Memo"]]}' >m/data/profile/custom.ndjson
	echo choice >m/maps/tags
	make -C m report >terminal 2>err || { cat err; false; }
}

@test "summary.json has every object with its phase, also those that were not reached" {
	run jq -c '[.balanced, .complete, (.objects[] | select(.object == "account") | [.phase, .source]), (.objects[] | select(.object == "lead") | [.phase, .reached])]' m/report/summary.json
	[ "$output" = '[false,false,["accounts",3],["leads",false]]' ]
	# In the order of the work: a book a phase, none forgotten.
	[ "$(jq -r '[.objects[].phase] | reduce .[] as $p ([]; if .[-1] == $p then . else . + [$p] end) | join(" ")' m/report/summary.json)" = \
		'products accounts contacts leads opportunities activities notes inbox links closing handoff' ]
}

@test "summary.json counts files, custom columns and the fields that were left behind with values" {
	[ "$(jq -c '[.files.count, .files.bytes, .custom.columns, .custom.tags]' m/report/summary.json)" = '[2,123,{"Memo":1,"Picklist":1},"choice"]' ]
	[ "$(jq -c '[.fields.mapped, (.fields.left_behind | map([.object, .field, .values]))]' m/report/summary.json)" = '[1,[["account","photo",2]]]' ]
}

@test "the terminal names first causes; what follows from them is one line, and says how many" {
	grep -q '2  account *40-mapped *rejects *too-long' terminal
	run ! grep 'reference-rejected' terminal
	grep -q '^2 more refer to one of these' terminal
	[ "$(wc -L <terminal)" -le 100 ]
	grep -q 'stopped before uomschedule' terminal
}

@test "the page groups objects by phase and escapes whatever the data holds" {
	grep -q 'Closing: rows that are there already' m/report/index.html
	grep -q '&lt;b&gt;name&lt;/b&gt;' m/report/index.html
	grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' m/report/index.html
	run ! grep -E '<script|<b>name' m/report/index.html
	grep -q '<summary>2 records refer to one of these' m/report/index.html
}

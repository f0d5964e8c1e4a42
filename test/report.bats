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
	# What was set aside, as the stages leave it: two rejects, what follows from one of them, and a visibility that nobody decided about.
	printf '%s\n' '{"id":88,"_error":{"program":"map-fields","line":1,"code":"too-long","field":"<b>name</b>","message":"<i>Acme</i> & Sons: 340 characters"}}' \
		'{"id":89,"_error":{"program":"map-fields","line":2,"code":"too-long","field":"<b>name</b>","message":"of another"}}' >m/data/account/40-mapped.rejects.ndjson
	follows='"code":"reference-rejected","message":"m","root":{"module":"company","id":"88","code":"too-long","file":"data/account/40-mapped.rejects.ndjson"}'
	for o in task task-done; do printf '%s\n' "{\"id\":1,\"_error\":{$follows}}" "{\"id\":2,\"_error\":{$follows}}" >m/data/$o/30-resolved.rejects.ndjson; done
	mkdir -p m/data/{email,line}
	echo "{\"object\":\"email\",\"source\":3,$books,\"causes\":[{\"stage\":\"30-resolved\",\"kind\":\"queue\",\"code\":\"reference-queued\",\"field\":\"visibility\",\"count\":1}]}" |
		sed 's/"queued":0/"queued":1/; s/"rejected":2/"rejected":0/' >m/data/email/60-verified.ndjson
	echo '{"id":5,"_error":{"code":"reference-queued","field":"visibility","message":"visibility Private waits","root":{"module":"visibility","id":"Private","code":"undecided","file":"data/visibility/private.ndjson"}}}' >m/data/email/30-resolved.queue.ndjson
	printf '%s\n' '{"module":"user","key":"1","table":"systemuser","id":"a","how":"matched","rule":"email"}' '{"module":"user","key":"2","table":"team","id":"b","how":"matched","rule":"email"}' >m/data/owner/ids.ndjson
	echo '{"id":3,"_error":{"code":"inactive"}}' >m/data/owner/ids.queue.ndjson
	: >m/data/owner/gate
	mkdir -p m/handoff; : >m/handoff/smart-flows.html
	echo '{"object":"file","source":3,"created":2,"updated":0,"matched":0,"unchanged":0,"skipped":0,"queued":0,"rejected":1,"balanced":true,"fields_verified":4,"field_mismatches":0,"links_verified":1,"link_mismatches":0,"causes":[]}' >m/data/file/60-verified.ndjson
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

@test "summary.json tells first causes from what follows, with a record and what was said about it" {
	run jq -c '.causes[] | select(.object == "account")' m/report/summary.json
	[ "$output" = '{"phase":"accounts","object":"account","stage":"40-mapped","kind":"rejects","code":"too-long","count":2,"field":"<b>name</b>","record":"88","message":"<i>Acme</i> & Sons: 340 characters"}' ]
	run jq -c '.causes[] | select(.object == "task")' m/report/summary.json
	[ "$output" = '{"phase":"activities","object":"task","stage":"30-resolved","kind":"rejects","code":"reference-rejected","count":2,"follows":{"object":"account","kind":"rejects","code":"too-long"}}' ]
	# What waits for something that has no books of its own is a first cause.
	[ "$(jq -c '.causes[] | select(.object == "email") | [.count, .field, .follows]' m/report/summary.json)" = '[1,"visibility",null]' ]
}

@test "summary.json has users and teams apart, files set aside, what was handed over, and where make stopped" {
	[ "$(jq -c '.owners | [.matched, .users, .teams, .inactive, .missing]' m/report/summary.json)" = '[2,1,1,1,0]' ]
	[ "$(jq -c '[.files.set_aside, .handoff, .stopped]' m/report/summary.json)" = '[1,["handoff/smart-flows.html"],"uomschedule"]' ]
	rm m/data/owner/gate
	make -C m report >terminal
	[ "$(jq -r .stopped m/report/summary.json)" = owner ]
	grep -q '^stopped at the owners: data/owner/queue.csv' terminal
	grep -q 'Stopped at the owners: 1 have no user. <a href="../data/owner/queue.csv">' m/report/index.html
}

@test "the records of summary.json are Salesmate's, not what their products need nor what closes them" {
	run jq -c .records m/report/summary.json
	[ "$output" = '{"source":12,"arrived":5,"skipped":0,"queued":1,"rejected":5}' ]
}

@test "the terminal names first causes with what to do; what follows from them is a number" {
	grep -q "^ *2  too-long: shorten it at the source" terminal
	grep -q 'account 2; 2 more follow' <(grep -A 2 'too-long' terminal)
	grep -q '^ *1  reference-queued: decide what the message names' terminal
	run ! grep 'reference-rejected' terminal
	run ! grep 'task-done 2' terminal
	[ "$(sed '/^object/,/^$/d' terminal | wc -L)" -le 80 ]
	grep -q 'stopped before uomschedule' terminal
}

@test "the page groups objects by phase, says why and what to do, and escapes whatever the data holds" {
	grep -q 'Closing: rows that are there already' m/report/index.html
	grep -q 'too-long: 2 records rejected, for it does not fit, 2 more follow<small>shorten it' m/report/index.html
	grep -q 'href="../data/account/40-mapped.rejects.ndjson"' m/report/index.html
	grep -q '&lt;b&gt;name&lt;/b&gt;' m/report/index.html
	grep -q '&lt;i&gt;Acme&lt;/i&gt; &amp; Sons' m/report/index.html
	grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' m/report/index.html
	run ! grep -E '<script|<b>|<i>' m/report/index.html
}

@test "a link of the page has no way out of its address" {
	mkdir -p 'm/handoff' && : >'m/handoff/a"><script>'
	make -C m report >/dev/null
	run ! grep -F '<script' m/report/index.html
}

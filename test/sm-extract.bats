load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	data=$fixtures/sm-extract/data
	export SM_LINK=sandbox SM_TOKEN=sandbox
	unset SM_URL SM_TOKEN_FILE SM_BUDGET_FILE
}

# sandbox [FAULT...]: serves $data with these faults
sandbox() {
	printf '%s\n' "$@" >faults
	start sm-sandbox sm-sandbox --data "$data" --faults faults --log calls
	export SM_URL=http://127.0.0.1:$port
}

# many N: N companies, in no order
many() {
	mkdir -p many
	cp "$data"/*.ndjson many
	data=$PWD/many
	seq "$1" | awk '{ id = ($1 * 7919) % '"$1"' + 1
		printf "{\"id\":%d,\"name\":\"Company %d\",\"createdAt\":%d,\"lastModifiedAt\":%d,\"isDeleted\":0}\n", id, id, 1700000000 + id, 1700000000 + id }' >many/company.ndjson
}

asked() { jq -r .target calls; }
ids() { jq .id "$1"; }

@test "a module comes verbatim, sorted by id, with the custom fields of the metadata" {
	sandbox
	sm-extract company >out
	diff -u "$fixtures/sm-extract/company.out.ndjson" out
	[ "$(asked | head -n1)" = /apis/module/v4/5/fields ]
}

@test "the search asks for every field, with sub-fields of relations, sorted by id" {
	sandbox
	sm-extract company --since 'Jan 02, 2026 09:00 AM' >out
	jq -S 'select(.target | contains("search")) | .body | if type == "string" then fromjson else . end' calls >body
	diff -u "$fixtures/sm-extract/company.request.json" body
	[ "$(asked | tail -n1)" = '/apis/company/v4/search?rows=250&from=0' ]
}

@test "lists keep the order of the service" {
	sandbox
	for m in user pipeline tag currency field; do
		sm-extract "$m" >"$m"
		diff -u "$data/$m.ndjson" "$m"
	done
}

@test "users are asked for without a status, so those who left are there" {
	sandbox
	sm-extract user >out
	[ "$(asked)" = /apis/core/v4/users ]
	[ "$(jq -c .isActive out | tr '\n' ' ')" = "0 1 " ]
}

@test "field definitions, which do not say so, get their module behind their id" {
	sandbox
	sm-extract field >out
	[ "$(jq -c 'keys_unsorted[0:3]' out | sort -u)" = '["id","moduleId","module"]' ]
	[ "$(jq -r .module out | sort -u | tr '\n' ' ')" = "company contact deal " ]
}

@test "field metadata is found in the older calls when the first is refused" {
	sandbox 'match=module/v4/5/fields status=404' 'match=all-visible status=404'
	sm-extract company >out
	diff -u "$fixtures/sm-extract/company.out.ndjson" out
	asked | grep -q getAllVisibleFields
}

@test "--fields saves the call for the metadata" {
	sandbox
	sm-extract company --fields "$data/field.ndjson" >out
	diff -u "$fixtures/sm-extract/company.out.ndjson" out
	[ "$(asked | wc -l)" = 1 ]
}

@test "pages that shift are read in passes until every id is there" {
	many 900
	sandbox shuffle=7
	sm-extract company >out
	diff -u <(seq 900) <(ids out)
	[ "$(asked | grep -c 'from=0')" -gt 1 ]
}

@test "pages that overlap lose nothing" {
	many 700
	sandbox overlap
	sm-extract company >out
	diff -u <(seq 700) <(ids out)
}

@test "where no total is told, passes go on until one brings nothing new" {
	many 1
	seq 600 | sed 's/.*/{"id":&,"title":"t","type":"Call","createdAt":1700000000,"lastModifiedAt":1700000000,"isDeleted":0}/' >many/activity.ndjson
	sandbox shuffle=3
	sm-extract activity >out
	diff -u <(seq 600) <(ids out)
	asked | grep -q 'viewType=list'
}

@test "a total that is not reached is 65 and no output, and the next run goes on from the pages kept" {
	many 900
	sandbox shuffle=7
	run -65 --separate-stderr sm-extract company --passes 1 --state state
	[ "$output" = "" ]
	[[ $stderr == *"of 900 records after 1 passes"*"--allow-missing"* ]]
	sm-extract company --state state >out
	diff -u <(seq 900) <(ids out)
	[ ! -e state/company.pages ]
	[ "$(cat state/company.count)" = 900 ]
}

@test "an empty answer between two pages does not end the extraction" {
	many 900
	sandbox 'match=from=500 times=1 empty'
	sm-extract company >out
	diff -u <(seq 900) <(ids out)
}

@test "an empty answer where an earlier run had records is refused" {
	sandbox 'match=company/v4/search at=3 empty' 'match=company/v4/search at=4 empty' \
		'match=company/v4/search at=5 empty' 'match=company/v4/search at=6 empty' 'match=core/v4/users empty'
	sm-extract company --state state >out
	sm-extract company --state state >out
	run -69 --separate-stderr sm-extract company --state state
	[ "$output" = "" ]
	[[ $stderr == *"an earlier run had 3"* ]]
	sm-extract company --state state --allow-empty >out
	[ ! -s out ]
	run -69 sm-extract user
}

@test "a module without records is an empty output and a word about it" {
	sandbox
	run -0 --separate-stderr sm-extract contact
	[ "$output" = "" ]
	[[ $stderr == *"no records"*"0 in, 0 out, 0 rejected" ]]
}

@test "a record without an id stops the run, or goes to the rejects" {
	many 3
	echo '{"id":null,"name":"Nobody","createdAt":1,"lastModifiedAt":1,"isDeleted":0}' >>many/company.ndjson
	sandbox
	run -65 --separate-stderr sm-extract company
	[[ $stderr == *bad-id* ]]
	sm-extract company --rejects rejects >out
	diff -u <(seq 3) <(ids out)
	[ "$(jq -r '[.name, ._error.code] | join(" ")' rejects)" = "Nobody bad-id" ]
}

@test "after kill -9 the same command asks for no page again" {
	many 900
	sandbox 'match=from=500 times=1 delay=1500'
	sm-extract company --state state >out 2>err 3>&- &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		[ "$(grep -ac '^block page' state/company.pages 2>/dev/null)" = 2 ] && break
		sleep 0.02
	done
	kill -9 "$pid"
	wait "$pid" || true
	[ ! -s out ]
	printf 'block page 1 500 250 900 40000 0123456789abcdef\n{"id":1' >>state/company.pages
	sm-extract company --state state >out
	diff -u <(seq 900) <(ids out)
	asked | grep -v from=500 | sort | uniq -d >twice
	[ ! -s twice ]
	[ "$(asked | grep -c fields)" = 1 ]
}

@test "SIGTERM stops with 75" {
	many 900
	sandbox 'match=from=500 delay=3000'
	sm-extract company --state state >out 2>err 3>&- &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		[ "$(grep -ac '^block page' state/company.pages 2>/dev/null)" = 2 ] && break
		sleep 0.02
	done
	kill "$pid"
	code=0
	wait "$pid" || code=$?
	[ "$code" = 75 ]
	[ ! -s out ]
	grep -q 'goes on' err
}

@test "a state of another extraction is refused" {
	many 900
	sandbox shuffle=7
	run -65 sm-extract company --passes 1 --state state
	run -78 --separate-stderr sm-extract company --since 2026-01-02T00:00:00Z --state state
	[[ $stderr == *"another extraction"* ]]
}

@test "the budget is one for all runs" {
	sandbox
	for m in tag user currency; do sm-extract "$m" --calls-per-hour 3 >out; done
	run -75 --separate-stderr sm-extract tag --calls-per-hour 3 --no-wait
	[[ $stderr == *"budget of 3 calls"* ]]
	[ "$(asked | wc -l)" = 3 ]
}

@test "the budget is one for processes at the same time" {
	sandbox
	local i code jobs=
	for i in 1 2 3 4 5 6; do
		{ code=0; sm-extract tag --budget b --calls-per-hour 4 --no-wait >"out$i" || code=$?; echo "$code" >"code$i"; } 3>&- &
		jobs="$jobs $!"
	done
	wait $jobs
	[ "$(cat code? | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = " 4 0; 2 75;" ]
	[ "$(asked | wc -l)" = 4 ]
}

@test "the budget's hour slides: calls of more than an hour ago are free again, and it waits for the next" {
	sandbox
	now=$(date +%s)
	printf '%010d\n' $((now - 4000)) $((now - 3700)) $((now - 3598)) $((now - 20)) >budget
	run -0 --separate-stderr sm-extract tag --budget budget --calls-per-hour 2
	[[ $stderr == *"call budget is spent: waiting"* ]]
}

@test "a file that is no budget is refused and not touched" {
	sandbox
	cp "$data/tag.ndjson" file
	run -78 sm-extract tag --budget file
	cmp "$data/tag.ndjson" file
}

@test "429 waits as Retry-After says, and otherwise with growing pauses" {
	sandbox 'match=tags at=1 status=429 retry-after=1' 'match=tags at=2 status=429'
	run -0 --separate-stderr sm-extract tag
	[[ $stderr == *"HTTP 429"*"waiting 1.2 s"* ]]
	[ "$(asked | wc -l)" = 3 ]
}

@test "429 beyond patience is 75" {
	sandbox 'status=429 retry-after=600'
	run -75 sm-extract tag --patience 60
	run -75 sm-extract tag --no-wait
}

@test "server errors, web pages, lost connections and failures in HTTP 200 are asked again" {
	sandbox 'at=1 status=500' 'at=2 html' 'at=3 drop' 'at=4 fail200' 'at=5 status=503'
	sm-extract tag >out
	diff -u "$data/tag.ndjson" out
	[ "$(asked | wc -l)" = 6 ]
	[ "$(wc -l <.salesmate-budget)" = 6 ]		# no repeat behind the budget's back
}

@test "and when that does not end, it is 75 with the reason" {
	for f in status=500 html drop fail200; do
		sandbox "$f"
		run -75 --separate-stderr sm-extract tag --retries 1
		[ "$output" = "" ]
		[[ $stderr == *"goes on later"* ]]
		stop_servers
	done
}

@test "a refused key is 77 with advice, an unknown account 78" {
	sandbox
	SM_TOKEN=another-key run -77 --separate-stderr sm-extract tag
	[[ $stderr == *AuthorizationFailed*"Session Key"* ]]
	[[ $stderr != *another-key* ]]
	SM_LINK=nobody run -78 --separate-stderr sm-extract tag
	[[ $stderr == *NoSuchLinkExist*SM_LINK* ]]
}

@test "a refusal for good is 69" {
	sandbox 'match=company/v4/search status=400'
	run -69 sm-extract company
}

@test "no service at all is 75" {
	SM_URL=http://127.0.0.1:9 run -75 sm-extract tag --retries 0
}

@test "missing or malformed settings are 78" {
	SM_TOKEN= run -78 sm-extract tag
	SM_LINK= run -78 sm-extract tag
	SM_LINK=a/b run -78 sm-extract tag
	SM_URL=http://example.com run -78 --separate-stderr sm-extract tag
	[[ $stderr == *"plain http only to this machine"* ]]
}

@test "a key file that others may read is refused" {
	echo sandbox >key
	chmod 644 key
	SM_TOKEN= SM_TOKEN_FILE=key run -77 sm-extract tag
	chmod 600 key
	sandbox
	SM_TOKEN= SM_TOKEN_FILE=key sm-extract tag >out
}

@test "the key is in no file and no message" {
	many 900
	export SM_TOKEN=canary-5b1f7c
	sandbox shuffle=7 'every=5 status=500' 'every=7 html'
	run sm-extract company --passes 1 --state state --progress
	echo "$output" >messages
	sm-extract company --state state --progress >out 2>>messages
	rm -f sm-sandbox.log
	run ! grep -rq canary-5b1f7c .
}

@test "a full disk is 74 and keeps the state" {
	many 900
	sandbox
	run -74 bash -c 'sm-extract company --state state >/dev/full'
	[ -s state/company.pages ]
	sm-extract company --state state >out
	[ "$(asked | grep -c from=0)" = 1 ]
}

@test "a fields file that cannot be read is 74, a missing one 66, a damaged one 65" {
	sandbox
	run -74 sm-extract company --fields /
	run -66 sm-extract company --fields nowhere
	echo nope >bad
	run -65 --separate-stderr sm-extract company --fields bad
	[[ $stderr == *bad:1:* ]]
}

@test "--help is on stdout, a wrong command line is 64" {
	sm-extract --help >out
	grep -q '^usage: sm-extract' out
	run -64 sm-extract tag --nope
	run -64 sm-extract
	run -64 sm-extract nothing
	run -64 sm-extract tag --since 'Mar 02, 2026 09:00 AM'
	run -64 sm-extract company --since yesterday
}

@test "a service that gives fewer rows a page than asked for loses no record, totals or not" {
	many 60
	awk '{ sub(/"name"/, "\"title\""); print }' many/company.ndjson >many/activity.ndjson
	sandbox cap=20
	for m in company activity; do
		sm-extract "$m" >out
		[ "$(ids out | sort -nu | wc -l)" = 60 ]
	done
}

@test "a first search that is refused is asked again with the fields of the metadata alone" {
	sandbox 'match=/search at=1 status=400'
	run -0 --separate-stderr sm-extract company
	[[ $stderr == *"another way is tried"* ]]
	jq -c 'select(.target | contains("search")) | .body | if type == "string" then fromjson else . end | .displayingFields' calls >asked
	[ "$(wc -l <asked)" = 2 ]
	! tail -n1 asked | grep -q googlePlusHandle
	tail -n1 asked | grep -q '"company.id"'
	tail -n1 asked | grep -q CustomField
}

@test "an account without products still gives the other field definitions, and says so" {
	for fault in status=403 status=404 html; do
		sandbox "match=v4/6/fields $fault" "match=isible $fault"
		run -0 --separate-stderr sm-extract field
		[ "${#lines[@]}" = "$(wc -l <"$data/field.ndjson")" ]
		[[ $stderr == *"no definitions of module 6 (product)"* ]]
		stop_servers
	done
}

@test "pipelines come from the older call where the newer one is a web page" {
	sandbox 'match=deal-pipelines html'
	sm-extract pipeline >out
	diff -u "$data/pipeline.ndjson" out
}

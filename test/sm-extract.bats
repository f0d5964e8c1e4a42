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

# -- modules by their number

@test "tickets and custom modules come by their number, with the custom fields of their metadata, in either form of the answer" {
	data=$PWD/many
	cp -r "$fixtures/sm-sandbox" many
	echo '{"id":900,"moduleId":101,"module":"cm_berth","fieldName":"textCustomField1","displayName":"Berth","type":"Text"}' >>many/field.ndjson
	for faults in '' records; do
		sandbox $faults
		sm-extract cm_berth --module 101 >out
		diff -u - <(jq -c '[.id, .name, .owner.name, .textCustomField1]' out) <<-'END'
			[24,"Pier 4","Dara Quill","H-9"]
			[25,"Pier 5","Mara Dune",null]
		END
		sm-extract ticket --module 9 >out
		[ "$(jq -c '[.id, .name, .stage]' out)" = '[7,"Leak at pier 4","Open"]' ]
		stop_servers
	done
}

@test "a custom module of many pages is read whole in either form, however its pages shift" {
	many 1
	echo '{"id":101,"name":"cm_x"}' >many/module.ndjson
	seq 620 | sed 's/.*/{"id":&,"name":"X &"}/' >many/cm_x.ndjson
	sandbox records shuffle=5
	sm-extract cm_x --module 101 >out
	diff -u <(seq 620) <(ids out)
}

@test "field gives the definitions of modules of one's own too" {
	data=$fixtures/sm-sandbox
	sandbox
	sm-extract field --module ticket=9 --module cm_berth=101 >out
	[ "$(jq -r .module out | sort -u | tr '\n' ' ')" = "company contact deal task " ]
	asked | grep -q 'v4/101/fields'
	run -64 sm-extract field --module 9
	run -64 sm-extract company --module 5
	run -64 sm-extract ../x --module 9
}

# -- notes

# noted N: N contacts, every second with a note; contact 3 has two, and note 8 is on 4 and 6
noted() {
	many 1
	seq "$1" | awk '{ printf "{\"id\":%d,\"name\":\"C %d\",\"lastNoteAddedAt\":%s}\n", $1, $1, $1 % 2 ? 1700000000 + $1 : $1 % 4 ? "null" : "\"\"" }' >many/contact.ndjson
	seq "$1" | awk '$1 % 2 { printf "{\"id\":%d,\"note\":\"<p>n %d</p>\",\"moduleId\":1,\"objectId\":%d,\"createAt\":\"2026-02-06T07:08:38+00:00\"}\n", 1000 - $1, $1, $1 }' >many/note.ndjson
	echo '{"id":5000,"note":"second","moduleId":1,"objectId":3}' >>many/note.ndjson
}

notes() { sm-extract note --of contact=many/contact.ndjson "$@"; }

@test "notes are asked for only where the last one has a time, one call a record, and said beforehand" {
	noted 9
	sandbox
	run -0 --separate-stderr notes
	echo "$output" | jq .id | diff -u <(printf '%s\n' 991 993 995 997 999 5000) -
	[[ $stderr == *"5 records have notes (contact 5 of 9)"*"5 calls planned; 1500 of the hour's 1500 are free"*"6 in, 6 out"* ]]
	[ "$(asked | wc -l)" = 5 ]
	asked | grep -q '/modules/1/objects/3/notes'
	notes --all-records >out
	[ "$(asked | wc -l)" = 14 ]
}

@test "notes of several modules are united by their ids, and a note that does not say whose it is is told" {
	noted 3
	jq -c 'del(.moduleId, .objectId)' many/note.ndjson >bare
	cp many/contact.ndjson many/ticket.ndjson
	jq -c '.moduleId = 9' many/note.ndjson >>many/note.ndjson.new
	cat many/note.ndjson.new >>many/note.ndjson
	sandbox
	sm-extract note --of contact=many/contact.ndjson --of 9=many/ticket.ndjson >out
	[ "$(jq .id out | sort -n | uniq -d | wc -l)" = 0 ]
	[ "$(wc -l <out)" = 3 ]
	[ "$(asked | wc -l)" = 4 ]
}

@test "notes after kill -9 are not asked for again, and the calls are counted across runs" {
	noted 400
	sandbox 'match=objects/201/notes times=1 delay=1500'
	sm-extract note --of contact=many/contact.ndjson --state state >out 2>err 3>&- &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		[ "$(grep -ac '^block page' state/note.pages 2>/dev/null)" = 100 ] && break
		sleep 0.02
	done
	kill -9 "$pid"
	wait "$pid" || true
	printf 'block page 1 203 1 -1 40000 0123456789abcdef\n{"id":1' >>state/note.pages
	run -0 --separate-stderr notes --state state
	[[ $stderr == *"going on after 100 records"*"100 calls planned"* ]]
	[ "${#lines[@]}" = 201 ]
	asked | grep -v objects/201/ | sort | uniq -d >twice
	[ ! -s twice ]
	[ "$(wc -l <.salesmate-budget)" = 201 ]
	[ ! -e state/note.pages ]
}

@test "notes stop at the end of the budget and go on with it" {
	noted 20
	sandbox
	run -75 --separate-stderr notes --state state --calls-per-hour 4 --no-wait
	[[ $stderr == *"10 calls planned; 4 of the hour's 4 are free, so this takes about 1.5 hours"* ]]
	[ "$(asked | wc -l)" = 4 ]
	notes --state state >out
	[ "$(asked | wc -l)" = 10 ]
	[ "$(wc -l <out)" = 11 ]
}

@test "a record that is gone when its notes are asked for is set aside" {
	noted 5
	sandbox
	sed 's/"id":3/"id":777/' many/contact.ndjson >later
	run -65 --separate-stderr sm-extract note --of contact=later
	[[ $stderr == *"missing: "*"777"* ]]
	run -0 --separate-stderr sm-extract note --of contact=later --rejects rejects
	[ "${#lines[@]}" = 2 ]
	[[ $stderr == *"3 in, 2 out, 1 rejected" ]]
	[ "$(jq -c '[.moduleId, .objectId, ._error.code]' rejects)" = '[1,777,"missing"]' ]
}

@test "records that never say when their last note was are named, since no note would come" {
	noted 3
	sandbox
	jq -c 'del(.lastNoteAddedAt)' many/contact.ndjson >bare
	run -0 --separate-stderr sm-extract note --of contact=bare
	[[ $stderr == *"none of 3 records has lastNoteAddedAt"*"no call is needed"* ]]
}

# -- files of notes

# filed [FAULT...]: one note with attachments 51 to 55 and two images of its text; 53 is empty, 54 not there
filed() {
	many 1
	mkdir -p many/files
	echo '{"id":3,"name":"C","lastNoteAddedAt":1}' >many/contact.ndjson
	printf 'berth plan' >many/files/51
	printf 'a picture' >many/files/52
	: >many/files/53
	printf 'berth plan' >many/files/55
	jq -nc '{id: 7, note: "<p>see <img src=\"https://storage.googleapis.com/salesmate/52\"><IMG alt=x src=https://other.example/a.png>", moduleId: 1, objectId: 3,
		attachments: [{id: 51, name: "../plan.txt", contentType: "text/plain", size: 10}, {id: 53, name: "e", contentType: "image/png", size: 0},
			{id: 54, name: "lost", contentType: "image/png", size: 4}, {id: 55, name: "again", contentType: "text/plain", size: 10}]}' >many/note.ndjson
	sandbox "$@"
	sm-extract note --of contact=many/contact.ndjson >notes
}

files() { sm-extract attachment --notes notes --store files "$@"; }

@test "files of notes are downloaded into a store by their hash; what is wrong with one is said in its line" {
	filed
	run -0 --separate-stderr files
	hash=$(printf 'berth plan' | sha256sum | cut -c1-64)
	picture=$(printf 'a picture' | sha256sum | cut -c1-64)
	echo "$output" | jq -c '[.id, .name, .contentType, .size, .file.path, .file.size, .problem.code, (.src // "" | sub("http://[^/]*"; ""))]' >got
	diff -u - got <<-END
		[51,"../plan.txt","text/plain",10,"files/${hash:0:2}/$hash",10,null,""]
		[53,"e","image/png",0,null,null,"empty-file",""]
		[54,"lost","image/png",4,null,null,"missing-file",""]
		[55,"again","text/plain",10,"files/${hash:0:2}/$hash",10,null,""]
		[null,null,"application/octet-stream",null,"files/${picture:0:2}/$picture",9,null,"/storage/salesmate/embedded/52"]
	END
	[ "$(echo "$output" | jq -c 'select(.file) | .file | .path == "files/\(.sha256[:2])/\(.sha256)"' | sort -u)" = true ]
	[ "$(cat "files/${hash:0:2}/$hash")" = 'berth plan' ]
	[ "$(find files -type f | wc -l)" = 2 ]
	[[ $stderr == *"4 calls planned"*"1 images in texts lie in the storage"*"1 elsewhere, left as links"*"5 in, 5 out, 0 rejected; 2 of them are problems" ]]
	[ "$(wc -l <.salesmate-budget)" = 5 ]		# one for the notes, four for addresses
	run ! grep -rq 'Signature' files .salesmate-budget
}

@test "the storage is asked without the API's headers, https only" {
	filed
	files >out		# the stand-in refuses them
	[ "$(jq -c 'select(.target | startswith("/storage")) | .status' calls | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = " 4 200; 1 404;" ]
	sed -i 's|http://127.0.0.1|http://192.0.2.1|' notes
	files --storage-host 192.0.2.1 >out		# an image from elsewhere is left alone, not asked for in the clear
	[ "$(wc -l <out)" = 4 ]
}

@test "a download that breaks off is repeated with a new address, and so is one refused as too late" {
	filed 'match=/storage/salesmate/51 at=1 cut' 'match=/storage/salesmate/55 at=1 status=503' 'match=/storage/salesmate/51 at=2 status=403'
	files >out
	[ "$(jq -c 'select(.file) | .id' out | tr '\n' ' ')" = "51 55 null " ]
	[ "$(asked | grep -c attachments/51)" = 3 ]
	[ "$(asked | grep -c attachments/55)" = 2 ]
	[ "$(find files -name '.new*')" = "" ]
}

@test "a web page in place of a file is a problem, a storage that stays away ends with 75 and goes on" {
	filed 'match=/storage/salesmate/51 html' 'match=/storage/salesmate/55 times=2 status=500'
	run -75 --separate-stderr files --state state --retries 1
	[ "$output" = "" ]
	[[ $stderr == *"HTTP 500; the same command goes on later" ]]
	files --state state >out
	[ "$(jq -r '.problem.code // "-"' out | tr '\n' ' ')" = "wrong-type empty-file missing-file - - " ]
	[ "$(asked | grep -c attachments/53)" = 1 ]
	[ ! -e state/attachment.list ]
}

@test "files after kill -9 are not asked for again, unless they are gone from the store" {
	filed 'match=/storage/salesmate/55 times=1 delay=1500'
	sm-extract attachment --notes notes --store files --state state >out 2>err 3>&- &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		[ "$(grep -c noteId state/attachment.list 2>/dev/null)" = 3 ] && break
		sleep 0.02
	done
	kill -9 "$pid"
	wait "$pid" || true
	[ ! -s out ]
	printf '{"noteId":7,"id":55,"file":{"pa' >>state/attachment.list
	run -0 --separate-stderr files --state state
	[[ $stderr == *"going on, 3 files are known"*"1 calls planned"* ]]
	[ "$(echo "$output" | jq -c .id | tr '\n' ' ')" = "51 53 54 55 null " ]
	[ "$(asked | grep -c attachments/51)" = 1 ]
	head -n1 <<<"$output" >first
	rm -r files
	{ echo "{\"_state\":\"attachments of notes of sandbox at $SM_URL, files in files\"}"; cat first; } >state/attachment.list
	run -0 --separate-stderr files --state state
	[ "$(asked | grep -c attachments/51)" = 2 ]
	echo '{"_state":"another"}' >state/attachment.list
	run -78 files --state state
}

@test "a large file goes through in flat memory" {
	filed
	truncate -s 192M many/files/51
	([[ $BIN == *san ]] || ulimit -v 160000		# sanitizers map terabytes
		sm-extract attachment --notes notes --store files >out)
	[ "$(jq -c 'select(.id == 51) | .file.size' out)" = 201326592 ]
}

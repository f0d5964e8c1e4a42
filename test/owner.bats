load helper

# Owners of every kind of record: users by e-mail, then teams, and the rest for the administrator.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export SM_TOKEN=sandbox DYN_CLIENT_SECRET=sandbox
	unset MAKEFLAGS MFLAGS MAKELEVEL
	maven=$root/../shared/data/maven-crm
}

people() {
	cat <<-'E'
	{"id":1,"email":"a@x.example"}
	{"id":2,"email":" Service@X.example "}
	{"id":3,"email":"gone@x.example"}
	{"id":4,"email":"off@x.example"}
	{"id":5,"email":"two@x.example"}
	E
}

users() {
	cat <<-'E'
	{"_table":"systemuser","systemuserid":"00000000-0000-4000-8000-000000000001","internalemailaddress":"A@x.example","isdisabled":false}
	{"_table":"systemuser","systemuserid":"00000000-0000-4000-8000-000000000004","internalemailaddress":"off@x.example","isdisabled":true}
	E
}

teams() {
	cat <<-'E'
	{"_table":"team","teamid":"00000000-0000-4000-8000-00000000000a","name":"Service","emailaddress":"service@x.example"}
	{"_table":"team","teamid":"00000000-0000-4000-8000-00000000000b","name":"One","emailaddress":"two@x.example"}
	{"_table":"team","teamid":"00000000-0000-4000-8000-00000000000c","name":"Two","emailaddress":"two@x.example"}
	{"_table":"team","teamid":"00000000-0000-4000-8000-00000000000d","name":"Off","emailaddress":"off@x.example"}
	E
}

match() {
	people >people.ndjson
	users >users.ndjson
	teams >teams.ndjson
	assign-ids --module user --table systemuser --namespace t --match email=internalemailaddress --match-only --inactive isdisabled \
		--existing users.ndjson "$@" --rejects rejects --queue queue <people.ndjson >ids
}

@test "who is no user is looked for among the teams; a disabled user stays one" {
	match --else team --existing teams.ndjson --match email=emailaddress
	diff - <(jq -r '"\(.key) \(.table) \(.id[-1:]) \(.how) \(.rule)"' ids) <<-'E'
	1 systemuser 1 matched email
	2 team a matched email
	E
	diff - <(jq -r '"\(.id) \(._error.code) \(._error.message)"' queue) <<-'E'
	3 missing no row of systemuser or team matches: create it, or mend what is compared
	4 inactive the only row of systemuser with this internalemailaddress is disabled: 00000000-0000-4000-8000-000000000004: enable it
	5 ambiguous two rows of team have the same emailaddress: 00000000-0000-4000-8000-00000000000b and 00000000-0000-4000-8000-00000000000c: make one of them differ
	E
}

@test "the fallback takes the queued, and is a user" {
	match --fallback a@x.example --else team --existing teams.ndjson --match email=emailaddress
	diff - <(jq -r '"\(.key) \(.table) \(.how) \(.rule)"' ids) <<-'E'
	1 systemuser matched email
	2 team matched email
	3 systemuser fallback missing
	4 systemuser fallback inactive
	5 systemuser fallback ambiguous
	* systemuser fallback unknown
	E
}

@test "--else needs rows and a rule of its own, and --match-only" {
	run -64 match --else team
	run -64 match --else team --existing teams.ndjson
	run -64 assign-ids --module user --table systemuser --namespace t --else team --existing /dev/null --match a=b </dev/null
}

@test "owners are called differently in each module, and each is found once" {
	mkdir -p data/source/{deal,note,call,product,team_inbox_conversation,team_inbox_message}
	echo '{"id":1,"owner":{"id":3,"name":"Deal"}}' >data/source/deal/10-extracted.ndjson
	printf '%s\n' '{"id":1,"createdBy":{"id":4,"name":"Note","type":"User"},"owner":{"id":99}}' \
		'{"id":2,"createdBy":{"id":77,"type":"Contact"}}' >data/source/note/10-extracted.ndjson
	echo '{"id":1,"user":{"id":5}}' >data/source/call/10-extracted.ndjson
	printf '%s\n' '{"id":1,"owner":6}' '{"id":2,"owner":3}' '{"id":3,"owner":null}' >data/source/product/10-extracted.ndjson
	echo '{"id":1,"assignedTo":{"id":7}}' >data/source/team_inbox_conversation/10-extracted.ndjson
	printf '%s\n' '{"id":1,"author":{"id":8}}' '{"id":2,"author":null}' >data/source/team_inbox_message/10-extracted.ndjson
	echo '{"id":5,"name":"Known","email":"k@x.example"}' >user
	diff - <(jq -n -c --slurpfile user user -f "$root/pipelines/owners.jq" data/source/*/10-extracted.ndjson) <<-'E'
	{"id":3,"name":"Deal","email":null}
	{"id":4,"name":"Note","email":null}
	{"id":5,"name":"Known","email":"k@x.example"}
	{"id":6,"name":null,"email":null}
	{"id":7,"name":null,"email":null}
	{"id":8,"name":null,"email":null}
	E
}

@test "the queue for the administrator cannot run in a spreadsheet, and the count is a line" {
	echo '{"id":3,"name":"=HYPERLINK(1)","email":"@x","_error":{"code":"missing","message":"no row"}}' >queue
	printf '%s\n' '{"key":"1","table":"systemuser","how":"matched"}' '{"key":"2","table":"team","how":"matched"}' '{"key":"3","table":"systemuser","how":"fallback"}' >ids
	run jq -r -s --arg form csv -f "$root/pipelines/owners-queue.jq" queue
	[ "${lines[1]}" = "3,\"'=HYPERLINK(1)\",\"'@x\",\"missing\",\"no row\"" ]
	run jq -r -s --arg form count -f "$root/pipelines/owners-queue.jq" ids queue
	[ "$output" = 'owners: 1 matched, 1 by team, 0 inactive, 1 missing, 0 ambiguous' ]
}

@test "owners of every module of the real data are as many as its truth says" {
	[ -e "$maven/TRUTH.json" ] || skip "no ../shared/data/maven-crm beside the project"
	for m in company contact deal activity product email call team_inbox_conversation team_inbox_message note; do
		mkdir -p "data/source/$m"
		ln -s "$maven/$m.ndjson" "data/source/$m/10-extracted.ndjson"
	done
	jq -n -c --slurpfile user "$maven/user.ndjson" -f "$root/pipelines/owners.jq" data/source/*/10-extracted.ndjson >owners
	jq -c '{_table: "systemuser"} + .' "$maven/target-users.ndjson" >users.ndjson
	assign-ids --module user --table systemuser --namespace t --match email=internalemailaddress --match-only --inactive isdisabled \
		--existing users.ndjson --rejects rejects --queue queue <owners >ids
	counted=$(printf '[%s,%s,%s,%s]' "$(wc -l <owners)" "$(wc -l <ids)" "$(grep -c '"inactive"' queue)" "$(grep -c '"missing"' queue)")
	[ "$counted" = "$(jq -c '.users.ownersAllKinds | [.distinctReferenced, .matchedEnabled, (.matchedDisabled | length), (.unmatched + .unknownIds | length)]' "$maven/TRUTH.json")" ]
}

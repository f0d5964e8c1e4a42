# dyn-extract: rows and definitions as they are, whole or not at all

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
}

sandbox() {	# [OPTION...]: an organization with the stock tables, and the rows of the file rows if there is one
	[ ! -e rows ] || set -- --rows rows "$@"
	start dyn-sandbox dyn-sandbox --store "$BATS_TEST_TMPDIR/store" --metadata "$fixtures/metadata" "$@"
	export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port
}

id() { printf '00000000-0000-8000-8000-%012d' "$1"; }

accounts() {	# N: so many account rows for the sandbox
	seq "$1" | jq -c '{_table: "account", name: "Account \(.)", accountid: "00000000-0000-8000-8000-\("000000000000\(.)" | .[-12:])"}'
}

contacts() {
	accounts 2
	printf '%s\n' '{"_table":"contact","contactid":"'"$(id 11)"'","firstname":"Inés","lastname":"Okafor","creditlimit":1234.5,"parentcustomerid_account@odata.bind":"/accounts('"$(id 1)"')"}' \
		'{"_table":"contact","contactid":"'"$(id 12)"'","lastname":"a \"quoted\"\nname \\ 🚢"}'
}

plain() { sed 's/"@odata.etag":"W.."[0-9]*..",//' "$@"; }

@test "rows come as the service gave them, in order of the id" {
	contacts >rows
	sandbox
	dyn-extract contact --select firstname,lastname,creditlimit,parentcustomerid >out 2>err
	plain out >rows
	diff -u "$fixtures/dyn-extract/contacts.out.ndjson" rows
	grep -q '^{"_table":"contact","@odata.etag":"W/\\"' out
	run ! grep -q odata.context out
	[ "$(tail -n 1 err)" = "dyn-extract: 2 in, 2 out, 0 rejected" ]
}

@test "without --select every column comes, lookups as _x_value" {
	contacts >rows
	sandbox
	dyn-extract contact >out 2>err
	[ "$(jq -rs 'map(._parentcustomerid_value) | join(" ")' out)" = "$(id 1) " ]
	[ "$(jq -rs '.[0] | length > 100' out)" = true ]
}

notes() {	# three notes for the sandbox: with a file, without, and with another
	jq -nc '{_table: "account", accountid: "'"$(id 1)"'", name: "a"},
		({annotationid: "'"$(id 21)"'", filename: "a.txt", documentbody: "aGVsbG8="}, {annotationid: "'"$(id 22)"'"},
		{annotationid: "'"$(id 23)"'", filename: "b.txt", documentbody: ("A" * 4000000)} |
		{_table: "annotation", subject: "n", "objectid_account@odata.bind": "/accounts('"$(id 1)"')"} + .)'
}

@test "--hash tells what files the rows have, in order, also on a bad day" {
	notes >rows
	printf 'match=Download every=2 times=3 %s\n' status=503 after=reset >faults
	sandbox --faults faults
	printf '{"sha256":"%s","size":%s} ' "$(printf hello | sha256sum | cut -d ' ' -f 1)" 5 >expected
	printf 'null {"sha256":"%s","size":%s} ' "$(head -c 3000000 /dev/zero | sha256sum | cut -d ' ' -f 1)" 3000000 >>expected
	dyn-extract annotation --select subject,documentbody --hash documentbody >out 2>err
	[ "$(jq -c .documentbody out | tr '\n' ' ')" = "$(cat expected)" ]
	[ "$(jq -r '[.subject, .filesize] | @csv' out | tr '\n' ' ')" = '"n",5 "n", "n",3000000 ' ]
}

@test "--hash is for the columns that hold files, and goes with --select" {
	sandbox
	run -64 --separate-stderr dyn-extract account --select name --hash documentbody
	run -64 --separate-stderr dyn-extract annotation --hash documentbody
	run -64 --separate-stderr dyn-extract annotation --select subject --hash body
	run -64 --separate-stderr dyn-extract annotation --select subject --hash documentbody --ids /dev/null
	dyn-extract activitymimeattachment --select filename --hash body >out
	[ ! -s out ]
}

@test "an empty table gives no line and 0" {
	sandbox
	dyn-extract lead >out 2>err
	[ ! -s out ]
	[ "$(tail -n 1 err)" = "dyn-extract: 0 in, 0 out, 0 rejected" ]
}

@test "all pages are followed, and every row comes once" {
	accounts 11000 >rows
	sandbox
	dyn-extract account --select name >out 2>err
	[ "$(tail -n 1 err)" = "dyn-extract: 11000 in, 11000 out, 0 rejected" ]
	[ "$(jq -r .accountid out | sort -u | wc -l)" -eq 11000 ]
	dyn-extract account --order 'name desc' --select name >out 2>err
	[ "$(jq -r .name out | sort -u | wc -l)" -eq 11000 ]
	[ "$(head -n 1 out | jq -r .name)" = "Account 9999" ]
}

@test "a page that fails in the middle is no success" {
	accounts 6000 >rows
	echo 'match=skiptoken status=400' >faults
	sandbox --faults faults
	run -69 --separate-stderr dyn-extract account --select name
	[[ $stderr != *"in, "*"out"* ]]
}

@test "answers that are away for a while are asked for again" {
	accounts 3 >rows
	echo 'match="GET accounts" times=2 status=503' >faults
	sandbox --faults faults
	dyn-extract account --select name >out 2>err
	[ "$(wc -l <out)" -eq 3 ]
}

@test "--filter chooses rows, whatever characters it holds" {
	contacts >rows
	echo '{"_table":"account","accountid":"'"$(id 3)"'","name":"Fish & Chips + 100% #1 Ærø"}' >>rows
	sandbox
	dyn-extract account --filter "name eq 'Fish & Chips + 100% #1 Ærø'" --select name >out 2>err
	[ "$(jq -r .accountid out)" = "$(id 3)" ]
	dyn-extract contact --filter "_parentcustomerid_value eq $(id 1)" --select lastname >out 2>err
	[ "$(jq -r .lastname out)" = Okafor ]
}

@test "--select-file names the columns one a line, and _x_value is understood too" {
	contacts >rows
	sandbox
	printf 'lastname\n\n  parentcustomerid  \ncontactid\n' >columns
	dyn-extract contact --select-file columns >one 2>err
	dyn-extract contact --select lastname,_parentcustomerid_value >two 2>err
	diff one two
}

@test "a column that is not there, cannot be read, or is a list of parties is refused by name" {
	sandbox
	run -78 dyn-extract contact --select firstname,nosuch,fristname
	[[ $output = *'table contact has no column "nosuch"'*'table contact has no column "fristname"'* ]]
	run -78 dyn-extract email --select to
	[[ $output = *"list of activity parties"* ]]
	run -78 dyn-extract contact --order nosuch
}

@test "a table that is not there is 78" {
	sandbox
	run -78 dyn-extract contacts
	[[ $output = *'no table "contacts"'* ]]
	run -78 dyn-extract --metadata account nosuch
}

@test "--ids gives the rows that a file names, in its order; others are passed over or rejected" {
	accounts 120 >rows
	sandbox
	{
		printf '{"module":"company","key":"%d","table":"account","id":"%s"}\n' 120 "$(id 120)" 7 "$(id 7)"
		printf '{"table":"contact","id":"%s"}\n' "$(id 7)"
		printf '{"id":"%s"}\n' "$(id 999)" not-a-guid
		printf '{"key":"1"}\nnope\n'
		printf '{"id":"%s"}\n' "$(id 1)"
	} >ids
	dyn-extract account --ids ids --select name --rejects rejects >out 2>err
	[ "$(jq -r .name out)" = 'Account 120
Account 7
Account 1' ]
	[ "$(jq -r ._error.code rejects | sort)" = 'bad-id
bad-json
missing
missing-field' ]
	[ "$(tail -n 1 err)" = "dyn-extract: 8 in, 3 out, 4 rejected, 1 skipped" ]
	dyn-extract account --select name >all 2>err
	jq -c '{id: .accountid}' all | shuf >ids
	dyn-extract account --ids - --select name <ids >out 2>err
	diff <(jq -r .id ids) <(jq -r .accountid out)
}

@test "an id that is not there ends the run without --rejects" {
	sandbox
	printf '{"id":"%s"}\n' "$(id 999)" >ids
	run -65 dyn-extract account --ids ids
	[[ $output = *"ids:1: missing"*"account has no row $(id 999)"* ]]
	echo nope >ids
	run -65 dyn-extract account --ids ids
	: >ids
	run -0 dyn-extract account --ids ids
	run -66 dyn-extract account --ids nowhere
	run -74 dyn-extract account --ids - </
}

@test "--metadata gives what the metadata files are made of" {
	sandbox
	# The base type may go without @odata.type (OData 4.0); ids and versions are the organization's own.
	local t comparable='del(.MetadataId, .IntroducedVersion) | if .AttributeType == "Virtual" then del(.["@odata.type"]) else . end
		| with_entries(select(.value != null))'
	for t in account contact email opportunity; do
		dyn-extract --metadata $t >out 2>err
		jq -cS "$comparable" "$fixtures/metadata/$t.ndjson" | sort >want
		jq -cS "$comparable" out | sort >got
		diff -u want got
	done
}

@test "--metadata of two tables: each with its table line first, columns in order, the same twice" {
	sandbox
	dyn-extract --metadata task account >out 2>err
	dyn-extract --metadata task account >again 2>err
	cmp out again
	[ "$(jq -r 'select(._meta == "table") | ._table' out)" = 'task
account' ]
	[ "$(head -n 1 out | jq -r ._meta)" = table ]
	jq -r 'select(._meta == "column" and ._table == "account") | .LogicalName' out >names
	sort -c names
	mkdir metadata
	cp out metadata/all.ndjson
	stop_servers
	start dyn-sandbox dyn-sandbox --store "$BATS_TEST_TMPDIR/other" --metadata metadata
	DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port dyn-extract --metadata task account >again 2>err
	cmp out again
}

@test "--whoami says who asks and where; --organization adds its settings" {
	sandbox
	dyn-extract --whoami >out 2>err
	[ "$(jq -r 'keys_unsorted | join(" ")' out)" = "OrganizationId UserId BusinessUnitId url" ]
	[ "$(jq -r .url out)" = "$DYN_URL" ]
	dyn-extract --organization >org 2>err
	[ "$(jq -r .OrganizationId org)" = "$(jq -r .OrganizationId out)" ]
	[ "$(jq -r .organizationid org)" = "$(jq -r .OrganizationId out)" ]
}

@test "a refused secret is 77 and never shown; a missing setting is 78; nobody there is 75" {
	sandbox
	DYN_CLIENT_SECRET=hunter2hunter2 run -77 dyn-extract --whoami
	[[ $output != *hunter2* ]]
	DYN_CLIENT_SECRET='' run -78 dyn-extract --whoami
	DYN_URL= run -78 dyn-extract --whoami
	DYN_URL=http://example.org run -78 dyn-extract --whoami
}

@test "an interrupted run is 75 and says nothing of being complete" {
	echo 'match="GET accounts" every=1 status=503' >faults
	sandbox --faults faults
	dyn-extract account >out 2>err 3>&- &
	local pid=$! status=0
	until (( 0x$(awk '$1 == "SigCgt:" { print $2 }' /proc/$pid/status) & 0x4000 )); do :; done	# it handles SIGTERM by now
	kill -TERM $pid
	wait $pid || status=$?
	[ $status -eq 75 ]
	run ! grep -q 'in, ' err
}

@test "a full disk is 74" {
	accounts 3 >rows
	sandbox
	run -74 bash -c 'dyn-extract --whoami >/dev/full'
	run -74 bash -c 'dyn-extract account >/dev/full'
}

@test "--help and --version answer on stdout" {
	run -0 --separate-stderr dyn-extract --help
	[[ $output = usage:* ]]
	[ "$stderr" = "" ]
	run -0 dyn-extract --version
}

@test "unknown options, options that do not go together and bad names are 64" {
	run -64 dyn-extract --nope
	run -64 dyn-extract
	run -64 dyn-extract account contact
	run -64 dyn-extract --metadata
	run -64 dyn-extract --whoami account
	run -64 dyn-extract --whoami --metadata account
	run -64 dyn-extract --metadata account --filter x
	run -64 dyn-extract "account')"
	run -64 dyn-extract account --ids x --filter y
	run -64 dyn-extract account --select a --select-file b
	run -64 dyn-extract account --rejects x
}

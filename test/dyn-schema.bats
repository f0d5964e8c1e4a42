# dyn-schema: creates what is missing, changes nothing that is there

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
	columns=$fixtures/dyn-schema/columns.csv options=$fixtures/dyn-schema/options.csv
}

sandbox() {	# [OPTION...]: a fresh organization, or the one of a run before
	local dir=$BATS_TEST_TMPDIR/definitions
	mkdir -p "$dir"
	cp "$fixtures"/metadata/{account,lead,organization}.ndjson "$dir"
	start dyn-sandbox dyn-sandbox --store "$BATS_TEST_TMPDIR/store" --metadata "$dir" "$@"
	export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port
}

apply() { dyn-schema apply --columns "$columns" --options "$options" "$@"; }

columns_file() {	# LINE...: a columns file with these lines
	columns=$BATS_TEST_TMPDIR/columns.csv
	printf '%s\n' table,column,type,length,min,max,precision,format,label,choices "$@" >"$columns"
}

options_file() {
	options=$BATS_TEST_TMPDIR/options.csv
	printf '%s\n' column,value,label "$@" >"$options"
}

@test "every type of column, a choice with its options and a key are created, and said line by line" {
	sandbox
	apply >out 2>err
	diff -u "$fixtures/dyn-schema/created.out.ndjson" out
	[ "$(tail -n 1 err)" = "dyn-schema: 16 wanted, 16 created, 0 there, 0 options added" ]
	dyn-extract --metadata account lead >metadata 2>/dev/null
	# A BigInt's limits are left out: jq would round them.
	jq -c 'select(.LogicalName // "" | startswith("sm_")) | if .AttributeType == "BigInt" then del(.MinValue, .MaxValue) else . end' metadata >made
	diff -u "$fixtures/dyn-schema/made.ndjson" made
}

@test "a second run finds everything and makes nothing" {
	sandbox
	apply >out 2>err
	apply >again 2>err
	[ "$(tail -n 1 err)" = "dyn-schema: 16 wanted, 0 created, 16 there, 0 options added" ]
	[ "$(jq -r .action again | sort -u)" = exists ]
}

@test "what is there already is kept, the rest is created" {
	sandbox
	columns_file account,sm_salesmate_id,String,200,,,,,Id,
	apply >out 2>err
	columns=$fixtures/dyn-schema/columns.csv
	apply >out 2>err
	[ "$(tail -n 1 err)" = "dyn-schema: 16 wanted, 13 created, 3 there, 0 options added" ]
	[ "$(jq -r 'select(.column == "sm_salesmate_id") | .action' out)" = exists ]
}

@test "--dry-run says what it would do and changes nothing" {
	sandbox
	apply --dry-run >out 2>err
	[ "$(jq -r .action out | sort | uniq -c | tr -s ' ')" = " 16 create" ]
	[ "$(tail -n 1 err)" = "dyn-schema: 16 wanted, 16 to create, 0 there, 0 options to add" ]
	apply -n >again 2>err
	diff out again
}

@test "conflicts are all listed, with what is there and what is wanted, before any change" {
	sandbox
	apply >out 2>err
	columns_file \
		lead,sm_new,String,10,,,,,New, \
		account,sm_salesmate_id,Memo,100,,,,,Id, \
		account,sm_notes,Memo,6000,,,,,Notes, \
		account,sm_count,Integer,,-5,1001,,,Count, \
		account,sm_weight,Decimal,,,,2,,Weight, \
		account,sm_since,DateTime,,,,,DateAndTime:TimeZoneIndependent,Since, \
		account,sm_salesmate_id_key,key,,,,,,Key,sm_count
	run -78 apply
	[[ $output = *"columns.csv:3: account.sm_salesmate_id: there it is a StringType, wanted is Memo"* ]]
	[[ $output = *"columns.csv:4: account.sm_notes: there it holds 5000 characters, wanted are 6000"* ]]
	[[ $output = *"columns.csv:5: account.sm_count: there the least value is 0, wanted is -5"* ]]
	[[ $output = *"columns.csv:5: account.sm_count: there the greatest value is 1000, wanted is 1001"* ]]
	[[ $output = *"columns.csv:6: account.sm_weight: there it is a DoubleType, wanted is Decimal"* ]]
	[[ $output = *"columns.csv:7: account.sm_since: there its behavior is UserLocal, wanted is TimeZoneIndependent"* ]]
	[[ $output = *"account.sm_salesmate_id_key: there it is a key over \"sm_salesmate_id\", wanted is \"sm_count\""* ]]
	[[ $output = *"7 conflicts: "*"nothing was changed"* ]]
	columns_file lead,sm_new,String,10,,,,,New,
	run -0 apply --dry-run
	[[ $output = *'"sm_new","kind":"String","action":"create"'* ]]
}

@test "options that an existing choice lacks are added to it" {
	sandbox
	columns_file lead,sm_pipeline,Picklist,,,,,,Pipeline,
	options_file sm_pipeline,727000001,Sales
	apply >out 2>err
	options_file sm_pipeline,727000001,Sales sm_pipeline,727000002,Partners sm_pipeline,727000003,Own
	apply >out 2>err
	[ "$(tail -n 1 err)" = "dyn-schema: 3 wanted, 0 created, 3 there, 2 options added" ]
	[ "$(jq -c 'select(.kind == "option") | [.value, .label, .action]' out)" = '[727000002,"Partners","created"]
[727000003,"Own","created"]' ]
	dyn-extract --metadata lead >metadata 2>/dev/null
	[ "$(jq -r 'select(.LogicalName == "sm_pipeline") | .OptionSet.Options[].Label.UserLocalizedLabel.Label' metadata)" = 'Sales
Partners
Own' ]
	apply >out 2>err
	[ "$(tail -n 1 err)" = "dyn-schema: 3 wanted, 0 created, 3 there, 0 options added" ]
}

@test "an option renamed in Dynamics is left; numbers and texts that came apart are a conflict" {
	sandbox
	columns_file lead,sm_pipeline,Picklist,,,,,,Pipeline,
	options_file sm_pipeline,727000001,Sales sm_pipeline,727000002,Partners
	apply >out 2>err
	options_file sm_pipeline,727000001,Selling sm_pipeline,727000002,Partners
	run -0 apply
	[[ $output = *'lead.sm_pipeline: option 727000001 is called "Sales" there, not "Selling": left'* ]]
	options_file sm_pipeline,727000001,New sm_pipeline,727000002,Sales sm_pipeline,727000003,Partners
	run -78 apply
	[[ $output = *'value 727000002 is "Partners" there, wanted is "Sales"'* ]]
	[[ $output = *'nothing was changed'* ]]
}

@test "keys are waited for until they are active" {
	sandbox --limits key-delay=1500
	apply >out 2>err
	dyn-extract --metadata account >metadata 2>/dev/null
	[ "$(jq -r 'select(._meta == "key") | .EntityKeyIndexStatus' metadata)" = Active ]
}

@test "keys that are not active within --patience stop the run, and the same command goes on" {
	sandbox --limits key-delay=600000
	run -75 apply --patience 1
	[[ $output = *"1 keys are not active after 1 s: run the same command again later"* ]]
	stop_servers
	sandbox --limits key-delay=0
	apply >out 2>err || cat err
	[ "$(jq -r 'select(.kind == "key") | .action' out)" = exists ]
}

@test "an index that fails is started again once, then the run says what to look for" {
	sandbox
	columns_file account,sm_code,String,10,,,,,Code,
	apply >out 2>err
	stop_servers
	printf '{"_table":"account","name":"%s","sm_code":"x"}\n' A B >rows
	sandbox --rows rows
	columns_file account,sm_code,String,10,,,,,Code, account,sm_code_key,key,,,,,,Code,sm_code
	run -69 apply
	[[ $output = *"key sm_code_key of account: its index failed; started once more"* ]]
	[[ $output = *"its index failed twice"*"two rows of account have the same value in sm_code"* ]]
}

@test "answers lost after the change was made do not make anything twice" {
	printf '%s\n' 'match="POST EntityDefinitions" times=3 after=drop' 'match="POST publishers" at=1 after=504' \
		'match="POST solutions" at=1 after=reset' >faults
	sandbox --faults faults
	apply >out 2>err
	[ "$(jq -r .action out | sort -u)" = created ]
}

@test "a refusal without a code is held against what is there" {
	columns_file account,sm_one,String,100,,,,Text,One,
	echo 'match="POST EntityDefinitions" times=1 status=400 code="" message=""' >faults
	sandbox --faults faults
	run -69 --separate-stderr apply
	[[ $stderr == *"column account.sm_one: refused: HTTP 400"* ]]
}

@test "new columns that stay unseen for a while are waited for" {
	sandbox --limits lag=1500,key-delay=0
	columns_file account,sm_a,String,10,,,,,A,
	apply >out 2>err
	run -0 dyn-extract account --select sm_a
}

@test "a publisher with another prefix of its own, and a solution, are made by name" {
	sandbox
	columns_file account,abc_x,String,10,,,,,X,
	run -78 apply
	[[ $output = *'columns.csv:2: a name begins with the publisher'* ]]
	apply --publisher abc --solution Other >out 2>err
	[ "$(head -n 2 out | jq -r .column)" = 'abc
Other' ]
}

@test "every mistake in the columns file is named with its line, and nothing is asked" {
	export DYN_URL=http://127.0.0.1:9
	columns_file account,name,String,10,,,,,Name, account,sm_a,Text,10,,,,,A, account,sm_b,String,,,,,,B, \
		account,sm_c,String,5000,,,,,C, account,sm_d,Integer,,1e5,,,,D, account,sm_e,DateTime,,,,,Sometime,E, \
		account,sm_f,key,,,,,,F, Account,sm_g,Integer,,,,,,G, account,sm_h,Decimal,,,,11,,H, \
		account,sm_h,BigInt,,,,,,H,
	options_file sm_x,12
	run -78 apply
	[[ $output = *'columns.csv:2: a name begins with the publisher'*': "name"'* ]]
	[[ $output = *'columns.csv:3: no such type: "Text"'* ]]
	[[ $output = *'columns.csv:4: text needs a length'* ]]
	[[ $output = *'columns.csv:5: length is a whole number from 1 to 4000 here, not "5000"'* ]]
	[[ $output = *'columns.csv:6: not a decimal number: "1e5"'* ]]
	[[ $output = *'columns.csv:7: no format of this type: "Sometime"'* ]]
	[[ $output = *'columns.csv:8: a key needs 1 to 16 columns'* ]]
	[[ $output = *'columns.csv:9: no logical name of a table: "Account"'* ]]
	[[ $output = *'columns.csv:10: precision is a whole number from 0 to 10 here, not "11"'* ]]
	[[ $output = *'columns.csv:11: wanted a second time: "sm_h"'* ]]
	[[ $output = *'10 mistakes; nothing was changed'* ]]
}

@test "options with bad values, doubles or no label are named with their line" {
	export DYN_URL=http://127.0.0.1:9
	columns_file lead,sm_pipeline,Picklist,,,,,,Pipeline,
	options_file sm_pipeline,one,A sm_pipeline,2147483648,B sm_pipeline,1,C sm_pipeline,1,D sm_pipeline,3,
	run -78 apply
	[[ $output = *'options.csv:2: '*'"one"'* ]]
	[[ $output = *'options.csv:3: '*'"2147483648"'* ]]
	[[ $output = *'options.csv:5: this value has another option already'* ]]
	[[ $output = *'options.csv:6: an option without a label'* ]]
}

@test "a table that the organization lacks is found before any change" {
	sandbox
	columns_file account,sm_a,String,10,,,,,A, nosuch,sm_b,String,10,,,,,B,
	run -78 apply
	[[ $output = *'this organization has no table "nosuch"'* ]]
	columns_file account,sm_a,String,10,,,,,A,
	run -0 apply --dry-run
	[[ $output = *'"column":"sm_a","kind":"String","action":"create"'* ]]
}

@test "the columns of the default maps are wanted without a mistake" {
	sandbox
	cp "$fixtures"/metadata/*.ndjson definitions
	stop_servers
	sandbox
	columns=$BATS_TEST_TMPDIR/columns.csv options=$BATS_TEST_TMPDIR/options.csv
	awk 'FNR > 1 || NR == 1' "$root"/pipelines/schema/*.csv >"$columns"
	awk 'FNR > 1 || NR == 1' "$root"/pipelines/options/*.csv >"$options"
	printf '%s\n' sm_pipeline,727000001,Sales 'sm_dealstage,727000001,Sales / New' >>"$options"
	run -0 apply --dry-run
}

@test "a table of its own gets its name column, owners, notes and activities, and lookups to and from it" {
	sandbox
	cp "$fixtures"/metadata/{contact,email,annotation}.ndjson definitions
	stop_servers
	sandbox
	columns_file account,sm_thread,Lookup,,,,,,Thread,sm_thread sm_thread,,table,300,,,,,Thread,'notes activities' \
		sm_thread,sm_contact,Lookup,,,,,,Contact,contact sm_thread,sm_salesmate_id,String,100,,,,Text,Id, \
		sm_thread,sm_salesmate_id_key,key,,,,,,Id,sm_salesmate_id
	apply >out 2>err
	[ "$(jq -r 'select(.action == "created") | [.table, .column, .kind] | join(" ")' out | tail -n +3)" = 'sm_thread  table
account sm_thread Lookup
sm_thread sm_contact Lookup
sm_thread sm_salesmate_id String
sm_thread sm_salesmate_id_key key' ]
	dyn-extract --metadata sm_thread account email annotation >metadata 2>/dev/null
	[ "$(jq -c 'select(._meta == "table" and ._table == "sm_thread") |
		[.EntitySetName, .PrimaryNameAttribute, .OwnershipType, .HasNotes, .HasActivities]' metadata)" = \
		'["sm_threads","sm_name","UserOwned",true,true]' ]
	[ "$(jq -r 'select(._table == "sm_thread" and .LogicalName == "sm_name") | .MaxLength' metadata)" = 300 ]
	[ "$(jq -r 'select(.ReferencedEntity == "sm_thread" or .ReferencingAttribute == "sm_contact") |
		[._table, .ReferencingEntityNavigationPropertyName, .ReferencedEntity] | join(" ")' metadata)" = 'sm_thread sm_contact contact
account sm_thread sm_thread
email regardingobjectid_sm_thread_email sm_thread
annotation objectid_sm_thread sm_thread' ]
	apply >again 2>err
	[ "$(jq -r .action again | sort -u)" = exists ]
}

@test "a line for the name column says how long it is" {
	sandbox
	columns_file sm_ticket,,table,,,,,,'Ticket;Tickets', sm_ticket,sm_name,String,850,,,,Text,Subject,
	apply >out 2>err
	[ "$(tail -n 1 err)" = "dyn-schema: 4 wanted, 3 created, 1 there, 0 options added" ]
	dyn-extract --metadata sm_ticket >metadata 2>/dev/null
	[ "$(jq -r 'select(.LogicalName == "sm_name") | .MaxLength' metadata)" = 850 ]
	[ "$(jq -c 'select(._meta == "table") | [.HasNotes, .HasActivities]' metadata)" = "[false,false]" ]
}

@test "a table made before an interruption is gone on with" {
	sandbox
	columns_file sm_ticket,,table,,,,,,Ticket,notes
	apply >out 2>err
	columns_file sm_ticket,,table,,,,,,Ticket,notes sm_ticket,sm_account,Lookup,,,,,,Account,account
	printf '%s\n' 'match="POST RelationshipDefinitions" at=1 after=drop' >faults
	stop_servers
	sandbox --faults faults
	apply >out 2>err
	[ "$(jq -r .action out | tail -n 2 | tr '\n' ' ')" = "exists created " ]
}

@test "a lookup to another table and a table without notes are conflicts" {
	sandbox
	columns_file sm_ticket,,table,,,,,,Ticket, sm_ticket,sm_of,Lookup,,,,,,Of,account account,sm_a,String,10,,,,,A,
	apply >out 2>err
	columns_file sm_ticket,,table,,,,,,Ticket,'notes activities' sm_ticket,sm_of,Lookup,,,,,,Of,lead \
		account,sm_a,Lookup,,,,,,A,lead account,sm_b,Lookup,,,,,,B,account
	run -78 apply
	[[ $output = *"columns.csv:2: sm_ticket: there it takes no notes"* ]]
	[[ $output = *"columns.csv:2: sm_ticket: there it takes no activities"* ]]
	[[ $output = *'columns.csv:3: sm_ticket.sm_of: there it points to "account", wanted is "lead"'* ]]
	[[ $output = *"columns.csv:4: account.sm_a: there it is a StringType, wanted is Lookup"* ]]
	[[ $output = *"4 conflicts: "*"nothing was changed"* ]]
}

@test "a lookup to a table that neither the organization nor the file has is found before any change" {
	sandbox
	columns_file account,sm_a,String,10,,,,,A, account,sm_b,Lookup,,,,,,B,nosuch
	run -78 apply
	[[ $output = *'columns.csv:3: account.sm_b: this organization has no table "nosuch"'* ]]
	[[ $output = *'nothing was changed'* ]]
}

@test "mistakes in the lines of tables and lookups are named" {
	export DYN_URL=http://127.0.0.1:9
	columns_file ticket,,table,,,,,,Ticket, sm_a,sm_a,table,,,,,,A, sm_b,,table,,,,,,B,'notes files' account,sm_c,Lookup,,,,,,C, \
		sm_b,,table,,,,,,B,
	run -78 apply
	[[ $output = *'columns.csv:2: a table'*'name begins with'*'"ticket"'* ]]
	[[ $output = *'columns.csv:3: a table'*'line has no column: "sm_a"'* ]]
	[[ $output = *'columns.csv:4: a table has notes and activities in choices, nothing else: "files"'* ]]
	[[ $output = *'columns.csv:5: a lookup needs the one table'* ]]
	[[ $output = *'columns.csv:6: wanted a second time: "sm_b"'* ]]
}

@test "two hundred columns take seconds" {
	local i lines=()
	sandbox
	for ((i = 0; i < 200; i++)); do lines+=("account,sm_c$i,String,100,,,,Text,C$i,"); done
	columns_file "${lines[@]}"
	SECONDS=0
	apply >out 2>err
	[ "$(tail -n 1 err)" = "dyn-schema: 202 wanted, 202 created, 0 there, 0 options added" ]
	[ "$SECONDS" -lt 60 ]
}

@test "an empty columns file is a valid one: publisher and solution alone" {
	sandbox
	columns_file
	apply >out 2>err
	[ "$(tail -n 1 err)" = "dyn-schema: 2 wanted, 2 created, 0 there, 0 options added" ]
}

@test "a refused secret is 77, a service that is away 75" {
	sandbox
	DYN_CLIENT_SECRET=wrong run -77 apply
	[[ $output != *wrong* ]]
}

@test "a missing file is 66, a damaged one 65, one without the right header 78" {
	export DYN_URL=http://127.0.0.1:9
	run -66 dyn-schema apply --columns nowhere.csv
	columns_file account,sm_a,String,10,,,,,A,,too,many
	run -65 apply
	printf 'table,type\naccount,String\n' >"$columns"
	run -78 apply
}

@test "a full disk is 74" {
	sandbox
	columns_file account,sm_a,String,10,,,,,A,
	run -74 bash -c 'dyn-schema apply --columns "$1" >/dev/full' - "$columns"
}

@test "--help and --version answer on stdout" {
	run -0 --separate-stderr dyn-schema --help
	[[ $output = usage:* ]]
	[ "$stderr" = "" ]
	run -0 dyn-schema --version
}

@test "an unknown option, no --columns and an unknown command are 64" {
	run -64 dyn-schema apply --nope
	run -64 dyn-schema apply
	run -64 dyn-schema remove --columns x
	run -64 apply --patience soon
	run -64 apply --publisher Sm
}

load helper

setup() {
	cp "$fixtures"/reconcile/*.ndjson "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return
}

books() {	# OPTION...: the fixture's books
	reconcile --object account --source source.ndjson --mapped 40-mapped.ndjson --loaded 50-loaded.ndjson \
		--target 55-read.ndjson --metadata "$fixtures/metadata/account.ndjson" --mismatches differences \
		--set-aside 30-resolved --set-aside 40-mapped --set-aside 50-loaded "$@"
}

@test "books that balance: every record counted once, fields and links compared" {
	books >out
	run jq -c '[.source,.created,.updated,.matched,.unchanged,.skipped,.queued,.rejected,.balanced]' out
	[ "$output" = '[5,2,1,0,0,0,1,1,true]' ]
	run jq -c '[.fields_verified,.field_mismatches,.links_verified,.link_mismatches,.trimmed,.cascades]' out
	[ "$output" = '[8,0,4,0,1,1]' ]
	[ ! -s differences ]
}

@test "a changed field is found and named, and nothing else" {
	sed -i 's/"numberofemployees":7/"numberofemployees":8/' 55-read.ndjson
	run -65 --separate-stderr books
	[ "$(jq -c '[.balanced,.field_mismatches,.link_mismatches]' <<<"$output")" = '[false,1,0]' ]
	[ "$(jq -c '[.kind,.source.id,.field,.expected,.found]' differences)" = '["field","1","numberofemployees",7,8]' ]
}

@test "a link to another row is found and named" {
	sed -i 's/"_ownerid_value":"22222222-2222-8222-8222-000000000001","_primary/"_ownerid_value":"22222222-2222-8222-8222-000000000009","_primary/' 55-read.ndjson
	run -65 --separate-stderr books
	[ "$(jq -c '[.kind,.source.id,.field]' differences)" = '["link","1","ownerid@odata.bind"]' ]
}

@test "a link that the target lost is found" {
	sed -i 's/"_primarycontactid_value":"[^"]*"/"_primarycontactid_value":null/' 55-read.ndjson
	run -65 --separate-stderr books
	[ "$(jq -c '[.kind,.field,.found]' differences)" = '["link","primarycontactid@odata.bind",null]' ]
}

@test "a column that was not read back is a difference, not a pass" {
	sed -i 's/"donotbulkemail":true,"createdon"/"createdon"/' 55-read.ndjson
	run -65 --separate-stderr books
	[ "$(jq -r .field differences)" = donotbulkemail ]
}

@test "a creation time that was not kept is found" {
	sed -i 's/2025-01-01T00:00:00.000Z/2026-03-01T00:00:00Z/' 55-read.ndjson
	run -65 --separate-stderr books
	[ "$(jq -r .field differences)" = overriddencreatedon ]
}

# mail: one e-mail with four parties and a note with a file, mapped, loaded and read back; mails OPTION... its books
mail() {
	jq -nc '"00000008-0000-8000-8000-000000000001" as $a | "00000002-0000-8000-8000-000000000001" as $c |
		{_table: "email", _source: {module: "email", id: "1", hash: "0"}, activityid: $a, subject: "m", email_activity_parties: [
		{participationtypemask: 1, "partyid_contact@odata.bind": "/contacts(\($c))"}, {participationtypemask: 2, addressused: "B@example.com"},
		{participationtypemask: 3, addressused: "c@example.com"}, {participationtypemask: 2, "partyid_contact@odata.bind": "/contacts(\($c))"}]},
		{_table: "annotation", _source: {module: "note", id: "2", hash: "0"}, annotationid: $a, subject: "n", _file: {column: "documentbody",
		path: "a", sha256: ("ab" * 32), size: 12}}' >mapped
	jq -c '{_source, table: ._table, outcome: "created"}' mapped >loaded
	jq -nc '"00000008-0000-8000-8000-000000000001" as $a | "00000002-0000-8000-8000-000000000001" as $c |
		(({participationtypemask: 2, addressused: "b@example.com"}, {participationtypemask: 2, _partyid_value: $c, addressused: "c@c"},
		{participationtypemask: 9, _partyid_value: $a}, {participationtypemask: 1, _partyid_value: $c},
		{participationtypemask: 8, _partyid_value: $c}, {participationtypemask: 3, addressused: "c@example.com"}) |
		{_table: "activityparty", _activityid_value: $a, _partyid_value: null, addressused: null} + .),
		{_table: "activityparty", _activityid_value: null, participationtypemask: 1},
		{_table: "activityparty", _activityid_value: $c, participationtypemask: 1, _partyid_value: $a}' >parties
	{
		jq -nc '{_table: "email", activityid: "00000008-0000-8000-8000-000000000001", subject: "m"}'
		jq -nc '{_table: "annotation", annotationid: "00000008-0000-8000-8000-000000000001", subject: "n", filesize: 12,
			documentbody: {sha256: ("AB" * 32), size: 12}}'
	} >read
	cat "$fixtures"/metadata/{email,annotation}.ndjson >metadata
}

mails() {
	head -n 1 mapped >mapped.1; head -n 1 loaded >loaded.1; head -n 1 read >read.1
	reconcile --object email --source mapped.1 --mapped mapped.1 --loaded loaded.1 --target read.1 --metadata metadata --mismatches differences \
		--parties parties "$@"
}

notes() {
	tail -n 1 mapped >mapped.2; tail -n 1 loaded >loaded.2; tail -n 1 read >read.2
	reconcile --object note --source mapped.2 --mapped mapped.2 --loaded loaded.2 --target read.2 --metadata metadata --mismatches differences
}

@test "parties are links, in any order, and those that the platform adds do not count" {
	mail
	mails >out
	[ "$(jq -c '[.balanced, .links_verified, .link_mismatches, .resolved]' out)" = '[true,4,0,0]' ]
}

@test "a party that is lost, another one, or one more is a difference that is named" {
	mail
	sed -i '4d; s/b@example/x@example/' parties
	run -65 --separate-stderr mails
	[ "$(jq -c '[.links_verified, .link_mismatches]' <<<"$output")" = '[4,3]' ]
	[ "$(jq -c '[.kind, .field, .expected.participationtypemask, .expected.addressused, .found.addressused]' differences | tr '\n' ' ')" = \
		'["link","email_activity_parties",1,null,null] ["link","email_activity_parties",2,"B@example.com",null] ["link","email_activity_parties",null,null,"x@example.com"] ' ]
}

@test "an address that the platform found the record of is counted, not a difference" {
	mail
	sed -i '/c@example/s/"_partyid_value":null/"_partyid_value":"00000002-0000-8000-8000-000000000007"/' parties
	mails >out
	[ "$(jq -c '[.balanced, .link_mismatches, .resolved]' out)" = '[true,0,1]' ]
}

@test "a file is one field: its hash and size" {
	mail
	notes >out
	[ "$(jq -c '[.balanced, .fields_verified]' out)" = '[true,2]' ]
	sed -i 's/"sha256":"AB/"sha256":"00/' read
	run -65 --separate-stderr notes
	[ "$(jq -c '[.kind, .field, .expected.size, .found.size]' differences)" = '["field","_file",12,12]' ]
	sed -i 's/,"documentbody":.*/}/' read
	run -65 --separate-stderr notes
	[ "$(jq -c '[.field, .found]' differences)" = '["_file",null]' ]
}

@test "records that went to a file for a person are handed, and balance" {
	head -n 2 source.ndjson >handed
	reconcile --object flow --source handed --handed handed >out 2>err
	[ "$(jq -c '[.source, .handed, .balanced]' out)" = '[2,2,true]' ]
	run -65 --separate-stderr reconcile --object flow --source source.ndjson --handed handed
	[ "$(jq .balanced <<<"$output")" = false ]
}

@test "a row that is not there is missing, not equal" {
	sed -i 1d 55-read.ndjson
	run -65 --separate-stderr books
	[ "$(jq -c '[.kind,.source.id]' differences)" = '["missing-row","3"]' ]
}

@test "with --complete a row of ours that no source record explains is found" {
	sed 's/000000000003/000000000009/;s/"sm_salesmate_id":"3"/"sm_salesmate_id":"9"/' 55-read.ndjson | head -n 1 >>55-read.ndjson
	books >out
	run -65 --separate-stderr books --complete
	[ "$(jq -r .kind differences)" = unexpected-row ]
}

@test "rows of another object in the same table are neither differences nor part of the tally" {
	sed 's/000000000003/000000000009/;s/"sm_salesmate_id":"3"/"sm_salesmate_id":"9"/' 55-read.ndjson | head -n 1 >>55-read.ndjson
	id=$(tail -n 1 55-read.ndjson | jq -r .accountid)
	echo "{\"module\":\"other\",\"key\":\"9\",\"table\":\"account\",\"id\":\"$id\",\"how\":\"new\"}" >other.ids.ndjson
	echo '{"module":"other","key":"10","table":"account","id":"0e5b2c58-0000-4000-8000-00000000abcd","how":"new"}' >>other.ids.ndjson
	books --complete --except other.ids.ndjson --tally industry >out
	[ "$(jq '[.tally.groups[].count] | add' out)" = 3 ]
	echo '{"module":"other"}' >>other.ids.ndjson
	run -65 --separate-stderr books --complete --except other.ids.ndjson
	[[ $stderr == *"other.ids.ndjson:3: no line of ids"* ]]
}

@test "sources are counted together: what a stage before set aside is part of the books" {
	echo '{"id":77,"_error":{"program":"p","line":1,"code":"bad-json","field":"","message":"m"}}' >before.rejects.ndjson
	n=$(books | jq .source)
	run -65 --separate-stderr books --source before.rejects.ndjson
	[ "$(jq .source <<<"$output")" = $((n + 1)) ]
	run -0 --separate-stderr books --source before.rejects.ndjson --set-aside before
	[ "$(jq -c '[.balanced, .source]' <<<"$output")" = "[true,$((n + 1))]" ]
}

@test "a record that is nowhere makes the books red" {
	echo '{"id":6,"name":"Lost on the way"}' >>source.ndjson
	run -65 --separate-stderr books
	[ "$(jq .balanced <<<"$output")" = false ]
	[[ $stderr == *"6 in"* ]]
}

@test "sums per group are exact, and source equals target plus what was set aside" {
	books --sum dealValue=revenue --by status=industry --tally industry >out
	run jq -c '.sums.groups[] | [.group,.source.count,.source.sum,.target.sum,.set_aside.sum]' out
	[ "${lines[0]}" = '["Lost",1,"-250.0000","0.0000","-250.0000"]' ]
	[ "${lines[1]}" = '["Open",2,"7.0000","0.0000","7.0000"]' ]
	[ "${lines[2]}" = '["Won",2,"12500.6000","12500.6000","0.0000"]' ]
	[ "$(jq -c '[.tally.groups[] | [.group, .count]]' out)" = '[["Open",1],["Won",2]]' ]
}

@test "a sum that differs by a hundredth is red" {
	sed -i 's/"revenue":0.1000/"revenue":0.11/' 55-read.ndjson
	sed -i 's/"revenue":0.1,/"revenue":0.11,/' 40-mapped.ndjson
	run -65 --separate-stderr books --sum dealValue=revenue --by status=industry
	[ "$(jq -c '[.balanced,.field_mismatches,.sums.balanced]' <<<"$output")" = '[false,0,false]' ]
}

@test "outcomes of other rows than the mapped ones are refused" {
	sed -i '1d' 50-loaded.ndjson
	run -65 --separate-stderr books
	[[ $stderr == *"another row"* ]]
}

@test "the same row twice in the target's file is refused" {
	head -n 1 55-read.ndjson >>55-read.ndjson
	run -65 --separate-stderr books
	[[ $stderr == *"second time"* ]]
}

@test "other columns can be compared, joined by another key" {
	echo '{"_table":"opportunityclose","_source":{"module":"deal-close","id":"1"},"_status":3,"actualend":"2026-01-02","opportunityid@odata.bind":"/opportunities(11111111-1111-8111-8111-000000000001)"}' >m
	echo '{"_source":{"module":"deal-close","id":"1"},"outcome":"created"}' >l
	echo '{"_table":"opportunity","opportunityid":"11111111-1111-8111-8111-000000000001","statuscode":4,"actualclosedate":"2026-01-02"}' >t
	echo '{"id":1}' >s
	run -65 --separate-stderr reconcile --object close --source s --mapped m --loaded l --target t \
		--metadata "$fixtures/metadata/opportunity.ndjson" --mismatches d --key opportunityid \
		--compare _status=statuscode --compare actualend=actualclosedate
	[ "$(jq -c '[.fields_verified,.field_mismatches]' <<<"$output")" = '[2,1]' ]
	[ "$(jq -c '[.field,.expected,.found]' d)" = '["_status",3,4]' ]
}

@test "a polymorphic link is compared by its own navigation property" {
	echo '{"_table":"contact","_source":{"module":"contact","id":"1"},"contactid":"11111111-1111-8111-8111-000000000001","parentcustomerid_account@odata.bind":"/accounts(11111111-1111-8111-8111-000000000009)"}' >m
	echo '{"_source":{"module":"contact","id":"1"},"outcome":"created"}' >l
	echo '{"_table":"contact","contactid":"11111111-1111-8111-8111-000000000001","_parentcustomerid_value":"11111111-1111-8111-8111-000000000009"}' >t
	echo '{"id":1}' >s
	reconcile --object contact --source s --mapped m --loaded l --target t --metadata "$fixtures/metadata/contact.ndjson" >out
	[ "$(jq -c '[.links_verified,.link_mismatches]' out)" = '[1,0]' ]
}

@test "an object of nothing balances" {
	: >empty
	run --separate-stderr reconcile --object none --source empty
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.source,.balanced]' <<<"$output")" = '[0,true]' ]
}

@test "a queue alone is a book" {
	reconcile --object undecided --source 30-resolved.queue.ndjson --set-aside 30-resolved >out
	[ "$(jq -c '[.source,.queued,.balanced]' out)" = '[1,1,true]' ]
}

@test "a file that no stage wrote is refused with its line" {
	echo nope >>40-mapped.ndjson
	run -65 --separate-stderr books
	[[ $stderr == *"40-mapped.ndjson:4"* || $stderr == *"ends before"* ]]
	echo nope >>55-read.ndjson
	run -65 --separate-stderr books
	[[ $stderr == *"55-read.ndjson:4"* ]]
}

@test "a missing file is 66, a failing read 74, a full disk 74, a wrong option 64" {
	run -66 reconcile --object a --source nowhere
	run -74 reconcile --object a --source /
	run -74 bash -c 'reconcile --object a --source source.ndjson --set-aside 40-mapped --set-aside 30-resolved >/dev/full'
	run -64 reconcile --object a
	run -64 reconcile --nonsense
}

@test "--help and --version go to standard output" {
	run --separate-stderr reconcile --help
	[ "$status" -eq 0 ] && [[ $output == usage:* ]] && [ -z "$stderr" ]
	run --separate-stderr reconcile --version
	[ "$status" -eq 0 ] && [[ $output == reconcile* ]]
}

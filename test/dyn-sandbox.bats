# dyn-sandbox, asked with curl: rows, values, batches, bulk messages, queries, actions.

load helper

A=11111111-1111-4111-8111-111111111111
B=22222222-1111-4111-8111-111111111111

# up [OPTION...]: a server on a store of its own, and a token.
up() {
	start dyn-sandbox dyn-sandbox --store "$BATS_TEST_TMPDIR/store" "$@"
	origin=http://127.0.0.1:$port
	url=$origin/api/data/v9.2
	token=$(curl -s "$origin/sandbox/oauth2/v2.0/token" -d grant_type=client_credentials -d client_id=sandbox \
		-d client_secret=sandbox --data-urlencode "scope=$origin/.default" | jq -r .access_token)
}

# The stock tables, with sm_id and its alternate key on three of them.
up_with_keys() {
	local dir=$BATS_TEST_TMPDIR/metadata t
	mkdir -p "$dir"
	cp "$fixtures"/metadata/*.ndjson "$dir"
	for t in account contact opportunity; do
		cat "$fixtures/dyn-sandbox/$t.add.ndjson" >>"$dir/$t.ndjson"
	done
	up --metadata "$dir" "$@"
}

# ask METHOD PATH [BODY] [CURL OPTION...]: the answer in $code, $body, and the headers in a file.
ask() {
	local method=$1 path=$2 data=()
	shift 2
	if [ $# -gt 0 ]; then
		[ -n "$1" ] && data=(-H 'Content-Type: application/json' --data-binary "$1")
		shift
	fi
	code=$(curl -s -g -o "$BATS_TEST_TMPDIR/body" -D "$BATS_TEST_TMPDIR/headers" -w '%{http_code}' -X "$method" \
		-H "Authorization: Bearer $token" "${data[@]}" "$@" "$url/$path")
	body=$(cat "$BATS_TEST_TMPDIR/body")
}

header() { tr -d '\r' <"$BATS_TEST_TMPDIR/headers" | sed -n "s/^$1: //Ip" | head -1; }

# The value at a jq path of the answer.
at() { jq -r "$1" <<<"$body"; }

# refused CODE ERROR [PART OF THE MESSAGE]
refused() {
	[ "$code" = "$1" ] || { echo "$code $body"; return 1; }
	[ "$(at .error.code)" = "$2" ] || { echo "$body"; return 1; }
	[[ $(at .error.message) == *"${3:-}"* ]] || { echo "$body"; return 1; }
}

done_with() { [ "$code" = "$1" ] || { echo "$code $body"; return 1; }; }

# batch FILE [CURL OPTION...]: the file's lines with CRLF
batch() {
	local file=$1
	shift
	sed 's/$/\r/' "$file" >"$BATS_TEST_TMPDIR/batch"
	ask POST '$batch' '' -H 'Content-Type: multipart/mixed; boundary="b"' --data-binary "@$BATS_TEST_TMPDIR/batch" "$@"
	body=$(tr -d '\r' <"$BATS_TEST_TMPDIR/body")
}

# part METHOD PATH [BODY] [HEADER]: one item of a batch
part() {
	printf '%s\n' --b 'Content-Type: application/http' 'Content-Transfer-Encoding: binary' '' \
		"$1 /api/data/v9.2/$2 HTTP/1.1" 'Content-Type: application/json; type=entry' ${4:+"$4"} '' "${3:-}"
}

# member ID METHOD PATH [BODY]: one operation of the change set "c"
member() {
	printf '%s\n' --c 'Content-Type: application/http' 'Content-Transfer-Encoding: binary' ${1:+"Content-ID: $1"} '' \
		"$2 /api/data/v9.2/$3 HTTP/1.1" 'Content-Type: application/json' '' "${4:-}"
}

open_set() { printf '%s\n' --b 'Content-Type: multipart/mixed; boundary=c' ''; }

@test "--help is complete and goes to stdout" {
	run -0 --separate-stderr dyn-sandbox --help
	[[ $output == *"usage: dyn-sandbox"* && $output == *curl* && $output == *"Exit:"* ]]
	[ -z "$stderr" ]
}

@test "an unknown option is a usage error, and so is no store" {
	run -64 dyn-sandbox --store x --nope
	run -64 dyn-sandbox
}

@test "a store or a port file that cannot be made is 73, missing metadata 66, damaged rows 65" {
	run -73 dyn-sandbox --store "$BATS_TEST_TMPDIR/no/dir/store"
	run -73 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --port-file "$BATS_TEST_TMPDIR/no/dir/port"
	run -66 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --rows "$BATS_TEST_TMPDIR/none"
	echo '{"_table":"account","nme":"x"}' >"$BATS_TEST_TMPDIR/rows"
	run -65 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --rows "$BATS_TEST_TMPDIR/rows"
	[[ $output == *"rows:1"*nme* ]]
	echo 'nope' >"$BATS_TEST_TMPDIR/rows"
	run -65 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --users "$BATS_TEST_TMPDIR/rows"
	run -74 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --rows /
}

@test "SIGTERM ends it with 0, and a second start finds the rows and the organization" {
	up
	ask PATCH "accounts($A)" '{"name":"Kept"}'
	ask GET WhoAmI
	organization=$(at .OrganizationId)
	kill "$dyn_sandbox_pid"
	wait "$dyn_sandbox_pid"
	servers=
	up
	ask GET "accounts($A)?\$select=name"
	[ "$(at .name)" = Kept ]
	ask GET WhoAmI
	[ "$(at .OrganizationId)" = "$organization" ]
}

@test "WhoAmI answers with the headers of the service; POST WhoAmI is no resource" {
	up
	ask GET WhoAmI
	done_with 200
	[[ $(at .UserId) =~ ^[0-9a-f-]{36}$ && $(at .BusinessUnitId) =~ ^[0-9a-f-]{36}$ ]]
	[ "$(header OData-Version)" = 4.0 ]
	[ "$(header Content-Type)" = 'application/json; odata.metadata=minimal' ]
	[ "$(header x-ms-dop-hint)" = 48 ]
	[ "$(header REQ_ID)" = "$(header x-ms-service-request-id)" ]
	ask POST WhoAmI '{}'
	refused 404 '' 'No HTTP resource was found that matches the request URI'
}

@test "a fresh environment has its organization, currencies, administrator, unit and process" {
	up
	ask GET 'organizations?$select=maxuploadfilesize&$expand=basecurrencyid($select=isocurrencycode)'
	[ "$(at '.value[0].maxuploadfilesize')" = 5242880 ]
	[ "$(at '.value[0].basecurrencyid.isocurrencycode')" = USD ]
	ask GET 'transactioncurrencies?$select=isocurrencycode&$orderby=isocurrencycode'
	[ "$(at '[.value[].isocurrencycode]|join(" ")')" = 'CHF EUR GBP NOK USD' ]
	ask GET "roles?\$filter=name%20eq%20'System%20Administrator'"
	[ "$(at '.value|length')" = 1 ]
	ask GET "processstages?\$select=stagename&\$filter=primaryentitytypecode%20eq%20'opportunity'&\$top=1"
	[ "$(at '.value|length')" = 1 ]
}

@test "users and rows of files are there at start; a row that is there already is left alone" {
	up --users "$fixtures/dyn-sandbox/users.ndjson" --rows "$fixtures/dyn-sandbox/rows.ndjson"
	ask GET "systemusers?\$select=fullname,isdisabled&\$filter=internalemailaddress%20eq%20'BEN@example.com'"
	[ "$(at '.value[0]|"\(.fullname) \(.isdisabled)"')" = 'Ben Leaver true' ]
	ask GET 'contacts(bbbbbbbb-0000-4000-8000-000000000002)?$select=fullname,_parentcustomerid_value'
	[ "$(at .fullname)" = 'Ines Okafor' ]
	ask PATCH 'accounts(bbbbbbbb-0000-4000-8000-000000000001)' '{"name":"Changed"}'
	stop_servers
	up --rows "$fixtures/dyn-sandbox/rows.ndjson"
	ask GET 'accounts(bbbbbbbb-0000-4000-8000-000000000001)?$select=name'
	[ "$(at .name)" = Changed ]
}

@test "a created row is answered 204 with its address, or 201 with its representation and no address" {
	up
	ask POST accounts '{"name":"Acme"}'
	done_with 204
	[[ $(header OData-EntityId) =~ ^$url/accounts\([0-9a-f-]{36}\)$ ]]
	[ -z "$(header Location)" ]
	ask POST 'accounts?$select=name' '{"name":"Bolt"}' -H 'Prefer: return=representation'
	done_with 201
	[ "$(at .name)" = Bolt ]
	[ "$(at '.["@odata.context"]')" = "$url/\$metadata#accounts(name)/\$entity" ]
	[ "$(header Preference-Applied)" = return=representation ]
	[ -z "$(header OData-EntityId)" ]
	[ "$(header ETag)" = "$(at '.["@odata.etag"]')" ]
}

@test "PATCH creates with the id of the address and updates: 201 then 200 when told which" {
	up
	ask PATCH "accounts($A)?\$select=accountid" '{"name":"Acme"}' -H 'Prefer: return=representation' -H 'If-None-Match: null'
	done_with 201
	ask PATCH "accounts($A)?\$select=accountid" '{"name":"Acme"}' -H 'Prefer: return=representation'
	done_with 200
	[ "$(at .accountid)" = "$A" ]
	ask PATCH "accounts($A)" '{"name":"Acme"}' -H 'If-None-Match: null'
	done_with 204
}

@test "If-Match and If-None-Match: update only, create only, and the version that was read" {
	up
	ask PATCH "accounts($A)" '{"name":"x"}' -H 'If-Match: *'
	refused 404 0x80040217 "account With Id = $A Does Not Exist"
	ask PATCH "accounts($A)" '{"name":"x"}' -H 'If-None-Match: *'
	done_with 204
	ask PATCH "accounts($A)" '{"name":"x"}' -H 'If-None-Match: *'
	refused 412 0x80040237 'A record with matching key values already exists.'
	ask GET "accounts($A)?\$select=name"
	etag=$(at '.["@odata.etag"]')
	[[ $etag =~ ^W/\"[0-9]+\"$ ]]
	ask GET "accounts($A)?\$select=name" '' -H "If-None-Match: $etag"
	done_with 304
	ask PATCH "accounts($A)" '{"name":"y"}' -H "If-Match: $etag"
	done_with 204
	ask PATCH "accounts($A)" '{"name":"z"}' -H "If-Match: $etag"
	refused 412 0x80060882 "The version of the existing record doesn't match the RowVersion property provided."
	ask DELETE "accounts($A)" '' -H "If-Match: $etag"
	refused 412 0x80060882
}

@test "an upsert by alternate key echoes the key's address; the body's copy loses on update and wins on create" {
	up_with_keys
	ask PATCH "accounts(sm_id='77')" '{"name":"Acme"}'
	done_with 204
	[ "$(header OData-EntityId)" = "$url/accounts(sm_id='77')" ]
	ask GET "accounts(sm_id='77')?\$select=sm_id,name"
	[ "$(at .sm_id)" = 77 ]
	ask PATCH "accounts(sm_id='88')" '{"name":"Bolt","sm_id":"89"}'
	ask GET "accounts(sm_id='88')"
	refused 404 0x80060891 'A record with the specified key values does not exist in account entity'
	ask PATCH "accounts(sm_id='O''Brien')" '{"name":"quoted"}'
	done_with 204
	ask GET "accounts?\$select=sm_id&\$filter=name%20eq%20'quoted'"
	[ "$(at '.value[0].sm_id')" = "O'Brien" ]
}

@test "what is no key is refused, and so is a key value that addresses cannot hold" {
	up_with_keys
	ask GET "accounts(name='x')"
	refused 400 0x80060890 "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.account'"
	ask GET "accounts(sm_id='a%2Fb')"
	done_with 400
	ask GET WhoAmI
	user=$(at .UserId)
	ask GET "systemusers(systemuserid=$user)"
	refused 400 0x80060890
	ask GET "systemusers($user)?\$select=fullname"
	done_with 200
}

@test "a second row with the same id is 0x80040237, with the same key 0x80060892" {
	up_with_keys
	ask POST accounts "{\"accountid\":\"$A\",\"name\":\"a\",\"sm_id\":\"1\"}"
	done_with 204
	ask POST accounts "{\"accountid\":\"$A\",\"name\":\"a\"}"
	refused 412 0x80040237 'A record with matching key values already exists.'
	ask POST accounts '{"name":"b","sm_id":"1"}'
	refused 412 0x80060892 'Entity Key sm_Id_key violated. A record with the same value for sm_id already exists.'
	ask POST accounts '{"name":"b"}'
	ask POST accounts '{"name":"c"}'
	done_with 204
	ask PATCH "accounts($B)" '{"sm_id":"1"}'
	refused 412 0x80060892
}

@test "names are case-sensitive: unknown sets, columns, selections and binds are refused" {
	up
	ask GET Accounts
	refused 404 0x80060888 "Resource not found for the segment 'Accounts'."
	ask POST accounts '{"Name":"x"}'
	refused 400 0x0 "Invalid property 'Name' was found in entity 'Microsoft.Dynamics.CRM.account'."
	ask GET 'accounts?$select=Name'
	refused 400 0x0 "Could not find a property named 'Name' on type 'Microsoft.Dynamics.CRM.account'."
	ask POST contacts "{\"lastname\":\"x\",\"parentcustomerid@odata.bind\":\"/accounts($A)\"}"
	refused 400 0x80048d19 "An undeclared property 'parentcustomerid' which only has property annotations"
	ask POST contacts "{\"lastname\":\"x\",\"ParentCustomerId_account@odata.bind\":\"/accounts($A)\"}"
	refused 400 0x80048d19 undeclared
	ask POST accounts '{"name":"x","createdbyname":"y"}'
	refused 400 0x0
	ask POST accounts '{"name":'
	refused 400 0x80048d19
	ask POST accounts '' -H 'Content-Type: text/plain' --data-binary x
	done_with 415
}

@test "binds take a relative, a rooted or an absolute address, and a key; the row must be there" {
	up_with_keys
	ask PATCH "accounts($A)" '{"name":"Acme","sm_id":"77"}'
	for target in "accounts($A)" "/accounts($A)" "$url/accounts($A)" "/accounts(sm_id='77')"; do
		ask POST 'contacts?$select=_parentcustomerid_value' "{\"lastname\":\"x\",\"parentcustomerid_account@odata.bind\":\"$target\"}" \
			-H 'Prefer: return=representation,odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"'
		done_with 201
		[ "$(at ._parentcustomerid_value)" = "$A" ]
		[ "$(at '.["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"]')" = account ]
	done
	ask POST contacts "{\"lastname\":\"x\",\"parentcustomerid_account@odata.bind\":\"/accounts($B)\"}"
	refused 404 0x80040217 "account With Id = $B Does Not Exist"
	ask POST contacts "{\"lastname\":\"x\",\"parentcustomerid_account@odata.bind\":\"/accounts(sm_id='78')\"}"
	refused 404 0x80060891
	ask POST contacts "{\"lastname\":\"x\",\"parentcustomerid_contact@odata.bind\":\"/accounts($A)\"}"
	refused 400 0x80048d19
}

@test "a lookup is cleared by null, by its \$ref, and set by PUT of a \$ref" {
	up
	ask PATCH "contacts($B)" '{"lastname":"x"}'
	ask PATCH "accounts($A)" "{\"name\":\"a\",\"primarycontactid@odata.bind\":\"/contacts($B)\"}"
	ask PATCH "accounts($A)" '{"primarycontactid":null}'
	done_with 204
	ask GET "accounts($A)?\$select=_primarycontactid_value"
	[ "$(at ._primarycontactid_value)" = null ]
	ask PUT "accounts($A)/primarycontactid/\$ref" "{\"@odata.id\":\"$url/contacts($B)\"}"
	done_with 204
	ask GET "accounts($A)/primarycontactid?\$select=lastname"
	[ "$(at .lastname)" = x ]
	ask DELETE "accounts($A)/primarycontactid/\$ref"
	done_with 204
	ask GET "accounts($A)/primarycontactid"
	done_with 204
}

@test "one column is set by PUT and cleared by DELETE" {
	up
	ask PATCH "accounts($A)" '{"name":"a","description":"d"}'
	ask PUT "accounts($A)/name" '{"value":"b"}'
	done_with 204
	ask DELETE "accounts($A)/description"
	done_with 204
	ask GET "accounts($A)/name"
	[ "$(at .value)" = b ]
	ask GET "accounts($A)/description"
	done_with 204
	ask PUT "accounts($A)/nope" '{"value":"b"}'
	refused 404 0x80060888
}

@test "text is measured in UTF-16 units and must be fit for XML" {
	up
	ask PATCH "tasks($A)" "{\"subject\":\"$(printf 'x%.0s' {1..200})\"}"
	done_with 204
	ask PATCH "tasks($A)" "{\"subject\":\"$(printf 'x%.0s' {1..201})\"}"
	refused 400 0x80044331 "A validation error occurred.  The length of the 'subject' attribute of the 'task' entity exceeded the maximum allowed length of '200'."
	ask PATCH "tasks($A)" "{\"subject\":\"$(printf '\xf0\x9f\x98\x80%.0s' {1..101})\"}"
	refused 400 0x80044331
	ask PATCH "tasks($A)" "{\"subject\":\"$(printf '\xf0\x9f\x98\x80%.0s' {1..100})\"}"
	done_with 204
	ask PATCH "tasks($A)" '{"subject":"a\u0007b"}'
	refused 400 0x80040278
	ask PATCH "tasks($A)" '{"subject":12}'
	refused 400 0x80048d19
}

@test "numbers, choices, dates and booleans are of their column's type and range" {
	up
	ask POST accounts '{"name":"a","numberofemployees":"12"}'
	refused 400 0x80048d19 "Cannot convert the literal '12' to the expected type 'Edm.Int32'."
	ask POST accounts '{"name":"a","numberofemployees":1.5}'
	refused 400 0x80048d19 Edm.Int32
	ask POST accounts '{"name":"a","numberofemployees":-1}'
	refused 400 0x8004432f
	ask POST accounts '{"name":"a","revenue":100000000000001}'
	refused 400 0x80044330
	ask POST accounts '{"name":"a","revenue":1e400}'
	refused 400 0x80044330
	ask POST accounts '{"name":"a","revenue":"1"}'
	refused 400 0x80048d19 Edm.Decimal
	ask POST accounts '{"name":"a","industrycode":99999}'
	refused 400 0x8004431a 'Accepted Values: 1,2,3'
	ask POST accounts '{"name":"a","creditonhold":1}'
	refused 400 0x80048d19 Edm.Boolean
	ask POST tasks '{"subject":"a","scheduledend":"2020-01-01T10:00:00"}'
	refused 400 0x80048d19 Edm.DateTimeOffset
	ask POST tasks '{"subject":"a","scheduledend":"2020-02-30T10:00:00Z"}'
	refused 400 0x80048d19
	ask POST opportunities '{"name":"a","estimatedclosedate":"2020-01-01T00:00:00Z"}'
	refused 400 0x80048d19 Edm.Date
}

@test "amounts are kept exactly and rounded to their precision; moments are kept in UTC" {
	up
	ask POST 'accounts?$select=revenue,revenue_base' '{"name":"a","revenue":90071992547409.935}' -H 'Prefer: return=representation'
	[[ $body == *'"revenue":90071992547409.94,'* ]]
	ask POST 'tasks?$select=scheduledend' '{"subject":"a","scheduledend":"2020-01-01T00:30:00.123+02:00"}' -H 'Prefer: return=representation'
	[ "$(at .scheduledend)" = 2019-12-31T22:30:00Z ]
}

@test "overriddencreatedon swaps with createdon on create and changes nothing later" {
	up
	ask PATCH "accounts($A)" '{"name":"a","overriddencreatedon":"2019-03-04T09:12:00Z","createdon":"2001-01-01T00:00:00Z"}'
	ask PATCH "accounts($A)" '{"name":"b","overriddencreatedon":"2010-01-01T00:00:00Z"}'
	done_with 204
	ask GET "accounts($A)?\$select=createdon,overriddencreatedon"
	[ "$(at .createdon)" = 2019-03-04T09:12:00Z ]
	[[ $(at .overriddencreatedon) > 2026 ]]
}

@test "rows are born open; state and status must fit; a state alone picks its default status" {
	up
	ask POST accounts '{"name":"a","statecode":1,"statuscode":2}'
	refused 400 0x80048408 '2 is not a valid status code for state code AccountState.Active on account with Id'
	ask POST accounts '{"name":"a","statuscode":2}'
	refused 400 0x80048408
	ask PATCH "opportunities($A)" '{"name":"a","statuscode":2}'
	done_with 204
	ask PATCH "opportunities($A)" '{"statecode":1,"statuscode":4}'
	refused 400 0x80048408
	ask PATCH "opportunities($A)" '{"statecode":2}'
	done_with 204
	ask GET "opportunities($A)?\$select=statecode,statuscode" '' -H 'Prefer: odata.include-annotations="OData.Community.Display.V1.FormattedValue"'
	[ "$(at '"\(.statecode) \(.statuscode)"')" = '2 4' ]
	[ "$(at '.["statuscode@OData.Community.Display.V1.FormattedValue"]')" = Canceled ]
}

@test "the owner defaults to the caller; a disabled user cannot own" {
	up --users "$fixtures/dyn-sandbox/users.ndjson"
	ask GET WhoAmI
	me=$(at .UserId)
	ask PATCH "accounts($A)" '{"name":"a"}'
	ask GET "accounts($A)?\$select=_ownerid_value,_createdby_value"
	[ "$(at '"\(._ownerid_value) \(._createdby_value)"')" = "$me $me" ]
	ask PATCH "accounts($A)" '{"ownerid@odata.bind":"/systemusers(aaaaaaaa-0000-4000-8000-000000000001)"}'
	done_with 204
	ask GET "accounts($A)?\$select=_ownerid_value,_owninguser_value"
	[ "$(at ._owninguser_value)" = aaaaaaaa-0000-4000-8000-000000000001 ]
	ask PATCH "accounts($A)" '{"ownerid@odata.bind":"/systemusers(aaaaaaaa-0000-4000-8000-000000000002)"}'
	refused 403 0x80040225 'The specified user(Id = aaaaaaaa-0000-4000-8000-000000000002) is disabled.'
	ask POST accounts '{"name":"b"}' -H 'MSCRMCallerID: aaaaaaaa-0000-4000-8000-000000000001'
	ask GET "accounts?\$select=_createdby_value&\$filter=name%20eq%20'b'"
	[ "$(at '.value[0]._createdby_value')" = aaaaaaaa-0000-4000-8000-000000000001 ]
}

@test "a company cannot become its own ancestor, nor a contact" {
	up
	ask PATCH "accounts($A)" '{"name":"a"}'
	ask PATCH "accounts($B)" "{\"name\":\"b\",\"parentaccountid@odata.bind\":\"/accounts($A)\"}"
	ask PATCH "accounts($A)" "{\"parentaccountid@odata.bind\":\"/accounts($B)\"}"
	refused 400 0x80040507
	ask PATCH "contacts($A)" '{"lastname":"a"}'
	ask PATCH "contacts($A)" "{\"parentcustomerid_contact@odata.bind\":\"/contacts($A)\"}"
	refused 400 0x8004050a
}

@test "what the platform keeps for itself cannot be written, and what it needs cannot be null" {
	up
	ask POST contacts '{"lastname":"a","fullname":"b"}'
	refused 400 0x80040203
	ask POST products '{"name":"a","productnumber":"1"}'
	refused 400 0x80043b0d
	ask PATCH "accounts($A)" '{"name":"a"}'
	ask PATCH "annotations($A)" '{"subject":"n"}'
	ask PATCH "annotations($A)" '{"isdocument":null}'
	refused 400 0x80040200
}

@test "DELETE: 204, 404 when it is gone, 405 when a restricting relationship blocks it" {
	up
	ask PATCH "accounts($A)" '{"name":"a"}'
	ask PATCH "contacts($B)" "{\"lastname\":\"x\",\"parentcustomerid_account@odata.bind\":\"/accounts($A)\"}"
	ask DELETE "accounts($A)"
	done_with 204
	ask DELETE "accounts($A)"
	refused 404 0x80040217
	ask GET "contacts($B)"
	done_with 404
	ask GET WhoAmI
	ask DELETE "systemusers($(at .UserId))"
	refused 405 0x80040227
}

@test "a change set is one: \$1 stands for what the first operation made" {
	up
	{ open_set; member 1 POST accounts '{"name":"Parent"}'
	  member 2 POST contacts '{"lastname":"Okafor","parentcustomerid_account@odata.bind":"$1"}'
	  printf '%s\n' --c-- ; part GET 'contacts?$select=_parentcustomerid_value&$expand=parentcustomerid_account($select=name)'
	  printf '%s\n' --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	done_with 200
	[[ $(header Content-Type) == 'multipart/mixed; boundary=batchresponse_'* ]]
	[ "$(grep -c '^HTTP/1.1 204 No Content' <<<"$body")" = 2 ]
	[ "$(grep -c '^Location: ' <<<"$body")" = 2 ]
	grep -q '^Content-ID: 2$' <<<"$body"
	grep '"value"' <<<"$body" | jq -e '.value[0].parentcustomerid_account.name == "Parent"'
	grep -q $'^--batchresponse_[0-9a-f-]*--\r$' "$BATS_TEST_TMPDIR/body"
}

@test "a failed change set is undone and answered by the one that failed" {
	up
	{ open_set; member 1 POST accounts '{"name":"Parent"}'; member 2 POST contacts '{"lastName":"x"}'; member 3 POST accounts '{"name":"c"}'
	  printf '%s\n' --c-- --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	done_with 400
	[ "$(grep -c '^HTTP/1.1' <<<"$body")" = 1 ]
	grep -q '^Content-ID: 2$' <<<"$body"
	grep -q '^REQ_ID: ' <<<"$body"
	ask GET 'accounts/$count'
	[ "$body" = 0 ]
	[ "$(header Content-Type)" = text/plain ]
}

@test "without continue-on-error a batch stops at the failure, what went before stays" {
	up
	{ part POST accounts '{"name":"a"}'; part POST accounts '{"nme":"b"}'; part POST accounts '{"name":"c"}'; printf '%s\n' --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	done_with 400
	[ "$(grep -c '^HTTP/1.1' <<<"$body")" = 2 ]
	batch "$BATS_TEST_TMPDIR/in" -H 'Prefer: odata.continue-on-error'
	done_with 200
	[ "$(grep '^HTTP/1.1' <<<"$body" | cut -d' ' -f2 | tr '\n' ' ')" = '204 400 204 ' ]
	ask GET 'accounts/$count'
	[ "$body" = 3 ]
}

@test "a malformed batch is refused as a whole, in JSON" {
	up
	{ open_set; member '' POST accounts '{"name":"a"}'; printf '%s\n' --c-- --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	refused 400 0x80060888 'Content-ID header not present'
	{ open_set; member 1 GET accounts; printf '%s\n' --c-- --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	refused 400 0x80060888 GET
	{ open_set; member 1 POST accounts '{"name":"a"}'; printf '%s\n' --c--; open_set; member 1 POST accounts '{"name":"b"}'; printf '%s\n' --c-- --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	refused 400 0x80060888 'more than once'
	part POST accounts '{"name":"a"}' >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	refused 400 0x80060888
	ask POST '$batch' '{}'
	refused 400 0x80060888
	ask GET 'accounts/$count'
	[ "$body" = 0 ]
}

@test "a batch holds 1000 requests and no more, and no other batch" {
	up
	{ for i in {1..1000}; do part GET 'WhoAmI'; done; printf '%s\n' --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	done_with 200
	[ "$(grep -c '^HTTP/1.1 200' <<<"$body")" = 1000 ]
	{ for i in {1..1001}; do part GET 'WhoAmI'; done; printf '%s\n' --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	refused 400 0x80060888 1000
	{ part POST '$batch' '{}'; printf '%s\n' --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	done_with 400
}

@test "a reference to what is not there yet is refused" {
	up
	{ open_set; member 1 POST contacts '{"lastname":"x","parentcustomerid_account@odata.bind":"$2"}'; member 2 POST accounts '{"name":"a"}'
	  printf '%s\n' --c-- --b--; } >"$BATS_TEST_TMPDIR/in"
	batch "$BATS_TEST_TMPDIR/in"
	done_with 400
	[[ $body == *"Content-ID Reference: '\$2' does not exist in the batch context."* ]]
}

@test "batch lines may end in LF, conditions belong to the inner request" {
	up
	ask PATCH "accounts($A)" '{"name":"a"}'
	{ part PATCH "accounts($A)" '{"name":"b"}' 'If-None-Match: *'; printf '%s\n' --b--; } >"$BATS_TEST_TMPDIR/in"
	ask POST '$batch' '' -H 'Content-Type: multipart/mixed; boundary=b' --data-binary "@$BATS_TEST_TMPDIR/in"
	done_with 412
	{ part PATCH "accounts($A)" '{"name":"b"}'; printf '%s\n' --b--; } >"$BATS_TEST_TMPDIR/in"
	ask POST '$batch' '' -H 'Content-Type: multipart/mixed; boundary=b' -H 'If-None-Match: *' --data-binary "@$BATS_TEST_TMPDIR/in"
	done_with 200
}

@test "bulk messages are all or nothing and want the type of every target" {
	up_with_keys
	t='"@odata.type":"Microsoft.Dynamics.CRM.account"'
	ask POST accounts/Microsoft.Dynamics.CRM.CreateMultiple "{\"Targets\":[{$t,\"accountid\":\"$A\",\"name\":\"a\",\"sm_id\":\"1\"},{$t,\"name\":\"b\"}]}"
	done_with 200
	[ "$(at '.Ids[0]')" = "$A" ]
	[ "$(at '.Ids|length')" = 2 ]
	ask POST accounts/Microsoft.Dynamics.CRM.CreateMultiple "{\"Targets\":[{$t,\"name\":\"c\"},{\"name\":\"d\"}]}"
	refused 400 0x80048d19
	ask POST accounts/Microsoft.Dynamics.CRM.CreateMultiple "{\"Targets\":[{$t,\"name\":\"c\"},{$t,\"accountid\":\"$A\",\"name\":\"d\"}]}"
	refused 412 0x80040237 'Cannot insert duplicate key.'
	ask POST accounts/Microsoft.Dynamics.CRM.UpsertMultiple "{\"Targets\":[{$t,\"@odata.id\":\"accounts(sm_id='1')\",\"name\":\"e\"},{$t,\"@odata.id\":\"accounts(sm_id='2')\",\"name\":\"f\"}]}"
	done_with 204
	[ -z "$body" ]
	ask POST accounts/Microsoft.Dynamics.CRM.UpsertMultiple "{\"Targets\":[{$t,\"@odata.id\":\"accounts(sm_id='3')\",\"sm_id\":\"3\",\"name\":\"g\"}]}"
	done_with 400
	ask POST accounts/Microsoft.Dynamics.CRM.UpdateMultiple "{\"Targets\":[{$t,\"accountid\":\"$A\",\"name\":\"h\"},{$t,\"accountid\":\"$B\",\"name\":\"i\"}]}"
	refused 404 0x80040217
	ask GET 'accounts?$select=name&$orderby=name'
	[ "$(at '[.value[].name]|join(" ")')" = 'b e f' ]
	ask POST accounts/Microsoft.Dynamics.CRM.DeleteMultiple '{"Targets":[]}'
	[[ $body == *'DeleteMultiple has not yet been implemented.'* ]]
}

@test "e-mails and notes have no bulk messages, and the probe says so" {
	up
	ask POST emails/Microsoft.Dynamics.CRM.CreateMultiple '{"Targets":[]}'
	done_with 404
	ask POST annotations/Microsoft.Dynamics.CRM.UpsertMultiple '{"Targets":[]}'
	done_with 404
	for want in 'account 1' 'email 0' 'annotation 0'; do
		set -- $want
		ask GET "sdkmessagefilters?\$select=sdkmessagefilterid&\$filter=sdkmessageid/name%20eq%20@message%20and%20primaryobjecttypecode%20eq%20@table&@message='CreateMultiple'&@table='$1'"
		[ "$(at '.value|length')" = "$2" ]
	done
}

@test "pages: maxpagesize, a next link to follow verbatim, ids in SQL Server's order" {
	up
	for i in 1 2 3 4 5; do
		ask PATCH "accounts(0000000$((6 - i))-0000-4000-8000-00000000000$i)" "{\"name\":\"n$i\"}"
	done
	ask GET 'accounts?$select=name' '' -H 'Prefer: odata.maxpagesize=2'
	[ "$(header Preference-Applied)" = odata.maxpagesize=2 ]
	names=$(at '[.value[].name]|join(" ")') pages=1
	while next=$(at '.["@odata.nextLink"] // empty'); [ -n "$next" ]; do
		[[ $next == *'$skiptoken=%3Ccookie%20pagenumber=%22'* ]]
		ask GET "${next#"$url"/}" '' -H 'Prefer: odata.maxpagesize=2'
		names+=" $(at '[.value[].name]|join(" ")')" pages=$((pages + 1))
	done
	[ "$names" = 'n1 n2 n3 n4 n5' ]
	[ "$pages" = 3 ]
	ask GET 'accounts?$select=name&$orderby=name%20desc' '' -H 'Prefer: odata.maxpagesize=3'
	next=$(at '.["@odata.nextLink"]')
	ask GET "${next#"$url"/}" '' -H 'Prefer: odata.maxpagesize=3'
	[ "$(at '[.value[].name]|join(" ")')" = 'n2 n1' ]
	ask GET 'accounts?$skip=1'
	refused 400 0x80060888
	ask GET 'accounts?$top=2&$select=name'
	[ "$(at '.value|length')" = 2 ]
	[ "$(at '.["@odata.nextLink"]')" = null ]
}

# found FILTER NAMES: the names of the accounts a filter finds, in order
found() {
	ask GET "accounts?\$select=name&\$orderby=name" '' -G --data-urlencode "\$filter=$1"
	done_with 200
	[ "$(at '[.value[].name]|join(" ")')" = "$2" ] || { echo "$1: $body"; return 1; }
}

@test "\$filter knows the operators, functions, lookups, nulls and parentheses of the reference" {
	up
	ask PATCH "accounts($A)" '{"name":"alpha","revenue":10.5,"numberofemployees":3,"overriddencreatedon":"2019-01-01T00:00:00Z","creditonhold":true}'
	ask POST accounts "{\"name\":\"beta_x\",\"revenue\":20,\"parentaccountid@odata.bind\":\"/accounts($A)\"}"
	ask POST accounts "{\"name\":\"O'Gamma\",\"industrycode\":1}"
	found "name eq 'ALPHA'" alpha
	found "name ne 'alpha'" "beta_x O'Gamma"
	found "name eq 'O''Gamma'" "O'Gamma"
	found 'revenue gt 10.5' beta_x
	found 'revenue ge 10.50 and revenue lt 100' 'alpha beta_x'
	found 'revenue eq null' "O'Gamma"
	found "not (startswith(name,'al') or endswith(name,'mma'))" beta_x
	found "contains(name,'a_x')" beta_x
	found "contains(name,'l_h')" ''
	found "_parentaccountid_value eq $A" beta_x
	found "parentaccountid/name eq 'alpha'" beta_x
	found "accountid eq $A" alpha
	found 'industrycode eq 1 or creditonhold eq true' "alpha O'Gamma"
	found 'createdon le 2019-01-01T00:00:00Z' alpha
	found "Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['alpha','beta_x'])" 'alpha beta_x'
	ask GET 'accounts?$filter=name%20eq'
	refused 400 0x80060888 'Syntax error'
	ask GET 'accounts?$filter=name%20eq%201'
	refused 400 0x80060888
	ask GET 'accounts?$filter=nme%20eq%201'
	refused 400 0x0
}

@test "counts: \$count, /\$count, \$apply, and the stale RetrieveTotalRecordCount" {
	up
	for i in 1 2 3; do ask POST accounts "{\"name\":\"n$i\"}"; done
	ask GET "accounts?\$select=name&\$count=true&\$top=1&\$filter=name%20ne%20'n1'" '' -H 'Prefer: odata.include-annotations="*"'
	[ "$(at '.["@odata.count"]')" = 2 ]
	[ "$(at '.["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"]')" = false ]
	ask GET 'accounts/$count'
	[ "$body" = 3 ]
	ask GET 'accounts?$apply=aggregate($count%20as%20n)'
	[ "$(at '.value[0].n')" = 3 ]
	ask GET 'RetrieveTotalRecordCount(EntityNames=@p1)?@p1=["account","contact"]'
	[ "$(at '.EntityRecordCountCollection|"\(.Count) \(.Keys|join(",")) \(.Values|map(tostring)|join(","))"')" = '2 account,contact 0,0' ]
}

@test "an opportunity is won or lost once, with its close activity" {
	up
	ask PATCH "opportunities($A)" '{"name":"deal","estimatedvalue":100}'
	win="{\"Status\":3,\"OpportunityClose\":{\"subject\":\"Won\",\"actualrevenue\":12500.00,\"actualend\":\"2023-05-11T00:00:00Z\",\"opportunityid@odata.bind\":\"/opportunities($A)\"}}"
	ask POST LoseOpportunity "${win/3/3}"
	refused 400 0x80048408
	ask POST WinOpportunity "$win"
	done_with 204
	ask GET "opportunities($A)?\$select=statecode,statuscode,actualvalue,actualclosedate"
	[ "$(at '"\(.statecode) \(.statuscode) \(.actualvalue) \(.actualclosedate)"')" = '1 3 12500 2023-05-11' ]
	ask POST WinOpportunity "$win"
	refused 400 0x80040515
	ask GET 'opportunitycloses?$select=subject,_opportunityid_value,statecode'
	[ "$(at '.value|length')" = 1 ]
	[ "$(at '.value[0]._opportunityid_value')" = "$A" ]
	ask POST WinOpportunity '{"Status":3,"OpportunityClose":null}'
	done_with 400
}

@test "a lead is qualified into what was asked for" {
	up
	ask PATCH "leads($A)" '{"subject":"s","firstname":"Ines","lastname":"Okafor","companyname":"Acme"}'
	ask POST "leads($A)/Microsoft.Dynamics.CRM.QualifyLead" '{"CreateAccount":true,"CreateContact":true,"CreateOpportunity":false,"Status":3}'
	done_with 200
	[ "$(at '[.value[]["@odata.type"]]|join(" ")')" = '#Microsoft.Dynamics.CRM.account #Microsoft.Dynamics.CRM.contact' ]
	ask GET "leads($A)?\$select=statecode,statuscode"
	[ "$(at '"\(.statecode) \(.statuscode)"')" = '1 3' ]
	ask GET 'contacts?$select=fullname'
	[ "$(at '.value[0].fullname')" = 'Ines Okafor' ]
}

@test "an opportunity gets the default process at its first stage, unless told not to" {
	up
	ask POST opportunities '{"name":"with"}'
	ask POST opportunities '{"name":"without","processid":"00000000-0000-0000-0000-000000000000"}'
	done_with 204
	ask GET 'opportunitysalesprocesses?$expand=activestageid($select=stagename),opportunityid($select=name)'
	[ "$(at '.value|length')" = 1 ]
	[ "$(at '.value[0]|"\(.opportunityid.name) \(.activestageid.stagename)"')" = 'with Qualify' ]
	id=$(at '.value[0].businessprocessflowinstanceid') first=$(at '.value[0].traversedpath')
	ask GET "opportunitysalesprocesses($id)?\$select=_processid_value"
	ask GET "processstages?\$select=stagename&\$orderby=stagecategory&\$filter=processid/workflowid%20eq%20$(at ._processid_value)"
	[ "$(at '[.value[].stagename]|join(" ")')" = 'Qualify Develop Propose Close' ]
	second=$(at '.value[1].processstageid') last=$(at '.value[3].processstageid')
	ask PATCH "opportunitysalesprocesses($id)" "{\"activestageid@odata.bind\":\"/processstages($last)\"}"
	refused 400 0x80040203
	ask PATCH "opportunitysalesprocesses($id)" "{\"activestageid@odata.bind\":\"/processstages($second)\",\"traversedpath\":\"$first,$second\"}"
	done_with 204
}

@test "the parties of an e-mail are made with it and replaced by PUT; an activitypointer goes with it" {
	up
	ask PATCH "contacts($B)" '{"lastname":"x"}'
	ask PATCH "emails($A)" "{\"subject\":\"Re: offer\",\"directioncode\":false,\"email_activity_parties\":[
		{\"participationtypemask\":1,\"partyid_contact@odata.bind\":\"/contacts($B)\"},
		{\"participationtypemask\":3,\"addressused\":\"archive@example.com\"}]}"
	done_with 204
	ask GET "emails($A)/email_activity_parties?\$select=participationtypemask,addressused,_partyid_value"
	[ "$(at '[.value[].participationtypemask]|sort|map(tostring)|join(" ")')" = '1 3' ]
	ask GET "activitypointers($A)?\$select=subject,activitytypecode"
	[ "$(at '"\(.subject) \(.activitytypecode)"')" = 'Re: offer email' ]
	ask PUT "emails($A)/email_activity_parties" '{"value":[{"participationtypemask":2,"addressused":"b@example.com"}]}'
	done_with 204
	ask GET "emails($A)?\$select=subject&\$expand=email_activity_parties(\$select=addressused)"
	[ "$(at '[.email_activity_parties[].addressused]|join(" ")')" = b@example.com ]
	ask POST emails '{"subject":"x","email_activity_parties":[{"participationtypemask":5,"addressused":"b@example.com"}]}'
	refused 400 0x80040203
	ask POST emails '{"subject":"x","to":"b@example.com"}'
	refused 400 0x0
	ask PATCH "emails($A)" '{"statecode":1,"statuscode":4}'
	done_with 204
	ask DELETE "emails($A)"
	done_with 204
	ask GET activityparties
	[ "$(at '.value|length')" = 0 ]
}

@test "a note hangs on its row in the inherited and the long form, with a file within the limits" {
	up
	ask PATCH "accounts($A)" '{"name":"a"}'
	ask PATCH "annotations($A)" "{\"subject\":\"n\",\"objectid_account@odata.bind\":\"/accounts($A)\",\"filename\":\"a.txt\",\"documentbody\":\"aGVsbG8=\"}"
	done_with 204
	ask GET "annotations($A)?\$select=filesize,isdocument,mimetype"
	[ "$(at '"\(.filesize) \(.isdocument) \(.mimetype)"')" = '5 true application/octet-stream' ]
	ask POST annotations '{"subject":"n","filename":"a.exe","documentbody":"aGVsbG8="}'
	refused 400 0x80043e09
	{ printf '{"subject":"n","filename":"a.bin","documentbody":"'; head -c 5242882 /dev/zero | base64 -w0; printf '"}'; } >"$BATS_TEST_TMPDIR/big"
	ask POST annotations '' -H 'Content-Type: application/json' --data-binary "@$BATS_TEST_TMPDIR/big"
	refused 400 0x80044a02
	ask POST tasks "{\"subject\":\"t\",\"regardingobjectid_account@odata.bind\":\"/accounts($A)\"}"
	done_with 204
	ask POST tasks "{\"subject\":\"t\",\"regardingobjectid_account_task@odata.bind\":\"/accounts($A)\"}"
	done_with 204
}

@test "a file is uploaded in blocks" {
	up
	ask POST InitializeAnnotationBlocksUpload "{\"Target\":{\"@odata.type\":\"Microsoft.Dynamics.CRM.annotation\",\"annotationid\":\"$A\",\"subject\":\"n\",\"filename\":\"a.txt\"}}"
	done_with 200
	ticket=$(at .FileContinuationToken)
	ask POST UploadBlock "{\"BlockId\":\"MDE=\",\"BlockData\":\"aGVs\",\"FileContinuationToken\":\"$ticket\"}"
	done_with 204
	ask POST UploadBlock "{\"BlockId\":\"MDI=\",\"BlockData\":\"bG8=\",\"FileContinuationToken\":\"$ticket\"}"
	done_with 204
	ask POST CommitAnnotationBlocksUpload "{\"Target\":{\"@odata.type\":\"Microsoft.Dynamics.CRM.annotation\",\"annotationid\":\"$A\",\"subject\":\"n\",\"filename\":\"a.txt\"},\"BlockList\":[\"MDE=\",\"MDI=\"],\"FileContinuationToken\":\"$ticket\"}"
	done_with 200
	[ "$(at '"\(.AnnotationId) \(.FileSizeInBytes)"')" = "$A 5" ]
	ask GET "annotations($A)/documentbody"
	[ "$(at .value | base64 -d)" = hello ]
	ask POST UploadBlock "{\"BlockId\":\"MDI=\",\"BlockData\":\"bG8=\",\"FileContinuationToken\":\"$ticket\"}"
	done_with 400
}

@test "a file is downloaded in blocks, whatever blocks it came in, and goes with its row" {
	up
	ask POST emails "{\"activityid\":\"$B\",\"subject\":\"m\"}"
	ask POST InitializeAttachmentBlocksUpload '{"Target":{"@odata.type":"Microsoft.Dynamics.CRM.activitymimeattachment","filename":"a.txt"}}'
	ticket=$(at .FileContinuationToken)
	ask POST UploadBlock "{\"BlockId\":\"MDE=\",\"BlockData\":\"aGVs\",\"FileContinuationToken\":\"$ticket\"}"
	ask POST UploadBlock "{\"BlockId\":\"MDI=\",\"BlockData\":\"bG8hIQ==\",\"FileContinuationToken\":\"$ticket\"}"
	target="{\"@odata.type\":\"Microsoft.Dynamics.CRM.activitymimeattachment\",\"activitymimeattachmentid\":\"$A\",\"filename\":\"a.txt\",\"objectid_email@odata.bind\":\"/emails($B)\",\"objecttypecode\":\"email\"}"
	ask POST CommitAnnotationBlocksUpload "{\"Target\":$target,\"BlockList\":[\"MDE=\",\"MDI=\"],\"FileContinuationToken\":\"$ticket\"}"
	refused 400 0x80040203
	ask POST CommitAttachmentBlocksUpload "{\"Target\":$target,\"BlockList\":[\"MDE=\",\"MDM=\"],\"FileContinuationToken\":\"$ticket\"}"
	refused 400 0x80040203 'not uploaded'
	ask POST CommitAttachmentBlocksUpload "{\"Target\":$target,\"BlockList\":[\"MDE=\",\"MDI=\"],\"FileContinuationToken\":\"$ticket\"}"
	done_with 200
	[ "$(at '"\(.ActivityMimeAttachmentId) \(.FileSizeInBytes)"')" = "$A 7" ]
	ask POST InitializeAttachmentBlocksDownload "{\"Target\":{\"@odata.type\":\"Microsoft.Dynamics.CRM.activitymimeattachment\",\"activitymimeattachmentid\":\"$A\"}}"
	done_with 200
	[ "$(at '"\(.FileName) \(.FileSizeInBytes)"')" = 'a.txt 7' ]
	ticket=$(at .FileContinuationToken)
	ask POST DownloadBlock "{\"Offset\":2,\"BlockLength\":4,\"FileContinuationToken\":\"$ticket\"}"
	[ "$(at .Data | base64 -d)" = 'llo!' ]
	ask POST DownloadBlock "{\"Offset\":2,\"BlockLength\":4194305,\"FileContinuationToken\":\"$ticket\"}"
	refused 400 0x80040203
	ask GET "activitymimeattachments($A)?\$select=body,filesize"
	[ "$(at .body | base64 -d)" = 'hello!!' ]
	# Attachments are made in blocks, never changed; notes may be.
	ask POST InitializeAttachmentBlocksUpload "{\"Target\":$target}"
	ticket=$(at .FileContinuationToken)
	ask POST UploadBlock "{\"BlockId\":\"MDE=\",\"BlockData\":\"aGVs\",\"FileContinuationToken\":\"$ticket\"}"
	ask POST CommitAttachmentBlocksUpload "{\"Target\":$target,\"BlockList\":[\"MDE=\"],\"FileContinuationToken\":\"$ticket\"}"
	refused 412 0x80040237
	ask DELETE "emails($B)"
	done_with 204
	ask GET "activitymimeattachments($A)"
	done_with 404
	ask POST InitializeAnnotationBlocksUpload '{"Target":{"@odata.type":"Microsoft.Dynamics.CRM.annotation","filename":"a.txt"}}'
	refused 400 0x80040203 annotationid
	ask POST annotations "{\"annotationid\":\"$A\",\"subject\":\"no file\"}"
	ask POST InitializeAnnotationBlocksDownload "{\"Target\":{\"@odata.type\":\"Microsoft.Dynamics.CRM.annotation\",\"annotationid\":\"$A\"}}"
	refused 400 0x80040203
}

@test "a completed activity has an end and changes no more; nothing becomes an e-mail to send" {
	up
	ask POST tasks "{\"activityid\":\"$A\",\"subject\":\"t\"}"
	ask PATCH "tasks($A)" '{"statecode":1,"statuscode":5,"actualend":"2020-01-02T03:04:05Z","description":"done"}'
	done_with 204
	ask GET "tasks($A)?\$select=actualend,description"
	[ "$(at '"\(.actualend) \(.description)"')" = '2020-01-02T03:04:05Z done' ]
	ask PATCH "tasks($A)" '{"subject":"other"}'
	refused 400 0x80040203 subject
	ask PATCH "tasks($A)" '{"subject":"t","statecode":1,"statuscode":5}'
	done_with 204
	ask PATCH "tasks($A)" '{"statecode":0,"statuscode":2,"subject":"other"}'
	done_with 204
	ask POST phonecalls "{\"activityid\":\"$B\",\"subject\":\"c\"}"
	ask PATCH "phonecalls($B)" '{"statecode":1,"statuscode":2}'
	ask GET "phonecalls($B)?\$select=actualend"
	[[ $(at .actualend) == 20*Z ]]
	ask POST emails "{\"activityid\":\"$B\",\"subject\":\"m\",\"email_activity_parties\":[{\"participationtypemask\":2,\"addressused\":\"b@example.com\"}]}"
	for status in 6 7; do
		ask PATCH "emails($B)" "{\"statecode\":1,\"statuscode\":$status}"
		refused 400 0x80040203 sent
	done
	ask PATCH "emails($B)" '{"statecode":1,"statuscode":4}'
	done_with 204
	ask PUT "emails($B)/email_activity_parties" '{"value":[]}'
	refused 400 0x80040203 email_activity_parties
	ask POST activitymimeattachments "{\"objectid_email@odata.bind\":\"/emails($B)\",\"objecttypecode\":\"email\",\"filename\":\"a.txt\",\"body\":\"aGk=\"}"
	done_with 204
}

@test "an appointment needs both times in their order" {
	up
	ask POST appointments '{"subject":"m","scheduledstart":"2020-01-02T03:04:05Z"}'
	refused 400 0x80040200 scheduledend
	ask POST appointments '{"subject":"m","scheduledstart":"2020-01-02T03:04:05Z","scheduledend":"2020-01-02T03:04:04Z"}'
	refused 400 0x80040203 before
	ask POST appointments '{"subject":"m","scheduledstart":"2020-01-02T03:04:05Z","scheduledend":"2020-01-02T03:04:05Z"}'
	done_with 204
}

@test "nested rows are made with their parent or not at all" {
	up
	ask POST 'accounts?$expand=primarycontactid($select=lastname)' '{"name":"a","primarycontactid":{"firstname":"I","lastname":"O"}}' -H 'Prefer: return=representation'
	done_with 201
	[ "$(at .primarycontactid.lastname)" = O ]
	ask POST accounts '{"name":"b","primarycontactid":{"lastnme":"O"}}'
	done_with 400
	ask GET 'contacts/$count'
	[ "$body" = 1 ]
}

@test "on update the body's copy of the key in the address is discarded" {
	up_with_keys
	ask POST accounts '{"name":"A","sm_id":"77"}'
	ask PATCH "accounts(sm_id='77')" '{"name":"B","sm_id":"78"}'
	done_with 204
	ask GET "accounts(sm_id='77')?\$select=name"
	[ "$(at .name)" = B ]
}

@test "a full disk is a 500 with nothing half done, and reading goes on" {
	local i lines='{"@odata.type":"Microsoft.Dynamics.CRM.contact","lastname":"x"}'
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/bash\ntrap "" XFSZ\nulimit -f 3000\nexec %q "$@"\n' "$(command -v dyn-sandbox)" >"$BATS_TEST_TMPDIR/bin/dyn-sandbox"
	chmod +x "$BATS_TEST_TMPDIR/bin/dyn-sandbox"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH up
	for i in 1 2 3 4 5 6 7 8 9; do lines+=",$lines"; done
	for i in $(seq 40); do
		ask POST contacts/Microsoft.Dynamics.CRM.CreateMultiple "{\"Targets\":[$lines]}"
		[ "$code" = 200 ] || break
	done
	refused 500 0x80044150
	ask GET 'contacts?$apply=aggregate($count%20as%20n)'
	[ "$(at '.value[0].n')" = $((512 * (i - 1))) ]
	kill "$dyn_sandbox_pid"
	wait "$dyn_sandbox_pid"
	servers=
}

@test "who acts in another's name is known by object id or systemuserid, and is written down" {
	printf '{"systemuserid":"%s","fullname":"Dara","azureactivedirectoryobjectid":"%s"}\n' "$A" "$B" >"$BATS_TEST_TMPDIR/users"
	up --users "$BATS_TEST_TMPDIR/users"
	ask GET WhoAmI
	local me header
	me=$(at .UserId)
	for header in "MSCRMCallerID: $A" "CallerObjectId: $B"; do
		ask POST 'accounts?$select=_createdby_value,_createdonbehalfby_value' '{"name":"A"}' -H "$header" -H 'Prefer: return=representation'
		[ "$(at ._createdby_value)" = "$A" ]
		[ "$(at ._createdonbehalfby_value)" = "$me" ]
	done
	ask POST accounts '{"name":"A"}' -H "CallerObjectId: $A"
	refused 403 0x80072560
}

@test "FetchXML counts, with filters; what else it can do is 501" {
	up
	ask POST accounts '{"name":"one","numberofemployees":5}'
	ask POST accounts '{"name":"two"}'
	fetch() { ask GET accounts '' -G --data-urlencode "fetchXml=<fetch aggregate=\"true\"><entity name=\"account\"><attribute name=\"accountid\" alias=\"n\" aggregate=\"count\"/>$1</entity></fetch>"; }
	fetch ''
	[ "$(at '.value[0].n')" = 2 ]
	fetch '<filter type="or"><condition attribute="numberofemployees" operator="ge" value="6"/><condition attribute="name" operator="eq" value="two"/></filter>'
	[ "$(at '.value[0].n')" = 1 ]
	fetch '<filter><condition attribute="nope" operator="null"/></filter>'
	refused 400 0x80041103
	fetch '<link-entity name="contact"/>'
	done_with 501
}

@test "change tracking: a delta link, then what was changed and what was deleted" {
	up
	ask PATCH "accounts($A)" '{"name":"A"}'
	ask PATCH "accounts($B)" '{"name":"B"}'
	ask GET 'accounts?$select=name' '' -H 'Prefer: odata.track-changes, odata.maxpagesize=1'
	ask GET "$(at '."@odata.nextLink"' | sed 's,.*v9.2/,,')" '' -H 'Prefer: odata.track-changes, odata.maxpagesize=1'
	link=$(at '."@odata.deltaLink"' | sed 's,.*v9.2/,,')
	ask PATCH "accounts($A)" '{"name":"C"}'
	ask DELETE "accounts($B)"
	ask GET "$link"
	[ "$(at '[.value[]|.name//.reason]|join(",")')" = C,deleted ]
	[ "$(at '.value[1].id')" = "$B" ]
	ask GET "accounts/\$count?${link##*&}"
	[ "$body" = 2 ]
	ask GET "accounts?\$filter=name%20eq%20'x'" '' -H 'Prefer: odata.track-changes'
	done_with 400
}

@test "include-annotations=\"*\" makes errors say more; a lead gets its process; an e-mail's body is no filter" {
	up
	ask GET "accounts($A)" '' -H 'Prefer: odata.include-annotations="*"'
	refused 404 0x80040217
	[ "$(at '.error|has("@Microsoft.PowerApps.CDS.HelpLink")')" = true ]
	ask PATCH "leads($A)" '{"lastname":"L"}'
	ask PATCH "leads($B)" '{"lastname":"L","processid":"00000000-0000-0000-0000-000000000000"}'
	ask GET 'leadtoopportunitysalesprocesses?$select=_leadid_value'
	[ "$(at '[.value[]._leadid_value]|join(",")')" = "$A" ]
	ask GET "emails?\$filter=contains(description,'x')"
	done_with 400
}

@test "amounts take the places of the row's currency; a line wants an active product" {
	up
	ask PATCH "transactioncurrencies($A)" '{"isocurrencycode":"JPY","currencyname":"Yen","currencysymbol":"Y","exchangerate":150,"currencyprecision":0}'
	ask POST 'opportunities?$select=estimatedvalue' "{\"name\":\"o\",\"estimatedvalue\":1234.56,\"transactioncurrencyid@odata.bind\":\"/transactioncurrencies($A)\"}" \
		-H 'Prefer: return=representation'
	[ "$(at .estimatedvalue)" = 1235 ]
	ask PATCH "pricelevels($A)" '{"name":"P"}'
	ask PATCH "opportunities($B)" "{\"name\":\"o\",\"pricelevelid@odata.bind\":\"/pricelevels($A)\"}"
	ask POST opportunityproducts "{\"opportunityid@odata.bind\":\"/opportunities($B)\",\"quantity\":1}"
	refused 400 0x80040200 productid
	ask GET 'uoms?$select=_uomscheduleid_value'
	ask PATCH "products($A)" "{\"name\":\"x\",\"productnumber\":\"x\",\"quantitydecimal\":2,\"defaultuomid@odata.bind\":\"/uoms($(at '.value[0].uomid'))\",
		\"defaultuomscheduleid@odata.bind\":\"/uomschedules($(at '.value[0]._uomscheduleid_value'))\"}"
	done_with 204
	ask POST opportunityproducts "{\"opportunityid@odata.bind\":\"/opportunities($B)\",\"productid@odata.bind\":\"/products($A)\",\"quantity\":1}"
	refused 400 0x80040203 draft
	ask PATCH "products($A)" '{"statecode":0}'
	ask POST opportunityproducts "{\"opportunityid@odata.bind\":\"/opportunities($B)\",\"productid@odata.bind\":\"/products($A)\",\"quantity\":1}"
	done_with 204
}

@test "the block ids of one upload are of one length" {
	up
	ask POST annotations '{"annotationid":"'$A'","subject":"f"}'
	ask POST InitializeAnnotationBlocksUpload '{"Target":{"@odata.type":"Microsoft.Dynamics.CRM.annotation","annotationid":"'$A'","filename":"a.txt"}}'
	token_of=$(at .FileContinuationToken)
	ask POST UploadBlock '{"BlockId":"MDAwMQ==","BlockData":"aGk=","FileContinuationToken":"'"$token_of"'"}'
	done_with 204
	ask POST UploadBlock '{"BlockId":"MDI=","BlockData":"aGk=","FileContinuationToken":"'"$token_of"'"}'
	refused 400 0x80040203 length
}

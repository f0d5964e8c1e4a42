# dyn-sandbox: metadata, tokens, service protection, faults.
load helper

# open [OPTION...]: a sandbox with an empty store; a token in $token, the API's root in $api.
open() {
	start sandbox dyn-sandbox --store "$BATS_TEST_TMPDIR/store.db" --metadata "$fixtures/metadata" "$@"
	origin=http://127.0.0.1:$port
	api=$origin/api/data/v9.2
	token
}

token() {
	token=$(curl -s -d "grant_type=client_credentials&client_id=sandbox&client_secret=sandbox" \
		--data-urlencode "scope=$origin/.default" "$origin/sandbox/oauth2/v2.0/token" | jq -r .access_token)
}

# call METHOD PATH [BODY]: $status, $body, and the headers in the file "headers".
call() {
	local out=$BATS_TEST_TMPDIR/body
	: >"$out"
	status=$(curl -s -g -X "$1" -D "$BATS_TEST_TMPDIR/headers" -o "$out" -w '%{http_code}' -H "Authorization: Bearer $token" \
		-H 'Content-Type: application/json' ${strong:+-H "Consistency: Strong"} "${@:4}" ${3:+-d "$3"} "$api/$2") || true
	body=$(cat "$out")
}

header() { sed -n "s/^$1: \(.*\)\r$/\1/Ip" "$BATS_TEST_TMPDIR/headers"; }

# is STATUS [CODE]
is() {
	[ "$status" = "$1" ] || { echo "$status $body"; return 1; }
	[ -z "${2:-}" ] || [ "$(jq -r .error.code <<<"$body")" = "$2" ] || { echo "$body"; return 1; }
}

label() { printf '{"LocalizedLabels":[{"Label":"%s","LanguageCode":1033}]}' "$1"; }

# column TYPE SCHEMANAME [MEMBERS]: a payload
column() {
	printf '{"@odata.type":"Microsoft.Dynamics.CRM.%sAttributeMetadata","SchemaName":"%s","DisplayName":%s%s}' "$1" "$2" "$(label "$2")" "${3:+,$3}"
}

publisher() {
	call POST publishers '{"uniquename":"p","friendlyname":"p","customizationprefix":"sm","customizationoptionvalueprefix":72700}'
	is 204
}

table() {
	call POST EntityDefinitions '{"@odata.type":"Microsoft.Dynamics.CRM.EntityMetadata","SchemaName":"sm_Thread","DisplayName":'"$(label T)"',
		"DisplayCollectionName":'"$(label Ts)"',"OwnershipType":"UserOwned","HasNotes":'"$1"',"HasActivities":'"$1"',"IsActivity":false,
		"Attributes":['"$(column String sm_Name '"IsPrimaryName":true,"MaxLength":100')"']}'
	is 204
}

# ---- the fixture ----

@test "the stock fixture has every table and column of every type, and exact limits" {
	[ "$(cat "$fixtures"/metadata/*.ndjson | jq -c 'select(._meta=="table")' | wc -l)" -eq 32 ]
	[ "$(cat "$fixtures"/metadata/*.ndjson | jq -c 'select(._meta=="column")' | wc -l)" -eq 3458 ]
	grep -q '"LogicalName":"exchangerate".*"MinValue":0.000000000001,"MaxValue":100000000000,"Precision":12' "$fixtures/metadata/account.ndjson"
	grep -q '"ReferencingEntityNavigationPropertyName":"regardingobjectid_account_task"' "$fixtures/metadata/task.ndjson"
	grep -q '"_meta":"collection".*email_activity_parties' "$fixtures/metadata/email.ndjson"
}

# ---- tokens ----

@test "a token costs the right secret, scope and grant" {
	open
	local url=$origin/sandbox/oauth2/v2.0/token form=grant_type=client_credentials
	run curl -s -w ' %{http_code}' -d "$form&client_id=sandbox&client_secret=no&scope=$origin/.default" "$url"
	[[ $output == *'"error":"invalid_client"'*AADSTS7000215*' 401' ]]
	run curl -s -w ' %{http_code}' -d "client_id=sandbox&client_secret=sandbox&scope=$origin/.default" "$url"
	[[ $output == *grant_type*' 400' ]]
	run curl -s -w ' %{http_code}' -d "$form&client_id=sandbox&client_secret=sandbox&scope=https://other.crm.dynamics.com/.default" "$url"
	[[ $output == *invalid_scope*' 400' ]]
	run curl -s -w ' %{http_code}' -d "$form&client_id=other&client_secret=sandbox&scope=$origin/.default" "$url"
	[[ $output == *unauthorized_client*' 400' ]]
	run curl -s -d "$form&client_id=sandbox&client_secret=sandbox&scope=$origin/.default" "$url"
	[ "$(jq -r '.token_type,.expires_in' <<<"$output" | paste -sd' ')" = "Bearer 3599" ]
}

@test "without a token the answer is 401, not JSON, and names the authority" {
	open
	run curl -s -D "$BATS_TEST_TMPDIR/headers" -w ' %{http_code}' "$api/WhoAmI"
	[[ $output == *'Access is denied 401' ]]
	[[ $(header WWW-Authenticate) == 'Bearer authorization_uri='*'resource_id='* ]]
	token=wrong
	call GET WhoAmI
	is 401
}

@test "a token expires" {
	open --limits token=1
	call GET WhoAmI
	is 200
	for ((i = 0; i < 60; i++)); do
		call GET WhoAmI
		[ "$status" = 401 ] && break
		sleep 0.05
	done
	is 401
	token
	call GET WhoAmI
	is 200
}

@test "each client of DYN_CLIENTS_FILE is a user of its own" {
	printf '{"id":"two","secret":"s2"}\n' >"$BATS_TEST_TMPDIR/clients"
	DYN_CLIENTS_FILE=$BATS_TEST_TMPDIR/clients open
	call GET WhoAmI
	local first=$body
	token=$(curl -s -d "grant_type=client_credentials&client_id=two&client_secret=s2&scope=$origin/.default" \
		"$origin/sandbox/oauth2/v2.0/token" | jq -r .access_token)
	call GET WhoAmI
	is 200
	[ "$(jq .UserId <<<"$body")" != "$(jq .UserId <<<"$first")" ]
}

# ---- reads ----

@test "definitions are read by name, by id and by SchemaName" {
	open
	call GET "EntityDefinitions(LogicalName='account')?\$select=LogicalName,EntitySetName"
	is 200
	[ "$(jq -r .EntitySetName <<<"$body")" = accounts ]
	call GET "EntityDefinitions($(jq -r .MetadataId <<<"$body"))?\$select=SchemaName"
	[ "$(jq -r .SchemaName <<<"$body")" = Account ]
	call GET "EntityDefinitions?\$select=LogicalName&\$filter=SchemaName%20eq%20'Lead'"
	[ "$(jq -c '[.value[].LogicalName]' <<<"$body")" = '["lead"]' ]
	call GET "EntityDefinitions(LogicalName='Account')"
	is 404 0x80041102
	call GET "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='nix')"
	is 404 0x80041103
}

@test "options are seen only where they are expanded on a cast" {
	open
	local base="EntityDefinitions(LogicalName='opportunity')/Attributes" cast=Microsoft.Dynamics.CRM
	call GET "$base?\$expand=OptionSet"
	is 400 0x80060888
	call GET "$base(LogicalName='statuscode')"
	[ "$(jq 'has("OptionSet")' <<<"$body")" = false ]
	call GET "$base/$cast.StatusAttributeMetadata?\$select=LogicalName&\$expand=OptionSet(\$select=Options),GlobalOptionSet"
	[ "$(jq -c '[.value[0].OptionSet.Options[]|[.Value,.State]]' <<<"$body")" = '[[1,0],[2,0],[3,1],[4,2],[5,2]]' ]
	[ "$(jq -c '.value[0].GlobalOptionSet' <<<"$body")" = null ]
	call GET "$base/$cast.StateAttributeMetadata?\$select=LogicalName&\$expand=OptionSet"
	[ "$(jq -c '[.value[0].OptionSet.Options[].DefaultStatus]' <<<"$body")" = '[1,3,4]' ]
	call GET "$base/$cast.BooleanAttributeMetadata?\$select=LogicalName&\$expand=OptionSet&\$top=1"
	[ "$(jq '.value[0].OptionSet|has("TrueOption")' <<<"$body")" = true ]
	call GET "$base(LogicalName='opportunityratingcode')/$cast.PicklistAttributeMetadata/OptionSet?\$select=Options"
	[ "$(jq -c '[.Options[].Value]' <<<"$body")" = '[1,2,3]' ]
}

@test "what a type does not have is not selected" {
	open
	call GET "EntityDefinitions(LogicalName='account')/Attributes?\$select=LogicalName,MaxLength"
	is 400 0x80060888
	call GET "EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.StringAttributeMetadata?\$select=LogicalName,MaxLength&\$filter=LogicalName%20eq%20'name'"
	[ "$(jq -c '.value[0].MaxLength' <<<"$body")" = 160 ]
	call GET "EntityDefinitions?\$select=logicalname"
	is 400 0x80060888
	call GET "EntityDefinitions?\$orderby=LogicalName"
	is 400 0x80060888
}

@test "relationships give the navigation properties, also expanded on a table" {
	open
	call GET "EntityDefinitions(LogicalName='contact')/ManyToOneRelationships?\$select=ReferencedEntity,ReferencingEntityNavigationPropertyName&\$filter=ReferencingAttribute%20eq%20'parentcustomerid'"
	[ "$(jq -c '[.value[].ReferencingEntityNavigationPropertyName]' <<<"$body")" = '["parentcustomerid_account","parentcustomerid_contact"]' ]
	call GET "EntityDefinitions(LogicalName='uom')?\$select=LogicalName&\$expand=Attributes(\$select=LogicalName;\$filter=IsPrimaryId%20eq%20true),Keys,ManyToOneRelationships(\$select=SchemaName)"
	[ "$(jq -c '[.Attributes[0].LogicalName, .Keys, (.ManyToOneRelationships|length > 0)]' <<<"$body")" = '["uomid",[],true]' ]
	call GET "RelationshipDefinitions?\$filter=SchemaName%20eq%20'contact_parentcustomerid_account'&\$select=SchemaName"
	[ "$(jq '.value|length' <<<"$body")" = 1 ]
	call GET '$metadata'
	[[ $body == *'<NavigationProperty Name="parentcustomerid_account" Type="mscrm.account"/>'* ]]
}

# ---- writes ----

@test "a column of every type is made, used and kept over a restart" {
	strong=1
	open
	publisher
	local at="EntityDefinitions(LogicalName='lead')/Attributes" options='"Options":[{"Value":727000000,"Label":'"$(label A)"'},{"Label":'"$(label B)"'}]'
	for payload in "$(column String sm_s '"MaxLength":100,"FormatName":{"Value":"Email"}')" "$(column Memo sm_m '"MaxLength":1048576')" \
		"$(column Integer sm_i '"MinValue":0,"MaxValue":10')" "$(column Decimal sm_d '"Precision":10,"MinValue":-1.5')" \
		"$(column Double sm_f '"Precision":5')" "$(column Money sm_a '"Precision":2,"PrecisionSource":0')" \
		"$(column DateTime sm_t '"Format":"DateOnly","DateTimeBehavior":{"Value":"DateOnly"}')" "$(column BigInt sm_l)" "$(column File sm_x)" \
		"$(column Boolean sm_b '"OptionSet":{"@odata.type":"Microsoft.Dynamics.CRM.BooleanOptionSetMetadata","TrueOption":{"Value":1,"Label":'"$(label J)"'},"FalseOption":{"Value":0,"Label":'"$(label N)"'}}')" \
		"$(column Picklist sm_p '"OptionSet":{"@odata.type":"Microsoft.Dynamics.CRM.OptionSetMetadata","OptionSetType":"Picklist","IsGlobal":false,'"$options}")"; do
		call POST "$at" "$payload"
		is 204
		[[ $(header OData-EntityId) == "$api/EntityDefinitions("*")/Attributes("*")" ]]
	done
	call POST GlobalOptionSetDefinitions '{"@odata.type":"Microsoft.Dynamics.CRM.OptionSetMetadata","Name":"sm_g","DisplayName":'"$(label G)"','"$options}"
	is 204
	call POST "$at" "$(column MultiSelectPicklist sm_ms "\"GlobalOptionSet@odata.bind\":\"/GlobalOptionSetDefinitions(Name='sm_g')\"")"
	is 204
	local row='{"lastname":"x","sm_s":"a","sm_m":"b","sm_i":10,"sm_d":-1.5,"sm_f":2.5,"sm_a":1.25,"sm_t":"2026-01-02","sm_b":true,"sm_p":727000001,"sm_ms":"727000000,727000001"}'
	call POST leads "$row"
	is 204
	call POST leads '{"lastname":"x","sm_i":11}'
	is 400
	kill "$sandbox_pid"
	wait "$sandbox_pid" || true
	open
	call GET "leads?\$select=sm_s,sm_a,sm_t,sm_p,sm_ms"
	[ "$(jq -c '.value[0]|[.sm_s,.sm_a,.sm_t,.sm_p,.sm_ms]' <<<"$body")" = '["a",1.25,"2026-01-02",727000001,"727000000,727000001"]' ]
	call GET "$at(LogicalName='sm_ms')/Microsoft.Dynamics.CRM.MultiSelectPicklistAttributeMetadata?\$select=LogicalName&\$expand=OptionSet,GlobalOptionSet"
	[ "$(jq -c '[.OptionSet,.GlobalOptionSet.Name]' <<<"$body")" = '[null,"sm_g"]' ]
}

@test "columns beyond the limits, with wrong names or twice are refused" {
	strong=1
	open
	publisher
	local at="EntityDefinitions(LogicalName='lead')/Attributes"
	for payload in "$(column String sm_s '"MaxLength":4001')" "$(column String sm_s)" "$(column Memo sm_s '"MaxLength":1048577')" \
		"$(column Decimal sm_s '"Precision":11')" "$(column Decimal sm_s '"MaxValue":100000000001')" "$(column Double sm_s '"Precision":6')" \
		"$(column DateTime sm_s '"Format":"DateAndTime","DateTimeBehavior":{"Value":"DateOnly"}')" "$(column Picklist sm_s)" \
		"$(column String xx_s '"MaxLength":10')" "$(column Lookup sm_s)" "$(column String sm_s '"MaxLength":10,"RequiredLevel":{"Value":"SystemRequired"}')"; do
		call POST "$at" "$payload"
		is 400 0x80040203
	done
	call POST "$at" "$(column String sm_s '"MaxLength":10,"Colour":"red"')"
	is 400 0x80048d19
	call POST "$at" "$(column String 'sm_s-x' '"MaxLength":10')"
	is 400 0x80044364
	call POST "$at" "$(column String '1sm_s' '"MaxLength":10')"
	is 400 0x80044365
	call POST "$at" "$(column String "sm_$(printf 'x%.0s' {1..60})" '"MaxLength":10')"
	is 400 0x80044367
	call POST "$at" '{"SchemaName":"sm_s","DisplayName":'"$(label s)"',"MaxLength":10}'
	is 400 0x80048d19
	call POST "$at" "$(column String sm_s '"MaxLength":10')"
	is 204
	call POST "$at" "$(column String SM_S '"MaxLength":10')"
	is 400 0x80047013
	call POST "$at" "$(column String sm_z '"MaxLength":10')" -H 'MSCRM.SolutionUniqueName: nowhere'
	is 400 0x80040203
}

@test "a custom table has its set, notes and activities; its lookup's property is the SchemaName" {
	strong=1
	open
	publisher
	table true
	call POST RelationshipDefinitions '{"@odata.type":"Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata","SchemaName":"sm_account_thread",
		"ReferencedEntity":"account","ReferencedAttribute":"accountid","ReferencingEntity":"sm_thread",
		"CascadeConfiguration":{"Assign":"NoCascade","Delete":"RemoveLink"},
		"Lookup":{"@odata.type":"Microsoft.Dynamics.CRM.LookupAttributeMetadata","SchemaName":"sm_AccountId","DisplayName":'"$(label A)"'}}'
	is 204
	call PATCH 'accounts(11111111-1111-1111-1111-111111111111)' '{"name":"A"}'
	is 204
	local thread=22222222-2222-2222-2222-222222222222
	call PATCH "sm_threads($thread)" '{"sm_name":"t","sm_accountid@odata.bind":"/accounts(11111111-1111-1111-1111-111111111111)"}'
	is 400 0x80048d19
	call PATCH "sm_threads($thread)" '{"sm_name":"t","sm_AccountId@odata.bind":"/accounts(11111111-1111-1111-1111-111111111111)"}'
	is 204
	call POST annotations '{"subject":"n","objectid_sm_thread@odata.bind":"/sm_threads('$thread')"}'
	is 204
	call POST tasks '{"subject":"n","regardingobjectid_sm_thread_task@odata.bind":"/sm_threads('$thread')"}'
	is 204
	call POST EntityDefinitions '{"@odata.type":"Microsoft.Dynamics.CRM.EntityMetadata","SchemaName":"sm_thread","DisplayName":'"$(label T)"',
		"DisplayCollectionName":'"$(label T)"',"OwnershipType":"UserOwned","Attributes":['"$(column String sm_Name '"IsPrimaryName":true,"MaxLength":100')"']}'
	is 400 0x80044363
	call DELETE "EntityDefinitions(LogicalName='sm_thread')"
	is 204
	call GET sm_threads
	is 404
}

@test "without HasNotes and HasActivities there is nothing to bind a note or task to" {
	strong=1
	open
	publisher
	table false
	call PATCH 'sm_threads(22222222-2222-2222-2222-222222222222)' '{"sm_name":"t"}'
	is 204
	call POST annotations '{"subject":"n","objectid_sm_thread@odata.bind":"/sm_threads(22222222-2222-2222-2222-222222222222)"}'
	is 400 0x80048d19
	call PUT "EntityDefinitions(LogicalName='sm_thread')" '{"@odata.type":"Microsoft.Dynamics.CRM.EntityMetadata","HasNotes":true}'
	is 204
	call POST annotations '{"subject":"n","objectid_sm_thread@odata.bind":"/sm_threads(22222222-2222-2222-2222-222222222222)"}'
	is 204
}

@test "a customer lookup has one property for each table" {
	strong=1
	open
	publisher
	table false
	local rel='{"@odata.type":"Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata","ReferencingEntity":"sm_thread"'
	local lookup='"Lookup":{"@odata.type":"Microsoft.Dynamics.CRM.ComplexLookupAttributeMetadata","SchemaName":"sm_Who","DisplayName":'"$(label W)"'}'
	call POST CreateCustomerRelationships "{$lookup,\"OneToManyRelationships\":[$rel,\"SchemaName\":\"sm_a\",\"ReferencedEntity\":\"account\"}]}"
	is 400
	call POST CreateCustomerRelationships "{$lookup,\"OneToManyRelationships\":[$rel,\"SchemaName\":\"sm_a\",\"ReferencedEntity\":\"account\"},
		{\"ReferencingEntity\":\"sm_thread\",\"SchemaName\":\"sm_c\",\"ReferencedEntity\":\"contact\"}]}"
	is 200
	[ "$(jq '.RelationshipIds|length' <<<"$body")" = 2 ]
	call PATCH 'contacts(11111111-1111-1111-1111-111111111111)' '{"lastname":"A"}'
	call POST sm_threads '{"sm_name":"t","sm_Who_contact@odata.bind":"/contacts(11111111-1111-1111-1111-111111111111)"}'
	is 204
}

@test "options are inserted, renamed and ordered" {
	strong=1
	open
	publisher
	local of='"EntityLogicalName":"account","AttributeLogicalName":"industrycode"'
	call POST InsertOptionValue "{$of,\"Value\":727000000,\"Label\":$(label New)}"
	is 200
	[ "$(jq .NewOptionValue <<<"$body")" = 727000000 ]
	call POST InsertOptionValue "{$of,\"Value\":727000000,\"Label\":$(label New)}"
	is 400
	call POST UpdateOptionValue "{$of,\"Value\":727000000,\"Label\":$(label Newer),\"MergeLabels\":true}"
	is 204
	call POST accounts '{"name":"A","industrycode":727000000}'
	is 204
	call GET "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='industrycode')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?\$select=LogicalName&\$expand=OptionSet"
	[ "$(jq -r '.OptionSet.Options[-1].Label.UserLocalizedLabel.Label' <<<"$body")" = Newer ]
	call POST InsertStatusValue '{"EntityLogicalName":"lead","AttributeLogicalName":"statuscode","Value":100,"StateCode":2,"Label":'"$(label Gone)"'}'
	is 200
	call POST OrderOption "{$of,\"Values\":[1,2]}"
	is 400
}

@test "a key is Pending, then Active; before that it is no key" {
	strong=1
	open --limits key-delay=700
	publisher
	call POST "EntityDefinitions(LogicalName='account')/Attributes" "$(column String sm_id '"MaxLength":100')"
	call POST "EntityDefinitions(LogicalName='account')/Keys" '{"SchemaName":"sm_Key","KeyAttributes":["sm_id"],"DisplayName":'"$(label K)"'}'
	is 204
	call GET "EntityDefinitions(LogicalName='account')/Keys?\$select=SchemaName,EntityKeyIndexStatus"
	[ "$(jq -r '.value[0].EntityKeyIndexStatus' <<<"$body")" = Pending ]
	call PATCH "accounts(sm_id='1')" '{"name":"A"}'
	is 400 0x80060890
	for ((i = 0; i < 100; i++)); do
		call GET "EntityDefinitions(LogicalName='account')/Keys?\$select=EntityKeyIndexStatus"
		[ "$(jq -r '.value[0].EntityKeyIndexStatus' <<<"$body")" = Active ] && break
		sleep 0.05
	done
	call PATCH "accounts(sm_id='1')" '{"name":"A"}'
	is 204
	call POST "EntityDefinitions(LogicalName='account')/Keys" '{"SchemaName":"sm_key","KeyAttributes":["name"],"DisplayName":'"$(label K)"'}'
	is 400 0x80060893
	call POST "EntityDefinitions(LogicalName='account')/Keys" '{"SchemaName":"sm_key2","KeyAttributes":["sm_id"],"DisplayName":'"$(label K)"'}'
	is 400 0x80060894
	call DELETE "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='sm_id')"
	is 400 0x8004f01f
	call DELETE "EntityDefinitions(LogicalName='account')/Keys(LogicalName='sm_key')"
	is 204
	call DELETE "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='sm_id')"
	is 204
}

@test "before its key is Active two rows may have the same values, which make it fail" {
	strong=1
	open --limits key-delay=500
	publisher
	call POST "EntityDefinitions(LogicalName='account')/Attributes" "$(column String sm_id '"MaxLength":100')"
	call POST "EntityDefinitions(LogicalName='account')/Keys" '{"SchemaName":"sm_Key","KeyAttributes":["sm_id"],"DisplayName":'"$(label K)"'}'
	call POST accounts '{"name":"A","sm_id":"1"}'
	is 204
	call POST accounts '{"name":"A","sm_id":"1"}'
	is 204
	for ((i = 0; i < 100; i++)); do
		call GET "EntityDefinitions(LogicalName='account')/Keys?\$select=EntityKeyIndexStatus"
		[ "$(jq -r '.value[0].EntityKeyIndexStatus' <<<"$body")" = Failed ] && break
		sleep 0.05
	done
	[ "$i" -lt 100 ]
}

@test "two rows with the same values make a key fail" {
	strong=1
	open --limits key-delay=0
	publisher
	call POST "EntityDefinitions(LogicalName='account')/Attributes" "$(column String sm_id '"MaxLength":100')"
	call PATCH 'accounts(11111111-1111-1111-1111-111111111111)' '{"name":"A","sm_id":"1"}'
	call PATCH 'accounts(22222222-2222-2222-2222-222222222222)' '{"name":"A","sm_id":"1"}'
	is 204
	call POST "EntityDefinitions(LogicalName='account')/Keys" '{"SchemaName":"sm_Key","KeyAttributes":["sm_id"],"DisplayName":'"$(label K)"'}'
	is 204
	call GET "EntityDefinitions(LogicalName='account')/Keys(LogicalName='sm_key')"
	[ "$(jq -r .EntityKeyIndexStatus <<<"$body")" = Failed ]
	call PATCH 'accounts(22222222-2222-2222-2222-222222222222)' '{"sm_id":"2"}'
	is 204
	call POST ReactivateEntityKey '{"EntityLogicalName":"account","EntityKeyLogicalName":"sm_key"}'
	is 204
	call GET "accounts(sm_id='2')?\$select=name"
	is 200
}

@test "a new column is unseen for a while, except with Consistency: Strong" {
	open --limits lag=60000
	publisher
	call POST "EntityDefinitions(LogicalName='account')/Attributes" "$(column String sm_id '"MaxLength":10')"
	is 204
	call GET "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='sm_id')"
	is 404
	call POST accounts '{"name":"A","sm_id":"1"}'
	is 400
	strong=1
	call GET "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='sm_id')"
	is 200
	call POST accounts '{"name":"A","sm_id":"1"}'
	is 204
	call PUT "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='sm_id')" "$(column String sm_id '"MaxLength":20')"
	is 204
	call POST accounts '{"name":"A","sm_id":"12345678901"}'
	is 204
}

@test "stock definitions are not deleted; publish wants its document" {
	open
	call DELETE "EntityDefinitions(LogicalName='account')"
	is 400
	call DELETE "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='name')"
	is 400
	call POST PublishXml '{"ParameterXml":"<importexportxml><entities><entity>account</entity></entities></importexportxml>"}'
	is 204
	call POST PublishXml '{"ParameterXml":"account"}'
	is 400
	call POST PublishAllXml '{}'
	is 204
	call PATCH "EntityDefinitions(LogicalName='account')" '{}'
	is 405
}

# ---- service protection ----

@test "too many requests: 429 with Retry-After, the exact text, and room again later" {
	open --limits requests=3,window=2
	for i in 1 2 3; do
		call GET WhoAmI
		is 200
	done
	[ "$(header x-ms-ratelimit-burst-remaining-xrm-requests)" = 0 ]
	call GET WhoAmI
	is 429 0x80072322
	[ "$(jq -r .error.message <<<"$body")" = "Number of requests exceeded the limit of 3 over time window of 2 seconds." ]
	[[ $(header Retry-After) =~ ^[12]$ ]]
	for ((i = 0; i < 40; i++)); do
		sleep "$(header Retry-After)"
		call GET WhoAmI
		[ "$status" = 200 ] && break
	done
	is 200
}

@test "every answer carries the hints in the odd formats, and the cookies" {
	open --limits dop=7,servers=2
	call GET WhoAmI
	[ "$(header x-ms-dop-hint)" = 7 ]
	[[ $(header x-ms-ratelimit-time-remaining-xrm-requests) =~ ^1,(200\.00|199\.[0-9][0-9])$ ]]
	[ "$(header x-ms-ratelimit-burst-remaining-xrm-requests)" = 5999 ]
	[[ $(header Set-Cookie) == *ARRAffinity=*ReqClientId=*orgId=* ]]
}

@test "without the cookie requests go round the servers, with it they stay" {
	open --limits requests=2,servers=2
	for i in 1 2 3 4; do
		call GET WhoAmI
		is 200
	done
	call GET WhoAmI
	is 429
	stop_servers
	open --limits requests=2,servers=2
	call GET WhoAmI
	local cookie
	cookie=$(header Set-Cookie | sed -n 's/^\(ARRAffinity=[^;]*\).*/\1/p')
	call GET WhoAmI '' -H "Cookie: $cookie"
	is 200
	call GET WhoAmI '' -H "Cookie: $cookie"
	is 429 0x80072322
	call GET WhoAmI
	is 200
}

@test "an unknown limit is a usage error" {
	run -64 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --metadata "$fixtures/metadata" --limits speed=1
	[[ $output == *"unknown limit 'speed'"* ]]
	run -64 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --metadata "$fixtures/metadata" --limits dop=0
}

# ---- faults ----

@test "faults before the work: nothing is done" {
	cat >"$BATS_TEST_TMPDIR/faults" <<-'F'
		# what goes wrong
		match="POST accounts" at=1 status=429 retry-after=7 code=0x80072326 message="Slow down"
		match="POST accounts" at=2 status=503
		match="POST accounts" at=3 deadlock
		match="POST accounts" at=4 html
		match="POST accounts" at=5 drop
		match="POST accounts" body=special every=1 times=1 status=403 code=0x80072560
	F
	open --faults "$BATS_TEST_TMPDIR/faults"
	call POST accounts '{"name":"A"}'
	is 429 0x80072326
	[ "$(header Retry-After)" = 7 ]
	call POST accounts '{"name":"A"}'
	is 503
	[[ $(header Content-Type) == text/html* ]]
	call POST accounts '{"name":"A"}'
	is 500 0x80044150
	call POST accounts '{"name":"A"}'
	is 200
	[[ $body == *'<html>'* ]]
	call POST accounts '{"name":"A"}'
	is 000
	call POST accounts '{"name":"special"}'
	is 403 0x80072560
	call GET 'accounts/$count'
	[ "${body#$'\xef\xbb\xbf'}" = 0 ]
}

@test "faults after the work: it is committed, whatever the answer" {
	cat >"$BATS_TEST_TMPDIR/faults" <<-'F'
		match="POST accounts" at=1 after=504
		match="POST accounts" at=2 after=drop
		match="POST accounts" at=3 after=reset
	F
	open --faults "$BATS_TEST_TMPDIR/faults"
	for want in 504 000 000; do
		call POST accounts '{"name":"A"}'
		is "$want"
	done
	call GET 'accounts/$count'
	[ "${body#$'\xef\xbb\xbf'}" = 3 ]
}

@test "tokens expire on demand, and SIGHUP reads the faults again" {
	echo 'at=2 expire-tokens' >"$BATS_TEST_TMPDIR/faults"
	open --faults "$BATS_TEST_TMPDIR/faults"
	call GET WhoAmI
	is 200
	call GET WhoAmI
	is 401
	call GET WhoAmI
	is 401
	token
	call GET WhoAmI
	is 200
	echo 'match=WhoAmI status=502' >"$BATS_TEST_TMPDIR/faults"
	kill -HUP "$sandbox_pid"
	for ((i = 0; i < 60; i++)); do
		call GET WhoAmI
		[ "$status" = 502 ] && break
		sleep 0.05
	done
	is 502
}

@test "parts of a batch: faults for one, disorder for all" {
	cat >"$BATS_TEST_TMPDIR/faults" <<-'F'
		part at=2 status=429 retry-after=3
		match=$batch at=2 shuffle-parts
		match=$batch at=3 drop-part=1
		match=$batch at=4 repeat-part=1
	F
	open --faults "$BATS_TEST_TMPDIR/faults"
	local batch=$BATS_TEST_TMPDIR/batch
	for n in 1 2; do
		printf -- '--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n'
		printf 'PATCH /api/data/v9.2/accounts(%s1111111-1111-1111-1111-111111111111) HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"name":"A"}\r\n' $n
	done >"$batch"
	printf -- '--b--\r\n' >>"$batch"
	send() {
		curl -s -H "Authorization: Bearer $token" -H 'Content-Type: multipart/mixed; boundary=b' -H 'Prefer: odata.continue-on-error' \
			--data-binary "@$batch" "$api/\$batch" | tr -d '\r'
	}
	run send
	[[ $output == *'204 No Content'*'HTTP/1.1 429'*'Retry-After: 3'* ]]
	run send
	[[ $output == *21111111*11111111-1111* ]]
	run send
	[ "$(grep -c '^OData-EntityId' <<<"$output")" = 1 ]
	run send
	[ "$(grep -c '^OData-EntityId' <<<"$output")" = 3 ]
}

@test "a faults file that cannot be read stops the start, with its line" {
	echo 'at=1 explode' >"$BATS_TEST_TMPDIR/faults"
	run -65 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --metadata "$fixtures/metadata" --faults "$BATS_TEST_TMPDIR/faults"
	[[ $output == *faults:1:* ]]
	echo 'match=x' >"$BATS_TEST_TMPDIR/faults"
	run -65 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --metadata "$fixtures/metadata" --faults "$BATS_TEST_TMPDIR/faults"
}

@test "damaged metadata is 65 with file and line, none is 66" {
	mkdir "$BATS_TEST_TMPDIR/m"
	run -66 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --metadata "$BATS_TEST_TMPDIR/m"
	echo '{"_meta":"column","_table":"x","LogicalName":"y"}' >"$BATS_TEST_TMPDIR/m/x.ndjson"
	run -65 dyn-sandbox --store "$BATS_TEST_TMPDIR/s" --metadata "$BATS_TEST_TMPDIR/m"
	[[ $output == *x.ndjson:1:* ]]
}

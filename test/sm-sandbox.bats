# sm-sandbox: the checklist at the end of the Salesmate reference, a sentence a fact.
load helper

serve() {	# [OPTION...]: on fixtures/sm-sandbox, or on $data
	start sandbox sm-sandbox --data "${data:-$fixtures/sm-sandbox}" "$@"
	url=http://127.0.0.1:$port/apis
}

# get PATH [CURL OPTION...], post PATH BODY [CURL OPTION...]: the answer's body
get() {
	curl -sS -H accessToken:sandbox -H x-linkname:sandbox.salesmate.io "${@:2}" "$url/$1"
}

post() {
	curl -sS -H accessToken:sandbox -H x-linkname:sandbox.salesmate.io -H 'Content-Type: application/json' \
		"${@:3}" -d "$2" "$url/$1"
}

status() {	# the status of the same
	"$@" -o /dev/null -w '%{http_code}'
}

is() {		# FILTER EXPECTED: of the JSON in $json
	local got
	got=$(jq -c "$1" <<<"$json")
	[ "$got" = "$2" ] || { echo "$1: $got, not $2"; echo "$json"; return 1; }
}

# rule CONDITION FIELD DATA [MODULE]: a search body for one rule, asking for ids
rule() {
	jq -nc --arg c "$1" --arg f "$2" --arg d "$3" --arg m "${4:-Contact}" '{displayingFields: ["contact.id", "deal.id"],
		filterQuery: {group: {rules: [{condition: $c, moduleName: $m, field: {fieldName: $f}, data: $d}]}}}'
}

found() {	# CONDITION FIELD DATA IDS: contacts that a rule finds
	json=$(post contact/v4/search "$(rule "$1" "$2" "$3")")
	is '[.Data.data[].id]' "$4"
}

many() {	# COUNT: a data folder of so many deals
	data=$BATS_TEST_TMPDIR/data
	mkdir -p "$data"
	jq -nc --argjson n "$1" 'range($n) | {id: (. + 1), title: "Deal \(. + 1)", createdAt: 1767340800, isDeleted: 0}' >"$data/deal.ndjson"
}

pass() {	# ROWS: every page of one pass over the deals; ids, one a line
	local from=0 page
	while :; do
		page=$(post "deal/v4/search?rows=$1&from=$from" '{"displayingFields":["deal.id"],"sort":{"fieldName":"deal.id","order":"asc"}}' | jq '.Data.data[].id')
		echo "$page"
		[ "$(wc -l <<<"$page")" -lt "$1" ] && break
		from=$((from + $1))
	done
}

sockets() {	# STATE: the local ends of TCP sockets, in hexadecimal, as the kernel lists them
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v state="$1" '$4 == state { print $2 }'
}

# -- admission

@test "a call without a key is 403 AuthorizationFailed in lower-case keys" {
	serve
	run -0 curl -sS -w '%{http_code}' -H x-linkname:sandbox.salesmate.io "$url/core/v4/users"
	[ "$output" = '{"Status":"failure","Error":{"name":"AuthorizationFailed","message":""}}403' ]
}

@test "a wrong key, and a call without x-linkname, are 403 too" {
	serve
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H x-linkname:sandbox.salesmate.io -H accessToken:wrong "$url/core/v4/users")" = 403 ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H accessToken:sandbox "$url/core/v4/users")" = 403 ]
}

@test "another link is 404 NoSuchLinkExist, with its two spaces" {
	serve
	run -0 curl -sS -w '%{http_code}' -H x-linkname:other.salesmate.io -H accessToken:sandbox "$url/core/v4/users"
	[ "$output" = '{"Status":"failure","Error":{"name":"NoSuchLinkExist","message":"Link  not found"}}404' ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H x-linkname:sandbox -H accessToken:sandbox "$url/core/v4/users")" = 404 ]
}

@test "SM_LINK and SM_TOKEN set what is accepted" {
	SM_LINK=acme SM_TOKEN=k-1 serve
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H x-linkname:acme.salesmate.io -H accesstoken:k-1 "$url/core/v4/users")" = 200 ]
	[ "$(status get core/v4/users)" = 404 ]
}

@test "sessionToken is taken from v1 to v3, not from v4" {
	serve
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H x-linkname:sandbox.salesmate.io -H sessionToken:sandbox "$url/v1/tags")" = 200 ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H x-linkname:sandbox.salesmate.io -H sessionToken:sandbox "$url/core/v4/users")" = 403 ]
}

# -- search: what comes back

@test "only asked-for fields come back, and unknown names do not fail" {
	serve
	json=$(post 'contact/v4/search?rows=1&from=0' '{"displayingFields":["contact.id","contact.type","contact.nonsense","deal.title"],"filterQuery":{"group":{"operator":"AND","rules":[]}}}')
	is .Data.data '[{"id":1204,"type":"Lead"}]'
}

@test "relations nest only the sub-fields asked for" {
	serve
	json=$(post 'contact/v4/search?rows=3' '{"displayingFields":["contact.company.id","contact.owner.id","contact.owner.name"]}')
	is '.Data.data[0]' '{"company":{"id":88},"owner":{"id":3,"name":"Dara Quill"}}'
	is '.Data.data[1].company, .Data.data[2].company' $'{}\n{"id":null}'
}

@test "a relation asked for as a whole is its bare id" {
	serve
	json=$(post 'company/v4/search' '{"displayingFields":["company.owner","company.companySingleLookupCustomField1"]}')
	is .Data.data '[{"owner":3,"companySingleLookupCustomField1":90},{"owner":3,"companySingleLookupCustomField1":null},{"owner":null,"companySingleLookupCustomField1":null}]'
}

@test "a sub-field that the row does not carry comes from the related record" {
	serve
	json=$(post 'deal/v4/search?rows=1' '{"displayingFields":["deal.primaryContact.email","deal.owner.email"]}')
	is .Data.data '[{"primaryContact":{"email":"ines@kestrel.example"},"owner":{"email":"dara@corp.example"}}]'
}

@test "values come exactly as the file has them" {
	serve
	run -0 post 'deal/v4/search?rows=2' '{"displayingFields":["deal.dealValue","deal.estimatedCloseDate","deal.closedDate","deal.createdAt","deal.followers"]}'
	[ "$output" = '{"Status":"success","Data":{"data":[{"dealValue":"12500.5000","estimatedCloseDate":"2026-01-20T00:00:00.000Z","closedDate":1769000000,"createdAt":1767340800,"followers":[{"userId":3}]},{"dealValue":900.10,"estimatedCloseDate":null,"closedDate":"","createdAt":1767340801000}],"selectedView":25}}' ]
}

@test "activities answer to contact, company and deal as well" {
	serve
	json=$(post 'activity/v4/search?rows=1&viewType=list' '{"displayingFields":["activity.title","activity.contact.name","activity.deal.id","activity.primaryContact.id"]}')
	is .Data.data '[{"title":"Confirm berth","contact":{"name":"Ines Halvorsen"},"deal":{"id":341},"primaryContact":{"id":1204}}]'
}

@test "totals come when getRecordsCount asks for them" {
	serve
	json=$(post 'company/v4/search?rows=2' '{"displayingFields":["company.id"],"getRecordsCount":true}')
	is '.Data | [.totalRows, .totalPages]' '[3,2]'
	json=$(post 'company/v4/search?rows=2' '{"displayingFields":["company.id"]}')
	is '.Data | has("totalRows")' false
}

@test "activities never have totals" {
	serve
	json=$(post 'activity/v4/search' '{"displayingFields":["activity.id"],"getRecordsCount":true}')
	is '.Data | has("totalRows"), has("totalPages"), (.data | length)' $'false\nfalse\n2'
}

@test "more than 250 rows are asked for in vain, without complaint" {
	many 300
	serve
	json=$(post 'deal/v4/search?rows=1000&from=0' '{"displayingFields":["deal.id"],"getRecordsCount":true}')
	is '.Data | [(.data | length), .totalRows, .totalPages]' '[250,300,2]'
}

@test "from is an offset of rows, and beyond the end there is nothing" {
	serve
	json=$(post 'company/v4/search?rows=1&from=1' '{"displayingFields":["company.id"]}')
	is '[.Data.data[].id]' '[12]'
	json=$(post 'company/v4/search?rows=9&from=99' '{"displayingFields":["company.id"]}')
	is .Data.data '[]'
}

@test "deleted records come only when a rule on isDeleted asks for them" {
	serve
	found NOT_EMPTY contact.lastName '' '[1204,12,13]'
	json=$(post contact/v4/search '{"displayingFields":["contact.id"],"filterQuery":{"group":{"rules":[{"moduleName":"Contact","field":{"fieldName":"contact.isDeleted","type":"Boolean"},"data":"true"}]}}}')
	is '[.Data.data[].id]' '[14]'
}

# -- search: filters

@test "EQUALS and NOT_EQUALS compare whole texts, relations by id" {
	serve
	found EQUALS contact.type Lead '[1204]'
	found EQUALS contact.owner 3 '[1204]'
	found EQUALS contact.owner.name 'Mara Dune' '[12]'
	found NOT_EQUALS contact.type Customer '[1204,13]'
	found EQUALS contact.emailOptOut true '[12,13]'
}

@test "the owner MYSELF, between dollar signs, is the user of the key" {
	serve
	found EQUALS contact.owner '$MYSELF$' '[12]'
}

@test "CONTAINS, DOES_NOT_CONTAINS, STARTS_WITH and ENDS_WITH look into texts" {
	serve
	found CONTAINS contact.email corp '[12]'
	found DOES_NOT_CONTAINS contact.tags expo '[12]'
	found STARTS_WITH contact.name A '[13]'
	found ENDS_WITH contact.lastName sen '[1204]'
}

@test "EMPTY and NOT_EMPTY know null, blank text, {} and an object of nulls" {
	serve
	found EMPTY contact.company '' '[12,13]'
	found NOT_EMPTY contact.company '' '[1204]'
	found EMPTY contact.email '' '[13]'
	found EMPTY contact.textCustomField1 '' '[12,13]'
}

@test "IS_AFTER reads its operand in the time zone of the key's user" {
	serve	# 2026-01-02 08:00:00Z is 01:30 PM in Kolkata
	found IS_AFTER contact.createdAt 'Jan 02, 2026 01:29 PM' '[1204,12,13]'
	found IS_AFTER contact.createdAt 'Jan 02, 2026 01:30 PM' '[12,13]'
	found IS_AFTER contact.createdAt 'Jan 02, 2026 01:31 PM' '[13]'
	found IS_AFTER contact.createdAt 'Jan 01, 1970 05:30 AM' '[1204,12,13]'
	found IS_AFTER contact.lastModifiedAt 'Mar 02, 2026 01:30 PM' '[12,13]'
}

@test "an operand of IS_AFTER that is no such text is refused" {
	serve
	for data in 1767340800 2026-01-02T00:00:00Z 'Jan 02, 2026 13:30 PM' 'Feb 30, 2026 01:00 AM' yesterday; do
		[ "$(status post contact/v4/search "$(rule IS_AFTER contact.createdAt "$data")")" = 400 ]
	done
}

@test "TODAY finds what happened on the local day" {
	data=$BATS_TEST_TMPDIR/data
	mkdir "$data"
	jq -nc '{id: 1, createdAt: (now | floor)}, {id: 2, createdAt: ((now | floor) - 200000)}' >"$data/contact.ndjson"
	serve
	found TODAY contact.createdAt '' '[1]'
}

@test "rules join by AND unless the group says OR, and groups nest" {
	serve
	json=$(post contact/v4/search '{"displayingFields":["contact.id"],"filterQuery":{"group":{"operator":"OR","rules":[
		{"condition":"EQUALS","moduleName":"Contact","field":{"fieldName":"contact.type"},"data":"Lead"},
		{"group":{"rules":[
			{"condition":"EQUALS","moduleName":"Contact","field":{"fieldName":"contact.designation"},"data":"Skipper"},
			{"condition":"NOT_EMPTY","moduleName":"Contact","field":{"fieldName":"contact.mobile"}}]}}]}}}')
	is '[.Data.data[].id]' '[1204,13]'
}

@test "a comparison on id is refused with 400 ValidationError" {
	serve
	for condition in GREATER_THAN IS_AFTER EQUALS; do
		json=$(post contact/v4/search "$(rule $condition contact.id 5)")
		is '.Error | [.Code, .Name]' '["4001","ValidationError"]'
		[ "$(status post contact/v4/search "$(rule $condition contact.id 5)")" = 400 ]
	done
}

@test "unknown conditions, another module's fields and rules with parts missing are refused" {
	serve
	[ "$(status post contact/v4/search "$(rule LESS_THAN contact.createdAt 5)")" = 400 ]
	[ "$(status post contact/v4/search "$(rule EQUALS deal.title x)")" = 400 ]
	[ "$(status post contact/v4/search "$(rule EQUALS contact.type x Deal)")" = 400 ]
	[ "$(status post contact/v4/search '{"filterQuery":{"group":{"rules":[{"condition":"EQUALS","moduleName":"Contact","data":"x"}]}}}')" = 400 ]
	[ "$(status post contact/v4/search '{"filterQuery":{"group":{"rules":[{"condition":"EQUALS","field":{"fieldName":"contact.type"},"data":"x"}]}}}')" = 400 ]
	[ "$(status post contact/v4/search '{"filterQuery":{"group":{"rules":[{"condition":"EQUALS","moduleName":"Contact","field":{"fieldName":"contact.type"}}]}}}')" = 400 ]
}

@test "activities are filtered as moduleName Task" {
	serve
	[ "$(status post activity/v4/search "$(rule EQUALS activity.type Call Task)")" = 200 ]
	[ "$(status post activity/v4/search "$(rule EQUALS activity.type Call Activity)")" = 400 ]
}

# -- search: sort

@test "sort takes an object, an array of them, and blank forms" {
	serve
	for sort in '{"fieldName":"company.name","order":"asc"}' '[{"fieldName":"company.name","order":"asc"}]'; do
		json=$(post company/v4/search "{\"displayingFields\":[\"company.id\"],\"sort\":$sort}")
		is '[.Data.data[].id]' '[90,88,12]'
	done
	for sort in '[]' '""' '{"fieldName":"","order":""}'; do
		json=$(post company/v4/search "{\"displayingFields\":[\"company.id\"],\"sort\":$sort}")
		is '[.Data.data[].id]' '[88,12,90]'
	done
}

@test "sort works on id, dates and names, and on nothing else" {
	serve
	json=$(post contact/v4/search '{"displayingFields":["contact.id"],"sort":{"fieldName":"contact.id","order":"asc"}}')
	is '[.Data.data[].id]' '[12,13,1204]'
	json=$(post contact/v4/search '{"displayingFields":["contact.id"],"sort":{"fieldName":"contact.createdAt","order":"desc"}}')
	is '[.Data.data[].id]' '[13,12,1204]'
	json=$(post contact/v4/search '{"displayingFields":["contact.id"],"sort":{"fieldName":"contact.email","order":"asc"}}')
	is '[.Data.data[].id]' '[1204,12,13]'
}

# -- requests that are refused

@test "a body that is not JSON, not an object or not there is 400" {
	serve
	[ "$(status post contact/v4/search '{"displayingFields":')" = 400 ]
	[ "$(status post contact/v4/search '[]')" = 400 ]
	[ "$(status post contact/v4/search '')" = 400 ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H accessToken:sandbox -H x-linkname:sandbox.salesmate.io -d '{}' "$url/contact/v4/search")" = 400 ]
}

@test "rows and from must be numbers" {
	serve
	[ "$(status post 'contact/v4/search?rows=0' '{}')" = 400 ]
	[ "$(status post 'contact/v4/search?rows=all' '{}')" = 400 ]
	[ "$(status post 'contact/v4/search?from=-1' '{}')" = 400 ]
}

@test "an unknown path is 404, another method 405, and nothing can be written" {
	serve
	[ "$(status get nothing/v4/here)" = 404 ]
	[ "$(status get contact/v4)" = 404 ]
	[ "$(status get contact/v4/search)" = 405 ]
	[ "$(status get contact/v4/1204 -X DELETE)" = 405 ]
	[ "$(status post contact/v4/1204 '{}' -X PUT)" = 405 ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/")" = 404 ]
}

# -- single records

@test "GET by id gives ISO dates, true and false, and full objects" {
	serve
	json=$(get contact/v4/1204)
	is '.Data | [.createdAt, .lastNoteAddedAt, .emailOptOut, .checkboxCustomField1, .isDeleted]' '["2026-01-02T08:00:00.000Z","2026-02-06T07:08:38.000Z",false,true,false]'
	is .Data.owner '{"id":3,"name":"Dara Quill","firstName":"Dara","lastName":"Quill","email":"dara@corp.example","mobile":"","photo":""}'
	is .Data.company '{"id":88,"name":"Kestrel Marine","owner":{"id":3,"name":"Dara Quill"}}'
	is .Data.currency '{"code":"EUR","symbol":"€"}'
	is '.Data | [.email, .textCustomField1, .website]' '["ines@kestrel.example","K-77",null]'
	json=$(get contact/v4/12)
	is .Data.currency '{"code":"NOK","rate":"11.50","symbol":"kr"}'
}

@test "an unknown id is 404 ObjectNotFound in capitals" {
	serve
	json=$(get deal/v4/999)
	is .Error '{"Code":"4005","Name":"ObjectNotFound","Message":"Object not found"}'
	[ "$(status get deal/v4/999)" = 404 ]
	[ "$(status get deal/v4/abc)" = 404 ]
}

@test "ids are per module: company, contact and deal 12 are three records" {
	serve
	for module in company contact deal; do get $module/v4/12; done | jq -r '.Data | .title // .name' >names
	[ "$(paste -sd, names)" = 'Ægir & Co,Bo Ek,Hull survey' ]
}

# -- custom modules, products

@test "tickets and custom modules are searched by moduleId, a number or an internal name" {
	serve
	for id in 101 '"101"' '"cm_berth"'; do
		json=$(post 'module/v4/records/search?rows=25&from=0' "{\"moduleId\":$id,\"displayingFields\":[\"cm_berth.id\",\"name\",\"owner.id\"],\"getRecordsCount\":true}")
		is .Data '{"data":[{"id":24,"name":"Pier 4","owner":{"id":3}},{"id":25,"name":"Pier 5","owner":{"id":1}}],"totalRows":2,"totalPages":1}'
	done
	json=$(post module/v4/records/search '{"moduleId":9,"displayingFields":["ticket.name"]}')
	is .Data.data '[{"name":"Leak at pier 4"}]'
	[ "$(status post module/v4/records/search '{"displayingFields":["name"]}')" = 400 ]
	[ "$(status post module/v4/records/search '{"moduleId":777}')" = 400 ]
}

@test "a custom record is got whole, or only fieldsToQuery" {
	serve
	json=$(get module/v4/cm_berth/records/24)
	is '.Data | [.name, .isDeleted, .owner.email]' '["Pier 4",false,"dara@corp.example"]'
	json=$(get 'module/v4/101/records/24?fieldsToQuery=name,owner.name')
	is .Data '{"name":"Pier 4","owner":{"name":"Dara Quill"}}'
	[ "$(status get module/v4/101/records/99)" = 404 ]
	json=$(get module/v4/modules/cm_berth)
	is .Data.id 101
}

@test "products come from the v3 search, relations as they are" {
	serve
	json=$(post 'v3/products/search?rows=25&from=0&sortBy=&sortOrder=' '{"fields":["name","unitPrice","owner","currency"],"query":{"group":{"rules":[]}}}')
	is '.Data.data[0]' '{"name":"Berth, 12 m","unitPrice":1200,"owner":1,"currency":{"code":"EUR","displayLabel":"EUR - €","value":"EUR"}}'
	is .Data.totalRows 2
	json=$(post 'v3/products/search?rows=25&from=0&sortBy=name&sortOrder=desc' '{}')
	is '[.Data.data[].id]' '[36,37]'
	is '.Data.data[1].prices[0].id' 43
}

# -- lists

@test "fields come flat by module, by groups, and all at once" {
	serve
	json=$(get module/v4/1/fields)
	is '.Data | map(.fieldName)' '["type","createdAt","website","checkboxCustomField1"]'
	is '.Data[0] | has("module"), (.fieldOptions | fromjson | .values[0])' $'false\n"Lead"'
	json=$(get v1/modules/1/fields)
	is '.Data | map([.groupName, (.Fields | length)])' '[["Basic",2],["System",1],["Additional",1]]'
	for path in module/v4/fields/all-visible-fields v3/fields/getAllVisibleFields; do
		json=$(get $path)
		is '.Data | map_values(length) | [.contact, .company, .deal, .task, .product]' '[4,1,1,1,0]'
	done
	[ "$(status get module/v4/55/fields)" = 404 ]
}

@test "pipelines have two addresses and one shape" {
	serve
	json=$(get core/v4/deal-pipelines)
	is '.Data[0] | [.pipeline, .stages[1].stage]' '["Sales","In Negotiation"]'
	[ "$json" = "$(get v3/apps/dealPipeline)" ]
}

@test "users come all, inactive ones too, or only with status=active" {
	serve
	json=$(get core/v4/users)
	is '.Data | map([.id, .isActive])' '[[1,1],[3,1],[4,0]]'
	json=$(get 'core/v4/users?status=active')
	is '.Data | map(.id)' '[1,3]'
}

@test "tags, currencies, activity types and e-mail templates are lists" {
	serve
	json=$(get v1/tags)
	is '.Data | map(.tag)' '["vip","expo"]'
	json=$(get v3/lookups/active/currency)
	is '.Data | map(.code)' '["EUR","NOK"]'
	json=$(get v1/activityTypes/)
	is '.Data.values | map([.name, .isActive, .sortOrder])' '[["Task",true,1],["Call",true,2]]'
	json=$(get 'v1/emailTemplates/?includeArchived=true')
	is '.Data[0].name' '"Welcome"'
}

# -- notes

@test "notes are listed by module and object, and got one by one" {
	serve
	json=$(get module/v4/modules/1/objects/1204/notes)
	is '.Data | map([.id, .createAt])' '[[239,"2026-02-06T07:08:38+00:00"]]'
	json=$(get module/v4/modules/4/objects/341/notes/240)
	is .Data.note '"<div>of the deal</div>"'
	json=$(get module/v4/modules/5/objects/88/notes)
	is .Data '[]'
	[ "$(status get module/v4/modules/1/objects/999/notes)" = 404 ]
	[ "$(status get module/v4/modules/1/objects/1204/notes/240)" = 404 ]
}

@test "an attachment is an address elsewhere, fetched without the API headers" {
	serve
	json=$(get module/v4/modules/1/objects/1204/notes/239/attachments/51)
	run -0 curl -sS -w '%{content_type}' "$(jq -r .Data.url <<<"$json")"
	[ "$output" = $'berth plan\ntext/plain' ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -H accessToken:sandbox "$(jq -r .Data.url <<<"$json")")" = 400 ]
	json=$(get module/v4/modules/1/objects/1204/notes/239/attachments/52)
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "$(jq -r .Data.url <<<"$json")")" = 404 ]
	[ "$(status get module/v4/modules/1/objects/1204/notes/239/attachments/53)" = 404 ]
}

@test "the address of an attachment is signed and good for a while only, and no API header may come with it" {
	serve --url-life 1
	json=$(get module/v4/modules/1/objects/1204/notes/239/attachments/51)
	address=$(jq -r .Data.url <<<"$json")
	for header in accessToken sessionToken x-linkname; do
		[ "$(curl -sS -o /dev/null -w '%{http_code}' -H $header:sandbox "$address")" = 400 ]
	done
	[ "$(curl -sS "$address")" = 'berth plan' ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "${address%%\?*}")" = 403 ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "${address/salesmate\/51/salesmate/52}")" = 403 ]
	sleep 2.1
	[[ $(curl -sS -w '%{http_code}' "$address") == *ExpiredToken*400 ]]
}

@test "images in the text of a note lie in the storage, with addresses for good" {
	data=$BATS_TEST_TMPDIR/data
	cp -r "$fixtures/sm-sandbox" "$data"
	jq -nc '{id: 241, note: "<p><img src=\"https://storage.googleapis.com/salesmate/51\">", moduleId: 1, objectId: 12}' >>"$data/note.ndjson"
	serve
	json=$(get module/v4/modules/1/objects/12/notes)
	is '.Data[0].note' "\"<p><img src=\\\"http://127.0.0.1:$port/storage/salesmate/embedded/51\\\">\""
	[ "$(curl -sS "http://127.0.0.1:$port/storage/salesmate/embedded/51")" = 'berth plan' ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/storage/salesmate/embedded/99")" = 404 ]
}

# -- limits and faults

@test "--limit answers 429 after so many calls in the hour, without Retry-After" {
	serve --limit 2
	[ "$(status get v1/tags)" = 200 ]
	[ "$(status get v1/tags)" = 200 ]
	run -0 get v1/tags -D headers -o body -w '%{http_code}'
	[ "$output" = 429 ]
	run ! grep -i retry-after headers
	json=$(<body)
	is .Status '"failure"'
}

@test "refused calls do not count towards the hour" {
	serve --limit 1
	curl -sS -H x-linkname:sandbox.salesmate.io "$url/v1/tags"
	[ "$(status get v1/tags)" = 200 ]
}

@test "shuffle: a pass of 359 deals repeats some and misses some, as was measured" {
	many 359
	echo shuffle=7 >faults
	serve --faults faults
	pass 250 >one
	[ "$(wc -l <one)" -eq 359 ]
	[ "$(sort -u one | wc -l)" -ge 315 ]
	[ "$(sort -u one | wc -l)" -le 346 ]
}

@test "shuffle: a few passes united are complete" {
	many 1200
	echo shuffle=11 >faults
	serve --faults faults
	for i in 1 2 3 4; do pass 250; done | sort -nu >all
	[ "$(wc -l <all)" -eq 1200 ]
}

@test "overlap: rows repeat, and reading on to a page that is not full finds them all" {
	many 700
	echo overlap >faults
	serve --faults faults
	pass 250 >one
	[ "$(wc -l <one)" -gt 700 ]
	[ "$(sort -u one | wc -l)" -eq 700 ]
}

@test "a status fault carries its Retry-After, where and as often as its line says" {
	echo 'match=/users at=2 times=1 status=429 retry-after=3' >faults
	serve --faults faults
	[ "$(status get v1/tags)" = 200 ]
	[ "$(status get core/v4/users)" = 200 ]
	run -0 get core/v4/users -D headers -o /dev/null -w '%{http_code}'
	[ "$output" = 429 ]
	grep -i '^retry-after: 3' headers
	[ "$(status get core/v4/users)" = 200 ]
}

@test "every=N strikes every N-th call, times=N at most so often" {
	printf '# comment\n\nevery=2 times=2 status=503\n' >faults
	serve --faults faults
	for i in 1 2 3 4 5 6; do status get v1/tags; echo; done >codes
	[ "$(paste -sd' ' codes)" = '200 503 200 503 200 200' ]
}

@test "fail200 is a failure in HTTP 200, spelled both ways by turns" {
	echo fail200 >faults
	serve --faults faults
	[ "$(status get v1/tags)" = 200 ]
	json=$(get v1/tags)
	is '.Status, (.Error | has("Name"))' $'"failure"\ntrue'
	json=$(get v1/tags)
	is '.Status, (.Error | has("name"))' $'"failure"\ntrue'
}

@test "html is a web page with 200" {
	echo html >faults
	serve --faults faults
	run -0 get v1/tags -o body -w '%{http_code} %{content_type}'
	[ "$output" = '200 text/html; charset=utf-8' ]
	grep -q '<html>' body
}

@test "drop closes the connection without an answer, and the next call is answered" {
	echo 'at=1 drop' >faults
	serve --faults faults
	run -52 get v1/tags
	[ "$(status get v1/tags)" = 200 ]
}

@test "empty is success without records" {
	echo empty >faults
	serve --faults faults
	json=$(post company/v4/search '{"displayingFields":["company.id"],"getRecordsCount":true}')
	is '.Status, .Data.data, .Data.totalRows' $'"success"\n[]\n0'
	json=$(get core/v4/users)
	is .Data '[]'
}

@test "cut announces a whole file and sends half of it; faults on the storage want a match" {
	printf 'match=/storage at=1 cut\nat=3 status=500\n' >faults
	serve --faults faults
	address=$(get module/v4/modules/1/objects/1204/notes/239/attachments/51 | jq -r .Data.url)
	run -18 curl -sS -o half "$address"
	[ "$(wc -c <half)" = 5 ]
	run -0 curl -sS "$address"
	[ "$(status get v1/tags)" = 200 ]
	[ "$(status get v1/tags)" = 500 ]
}

@test "records: the search of tickets and custom modules answers in its other form" {
	echo records >faults
	serve --faults faults
	json=$(post 'module/v4/records/search?rows=1&from=1' '{"moduleId":101,"displayingFields":["id"]}')
	is .Data '{"records":[{"id":25}],"total":2,"from":1,"rows":1}'
	json=$(post company/v4/search '{"displayingFields":["company.id"],"getRecordsCount":true}')
	is '.Data.totalRows' 3
}

@test "delay keeps a call waiting, not the others, and goes with an action" {
	echo 'match=/tags delay=1000 status=500' >faults
	serve --faults faults
	get v1/tags -o slow -w '%{http_code} %{time_total}\n' >first &
	slow=$!
	[ "$(status get core/v4/users)" = 200 ]
	wait "$slow"
	read -r code seconds <first
	[ "$code" = 500 ]
	[ "${seconds%.*}" -ge 1 ]
}

# -- the program itself

@test "a changed file is read again, and a damaged one keeps the old records" {
	data=$BATS_TEST_TMPDIR/data
	mkdir "$data"
	echo '{"id":1,"tag":"a"}' >"$data/tag.ndjson"
	serve
	echo '{"id":2,"tag":"b"}' >>"$data/tag.ndjson"
	json=$(get v1/tags)
	is '.Data | map(.tag)' '["a","b"]'
	echo '{"id":3,' >>"$data/tag.ndjson"
	json=$(get v1/tags)
	is '.Data | map(.tag)' '["a","b"]'
	grep -q 'tag.ndjson:3: ' "$BATS_TEST_TMPDIR/sandbox.log"
	rm "$data/tag.ndjson"
	json=$(get v1/tags)
	is .Data '[]'
}

@test "an empty folder is an account without records" {
	data=$BATS_TEST_TMPDIR
	serve
	json=$(post contact/v4/search '{"displayingFields":["contact.id"],"getRecordsCount":true}')
	is '.Data | [.data, .totalRows, .totalPages]' '[[],0,0]'
	json=$(get v1/activityTypes/)
	is .Data.values '[]'
}

@test "SIGTERM ends it cleanly, with the count of calls" {
	serve
	get v1/tags
	get v1/nothing
	kill "$sandbox_pid"
	wait "$sandbox_pid"
	servers=
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/sandbox.log")" = 'sm-sandbox: 2 in, 1 out, 1 rejected' ]
}

@test "SIGTERM ends a call that a delay holds back" {
	echo delay=600000 >faults
	serve --faults faults
	get v1/tags -o /dev/null --retry 0 &
	slow=$!
	until sockets 01 | grep -q "$(printf ':%04X$' "$port")"; do sleep 0.05; done
	kill "$sandbox_pid"
	wait "$sandbox_pid"
	wait "$slow" || true
	servers=
}

@test "--log has one line a call, and no key in it" {
	SM_TOKEN=canary-7 start sandbox sm-sandbox --data "$fixtures/sm-sandbox" --log "$BATS_TEST_TMPDIR/log"
	curl -sS -o /dev/null -H accessToken:canary-7 -H x-linkname:sandbox.salesmate.io "http://127.0.0.1:$port/apis/v1/tags?a=%2f"
	json=$(<"$BATS_TEST_TMPDIR/log")
	is '[.call, .method, .target, .body, .status, .rows]' '[1,"GET","/apis/v1/tags?a=%2f",null,200,2]'
	run ! grep -r canary-7 "$BATS_TEST_TMPDIR"
}

@test "it listens on loopback only" {
	serve
	[ "$(sockets 0A | grep "$(printf ':%04X$' "$port")")" = "$(printf '0100007F:%04X' "$port")" ]
}

@test "a data file that is not NDJSON is named with its line, 65" {
	printf '{"id":1}\nnope\n' >contact.ndjson
	run -65 --separate-stderr sm-sandbox --data .
	[[ $stderr == *'contact.ndjson:2: '* ]]
}

@test "a missing folder or faults file is 66, a port that is taken 69" {
	run -66 sm-sandbox --data nowhere
	run -66 sm-sandbox --data "$fixtures/sm-sandbox" --faults nowhere
	serve
	run -69 sm-sandbox --data "$fixtures/sm-sandbox" --port "$port"
}

@test "a port file that cannot be written is 73" {
	run -73 sm-sandbox --data "$fixtures/sm-sandbox" --port-file nowhere/port
}

@test "a bad faults file is 78, with its line" {
	for line in 'status=200' 'at=x drop' 'drop html' 'at=3' 'sometimes drop' 'drop retry-after=1' 'shuffle=1 drop'; do
		printf '# first\n%s\n' "$line" >faults
		run -78 --separate-stderr sm-sandbox --data "$fixtures/sm-sandbox" --faults faults
		[[ $stderr == *'faults:2: '* ]]
	done
}

@test "--help is the manual, on stdout; a full disk is 74" {
	run -0 --separate-stderr sm-sandbox --help
	[[ $output == 'usage: sm-sandbox --data DIR'* && $stderr = '' ]]
	run -74 bash -c 'sm-sandbox --help >/dev/full'
	run -0 sm-sandbox --version
}

@test "an unknown option, a missing --data and a stray argument are 64" {
	run -64 sm-sandbox --data . --nonsense
	run -64 sm-sandbox
	run -64 sm-sandbox --data . more
	run -64 sm-sandbox --data . --port 99999
}

setup() { cd "$BATS_TEST_TMPDIR"; }

load helper

# Real business data with counted dirt, where the folder lies beside the project: the figures of
# its TRUTH.json against the report, and every dirty record where it belongs.

maven=$root/../shared/data/maven-crm

setup_file() {
	[ -e "$BATS_TEST_DIRNAME/../../shared/data/maven-crm/TRUTH.json" ] || return 0
	cd "$BATS_FILE_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
	BIN=${BIN_DIR:-$BATS_TEST_DIRNAME/../bin} sh "$BATS_TEST_DIRNAME/../pipelines/demo" \
		"$BATS_TEST_DIRNAME/../../shared/data/maven-crm" >log 2>&1 || { tail -n 40 log; return 1; }
}

setup() {
	[ -e "$maven/TRUTH.json" ] || skip "no ../shared/data/maven-crm beside the project"
	cd "$BATS_FILE_TMPDIR/demo" || return
}

# truth JQ: a value of TRUTH.json, in jq's compact form.
truth() { jq -c "$1" "$maven/TRUTH.json"; }
summary() { jq -c "$1" report/summary.json; }

# fate OBJECT...: id and code of every record that these objects set aside.
fate() {
	local o
	for o in "$@"; do
		cat "data/$o"/30-resolved.{rejects,queue,skipped}.ndjson "data/$o"/40-mapped.rejects.ndjson "data/$o"/50-loaded.rejects.ndjson \
			"data/$o"/20-split.queue.ndjson 2>/dev/null || true
	done | jq -c '{id: (.id // (._source.id | tonumber)), code: ._error.code, root: (._error.root.code // null), codes: ([._error.code] + [._error.more[]?.code])}'
}

# aside CASE CODES OBJECT... [ID]: every id of a case was set aside, for one of these reasons or as the consequence of another record's;
# an ID at the end is left out.
aside() {
	local case=$1 codes=$2
	shift 2
	fate "$@" >fate
	jq -r --arg case "$case" --arg but "${*: -1}" '.cases[$case].ids[] | select("\(.)" != $but)' "$maven/TRUTH.json" >ids
	[ -s ids ]
	jq -n -r --slurpfile fate fate --rawfile ids ids --arg codes "$codes" '
		($codes | split(" ") + ["undecided", "reference-rejected", "reference-queued"]) as $good
		| ($fate | map({key: "\(.id)", value: .codes}) | from_entries) as $of
		| $ids | split("\n")[:-1][] | . as $id | select((($of[$id] // []) - $good) == ($of[$id] // []))
		| "\($id): \($of[$id])"' >wrong
	[ ! -s wrong ] || { echo "$case:"; cat wrong; false; }
}

@test "the books of every object balance" {
	[ "$(summary '[.balanced, .complete]')" = '[true,true]' ]
	[ "$(summary '[.objects[] | .source == .created + .updated + .matched + .unchanged + .skipped + .queued + .rejected] | all')" = true ]
}

@test "leads, contacts and undecided are as many as the truth says" {
	[ "$(summary '[.lifecycle.lead, .lifecycle.contact, .lifecycle.undecided]')" = \
		"$(truth '[.lifecycle.expected | .Lead, .Contact, .unknown]')" ]
	diff <(jq .id data/undecided/20-split.queue.ndjson | sort -n) <(truth '.lifecycle.unknownValues[].ids[]' | sort -n)
}

@test "deals and the exact sums of their values are right, status by status" {
	group() { summary "[.objects[] | select(.object == \"opportunity\") | .sums.groups[] | select(.group | IN($1)) | .source]"; }
	count() { group "$1" | jq -c 'map(.count) | add'; }
	[ "$(count '"Won","Close"')" = "$(truth '.deals.byStatus[] | select(.k1 == "Won") | .count')" ]
	[ "$(count '"Lost"')" = "$(truth '.deals.byStatus[] | select(.k1 == "Lost") | .count')" ]
	[ "$(count '"Open"')" = "$(truth '.deals.byStatus[] | select(.k1 == "Open") | .count')" ]
	[ "$(group '"Open"' | jq '.[0].sum')" = "$(truth '.deals.byStatus[] | select(.k1 == "Open") | .sum')" ]
	[ "$(group '"Won"' | jq '.[0].sum')" = "$(truth '.deals.byRawStatus[] | select(.k1 == "Won") | .sum')" ]
	[ "$(group '"Close"' | jq '.[0].sum')" = "$(truth '.deals.byRawStatus[] | select(.k1 == "Close") | .sum')" ]
	[ "$(summary '.objects[] | select(.object == "opportunity") | .sums.balanced')" = true ]
}

@test "what is won, lost and open in the target is what was loaded as such" {
	state() { jq -s "map(select(.statecode == $1)) | length" data/close/55-read.ndjson; }
	status() { jq -s "map(select(.sm_status | IN($1))) | length" data/close/55-read.ndjson; }
	[ "$(state 0)" = "$(status '"Open"')" ]
	[ "$(state 1)" = "$(status '"Won","Close"')" ]
	[ "$(state 2)" = "$(status '"Lost"')" ]
}

@test "owners are matched, missing and inactive as the truth says" {
	[ "$(summary '[.owners.matched, .owners.inactive, .owners.missing]')" = \
		"$(truth '.users.ownersAllKinds | [.matchedEnabled, (.matchedDisabled | length), (.unmatched + .unknownIds | length)]')" ]
	diff <(jq .id data/owner/ids.queue.ndjson | sort -n) \
		<(truth '.users.ownersAllKinds | (.matchedDisabled + .unmatched + .unknownIds)[]' | sort -n)
}

@test "every record without a usable owner is the fallback's, and says who it was" {
	fallback=$(jq -r 'select(.key == "*") | .id' data/owner/ids.ndjson)
	jq -r 'select(._ref.owner.how == "fallback") | ._ref.owner.id' data/opportunity/30-resolved.ndjson | sort -u >to
	[ "$(cat to)" = "$fallback" ]
	run jq -r 'select(.sm_salesmate_id == "1520") | .sm_original_owner + " " + ._ownerid_value' data/opportunity/55-read.ndjson
	[ "$output" = "Former User 9001 #9001 $fallback" ]
}

@test "dirty companies are set aside, each for its reason" {
	aside company.name_blank required account
	aside company.overlong too-long account
	aside company.control_characters bad-character account
	aside company.parent_self "conflict" link
	aside company.parent_in_cycle "conflict" link
	aside company.parent_dangling missing-reference link
}

@test "dirty contacts are set aside, each for its reason" {
	aside contact.company_dangling missing-reference contact lead undecided
	aside contact.no_name_no_email required contact lead undecided
	aside contact.overlong too-long contact lead undecided
	aside contact.control_characters bad-character contact lead undecided
}

@test "dirty deals are set aside, each for its reason" {
	aside deal.contact_dangling missing-reference opportunity
	aside deal.company_dangling missing-reference opportunity
	aside deal.pipeline_unknown no-option opportunity
	aside deal.stage_unknown no-option opportunity
	aside deal.status_unknown "no-option required" opportunity
	aside deal.title_blank required opportunity
	aside deal.value_huge out-of-range opportunity
	aside deal.value_invalid bad-number opportunity
	# All but 5643, whose "75" is a number in quotes and arrives as one.
	aside deal.win_probability_unusual "out-of-range bad-number" opportunity 5643
	[ "$(jq 'select(.sm_salesmate_id == "5643") | .closeprobability' data/opportunity/55-read.ndjson)" = 75 ]
	aside deal.closed_without_date "required bad-date" opportunity
	aside deal.currency_undeclared "missing-reference required" opportunity
	aside deal.overlong too-long opportunity
	aside deal.control_characters bad-character opportunity
}

@test "what was not set aside is in the target once, and nothing else is" {
	for o in account contact lead opportunity; do
		jq -r .sm_salesmate_id "data/$o/55-read.ndjson" | sort >have
		[ -z "$(uniq -d have)" ]
		jq -r ._source.id "data/$o/40-mapped.ndjson" | sort | diff - have
	done
}

@test "the original lifecycle text is there unchanged, blanks at its ends included" {
	jq -r '[.id, .type] | @tsv' data/lead/20-split.ndjson data/contact/20-split.ndjson | sort >want
	jq -r '[(.sm_salesmate_id | tonumber), .sm_original_lifecycle__c] | @tsv' data/lead/55-read.ndjson data/contact/55-read.ndjson | sort >have
	[ -z "$(comm -13 want have)" ]
	grep -q "$(printf '\t Lead $')" have
}

@test "text of any script arrives as it left" {
	jq -r '[.id, .title] | @json' data/opportunity/30-resolved.ndjson | sort >want
	jq -r '[(.sm_salesmate_id | tonumber), .name] | @json' data/opportunity/55-read.ndjson | sort >have
	[ -z "$(comm -13 want have)" ]
}

# The history: activities, calls, notes, e-mails, the team inbox, smart flows.

# fates OBJECT...: a line for each source record of these objects: its id, then where it ended: the table, or kind and code.
fates() {
	local o kind
	for o in "$@"; do
		[ ! -e "data/$o/50-loaded.ndjson" ] || jq -r 'select(.outcome != "rejected") | "\(._source.id)\t\(.table)"' "data/$o/50-loaded.ndjson"
		for kind in rejects queue skipped; do
			cat "data/$o"/{ids,20-split,30-resolved,40-mapped,50-loaded}."$kind.ndjson" 2>/dev/null || true
		done | jq -r 'if ._error.message != "" then "\(.id // ._source.id)\t-\(._error.code)" else "\(.id)\tno message" end'
	done
}

@test "every record of every kind of dirt is in the target or set aside once, with a code and a message" {
	for pair in company:account 'contact:contact lead undecided' deal:opportunity 'activity:task call appointment' email:email note:note \
		product:product deal_product:line team_inbox_conversation:thread team_inbox_message:message smart_flow_enrollment:flow; do
		fates ${pair#*:} | sort >"$BATS_TEST_TMPDIR/fates"
		run ! grep 'no message' "$BATS_TEST_TMPDIR/fates"
		[ -z "$(cut -f1 "$BATS_TEST_TMPDIR/fates" | uniq -d)" ]
		# Notes on records that are gone, or of modules that nobody named, are not in the API's answers.
		jq -r --arg m "${pair%%:*}" '. as $t | .cases | to_entries[] | select(.key | startswith($m + ".")) | .value.ids[]
			| select($m != "note" or (IN($t.cases["note.parent_dangling"].ids[], $t.cases["note.module_other"].ids[]) | not))' "$maven/TRUTH.json" |
			sort -u >"$BATS_TEST_TMPDIR/ids"
		[ -s "$BATS_TEST_TMPDIR/ids" ]
		join -v1 "$BATS_TEST_TMPDIR/ids" <(cut -f1 "$BATS_TEST_TMPDIR/fates") >"$BATS_TEST_TMPDIR/nowhere"
		[ ! -s "$BATS_TEST_TMPDIR/nowhere" ] || { echo "$pair"; cat "$BATS_TEST_TMPDIR/nowhere"; false; }
	done
}

@test "the books begin with as many records as the truth counts" {
	source() { jq -n --slurpfile s report/summary.json --args '[$ARGS.positional[] as $o | $s[0].objects[] | select(.object == $o).source] | add' "$@"; }
	[ "$(source task call appointment)" = "$(truth .counts.activity)" ]
	[ "$(source call)" = "$(truth '[.activities.byTypeAndState[] | select(.type | fromjson? // "" | ascii_downcase == "call").count] | add')" ]
	[ "$(source appointment)" = "$(truth '[.activities.byTypeAndState[] | select(.type == "\"Meeting\"").count] | add')" ]
	[ "$(source pendingcall)" = "$(truth '.counts.call - .calls.withUsableActivity')" ]
	[ "$(source note)" = "$(truth .notes.withUsableParent)" ]
	[ "$(source line)" = "$(truth .dealProducts.lines)" ]
	[ "$(source product price)" = "$(truth '.counts.product + .products.priceRows')" ]
	for pair in email:email thread:team_inbox_conversation message:team_inbox_message flow:smart_flow_enrollment; do
		[ "$(source "${pair%:*}")" = "$(truth ".counts.${pair#*:}")" ]
	done
}

@test "the seconds of all calls, in the target and set aside, are the source's to the second" {
	# sm_call_duration has them as they were; the number beside it only when a call can last that long.
	jq -s 'map(.sm_call_duration // empty | tonumber) | add' data/pendingcall/55-read.ndjson >"$BATS_TEST_TMPDIR/there"
	{ cat data/call/*.{rejects,queue}.ndjson | jq '.call.durationSeconds // empty'
		jq '.durationSeconds // empty' data/pendingcall/*.{rejects,queue}.ndjson; } >"$BATS_TEST_TMPDIR/aside"
	[ "$(cat "$BATS_TEST_TMPDIR"/{there,aside} | jq -s 'map(tonumber) | add')" = "$(truth .calls.sumDurationSeconds)" ]
	[ "$(jq -c 'select(.sm_call_id == "5653") | [.sm_call_duration, .sm_duration_seconds]' data/pendingcall/55-read.ndjson)" = '["90000",null]' ]
}

@test "files arrive byte for byte, or are set aside for what is wrong with them" {
	jq -r 'select(.documentbody) | "\(.sm_salesmate_id | capture("-(?<id>[0-9]+)$").id) \(.documentbody.sha256)"' data/file/55-read.ndjson | grep -v ' null' | sort >"$BATS_TEST_TMPDIR/there"
	truth '.attachments.list[] | "\(.id) \(.sha256)"' | tr -d '"' | sort >"$BATS_TEST_TMPDIR/wanted"
	[ "$(join -j1 "$BATS_TEST_TMPDIR/there" "$BATS_TEST_TMPDIR/wanted" | awk '$2 == $3' | wc -l)" -gt 10 ]
	[ -z "$(join -j1 "$BATS_TEST_TMPDIR/there" "$BATS_TEST_TMPDIR/wanted" | awk '$2 != $3')" ]
	for pair in name_blocked_extension:blocked-extension file_missing:missing-file file_empty:empty-file size_differs:size-differs; do
		diff <(truth ".cases[\"attachment.${pair%:*}\"].ids[]") <(jq -s --arg code "${pair#*:}" 'map(select(._error.code == $code) | .id | capture("-(?<id>[0-9]+)$").id | tonumber) | sort[]' data/file/20-split.rejects.ndjson)
	done
}

# lands CASE CODES OBJECT...: every id of a case is in the target, set aside for one of these reasons, or waits for another record.
lands() {
	local case=$1 codes=" $2 reference-rejected reference-queued undecided "
	shift 2
	fates "$@" | sort >"$BATS_TEST_TMPDIR/fates"
	jq -r --arg case "$case" '.cases[$case].ids[]' "$maven/TRUTH.json" | sort >"$BATS_TEST_TMPDIR/ids"
	[ -s "$BATS_TEST_TMPDIR/ids" ]
	join -t "$(printf '\t')" -a1 -e nowhere -o 0,2.2 "$BATS_TEST_TMPDIR/ids" "$BATS_TEST_TMPDIR/fates" | awk -v codes="$codes" -v what="$case" '
		$2 !~ /^-/ && $2 != "nowhere" { there++; next } index(codes, " " substr($2, 2) " ") { next } { print what ": " $0; bad = 1 }
		END { exit bad }'
}

# there CASE FIELD OBJECT...: the ids of a case that are in the target, with a field of theirs there, as JSON lines [id, value].
there() {
	local case=$1 field=$2 o
	shift 2
	for o in "$@"; do
		jq -c --arg case "$case" --slurpfile t "$maven/TRUTH.json" "select(.sm_salesmate_id as \$i | any(\$t[0].cases[\$case].ids[]; \"\(.)\" == \$i)) | [(.sm_salesmate_id | tonumber), $field]" "data/$o/55-read.ndjson"
	done | sort -u
}

# source FILE FIELD: the same of the source.
origin() { jq -c "[.id, $2]" "$maven/$1.ndjson" | sort -u; }

@test "dirty activities: what cannot stand is set aside for its reason, the rest is there with its original kept" {
	all='task call appointment'
	for case in related_dangling contact_dangling; do aside "activity.$case" missing-reference $all; done
	aside activity.control_characters bad-character $all
	lands activity.end_before_start check $all
	lands activity.due_none required $all
	for case in unrelated done_without_time time_without_done type_undeclared_or_blank title_blank duration_unusual emoji rtl overlong \
		invisible_characters formula_like script_markup bool_form_unusual picklist_undeclared owner_none; do
		lands "activity.$case" missing-reference $all
	done
	lands activity.date_form_unusual 'bad-date required' $all
	# As it was, whatever the column beside it could take.
	for f in 'type_undeclared_or_blank .sm_activitytype .type' 'duration_unusual .sm_duration (.duration|select(.!=null)|tostring)' 'owner_inactive .sm_original_owner (.owner|"\(.name)\u0020#\(.id)")'; do
		set -- $f
		[ -z "$(comm -23 <(there "activity.$1" "$2 // null" task call appointment | grep -v ',null]') <(origin activity "$3"))" ]
	done
	# Completed without a time: completed all the same, at the best time there is.
	[ "$(for o in call-done appointment-done; do cat "data/$o/55-read.ndjson"; done | jq -c --slurpfile t "$maven/TRUTH.json" '
		select(.sm_salesmate_id as $i | any($t[0].cases["activity.done_without_time"].ids[]; "\(.)" == $i)) | [.statecode, .actualend != null]' | sort -u)" = '[1,true]' ]
	# Longer than its column: the whole text beside it.
	[ "$(there activity.overlong '(.sm_full_text // .sm_location // "" | length)' task call appointment | jq -s 'length > 2 and all(.[]; .[1] > 100)')" = true ]
	# Nothing that a browser would run.
	jq -r '.notetext, .description, .sm_note | select(.)' data/{task,call,appointment,note,email,message}/55-read.ndjson >"$BATS_TEST_TMPDIR/html"
	run ! grep -i '<script\|onerror=\|javascript:' "$BATS_TEST_TMPDIR/html"
}

@test "dirty notes: empty ones are skipped, what no text column takes is set aside, the rest is whole" {
	lands note.empty skipped note
	[ "$(there note.empty 0 note)" = "" ]
	for case in control_characters nul_character; do aside "note.$case" bad-character note; done
	for case in over_100000_characters inline_image author_unknown date_form_unusual broken_html with_history emoji rtl invisible_characters formula_like; do
		lands "note.$case" '' note
	done
	lands note.script_markup skipped note
	# Too long for a note: the whole text is a file, the note says so.
	[ "$(jq -r 'select(.sm_salesmate_id == "2206") | .notetext' data/note/55-read.ndjson | wc -m)" -gt 50000 ]
	[ "$(jq -r 'select(.sm_salesmate_id | test("^note-2206-")) | .mimetype' data/file/55-read.ndjson)" = text/html ]
	# Every image inside a text is a file, with a mark where it was.
	for id in $(there note.inline_image 0 note | jq '.[0]'); do
		[ "$(jq -r --arg id "$id" 'select(.sm_salesmate_id == $id) | .notetext' data/note/55-read.ndjson | grep -o '\[image: ' | wc -l)" -gt 0 ]
		jq -e -s --arg id "$id" 'any(.[]; .sm_salesmate_id // "" | test("^note-" + $id + "-"))' data/file/55-read.ndjson >/dev/null
	done
	# Earlier versions are a file too.
	for id in $(there note.with_history 0 note | jq '.[0]'); do
		grep -q "\"sm_salesmate_id\":\"note-$id-history\"" data/file/55-read.ndjson
	done
}

@test "dirty calls, products and lines are there with their originals, or set aside" {
	aside deal_product.deal_dangling missing-reference line
	lands deal_product.product_dangling '' line
	lands deal_product.quantity_unusual required line
	for case in sku_duplicate name_or_sku_blank owner_unknown html_in_text; do lands "product.$case" '' product; done
	[ -z "$(jq -r .productnumber data/product/55-read.ndjson | sort | uniq -d)" ]
	[ "$(there deal_product.product_dangling .sm_writein line | jq -c -s 'map(.[1]) | unique')" = '["missing"]' ]
	# Calls by their own numbers: as they were.
	jq -c 'select(.sm_call_id) | [(.sm_call_id | tonumber), .sm_recording_url]' data/pendingcall/55-read.ndjson | sort >"$BATS_TEST_TMPDIR/there"
	[ -z "$(comm -23 "$BATS_TEST_TMPDIR/there" <(origin call '(if .recordingUrl == "" then null else .recordingUrl end)'))" ]
}

# E-mails, team inbox, smart flows

# outcome OBJECT: id and outcome of every record of an object: a code, or loaded.
outcome() {
	{
		cat "data/$1"/{30-resolved,40-mapped,50-loaded}.{rejects,queue,skipped}.ndjson 2>/dev/null | jq -r '"\(.id // ._source.id)\t\(._error.code)"'
		jq -r 'select(.outcome == "created") | "\(._source.id)\tloaded"' "data/$1/50-loaded.ndjson"
	} | sort >"outcome.$1"
}

# all_are CASE OBJECT CODES: every record of a case met one of these ends; the ends of records that it refers to are good too.
all_are() {
	outcome "$2"
	jq -r --arg case "$1" '.cases[$case].ids[]' "$maven/TRUTH.json" | sort >ids
	[ -s ids ]
	join -t "$(printf '\t')" -a 1 -e none -o 0,2.2 ids "outcome.$2" | grep -vE "	($3|reference-queued|reference-rejected)$" >wrong || true
	[ ! -s wrong ] || { echo "$1:"; cat wrong; false; }
}

@test "every dirty e-mail is loaded with the original kept, or set aside with its reason" {
	all_are email.contact_dangling email missing-reference
	all_are email.related_dangling email missing-reference
	all_are email.direction_unknown email 'required|no-option'
	all_are email.date_form_unusual email 'loaded|required'
	for case in contact_none to_empty address_invalid subject_blank body_blank inline_image owner_unknown emoji rtl non_ascii invisible_characters \
		blanks_around formula_like script_markup overlong; do
		all_are email.$case email 'loaded|missing-reference|required|no-option'
	done
	all_are email.private email reference-queued
	[ "$(jq -n '[inputs | select(._error.field == "visibility")] | length' data/email/30-resolved.queue.ndjson)" = "$(truth .emails.byVisibility.Private)" ]
	run jq -n '[inputs | ._error.message | select(. == null or . == "")] | length' data/email/30-resolved.queue.ndjson
	[ "$output" = 0 ]
	run jq -r 'select(.description != null) | .description | select(test("<script|javascript:| on[a-z]+=|src=.data:"; "i"))' data/email/55-read.ndjson data/message/55-read.ndjson
	[ -z "$output" ]
}

@test "sender, recipients, direction, time and thread of every loaded e-mail are those of the source, and none can be sent" {
	jq -c 'select(.direction != null) | ["\(.id)", (.direction | ascii_downcase) == "outgoing", "\(.conversationId)", .fromEmail,
		(.sentAt | if type == "number" and . < 99999999999 then todate else null end)]' "$maven/email.ndjson" | sort >want
	jq -c '[.sm_salesmate_id, .directioncode, .sm_thread_id, .sm_from, .actualend]' data/email/55-read.ndjson | sort >have
	jq -n -c --slurpfile want want '($want | map({key: .[0], value: .}) | from_entries) as $w | inputs | . as $h | $w[.[0]]
		| select(. == null or .[:4] != $h[:4] or (.[4] != null and .[4] != $h[4]))' have >wrong
	[ ! -s wrong ] || { head -n 5 wrong; false; }
	run jq -n -c '[inputs | [.statecode, .statuscode]] | group_by(.) | map(.[0])' <(cat data/{email,message}-done/40-mapped.ndjson)
	[ "$output" = '[[1,2],[1,3],[1,4]]' ]
	run jq -r 'select(has("statuscode") or has("statecode")) | .activityid' data/email/40-mapped.ndjson data/message/40-mapped.ndjson
	[ -z "$output" ]
	# The addresses that stay plain or are somebody's: as many senders and recipients as the source has, each once.
	jq -n -c --slurpfile row data/email/55-read.ndjson '($row | map({key: .activityid, value: .sm_salesmate_id}) | from_entries) as $id
		| [inputs | select(.participationtypemask < 5) | .id = $id[._activityid_value] | select(.id)] | group_by([.id, .participationtypemask])[]
		| [.[0].id, .[0].participationtypemask, length]' data/email/55-parties.ndjson | sort >have
	jq -n -c --slurpfile row data/email/55-read.ndjson '($row | map({key: .sm_salesmate_id, value: true}) | from_entries) as $there
		| def plain: (capture("<(?<a>[^>]*)>").a // .) | gsub("^\\s+|\\s+$"; "") | ascii_downcase;
		inputs | select($there["\(.id)"]) | . as $m | ([1, [.fromEmail]], [2, .toEmails], [3, .ccEmails], [4, .bccEmails])
		| .[0] as $mask | [.[1] // [] | .[] | select(. != null and test("\\S")) | plain] | unique | select(. != []) | ["\($m.id)", $mask, length]' \
		"$maven/email.ndjson" | sort >want
	diff want have
}

@test "every message is in its conversation in the order of its time, and the dirt of the team inbox is where it belongs" {
	all_are team_inbox_conversation.contact_dangling thread missing-reference
	all_are team_inbox_conversation.contact_none thread loaded
	all_are team_inbox_conversation.assigned_unknown thread loaded
	all_are team_inbox_conversation.message_count_differs thread loaded
	all_are team_inbox_message.conversation_dangling message missing-reference
	all_are team_inbox_message.script_markup message loaded
	all_are team_inbox_message.blanks_around message loaded
	all_are team_inbox_message.non_ascii message loaded
	diff <(truth '.cases["team_inbox_conversation.message_count_differs"].ids[]') <(tail -n +2 data/thread/count-differs.csv | cut -d, -f1)
	# From the target alone: thread, place, time, responder, message; from the source: sorted by time.
	jq -n -r --slurpfile thread data/thread/55-read.ndjson '($thread | map({key: .sm_team_inbox_threadid, value: .sm_salesmate_id}) | from_entries) as $of
		| [inputs | select($of[._regardingobjectid_value // ""]) | [($of[._regardingobjectid_value] | tonumber), .sm_thread_order, .actualend, (.sm_responder // ""), .sm_salesmate_id]] | sort[] | @tsv' \
		data/message/55-read.ndjson >have
	jq -n -r --slurpfile thread data/thread/55-read.ndjson '($thread | map({key: .sm_salesmate_id, value: true}) | from_entries) as $there
		| [inputs | select($there["\(.conversationId)"])] | group_by(.conversationId)[] | sort_by(.sentAt) | to_entries[]
		| [.value.conversationId, .key + 1, (.value.sentAt | todate), (.value | if .author.id then "\(.fromName) #\(.author.id)" else "" end), "\(.value.id)"] | @tsv' \
		"$maven/team_inbox_message.ndjson" >want
	[ -s want ]
	diff want have
}

@test "every enrolment is in the CSV or set aside, and every repeat is said" {
	all_are smart_flow_enrollment.object_dangling flow missing-reference
	all_are smart_flow_enrollment.flow_dangling flow missing-reference
	all_are smart_flow_enrollment.repeated flow loaded
	csv-ndjson --keep handoff/smart-flow-membership.csv >cells
	{ jq -r .Enrolment cells; cut -f1 <(grep -v loaded outcome.flow); } | sort -n | diff - <(jq .id "$maven/smart_flow_enrollment.ndjson" | sort -n)
	jq -r 'select(.Repeated != null and .Repeated != "") | .Enrolment' cells | sort >have
	[ -s have ]
	[ -z "$(comm -13 <(truth '.cases["smart_flow_enrollment.repeated"].ids[]' | sort) have)" ]
	for flow in $(truth '.smartFlows.flows[] | select(.isActive == 1) | .enrollments'); do grep -q "| Enrolments | $flow |" handoff/smart-flows.md; done
}

@test "tags are one option each whatever their case and blanks, and every record has its own" {
	grep '^"sm_tags",' data/target/options.csv >"$BATS_TEST_TMPDIR/options"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/options")" = "$(truth .tags.distinctCaseFolded)" ]
	for pair in company:account contact:contact contact:lead deal:opportunity activity:task activity:call activity:appointment product:product \
		team_inbox_conversation:thread; do
		jq -r 'select(.tags) | "\(.id)\t\(.tags | if type == "array" then . else split(",") end | map(tostring | gsub("^\\s+|\\s+$"; "") | ascii_downcase | select(. != "")) | unique | join("|"))"' \
			"$maven/${pair%:*}.ndjson" | grep -v "$(printf '\t$')" | sort >"$BATS_TEST_TMPDIR/source"
		jq -r --rawfile options "$BATS_TEST_TMPDIR/options" '($options | split("\n")[:-1] | map(split(",") | {key: .[1], value: (.[2:] | join(",") | ltrimstr("\"") | rtrimstr("\"") | ascii_downcase)}) | from_entries) as $name
			| select(.sm_tags) | "\(.sm_salesmate_id)\t\(.sm_tags | split(",") | map($name[.]) | unique | join("|"))"' "data/${pair#*:}/55-read.ndjson" | sort >"$BATS_TEST_TMPDIR/there"
		[ -s "$BATS_TEST_TMPDIR/there" ]
		comm -13 "$BATS_TEST_TMPDIR/source" "$BATS_TEST_TMPDIR/there" >"$BATS_TEST_TMPDIR/wrong"
		[ ! -s "$BATS_TEST_TMPDIR/wrong" ] || { echo "$pair"; head -n 5 "$BATS_TEST_TMPDIR/wrong"; false; }
	done
}

# The report.
@test "no field of the real data is left behind without a reason that a person gave" {
	[ "$(summary '[.fields.left_behind[] | select(.fate == "unknown" or .reason == "") | [.object, .field]]')" = '[]' ]
}

@test "the causes of the report are all of the books, once, and each that can be mended names a record" {
	# What summary.json counts by cause is what was set aside, object by object.
	diff <(summary '.objects[] | select(.skipped + .queued + .rejected > 0) | [.object, .skipped + .queued + .rejected]') \
		<(summary '.causes | group_by(.object)[] | [.[0].object, (map(.count) | add)]' | sort | jq -sc --slurpfile s report/summary.json '(map({key: .[0], value: .}) | from_entries) as $c | $s[0].objects[].object | $c[.] // empty' )
	[ "$(summary '[.causes[] | select(.follows | not) | select(.record == null or .message == "")]')" = '[]' ]
	# The records and the deals, lines and so on that the truth counts: nothing is in two places.
	[ "$(summary '.records | .source == .arrived + .skipped + .queued + .rejected')" = true ]
}

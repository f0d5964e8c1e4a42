load helper

# The history of fixtures/demo: activities, e-mails, the team inbox, notes and files.  One demo is run; then each
# test asks the target's own store what is there, and compares that with the source, by its own reckoning.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
	BIN=${BIN_DIR:-$BATS_TEST_DIRNAME/../bin} sh "$BATS_TEST_DIRNAME/../pipelines/demo" "$BATS_TEST_DIRNAME/../fixtures/demo" \
		>log 2>&1 || { tail -n 40 log; return 1; }
}

setup() {
	cd "$BATS_FILE_TMPDIR/demo" || return
	t=$BATS_TEST_TMPDIR
	data=$fixtures/demo
	export DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
	cp sandbox/target.db* "$t"
	start target dyn-sandbox --store "$t/target.db"
	export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port
}

# rows TABLE COLUMNS: its rows, oldest name first.
rows() { dyn-extract "$1" --select "$2" 2>/dev/null; }

# The source's moments in seconds, and the target's; forms that want a calendar or a time zone are left to map-fields' own tests.
moments='
def seconds: if type == "number" then (if . > 99999999999 then . / 1000 else . end | floor)
	elif . == null or . == "" then null
	elif test("^[0-9]+$") then tonumber | seconds
	else try (sub("[.][0-9]+"; "") | fromdateiso8601) catch "?" end;
'

@test "a conversation of the team inbox can be put together again, in order, from the target alone" {
	rows sm_team_inbox_thread sm_team_inbox_threadid,sm_name,sm_salesmate_id >"$t/threads"
	rows email _regardingobjectid_value,sm_thread_order,sm_source_module,sm_salesmate_id,sm_message_type,sm_responder,actualend,sm_from >"$t/messages"
	# A conversation: its messages by their place, each with its type, who answered and when.
	jq -n -c --slurpfile thread "$t/threads" --slurpfile message "$t/messages" "$moments"'
		$thread[] | . as $t | {id: .sm_salesmate_id, messages: [$message[]
			| select(._regardingobjectid_value == $t.sm_team_inbox_threadid)] | sort_by(.sm_thread_order)
			| map([.sm_salesmate_id, .sm_message_type - 727000000, (.sm_responder // "" | capture("#?(?<id>[0-9]+)$").id)? // null, (.actualend | seconds)])}' |
		sort >"$t/target"
	jq -n -c --slurpfile conversation "$data/team_inbox_conversation.ndjson" --slurpfile message "$data/team_inbox_message.ndjson" "$moments"'
		$conversation[] | select(.id != 7006) | . as $c | {id: "\(.id)", messages: [$message[]
			| select(.conversationId == $c.id) | select(.id | IN(618, 619) | not)] | sort_by(.sentAt | seconds)
			| map(["\(.id)", ({Email: 1, "Internal Note": 2, Chat: 3}[.messageType]), (.author.id // null | if . then "\(.)" else . end), (.sentAt | seconds)])}' |
		sort >"$t/source"
	[ "$(wc -l <"$t/source")" = 5 ]
	diff "$t/source" "$t/target"
	# 7006 waits for its undecided contact; a fax and a message without a direction are set aside, each with its reason.
	[ "$(jq -r '"\(.id) \(._error.code)"' data/thread/30-resolved.queue.ndjson)" = '7006 reference-queued' ]
	[ "$(jq -r '"\(.id) \(._error.code)"' data/message/40-mapped.rejects.ndjson | xargs)" = '618 no-option 619 required' ]
}

@test "e-mails are sent or received as they were, none is a draft or waits to be sent" {
	rows email activityid,statecode,statuscode,directioncode,sm_salesmate_id,sm_source_module >"$t/rows"
	# 2: an internal note was neither sent nor received.  6 and 7, waiting and sending, would send it again.
	jq -c '[.sm_source_module, .statecode, .statuscode, .directioncode]' "$t/rows" | sort -u >"$t/states"
	diff "$t/states" - <<-'END'
	["email",1,3,true]
	["email",1,4,false]
	["team_inbox_message",1,2,true]
	["team_inbox_message",1,3,true]
	["team_inbox_message",1,4,false]
	END
	jq -r 'select(.sm_source_module == "email") | "\(.sm_salesmate_id) \(.directioncode)"' "$t/rows" | sort >"$t/target"
	jq -r --slurpfile gone <(cat data/email/*.rejects.ndjson data/email/*.queue.ndjson) '
		select(.id as $i | any($gone[]; .id == $i) | not) | "\(.id) \(.direction | IN("Outgoing", "outgoing", "Outbound", "Sent"))"' "$data/email.ndjson" | sort >"$t/source"
	[ -s "$t/source" ]
	diff "$t/source" "$t/target"
}

@test "who sent an e-mail and who got it are its parties: records where the address is one's, else the address" {
	rows email activityid,sm_salesmate_id,sm_source_module >"$t/emails"
	rows activityparty activityid,participationtypemask,partyid,addressused >"$t/parties"
	{ rows contact contactid,emailaddress1; rows lead leadid,emailaddress1; rows account accountid,emailaddress1
		rows systemuser systemuserid,internalemailaddress; } >"$t/people"
	jq -n -r --slurpfile email "$t/emails" --slurpfile party "$t/parties" --slurpfile people "$t/people" '
		($people | map({key: (.contactid // .leadid // .accountid // .systemuserid), value: (.emailaddress1 // .internalemailaddress)}) | from_entries) as $of
		| ($email | map(select(.sm_source_module == "email") | {key: .activityid, value: .sm_salesmate_id}) | from_entries) as $id
		| $party[] | select($id[._activityid_value]) | select(.participationtypemask | IN(1, 2, 3, 4))
		| "\($id[._activityid_value]) \(.participationtypemask) \(if ._partyid_value then $of[._partyid_value] else .addressused end | ascii_downcase)"' | sort -u >"$t/target"
	jq -r --slurpfile gone <(cat data/email/*.rejects.ndjson data/email/*.queue.ndjson) '
		select(.id as $i | any($gone[]; .id == $i) | not) | . as $m
		| ([1, .fromEmail], [2, .toEmails[]?], [3, .ccEmails[]?], [4, .bccEmails[]?]) | .[0] as $mask | .[1:][] | select(. != null)
		| (capture("<(?<a>[^>]*)>").a? // .) | gsub("^\\s+|\\s+$"; "") | select(. != "") | "\($m.id) \($mask) \(ascii_downcase)"' "$data/email.ndjson" | sort -u >"$t/source"
	[ -s "$t/source" ]
	diff "$t/source" "$t/target"
	# Both kinds are there.
	jq -e -s 'any(.[]; .addressused != null and ._partyid_value == null) and any(.[]; ._partyid_value != null)' "$t/parties" >/dev/null
}

@test "every row of the history stands at its own time, and was loaded oldest first" {
	for o in task:createdAt call:createdAt pendingcall:startedAt appointment:createdAt email:sentAt message:sentAt note:createAt; do
		f=${o#*:} o=${o%%:*}
		jq -r "$moments"'"\(.id) \(.'"$f"' | seconds)"' "data/$o/25-ordered.ndjson" | sort >"$t/source"
		jq -r "$moments"'"\(.sm_salesmate_id) \(.createdon | seconds)"' "data/$o/55-read.ndjson" | sort >"$t/read"
		join "$t/source" "$t/read" | awk '$2 != "?" && $2 != $3 { print; bad = 1 } END { exit bad }'
		jq -r "$moments"'.overriddencreatedon | seconds' "data/$o/40-mapped.ndjson" >"$t/order"
		[ -s "$t/order" ]
		sort -c -n "$t/order"
	done
}

@test "tasks, calls and meetings keep type, due date, owner and what they are about; what was done is completed at its time" {
	{ rows task sm_salesmate_id,activityid,subject,scheduledend,statecode,actualend,sm_activitytype,sm_tasksubtype,_regardingobjectid_value,_ownerid_value
	rows appointment sm_salesmate_id,activityid,subject,scheduledstart,statecode,actualend,sm_activitytype,_regardingobjectid_value,_ownerid_value; } >"$t/rows"
	jq -r "$moments"'select((.sm_salesmate_id | tonumber) < 5000)
		| [(.sm_salesmate_id | tonumber), ._table, .subject, .sm_activitytype, (.scheduledstart // .scheduledend | seconds), .statecode, (.actualend | seconds)] | tojson' "$t/rows" | sort >"$t/target"
	jq -r --slurpfile gone <(cat data/{task,call,appointment}/*.rejects.ndjson) "$moments"'
		select(.id as $i | any($gone[]; .id == $i) | not)
		| (.isCompleted | IN(1, true, "1", "true")) as $done
		| [.id, (if .type == "Meeting" then "appointment" else "task" end), .title, .type, (.dueDate | seconds), (if $done then 1 else 0 end),
			(if $done then ((.completedAt // .endDate // .dueDate // .lastModifiedAt) | seconds) else null end)] | select(index("?") | not) | tojson' "$data/activity.ndjson" | sort >"$t/source"
	[ "$(wc -l <"$t/source")" -gt 120 ]
	[ "$(wc -l <"$t/target")" = 147 ]
	[ -z "$(comm -23 "$t/source" "$t/target")" ]
	# Regarding: the deal, else the contact or lead, else the company, by the ids that were known before.
	jq -r '[(.sm_salesmate_id), ._regardingobjectid_value] | select(.[1]) | "\(.[0]) \(.[1])"' "$t/rows" | sort >"$t/target"
	jq -n -r --slurpfile id <(cat data/{opportunity,contact,lead,account}/ids.ndjson) --slurpfile gone <(cat data/{task,call,appointment}/*.rejects.ndjson) '
		($id | map({key: "\(.module) \(.key)", value: .id}) | from_entries) as $id
		| inputs | select(.id as $i | any($gone[]; .id == $i) | not)
		| ([("deal", .relatedTo.id), ("contact", .primaryContact.id), ("company", .primaryCompany.id)] | [.[0:2], .[2:4], .[4:6]] | map(select(.[1])) | .[0]) as $r
		| select($r) | "\(.id) \($id["\($r[0]) \($r[1])"])"' "$data/activity.ndjson" | sort >"$t/source"
	diff "$t/source" <(grep -v '^55' "$t/target")
}

@test "a call has what the phone system knew; calls without an activity, and second ones, are rows of their own" {
	rows task sm_salesmate_id,sm_call_id,sm_direction,sm_disposition,sm_duration_seconds,sm_call_duration,sm_recording_url,actualstart,sm_tasksubtype,sm_activity_id >"$t/rows"
	jq -c 'select(.sm_call_id) | [.sm_call_id, .sm_salesmate_id, .sm_direction, .sm_disposition, .sm_duration_seconds, .sm_call_duration, .sm_recording_url, .actualstart, .sm_activity_id, .sm_tasksubtype - 727000000]' \
		"$t/rows" | sort >"$t/calls"
	diff "$t/calls" - <<-'END'
	["5501","901","Inbound","Connected",184,"184","https://files.example/r/5501.mp3","2025-01-13T02:45:10Z",null,2]
	["5502","910","Outbound","Left voicemail",null,"n/a","rec 5502 on the old server","2024-10-06T17:41:34Z",null,2]
	["5503","922","Outbound","No answer",0,"0",null,"2025-02-15T22:08:19Z",null,2]
	["5504","5504","Outbound","Connected",61,"61","https://files.example/r/5504.mp3","2025-02-15T22:09:59Z","922",2]
	["5505","5505","Inbound","Connected",340,"340","https://files.example/r/5505.mp3","2025-02-16T10:00:00Z",null,2]
	["5506","5506","Outbound","Wrong number",25,"25",null,"2025-02-17T13:46:40Z","99999",2]
	END
	[ "$(jq -r '"\(.id) \(._error.code)"' data/pendingcall/30-resolved.rejects.ndjson)" = '5507 missing-reference' ]
}

@test "a meeting has its organiser, the contact as required and the others as optional attendees, plain addresses too" {
	id=$(rows appointment sm_salesmate_id,activityid | jq -r 'select(.sm_salesmate_id == "886").activityid')
	user() { jq -r --arg a "$1" 'select(.internalemailaddress | ascii_downcase == $a).systemuserid' "$data/target-users.ndjson"; }
	contact() { jq -r --arg k "$1" 'select(.key == $k).id' data/contact/ids.ndjson data/lead/ids.ndjson; }
	# User 7 is inactive: the fallback owner organises; user 99 is nobody and comes not, and no one comes in his place.
	printf '%s\n' "5 $(contact 1266)" "6 $(user bram.okafor@harbourline.example)" "6 $(contact 1204)" "6 $(contact 1300)" '6 Pilot@Harbour.example' \
		"7 $(user astrid.lindqvist@harbourline.example)" | sort >"$t/wanted"
	rows activityparty activityid,participationtypemask,partyid,addressused | jq -r --arg id "$id" '
		select(._activityid_value == $id and (.participationtypemask | IN(5, 6, 7))) | "\(.participationtypemask) \(._partyid_value // .addressused)"' | sort >"$t/there"
	diff "$t/wanted" "$t/there"
	[ "$(rows appointment sm_salesmate_id,sm_followers | jq -c 'select(.sm_salesmate_id == "886").sm_followers | fromjson | .[1]')" = '{"userId":99}' ]
}

@test "a note keeps its text; its images and attachments are files beside it, byte for byte, with a mark where each image was" {
	rows annotation annotationid,sm_salesmate_id,subject,isdocument,filename,notetext,_objectid_value >"$t/rows"
	[ "$(jq -s 'map(select(.isdocument | not)) | length' "$t/rows")" = "$(wc -l <"$data/note.ndjson")" ]
	# Bytes: the target's against the operator's own files.
	dyn-extract annotation --select annotationid,filename,sm_sha256 --hash documentbody >"$t/files" 2>/dev/null
	jq -r 'select(.documentbody) | .documentbody.sha256' "$t/files" | sort >"$t/there"
	for f in 51 52 53; do sha256sum <"$data/files/$f"; done | cut -d' ' -f1 | sort >"$t/wanted"
	diff "$t/wanted" "$t/there"
	jq -e 'select(.documentbody) | .documentbody.sha256 == .sm_sha256' "$t/files" >/dev/null
	# A file is on what its note is on.
	jq -s -e '(map({key: .sm_salesmate_id, value: ._objectid_value}) | from_entries) as $on
		| map(select(.isdocument)) | length == 3 and all(.[]; ._objectid_value == $on[.sm_salesmate_id | capture("^note-(?<n>[0-9]+)-").n])' "$t/rows" >/dev/null
}

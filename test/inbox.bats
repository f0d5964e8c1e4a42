load helper

# The team inbox from the target alone: after a whole demo, a client that knows nothing but the two tables.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

@test "each conversation is re-assembled in order, with responder and time, from rows of the target" {
	sh "$root/pipelines/demo" "$fixtures/demo" >log 2>&1 || { tail -n 40 log; false; }
	start dyn dyn-sandbox --store demo/sandbox/target.db
	export DYN_CLIENT_SECRET=sandbox DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox
	dyn-extract sm_team_inbox_thread --select sm_thread_id,sm_name,sm_inbox,sm_status,sm_participants >threads
	dyn-extract email --select regardingobjectid,sm_thread_order,sm_responder,sm_from,actualend,sm_message_type,statecode,statuscode,directioncode,sm_salesmate_id >mails
	jq -n -r --slurpfile thread threads '[inputs] | map(select(._regardingobjectid_value)) | group_by(._regardingobjectid_value)
		| map({key: .[0]._regardingobjectid_value, value: sort_by(.sm_thread_order)}) | from_entries as $of
		| $thread | sort_by(.sm_thread_id | tonumber)[] | .sm_thread_id as $t | ($of[.sm_team_inbox_threadid] // [])[]
		| [$t, .sm_thread_order, .actualend, (.sm_responder // "" | sub("^.*#"; "")), .sm_salesmate_id] | @tsv' mails >have
	jq -n -r --slurpfile thread threads --slurpfile m "$fixtures/demo/team_inbox_message.ndjson" '
		def seconds: if type == "string" then fromdateiso8601 else . end;
		($m | map(select(.messageType != "Fax" and (.direction or .messageType == "Internal Note")) | "\(.id)")) as $loaded
		| $thread | sort_by(.sm_thread_id | tonumber)[] | .sm_thread_id as $t
		| [$m[] | select("\(.conversationId)" == $t)] | sort_by(.sentAt | seconds) | to_entries[] | select("\(.value.id)" | IN($loaded[]))
		| [$t, .key + 1, (.value.sentAt | seconds | todate), "\(.value.author.id // "")", "\(.value.id)"] | @tsv' >want
	[ "$(wc -l <want)" -eq 15 ]
	diff want have
	# All of them sent, received or completed; nothing is a draft, and nothing waits to be sent.
	run jq -n -c '[inputs | [.statecode, .statuscode]] | unique' mails
	[ "$output" = '[[1,2],[1,3],[1,4]]' ]
	run jq -n '[inputs | select((.statuscode == 3 and .directioncode != true) or (.statuscode == 4 and .directioncode != false))] | length' mails
	[ "$output" = 0 ]
	# Those who took part are named on the conversation.
	run jq -r 'select(.sm_participants == null) | .sm_thread_id' threads
	[ -z "$output" ]
}

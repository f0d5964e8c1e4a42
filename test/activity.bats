load helper

# Calls as native phone calls: CALL_TABLE=phonecall.  As tasks they are in history.bats.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

@test "CALL_TABLE=phonecall gives phone calls with caller and callee, completed as made or received" {
	CALL_TABLE=phonecall BIN=${BIN_DIR:-$root/bin} sh "$root/pipelines/demo" "$fixtures/demo" >log 2>&1 || { tail -n 40 log; false; }
	[ "$(jq -c '[.balanced, (.objects[] | select(.object | test("^(call|pendingcall)$")) | .created)]' demo/report/summary.json)" = '[true,26,3]' ]
	export DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
	start target dyn-sandbox --store demo/sandbox/target.db
	export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port
	dyn-extract task --select sm_activitytype | run ! grep -q '"Call"'
	dyn-extract phonecall --select activityid,sm_call_id,directioncode,statecode,statuscode,actualend,phonenumber,sm_salesmate_id >calls
	[ "$(jq -s length calls)" = 29 ]
	dyn-extract activityparty --select activityid,participationtypemask,partyid,addressused >parties
	# From (1) and to (2) by the direction: who is a user, who a person.
	user=$(jq -r 'select(.internalemailaddress | ascii_downcase == "bram.okafor@harbourline.example").systemuserid' "$fixtures/demo/target-users.ndjson")
	person=$(jq -r 'select(.key == "1204").id' demo/data/contact/ids.ndjson demo/data/lead/ids.ndjson)
	id=$(jq -r 'select(.sm_call_id == "5505").activityid' calls)
	diff <(jq -r --arg id "$id" 'select(._activityid_value == $id and .participationtypemask < 3) | "\(.participationtypemask) \(._partyid_value)"' parties | sort) \
		<(printf '%s\n' "1 $person" "2 $user")
	id=$(jq -r 'select(.sm_call_id == "5506").activityid' calls)
	diff <(jq -r --arg id "$id" 'select(._activityid_value == $id and .participationtypemask < 3) | "\(.participationtypemask) \(._partyid_value)"' parties) <(echo "1 $user")
	jq -c 'select(.sm_call_id) | [.sm_call_id, .directioncode, .phonenumber, .statecode, .statuscode]' calls | sort | diff - <(cat <<-'END'
	["5501",false,"+47 55 55 01 01",1,4]
	["5502",true,"+4755550102",1,2]
	["5503",true,"+4755550103",1,2]
	["5504",true,"+4755550103",1,2]
	["5505",false,"+4755550104",1,4]
	["5506",true,"+4755550105",1,2]
	END
	)
	# Open ones stay open.
	[ "$(jq -s 'map(select(.statecode == 0)) | length' calls)" = 10 ]
	# The maps were made for phone calls: another table now would not be followed in silence.
	rm demo/data/call/40-mapped.ndjson
	SM_TOKEN=sandbox run make -C demo CALL_TABLE=task chain
	[ "$status" = 2 ]
	[[ $output = *'maps/call.csv: the table is not CALL_TABLE=task'* ]]
}

load helper

# The whole chain, between the two stand-ins, on the demo's data.

bats_require_minimum_version 1.5.0

# stand_ins NAME [SM-FAULTS [DYN-FAULTS]]: both servers, on a store of that name; every store of a test
# is a copy of the same fresh organisation.
stand_ins() {
	if [ ! -e fresh.db ]; then
		start fresh dyn-sandbox --store fresh.db --users "${data:-$fixtures/demo}/target-users.ndjson" ${rows:+--rows "$rows"}
		stop_servers
	fi
	cp fresh.db "$1.db"
	start "sm-$1" sm-sandbox --data "${data:-$fixtures/demo}" ${2:+--faults "$2"}
	sm_port=$port
	start "dyn-$1" dyn-sandbox --store "$BATS_TEST_TMPDIR/$1.db" --users "${data:-$fixtures/demo}/target-users.ndjson" ${3:+--faults "$3"}
	dyn_port=$port
}

# What a migration left in the target: every row it read back, without what the platform stamps or makes itself: the base
# unit's id, and when rows were created in tables that keep no other time.
final_rows() {
	cat "$1"/data/*/55-*.ndjson | jq -cS 'del(.["@odata.etag"], .overriddencreatedon, .activitypartyid, .uomid, ._defaultuomid_value, ._uomid_value, ._baseuom_value)
		| if has("sm_source_created") then . else del(.createdon) end | if ._table | IN("product", "uom", "uomschedule", "pricelevel", "productpricelevel", "opportunityproduct") then del(.createdon) else . end' | sort
}

same_rows() {
	final_rows "$1" >rows.1
	final_rows "$2" >rows.2
	cmp rows.1 rows.2 || { diff rows.1 rows.2 | head -n 4 | cut -c 1-600; false; }
	[ -s rows.1 ]
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export SM_TOKEN=sandbox DYN_CLIENT_SECRET=sandbox
	unset MAKEFLAGS MFLAGS MAKELEVEL
	demo_settings=('ALLOW_REJECTS ?= any' "FALLBACK_OWNER ?= $(jq -r 'select(.isCurrentUser) | .email' "$fixtures/demo/user.ndjson")")
}

@test "the demo ends with balanced books, and each planted fault is where it belongs" {
	sh "$root/pipelines/demo" "$fixtures/demo" >log 2>&1 || { tail -n 40 log; false; }
	run jq -c '[.balanced, .complete, .lifecycle.lead, .lifecycle.contact, .lifecycle.undecided]' demo/report/summary.json
	[ "$output" = '[true,true,69,48,3]' ]
	cd demo/data
	jq -r '"\(.id) \(._error.code)"' lead/*.rejects.ndjson contact/*.rejects.ndjson | sort >people
	diff <(printf '1258 required\n1292 missing-reference\n') people
	jq -r '"\(.id) \(._error.code)"' opportunity/40-mapped.rejects.ndjson | sort >deals
	diff <(printf '361 too-long\n386 bad-date\n418 no-option\n459 bad-number\n') deals
	jq -r '"\(.id) \(._error.code)"' link/30-resolved.rejects.ndjson | sort >links
	diff <(printf '24 conflict\n43 conflict\n') links
	[ "$(jq -r '.["sum"]?, (.objects[] | select(.object == "opportunity") | .sums.balanced)' ../report/summary.json | tail -n 1)" = true ]
}

@test "a second make does nothing, with the services gone" {
	stand_ins once
	migration m "${demo_settings[@]}"
	make -C m confirm >log 2>&1 && make -C m >>log 2>&1 || { tail -n 40 log; false; }
	stop_servers
	find m/data m/maps -type f | sort | xargs sha256sum >before
	run make -C m
	[ "$status" -eq 0 ]
	grep -q '^balanced' <<<"$output"
	run grep -E '^(data/|(sm|dyn)-extract:|dyn-load:|map-fields:)' <<<"$output"
	[ "$status" -eq 1 ]
	find m/data m/maps -type f | sort | xargs sha256sum | diff before -
}

@test "after an edited map only what depends on it is made again, and only once confirmed" {
	stand_ins edited
	migration m "${demo_settings[@]}"
	make -C m confirm >log 2>&1 && make -C m >>log 2>&1 || { tail -n 40 log; false; }
	sed -i 's/^jobtitle,field,designation,/jobtitle,field,designation,/; s/^websiteurl,field,website,.*/websiteurl,const,https:\/\/moved.example,,,,,,,moved/' m/maps/contact.csv
	run make -C m
	[ "$status" -ne 0 ]
	[[ $output == *confirm* ]]
	make -C m confirm >log 2>&1
	make -C m >log 2>&1 || { tail -n 40 log; false; }
	grep -qx data/contact/50-loaded.ndjson log
	run grep -E '^data/(account|lead|opportunity)/(40|50)' log
	[ "$status" -eq 1 ]
	[ "$(jq -r 'select(.sm_salesmate_id != null) | .websiteurl' m/data/contact/55-read.ndjson | sort -u)" = https://moved.example ]
	[ "$(jq -c '.objects[] | select(.object == "contact") | [.created, .balanced]' m/report/summary.json)" = '[0,true]' ]
}

@test "unresolved owners stop the chain before the first record, with a list for the administrator" {
	stand_ins owners
	migration m 'ALLOW_REJECTS ?= any'
	make -C m confirm >log 2>&1 || { tail -n 40 log; false; }
	run make -C m
	[ "$status" -ne 0 ]
	[[ $output == *"data/owner/queue.csv"* ]]
	grep -q '^8,' m/data/owner/queue.csv
	[ ! -e m/data/account/50-loaded.ndjson ]
	[ "$(jq -c '[.balanced, .complete, any(.objects[]; .created > 0)]' m/report/summary.json)" = '[false,false,false]' ]
}

@test "rejects above the allowance stop the chain, and the gate names the command that shows them" {
	stand_ins rejects
	migration m "${demo_settings[1]}" 'ALLOW_REJECTS ?= 0'
	make -C m confirm >log 2>&1 || { tail -n 40 log; false; }
	run make -C m
	[ "$status" -ne 0 ]
	[[ $output == *"1 allowed"* || $output == *"0 allowed"* ]]
	[[ $output == *"jq -c"* ]]
	[ ! -e m/data/close/50-loaded.ndjson ]
}

@test "maps that nobody confirmed are not loaded" {
	stand_ins unconfirmed
	migration m "${demo_settings[@]}"
	run make -C m
	[ "$status" -ne 0 ]
	[[ $output == *"make confirm"* ]]
	[ ! -e m/data/account/50-loaded.ndjson ]
}

@test "without a field that names parents there is no phase for them" {
	stand_ins orphans
	migration m "${demo_settings[@]}" 'PARENT_FIELD ='
	make -C m confirm >log 2>&1 && make -C m >>log 2>&1 || { tail -n 40 log; false; }
	[ "$(jq -c '[.balanced, .complete, (.objects | map(.object) | index("link"))]' m/report/summary.json)" = '[true,true,null]' ]
}

@test "deals whose only party became a lead: linked, queued, or the contact promoted" {
	for policy in link queue promote; do
		stand_ins "$policy"
		migration "$policy" "${demo_settings[@]}" "LEAD_DEALS ?= $policy"
		make -C "$policy" confirm >log 2>&1 && make -C "$policy" >>log 2>&1 || { tail -n 40 log; false; }
		stop_servers
	done
	[ "$(jq .lead_deals.queued queue/report/summary.json)" = 3 ]
	jq -r .id queue/data/opportunity/30-resolved.queue.ndjson | sort >queued
	diff <(printf '351\n374\n411\n') queued
	[ "$(jq .lead_deals.promoted promote/report/summary.json)" -gt 0 ]
	[ "$(jq -r 'select(.sm_salesmate_id == "351") | ._originatingleadid_value != null and ._customerid_value == null' link/data/opportunity/55-read.ndjson)" = true ]
	[ "$(jq -r 'select(.sm_salesmate_id == "351") | ._originatingleadid_value == null and ._customerid_value != null' promote/data/opportunity/55-read.ndjson)" = true ]
	for policy in link queue promote; do
		[ "$(jq .balanced "$policy/report/summary.json")" = true ]
	done
}

@test "rows that are there already are matched, filled where they are empty, never doubled or overwritten" {
	rows=$BATS_TEST_TMPDIR/rows.ndjson
	id=0d9c8b7a-1111-4111-8111-00000000beef
	name=$(jq -r 'select(.id == 36) | .name' "$fixtures/demo/company.ndjson")
	jq -n -c --arg id $id --arg name "$name" '{_table: "account", accountid: $id, name: $name, telephone1: "kept"},
		({_table: "account", name: "Twice"} | .accountid = ($id | sub("beef"; "0001"))), ({_table: "account", name: "Twice"} | .accountid = ($id | sub("beef"; "0002")))' >"$rows"
	cp -r "$fixtures/demo" source && chmod -R u+w source
	jq -c 'if .id == 28 then .name = " TWICE" else . end' "$fixtures/demo/company.ndjson" >source/company.ndjson
	data=$BATS_TEST_TMPDIR/source
	stand_ins matched
	migration m "${demo_settings[@]}"
	make -C m confirm >log 2>&1 && make -C m >>log 2>&1 || { tail -n 40 log; false; }
	[ "$(jq -c '.objects[] | select(.object == "account") | [.source, .created, .updated, .queued, .balanced]' m/report/summary.json)" = '[40,38,1,1,true]' ]
	run jq -c "select(.accountid == \"$id\") | [.name, .telephone1, .sm_salesmate_id]" m/data/account/55-read.ndjson
	[ "$output" = "[\"$name\",\"kept\",\"36\"]" ]
	[ "$(jq -r "select(.name == \"$name\") | .accountid" m/data/account/55-read.ndjson | wc -l)" = 1 ]
	[ "$(jq -r 'select(._ref.company.id == "'$id'") | .id' m/data/*/30-resolved.ndjson | wc -l)" -gt 0 ]
	run jq -r '._error.code + " " + ._error.message' m/data/account/30-resolved.queue.ndjson m/data/account/ids.queue.ndjson
	[[ $output == *ambiguous* && $output == *0001* && $output == *0002* ]]
}

@test "with both services' faults on, the final rows are those of a quiet run" {
	stand_ins quiet
	migration quiet "${demo_settings[@]}"
	make -C quiet confirm >log 2>&1 && make -C quiet >>log 2>&1 || { tail -n 40 log; false; }
	stop_servers
	stand_ins noisy "$fixtures/faults/sm.txt" "$fixtures/faults/dyn.txt"
	migration noisy "${demo_settings[@]}"
	make -C noisy confirm >log 2>&1 && make -C noisy >>log 2>&1 || { tail -n 40 log; false; }
	same_rows quiet noisy
	[ "$(jq .balanced noisy/report/summary.json)" = true ]
}

@test "kill -9 of dyn-load at random moments, then make again: the same rows, none twice" {
	stand_ins calm
	migration calm "${demo_settings[@]}"
	make -C calm confirm >log 2>&1 && make -C calm >>log 2>&1 || { tail -n 40 log; false; }
	stop_servers

	# The same programs, but dyn-load is killed after a moment that grows from run to run.
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/bin"
	ln -s "$root/pipelines" "$tree/pipelines"
	for p in "$BIN"/*; do ln -s "$p" "$tree/bin/"; done
	rm "$tree/bin/dyn-load"
	printf '#!/bin/sh\nexec timeout --foreground -s KILL "$(cat "%s/moment")" "%s" "$@"\n' \
		"$tree" "$BIN/dyn-load" >"$tree/bin/dyn-load"
	chmod +x "$tree/bin/dyn-load"
	export BIN=$tree/bin
	stand_ins killed
	migration killed "${demo_settings[@]}"
	echo 60 >"$tree/moment"
	make -C killed confirm >log 2>&1 || { tail -n 40 log; false; }
	kills=0
	for ((i = 1; i < 60; i++)); do
		printf '0.%03d\n' $((i * 12 + RANDOM % 10)) >"$tree/moment"
		make -C killed >log 2>&1 && break
		kills=$((kills + 1))
	done
	echo "killed $kills times"
	[ "$kills" -gt 2 ]
	same_rows calm killed
	[ "$(jq .balanced killed/report/summary.json)" = true ]
}

@test "a setting with a wrong value ends make before it begins, in one line that says what it may be" {
	sm_port=1 dyn_port=1
	migration m
	for setting in 'LEAD_DEALS=x' 'CALL_TABLE=' 'PRIVATE_EMAILS=perhaps' 'HANDOFF_BOM=1' 'ALLOW_REJECTS=abc' 'ALLOW_REJECTS=' 'ALLOW_REJECTS=-1'; do
		run make -C m "$setting" all
		[ "$status" = 2 ]
		[[ $output == *"*** $setting: "*" or "* ]] || { echo "$setting: $output"; false; }
		[ ! -e m/data ]
	done
}

@test "the gate takes no allowance for any that it cannot read" {
	echo '{"object":"account","balanced":true,"rejected":3,"field_mismatches":0,"link_mismatches":0}' >verified
	for allow in abc '' 1x; do
		run -64 sh "$root/pipelines/gate" verified --allow-rejects "$allow" --record gate
		[ ! -e gate ]
	done
	sh "$root/pipelines/gate" verified --allow-rejects 3 --record gate
	[ -e gate ]
}

@test "every setting stands in settings.mk, with the default that the chain has without it" {
	set_there() { grep -rhoE '^[A-Z_]+ \?=.*' "$@" | sed 's/ *$//' | sort -u; }
	diff <(set_there "$root/pipelines/settings.mk") <(set_there "$root"/pipelines/*.mk)
}

load helper

# One more module, tickets, to a custom table: a map, its references and metadata, and a makefile of under
# 20 lines in the migration's own directory.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export SM_TOKEN=sandbox DYN_CLIENT_SECRET=sandbox
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

@test "tickets go through every stage with ten lines of makefile, and their books balance" {
	[ "$(wc -l <"$fixtures/module/ticket.mk")" -lt 20 ]
	start dyn dyn-sandbox --store target.db --users "$fixtures/demo/target-users.ndjson"
	dyn_port=$port
	start sm sm-sandbox --data "$fixtures/demo"
	sm_port=$port
	migration acme 'ALLOW_REJECTS ?= any' "FALLBACK_OWNER ?= $(jq -r 'select(.isCurrentUser) | .email' "$fixtures/demo/user.ndjson")"
	mkdir -p acme/objects acme/intake acme/maps
	cp "$fixtures/module/ticket.mk" acme/objects/
	cp "$fixtures/module/ticket.ndjson" acme/intake/
	cp "$fixtures"/module/*ticket.csv acme/maps/
	make -C acme confirm >log 2>&1 || { tail -n 20 log; false; }
	make -C acme >>log 2>&1 || { tail -n 20 log; false; }
	run jq -c '.objects[] | select(.object == "ticket") | [.source, .created, .rejected, .balanced, .field_mismatches + .link_mismatches]' acme/report/summary.json
	[ "$output" = '[4,3,1,true,0]' ]
	run jq -r '._error | "\(.code) \(.field)"' acme/data/ticket/40-mapped.rejects.ndjson
	[ "$output" = 'no-option status' ]
	export DYN_URL=http://127.0.0.1:$dyn_port DYN_LOGIN_URL=http://127.0.0.1:$dyn_port DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox
	dyn-extract sm_ticket --select sm_name,sm_hours,sm_status,createdon,sm_contact | jq -c '[.sm_name, .sm_hours, .sm_status, .createdon]' | sort >rows
	diff rows - <<-'END'
	["Hull survey",2.5,727000001,"2026-01-02T08:00:00Z"]
	["Lost key",12,727000003,"2025-05-15T20:26:40Z"]
	["Rust under the keel",null,727000002,"2025-09-08T14:13:20Z"]
	END
}

load helper

# Two hundred megabytes of attachments go through the whole chain, and no program holds one of them.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
	export SM_TOKEN=sandbox DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
}

# bytes N COUNT: bytes that no other file has
bytes() { openssl enc -aes-128-ctr -K "$(printf %s "$1" | md5sum | cut -c 1-32)" -iv 00 -in /dev/zero 2>/dev/null | head -c "$2"; }

@test "200 MB of attachments arrive byte for byte, and no program holds as much as one file" {
	# A small account, whose notes' attachments come from the API and whose records' files come by hand.
	mkdir -p source/files m/intake/files m/maps
	for f in user pipeline field tag currency company contact deal activity product team; do cp "$fixtures/demo/$f.ndjson" source/; done
	for i in 1 2 3 4; do
		bytes "attachment $i" 25000000 >"source/files/90$i"
		bytes "record $i" 25000000 >"m/intake/files/by-hand-$i.bin"
		jq -nc --argjson i "$i" '{id: (7000 + $i), moduleId: 5, objectId: (10 + $i), note: "<p>Drawings</p>", type: "Note", createAt: 1740000000, createdBy: {id: 2},
			attachments: [{id: (900 + $i), name: "drawing \($i).dwg", contentType: "application/acad", size: 25000000}]}' >>source/note.ndjson
		jq -nc --argjson i "$i" '{id: $i, moduleId: 5, objectId: (10 + $i), name: "survey \($i).bin", contentType: "application/octet-stream", size: 25000000,
			path: "by-hand-\($i).bin", createdAt: 1740000000, owner: {id: 2}}' >>m/intake/file.ndjson
	done
	jq -c 'if .id < 15 then .lastNoteAddedAt = 1740000000 else . end' "$fixtures/demo/company.ndjson" >source/company.ndjson
	start sm sm-sandbox --data source
	sm_port=$port
	start dyn dyn-sandbox --store target.db --users "$fixtures/demo/target-users.ndjson"
	dyn_port=$port
	export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port
	token=$(curl -s "$DYN_URL/sandbox/oauth2/v2.0/token" -d grant_type=client_credentials -d client_id=sandbox \
		-d client_secret=sandbox --data-urlencode "scope=$DYN_URL/.default" | jq -r .access_token)
	curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -X PATCH \
		"$DYN_URL/api/data/v9.2/organizations($(dyn-extract --whoami 2>/dev/null | jq -r .OrganizationId))" -d '{"maxuploadfilesize":100000000}'

	# Every program of the chain, measured.
	"${CC:-cc}" -O1 -o peak "$root/test/peak.c"
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/bin"
	ln -s "$root/pipelines" "$tree/pipelines"
	for p in "$BIN"/*; do
		printf '#!/bin/sh\nexec %s/peak %s/peaks %s "$@"\n' "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" "$p" >"$tree/bin/${p##*/}"
		chmod +x "$tree/bin/${p##*/}"
	done
	migration m 'ALLOW_REJECTS ?= any' "FALLBACK_OWNER ?= $(jq -r 'select(.isCurrentUser) | .email' "$fixtures/demo/user.ndjson")"
	export BIN=$tree/bin
	make -C m confirm notes >log 2>&1 || { tail -n 30 log; false; }

	[ "$(jq -c '[.created, .rejected, .balanced, .field_mismatches]' m/data/file/60-verified.ndjson)" = '[8,0,true,0]' ]
	jq -r .documentbody.sha256 m/data/file/55-read.ndjson | grep -v null | sort >there
	for f in source/files/* m/intake/files/*; do sha256sum <"$f"; done | cut -d' ' -f1 | sort | diff - there
	sort -k2 -n -r peaks | awk '!seen[$1]++' | tee most
	[ "$(wc -l <most)" -gt 8 ]
	# A file is 25,000,000 bytes, 33,333,336 in base64.  Sanitizers hold memory back: the figure says nothing then.
	[[ ${BIN_DIR:-} == *san* ]] || [ -z "$(awk '$2 > 61440' most)" ]
	rm -rf source/files m/data/files m/intake/files target.db*
}

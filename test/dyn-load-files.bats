# dyn-load with files: small and large, cut off anywhere, changed, refused; and what comes back by dyn-extract --hash

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
}

# sandbox [OPTION...]: an organisation that takes files of 100 MB, with one account and one e-mail to hang them on
sandbox() {
	local origin token
	start dyn-sandbox dyn-sandbox --store "$BATS_TEST_TMPDIR/store" --limits requests=1000000,time=1000000 "$@"
	origin=http://127.0.0.1:$port
	export DYN_URL=$origin DYN_LOGIN_URL=$origin
	token=$(curl -s "$origin/sandbox/oauth2/v2.0/token" -d grant_type=client_credentials -d client_id=sandbox \
		-d client_secret=sandbox --data-urlencode "scope=$origin/.default" | jq -r .access_token)
	curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -X PATCH \
		"$origin/api/data/v9.2/organizations($(dyn-extract --whoami 2>/dev/null | jq -r .OrganizationId))" -d '{"maxuploadfilesize":100000000}'
	curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -X PATCH \
		"$origin/api/data/v9.2/accounts(00000001-0000-8000-8000-000000000001)" -d '{"name":"a"}'
	curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -X PATCH \
		"$origin/api/data/v9.2/emails(00000003-0000-8000-8000-000000000001)" -d '{"subject":"m"}'
}

# file NAME BYTES: bytes that no other file has
file() { openssl enc -aes-128-ctr -K "$(printf %s "$1" | md5sum | cut -c 1-32)" -iv 00 -in /dev/zero 2>/dev/null | head -c "$2" >"$1"; }

# note N FILE, attachment N FILE: a row with that file
note() { row annotation documentbody annotationid 00000004 '"objectid_account@odata.bind": "/accounts(00000001-0000-8000-8000-000000000001)"' "$@"; }
attachment() { row activitymimeattachment body activitymimeattachmentid 00000007 '"objectid_email@odata.bind": "/emails(00000003-0000-8000-8000-000000000001)", objecttypecode: "email"' "$@"; }

row() {	# TABLE COLUMN KEY PREFIX MEMBERS N FILE
	jq -nc --arg sum "$(sha256sum "$7" | cut -d ' ' -f 1)" --argjson size "$(stat -c %s "$7")" '{_table: "'"$1"'", _source: {module: "file", id: "'"$6"'",
		hash: "0"}, "'"$3"'": "'"$4"'-0000-8000-8000-00000000000'"$6"'", subject: "File '"$6"'", filename: "'"$7"'", mimetype: "text/x-test", '"$5"',
		_file: {column: "'"$2"'", path: "'"$7"'", sha256: $sum, size: $size}}'
}

load_rows() { dyn-load --journal journal --rejects rejects "$@" <in >out 2>err; }

outcomes() { jq -r .outcome out | sort | uniq -c | awk '{ printf "%s%s %s", sep, $2, $1; sep = ", " } END { print "" }'; }

# the hashes that the target's files have, by id, against those of the rows in FILE...
verified() {
	local t
	for t in annotation:documentbody activitymimeattachment:body; do
		dyn-extract "${t%:*}" --select "filename,${t#*:}" --hash "${t#*:}" 2>/dev/null | jq -r '[.filename, (.documentbody // .body | .sha256)] | @tsv'
	done | sort >there
	cat "$@" | jq -r '[.filename, ._file.sha256] | @tsv' | sort | diff - there
}

@test "files of every size arrive whole: in one request up to 4 MB, in blocks above" {
	sandbox
	file empty 0
	file one 1
	file most 4194304
	file more 4194305
	file large 12345678
	{ note 0 empty; note 1 one; note 2 most; note 3 more; note 4 large; attachment 5 one; attachment 6 more; attachment 7 large; } >in
	load_rows
	[ "$(outcomes)" = "created 8" ]
	grep -v empty in | verified - <(jq -nc '{filename: "empty", _file: {sha256: null}}')
	cp out out.first
	load_rows
	cmp out out.first
}

@test "a load of files killed at any of its steps ends with every file once" {
	local i code=137
	file large 9000000
	{ file one 1; file two 12; }
	{ note 1 one; note 2 large; attachment 3 large; attachment 4 two; } >in
	sandbox
	for ((i = 1; code == 137; i += 3)); do
		rm -f journal
		stop_servers
		rm -f store*
		sandbox
		code=0
		SMDYN_FAILPOINT=$i load_rows || code=$?
		[ "$code" = 137 ] || [ "$code" = 0 ]
		SMDYN_FAILPOINT=$((i % 5 + 2)) load_rows || [ $? = 137 ]
		load_rows
		[ "$(outcomes)" = "created 4" ]
		verified in
	done
	[ "$i" -gt 9 ]
}

@test "lost blocks are sent again, lost commits are asked for, and a block that the service lost begins anew" {
	cat >faults <<-'END'
	match=UploadBlock every=3 times=2 drop
	match=UploadBlock every=4 times=2 after=503
	match=UploadBlock every=5 times=2 status=429 retry-after=1
	match=InitializeA every=2 times=2 status=503
	match=Commit every=2 times=2 after=drop
	match=CommitAnn at=3 status=400 code=0x80040203 message="a block is missing"
	match="POST annotations" at=1 after=reset
	every=13 times=2 expire-tokens
	END
	sandbox --faults faults
	file large 13000000
	file small 100
	{ note 1 large; note 2 small; attachment 3 large; note 4 large; attachment 5 small; note 6 large; } >in
	load_rows
	[ "$(outcomes)" = "created 6" ]
	verified in
}

@test "a file that is gone, or is not the one that was mapped, makes no row" {
	sandbox
	file large 5000000
	file small 100
	{ note 1 large; note 2 small; note 3 small; attachment 4 large; note 5 small; } >in
	sed -i '1s/"path":"large"/"path":"nowhere"/; 3s/"size":100/"size":101/' in
	printf x | dd of=large bs=1 seek=4999999 conv=notrunc status=none
	sed -i '5s/"path":"small"/"path":"other"/' in
	file other 100
	load_rows
	[ "$(jq -r .outcome out | tr '\n' ' ')" = "rejected created rejected rejected rejected " ]
	[ "$(jq -r ._error.code rejects | tr '\n' ' ')" = "missing-file bad-hash bad-hash bad-hash " ]
	[ "$(dyn-extract annotation 2>/dev/null | wc -l)" = 1 ]
	# Mended, the same command loads them.
	file large 5000000
	sed -i '1s/"nowhere"/"large"/; 3s/101/100/; 5s/"path":"other"/"path":"small"/' in
	load_rows
	[ "$(outcomes)" = "created 5" ]
	verified in
}

@test "what the service refuses of a file is a reject with its words; a parent that is missing is one, too" {
	sandbox
	file large 5000000
	file small 100
	{ note 1 large; note 2 small; note 3 large; attachment 4 large; } | sed '1s/"filename":"large"/"filename":"a.exe"/
		2s/"filename":"small"/"filename":"a.js"/; 3s/accounts(00000001/accounts(00000009/' >in
	load_rows
	[ "$(jq -r '[._error.code, ._error.message[:12]] | @tsv' rejects | tr '\t\n' ' ;')" = \
		"refused 0x80043e09: ;refused 0x80043e09: ;missing-reference 0x80040217: ;" ]
	file huge 100000001
	note 5 huge >in
	load_rows
	[ "$(jq -r ._error.message rejects | cut -c 1-10)" = 0x80044a02 ]
}

@test "an edited file is sent again and its name with it; an attachment over 4 MB is never replaced" {
	sandbox
	file a 100
	file b 100
	file large 5000000
	file other 5000000
	file longer 5000001
	{ note 1 a; note 2 large; attachment 3 a; attachment 4 large; } >in
	load_rows
	{ note 1 b; note 2 other; attachment 3 b; attachment 4 longer; } >in
	load_rows
	[ "$(jq -r .outcome out | tr '\n' ' ')" = "updated updated updated rejected " ]
	[ "$(jq -r ._error.code rejects)" = conflict ]
	head -n 3 in | verified - <(attachment 4 large)

}

@test "only rows that are created bring files, to columns that hold some" {
	sandbox
	file a 10
	{ note 1 a; note 2 a | sed 's/"column":"documentbody"/"column":"subject"/'; note 3 a | sed 's/"_source"/"_how":"update",&/'
		note 4 a | sed 's/"sha256":"[^"]*"/"sha256":"0"/'; } >in
	load_rows
	[ "$(jq -r ._error.code rejects | tr '\n' ' ')" = "wrong-type wrong-type missing-field " ]
}

@test "files go through in flat memory" {
	[ -z "${BIN_DIR:-}" ] || skip "sanitizers reserve memory"
	sandbox
	file a 12582912
	file b 12000000
	file c 25000000
	{ note 1 a; note 2 b; attachment 3 c; note 4 c; } >in
	(ulimit -v 160000 && load_rows)
	[ "$(outcomes)" = "created 4" ]
	(ulimit -v 160000 && verified in)
}

# assign-ids: a target table and id for every source record

load helper

setup() {
	cd "$fixtures/assign-ids" || return
	out=$BATS_TEST_TMPDIR
}

company() { assign-ids --module company --table account --namespace demo "$@"; }

companies() {
	company --match website:domain=websiteurl:domain --match name=name --existing company.existing.ndjson "$@"
}

users() {
	assign-ids --module user --table systemuser --namespace demo --match email=internalemailaddress \
		--existing user.existing.ndjson --match-only --inactive isdisabled "$@"
}

# vector NAMESPACE MODULE KEY ID: by the definition, made with openssl
by_hand() {
	local h tail
	h=$(printf '%s\0%s\0%s' "$1" "$2" "$3" | openssl dgst -sha256 -r | cut -c1-32)
	tail=${h:20:12}
	if [[ $3 =~ ^(0|[1-9][0-9]*)$ ]] && (($3 < 1 << 48)); then
		tail=$(printf %012x "$3")
	fi
	printf '%s-%s-8%s-%x%s-%s\n' "${h:0:8}" "${h:8:4}" "${h:13:3}" $((0x${h:16:1} & 3 | 8)) "${h:17:3}" "$tail"
}

@test "companies: domain before name, new ones computed, the unclear queued, the broken rejected" {
	companies --queue "$out/queue" --rejects "$out/rejects" <company.in.ndjson >"$out/out"
	diff -u company.out.ndjson "$out/out"
	diff -u company.queue.ndjson "$out/queue"
	diff -u company.rejects.ndjson "$out/rejects"
}

@test "a pipe gives the same as a file" {
	cat company.in.ndjson | companies --queue "$out/queue" --rejects "$out/rejects" >"$out/out"
	diff -u company.out.ndjson "$out/out"
	diff -u company.queue.ndjson "$out/queue"
	diff -u company.rejects.ndjson "$out/rejects"
}

@test "users: an enabled row is preferred, and may be shared; the rest is queued" {
	users --queue "$out/queue" --rejects "$out/rejects" <user.in.ndjson >"$out/out"
	diff -u user.out.ndjson "$out/out"
	diff -u user.queue.ndjson "$out/queue"
}

@test "the fallback takes the queued, and speaks for the unknown in a last line" {
	users --fallback CARA@acme.example --queue "$out/queue" --rejects "$out/rejects" <user.in.ndjson >"$out/out" 2>"$out/err"
	diff -u fallback.out.ndjson "$out/out"
	diff -u fallback.queue.ndjson "$out/queue"
	[ "$(tail -1 "$out/err")" = "assign-ids: 8 in, 8 out, 0 rejected" ]
}

@test "a fallback that is missing, disabled or not alone is refused" {
	for who in none@acme.example gone@acme.example two@acme.example; do
		run -78 users --fallback $who --queue "$out/queue" <user.in.ndjson
	done
	run -64 company --fallback x --existing company.existing.ndjson --match name=name </dev/null
}

@test "the sums are printed last" {
	run --separate-stderr companies --queue "$out/queue" --rejects "$out/rejects" <company.in.ndjson
	[ "${stderr_lines[-1]}" = "assign-ids: 18 in, 8 out, 7 rejected, 3 queued" ]
}

@test "the test vectors of --help are what assign-ids gives, and what the definition gives" {
	assign-ids --help | sed -n 's/^  \([a-z]* [a-z]* [a-z0-9]*\)  *\([0-9a-f-]\{36\}\)$/\1 \2/p' >"$out/vectors"
	[ "$(wc -l <"$out/vectors")" -eq 6 ]
	while read -r namespace module key id; do
		[ "$(by_hand "$namespace" "$module" "$key")" = "$id" ]
		run --separate-stderr assign-ids --module "$module" --table t --namespace "$namespace" <<<"{\"id\":\"$key\"}"
		[ "$(jq -r .id <<<"$output")" = "$id" ]
	done <"$out/vectors"
}

@test "an id comes from namespace, module and key alone" {
	a=$(company <<<'{"id":88,"name":"x"}' 2>/dev/null)
	b=$(TZ=Asia/Tokyo company <<<'{"name":"y","id":"88"}' 2>/dev/null)
	[ "$a" = "$b" ]
}

@test "ids of numbers sort by number in their last six bytes" {
	seq 1 300 | jq -c '{id:.}' | company 2>/dev/null | jq -r '.id[24:]' >"$out/tails"
	sort -c "$out/tails"
}

@test "duplicates name each other's line, blank lines counted" {
	printf '{"id":1}\n\n{"id":2}\n{"id":"1"}\n{"id":1}\n' >"$out/in"
	run -0 --separate-stderr company --rejects "$out/rejects" <"$out/in"
	[ "$(jq -r ._error.line "$out/rejects" | xargs)" = "1 4 5" ]
	[ "$(jq -r ._error.message "$out/rejects" | grep -o 'line [0-9]*' | xargs)" = "line 4 line 1 line 1" ]
	[ "$(jq -r .key <<<"$output")" = 2 ]
}

@test "another field can be the key" {
	printf '{"code":"USD"}\n{"code":"EUR"}\n' >"$out/in"
	printf '{"transactioncurrencyid":"00000000-0000-4000-8000-000000000001","isocurrencycode":"USD"}\n' >"$out/rows"
	run -0 --separate-stderr assign-ids --module currency --key code --table transactioncurrency --namespace demo \
		--match code=isocurrencycode --existing "$out/rows" --match-only --queue "$out/queue" <"$out/in"
	[ "$(jq -r '.key+.how' <<<"$output")" = USDmatched ]
	[ "$(jq -r '.code+._error.code' "$out/queue")" = EURmissing ]
}

@test "domains are compared without scheme, user, port, path and www." {
	printf '{"accountid":"00000000-0000-4000-8000-000000000001","websiteurl":"HTTPS://user:pw@www.Acme.example:8443/x"}\n' >"$out/rows"
	for value in acme.example http://acme.example/ WWW.ACME.EXAMPLE. '//acme.example?q=1' sales@acme.example; do
		run -0 --separate-stderr company --match website:domain=websiteurl:domain --existing "$out/rows" <<<"{\"id\":1,\"website\":\"$value\"}"
		[[ $output == *'"how":"matched"'* ]]
	done
	for value in example beta.example acme.example.org "" "acme example"; do
		run -0 --separate-stderr company --match website:domain=websiteurl:domain --existing "$out/rows" <<<"{\"id\":1,\"website\":\"$value\"}"
		[[ $output == *'"how":"new"'* ]]
	done
}

@test "rows without the column that is compared are refused, not taken for no match" {
	run -78 company --match website:domain=homepage:domain --existing company.existing.ndjson <company.in.ndjson
	[[ $output == *homepage* ]]
}

@test "existing rows that are damaged or of another table are refused" {
	run -65 company --match name=name --existing user.existing.ndjson </dev/null
	echo '{"_table":"account","accountid":"no guid","name":"x"}' >"$out/rows"
	run -65 company --match name=name --existing "$out/rows" </dev/null
	[[ $output == *"rows:1:"* ]]
	run -66 company --match name=name --existing "$out/none" </dev/null
}

@test "no existing rows at all are no match for anything" {
	run -0 --separate-stderr company --match name=name --existing /dev/null <<<'{"id":1,"name":"x"}'
	[[ $output == *'"how":"new"'* ]]
}

@test "the key of the fallback's line, an endless key, a NUL are no keys" {
	{ echo '{"id":"*"}'; printf '{"id":"%0101d"}\n' 1; echo '{"id":"a\u0000"}'; echo '{"id":-4}'; } >"$out/in"
	run -0 --separate-stderr company --rejects "$out/rejects" <"$out/in"
	[ "$(jq -r ._error.code "$out/rejects" | sort | uniq -c | xargs)" = "4 bad-id" ]
}

@test "a mended reject can be fed again" {
	companies --queue "$out/queue" --rejects "$out/rejects" <company.in.ndjson >/dev/null
	jq -c 'select(._error.line==9) | .id=15' "$out/rejects" >"$out/mended"
	run -0 --separate-stderr company <"$out/mended"
	[ "$(jq -r .key <<<"$output")" = 15 ]
}

@test "empty input is no ids and success" {
	run -0 --separate-stderr company --rejects "$out/rejects" </dev/null
	[ "$output" = "" ]
	[ "$stderr" = "assign-ids: 0 in, 0 out, 0 rejected" ]
}

@test "without --rejects the first bad record stops the run, before any id is out" {
	run -65 --separate-stderr company <<<$'{"id":1}\nnope'
	[ "$output" = "" ]
	[[ $stderr == *"stdin:2: bad-json"* ]]
}

@test "without --queue an undecided match stops the run" {
	run -65 --separate-stderr users <user.in.ndjson
	[[ $stderr == *"stdin:4: inactive"* ]]
}

@test "a full disk is 74" {
	run -74 bash -c 'echo "{\"id\":1}" | assign-ids --module m --table t --namespace n >/dev/full'
	run -74 bash -c 'echo x | assign-ids --module m --table t --namespace n --rejects /dev/full'
}

@test "a failing read is 74" {
	run -74 bash -c 'assign-ids --module m --table t --namespace n </'
}

@test "--help is the manual, usage errors are 64" {
	run -0 --separate-stderr assign-ids --help
	[[ ${lines[0]} == usage:* ]]
	run -64 company --no-such-option </dev/null
	run -64 assign-ids --module m --table t </dev/null
	run -64 company --match name --existing company.existing.ndjson </dev/null
	run -64 company --match name=name </dev/null
	run -64 company --match-only --existing company.existing.ndjson </dev/null
	run -0 assign-ids --version
}

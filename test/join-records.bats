# join-records: a record of another file in the record that it belongs to

load helper

setup() {
	cd "$fixtures/join-records" || return
	out=$BATS_TEST_TMPDIR
}

join_calls() { join-records --with call.with.ndjson --on activityId --as _call --loose "$out/loose" "$@"; }

@test "each record gets the one that names it, the rest stay as they are" {
	join_calls --rejects "$out/rejects" <call.in.ndjson >"$out/out"
	diff -u call.out.ndjson "$out/out"
	diff -u call.loose.ndjson "$out/loose"
	diff -u call.rejects.ndjson "$out/rejects"
}

@test "the counts are on standard error, the sum last" {
	run --separate-stderr join_calls --rejects "$out/rejects" <call.in.ndjson
	[ "${stderr_lines[0]}" = "join-records: 4 joined, 7 loose, 1 of them for a second time" ]
	[ "${stderr_lines[1]}" = "join-records: 9 in, 8 out, 1 rejected" ]
}

@test "what is joined keeps its bytes, and every other line is loose" {
	seq 1 3000 | jq -c '{call: ., of: (. * 2), n: 1.50, text: ("x" * (. % 400))}' >"$out/with"
	seq 6000 -1 1 | jq -c '{id: .}' >"$out/in"
	join-records --with "$out/with" --on of --as call --loose "$out/loose" <"$out/in" >"$out/out"
	[ ! -s "$out/loose" ]
	grep call "$out/out" | sed 's/^{"id":[0-9]*,"call":\(.*\)}$/\1/' | tac | cmp - "$out/with"
	tail -n +3001 "$out/in" | join-records --with "$out/with" --on of --as call --loose "$out/loose" >"$out/out"
	tail -n +1501 "$out/with" | cmp - "$out/loose"
}

@test "a member of Salesmate's is not replaced" {
	run -0 join-records --with call.with.ndjson --on activityId --as title --loose /dev/null --rejects "$out/rejects" <<<'{"id":10,"title":"x"}'
	[ "$(jq -c '[.title,._error.code]' "$out/rejects")" = '["x","duplicate-member"]' ]
}

@test "a field that no record has is named on standard error" {
	run -0 --separate-stderr join-records --with call.with.ndjson --on activity --as call --loose "$out/loose" <<<'{"id":10}'
	[ "$output" = '{"id":10}' ]
	[[ $stderr == *'no record has a field "activity"'* ]]
	[ "$(grep -c . call.with.ndjson)" = "$(grep -c . "$out/loose")" ]
}

@test "nothing to join is success, on either side" {
	run -0 --separate-stderr join_calls </dev/null
	[ "$output" = "" ]
	[ "${stderr_lines[1]}" = "join-records: 0 in, 0 out, 0 rejected" ]
	run -0 --separate-stderr join-records --with /dev/null --on a --as b --loose /dev/null <<<'{"id":1}'
	[ "$output" = '{"id":1}' ]
}

@test "a line of the other file that is no record is loose, one that is endless is refused" {
	{ printf '{"of":1,"x":"'; head -c 67200000 /dev/zero | tr '\0' x; echo '"}'; } >"$out/with"
	run -65 join-records --with "$out/with" --on of --as call --loose "$out/loose" <<<'{"id":1}'
	[[ $output == *"with:1: a line longer than"* ]]
}

@test "a pipe cannot be read twice, a missing file is 66" {
	run -64 join-records --with <(echo) --on a --as b --loose /dev/null </dev/null
	run -66 join-records --with "$out/none" --on a --as b --loose /dev/null </dev/null
}

@test "without --rejects the first bad record stops the run" {
	run -65 --separate-stderr join_calls <<<nope
	[[ $stderr == *"stdin:1: bad-json"* ]]
}

@test "a full disk is 74" {
	run -74 bash -c 'join-records --with call.with.ndjson --on activityId --as call --loose /dev/null <<<"{}" >/dev/full'
	run -74 join-records --with call.with.ndjson --on activityId --as call --loose /dev/full <<<'{}'
}

@test "a failing read is 74" {
	run -74 join_calls </
	run -74 join-records --with / --on a --as b --loose /dev/null </dev/null
}

@test "--help is the manual, usage errors are 64" {
	run -0 --separate-stderr join-records --help
	[[ ${lines[0]} == usage:* ]]
	run -64 join_calls --no-such-option </dev/null
	run -64 join-records --with call.with.ndjson --on a --as b </dev/null
	run -64 join-records --with call.with.ndjson --on a --as _error --loose /dev/null </dev/null
	run -64 join-records --with call.with.ndjson --on a --as '"' --loose /dev/null </dev/null
	run -0 join-records --version
}

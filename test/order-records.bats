# order-records: oldest first

load helper

setup() {
	cd "$fixtures/order-records" || return
	out=$BATS_TEST_TMPDIR
}

order() { order-records --time sentAt "$@"; }

@test "oldest first, those without a time before all, equal times in the order they came" {
	golden order-records mail --time sentAt --group conversationId
}

@test "a pipe is ordered as a file is" {
	bash -c 'cat mail.in.ndjson | order-records --time sentAt --group conversationId --rejects /dev/null' | cmp - mail.out.ndjson
}

@test "without --group nothing has a place" {
	run -0 --separate-stderr order <<<'{"id":1,"sentAt":0}'
	[ "$output" = '{"id":1,"sentAt":0,"_order":{"time":"1970-01-01T00:00:00Z"}}' ]
	run -0 --separate-stderr order <<<'{}'
	[ "$output" = '{"_order":{}}' ]
}

@test "the counts are on standard error, the sum last" {
	run --separate-stderr order --rejects "$out/rejects" <mail.in.ndjson
	[ "${stderr_lines[0]}" = "order-records: 5 without a time that can be read" ]
	[ "${stderr_lines[1]}" = "order-records: 15 in, 14 out, 1 rejected" ]
}

@test "many records in any order come out as sort(1) has them, places and all" {
	seq 1 20000 | shuf --random-source=<(yes) | jq -c '{id: ., t: (. * 7919 % 5000), g: (. % 37), x: ("x" * (. % 300))}' >"$out/in"
	order-records --time t --group g <"$out/in" >"$out/out"
	jq -r '"\(.t) \(.id)"' "$out/in" | sort -s -n -k1,1 | cut -d' ' -f2 >"$out/want"
	jq -r .id "$out/out" | cmp - "$out/want"
	jq -r '"\(.g) \(._order.place)"' "$out/out" | awk '++n[$1] != $2 { exit 1 }'
	sed 's/,"_order":[^}]*}}$/}/' "$out/out" | sort | cmp - <(sort "$out/in")
	order-records --time t --group g <"$out/out" | cmp - "$out/out"
}

@test "the time may stand inside another field" {
	printf '{"a":{"t":2}}\n{"a":{"t":1}}\n' >"$out/in"
	run -0 --separate-stderr order-records --time a.t <"$out/in"
	[ "$(jq -r .a.t <<<"$output" | xargs)" = "1 2" ]
}

@test "a field that no record has is named on standard error" {
	run -0 --separate-stderr order-records --time when <<<'{"id":1}'
	[[ $stderr == *'no record has a field "when"'* ]]
}

@test "half a million records are ordered without being held" {
	[ -z "${BIN_DIR:-}" ] || skip "a sanitizer needs room of its own"
	seq 500000 -1 1 | sed 's/.*/{"id":&,"t":&,"x":"01234567890123456789012345678901234567890123456789012345678901234567890123456789"}/' >"$out/in"
	[ "$(stat -c %s "$out/in")" -gt 54000000 ]
	(ulimit -v 30000 && exec order-records --time t <"$out/in" >"$out/out")
	tac "$out/in" | sed 's/}$//' | cmp - <(sed 's/,"_order.*//' "$out/out")
}

@test "empty input is no records and success" {
	run -0 --separate-stderr order --rejects "$out/rejects" </dev/null
	[ "$output" = "" ]
	[ "$stderr" = "order-records: 0 in, 0 out, 0 rejected" ]
}

@test "without --rejects the first bad record stops the run, and nothing is written" {
	run -65 --separate-stderr order <<<$'{"id":1}\nnope'
	[ "$output" = "" ]
	[[ $stderr == *"stdin:2: bad-json"* ]]
}

@test "a full disk is 74, of the temporary file too" {
	run -74 bash -c 'echo "{}" | order-records --time t >/dev/full'
	run -73 bash -c 'echo "{}" | TMPDIR=/nowhere order-records --time t'
}

@test "a failing read is 74" {
	run -74 bash -c 'order-records --time t </'
}

@test "--help is the manual, usage errors are 64" {
	run -0 --separate-stderr order-records --help
	[[ ${lines[0]} == usage:* ]]
	run -64 order --no-such-option </dev/null
	run -64 order-records </dev/null
	run -0 order-records --version
}

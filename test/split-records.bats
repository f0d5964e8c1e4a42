# split-records: to which file a record goes

load helper

setup() {
	cd "$fixtures/split-records" || return
	out=$BATS_TEST_TMPDIR
}

# split TABLE OPTION...: every output in $out
split() {
	split-records --field type --table "$1" --to task="$out/task" --to appointment="$out/appointment" "${@:2}"
}

ids() { jq -c .id "$@" | xargs; }

@test "each record goes where the table says, its line unchanged" {
	split types.csv --queue "$out/queue" --rejects "$out/rejects" <types.in.ndjson
	diff -u types.task.ndjson "$out/task"
	diff -u types.appointment.ndjson "$out/appointment"
	diff -u types.queue.ndjson "$out/queue"
	diff -u types.rejects.ndjson "$out/rejects"
}

@test "the counts are on standard error, the sum last" {
	run --separate-stderr split types.csv --queue "$out/queue" --rejects "$out/rejects" <types.in.ndjson
	[ "$output" = "" ]
	[ "${stderr_lines[0]}" = "split-records: 4 task, 3 appointment" ]
	[ "${stderr_lines[1]}" = "split-records: 19 in, 7 out, 2 rejected, 10 queued" ]
}

@test "an empty value decides null, blank and absent ones" {
	split blank.csv --queue "$out/queue" --rejects /dev/null <types.in.ndjson
	[ "$(ids "$out/task")" = "1 2 8 9 10 11 16" ]
	[ "$(ids "$out/queue")" = "4 6 7 13 14 15 17" ]
}

@test "* decides what no line does, blank ones too, but no object and no list" {
	split any.csv --queue "$out/queue" --rejects /dev/null <types.in.ndjson
	[ "$(ids "$out/appointment")" = "3 4 5 6 7 8 9 10 12 17" ]
	[ "$(ids "$out/queue")" = "13 14 15" ]
	{ cat any.csv; echo ,task; } >"$out/table.csv"
	split "$out/table.csv" --queue "$out/queue" --rejects /dev/null <types.in.ndjson
	[ "$(ids "$out/appointment")" = "3 4 5 6 7 12 17" ]
}

@test "the undecided can be fed again once the table knows them" {
	split types.csv --queue "$out/queue" --rejects /dev/null <types.in.ndjson
	grep Besuch "$out/queue" >"$out/again"
	{ cat types.csv; echo besuch,appointment; } >"$out/table.csv"
	split "$out/table.csv" <"$out/again"
	[ "$(cat "$out/appointment")" = '{"id":7,"type":"Besuch"}' ]
}

@test "the field may stand inside another" {
	split-records --field a.type --table types.csv --to task="$out/task" --to appointment="$out/appointment" <<<'{"a":{"type":"call"}}'
	[ -s "$out/task" ]
}

@test "a field that no record has is named on standard error" {
	run -0 --separate-stderr split-records --field kind --table any.csv --to task="$out/task" --to appointment="$out/appointment" <<<'{"id":1}'
	[[ $stderr == *'no record has a field "kind"'* ]]
}

@test "a target without --to, a value twice, an empty table are refused with file and line" {
	run -78 split-records --field type --table types.csv --to task="$out/task" </dev/null
	[[ $output == *"types.csv:4:"*"task or undecided"* ]]
	printf 'value,to\na,task\nA ,appointment\n' >"$out/t.csv"
	run -78 split "$out/t.csv" </dev/null
	[[ $output == *"t.csv:3:"*"line 2"* ]]
	printf 'value,to\n' >"$out/t.csv"
	run -78 split "$out/t.csv" </dev/null
	printf 'stage,to\na,task\n' >"$out/t.csv"
	run -78 split "$out/t.csv" </dev/null
	run -66 split "$out/none.csv" </dev/null
}

@test "empty input is no records, success and empty files" {
	run -0 --separate-stderr split types.csv --rejects "$out/rejects" </dev/null
	[ "$stderr" = $'split-records: 0 task, 0 appointment\nsplit-records: 0 in, 0 out, 0 rejected' ]
	[ -e "$out/task" ]
}

@test "without --queue the first undecided record stops the run, without --rejects the first bad one" {
	run -65 split types.csv <<<'{"type":"Besuch"}'
	[[ $output == *"stdin:1: undecided"* ]]
	run -65 split types.csv <<<nope
}

@test "a full disk is 74" {
	run -74 split-records --field type --table types.csv --to task=/dev/full --to appointment="$out/a" <<<'{"type":"task"}'
	run -74 split types.csv --queue /dev/full <<<'{"type":"x"}'
}

@test "a failing read is 74" {
	run -74 split types.csv </
}

@test "--help is the manual, usage errors are 64" {
	run -0 --separate-stderr split-records --help
	[[ ${lines[0]} == usage:* ]]
	run -64 split types.csv --no-such-option </dev/null
	run -64 split types.csv --to task="$out/x" </dev/null
	run -64 split types.csv --to undecided="$out/x" </dev/null
	run -64 split types.csv --to nothing </dev/null
	run -64 split types.csv --to other="$out/task" </dev/null
	run -64 split-records --field type --table types.csv </dev/null
	run -0 split-records --version
}

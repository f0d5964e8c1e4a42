# split-lifecycle: which table a contact belongs in

load helper

setup() {
	cd "$fixtures/split-lifecycle" || return
	out=$BATS_TEST_TMPDIR
}

split() { split-lifecycle --table stages.csv "$@"; }

@test "each record is decided by the table, trimmed and without regard to case" {
	split --rejects "$out/rejects" --lead "$out/lead" --contact "$out/contact" --undecided "$out/undecided" \
		<stages.in.ndjson >"$out/out"
	diff -u stages.out.ndjson "$out/out"
	diff -u stages.rejects.ndjson "$out/rejects"
	diff -u stages.lead.ndjson "$out/lead"
	diff -u stages.contact.ndjson "$out/contact"
	diff -u stages.undecided.ndjson "$out/undecided"
}

@test "the counts are on standard error, the sum last" {
	run --separate-stderr split --rejects "$out/rejects" <stages.in.ndjson
	[ "${stderr_lines[0]}" = "split-lifecycle: 4 lead, 3 contact, 10 undecided" ]
	[ "${stderr_lines[1]}" = "split-lifecycle: 20 in, 17 out, 3 rejected" ]
}

@test "a line added to the table decides a near miss, and nothing else changes" {
	cp stages.csv "$out/table.csv"
	echo '"Marketing-Qualified Lead",lead,' >>"$out/table.csv"
	split-lifecycle --table "$out/table.csv" --rejects /dev/null <stages.in.ndjson >"$out/out"
	run diff stages.out.ndjson "$out/out"
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[3]} == *'"id":4'*'"to":"lead"'* ]]
}

@test "a line with an empty stage decides the blank ones" {
	{ cat stages.csv; echo ",contact,"; } >"$out/table.csv"
	run --separate-stderr split-lifecycle --table "$out/table.csv" <<<'{"id":1,"type":"  "}'
	[[ $output == *'"to":"contact"'* ]]
}

@test "the stage may stand in another field, or inside one" {
	run -0 --separate-stderr split --field lifecycleStage <<<'{"id":1,"type":"lead","lifecycleStage":"customer"}'
	[[ $output == *'"to":"contact"'* ]]
	run -0 --separate-stderr split --field stage.name <<<'{"id":1,"stage":{"name":"Lead"}}'
	[[ $output == *'"to":"lead"'* ]]
}

@test "a field that no record has is named on standard error" {
	run -0 --separate-stderr split --field nope <<<'{"id":1,"type":"lead"}'
	[[ $stderr == *'no record has a field "nope"'* ]]
}

@test "promote makes a contact of the lead that is a deal's only party" {
	golden split-lifecycle promote --table "$PWD/stages.csv" --lead-deals promote --deals "$PWD/promote.deals.ndjson"
}

@test "link and queue change nothing here" {
	for how in link queue; do
		split --lead-deals $how --deals promote.deals.ndjson <promote.in.ndjson >"$out/$how"
	done
	cmp "$out/link" "$out/queue"
	[ "$(grep -c '"to":"lead"' "$out/link")" -eq 4 ]
}

@test "promote without --deals is a usage error" {
	run -64 split --lead-deals promote </dev/null
	run -64 split --lead-deals perhaps </dev/null
}

@test "the undecided can be fed again once the table knows them" {
	split --undecided "$out/undecided" --rejects /dev/null <stages.in.ndjson >"$out/all"
	sed 's/contact,$/contact,\nleads,lead/' stages.csv >"$out/table.csv"
	split-lifecycle --table "$out/table.csv" --lead "$out/lead" <"$out/undecided" >/dev/null
	[ "$(cat "$out/lead")" = '{"id":15,"type":"Leads"}' ]
}

@test "a stage twice with different targets is refused with both lines" {
	printf 'stage,to\nlead,lead\nLEAD ,contact\n' >"$out/t.csv"
	run -78 split-lifecycle --table "$out/t.csv" </dev/null
	[[ $output == *"t.csv:3:"*"line 2"* ]]
}

@test "a stage twice with the same target is no contradiction" {
	printf 'stage,to\nlead,lead\nLEAD ,Lead\n' >"$out/t.csv"
	run -0 split-lifecycle --table "$out/t.csv" </dev/null
}

@test "an unknown target, an empty table, a table without the column are refused" {
	printf 'stage,to\nlead,opportunity\n' >"$out/t.csv"
	run -78 split-lifecycle --table "$out/t.csv" </dev/null
	[[ $output == *"t.csv:2:"*opportunity* ]]
	printf 'stage,to\n' >"$out/t.csv"
	run -78 split-lifecycle --table "$out/t.csv" </dev/null
	printf 'stage,target\nlead,lead\n' >"$out/t.csv"
	run -78 split-lifecycle --table "$out/t.csv" </dev/null
}

@test "a missing table is 66, none at all 64" {
	run -66 split-lifecycle --table "$out/none.csv" </dev/null
	run -64 split-lifecycle </dev/null
}

@test "the project's own table decides the five stages of the mission" {
	printf '%s\n' Subscriber Lead 'Marketing Qualified Lead' Customer Evangelist Opportunity |
		jq -c -R '{id:input_line_number,type:.}' >"$out/in"
	run -0 --separate-stderr split-lifecycle --table "$root/pipelines/maps/lifecycle.csv" <"$out/in"
	[ "$(jq -r ._split.to <<<"$output" | xargs)" = "lead lead lead contact contact undecided" ]
}

@test "empty input is no records and success" {
	run -0 --separate-stderr split --rejects "$out/rejects" </dev/null
	[ "$output" = "" ]
	[ "$stderr" = $'split-lifecycle: 0 lead, 0 contact, 0 undecided\nsplit-lifecycle: 0 in, 0 out, 0 rejected' ]
}

@test "without --rejects the first bad record stops the run" {
	run -65 --separate-stderr split <<<nope
	[ "$output" = "" ]
	[[ $stderr == *"stdin:1: bad-json"* ]]
}

@test "a full disk is 74, for the output and for a class file" {
	run -74 bash -c 'split-lifecycle --table stages.csv <stages.lead.ndjson >/dev/full'
	run -74 bash -c 'split-lifecycle --table stages.csv --lead /dev/full <stages.lead.ndjson >/dev/null'
}

@test "a failing read is 74" {
	run -74 bash -c 'split-lifecycle --table stages.csv </'
}

@test "--help is the manual, an unknown option 64" {
	run -0 --separate-stderr split-lifecycle --help
	[[ ${lines[0]} == usage:* ]]
	[ "$stderr" = "" ]
	run -64 split --no-such-option </dev/null
	run -0 split-lifecycle --version
}

# profile-fields: what the fields of a set of records hold

load helper

setup() { cd "$BATS_TEST_TMPDIR" || return; }

@test "each field gets a line: filled, kinds, longest, distinct, numbers, dates, booleans, listed values" {
	profile-fields --list tags:, --list many:, --list select --list absent <"$fixtures/profile-fields/kinds.in.ndjson" >out 2>err
	diff -u "$fixtures/profile-fields/kinds.out.ndjson" out
	[ "$(cat err)" = "profile-fields: 4 records, 11 fields, 1 lines that are no record" ]
}

@test "numbers are compared digit by digit" {
	printf '{"n":"%s"}\n' 9007199254740993 9007199254740992.9 -9007199254740993 -9007199254740992 0.10 00.5 >in
	profile-fields <in >out 2>/dev/null
	[ "$(jq -c '[.numbers, .decimals, .least, .greatest]' out)" = '[6,1,"-9007199254740993","9007199254740993"]' ]
	printf '{"n":"%s"}\n' 0.25 0.3 00.299 0.2500 >in
	profile-fields <in >out 2>/dev/null
	[ "$(jq -c '[.least, .greatest]' out)" = '["0.25","0.3"]' ]
}

@test "distinct values are exact up to a bound, then it is said" {
	seq 4096 | sed 's/.*/{"n":&}/' >in
	profile-fields <in >out 2>/dev/null
	[ "$(jq -c '[.distinct, .more]' out)" = "[4096,null]" ]
	seq 5000 | sed 's/.*/{"n":&}/' >in
	profile-fields <in >out 2>/dev/null
	[ "$(jq -c '[.distinct, .more]' out)" = "[4096,true]" ]
}

@test "values beyond the bound, and endless ones, are left out and it is said" {
	seq 20001 | sed 's/.*/{"n":"&"}/' >in
	profile-fields --list n <in >out 2>/dev/null
	[ "$(jq -c '[(.values | length), .values_more]' out)" = "[20000,true]" ]
	printf '{"n":"%01001d"}\n{"n":"x"}\n' 0 >in
	profile-fields --list n <in >out 2>/dev/null
	[ "$(jq -c '[.values[].value, .values_more]' out)" = '["x",true]' ]
}

@test "memory stays flat over a million values" {
	seq 1000000 | sed 's/.*/{"id":&,"name":"record & of many"}/' >in
	(ulimit -v 65536 && exec profile-fields --list name <in >out 2>err) || { [ -n "${BIN_DIR:-}" ] && skip "sanitizers reserve memory"; }
	[ "$(jq -r .filled out | sort -u)" = 1000000 ]
}

@test "fields are told apart however they are written, and in any order" {
	printf '%s\n' '{"a":1,"b":2}' '{"b":3,"\u0061":4}' '{"c":1}' '{"b":1}' >in
	profile-fields <in >out 2>/dev/null
	[ "$(jq -c '[.field, .filled]' out | tr '\n' ' ')" = '["a",2] ["b",3] ["c",1] ' ]
}

@test "no records make no lines, but those of listed fields" {
	: >in
	profile-fields --list tags:, <in >out 2>/dev/null
	[ "$(jq -c '[.field, .filled, .values]' out)" = '["tags",0,[]]' ]
}

@test "more field names than records of one module have are 65" {
	seq 10001 | sed 's/.*/{"f&":1}/' >in
	run -65 bash -c 'profile-fields <in'
	[[ $output = *"more than 10000 different field names"* ]]
}

@test "a full disk is 74" {
	echo '{"a":1}' >in
	run -74 bash -c 'profile-fields <in >/dev/full'
}

@test "--help and --version answer on stdout; a wrong option is 64" {
	run -0 --separate-stderr profile-fields --help
	[[ $output = usage:* ]]
	[ "$stderr" = "" ]
	run -0 profile-fields --version
	run -64 profile-fields --nope
	run -64 profile-fields --list tags:
	run -64 profile-fields --list tags:,,
	run -64 profile-fields --list :,
	run -64 profile-fields file
}

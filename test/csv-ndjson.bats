# csv-ndjson: an export with display labels to records with the API's names

load helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$fixtures/csv-ndjson" || return
	out=$BATS_TEST_TMPDIR
}

contact() { csv-ndjson --fields field.ndjson --module contact "$@"; }

# said TEXT: the last run ended so on standard error.
said() { [[ $stderr == *"$1"* ]] || { echo "$stderr"; false; }; }

@test "labels are those of the field definitions: the field, a relation's name, id and e-mail; values stay texts" {
	run -0 --separate-stderr contact --rejects "$out/rejects" contact.csv
	diff contact.out.ndjson - <<<"$output"
	said '4 in, 2 out, 2 rejected'
}

@test "labels of a table go before: members of objects, lists in a cell, lists of objects over several columns" {
	csv-ndjson --map "$root/pipelines/labels/email.csv" --kind email email.csv >"$out/out"
	diff email.out.ndjson "$out/out"
	# A migration's own table before ours.
	printf '%s\n' label,field Subject,theme >"$out/own.csv"
	csv-ndjson --map "$out/own.csv" --map "$root/pipelines/labels/email.csv" --kind email email.csv >"$out/out"
	[ "$(jq -r .theme "$out/out" | head -n 1)" = 'Re: "berth"' ]
	# A blank field leaves the column out.
	printf '%s\n' label,field Subject, >"$out/own.csv"
	[ "$(csv-ndjson --map "$out/own.csv" --map "$root/pipelines/labels/email.csv" email.csv | jq -c 'has("subject")' | sort -u)" = false ]
}

@test "rows with another number of cells than the header are set aside with their cells, or end the run" {
	contact --rejects "$out/rejects" contact.csv >/dev/null
	[ "$(jq -c '[._cells[0], ._error.line, ._error.code, ._error.message]' "$out/rejects")" = \
		'["5",6,"bad-row","2 cells, but the header has 7"]
["6",7,"bad-row","9 cells, but the header has 7"]' ]
	run -65 --separate-stderr contact contact.csv
	said 'contact.csv:6: bad-row'
}

@test "byte order mark, CR LF, blank lines, other delimiters and separators" {
	printf '\xef\xbb\xbfId;B\r\n\r\n1;"x;\r\ny"\r\n' | csv-ndjson --keep --delimiter ';' >"$out/out"
	[ "$(cat "$out/out")" = '{"Id":"1","B":"x;\r\ny"}' ]
	[ "$(printf 'Id\tB\n1\t2\n' | csv-ndjson --keep --delimiter tab)" = '{"Id":"1","B":"2"}' ]
	printf '%s\n' label,field 'L,tags[]' >"$out/map.csv"
	[ "$(printf 'L\n a|| b \n' | csv-ndjson --map "$out/map.csv" --separator '|')" = '{"tags":["a","b"]}' ]
}

@test "a header that means nothing, two fields or the same field twice is named, and nothing is written" {
	run -78 --separate-stderr contact <<<$'Id,Shoe Size\n1,2'
	said 'stdin:1: '
	said 'Shoe Size'
	[ -z "$output" ]
	run -78 --separate-stderr contact <<<$'Vip\n1'
	said 'Vip means checkboxCustomField1 and checkboxCustomField2'
	run -78 --separate-stderr contact <<<$'Id,id\n1,2'
	said 'are the same field'
	[ "$(contact --keep 2>/dev/null <<<$'Id,Shoe Size\n1,2')" = '{"id":"1","Shoe Size":"2"}' ]
}

@test "what is no CSV is said with the line where it begins" {
	run -65 --separate-stderr csv-ndjson --keep <<<$'Id\n1\n"a\nb\nc'
	said 'stdin:3: a quote opened in this row is not closed'
	run -65 --separate-stderr csv-ndjson --keep <<<$'Id\na"b'
	said 'stdin:2: a quote in the wrong place'
	run -65 --separate-stderr csv-ndjson --keep < <(printf 'Id\n\xff\n')
	said 'stdin:2: byte 0xff is not UTF-8'
	run -65 --separate-stderr csv-ndjson --keep < <(printf '\xff\xfeI\0')
	said 'UTF-16'
	run -65 --separate-stderr csv-ndjson --keep </dev/null
	said 'empty; its first line must name the columns'
	[ "$(csv-ndjson --keep 2>&1 <<<Id)" = 'csv-ndjson: 0 in, 0 out, 0 rejected' ]
}

@test "a cell of megabytes goes through, and memory does not grow with rows" {
	{ echo Id,Text; echo "1,$(head -c 5000000 /dev/zero | tr '\0' x)"; seq -f '%.0f,y' 200000; } >"$out/in"
	"${CC:-cc}" -O1 -o "$out/peak" "$root/test/peak.c"
	"$out/peak" "$out/peaks" "$BIN/csv-ndjson" --keep "$out/in" >"$out/out"
	# Sanitizers hold memory back: the figure says nothing then.
	[[ ${BIN_DIR:-} == *san* ]] || [ "$(cut -d' ' -f2 "$out/peaks")" -lt 40000 ]
	[ "$(wc -l <"$out/out")" = 200001 ]
	[ "$(head -n 1 "$out/out" | jq '.Text | length')" = 5000000 ]
}

@test "every label table of pipelines/labels gives what the chain's objects read" {
	for pair in email:sentAt call:startedAt deal_product:productId smart_flow:name smart_flow_enrollment:enrolledAt team:name \
		team_inbox_conversation:createdAt team_inbox_message:sentAt; do
		table=$root/pipelines/labels/${pair%:*}.csv
		sed 1d "$table" | cut -d, -f2 | grep -q -x "${pair#*:}"
		# A header of the first label of each field is understood.
		sed 1d "$table" | awk -F, '!seen[$2]++ { printf "%s%s", sep, $1; sep = "," } END { print "" }' >"$out/in"
		run -0 --separate-stderr csv-ndjson --map "$table" "$out/in"
	done
}

@test "missing files are 66, a full disk 74, --help and --version answer, a wrong option is 64" {
	run -66 --separate-stderr csv-ndjson --keep nosuch.csv
	run -66 --separate-stderr csv-ndjson --map nosuch.csv email.csv
	run -74 --separate-stderr sh -c "csv-ndjson --keep email.csv >/dev/full"
	run -0 csv-ndjson --help
	[[ $output == *'Example:'* ]]
	run -0 csv-ndjson --version
	run -64 --separate-stderr csv-ndjson --nosuch
	run -64 --separate-stderr csv-ndjson email.csv
}

#!/usr/bin/env bats
load helper

dir=$fixtures/map-fields

setup() { cd "$BATS_TEST_TMPDIR"; }

# map ROW...: the file map.csv with these rows after the usual first two.
map() {
	printf '%s\n' target,from,source,when,convert,choices,misfit,blank,score,reason _table,const,thing _module,const,widget "$@" >map.csv
}

# mapped MEMBERS...: one record for each, through map.csv; rows to out, rejects to rejects.
mapped() {
	local members i=0
	for members; do
		i=$((i + 1))
		echo "{\"id\":$i${members:+,$members},\"_ref\":{\"self\":{\"table\":\"thing\",\"id\":\"00000000-0000-8000-8000-00000000000$i\",\"how\":\"new\"}}}"
	done >in
	map-fields --map map.csv --metadata "$dir/metadata.ndjson" --choices "$dir/choices.csv" --rejects rejects <in >out 2>err
}

# values COLUMN: what the rows hold, one a line, as JSON stands in them; "-" where the column is left out.
values() {
	local line
	while read -r line; do
		case $line in
		*"\"$1\":"*) line=${line#*"\"$1\":"}; line=${line%\}}; echo "${line%%,\"*}" ;;
		*) echo - ;;
		esac
	done <out
}

codes() { jq -r '._error | "\(.code) \(.field)"' rejects; }

# Findings of a bad map: exit 78 and the text.
refused() {
	run -78 map-fields --check --map map.csv --metadata "$dir/metadata.ndjson" --choices "$dir/choices.csv"
	[[ $output == *"$1"* ]] || { echo "$output"; return 1; }
}

# --- the filter

@test "a record becomes a row, and each that does not fit is set aside with every finding" {
	golden map-fields golden --map "$dir/golden.csv" --choices "$dir/choices.csv" --metadata "$dir/metadata.ndjson"
}

@test "rejects that were mended are taken again without their old _error" {
	golden map-fields golden --map "$dir/golden.csv" --choices "$dir/choices.csv" --metadata "$dir/metadata.ndjson"
	head -n 1 rejects | jq -c '.title = "short" | .price = "1" | .count = 1 | .on = 1 | .made = 0 | .hue = "red" | .maker = null' >mended
	map-fields --map "$dir/golden.csv" --choices "$dir/choices.csv" --metadata "$dir/metadata.ndjson" --rejects again <mended >row
	[ "$(jq -r .name row)" = short ]
	[ ! -s again ]
}

@test "empty input gives empty output" {
	run -0 --separate-stderr map-fields --map "$dir/golden.csv" --choices "$dir/choices.csv" --metadata "$dir/metadata.ndjson" </dev/null
	[ "$output" = "" ]
	[ "$stderr" = "map-fields: 0 in, 0 out, 0 rejected" ]
}

@test "without --rejects the first bad record ends the run and names line and reason" {
	run -65 --separate-stderr map-fields --map "$dir/golden.csv" --choices "$dir/choices.csv" --metadata "$dir/metadata.ndjson" <<<nope
	[[ $stderr == *stdin:1:*bad-json* ]]
	run -65 --separate-stderr map-fields --map "$dir/golden.csv" --choices "$dir/choices.csv" --metadata "$dir/metadata.ndjson" <"$dir/golden.in.ndjson"
	[[ $stderr == *stdin:4:*too-long*title* ]]
}

@test "a full disk is an error, not a short file" {
	map name,field,title
	mapped '"title":"a"'
	run -74 bash -c "map-fields --map map.csv --metadata '$dir/metadata.ndjson' <in >/dev/full"
	run -74 bash -c "map-fields --map map.csv --metadata '$dir/metadata.ndjson' --coverage /dev/full <in >/dev/null"
	run -74 bash -c "map-fields --map map.csv --metadata '$dir/metadata.ndjson' --rejects /dev/full <<<'{}' >/dev/null"
}

@test "input that cannot be read is an error" {
	run -74 bash -c "map-fields --map '$dir/golden.csv' --choices '$dir/choices.csv' --metadata '$dir/metadata.ndjson' </"
}

@test "--help and --version answer on stdout, wrong options are a usage error" {
	run -0 --separate-stderr map-fields --help
	[[ $output == usage:* && $stderr == "" ]]
	run -0 map-fields --version
	run -64 map-fields --nonsense
	run -64 map-fields --map "$dir/golden.csv"
	run -64 map-fields --map "$dir/golden.csv" --metadata m extra
	run -66 map-fields --map nowhere.csv --metadata "$dir/metadata.ndjson"
}

@test "output and rejects do not depend on locale and time zone" {
	golden map-fields golden --map "$dir/golden.csv" --choices "$dir/choices.csv" --metadata "$dir/metadata.ndjson"
	LC_ALL=C.UTF-8 TZ=Asia/Kolkata map-fields --map "$dir/golden.csv" --choices "$dir/choices.csv" --metadata "$dir/metadata.ndjson" \
		--rejects other <"$dir/golden.in.ndjson" | cmp - out
	cmp rejects other
}

# --- ids, hashes, references

@test "the source hash is that of the line as it was extracted, whatever _ members were added" {
	map name,field,title
	mapped '"title":"a"'
	one=$(jq -r ._source.hash out)
	sed 's/"_ref"/"_split":{"to":"x"},"_ref"/; s/}$/,"_error":{}}/' in >again
	map-fields --map map.csv --metadata "$dir/metadata.ndjson" <again | jq -r ._source.hash >hash
	[ "$(cat hash)" = "$one" ]
	mapped '"title":"b"'
	[ "$(jq -r ._source.hash out)" != "$one" ]
}

@test "_map is the hash of the map's bytes and then the choices', and --print-hash prints it" {
	want=$(cat "$dir/golden.csv" "$dir/choices.csv" | sha256sum | cut -d' ' -f1)
	run -0 map-fields --print-hash --map "$dir/golden.csv" --choices "$dir/choices.csv"
	[ "$output" = "$want" ]
	[ "$(map-fields --map "$dir/golden.csv" --choices "$dir/choices.csv" --metadata "$dir/metadata.ndjson" --rejects r <"$dir/golden.in.ndjson" | jq -r ._map | sort -u)" = "$want" ]
	[ "$(map-fields --print-hash --map "$dir/golden.csv")" = "$(sha256sum <"$dir/golden.csv" | cut -d' ' -f1)" ]
}

@test "ids and whole numbers beyond 2^53 keep their digits" {
	map serial,field,n other,field,n
	mapped '"n":9007199254740993' '"n":"-9223372036854775808"' '"n":9223372036854775808'
	[ "$(values serial)" = $'9007199254740993\n-9223372036854775808' ]
	[ "$(values other)" = $'"9007199254740993"\n"-9223372036854775808"' ]
	[ "$(codes)" = "out-of-range n" ]
}

@test "a row that was there before carries the map's policy, and leave when it names none" {
	echo '{"id":1,"_ref":{"self":{"table":"thing","id":"00000000-0000-8000-8000-000000000001","how":"matched"}}}' >in
	map _match,const,overwrite
	run -0 --separate-stderr map-fields --map map.csv --metadata "$dir/metadata.ndjson" <in
	[[ $output == *'"_how":"matched","_match":"overwrite"'* ]]
	map
	run -0 --separate-stderr map-fields --map map.csv --metadata "$dir/metadata.ndjson" <in
	[[ $output == *'"_match":"leave"'* ]]
}

@test "a record of another table is refused, and a link to a table the column cannot hold" {
	map parentid,ref,parent
	echo '{"id":1,"_ref":{"self":{"table":"account","id":"00000000-0000-8000-8000-000000000001"}}}' >in
	echo '{"id":2,"_ref":{"self":{"table":"thing","id":"00000000-0000-8000-8000-000000000002"},"parent":{"table":"contact","id":"x"}}}' >>in
	map-fields --map map.csv --metadata "$dir/metadata.ndjson" --rejects rejects <in >out
	[ "$(codes)" = $'wrong-type _ref\nwrong-type parent' ]
	[ ! -s out ]
}

@test "a link that the map wants and the record lacks is a missing reference" {
	map parentid,ref,parent/account,,,,,reject
	mapped ''
	[ "$(codes)" = "missing-reference parent" ]
}

# --- values

@test "money and decimals are copied digit by digit, trailing zeros cut, and never rounded" {
	map rate,field,n
	mapped '"n":"12500.5000"' '"n":"0012.0"' '"n":-0.0' '"n":"123456789012345.6789"' '"n":0.1' '"n":" 7 "'
	[ "$(values rate)" = $'12500.5\n12\n0\n123456789012345.6789\n0.1\n7' ]
	mapped '"n":"0.12345"' '"n":"1000000000000000.0001"' '"n":"-0.0001"'
	[ "$(codes)" = $'out-of-range n\nout-of-range n\nout-of-range n' ]
}

@test "what is no plain number is refused" {
	map amount,field,n
	mapped '"n":"+5"' '"n":"1e3"' '"n":1e3' '"n":"1,250.00"' '"n":"€ 900"' '"n":"."' '"n":"5."' '"n":"0x1"' '"n":true'
	[ "$(codes | sort -u)" = "bad-number n" ]
	[ "$(wc -l <rejects)" -eq 9 ]
}

@test "bounds count to the last digit, also when the metadata writes them with an exponent" {
	map amount,field,n
	mapped '"n":"1000000.00"' '"n":"1000000.01"' '"n":"-100.5"' '"n":-100.51'
	[ "$(values amount)" = $'1000000\n-100.5' ]
	[ "$(codes)" = $'out-of-range n\nout-of-range n' ]
}

@test "whole-number columns take no fraction but zeros" {
	map pieces,field,n
	mapped '"n":"12.00"' '"n":12.5' '"n":-1'
	[ "$(values pieces)" = 12 ]
	[ "$(codes)" = $'bad-number n\nout-of-range n' ]
}

@test "every source form of a date becomes UTC" {
	map moment,field,d
	mapped '"d":1488371901' '"d":1488371901000' '"d":"1488371901"' '"d":"2017-03-01"' '"d":"2017-03-01T12:38:21.999Z"' \
		'"d":"2017-07-19T03:58:02+05:30"' '"d":"2017-03-01 12:38"' '"d":"Mar 04, 2021 10:15 AM"' '"d":"Sep 14, 2017 17:56 PM"'
	[ "$(values moment)" = '"2017-03-01T12:38:21Z"
"2017-03-01T12:38:21Z"
"2017-03-01T12:38:21Z"
"2017-03-01T00:00:00Z"
"2017-03-01T12:38:21Z"
"2017-07-18T22:28:02Z"
"2017-03-01T12:38:00Z"
"2021-03-04T10:15:00Z"
"2017-09-14T17:56:00Z"' ]
	mapped '"d":"Mar 04, 2021 12:00 AM"' '"d":"Mar 04, 2021 12:30 PM"' '"d":-514512000000' '"d":-527040000' '"d":0' '"d":"2016-02-29"' '"d":"June 4, 1951"' '"d":"2017-03-01T23:30:00-02"'
	[ "$(values moment)" = '"2021-03-04T00:00:00Z"
"2021-03-04T12:30:00Z"
"1953-09-12T00:00:00Z"
"1953-04-20T00:00:00Z"
"1970-01-01T00:00:00Z"
"2016-02-29T00:00:00Z"
"1951-06-04T00:00:00Z"
"2017-03-02T01:30:00Z"' ]
}

@test "days that do not exist, unknown forms and years out of range are refused" {
	map moment,field,d
	mapped '"d":"Feb 30, 2017 10:15 AM"' '"d":"2017-02-29"' '"d":"0000-00-00"' '"d":"N/A"' '"d":"2017-03-01T25:00:00Z"' '"d":"03/04/2017"' '"d":"1752-12-31"' '"d":"20170301"' '"d":1.5'
	[ "$(codes | sort | uniq -c | tr -s ' ')" = ' 9 bad-date d' ]
	mapped '"d":"1753-01-01"' '"d":"9999-12-31T23:59:59Z"' '"d":"9999-12-31T23:59:59-01:00"'
	[ "$(values moment)" = $'"1753-01-01T00:00:00Z"\n"9999-12-31T23:59:59Z"' ]
}

@test "a date column is written as its behaviour says" {
	map day,field,d dayish,field,d zoneless,field,d
	mapped '"d":"2017-03-01T23:30:00-02:00"'
	[ "$(values day) $(values dayish) $(values zoneless)" = '"2017-03-02" "2017-03-02T01:30:00Z" "2017-03-02T01:30:00Z"' ]
}

@test "yes and no come as 0, 1, true, false and can be turned round" {
	map active,field,b
	mapped '"b":0' '"b":1' '"b":true' '"b":"false"' '"b":"1"' '"b":""' '"b":2' '"b":"yes"'
	[ "$(values active)" = $'false\ntrue\ntrue\nfalse\ntrue\n-' ]
	[ "$(codes)" = $'bad-boolean b\nbad-boolean b' ]
	map active,field,b,,not
	mapped '"b":0' '"b":"true"'
	[ "$(values active)" = $'true\nfalse' ]
	map active,field,b,,choice,flag
	mapped '"b":"yes"' '"b":"no"'
	[ "$(values active)" = $'true\nfalse' ]
}

@test "choices match exactly, and a text without option is rejected with the near ones" {
	map color,field,c,,choice,color
	mapped '"c":"red"' '"c":"grün"' '"c":"gr\u00fcn"' '"c":"Red"' '"c":"red "'
	[ "$(values color)" = $'1\n2\n2' ]
	[ "$(codes)" = $'no-option c\nno-option c' ]
	[[ $(head -n 1 rejects | jq -r ._error.message) == *'near: "red"'* ]]
}

@test "several choices become their numbers, once each" {
	map colors,field,c,,multichoice,colors
	mapped '"c":"green,red"' '"c":" red , red,,"' '"c":","' '"c":"red,blue"'
	[ "$(values colors)" = $'"2,1"\n"1"\nnull' ]
	[ "$(codes)" = "no-option c" ]
}

@test "lengths count UTF-16 units, in any spelling" {
	map name,field,t
	mapped '"t":"0123456789"' '"t":"😀😀😀😀😀"' '"t":"\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00"' '"t":"üüüüüüüüüü"' '"t":"😀😀😀😀😀x"' '"t":"01234567890"'
	[ "$(wc -l <out)" -eq 4 ]
	[ "$(codes)" = $'too-long t\ntoo-long t' ]
}

@test "characters that the target refuses are found in any spelling; tab and line ends are text" {
	map other,field,t
	mapped '"t":"a\u0001"' '"t":"a\u000b"' '"t":"\u0000"' '"t":"a\u007f"' '"t":"a'$'\x7f''"' '"t":"a\ufffe"' '"t":"a'$'\xef\xbf\xbf''"' '"t":"a\tb\r\n\u0009\u2028"'
	[ "$(codes | sort | uniq -c | tr -s ' ')" = ' 7 bad-character t' ]
	[ "$(wc -l <out)" -eq 1 ]
}

@test "blank is null, absent, empty, white space, {}, [] and an object of nulls" {
	map name,field,t,,,,,default:none
	mapped '' '"t":null' '"t":""' '"t":" \t\u00a0\u2003"' '"t":{}' '"t":{"id":null,"name":null}' '"t":[]' '"t":0'
	[ "$(values name)" = $'"none"\n"none"\n"none"\n"none"\n"none"\n"none"\n"none"\n"0"' ]
}

@test "of several rows with one target the first that gives a value counts, and conditions are kept" {
	map name,field,a,kind=x 'name,field,b,"kind=y|z"' 'name,field,c,kind='
	mapped '"kind":"x","a":"A","b":"B"' '"kind":"z","a":"A","b":"B"' '"kind":"q","a":"A","b":"B"' '"kind":" ","c":"C"'
	[ "$(values name)" = $'"A"\n"B"\n-\n"C"' ]
}

@test "a blank rule counts only where its row's condition holds" {
	map name,field,a 'name,field,b,kind=x,,,,reject'
	mapped '"kind":"x"' '"kind":"y"' '"kind":"x","b":"B"'
	[ "$(codes)" = "required b" ]
	[ "$(values name)" = $'-\n"B"' ]
}

@test "misfit: reject, null, default, and truncate that keeps the original" {
	map name,field,t,,,,null
	mapped '"t":"far too long"'
	[ "$(values name)" = null ]
	map pieces,field,t,,,,default:7
	mapped '"t":"many"'
	[ "$(values pieces)" = 7 ]
	map name,field,t,,,,truncate:notes notes,field,n pieces,field,p
	mapped '"t":"123456789😀","n":"see \"below\"","p":1' '"t":"short","n":"as it is"' '"t":"12345678901"' '"t":"a\u0001 bad one"' \
		'"t":"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789"'
	[ "$(values name | head -n 1)" = '"123456789"' ]
	[ "$(values notes)" = '"see \"below\"\nname: 123456789😀"
"as it is"
"name: 12345678901"' ]
	[[ $(head -n 1 out) == *'"pieces":1,"notes":'* ]]
	[ "$(codes)" = $'bad-character t\ntoo-long truncated originals' ]
}

@test "join leaves blank parts out and refuses objects" {
	map 'other,join,""" - "" a b.c d"'
	mapped '"a":"x","b":{"c":2},"d":"\"y\""' '"a":" ","b":null,"d":"z"' '' '"a":{"q":1}'
	[ "$(values other)" = $'"x - 2 - \\"y\\""\n"z"\n-' ]
	[ "$(codes)" = "wrong-type a" ]
}

@test "text takes objects as their JSON, trim takes white space off both ends" {
	map other,field,t,,text
	mapped '"t":{"a":[1,"x"]}' '"t":"plain"'
	[ "$(values other)" = $'"{\\"a\\":[1,\\"x\\"]}"\n"plain"' ]
	map name,field,t,,trim
	mapped '"t":"  in side\t"' '"t":"\u00a0x\u2003"' '"t":"'$'\xc2\xa0''ü "'
	[ "$(values name)" = $'"in side"\n"x"\n"ü"' ]
}

@test "_only leaves records out, listed in the skipped file, and _check judges without writing" {
	map _only,field,flag,,choice,keep _check,field,hue,,choice,color name,field,t
	cat "$dir/choices.csv" - >c.csv <<<$'keep,1,yes\nkeep,0,no'
	mapped '"flag":1,"t":"a","hue":"red"' '"flag":0,"t":"far too long a text"' '"flag":1,"hue":"blue"' || :
	run -64 map-fields --map map.csv --metadata "$dir/metadata.ndjson" --choices c.csv <in
	run -0 --separate-stderr map-fields --map map.csv --metadata "$dir/metadata.ndjson" --choices c.csv --rejects rejects --skipped skipped <in
	[ "$stderr" = "map-fields: 3 in, 1 out, 1 rejected, 1 skipped" ]
	[[ $output == *'"name":"a"}' && $output != *hue* && $output != *_check* ]]
	[ "$(codes)" = "no-option hue" ]
	[ "$(jq -r '"\(.id) \(._error.code)"' skipped)" = "2 skipped" ]
}

@test "_action, _status and _how are members of the row and not columns" {
	map _how,const,update '_action,const,WinOpportunity,s=Won' '_action,const,LoseOpportunity' '_status,const,3,s=Won' _status,const,4
	mapped '"s":"Won"' '"s":"Lost"'
	[ "$(jq -c '[._how, ._action, ._status]' out)" = $'["update","WinOpportunity",3]\n["update","LoseOpportunity",4]' ]
}

# --- jq

@test "an expression gets the fields it names, numbers as text, and its errors are rejects" {
	map 'other,jq,"""\(.id)/\(.n)"""' 'ratio,jq,.n | tonumber / 2'
	mapped '"n":12.50' '"n":"x"'
	[ "$(values other)" = '"1/12.50"' ]
	[ "$(values ratio)" = 6.25 ]
	[ "$(codes)" = "wrong-type n" ]
	map 'name,jq,"[.a | .. | strings] | join(""+"")"'
	mapped '"a":{"b":"x","c":[1,"y"]}'
	[ "$(values name)" = '"x+1+y"' ]
}

@test "a map has rules of its own: what breaks one is rejected with the map's words" {
	map 'name,field,t' '_check,jq,"if .a == .b then error({check: ""a and b are the same""}) else null end"'
	mapped '"t":"x","a":1,"b":2' '"t":"y","a":3,"b":3'
	[ "$(jq -c '[.name, has("_check")]' out)" = '["x",false]' ]
	[ "$(jq -r '._error | "\(.code): \(.message)"' rejects)" = 'check: a+b -> _check: a and b are the same' ]
}

@test "an expression that gives nothing is blank, one that gives several values is refused" {
	map 'name,jq,.t // empty,,,,,default:none'
	mapped '' '"t":"x"'
	[ "$(values name)" = $'"none"\n"x"' ]
	map 'name,jq,"(.t,.t)"'
	mapped '"t":"x"'
	[ "$(codes)" = "wrong-type t" ]
}

@test "expressions that do not compile or reach outside the record are refused" {
	map 'name,jq,.a |'
	refused 'map.csv:4: name: source: '
	map 'name,jq,now | todate'
	refused 'now: a map'
	map 'name,jq,env.HOME'
	refused 'env: a map'
	map 'name,jq,input'
	refused 'input: a map'
	map 'name,jq,.now'
	run -0 map-fields --check --map map.csv --metadata "$dir/metadata.ndjson"
}

@test "plain forms agree with jq" {
	RECORDS=300
	"${CC:-cc}" -O1 -o generate "$root/test/bench/generate.c"
	./generate "$RECORDS" >in
	for t in contact account systemuser team transactioncurrency; do cat "$fixtures/metadata/$t.ndjson"; done >meta
	map-fields --map "$root/test/bench/contact.csv" --choices "$root/test/bench/choices.csv" --metadata meta --rejects rejects <in >out
	[ ! -s rejects ]
	jq -cS 'del(._source.hash, ._map)' out >ours
	jq -cS -f "$root/test/bench/contact.jq" in | diff - ours
}

# --- the map against the metadata

@test "every finding is listed, with file, line, cell and the nearest name" {
	map nmae,field,t statecode,field,s createdon,field,s thingid,field,id pieces,field,n,,trim parentid,ref,parent/contact name,ref,parent \
		color,field,c color,field,c,,choice,bad picture,field,p name,const,0123456789x amount,field,a,,,,default:x
	run -78 map-fields --check --map map.csv --metadata "$dir/metadata.ndjson" --choices "$dir/choices.csv"
	[[ $output == *' findings; nothing was mapped' ]]
	[[ $output == *'map.csv:4: nmae: target: table thing has no column nmae; near: name'* ]]
	[[ $output == *'map.csv:5: statecode: target: not valid for create'* ]]
	[[ $output == *'map.csv:7: thingid: target: the primary key'* ]]
	[[ $output == *'map.csv:8: pieces: convert: trim'* ]]
	[[ $output == *'parentid cannot point to table contact; it points to: account, thing'* ]]
	[[ $output == *'name is a column of type String'* ]]
	[[ $output == *'color: convert: a choice column wants choice'* ]]
	[[ $output == *'"red" becomes "9", but'* ]]
	[[ $output == *'default "x" does not fit'* ]]
}

@test "constants, conditions, words and choice tables of a map are checked" {
	map name,const,0123456789x
	refused 'name: source: "0123456789x" does not fit'
	map name,field,t,status
	refused 'when: "status" is no condition'
	map name,fields,t
	refused '"fields" is none of: field join ref const jq party file drop'
	map name,field,t,,upper
	refused 'convert: "upper" is none of'
	map name,field,t,,,,keep
	refused 'misfit: "keep" is none of'
	map color,field,t,,choice,nowhere
	refused 'has the column nowhere'
	map color,field,t,,choice
	refused 'name a column of the choices file'
	map name,field,t,,,,truncate:amount
	refused 'needs a text column'
	map pieces,field,t,,,,truncate:notes
	refused 'only text'
	map parentid,ref,parent/territory
	refused 'no entity set for territory'
	map parentid,field,t
	refused 'a lookup is filled from ref'
	map colors,field,t
	refused 'wants multichoice'
	map name,field,t ,drop,t,,,,,,,why ,drop,u
	refused 't is mapped as well'
	refused 'a drop row wants its reason'
	map _match,const,sometimes
	refused 'none of fill, overwrite, leave'
	printf '%s\n' target,from,source,convrt _module,const,x >map.csv
	refused 'convrt: a map has no such column'
	refused 'no row _table'
}

@test "a damaged CSV names file and line" {
	printf 'target,from,source\nname,field,"a"b"\n' >map.csv
	run -65 map-fields --check --map map.csv --metadata "$dir/metadata.ndjson"
	[[ $output == *map.csv:2:* ]]
	printf 'target,from,source\nname,field,a\nname,field,a,b\n' >map.csv
	run -65 map-fields --check --map map.csv --metadata "$dir/metadata.ndjson"
	[[ $output == *'map.csv:3: 4 cells, but the header has 3'* ]]
	printf 'target,from,source\nname,field,\xff\n' >map.csv
	run -65 map-fields --check --map map.csv --metadata "$dir/metadata.ndjson"
	[[ $output == *'map.csv:2: byte 0xff is not UTF-8'* ]]
	printf 'target,from\n' >map.csv
	run -78 map-fields --check --map map.csv --metadata "$dir/metadata.ndjson"
	[[ $output == *'no column source; it has: target, from'* ]]
}

@test "a map may have a BOM, CR LF and cells over several lines" {
	map name,field,t 'other,const,"two
lines"' amount,field,nonsense,,upper
	sed '1s/^/\xef\xbb\xbf/; s/$/\r/' map.csv >crlf && mv crlf map.csv
	refused 'map.csv:7: convert: "upper"'
}

@test "--print-columns lists what may be written" {
	map name,field,t,,,,truncate:notes pieces,field,n pieces,field,m _check,field,x
	run -0 map-fields --print-columns --map map.csv
	[ "$output" = name,pieces,notes ]
}

@test "coverage tells what became of every field, and names those the map does not know" {
	map name,field,t,,,,null parentid,ref,parent other,field,maker.name,kind=a ',drop,*Custom*,,,,,,,later' ',drop,gone,,,,,,,not wanted'
	mapped '"t":"x","maker":{"name":"m"},"kind":"a","textCustom1":"v","new":1' '"t":"much too long","textCustom1":"","parent":{"id":1},"new":null'
	map-fields --map map.csv --metadata "$dir/metadata.ndjson" --coverage coverage <in >/dev/null
	diff - coverage <<-END
	{"field":"t","fate":"mapped","mapped":["name"],"values":2,"lost":1}
	{"field":"maker","fate":"mapped","mapped":["other"],"values":1,"lost":0}
	{"field":"kind","fate":"condition","values":1,"lost":0}
	{"field":"gone","fate":"dropped","reason":"not wanted","values":0,"lost":0}
	{"field":"id","fate":"mapped","mapped":["_source.id"],"values":2,"lost":0}
	{"field":"textCustom1","fate":"dropped","reason":"later","values":1,"lost":1}
	{"field":"new","fate":"unknown","reason":"the map does not name it","values":1,"lost":1}
	{"field":"parent","fate":"mapped","mapped":["parentid"],"values":1,"lost":0}
	END
}

# --- activity parties, files, HTML

# stock TABLE...: their stock metadata, as stock.ndjson.
stock() {
	local table
	for table; do cat "$fixtures/metadata/$table.ndjson"; done >stock.ndjson
}

# unfit FINDING: the map is refused against stock.ndjson with this finding.
unfit() {
	run -78 map-fields --check --map map.csv --metadata stock.ndjson
	[[ $output == *"$1"* ]] || { echo "$output"; return 1; }
}

# activity TABLE ROW...: the file map.csv for this table.
activity() {
	printf '%s\n' target,from,source,when,convert,choices,misfit,blank,score,reason "_table,const,$1" _module,const,x "${@:2}" >map.csv
}

@test "parties are rows or plain addresses in their roles, nobody twice, and one that cannot be a party is refused" {
	stock email activityparty contact lead account opportunity queue systemuser
	golden map-fields email --map "$dir/email.csv" --metadata stock.ndjson
}

@test "HTML is made safe or text, and a file becomes the row's _file" {
	golden map-fields note --map "$dir/note.csv" --metadata "$fixtures/metadata/annotation.ndjson"
}

@test "a party that cannot be one is left out by misfit null, and counted" {
	stock email activityparty contact systemuser
	activity email email_activity_parties,party,'to to=toEmails',,,,null
	echo '{"id":1,"toEmails":["x"],"_ref":{"self":{"table":"email","id":"00000000-0000-8000-8000-000000000001","how":"new"},
		"to":[{"table":"lead","id":"00000000-0000-8000-8000-000000000002","how":"new"},{"value":"a@b.example"}]}}' | tr -d '\n\t' |
		map-fields --map map.csv --metadata stock.ndjson --coverage coverage >out
	[ "$(jq -c .email_activity_parties out)" = '[{"participationtypemask":2,"addressused":"a@b.example"}]' ]
	[ "$(jq -c 'select(.field == "toEmails")' coverage)" = \
		'{"field":"toEmails","fate":"mapped","mapped":["email_activity_parties"],"values":1,"lost":1}' ]
}

@test "party targets are checked: collection, roles of the activity, tables, metadata" {
	stock appointment activityparty contact systemuser
	activity appointment 'appointment_activity_parties,party,required attendees/contact' 'appointment_activity_parties,party,optional guests' \
		'appointment_activity_parties,party,organizer owner/systemuser'
	map-fields --check --map map.csv --metadata stock.ndjson
	[ "$(map-fields --print-columns --map map.csv)" = "" ]
	activity appointment appointment_activity_parties,party,'to owner'
	unfit 'takes no party of this role; it takes: required optional organizer'
	activity appointment appointment_activity_parties,party,'host owner'
	unfit '"host" is none of: sender to cc bcc required optional organizer'
	activity appointment appointment_activity_parties,party,required
	unfit 'wants a role and the references'
	activity appointment email_activity_parties,party,'required owner'
	unfit 'no such collection of activity parties; it has appointment_activity_parties'
	activity appointment subject,party,'required owner'
	unfit 'no such collection'
	activity appointment appointment_activity_parties,party,'required owner/team'
	unfit 'a row of table team cannot be a party'
	activity appointment appointment_activity_parties,party,'required owner/lead'
	unfit 'no entity set for lead'
	activity appointment appointment_activity_parties,party,'required owner',,trim,,default:x,default:y
	unfit 'not converted'
	activity appointment appointment_activity_parties,party,'required owner',,,,default:x,default:y
	unfit 'can be rejected or left out'
	unfit 'no default value'
	activity appointment appointment_activity_parties,party,'required owner' appointment_activity_parties,field,x
	unfit 'must be from party'
	activity appointment appointment_activity_parties,field,x
	unfit 'no column appointment_activity_parties'
	activity appointment subject,field,x subject,party,'required owner'
	unfit 'must be from party, or none'
	activity appointment _how,const,update appointment_activity_parties,party,'required owner'
	unfit 'parties are written when a row is created'
	stock appointment contact
	activity appointment appointment_activity_parties,party,'required owner'
	unfit 'no columns partyid and addressused of activityparty'
	stock appointment activityparty
	unfit 'no table that a party can be'
	stock phonecall activityparty contact
	activity phonecall phonecall_activity_parties,party,'cc owner'
	unfit 'it takes: sender to'
	stock email activityparty contact
	activity email email_activity_parties,party,'required owner'
	unfit 'it takes: sender to cc bcc'
}

@test "file targets are checked: only the two columns that take bytes, one a row" {
	stock annotation
	activity annotation subject,field,s documentbody,file,file
	map-fields --check --map map.csv --metadata stock.ndjson
	[ "$(map-fields --print-columns --map map.csv)" = subject ]
	activity annotation notetext,file,file
	unfit "a file's bytes go to documentbody"
	activity annotation documentbody,file,file notetext,file,other
	unfit 'a row takes one file'
	activity annotation documentbody,file,file documentbody,field,other
	unfit 'must be from file'
	activity annotation documentbody,file,file,,html
	unfit 'not converted'
	activity annotation documentbody,file,file,,,,null
	unfit 'a file can only be rejected'
	stock activitymimeattachment
	activity activitymimeattachment body,file,file
	map-fields --check --map map.csv --metadata stock.ndjson
	stock account
	activity account description,file,file
	unfit "a file's bytes go to"
}

@test "a lookup of a table of the migration binds by the metadata's exact case" {
	stock email contact
	sed -n 's/"LogicalName":"regardingobjectid"/"LogicalName":"sm_contact"/; s/"Targets":\[[^]]*\]/"Targets":["contact"]/; /"sm_contact"/p' \
		"$fixtures/metadata/email.ndjson" >>stock.ndjson
	echo '{"_meta":"relationship","_table":"email","ReferencingEntity":"email","ReferencingAttribute":"sm_contact",
		"ReferencedEntity":"contact","ReferencingEntityNavigationPropertyName":"sm_Contact"}' | tr -d '\n\t' >>stock.ndjson
	activity email sm_contact,ref,contact
	map-fields --map map.csv --metadata stock.ndjson >out <<<'{"id":1,"_ref":{"self":{"table":"email","id":"00000000-0000-8000-8000-000000000001","how":"new"},"contact":{"table":"contact","id":"00000000-0000-8000-8000-000000000002","how":"new"}}}'
	[ "$(jq -r '."sm_Contact@odata.bind"' out)" = '/contacts(00000000-0000-8000-8000-000000000002)' ]
}

@test "html and plain are for text, and plain text that is none is blank" {
	map amount,field,t,,html
	refused 'trim, text, html and plain are for text columns'
	map notes,field,t,,plain,,,default:none 'other,jq,"""<p>"" + (.t // ""x"") + ""</p>""",,plain'
	mapped '"t":"<p>&nbsp;</p>"' '"t":"<b>x</b>"' '"t":"<img src=x>"'
	[ "$(values notes)" = $'"none"\n"x"\n"none"' ]
	[ "$(values other)" = $'-\n"x"\n-' ]
}

@test "HTML is cut between characters with its tags closed, and kept whole beside" {
	stock annotation
	activity annotation filename,field,note,,html,,truncate:notetext
	jq -nc '{id: 1, note: ("<p title=\"t\">" + "<b>" * 3 + "&amp;" * 60 + "<i>end</i></b></b></b></p>"),
		_ref: {self: {table: "annotation", id: "00000000-0000-8000-8000-000000000000", how: "new"}}}' >in
	map-fields --map map.csv --metadata stock.ndjson <in >out
	[ "$(jq -r .filename out)" = "<p title=\"t\"><b><b><b>$(printf '&amp;%.0s' {1..43})</b></b></b></p>" ]
	[ "$(jq -r .notetext out)" = "filename: <p title=\"t\"><b><b><b>$(printf '&amp;%.0s' {1..60})<i>end</i></b></b></b></p>" ]
}

@test "deep nesting, unclosed tags and large texts neither fail nor take long" {
	stock email
	activity email description,field,html,,html subject,field,html,,plain,,null
	local html
	for html in '"<div>" * 66000 + "end"' '("<b>" * 30000) + ("</i>" * 27000) + "end"' '("<a \"" * 50000) + "end"' \
		'("<a x=\"" * 33000) + ">end"' '("<!--" * 50000) + "end"' '("<title>" * 30000) + "end"' '("<ul><li>" * 25000) + "end"' \
		'("<table><tr><td>" * 13000) + "end"' '("<p>Grüße 😀 שלום <b>x</b> &amp; y" * 6000) + "end"'; do
		jq -nc "{id: 1, html: ($html), _ref: {self: {table: \"email\", id: \"00000000-0000-8000-8000-000000000000\", how: \"new\"}}}" >in
		timeout 20 map-fields --map map.csv --metadata stock.ndjson <in >out
		[[ $(jq -r .description out) == *end* ]] || { echo "lost: $html"; return 1; }
	done
}

@test "a condition may want any value" {
	map 'name,const,yes,t=*' name,const,no
	mapped '"t":"x"' '"t":" "' '"t":null' '"t":0' '"t":[]' '"t":["x"]' ''
	[ "$(values name)" = $'"yes"\n"no"\n"no"\n"yes"\n"no"\n"yes"\n"no"' ]
}

@test "members of other programs are sources, and no fields of the coverage" {
	map pieces,field,_order.place moment,field,_order.time name,field,title,_text=text
	echo '{"id":1,"title":"x","_text":"text","_order":{"time":"2017-03-01T12:38:21Z","place":3},"_ref":{"self":{"table":"thing","id":"00000000-0000-8000-8000-000000000001","how":"new"}}}' |
		map-fields --map map.csv --metadata "$dir/metadata.ndjson" --coverage coverage >out
	[ "$(jq -c '[.pieces, .moment, .name]' out)" = '[3,"2017-03-01T12:38:21Z","x"]' ]
	[ "$(jq -r .field coverage)" = $'title\nid' ]
}

@test "more than 150 choices are refused, or the first are taken and all kept as text" {
	local list i
	list=$(seq -s ', ' 1 151)
	{ printf 'column,source,target\n'; for i in {1..200}; do echo "tags,$i,$i"; done; } >choices.csv
	{ grep -v '"LogicalName":"colors"\|"LogicalName":"notes"' "$dir/metadata.ndjson"
		grep '"LogicalName":"notes"' "$dir/metadata.ndjson" | jq -c '.MaxLength = 2000'
		grep '"LogicalName":"colors"' "$dir/metadata.ndjson" | jq -c '.OptionSet.Options = [range(1; 201) | {Value: ., Label: {}}]'
	} >many.ndjson
	map colors,field,t,,multichoice,tags
	record() { jq -nc --arg t "$1" '{id: 1, t: $t, _ref: {self: {table: "thing", id: "00000000-0000-8000-8000-000000000001", how: "new"}}}'; }
	record "$list, 1 ,, 2" | map-fields --map map.csv --metadata many.ndjson --choices choices.csv --rejects rejects >out
	[ "$(jq -r '._error | .code + " " + .message' rejects)" = \
		'too-long t -> colors: 151 choices, the column takes 150; take some out, or let the map keep the first ones (misfit truncate:COLUMN)' ]
	map colors,field,t,,multichoice,tags,truncate:notes
	record "$list" | map-fields --map map.csv --metadata many.ndjson --choices choices.csv >out
	[ "$(jq -r .colors out)" = "$(seq -s , 1 150)" ]
	[ "$(jq -r .notes out)" = "colors: $list" ]
	record "$(seq -s , 1 150), 7 ,	8	, " | map-fields --map map.csv --metadata many.ndjson --choices choices.csv >out
	[ "$(jq -r .colors out)" = "$(seq -s , 1 150)" ]
	[ "$(jq -r .notes out)" = null ]
}

# --- the default maps

# The columns of pipelines/schema/ as lines of a metadata file.
# What an organisation's tables are with everything that pipelines/schema adds; asked of one once.
organisation() {
	local all=$BATS_FILE_TMPDIR/organisation
	if [ ! -e "$all" ]; then
		awk 'FNR > 1 || NR == 1' "$root"/pipelines/schema/*.csv >columns.csv
		jq -r -s --arg form schema -f "$root/pipelines/choices.jq" "$fixtures/demo/pipeline.ndjson" >options.csv
		awk 'FNR > 1' "$root"/pipelines/options/*.csv >>options.csv
		start dyn-sandbox dyn-sandbox --store store
		export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
		dyn-schema apply --columns columns.csv --options options.csv >made
		dyn-extract --metadata $(cut -d, -f1 columns.csv | sed 1d | sort -u) pricelevel uom uomschedule \
			opportunityclose opportunitysalesprocess systemuser team transactioncurrency activityparty activitymimeattachment >"$all.tmp"
		stop_servers
		cat "$root/pipelines/flow.ndjson" >>"$all.tmp"
		mv "$all.tmp" "$all"
	fi
	cp "$all" meta
	awk 'FNR > 1 || NR == 1' "$root"/pipelines/maps/choices*.csv >choices
	jq -r -s --arg form map -f "$root/pipelines/choices.jq" "$fixtures/demo/pipeline.ndjson" >>choices
}

@test "every default map fits the stock tables and the columns of pipelines/schema" {
	organisation
	# Those of process flows are made for each flow: TABLE stands for its table.
	maps=$(grep -l '^target,from,' "$root"/pipelines/maps/*.csv | xargs grep -L const,TABLE,)
	[ "$(wc -l <<<"$maps")" -gt 30 ]
	for m in $maps; do
		map-fields --check --map "$m" --choices choices --metadata meta
	done
}

@test "the default maps carry or drop by name every field of the reference's section 6" {
	organisation
	common='id owner createdAt createdBy lastModifiedAt lastModifiedBy isDeleted tags lastNote lastNoteAddedAt lastNoteAddedBy lastCommunicationAt lastCommunicationMode lastCommunicationBy textCustomField1'
	both='phone otherPhone website description currency billingAddressLine1 billingAddressLine2 billingCity billingState billingZipCode billingCountry skypeId linkedInHandle facebookHandle twitterHandle googlePlusHandle photo emailOptOut type name openDealCount openActivities totalActivities'
	contact='firstName lastName email mobile designation company imagePath library utmSource utmMedium utmCampaign utmTerm utmContent emailMessageCount clicksOfLastEmailCount closedActivities typeId'
	company='annualRevenue numberOfEmployees smsOptOut associatedContacts wonDealCount lostDealCount totalAmountOfOpenDeal totalAmountOfWonDeal totalAmountOfLostDeal typeId'
	deal='title primaryContact primaryCompany pipeline stage status dealValue currency estimatedCloseDate closedDate lostReason source priority description winProbability rottenDate isSplitted followers associatedProducts lastActivityAt lastActivityBy createdLatitude createdLongitude createdAddress statusId'
	for pair in "contact:$common $both $contact" "lead:$common $both $contact" "account:$common $both $company" "opportunity:$common $deal"; do
		m=${pair%%:*}
		for f in ${pair#*:}; do echo "$f"; done | jq -cRn '[inputs | {(.): "1"}] | add' >in
		map-fields --map "$root/pipelines/maps/$m.csv" --choices choices --metadata meta --rejects rejects --coverage coverage <in >/dev/null
		run ! grep '"fate":"unknown"' coverage
	done
}

@test "a contact without a name gets its e-mail, and one with neither is refused" {
	organisation
	ref='"_ref":{"self":{"table":"contact","id":"00000000-0000-8000-8000-000000000001"}}'
	printf '%s\n' "{\"id\":1,\"firstName\":\"\",\"lastName\":null,\"email\":\"a@b.example\",$ref}" \
		"{\"id\":2,\"firstName\":\"Ann\",\"email\":\"a@b.example\",$ref}" "{\"id\":3,\"name\":\"\",$ref}" >in
	map-fields --map "$root/pipelines/maps/contact.csv" --metadata meta --rejects rejects <in >out
	[ "$(jq -c '[.firstname, .lastname]' out)" = $'[null,"a@b.example"]\n["Ann",null]' ]
	[ "$(codes)" = "required email" ]
}

@test "closing rows come of won and lost deals only, and want a date" {
	organisation
	i=0
	for m in '"status":"Won","closedDate":1488371901,"dealValue":"10.5000"' '"status":"Close","closedDate":1488371901' '"status":"Lost","closedDate":1488371901,"lostReason":"Price"' \
		'"status":"Open"' '"status":"Won"' '"status":"won"'; do
		i=$((i + 1))
		echo "{\"id\":$i,$m,\"_ref\":{\"self\":{\"table\":\"opportunityclose\",\"id\":\"00000000-0000-8000-8000-00000000000$i\"},\"opportunity\":{\"table\":\"opportunity\",\"id\":\"00000000-0000-8000-8000-0000000000aa\"}}}"
	done >in
	map-fields --map "$root/pipelines/maps/close.csv" --choices "$root/pipelines/maps/choices.csv" --metadata meta --rejects rejects --skipped skipped <in >out
	[ "$(jq -c '[._action, ._status, .subject, .actualrevenue, .description]' out)" = '["WinOpportunity",3,"Won",10.5,null]
["WinOpportunity",3,"Won",null,null]
["LoseOpportunity",4,"Lost",null,"Price"]' ]
	[ "$(codes)" = $'required closedDate\nno-option status' ]
	[ "$(jq .id skipped)" = 4 ]
}

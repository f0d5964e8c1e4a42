load helper

# The record reader that every program uses, seen through assign-ids' rejects.

judge() {	# LINE: the reject code of a line, or "ok"
	printf '%b\n' "$1" | assign-ids --module m --table t --namespace n --rejects rejects >out 2>/dev/null
	if [ -s rejects ]; then jq -r ._error.code rejects; else echo ok; fi
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "what RFC 8259 allows is read" {
	while IFS= read -r line; do
		[ "$(judge "$line")" = ok ] || { echo "$line"; false; }
	done <<'LINES'
{"id":1}
 { "id" : 1 , "a" : [ ] , "b" : { } } 
{"id":1,"a":[1,-0,0.5,1e5,1E-5,-0.0e+1,true,false,null,"x"]}
{"id":1,"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"}
{"id":1,"a":"\\u0000"}
{"id":1,"a":"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"}
{"id":1,"":0,"a":{"":[{"":{}}]}}
{"id":1,"n":123456789012345678901234567890123456789012345678901234567890}
LINES
}

@test "what it does not allow is rejected, by name" {
	while read -r code line; do
		[ "$(judge "$line")" = "$code" ] || { echo "$code $line: $(judge "$line")"; false; }
	done <<'LINES'
bad-json nope
bad-json {"id":1
bad-json {"id":1}}
bad-json {"id":1,}
bad-json {"id":01}
bad-json {"id":1,"a":1.}
bad-json {"id":1,"a":.5}
bad-json {"id":1,"a":+1}
bad-json {"id":1,"a":1e}
bad-json {"id":1,"a":NaN}
bad-json {"id":1,"a":[1,2,]}
bad-json {"id":1,"a":"\\x"}
bad-json {"id":1,"a":"\\u12g4"}
bad-json {"id":1,"a":"x
bad-json {"id":1,"a":"\x01"}
bad-json {"id":1 "a":2}
bad-json {id:1}
bad-utf8 {"id":1,"a":"\xff"}
bad-utf8 {"id":1,"a":"\xc0\x80"}
bad-utf8 {"id":1,"a":"\xed\xa0\x80"}
bad-utf8 {"id":1,"a":"\xf4\x90\x80\x80"}
bad-utf8 {"id":1,"a":"\xe2\x82"}
bad-utf8 {"id":1,"a":"\\ud800"}
bad-utf8 {"id":1,"a":"\\udc00\\ud800"}
duplicate-member {"id":1,"id":2}
duplicate-member {"id":1,"a":1,"\\u0061":2}
duplicate-member {"id":1,"a":{"b":1,"c":[{"d":1,"d":2}]}}
not-an-object [1]
not-an-object "x"
not-an-object null
LINES
}

@test "brackets 600 deep are too deep, 500 are not; memory stays flat" {
	deep() { printf '{"id":1,"a":%s%s}' "$(printf '[%.0s' $(seq "$1"))" "$(printf ']%.0s' $(seq "$1"))"; }
	[ "$(judge "$(deep 500)")" = ok ]
	[ "$(judge "$(deep 600)")" = too-deep ]
	head -c 200000 /dev/zero | tr '\0' '[' >deep
	assign-ids --module m --table t --namespace n --rejects rejects <deep 2>/dev/null
	[ "$(jq -r ._error.code rejects)" = too-deep ]
}

@test "a record of 20,000 members is read, and its duplicate found" {
	members() { printf '{"id":1'; seq "$1" | sed 's/.*/,"k&":&/' | tr -d '\n'; printf '%s}' "$2"; }
	[ "$(judge "$(members 20000 '')")" = ok ]
	[ "$(judge "$(members 20000 ',"k777":0')")" = duplicate-member ]
	members 20000 ',"k777":0' >many
	{ echo '{"id":1}'; cat many; echo; echo '{"id":2}'; } |
		assign-ids --module m --table t --namespace n --rejects rejects >out 2>/dev/null
	[ "$(wc -l <out)" = 2 ]
}

@test "a byte order mark, CR LF, blank lines and a last line without LF are taken as they are meant" {
	printf '\xef\xbb\xbf{"id":1}\r\n\r\n   \n{"id":2}' | assign-ids --module m --table t --namespace n >out
	[ "$(jq -r .key out | tr '\n' ' ')" = "1 2 " ]
}

@test "a line over 64 MiB is set aside and the rest goes on" {
	{ printf '{"id":1,"a":"'; head -c 70000000 /dev/zero | tr '\0' x; printf '"}\n{"id":2}\n'; } |
		assign-ids --module m --table t --namespace n --rejects rejects >out 2>/dev/null
	[ "$(jq -r .key out)" = 2 ]
	[ "$(jq -r ._error.code rejects)" = line-too-long ]
}

@test "what is set aside keeps the record, whatever it is" {
	printf '{"id":1,"id":2}\nno "json"\n\xff\xfe\n' |
		assign-ids --module m --table t --namespace n --rejects rejects >out 2>/dev/null
	[ "$(jq -rs '.[0]._raw, .[1]._raw' rejects)" = "$(printf '{"id":1,"id":2}\nno "json"')" ]
	[ "$(jq -rs '.[2]._raw_base64' rejects)" = "$(printf '\xff\xfe' | base64)" ]
	[ "$(jq -rs 'map(._error.line) | tostring' rejects)" = '[1,2,3]' ]
}

@test "a mended reject is fed to the same command, its old _error forgotten" {
	echo '{"id":"x y","n":1}' | assign-ids --module m --table t --namespace n --rejects rejects >out 2>/dev/null || true
	printf '{"name":"none","_error":{"code":"old"}}\n' | assign-ids --module m --table t --namespace n --rejects rejects >out 2>/dev/null
	[ "$(jq -r '._error.code' rejects)" != old ]
	[ "$(jq -c 'keys' rejects)" = '["_error","name"]' ]
}

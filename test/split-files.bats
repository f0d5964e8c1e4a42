# split-files: the files of notes and e-mails become records of their own

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	dir=$fixtures/split-files
	org=$dir/organization.json
}

split() { split-files --module note --html note --organization "$org" --store store --files files --rejects rejects "$@"; }

# names NAME...: the safe names of attachments of these names, a line each, every one of a note of its own
names() {
	local n i=0
	mkdir -p intake/files && echo bytes >intake/files/7
	for n in "$@"; do
		jq -nc --arg n "$n" --argjson i $((++i)) '{id: $i, attachments: [{id: 7, name: $n}]}'
	done | split --intake intake >/dev/null
	jq -r .name files
}

@test "images, attachments and histories become records; marks stand in the text; the unfit are set aside" {
	cp "$dir/fetched.txt" .
	split --have "$dir/note.have.ndjson" --intake "$dir/intake" <"$dir/note.in.ndjson" >out
	diff -u "$dir/note.out.ndjson" out
	diff -u "$dir/note.files.ndjson" files
	diff -u "$dir/note.rejects.ndjson" rejects
}

@test "every file in the store has its hash for a name, and the same bytes are there once" {
	cp "$dir/fetched.txt" .
	split --have "$dir/note.have.ndjson" --intake "$dir/intake" <"$dir/note.in.ndjson" >out
	(cd store && find . -type f -printf '%f  %p\n' | sha256sum --quiet -c)
	[ "$(find store -type f | wc -l)" -eq "$(jq -r .file.sha256 files | sort -u | wc -l)" ]
	[ "$(jq -r .file.sha256 files | wc -l)" -gt "$(find store -type f | wc -l)" ]
	jq -r '.file | "\(.sha256)  \(.path)"' files | sha256sum --quiet -c
}

@test "a second run over the same records changes nothing, and so does a run over its own output" {
	cp "$dir/fetched.txt" .
	split --have "$dir/note.have.ndjson" --intake "$dir/intake" <"$dir/note.in.ndjson" >out
	find store -type f -printf '%p %T@\n' | sort >before
	split --have "$dir/note.have.ndjson" --intake "$dir/intake" <"$dir/note.in.ndjson" >again
	find store -type f -printf '%p %T@\n' | sort | diff before -
	cmp out again
	split --have "$dir/note.have.ndjson" --intake "$dir/intake" <out | cmp out -
}

@test "a damaged file in the store is replaced" {
	cp "$dir/fetched.txt" .
	split --have "$dir/note.have.ndjson" --intake "$dir/intake" <"$dir/note.in.ndjson" >out
	echo damaged >"$(jq -r 'select(.id == "note-8-51").file.path' files)"
	split --have "$dir/note.have.ndjson" --intake "$dir/intake" <"$dir/note.in.ndjson" >out
	jq -r '.file | "\(.sha256)  \(.path)"' files | sha256sum --quiet -c
}

@test "without --rejects the first file that does not fit is 65" {
	run -65 --separate-stderr split-files --module note --html note --organization "$org" --store store --files files \
		<<<'{"id":1,"note":"<img src=\"data:,\">"}'
	[[ $stderr == *empty-file* ]]
}

@test "names lead nowhere" {
	names ../../etc/passwd '..\..\windows\win.ini' 'C:\temp\x.txt' a/b.txt /etc/passwd ./x . .. '%2e%2e%2fetc%2fpasswd' '%252e%252e%255cx' >n
	diff - n <<-'END'
		etc_passwd
		windows_win.ini
		temp_x.txt
		a_b.txt
		etc_passwd
		x
		attachment-7
		attachment-7
		etc_passwd
		x
	END
}

@test "names of devices, characters that systems refuse, dots and blanks at the ends, nothing at all" {
	names CON.txt nul 'com1.tar.gz' 'com¹' console.txt 'quote "final".pdf' 'a:b*c?<>|.txt' 'trailing dot.' '.hidden' ' blank ' '' '   ' $'tab\there' '100%25.txt' >n
	diff - n <<-'END'
		_CON.txt
		_nul
		_com1.tar.gz
		_com¹
		console.txt
		quote _final_.pdf
		a_b_c____.txt
		trailing dot
		hidden
		blank
		attachment-7
		attachment-7
		tab_here
		100%25.txt
	END
}

@test "names in any script stay; marks that turn the writing direction go" {
	names 'résumé – Ангебот.pdf' '見積 👍🏽.pdf' $'photo\xe2\x80\xaegpj.txt' $'\xe3\x80\x80wide\xe2\x80\x83' >n
	diff - n <<-'END'
		résumé – Ангебот.pdf
		見積 👍🏽.pdf
		photogpj.txt
		wide
	END
}

@test "an extension that only shows once the name is safe is blocked too" {
	names 'run.exe.' 'run.js ' $'run.e\xe2\x80\x8bxe' 'x.VBS' >n
	[ ! -s n ]
	[ "$(jq -r ._error.code rejects | sort | uniq -c | tr -s ' ')" = " 4 blocked-extension" ]
}

@test "a long name keeps its extension within 255 UTF-16 units, numbered or not" {
	long=$(printf '👍%.0s' {1..200})
	mkdir -p intake/files && echo bytes >intake/files/7
	jq -nc --arg n "$long.pdf" '{id: 1, attachments: [{id: 7, name: $n}, {id: 7, name: $n}]}' | split --intake intake >/dev/null
	[ "$(jq -r '.name | [explode[] | if . > 65535 then 2 else 1 end] | add' files | paste -sd' ')" = "254 254" ]
	[ "$(jq -r '.name | .[-8:]' files | paste -sd' ')" = "👍👍👍👍.pdf (2).pdf" ] || [ "$(jq -r '.name | .[-8:]' files | tail -1)" = " (2).pdf" ]
}

@test "the text around an image stays byte for byte" {
	local html=$'<P Class=x  >\xe2\x80\xa8&nbsp;&bogus; <b>un<i>balanced</b> a<b & c\r\n<br/ ><'
	jq -nc --arg h "$html" '{id: 1, note: ($h + "<img src=\"data:image/png;base64,AAAA\">" + $h)}' | split >out
	[ "$(jq .note out)" = "$(jq -n --arg h "$html" '$h + "[image: image-1.png]" + $h')" ]
}

@test "a record without images goes through unchanged, and keeps what it escapes" {
	split <<<'{ "id":1,  "note" : "<p>\u00e9 \/ 1.0</p>", "n":1.00 }' >out
	[ "$(cat out)" = '{ "id":1,  "note" : "<p>\u00e9 \/ 1.0</p>", "n":1.00,"_text":"text"}' ]
}

@test "a text over the limit is cut between characters, tags and entities, and becomes a file whole" {
	for html in "$(printf 'word %.0s' {1..100})" "$(printf '<b class="long long">x</b>%.0s' {1..50})" "$(printf '&eacute;&amp;%.0s' {1..100})" \
		"$(printf '👍%.0s' {1..200})"; do
		jq -nc --arg h "$html" '{id: 9, note: $h}' | split --limit 200 >out
		[ "$(jq -r '.note | [explode[] | if . > 65535 then 2 else 1 end] | add' out)" -le 200 ]
		run jq -r .note out
		[[ $output == *' [cut; the whole text: note-9-text.html]' ]]
		kept=${output%% \[cut*}
		[[ $html == "$kept"* ]]
		run -1 grep -E "<[^>]*$|&[^;]*$" <<<"$kept"
		tail -n +3 "$(jq -r .file.path files)" | cmp - <(printf '%s\n' "$html")
	done
}

@test "a text at the limit stays" {
	jq -nc '{id: 9, note: ("x" * 200)}' | split --limit 200 >out
	[ ! -s files ]
	jq -nc '{id: 9, note: ("x" * 201)}' | split --limit 200 >out
	[ "$(jq -r .kind files)" = text ]
}

@test "blank is what shows neither text nor an image" {
	while IFS='|' read -r want note; do
		[ "$(jq -nc --arg h "$note" '{id: 1, note: $h}' | split | jq -r ._text)" = "$want" ] || { echo "$note"; return 1; }
	done <<-'END'
		blank|
		blank|<div><br></div>
		blank|&nbsp;&#160;&#xA0;&zwnj;
		blank|<img src=x onerror="alert(1)">
		blank|<script>alert(1)</script><style>p{}</style><!-- x -->
		text|<p>.</p>
		text|&lt;
		text|<img src="https://elsewhere.example/a.png">
		text|<img src="data:image/png;base64,AAAA">
		text|1 < 2
		text|<textarea>x</textarea>
	END
}

@test "e-mails and messages: their ids, times and owners" {
	mkdir -p intake/files && echo bytes >intake/files/5
	split-files --module email --html bodyHtml --organization "$org" --store store --files files --intake intake \
		<<<'{"id":90011,"bodyHtml":"<p>x</p>","sentAt":1772442000,"owner":{"id":3},"attachments":[{"id":5,"name":"a.txt"}]}' >out
	[ "$(jq -c 'del(.file)' files)" = '{"id":"email-90011-5","kind":"attachment","emailId":90011,"name":"a.txt","originalName":"a.txt","createAt":1772442000,"createdBy":{"id":3}}' ]
	split-files --module message --html bodyHtml --organization "$org" --store store --files files --intake intake \
		<<<'{"id":301,"conversationId":7001,"bodyHtml":"x","sentAt":1,"author":null,"attachments":[{"id":5,"name":"a.txt"}]}' >out
	[ "$(jq -c 'del(.file)' files)" = '{"id":"message-301-5","kind":"attachment","messageId":301,"name":"a.txt","originalName":"a.txt","createAt":1,"createdBy":null}' ]
}

@test "record-level files: bytes by path or by id, never from outside the intake" {
	mkdir -p intake/files/2026 && echo one >intake/files/2026/plan.pdf && echo two >intake/files/8 && echo secret >secret
	ln -s ../../secret intake/files/link && ln -s ../.. intake/files/up && mkfifo intake/files/pipe
	cat >in <<-'END'
		{"id":7,"moduleId":4,"objectId":341,"name":"plan.pdf","contentType":"application/pdf","size":4,"path":"2026/plan.pdf","createdAt":1772442000,"owner":{"id":3}}
		{"id":8,"moduleId":4,"objectId":341,"name":"two.pdf"}
		{"id":9,"moduleId":4,"objectId":341,"name":"a","path":"../../secret"}
		{"id":10,"moduleId":4,"objectId":341,"name":"b","path":"link"}
		{"id":11,"moduleId":4,"objectId":341,"name":"c","path":"up/secret"}
		{"id":12,"moduleId":4,"objectId":341,"name":"d","path":"/etc/passwd"}
		{"id":13,"moduleId":4,"objectId":341,"name":"e","path":"pipe"}
		{"id":14,"moduleId":4,"objectId":341,"name":"f","path":"2026"}
		{"id":"../secret","moduleId":4,"objectId":341,"name":"g"}
	END
	split-files --module file --organization "$org" --store store --files files --intake intake --rejects rejects <in >out
	cmp in out
	[ "$(jq -c '[.id, .objectId, .createAt, .createdBy.id, .file.size]' files | paste -sd' ')" = '["file-7",341,1772442000,3,4] ["file-8",341,null,null,4]' ]
	[ "$(jq -r ._error.code rejects | sort | uniq -c | tr -s ' ')" = " 7 missing-file" ]
	[ "$(jq -r ._error.message rejects | grep -c 'leads')" -ge 5 ]
}

@test "a line that is no JSON object goes through for the next program to judge" {
	printf '%s\n' '{"id":1,"note":"x"' '[1]' '{"id":2,"note":"x"}' | split >out
	diff - out <<-'END'
		{"id":1,"note":"x"
		[1]
		{"id":2,"note":"x","_text":"text"}
	END
}

@test "the organisation's settings decide, and must be there" {
	echo '{"maxuploadfilesize":5,"blockedattachments":".png"}' >org.json
	org=org.json
	split <<<'{"id":1,"note":"<img src=\"data:image/png;base64,AAAA\"><img src=\"data:image/gif;base64,AAAAAAAA\"><img src=\"data:image/gif;base64,AAAA\">"}' >out
	[ "$(jq -r .note out)" = "[image: image-1.png, of a blocked kind][image: image-2.gif, too large][image: image-3.gif]" ]
	echo nothing >org.json
	run -78 split </dev/null
	run -66 split-files --module note --organization none --store store --files files </dev/null
	run -64 split-files --module deal --organization "$org" --store store --files files </dev/null
	run -64 split-files --module note --limit 300 --organization "$dir/organization.json" --store store --files files </dev/null
}

@test "200 MB of attachments in flat memory" {
	mkdir -p intake/files
	echo '{"maxuploadfilesize":131072000}' >org.json
	org=org.json
	for i in 1 2; do
		openssl enc -aes-128-ctr -K "0$i" -iv 0 -nosalt </dev/zero 2>/dev/null | head -c 104857600 >intake/files/$i
		echo "{\"id\":$i,\"attachments\":[{\"id\":$i,\"name\":\"$i.bin\",\"size\":104857600}]}"
	done >in
	[ -n "${BIN_DIR:-}" ] || ulimit -v 65536		# sanitizers reserve memory
	split --intake intake <in >out
	[ "$(jq -s 'map(.file.size) | add' files)" -eq 209715200 ]
	jq -r '.file | "\(.sha256)  \(.path)"' files | sha256sum --quiet -c
	rm -r intake store
}

@test "a full disk is 74 and leaves no half file behind" {
	run -74 bash -c "split-files --module note --html note --organization '$org' --store store --files files </dev/null >/dev/full <<<'{\"id\":1}'"
	mkdir -p intake/files && head -c 2000 /dev/zero >intake/files/1
	run bash -c "ulimit -f 1; trap '' XFSZ; exec split-files --module note --organization '$org' --store store --files /dev/null --intake intake <<<'{\"id\":1,\"attachments\":[{\"id\":1,\"name\":\"a\"}]}'"
	[ "$status" -eq 74 ]
	[ -z "$(find store -type f)" ]
}

@test "a file that could not be fetched may be put into the intake by hand" {
	mkdir -p intake/files && echo bytes >intake/files/7
	echo '{"noteId":1,"id":7,"problem":{"code":"refused","message":"the storage answers 403"}}' >have
	echo '{"id":1,"attachments":[{"id":7,"name":"a.txt","size":6}]}' >in
	split --have have <in >out
	[ "$(jq -r ._error.message rejects)" = "the storage answers 403" ]
	split --have have --intake intake <in >out
	[ "$(jq -r .file.size files)" = 6 ]
	rm intake/files/7
	split --have have --intake intake <in >out
	[ "$(jq -r ._error.message rejects)" = "the storage answers 403" ]
}

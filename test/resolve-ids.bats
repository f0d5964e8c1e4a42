# resolve-ids: the target ids of what a record refers to

load helper

setup() {
	cd "$fixtures/resolve-ids" || return
	out=$BATS_TEST_TMPDIR
	maps=$root/pipelines/maps
}

deals() {
	resolve-ids --ids deal.ids.ndjson --ids contact.ids.ndjson --ids lead.ids.ndjson --ids company.ids.ndjson \
		--ids user.ids.ndjson --ids currency.ids.ndjson --lost company=company.lost.ndjson \
		--lost contact=contact.queue.ndjson --lost currency=currency.queue.ndjson "$@"
}

@test "deals get their ids, or are set aside with the cause" {
	deals --refs "refs-opportunity.csv" --queue "$out/queue" --rejects "$out/rejects" <deal.in.ndjson >"$out/out"
	diff -u deal.out.ndjson "$out/out"
	diff -u deal.queue.ndjson "$out/queue"
	diff -u deal.rejects.ndjson "$out/rejects"
}

@test "LEAD_DEALS=queue: a deal whose only party became a lead waits, one with a company does not" {
	deals --refs "refs-opportunity-queue.csv" --queue "$out/queue" --rejects "$out/rejects" <deal.in.ndjson >"$out/out"
	diff -u only.out.ndjson "$out/out"
	diff -u only.queue.ndjson "$out/queue"
	diff -u only.rejects.ndjson "$out/rejects"
}

@test "lists, modules chosen by the record, e-mail addresses, references left as text or out" {
	resolve-ids --ids mail.ids.ndjson --ids deal.ids.ndjson --ids contact.ids.ndjson --ids lead.ids.ndjson --ids company.ids.ndjson \
		--ids user.ids.ndjson --ids address.ids.ndjson --refs links.csv --lost company=company.lost.ndjson \
		--lost contact=contact.queue.ndjson --queue "$out/queue" --rejects "$out/rejects" <links.in.ndjson >"$out/out"
	diff -u links.out.ndjson "$out/out"
	diff -u links.queue.ndjson "$out/queue"
	diff -u links.rejects.ndjson "$out/rejects"
}

@test "missing=queue with no module, or with an ambiguous address, waits" {
	printf 'ref,path,module,missing,tables\nparent,objectId,moduleId:4=deal,queue,\nto,to,address,leave,\n' >"$out/refs.csv"
	printf '{"id":1,"moduleId":9,"objectId":5}\n{"id":2,"to":"team@kestrel.example"}\n' |
		resolve-ids --ids mail.ids.ndjson --ids address.ids.ndjson --refs "$out/refs.csv" --queue "$out/queue" >"$out/out"
	[ "$(jq -c '[.id,._error.code,._error.value]' "$out/queue")" = '[1,"missing",5]' ]
	[ "$(jq -c '[.id,(._ref|keys)]' "$out/out")" = '[2,["self"]]' ]
}

@test "an address of a thousand records is that of the one who is preferred" {
	seq 1 1000 | jq -c '{module:("address","contact"),key:(.|tostring),table:"contact",how:"new",
		id:("00000000-0000-8000-8000-" + (1000000000000 + . | tostring | .[1:]))} | if .module == "address" then .key = "Info@x.example" else . end' >"$out/ids"
	printf 'ref,path,module,missing,prefer\nc,c,contact,reject,\nfrom,from,address,plain,c\n' >"$out/refs.csv"
	run -0 --separate-stderr resolve-ids --ids mail.ids.ndjson --ids "$out/ids" --refs "$out/refs.csv" <<<'{"id":1,"c":777,"from":"<info@X.example>"}'
	[ "$(jq -r ._ref.from.id <<<"$output")" = 00000000-0000-8000-8000-000000000777 ]
}

@test "the sums are printed last" {
	run --separate-stderr deals --refs "refs-opportunity.csv" --queue "$out/queue" --skipped "$out/skipped" \
		--rejects "$out/rejects" <deal.in.ndjson
	[ "$stderr" = "resolve-ids: 18 in, 6 out, 9 rejected, 3 queued, 0 skipped" ]
}

@test "records that would be their own ancestors are rejected with the path, their children are not" {
	for input in 'cat company.in.ndjson |' '<company.in.ndjson'; do
		bash -c "$input resolve-ids --ids link.ids.ndjson --refs link.csv --acyclic parent --rejects $out/rejects --skipped $out/skipped >$out/out"
		diff -u company.out.ndjson "$out/out"
		diff -u company.rejects.ndjson "$out/rejects"
		diff -u company.skipped.ndjson "$out/skipped"
	done
}

@test "the default references are owner, company, contact, primaryCompany, currency" {
	run -0 --separate-stderr deals <<<'{"id":1,"owner":{"id":1},"company":{"id":2},"primaryContact":{"id":7},"primaryCompany":{"id":1},"currency":"USD"}'
	[ "$(jq -c '._ref | keys_unsorted' <<<"$output")" = '["self","owner","company","contact","primaryCompany","currency"]' ]
}

@test "without a fallback entry an unknown or blank owner is rejected" {
	grep -v '"\*"' user.ids.ndjson >"$out/user.ids"
	printf '{"id":1,"owner":{"id":99}}\n{"id":2,"owner":null}\n{"id":3,"owner":{"id":1}}\n' >"$out/in"
	run -0 --separate-stderr resolve-ids --ids deal.ids.ndjson --ids "$out/user.ids" --rejects "$out/rejects" <"$out/in"
	[ "$(jq -r '._ref.owner.how' <<<"$output")" = matched ]
	[ "$(jq -r '._error.code + " " + ._error.field' "$out/rejects" | uniq)" = "missing-reference owner.id" ]
}

@test "an id that stands in for another serves owners, and nobody else" {
	cat >"$out/ids" <<-'END'
	{"module":"deal","key":"5","table":"opportunity","id":"424a5fcd-b16e-86f8-a1a9-00000000015b","how":"new"}
	{"module":"user","key":"1","table":"systemuser","id":"a1d4dc71-8ca0-51a1-af68-c48b920ca256","how":"matched"}
	{"module":"user","key":"7","table":"systemuser","id":"a1d4dc71-8ca0-51a1-af68-c48b920ca256","how":"fallback","rule":"inactive"}
	END
	printf '%s\n' ref,path,module,missing owner,owner.id,user,fallback guests,followers[].userId,user,leave >"$out/refs"
	record='{"id":5,"owner":{"id":7},"followers":[{"userId":7},{"userId":1}]}'
	run -0 --separate-stderr resolve-ids --ids "$out/ids" --refs "$out/refs" <<<"$record"
	[ "$(jq -c '[._ref.owner.how, (._ref.guests | map(.how))]' <<<"$output")" = '["fallback",["matched"]]' ]
	sed -i s/leave/reject/ "$out/refs"
	run -0 --separate-stderr resolve-ids --ids "$out/ids" --refs "$out/refs" --rejects "$out/rejects" <<<"$record"
	[ "$(jq -r ._error.message "$out/rejects")" = 'no user 7 among the ids' ]
}

@test "a deal that was not loaded is skipped by the closing" {
	sed 's/"deal"/"deal-close"/; s/"opportunity"/"opportunityclose"/' deal.ids.ndjson >"$out/close.ids"
	grep '"key":"1"' deal.ids.ndjson >"$out/deal.ids"
	echo '{"_source":{"module":"deal","id":"1"},"_error":{"code":"too-long"}}' >"$out/lost"
	printf '{"id":1}\n{"id":2}\n' >"$out/in"
	run -0 --separate-stderr resolve-ids --ids "$out/close.ids" --ids "$out/deal.ids" --refs "$maps/refs-close.csv" --skipped "$out/skipped" <"$out/in"
	[ "$(jq -c '[.id,._ref.self.table,._ref.opportunity.table]' <<<"$output")" = '[1,"opportunityclose","opportunity"]' ]
	[ "$(jq -c '[.id,._error.code]' "$out/skipped")" = '[2,"missing-reference"]' ]
	run -0 --separate-stderr resolve-ids --ids "$out/close.ids" --ids "$out/deal.ids" --refs "$maps/refs-close.csv" \
		--lost deal="$out/lost" --skipped "$out/skipped" <"$out/in"
	[ "$output" = "" ]
	[ "$(jq -r ._error.code "$out/skipped" | xargs)" = "reference-rejected missing-reference" ]
}

@test "a record that was lost itself is set aside with its cause" {
	echo '{"id":2,"_error":{"code":"duplicate-id"}}' >"$out/lost"
	run -0 --separate-stderr resolve-ids --ids deal.ids.ndjson --lost deal="$out/lost" --rejects "$out/rejects" \
		--refs "$maps/refs-link.csv" --skipped /dev/null <<<'{"id":2}'
	[ "$(jq -c '[._error.code,._error.field,._error.root.code]' "$out/rejects")" = '["reference-rejected","id","duplicate-id"]' ]
}

@test "missing=queue waits, and what refers to that waits too" {
	printf 'ref,path,module,missing\nproduct,product,product,queue\n' >"$out/refs.csv"
	resolve-ids --ids deal.ids.ndjson --refs "$out/refs.csv" --queue "$out/queue" <<<'{"id":2,"product":5}'
	[ "$(jq -r ._error.code "$out/queue")" = missing ]
	printf 'ref,path,module,missing\ndeal,deal,deal,reject\n' >"$out/refs.csv"
	resolve-ids --ids deal.ids.ndjson --refs "$out/refs.csv" --lost deal="$out/queue" --queue "$out/queue2" <<<'{"id":3,"deal":{"id":2}}'
	[ "$(jq -r '._error.code + ._error.root.code' "$out/queue2")" = reference-queuedmissing ]
}

@test "blank=reject and blank=queue set aside what has no reference" {
	for policy in reject queue; do
		printf 'ref,path,module,missing,blank\ncompany,company.id,company,reject,%s\n' $policy >"$out/refs.csv"
		resolve-ids --ids deal.ids.ndjson --refs "$out/refs.csv" --queue "$out/queue" --rejects "$out/reject" <<<'{"id":3}' >"$out/out"
		[ ! -s "$out/out" ]
		[ "$(jq -r '._error.code + ._error.field' "$out/$policy")" = missing-fieldcompany.id ]
	done
}

@test "the same key twice with another id is refused with both lines" {
	cat deal.ids.ndjson >"$out/ids"
	sed -n 's/101/777/p' deal.ids.ndjson >>"$out/ids"
	run -65 resolve-ids --ids "$out/ids" </dev/null
	[[ $output == *"ids:31:"*"ids:1"* ]]
	cat deal.ids.ndjson deal.ids.ndjson >"$out/ids"
	run -0 resolve-ids --ids "$out/ids" </dev/null
}

@test "a damaged id file is refused with file and line" {
	for line in nope '{"module":"deal","key":"9"}' '{"module":"deal","key":"9","table":"t","id":"{x}","how":"new"}' \
		'{"module":"deal","key":9,"table":"t","id":"00000000-0000-8000-8000-000000000101","how":"new"}'; do
		{ cat deal.ids.ndjson; echo "$line"; } >"$out/ids"
		run -65 resolve-ids --ids "$out/ids" </dev/null
		[[ $output == *"ids:31:"* ]]
	done
	run -66 resolve-ids --ids "$out/none" </dev/null
	run -66 resolve-ids --ids deal.ids.ndjson --lost "deal=$out/none" </dev/null
}

@test "wrong references are refused with file and line" {
	refs() { printf 'ref,path,module,missing,tables,unless,blank\n%s\n' "$1" >"$out/r.csv"; run -78 resolve-ids --ids deal.ids.ndjson --refs "$out/r.csv" </dev/null; [[ $output == *"r.csv:2:"* ]]; }
	refs 'a,a.id,m,null,,,'
	refs 'a,a.id,m,,,,'
	refs 'a,,m,reject,,,'
	refs 'self,a,m,reject,,,'
	refs 'a,a,m,reject,t,b,'
	refs 'a,a,m,reject,,,fallback'
	refs 'a,a,m,reject,,,plain'
	refs 'a,a,f:,reject,,,'
	refs 'a,a,:1=m,reject,,,'
	refs 'a,a,f:1,reject,,,'
	refs 'a,a,f:1=,reject,,,'
	prefer() { printf '%s\n' ref,path,module,missing,prefer "$@" >"$out/r.csv"; run -78 resolve-ids --ids deal.ids.ndjson --refs "$out/r.csv" </dev/null; [[ $output == *"r.csv:2:"* ]]; }
	prefer 'a,a,m,reject,b' 'b,b,m,reject,'
	prefer 'a,a,address,plain,c' 'b,b,m,reject,'
	prefer 'a,a,address,plain,b' 'b,b,address,plain,'
	printf 'ref,path,module\na,a,m\n' >"$out/r.csv"
	run -78 resolve-ids --ids deal.ids.ndjson --refs "$out/r.csv" </dev/null
	run -78 resolve-ids --ids deal.ids.ndjson --acyclic nothing </dev/null
	run -78 resolve-ids --ids deal.ids.ndjson --acyclic owner </dev/null
	printf 'ref,path,module,missing\na,a[],deal,reject\nb,b,c:1=deal,reject\n' >"$out/r.csv"
	run -78 resolve-ids --ids deal.ids.ndjson --refs "$out/r.csv" --acyclic a </dev/null
	run -78 resolve-ids --ids deal.ids.ndjson --refs "$out/r.csv" --acyclic b </dev/null
}

@test "no ids at all reject every record" {
	run -0 --separate-stderr resolve-ids --ids /dev/null --rejects "$out/rejects" <<<'{"id":1}'
	[ "$(jq -r ._error.code "$out/rejects")" = missing-reference ]
}

@test "a mended reject can be fed again" {
	deals --refs "refs-opportunity.csv" --queue "$out/queue" --rejects "$out/rejects" <deal.in.ndjson >/dev/null
	jq -c 'select(.id==6) | .primaryCompany.id=1' "$out/rejects" >"$out/mended"
	run -0 --separate-stderr deals --refs "refs-opportunity.csv" <"$out/mended"
	[ "$(jq -c 'has("_error"),._ref.company.table' <<<"$output" | xargs)" = "false account" ]
}

@test "many keys are all found, and no other" {
	seq 1 20000 | jq -c '{id:.}' >"$out/in"
	assign-ids --module m --table t --namespace n <"$out/in" >"$out/ids" 2>/dev/null
	printf 'ref,path,module,missing\n' >"$out/none.csv"
	resolve-ids --ids "$out/ids" --refs "$out/none.csv" <"$out/in" 2>/dev/null | jq -r '"\(.id) \(._ref.self.id)"' >"$out/got"
	jq -r '"\(.key) \(.id)"' "$out/ids" | cmp - "$out/got"
	seq 20001 21000 | jq -c '{id:.}' >"$out/in"
	run -0 --separate-stderr resolve-ids --ids "$out/ids" --refs "$out/none.csv" --rejects /dev/null <"$out/in"
	[ "$stderr" = "resolve-ids: 1000 in, 0 out, 1000 rejected" ]
}

@test "empty input is no records and success" {
	run -0 --separate-stderr deals --rejects "$out/rejects" </dev/null
	[ "$output" = "" ]
	[ "$stderr" = "resolve-ids: 0 in, 0 out, 0 rejected" ]
}

@test "without --rejects the first bad record stops the run, without --queue the first to wait" {
	run -65 --separate-stderr deals <<<nope
	[ "$output" = "" ]
	[[ $stderr == *"stdin:1: bad-json"* ]]
	run -65 deals --rejects "$out/rejects" <<<'{"id":1,"primaryContact":5}'
}

@test "a full disk is 74" {
	run -74 bash -c 'echo "{\"id\":1}" | resolve-ids --ids deal.ids.ndjson --ids user.ids.ndjson >/dev/full'
	run -74 bash -c 'echo "{\"id\":1000}" | resolve-ids --ids deal.ids.ndjson --rejects /dev/full'
}

@test "a failing read is 74" {
	run -74 bash -c 'resolve-ids --ids deal.ids.ndjson </'
	run -74 resolve-ids --ids / </dev/null
}

@test "--help is the manual, usage errors are 64" {
	run -0 --separate-stderr resolve-ids --help
	[[ ${lines[0]} == usage:* ]]
	run -64 deals --no-such-option </dev/null
	run -64 resolve-ids </dev/null
	run -64 resolve-ids --ids deal.ids.ndjson --lost nothing </dev/null
	run -0 resolve-ids --version
}

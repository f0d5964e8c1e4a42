# split-lifecycle and resolve-ids against one pass of jq; read by bench.sh, which has timed and against.

ours_split() {
	timed ours "${out:-/dev/null}" split-lifecycle --table "$root/pipelines/maps/lifecycle.csv" --rejects rejects.ndjson
}
jq_split() {
	timed theirs "${out:-/dev/null}" jq -c '
		{subscriber: "lead", lead: "lead", "marketing qualified lead": "lead", customer: "contact", evangelist: "contact"} as $table
		| . + {_split: {to: ($table[.type // "" | ascii_downcase | gsub("^\\s+|\\s+$"; "")] // "undecided")}}'
}

ours_resolve() {
	timed ours "${out:-/dev/null}" resolve-ids --ids contact.ids --ids company.ids --ids user.ids --refs refs.csv --rejects rejects.ndjson
}
# jq gets the ids as one object: its own INDEX takes time by the square of them.
jq_resolve() {
	timed theirs "${out:-/dev/null}" jq -c --slurpfile index index.json '
		def ref($m; $k): $index[0][$m + " " + ($k | tostring)];
		del(._ref) | . + {_ref: {self: ref("contact"; .id), company: ref("company"; .company.id), owner: ref("user"; .owner.id)}}'
}

# make_ids MODULE TABLE COUNT
make_ids() {
	awk -v m="$1" -v t="$2" -v n="$3" 'BEGIN { for (i = 1; i <= n; i++)
		printf "{\"module\":\"%s\",\"key\":\"%d\",\"table\":\"%s\",\"id\":\"5f0c1b2a-9d3e-8a41-8c55-%012x\",\"how\":\"new\",\"rule\":\"computed\"}\n", m, i, t, i }' >"$1.ids"
}

# agree FILTER: on the first 2,000 records, what the jq expression picks is the same.
agree() {
	in=few.ndjson out=ours.ndjson "ours_$1"
	in=few.ndjson out=theirs.ndjson "jq_$1"
	jq -cS "$2" ours.ndjson >a
	jq -cS "$2" theirs.ndjson >b
	cmp a b && [ "$(wc -l <a)" = "$(wc -l <few.ndjson)" ] && echo "  outputs agree (2,000 records, by value)"
}

if command -v split-lifecycle >/dev/null; then
	against ours_split jq_split "split-lifecycle, $(jq --version)"
	agree split '[.id, ._split.to]'
fi
if command -v resolve-ids >/dev/null; then
	make_ids contact contact "$records"
	make_ids company account 20000
	make_ids user systemuser 40
	cat contact.ids company.ids user.ids | sed 's/^{"module":"\([a-z]*\)","key":"\([0-9]*\)",\(.*\),"rule.*/"\1 \2":{\3}/' | paste -sd, |
		sed 's/^/{/; s/$/}/' >index.json
	printf '%s\n' ref,path,module,missing company,company.id,company,reject owner,owner.id,user,reject >refs.csv
	against ours_resolve jq_resolve "resolve-ids, $(jq --version)"
	agree resolve ._ref
fi

#!/usr/bin/env bash
# Ratios against other tools on the same job, in one run, side by side; peak memory; do the outputs agree?
# RECORDS (200000), ROUNDS (1: pairs of runs; the median of the ratios counts), LARGE (0: 1000000 for the memory check).
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
PATH=${BIN_DIR:-$root/bin}:$PATH
records=${RECORDS:-200000} rounds=${ROUNDS:-1} large=${LARGE:-1000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

${CC:-cc} -O2 -o generate "$here/generate.c"
./generate "$records" >in.ndjson
for t in contact account systemuser team transactioncurrency; do
	cat "$root/fixtures/metadata/$t.ndjson"
done >metadata.ndjson
printf '%s records, %s bytes\n\n' "$records" "$(wc -c <in.ndjson)"
[ -x /usr/bin/time ] || echo 'no /usr/bin/time: memory is not measured'

# timed NAME OUT COMMAND...: NAME.s gets the wall time, NAME.cpu the CPU time, NAME.kib the peak memory; the input is $in.
timed() {
	local name=$1 out=$2 from
	shift 2
	from=$(date +%s.%N)
	if [ -x /usr/bin/time ]; then
		/usr/bin/time -f '%M %U %S' -o "$name.time" "$@" <"$in" >"$out" 2>"$name.err"
	else
		"$@" <"$in" >"$out" 2>"$name.err"
		echo 0 0 1 >"$name.time"
	fi || { cat "$name.err" >&2; return 1; }
	awk -v a="$from" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f\n", b - a }' >"$name.s"
	awk '{ print $1 }' "$name.time" >"$name.kib"
	awk '{ print $2 + $3 }' "$name.time" >"$name.cpu"
}

median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.1f", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

ratio() { awk -v a="$(cat "ours.$1")" -v b="$(cat "theirs.$1")" 'BEGIN { print (a > 0 ? b / a : 0) }'; }

# against OURS THEIRS LABEL: both functions run in turn; the medians of the ratios of their times.
against() {
	local i
	: >wall
	: >cpu
	for ((i = 0; i < rounds; i++)); do
		"$1"
		"$2"
		ratio s >>wall
		ratio cpu >>cpu
	done
	printf '%-40s %8s s %9s s %8sx %8sx %7d KiB %7d KiB\n' "$3" "$(cat ours.s)" "$(cat theirs.s)" "$(median <wall)" \
		"$(median <cpu)" "$(cat ours.kib)" "$(cat theirs.kib)"
}

in=in.ndjson
map=(map-fields --map "$here/contact.csv" --choices "$here/choices.csv" --metadata metadata.ndjson --rejects rejects.ndjson)
ours_map() { timed ours "${out:-/dev/null}" "${map[@]}"; }
jq_map() { timed theirs "${out:-/dev/null}" jq -c -f "$here/contact.jq"; }
gojq_map() { timed theirs "${out:-/dev/null}" gojq -c -f "$here/contact.jq"; }
# Miller cannot assign a null: each field is asked first.
mlr_program() {
	local pair
	echo 'm = {"_table": "contact", "salutation": "imported"};'
	for pair in firstname=firstName lastname=lastName emailaddress1=email mobilephone=mobile telephone1=phone telephone2=otherPhone \
		websiteurl=website description=description address1_line1=billingAddressLine1 address1_line2=billingAddressLine2 \
		address1_city=billingCity address1_stateorprovince=billingState address1_postalcode=billingZipCode \
		address1_country=billingCountry department=lastCommunicationMode nickname=skypeId assistantname=linkedInHandle \
		employeeid=id ftpsiteurl=utmSource donotbulkemail=emailOptOut creditlimit=creditLimit; do
		echo "if (is_not_empty(\$${pair#*=})) { m[\"${pair%=*}\"] = \$${pair#*=} }"
	done
	echo 'if (is_not_empty($designation)) { m["jobtitle"] = strip($designation) }
		m["overriddencreatedon"] = sec2gmt($createdAt); m["lastonholdtime"] = sec2gmt($lastModifiedAt // 1000);
		m["childrensnames"] = $type . " / " . $tags; m["ownerid@odata.bind"] = "/systemusers(" . $_ref["owner"]["id"] . ")";
		m["parentcustomerid_account@odata.bind"] = "/accounts(" . $_ref["company"]["id"] . ")";
		emit m'
}
mlr_map() { timed theirs /dev/null mlr --ijsonl --ojsonl put -q "$(mlr_program)"; }

# On the first 2,000 records, by value: jq rewrites numbers, and cannot make the two hashes.
same_values() {
	head -n 2000 in.ndjson >few.ndjson
	in=few.ndjson out=ours.ndjson ours_map
	in=few.ndjson out=theirs.ndjson "$1"
	[ ! -s rejects.ndjson ] || { echo "records were rejected: $(head -c 300 rejects.ndjson)"; return 1; }
	jq -cS 'del(._source.hash, ._map)' ours.ndjson >a
	jq -cS . theirs.ndjson >b
	cmp a b && [ "$(wc -l <a)" = "$(wc -l <few.ndjson)" ] && echo "  outputs agree (2,000 records, by value)"
}

printf '%-40s %10s %11s %9s %9s %11s %11s\n' 'job, against' ours theirs 'wall' 'CPU' 'our peak' 'their peak'
against ours_map jq_map "map-fields, $(jq --version)"
same_values jq_map
if command -v gojq >/dev/null; then
	against ours_map gojq_map 'map-fields, gojq'
	same_values gojq_map
fi
if command -v mlr >/dev/null; then
	against ours_map mlr_map 'map-fields, Miller (28 of 33 targets)'
fi
# Other filters bring their jobs in files beside this one, which use $in, timed and against.
for more in "$here"/*-bench.sh; do
	[ ! -r "$more" ] || . "$more"
done

if [ "$large" -gt 0 ]; then
	echo
	for n in 10000 "$large"; do
		./generate "$n" >large.ndjson
		in=large.ndjson
		timed large /dev/null "${map[@]}"
		printf 'map-fields, %s records: %s s, peak %s KiB\n' "$n" "$(cat large.s)" "$(cat large.kib)"
	done
fi

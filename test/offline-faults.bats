# The offline programs when a read, a write, an open, the memory fails; and input that bites.

load helper

setup_file() {
	cc -std=c17 -D_GNU_SOURCE -Wall -Wextra -O1 -shared -fPIC -o "$BATS_FILE_TMPDIR/fault.so" "$BATS_TEST_DIRNAME/fault.c"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	assign=$fixtures/assign-ids resolve=$fixtures/resolve-ids map=$fixtures/map-fields split=$fixtures/split-lifecycle
	books=$fixtures/reconcile
}

# Each on a small input that has something of everything; the outputs beside stdout have names that begin with "to-".
split_lifecycle() {
	"$@" split-lifecycle --table "$split/stages.csv" --lead to-lead --contact to-contact --undecided to-undecided \
		--lead-deals promote --deals "$split/promote.deals.ndjson" --rejects to-rejects <"$split/stages.in.ndjson"
}
assign_ids() {
	"$@" assign-ids --module company --table account --namespace demo --match website:domain=websiteurl:domain \
		--match name=name --existing "$assign/company.existing.ndjson" --queue to-queue --rejects to-rejects <"$assign/company.in.ndjson"
}
resolve_ids() {	# from a pipe: it is spooled
	cat "$resolve/company.in.ndjson" | "$@" resolve-ids --ids "$resolve/link.ids.ndjson" --refs "$resolve/link.csv" \
		--acyclic parent --skipped to-skipped --rejects to-rejects
}
map_fields() {
	"$@" map-fields --map "$map/golden.csv" --choices "$map/choices.csv" --metadata "$map/metadata.ndjson" \
		--rejects to-rejects --skipped to-skipped --coverage to-coverage <"$map/golden.in.ndjson"
}
reconcile_books() {
	"$@" reconcile --object account --source "$books/source.ndjson" --mapped "$books/40-mapped.ndjson" \
		--loaded "$books/50-loaded.ndjson" --target "$books/55-read.ndjson" --metadata "$fixtures/metadata/account.ndjson" \
		--set-aside "$books/30-resolved" --set-aside "$books/40-mapped" --set-aside "$books/50-loaded" \
		--mismatches to-differences
}
csv_ndjson() {
	"$@" csv-ndjson --fields "$fixtures/csv-ndjson/field.ndjson" --module contact --map "$root/pipelines/labels/email.csv" --keep \
		--rejects to-rejects "$fixtures/csv-ndjson/contact.csv"
}
split_records() {
	"$@" split-records --field type --table "$fixtures/split-records/types.csv" --to task=to-task --to appointment=to-appointment \
		--queue to-queue --rejects to-rejects <"$fixtures/split-records/types.in.ndjson"
}
join_records() {
	"$@" join-records --with "$fixtures/join-records/call.with.ndjson" --on activityId --as _call --loose to-loose --rejects to-rejects \
		<"$fixtures/join-records/call.in.ndjson"
}
order_records() {
	"$@" order-records --time sentAt --group conversationId --rejects to-rejects <"$fixtures/order-records/mail.in.ndjson"
}
split_files() {	# what was fetched has paths from here
	rm -rf store
	cp -r "$fixtures/split-files/." .
	"$@" split-files --module note --html note --have note.have.ndjson --intake intake --organization organization.json \
		--store store --files to-files --rejects to-rejects <note.in.ndjson
}
profile_fields() {
	"$@" profile-fields <"$fixtures/profile-fields/kinds.in.ndjson"
}
programs='split_lifecycle assign_ids resolve_ids map_fields reconcile_books csv_ndjson split_records join_records order_records split_files profile_fields'

# A sanitizer's own library must be the first to be loaded.
needs_preload() {
	! grep -q __asan_init "$(command -v assign-ids)" || skip "not under sanitizers"
}

# faulty FAULT RUN: its exit in $status, its outputs in out and to-*, what it said in said.
faulty() {
	rm -f to-* mark
	status=0
	"$2" env FAULT="$1" FAULT_MARK="$PWD/mark" LD_PRELOAD="$BATS_FILE_TMPDIR/fault.so" TMPDIR=. >out 2>said || status=$?
}

# the_whole DIR: the outputs are those of the run that nothing failed in.
the_whole() {
	local f
	for f in out to-*; do
		[ -e "$f" ] || continue
		cmp -s "$f" "$1/$f" || return 1
	done
}

keep() {	# DIR: the outputs of an unbroken run
	mkdir -p "$1"
	find . -maxdepth 1 \( -name out -o -name 'to-*' \) -exec cp -t "$1" {} +
}

# Every N-th CALL fails, one run each, N by STEP: 0 with whole outputs, or a code of the contract and one line.
each_fails() {	# CALL ERRNO STEP
	local run n
	needs_preload
	for run in $programs; do
		faulty none:0:0 "$run"
		[ "$status" = 0 ]
		keep "$run"
		for ((n = 1; ; n += $3)); do
			faulty "$1:$n:$2" "$run"
			[ -e mark ] || break
			case $status in
			0) the_whole "$run" ;;
			66 | 73 | 74) [ "$(wc -l <said)" = 1 ] && grep -q '^[a-z-]*: ..*' said ;;
			*) false ;;
			esac || { echo "$run, $1 $n: $status"; cat said; return 1; }
			[ "$run$1" != map_fieldsmalloc ] || [ "$n" -lt 400 ] || break	# from there on it is libjq's own
		done
	done
}

@test "a failing read, each in turn, is an error that names the file" { each_fails read 5 1; }

@test "a full disk at each write is an error, never a short file with exit 0" { each_fails write 28 1; }

@test "a file that cannot be opened, each in turn, is an error" { each_fails open 13 1; }

@test "a failing close, seek, stat, map, dup2, unlink, mkstemp is an error or does no harm" {
	local call
	for call in close lseek mmap dup2 unlink mkstemp; do
		each_fails $call 5 1
	done
	each_fails fstat 5 17	# there are many: each output is compared with all open files
}

@test "memory that is out, at every eleventh allocation, is an error, never a wrong id" { each_fails malloc 12 11; }

@test "reads and writes of one byte, and interrupted ones, change nothing" {
	local run fault
	needs_preload
	for run in $programs; do
		faulty none:0:0 "$run"
		keep "$run"
		for fault in short again; do
			faulty $fault "$run"
			[ "$status" = 0 ]
			the_whole "$run"
		done
	done
}

@test "every output on a full disk is 74" {
	local run name
	for run in $programs; do
		"$run" >out 2>/dev/null
		for name in to-*; do
			[ -s "$name" ] || continue
			mv "$name" whole
			ln -s /dev/full "$name"
			run -74 "$run"
			[[ $output == *"$name"* ]]
			rm "$name"
		done
		rm -f to-* whole
	done
}

@test "rejects are never written over the file they are read from" {
	echo '{"name":"no id"}' >rejects
	run -64 bash -c 'assign-ids --module m --table t --namespace n --rejects rejects <rejects'
	[ "$(cat rejects)" = '{"name":"no id"}' ]
	run -64 bash -c 'assign-ids --module m --table t --namespace n --rejects both --queue both </dev/null'
	[[ $output == *"both: this run reads or writes that file already"* ]]
}

@test "closed standard descriptors are errors, and no file takes their place" {
	run -74 bash -c "echo '{\"id\":1}' | assign-ids --module m --table t --namespace n --rejects rejects >&-"
	[ ! -s rejects ]
	run -74 bash -c 'assign-ids --module m --table t --namespace n --rejects rejects <&-'
}

@test "a reader that leaves is no reason to complain" {
	seq 100000 | sed 's/.*/{"id":&}/' >in
	run -0 bash -c 'assign-ids --module m --table t --namespace n <in | head -n 1 >/dev/null'
	[ "$output" = "" ]
}

@test "a reject that was not mended is rejected again, and is the same" {
	local run
	printf '%s\n' 'no json' '{"id":1,"id":2}' $'{"id":"\xff"}' '[1]' ' { "id" : 1 , "a" : "\ud800" } ' >in
	for run in "split-lifecycle --table $split/stages.csv" 'assign-ids --module m --table t --namespace n' \
		"resolve-ids --ids $resolve/deal.ids.ndjson" "map-fields --map $map/golden.csv --choices $map/choices.csv --metadata $map/metadata.ndjson"; do
		$run --rejects first <in >out
		[ ! -s out ]
		[ "$(wc -l <first)" = 5 ]
		$run --rejects second <first >out
		cmp first second
	done
}

@test "a line that was no JSON, mended inside its _raw, is taken" {
	echo '{"id":7,}' | assign-ids --module m --table t --namespace n --rejects rejects >out
	sed 's/7,}/7}/' rejects | assign-ids --module m --table t --namespace n >out
	[ "$(jq -r .key out)" = 7 ]
}

@test "what is set aside keeps the record's bytes" {
	printf '%s\n' '{ "name" : "x" , "n" : 1.50 }' '{"name":"x","_error":{"code":"old"}}' '{ }' |
		assign-ids --module m --table t --namespace n --rejects rejects >out
	[ "$(sed 's/,*"_error".*//' rejects)" = $'{ "name" : "x" , "n" : 1.50\n{"name":"x"\n{' ]
}

@test "a message that is cut stays UTF-8 and one line" {
	local key
	key=$(printf 'é\\n%.0s' $(seq 700))
	echo "{\"id\":\"1\",\"company\":{\"id\":\"x$key\"},\"owner\":{\"id\":1}}" |
		resolve-ids --ids "$resolve/deal.ids.ndjson" --ids "$resolve/user.ids.ndjson" --rejects rejects >out
	iconv -f UTF-8 -t UTF-8 rejects >/dev/null
	[ "$(jq -r ._error.code rejects)" = missing-reference ]
	[ "$(jq -r ._error.message rejects | wc -l)" = 1 ]
}

@test "reconcile refuses a target that can be read but once, and a row without its table" {
	cp "$books"/*.ndjson .
	run -66 bash -c "reconcile --object account --source source.ndjson --mapped 40-mapped.ndjson --loaded 50-loaded.ndjson \
		--target <(cat 55-read.ndjson) --metadata $fixtures/metadata/account.ndjson"
	[[ $output == *"a pipe will not do"* ]]
	sed -i 's/"_table":"account",//' 40-mapped.ndjson
	run -65 reconcile --object account --source source.ndjson --mapped 40-mapped.ndjson --loaded 50-loaded.ndjson \
		--target 55-read.ndjson --metadata "$fixtures/metadata/account.ndjson" --key accountid
	[[ $output == *"40-mapped.ndjson:1: a row without a _table"* ]]
}

@test "the same bytes in another directory, time zone and locale" {
	local run
	for run in $programs; do
		"$run" >out 2>/dev/null
		keep "$run"
		mkdir -p elsewhere
		(cd elsewhere && TZ=Asia/Kolkata LC_ALL=de_DE.UTF-8 "$run" >out 2>/dev/null && the_whole "../$run")
		rm -rf elsewhere to-*
	done
}

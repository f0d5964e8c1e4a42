# What every test file loads: the built programs on PATH, and golden runs.
bats_require_minimum_version 1.5.0
root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
export BIN=${BIN_DIR:-$root/bin}
PATH=$BIN:$PATH
fixtures=$root/fixtures
export LC_ALL=C TZ=UTC0

# golden TOOL CASE [OPTION...]: output and rejects equal fixtures/TOOL/CASE.{out,rejects}.ndjson
golden() {
	local dir=$fixtures/$1 tool=$1 case=$2
	shift 2
	cd "$BATS_TEST_TMPDIR" || return
	"$tool" "$@" --rejects rejects <"$dir/$case.in.ndjson" >out
	diff -u "$dir/$case.out.ndjson" out
	diff -u "$dir/$case.rejects.ndjson" rejects
}

# start NAME COMMAND...: a server in the background with --port 0; its port in $port, its pid in $NAME_pid.
# It is ended, by its id, when the test ends (stop_servers, called by teardown).
start() {
	local name=$1 file=$BATS_TEST_TMPDIR/$1.port i
	shift
	rm -f "$file"
	"$@" --port 0 --port-file "$file" >"$BATS_TEST_TMPDIR/$name.log" 2>&1 3>&- &
	servers="${servers:-} $!"
	printf -v "${name//-/_}_pid" %s "$!"
	for ((i = 0; i < 200; i++)); do
		[ -s "$file" ] && break
		kill -0 "$!" 2>/dev/null || { cat "$BATS_TEST_TMPDIR/$name.log"; return 1; }
		sleep 0.05
	done
	port=$(cat "$file")
}

stop_servers() {
	local pid
	for pid in ${servers:-}; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done
	servers=
}

teardown() { stop_servers; }

# migration DIR [SETTING...]: a migration's directory that talks to the running stand-ins.
migration() {
	local dir=$1
	shift
	mkdir -p "$dir"
	printf 'include settings.mk\ninclude %s/pipelines/migrate.mk\n' "${tree:-$root}" >"$dir/Makefile"
	{
		printf 'SM_URL ?= http://127.0.0.1:%s\nSM_LINK ?= sandbox\n' "$sm_port"
		printf 'DYN_URL ?= http://127.0.0.1:%s\nDYN_LOGIN_URL ?= http://127.0.0.1:%s\n' "$dyn_port" "$dyn_port"
		printf 'DYN_TENANT ?= sandbox\nDYN_CLIENT_ID ?= sandbox\nNAMESPACE ?= sandbox\n'
		printf 'PARENT_FIELD ?= companySingleLookupCustomField1\n'
		printf '%s\n' "$@"
	} >"$dir/settings.mk"
}

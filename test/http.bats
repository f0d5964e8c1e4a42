# common/http.c and common/dyn.c, seen through dyn-extract: what is asked again, how long is waited, what is given up

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export DYN_TENANT=sandbox DYN_CLIENT_ID=sandbox DYN_CLIENT_SECRET=sandbox
}

# sandbox [OPTION... --] [FAULT...]: an organization with three accounts
sandbox() {
	local options=()
	while [ "${1:-}" != -- ] && [[ ${1:-} == --* ]]; do options+=("$1" "$2"); shift 2; done
	printf '%s\n' "$@" >faults
	for i in 1 2 3; do
		printf '{"_table":"account","name":"Account %d","accountid":"00000000-0000-8000-8000-%012d"}\n' "$i" "$i"
	done >rows
	start dyn-sandbox dyn-sandbox --store store --metadata "$fixtures/metadata" --rows rows --faults faults "${options[@]}"
	export DYN_URL=http://127.0.0.1:$port DYN_LOGIN_URL=http://127.0.0.1:$port
}

three() { dyn-extract account --select name >out && [ "$(wc -l <out)" = 3 ]; }

@test "a token that is void in the middle is renewed once and the request repeated" {
	sandbox 'match="GET accounts" at=1 expire-tokens'
	three
}

@test "a token that stays refused is 77" {
	sandbox 'expire-tokens'
	run -77 three
}

@test "429 holds the pool back as long as Retry-After says" {
	sandbox 'match="GET accounts" times=2 status=429 retry-after=1'
	SECONDS=0
	three
	[ "$SECONDS" -ge 2 ]
}

@test "gateway errors, lost, reset and half answers to a read are asked again" {
	sandbox 'match="GET accounts" at=1 status=502' 'match="GET accounts" at=2 drop' \
		'match="GET accounts" at=3 reset' 'match="GET accounts" at=4 after=half'
	three
}

@test "a sign-in page with 200 is no answer" {
	sandbox 'match="GET accounts" html'
	run -75 --separate-stderr dyn-extract account --select name
	[ "$output" = "" ]
}

@test "the secret is in no message, also when the service repeats it" {
	export DYN_CLIENT_SECRET=canary-91ce0
	sandbox 'match="GET accounts" status=403 message="bad secret canary-91ce0"'
	run -77 --separate-stderr dyn-extract account --select name
	[[ $stderr == *"bad secret ************"* ]]
	DYN_CLIENT_SECRET=wrong-canary-7 run -77 --separate-stderr dyn-extract --whoami
	[[ $stderr != *canary* ]]
}

@test "plain http to another machine, a path or credentials in the address are 78" {
	for url in http://contoso.crm.dynamics.com http://127.0.0.1.example https://u:p@contoso.crm.dynamics.com \
	    https://contoso.crm.dynamics.com/api/data ftp://contoso.crm.dynamics.com contoso; do
		DYN_URL=$url run -78 dyn-extract --whoami
	done
}

@test "a proxy of the environment is not used for this machine" {
	sandbox
	http_proxy=http://127.0.0.1:9 three
}
